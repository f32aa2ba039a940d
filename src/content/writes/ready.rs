//! Writes on their way to their records: a text becomes what the text of a Markdown file does.

use super::accepted::Write;
use super::effect::{Effect, Key, LAYER};
use super::receipts::WITHIN;
use crate::content::file::{Parsed, text_members};
use crate::content::formats::{self, Fault, Format, Part, Step};
use crate::content::input::placed;
use crate::content::kept::Kept;
use crate::content::markdown::{self, Here};
use crate::content::schema::Schema;
use crate::content::source::FileRecords;
use crate::model::{CollectionDecl, Field, FieldOrigin, Manner, Removed, SourceFile, SourceText, Span, Value, code};
use rayon::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;

/// What lies over the sources of one collection.
#[derive(Default)]
pub struct Laid<'a> {
    /// In order of slug.
    pub keys: Vec<(&'a str, Vec<Ready<'a>>)>,
    /// Slugs of which nothing counts that a source says, and the deletion, where one of the inbox says so.
    pub masked: HashMap<&'a str, Option<&'a Write>>,
    /// The records that are gone.
    pub removed: Option<&'a Removed>,
    /// The member that holds a text in Markdown.
    pub text: Option<&'a str>,
    pub schema: Option<&'a Schema>,
}

/// One write, and what is to be known of its file.
pub struct Ready<'a> {
    pub write: &'a Write,
    /// The members that the text becomes, where there is one.
    pub read: FileRecords,
}

/// Reads what lies over the sources of the collection with this index, in parallel; the order stays.
pub fn ready<'a>(
    effect: Option<&'a Effect<'_>>,
    collection: usize,
    (decl, text): (&CollectionDecl, Option<&'a str>),
    schema: Option<&'a Schema>,
    manner: Manner,
    kept: Option<&Kept>,
) -> Laid<'a> {
    let Some(effect) = effect else { return Laid::default() };
    let one = |key: &'a Key| {
        let writes = key.writes.iter().map(|at| {
            let write = effect.write(*at);
            Ready { write, read: read(write, decl, text, manner, kept) }
        });
        (key.slug.as_str(), writes.collect())
    };
    let keys = effect.keys(collection);
    let deletion = |key: &'a Key| key.deletion.map(|at| effect.write(at));
    let masked = keys.iter().filter(|key| key.masks).map(|key| (key.slug.as_str(), deletion(key))).collect();
    Laid { keys: keys.par_iter().map(one).collect(), masked, removed: effect.removed(collection), text, schema }
}

fn read(write: &Write, decl: &CollectionDecl, text: Option<&str>, manner: Manner, kept: Option<&Kept>) -> FileRecords {
    let file = SourceFile { path: Arc::clone(&write.path), in_folder: true, within: Some(WITHIN) };
    let mut read = FileRecords { layer: LAYER, file, records: Vec::new(), faults: Vec::new() };
    let written = text.and_then(|text| {
        let (_, value) = write.entry.change.members()?.iter().find(|(name, _)| **name == *text)?;
        Some((text, value)).filter(|(_, value)| **value != Value::Null)
    });
    let Some((name, value)) = written else { return read };
    if let Some(known) = kept.and_then(|kept| kept.file(&decl.name, LAYER, &write.path, &write.bytes)) {
        return known;
    }
    let source = std::str::from_utf8(&write.bytes).unwrap_or_default();
    let span = place(source, name);
    let faults = match value {
        Value::Text(markdown) => {
            let here = Here { file: &write.path, offset: 0, whole: Some((span.start, span.end)) };
            // Who wrote this may write in the site, and not in its name.
            let manner = Manner { trusted: false, ..manner };
            let rendered = markdown::render(markdown, manner, manner.linked.then_some(here));
            let field = |(name, value)| Field { name, value, origin: FieldOrigin::Built };
            read.records.push(Parsed { fields: text_members(&rendered).into_iter().map(field).collect() });
            rendered.faults
        }
        other => {
            let message = format!("`{name}` is a text in Markdown, not {}", other.kind());
            vec![Fault::new(code::WRONG_TYPE, span.clone(), message)]
        }
    };
    let source = SourceText::new(Arc::clone(&write.path), source);
    // The text stands escaped in its file: it is one place.
    read.faults = faults.into_iter().map(|fault| placed(&source, Fault { span: span.clone(), ..fault })).collect();
    if let Some(kept) = kept {
        kept.keep_file(&decl.name, &write.bytes, &read);
    }
    read
}

/// Where a member of what was written stands in its file.
fn place(source: &str, member: &str) -> Span {
    let steps = [WITHIN, member].map(|name| Step::Member(name.to_owned()));
    formats::read(Format::Json, source, 0).0.map_or(0..0, |node| node.find(&steps, Part::Value))
}
