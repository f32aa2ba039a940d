//! Layers of entries, merged by key into records.

mod laid;

use super::formats::{Part, Step};
use super::places::Places;
use super::source::FileRecords;
use super::writes::{Laid, Write};
use crate::content::file::Parsed;
use crate::model::{
    Collection, CollectionDecl, Diagnostic, Field, FieldOrigin, Number, Origin, Place, Record, Removed, Value, code,
    slug,
};
use laid::another;
use std::collections::HashMap;

/// A collection under construction.
pub struct Merge<'a, 'p> {
    places: &'a Places<'p>,
    key: &'a str,
    collection: Collection,
    /// ASCII-lowered key to the record.
    by_key: HashMap<String, usize>,
    /// Slug to the record that has it.
    by_slug: HashMap<String, usize>,
    /// Slugs of which nothing counts that a source says, and the deletion, where one of the inbox says so.
    masked: HashMap<&'a str, Option<&'a Write>>,
    removed: Option<&'a Removed>,
    faults: Vec<Diagnostic>,
}

/// Merges what the files hold: a later layer overrides field by field. What members wrote lies over them all.
pub fn merge(
    decl: &CollectionDecl,
    files: Vec<FileRecords>,
    mut laid: Laid<'_>,
    places: &Places<'_>,
) -> (Collection, Vec<Diagnostic>) {
    let collection = Collection {
        name: decl.name.clone(),
        key: decl.key.value.clone(),
        private: decl.private.iter().map(|name| name.value.clone()).collect(),
        complete: true,
        removed: laid.removed.cloned().unwrap_or_default(),
        ..Collection::default()
    };
    let mut merge = Merge {
        places,
        key: &decl.key.value,
        collection,
        by_key: HashMap::new(),
        by_slug: HashMap::new(),
        masked: std::mem::take(&mut laid.masked),
        removed: laid.removed,
        faults: Vec::new(),
    };
    for read in files {
        merge.collection.complete &= !read.faults.iter().any(Diagnostic::is_error);
        merge.faults.extend(read.faults);
        let file = u32::try_from(merge.collection.files.len()).unwrap_or(u32::MAX);
        merge.collection.files.push(read.file);
        for (entry, parsed) in (0_u32..).zip(read.records) {
            merge.entry(Origin { layer: read.layer, file, entry }, parsed);
        }
    }
    laid::lay(&mut merge, laid);
    let Merge { mut collection, by_key, faults, .. } = merge;
    let index = by_key.into_iter().filter_map(|(key, at)| Some((key, u32::try_from(at).ok()?)));
    collection.index = index.collect();
    (collection, faults)
}

impl Merge<'_, '_> {
    fn entry(&mut self, origin: Origin, parsed: Parsed) {
        let Some(key) = self.key_of(origin, &parsed) else { return };
        if self.is_gone(&key) {
            self.deleted_as(&key);
            return self.leave_out(origin, &parsed);
        }
        let lowered = key.to_ascii_lowercase();
        if let Some(&known) = self.by_key.get(&lowered) {
            let record = &self.collection.records[known];
            if let Some(twin) = record.origins.iter().find(|o| o.layer == origin.layer).copied() {
                let message = format!("two records of `{}` have the key `{key}`", self.collection.name);
                let help = format!("the other stands at {}", self.key_place(twin));
                self.faults.push(Diagnostic::error(code::DUPLICATE_KEY, self.key_place(origin), message).help(help));
            } else {
                self.overlay(known, origin, parsed);
            }
            return;
        }
        if !self.claim_slug(&key, origin) {
            return;
        }
        self.by_key.insert(lowered, self.collection.records.len());
        let record = Record { key, fields: parsed.fields, origins: vec![origin], hidden: None };
        self.collection.records.push(record);
    }

    fn is_gone(&self, key: &str) -> bool {
        let removed = self.removed.filter(|removed| !removed.is_empty());
        if self.masked.is_empty() && removed.is_none() {
            return false;
        }
        let gone = |slug: &str| self.masked.contains_key(slug) || removed.is_some_and(|removed| removed.has_slug(slug));
        slug(key).is_ok_and(|slug| gone(&slug))
    }

    /// Whoever deletes a record names its key, and not another with the same URL form.
    fn deleted_as(&mut self, key: &str) {
        let deletion = slug(key).ok().and_then(|slug| self.masked.get(slug.as_str()).copied().flatten());
        self.faults.extend(deletion.and_then(|write| another(write, key)));
    }

    /// Of a record that is gone nothing stays but what its members were called, since settings may name them, and that
    /// its aliases lead nowhere.
    fn leave_out(&mut self, origin: Origin, parsed: &Parsed) {
        if let Some(file) = self.collection.files.get(origin.file as usize) {
            self.collection.removed.add_file(&file.path);
        }
        for Field { name, value, .. } in &parsed.fields {
            if !self.collection.has_name(name) {
                self.collection.names.push(name.to_string());
                self.collection.names.sort_unstable();
            }
            if **name == *"aliases" {
                let aliases = (0..).map_while(|at| match value {
                    Value::List(items) => items.get(at),
                    single => Some(single).filter(|_| at == 0),
                });
                let slugs: Vec<String> = aliases.filter_map(|alias| slug(&alias.label()?).ok()).collect();
                slugs.iter().for_each(|slug| self.collection.removed.add_slug(slug));
            }
        }
    }

    /// The entry's key as text, or a fault.
    fn key_of(&mut self, origin: Origin, parsed: &Parsed) -> Option<String> {
        let value = parsed.fields.iter().find(|field| *field.name == *self.key).map(|field| &field.value);
        let fault = match value {
            None | Some(Value::Null) => {
                let message =
                    format!("this record has no `{}`, which is the key of `{}`", self.key, self.collection.name);
                let help = near_key(self.key, parsed).unwrap_or_else(|| format!("add `{}`", self.key));
                Diagnostic::error(code::MISSING_KEY, self.key_place(origin), message).help(help)
            }
            Some(value @ (Value::Text(_) | Value::Number(Number::Int(_)))) => return value.label(),
            Some(Value::Number(number)) if number.as_i128().is_some() => return value.and_then(Value::label),
            Some(other) => {
                let found = if matches!(other, Value::Number(_)) { "a number with a fraction" } else { other.kind() };
                let message = format!("a key is text or a whole number, not {found}");
                Diagnostic::error(code::BAD_KEY, self.key_place(origin), message)
            }
        };
        self.faults.push(fault);
        self.collection.complete = false;
        None
    }

    fn key_place(&self, origin: Origin) -> Place {
        let steps = [Step::Member(self.key.to_owned())];
        self.places.part(&self.collection.files[origin.file as usize], origin.entry, &steps, Part::Value)
    }

    /// Whether the key has a slug of its own.
    fn claim_slug(&mut self, key: &str, origin: Origin) -> bool {
        let slug = match slug(key) {
            Ok(slug) => slug,
            Err(why) => {
                let message = format!("the key `{}` {why}", shorten(key));
                self.faults.push(Diagnostic::error(code::BAD_KEY, self.key_place(origin), message));
                return false;
            }
        };
        if let Some(&other) = self.by_slug.get(&slug) {
            let other = &self.collection.records[other];
            let message = format!("the keys `{}` and `{key}` have one URL form, `{slug}`", other.key);
            let help = format!("the other stands at {}", self.key_place(other.origins[0]));
            self.faults.push(Diagnostic::error(code::SLUG_COLLISION, self.key_place(origin), message).help(help));
            return false;
        }
        self.by_slug.insert(slug, self.collection.records.len());
        true
    }

    /// Lays an entry over a record of an earlier layer. The key keeps its first spelling.
    fn overlay(&mut self, at: usize, origin: Origin, parsed: Parsed) {
        let record = &mut self.collection.records[at];
        let part = u16::try_from(record.origins.len()).unwrap_or(u16::MAX);
        record.origins.push(origin);
        for Field { name, value, origin } in parsed.fields {
            let origin = if origin == FieldOrigin::Built { origin } else { FieldOrigin::Written(part) };
            if *name != *self.key {
                record.set(name, value, origin);
            }
        }
    }
}

fn near_key(key: &str, parsed: &Parsed) -> Option<String> {
    let near = crate::model::nearest(key, parsed.fields.iter().map(|field| &*field.name).filter(|name| *name != key))?;
    Some(format!("it has `{near}`: did you mean `{key}`?"))
}

pub fn shorten(text: &str) -> String {
    let mut chars = text.chars();
    let short: String = chars.by_ref().take(60).collect();
    let short = short.escape_debug().to_string();
    if chars.next().is_some() { format!("{short}…") } else { short }
}
