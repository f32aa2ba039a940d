//! TOML 1.1. Dates and times become text in the form they are written in.

use super::node::{Entry, Fault, Kind, Node};
use crate::model::{Names, Number, code};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub fn read(text: &str, names: &mut Names) -> (Option<Node>, Vec<Fault>) {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut faults: Vec<Fault> = errors.iter().map(|error| refuse(text, error)).collect();
    let span = table.span();
    let entries = entries(text, table.into_inner(), names, &mut faults);
    (Some(Node { span, kind: Kind::Map(entries) }), faults)
}

fn refuse(text: &str, error: &toml::de::Error) -> Fault {
    let span = error.span().unwrap_or(text.len()..text.len());
    let message = error.message().trim().lines().collect::<Vec<_>>().join(", ");
    if message.contains("duplicate key") {
        let name = text.get(span.clone()).unwrap_or_default();
        return Fault::new(code::DUPLICATE_MEMBER, span, format!("the member `{name}` stands twice in one table"))
            .help("keep one of the two");
    }
    Fault::new(code::SYNTAX, span, format!("this is not TOML: {message}"))
}

fn entries(text: &str, table: DeTable<'_>, names: &mut Names, faults: &mut Vec<Fault>) -> Vec<Entry> {
    table
        .into_iter()
        .map(|(name, value)| Entry {
            name_span: name.span(),
            name: names.share(name.get_ref()),
            node: node(text, value, names, faults),
        })
        .collect()
}

fn node(text: &str, value: Spanned<DeValue<'_>>, names: &mut Names, faults: &mut Vec<Fault>) -> Node {
    let span = value.span();
    let kind = match value.into_inner() {
        DeValue::String(string) => Kind::Text(string.into()),
        DeValue::Boolean(flag) => Kind::Bool(flag),
        DeValue::Datetime(datetime) => Kind::Text(datetime.to_string().into()),
        DeValue::Array(items) => Kind::List(items.into_iter().map(|item| node(text, item, names, faults)).collect()),
        DeValue::Table(table) => Kind::Map(entries(text, table, names, faults)),
        DeValue::Integer(integer) => match i128::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(number) => Kind::Number(Number::from_json(&number.to_string())),
            Err(_) => Kind::Number(Number::from_json(integer.as_str().trim_start_matches('+'))),
        },
        DeValue::Float(float) => {
            let digits = float.as_str().trim_start_matches('+');
            if Number::is_json(digits) {
                Kind::Number(Number::from_json(digits))
            } else {
                faults.push(Fault::new(code::SYNTAX, span.clone(), format!("`{digits}` has no form in JSON")));
                Kind::Null
            }
        }
    };
    Node { span, kind }
}
