//! What members wrote, laid over what the sources say.

use super::Merge;
use crate::content::markdown;
use crate::content::schema::Schema;
use crate::content::source::FileRecords;
use crate::content::writes::{Laid, Ready, Write, wrong};
use crate::model::{Change, Diagnostic, Field, FieldOrigin, Members, Name, Origin, Place, Record, Value, code};
use std::sync::Arc;

/// Lays every write over its record. Records that members made come last, in order of slug.
pub fn lay(merge: &mut Merge<'_, '_>, laid: Laid<'_>) {
    let Laid { text, schema, .. } = laid;
    for (slug, writes) in laid.keys {
        for Ready { write, read } in writes {
            let (members, is_put) = match &write.entry.change {
                Change::Put(members) => (members, true),
                Change::Patch(members) => (members, false),
                Change::Delete | Change::Forgotten => continue,
            };
            let known = merge.by_slug.get(slug).copied();
            let Some(at) = known.or_else(|| is_put.then(|| merge.make(slug, &write.entry.key, schema))) else {
                merge.faults.push(nothing_to_change(&write.path));
                continue;
            };
            if let Some(fault) = another(write, &merge.collection.records[at].key) {
                merge.faults.push(fault);
                continue;
            }
            let FileRecords { layer, file, records, faults } = read;
            let number = u32::try_from(merge.collection.files.len()).unwrap_or(u32::MAX);
            merge.collection.files.push(file);
            merge.faults.extend(faults);
            let record = &mut merge.collection.records[at];
            let part = u16::try_from(record.origins.len()).unwrap_or(u16::MAX);
            record.origins.push(Origin { layer, file: number, entry: 0 });
            let built = records.into_iter().next().map(|parsed| parsed.fields);
            let mut over = Over { record, key: merge.key, text, origin: FieldOrigin::Written(part) };
            over.members(members, is_put, built);
        }
    }
}

/// The fault of a write whose key has the URL form of this one, and is another.
pub fn another(write: &Write, key: &str) -> Option<Diagnostic> {
    let is_same = write.entry.key.eq_ignore_ascii_case(key);
    let message = || format!("this is of another key, whose form in URLs is that of `{key}`");
    (!is_same).then(|| Diagnostic::error(code::SLUG_COLLISION, Place::file(&write.path), message()))
}

fn nothing_to_change(path: &Arc<str>) -> Diagnostic {
    let fault = wrong(Place::file(path), "this changes a record that is not there");
    Diagnostic { help: Some("create the record first".to_owned()), ..fault }
}

impl Merge<'_, '_> {
    /// A record that no source has.
    fn make(&mut self, slug: &str, key: &str, schema: Option<&Schema>) -> usize {
        let at = self.collection.records.len();
        let name: Name = Arc::from(self.key);
        let value = schema.map_or_else(|| Value::text(key), |schema| schema.key(self.key, key));
        let field = Field { name, value, origin: FieldOrigin::Written(0) };
        let record = Record { key: key.to_owned(), fields: vec![field], origins: Vec::new(), hidden: None };
        self.collection.records.push(record);
        self.by_key.insert(key.to_ascii_lowercase(), at);
        self.by_slug.insert(slug.to_owned(), at);
        at
    }
}

/// A record, and where what is laid over it comes from.
struct Over<'r> {
    record: &'r mut Record,
    key: &'r str,
    text: Option<&'r str>,
    origin: FieldOrigin,
}

impl Over<'_> {
    fn members(&mut self, members: &Members, is_put: bool, mut built: Option<Vec<Field>>) {
        for (name, value) in members.iter().filter(|(name, _)| **name != *self.key) {
            if self.text == Some(&**name) {
                self.text(name, built.take());
            } else if is_put {
                self.record.set(Arc::clone(name), value.clone(), self.origin);
            } else if *value == Value::Null {
                self.record.fields.retain(|field| field.name != *name);
            } else {
                let merged = merged(self.record.get(name), value);
                self.record.set(Arc::clone(name), merged, self.origin);
            }
        }
    }

    /// A text takes the place of the one that a Markdown file has, or of none; what its author wrote beside it stays.
    fn text(&mut self, name: &Name, built: Option<Vec<Field>>) {
        let of_text = |field: &Field| field.origin == FieldOrigin::Built && markdown::MEMBERS.contains(&&*field.name);
        self.record.fields.retain(|field| field.name != *name && !of_text(field));
        for Field { name, value, origin } in built.into_iter().flatten() {
            if self.record.field(&name).is_none() {
                self.record.set(name, value, origin);
            }
        }
    }
}

/// A JSON Merge Patch (RFC 7396) laid over a value.
fn merged(target: Option<&Value>, patch: &Value) -> Value {
    let Value::Map(changes) = patch else { return patch.clone() };
    let mut members: Vec<(Name, Value)> = match target {
        Some(Value::Map(members)) => members.to_vec(),
        _ => Vec::new(),
    };
    for (name, change) in changes {
        let at = members.iter().position(|(known, _)| known == name);
        match (at, change) {
            (Some(at), Value::Null) => drop(members.remove(at)),
            (None, Value::Null) => {}
            (Some(at), change) => members[at].1 = merged(Some(&members[at].1), change),
            (None, change) => members.push((Arc::clone(name), merged(None, change))),
        }
    }
    Value::Map(members.into())
}

#[cfg(test)]
mod tests {
    use super::merged;
    use crate::content::members;
    use crate::model::Value;

    /// The examples of RFC 7396, appendix A, whose patch is an object.
    #[test]
    fn patches_are_merged_as_the_rfc_says() {
        let value = |text: &str| {
            let wrapped = members(format!("{{\"v\":{text}}}").as_bytes()).expect("members");
            wrapped[0].1.clone()
        };
        for (target, patch, result) in [
            (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"a":null}"#, "{}"),
            (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
            (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
            (r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#),
            (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
            (r#"["a","b"]"#, r#"["c","d"]"#, r#"["c","d"]"#),
            (r#"{"a":"foo"}"#, "null", "null"),
            (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#),
            ("[1,2]", r#"{"a":"b","c":null}"#, r#"{"a":"b"}"#),
            ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
        ] {
            assert_eq!(merged(Some(&value(target)), &value(patch)), value(result), "{target} with {patch}");
        }
        assert_eq!(merged(None, &Value::Null), Value::Null);
    }
}
