//! `aliases` of records: other keys under which a record is found and answers.

use super::formats::{Part, Step};
use super::places::Places;
use crate::model::{Collection, Diagnostic, Record, Value, code};

/// Lets references find each record by its aliases. An alias belongs to one record alone.
pub fn index(collection: &mut Collection, places: &Places<'_>) -> Vec<Diagnostic> {
    let (mut faults, mut found) = (Vec::new(), Vec::new());
    for (at, record) in (0_u32..).zip(&collection.records) {
        match record.get("aliases") {
            None | Some(Value::Null) => {}
            Some(Value::Text(alias)) => found.push((alias.to_ascii_lowercase(), at, None)),
            Some(Value::List(items)) => {
                for (i, item) in items.iter().enumerate() {
                    if let Some(alias) = item.label() {
                        found.push((alias.to_ascii_lowercase(), at, Some(i)));
                    } else {
                        let message = format!("an alias is text, not {}", item.kind());
                        faults.push(fault(collection, record, Some(i), code::WRONG_TYPE, message, places));
                    }
                }
            }
            Some(other) => {
                let message = format!("`aliases` is a list of texts, not {}", other.kind());
                faults.push(fault(collection, record, None, code::WRONG_TYPE, message, places));
            }
        }
    }
    for (alias, at, item) in found {
        let owner = *collection.index.entry(alias.clone()).or_insert(at);
        if owner != at {
            let (record, other) = (&collection.records[at as usize], &collection.records[owner as usize]);
            let message = format!("the alias `{alias}` already leads to the record `{}`", other.key);
            let clash = fault(collection, record, item, code::DUPLICATE_KEY, message, places);
            let there = places.of(collection, other, &[Step::Member(collection.key.clone())], Part::Value);
            faults.push(clash.help(format!("that record stands at {there}")));
        }
    }
    faults
}

fn fault(
    collection: &Collection,
    record: &Record,
    item: Option<usize>,
    code: crate::model::Code,
    message: String,
    places: &Places<'_>,
) -> Diagnostic {
    let steps: Vec<Step> = std::iter::once(Step::Member("aliases".to_owned())).chain(item.map(Step::Item)).collect();
    Diagnostic::error(code, places.of(collection, record, &steps, Part::Value), message)
}
