//! TOML 1.1. Dates and times become text in the form they are written in.

use super::node::{Entry, Fault, Kind, Node};
use crate::content::dates;
use crate::model::{Names, Number, Span, code};
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
    explain(text, &span, &message)
        .unwrap_or_else(|| Fault::new(code::SYNTAX, span, format!("this is not TOML: {message}")))
}

/// The usual slips in an editor's words.
fn explain(text: &str, span: &Span, message: &str) -> Option<Fault> {
    let told = |span: Span, message: &str, help: String| Some(Fault::new(code::SYNTAX, span, message).help(help));
    let start = text.get(..span.start)?.rfind('\n').map_or(0, |i| i + 1);
    let line = text.get(start..)?.lines().next()?;
    let raw = text.get(span.clone())?;
    let (name, value) = line.split_once('=').map_or((line, ""), |(name, value)| (name.trim(), value.trim()));
    let is = |what: &str| message.starts_with(what);
    if is("string values must be quoted") || is("invalid boolean") {
        let lower = raw.to_ascii_lowercase();
        if matches!(lower.as_str(), "true" | "false") {
            return told(span.clone(), &format!("`{raw}` is written small in TOML"), format!("write `{lower}`"));
        }
        let whole = value.starts_with(raw) && !value.contains(['"', '[', '{', '#']);
        let help = if whole { format!("write `{name} = \"{value}\"`") } else { format!("write `\"{raw}\"`") };
        return told(span.clone(), "text stands in quotes", help);
    }
    if is("invalid basic string") || is("invalid literal string") {
        let quote = if is("invalid basic") { '"' } else { '\'' };
        let at = start + text.get(start..span.start)?.rfind(quote)?;
        return told(at..at + 1, "this quote never closes in its line", format!("end the text with `{quote}`"));
    }
    if is("invalid date") {
        let why = dates::explain(raw);
        return Some(Fault::new(code::BAD_DATE, span.clone(), why.message).help(why.help));
    }
    if is("unclosed array table") || is("unclosed table") {
        let marks = if is("unclosed array") { ("[[", "]]") } else { ("[", "]") };
        let inner = line.trim().trim_matches(['[', ']']);
        return told(
            span.clone(),
            "this head of a table never closes",
            format!("write `{}{inner}{}`", marks.0, marks.1),
        );
    }
    if is("unclosed array") || is("unclosed inline table") {
        let (bracket, closing) = if is("unclosed array") { ('[', ']') } else { ('{', '}') };
        let message = format!("`{bracket}` was opened before this and never closes");
        return told(span.clone(), &message, format!("end it with `{closing}`"));
    }
    if is("key with no value") {
        return told(span.clone(), "this line has no `=`", "a member is written `name = value`".to_owned());
    }
    if is("missing value") {
        return told(span.clone(), "a value is missing after the `=`", "write a value, or remove the line".to_owned());
    }
    if is("missing comma between array elements") {
        return told(
            span.clone(),
            "a comma is missing before this",
            "separate the values of a list with commas".to_owned(),
        );
    }
    if is("cannot recurse further") {
        return Some(Fault::new(code::SYNTAX, span.clone(), "this is nested too deep"));
    }
    None
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
                let fault = Fault::new(code::SYNTAX, span.clone(), format!("`{digits}` has no form in JSON"));
                faults.push(fault.help("write a number, or put it in quotes if it is text"));
                Kind::Null
            }
        }
    };
    Node { span, kind }
}
