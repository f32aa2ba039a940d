//! The type of members that no schema describes, from the values that they have.

use crate::model::{Collection, Name, Number, Value};
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Kinds of values seen at one place.
#[expect(clippy::struct_excessive_bools, reason = "a set of kinds")]
#[derive(Default)]
pub struct Seen {
    null: bool,
    boolean: bool,
    integer: bool,
    number: bool,
    text: bool,
    items: Option<Box<Seen>>,
    /// How many objects there were, and for each member how many had it.
    objects: usize,
    members: BTreeMap<Name, (usize, Seen)>,
}

/// The schema of `member`, and whether every published record of the collection has it.
pub fn member(collection: &Collection, member: &str) -> (Json, bool) {
    let mut seen = Seen::default();
    let (mut records, mut having) = (0, 0);
    for record in collection.records.iter().filter(|record| record.hidden.is_none()) {
        records += 1;
        if let Some(value) = record.get(member) {
            having += 1;
            seen.add(value);
        }
    }
    (seen.schema(), records > 0 && having == records)
}

/// The public members that some published record has.
pub fn names(collection: &Collection) -> Vec<Name> {
    let mut names: BTreeSet<Name> = BTreeSet::new();
    // Readers share the allocation of a name, so most repetitions are told by their address.
    let mut seen = HashSet::new();
    for field in collection.records.iter().filter(|record| record.hidden.is_none()).flat_map(|record| &record.fields) {
        if seen.insert(field.name.as_ptr()) && !collection.is_private(&field.name) {
            names.insert(Name::clone(&field.name));
        }
    }
    names.into_iter().collect()
}

impl Seen {
    fn add(&mut self, value: &Value) {
        match value {
            Value::Null => self.null = true,
            Value::Bool(_) => self.boolean = true,
            Value::Number(number) if is_integer(number) => self.integer = true,
            Value::Number(_) => self.number = true,
            Value::Text(_) | Value::Escaped(_) => self.text = true,
            Value::List(items) => {
                let seen = self.items.get_or_insert_default();
                items.iter().for_each(|item| seen.add(item));
            }
            Value::Map(members) => {
                self.objects += 1;
                for (name, value) in members {
                    let (count, seen) = self.members.entry(Name::clone(name)).or_default();
                    *count += 1;
                    seen.add(value);
                }
            }
        }
    }

    fn schema(&self) -> Json {
        let number = if self.number { "number" } else { "integer" };
        let kinds: Vec<&str> = [
            (self.items.is_some(), "array"),
            (self.boolean, "boolean"),
            (self.number || self.integer, number),
            (self.objects > 0, "object"),
            (self.text, "string"),
            (self.null, "null"),
        ]
        .into_iter()
        .filter_map(|(seen, kind)| seen.then_some(kind))
        .collect();
        let mut schema = Map::new();
        match kinds.as_slice() {
            [] => return json!({}),
            [kind] => schema.insert("type".to_owned(), json!(kind)),
            kinds => schema.insert("type".to_owned(), json!(kinds)),
        };
        if let Some(items) = &self.items {
            schema.insert("items".to_owned(), items.schema());
        }
        if self.objects > 0 {
            let properties: Map<String, Json> =
                self.members.iter().map(|(name, (_, seen))| (name.to_string(), seen.schema())).collect();
            let required: Vec<&str> =
                self.members.iter().filter(|(_, (count, _))| *count == self.objects).map(|(name, _)| &**name).collect();
            schema.insert("properties".to_owned(), Json::Object(properties));
            if !required.is_empty() {
                schema.insert("required".to_owned(), json!(required));
            }
        }
        Json::Object(schema)
    }
}

fn is_integer(number: &Number) -> bool {
    match number {
        Number::Int(_) => true,
        Number::Literal(text) => text.bytes().all(|b| b.is_ascii_digit() || b == b'-'),
    }
}
