//! The files of one collection: which there are, and what each holds.

use super::file::{self, Parsed, Reading};
use super::formats::Format;
use super::input::{placed, text, unreadable};
use super::kept::Kept;
use super::schema::Schema;
use crate::model::{
    CollectionDecl, Diagnostic, Field, InputFile, Inputs, Manner, Number, Placed, Settings, SourceFile, SourceText,
    Value, code,
};
use rayon::prelude::*;
use std::sync::Arc;

/// What one file gave.
#[derive(Clone)]
pub struct FileRecords {
    pub layer: u16,
    pub file: SourceFile,
    pub records: Vec<Parsed>,
    pub faults: Vec<Diagnostic>,
}

/// A file of a source, to be read.
pub struct Found {
    layer: u16,
    file: SourceFile,
    input: InputFile,
}

impl Found {
    /// Why the file cannot be read.
    pub fn fault(&self) -> Option<Diagnostic> {
        unreadable(&self.file.path, &self.input)
    }
}

/// Finds the files of a collection, in source order, and takes them out of the inputs unless `again` says that another
/// collection reads them too.
pub fn find(decl: &CollectionDecl, inputs: &mut Inputs, again: &dyn Fn(&str) -> bool) -> (Vec<Found>, Vec<Diagnostic>) {
    let mut faults = Vec::new();
    let mut found: Vec<(u16, SourceFile)> = Vec::new();
    for (layer, source) in decl.sources.iter().enumerate() {
        faults.extend(missing(source, inputs));
        let layer = u16::try_from(layer).unwrap_or(u16::MAX);
        for (path, file) in inputs.under(&source.value) {
            let in_folder = **path != *source.value;
            if in_folder && is_hidden(&path[source.value.len()..]) {
                continue;
            }
            if let Some(fault) = unreadable(path, file) {
                faults.push(fault);
            } else if Format::of(path).is_some() {
                found.push((layer, SourceFile { path: Arc::clone(path), in_folder, within: None }));
            } else if !in_folder {
                let message = format!("`{path}` is not of a format that holds records");
                let fault = Diagnostic::error(code::NOT_RECORDS, source.at.clone(), message);
                faults.push(fault.help("the formats are .md, .json, .ndjson, .csv, .yaml and .toml"));
            }
        }
    }
    let mut take = |(layer, file): (u16, SourceFile)| {
        let input = inputs.take(&file.path, again(&file.path))?;
        Some(Found { layer, file, input })
    };
    (found.into_iter().filter_map(&mut take).collect(), faults)
}

/// The Markdown files below `content` that no collection reads.
pub fn unclaimed(settings: &Settings, inputs: &mut Inputs) -> Vec<Found> {
    let is_claimed = |path: &str| settings.collections.iter().any(|decl| super::reads(decl, path));
    let files = inputs.under("content").map(|(path, _)| Arc::clone(path));
    // What is written for those who edit is no page.
    let is_note = |path: &str| path.rsplit('/').next().is_some_and(|name| name.eq_ignore_ascii_case("README.md"));
    let is_markdown = |path: &str| Format::of(path) == Some(Format::Markdown) && !is_note(path);
    let is_page = |path: &Arc<str>| is_markdown(path) && !is_hidden(path) && !is_claimed(path);
    let files: Vec<Arc<str>> = files.filter(is_page).collect();
    let mut take = |path: Arc<str>| {
        let input = inputs.take(&path, false)?;
        Some(Found { layer: 0, file: SourceFile { path, in_folder: true, within: None }, input })
    };
    files.into_iter().filter_map(&mut take).collect()
}

/// A file as it was read: its layer, its path and its bytes.
pub type FileRead = (u16, Arc<str>, Arc<Vec<u8>>);

/// What the collection is read from.
pub fn signature(found: &[Found]) -> Vec<FileRead> {
    let file = |found: &Found| match &found.input {
        InputFile::Bytes(bytes) => Some((found.layer, Arc::clone(&found.file.path), Arc::clone(bytes))),
        _ => None,
    };
    found.iter().filter_map(file).collect()
}

/// Reads the files, in parallel; the order stays. A file's bytes are let go as soon as they are understood.
pub fn read(
    decl: &CollectionDecl,
    found: Vec<Found>,
    schema: Option<&Schema>,
    manner: Manner,
    kept: Option<&Kept>,
) -> Vec<FileRecords> {
    let read = |Found { layer, file, input }: Found| {
        let bytes = match &input {
            InputFile::Bytes(bytes) => kept.map(|kept| (kept, bytes)),
            _ => None,
        };
        if let Some(records) = bytes.and_then(|(kept, bytes)| kept.file(&decl.name, layer, &file.path, bytes)) {
            return records;
        }
        let (records, faults) = read_file(&file, &input, schema, manner, decl);
        let records = FileRecords { layer, file, records, faults };
        if let Some((kept, bytes)) = bytes {
            kept.keep_file(&decl.name, bytes, &records);
        }
        records
    };
    found.into_par_iter().map(read).collect()
}

/// Hidden files and what stands in hidden folders: editors and version control keep their own things there.
fn is_hidden(below: &str) -> bool {
    below.split('/').any(|segment| segment.starts_with('.'))
}

fn missing(source: &Placed<String>, inputs: &Inputs) -> Option<Diagnostic> {
    if inputs.has(&source.value) {
        return None;
    }
    let message = format!("there is no file or folder `{}`", source.value);
    let near: Vec<&str> = inputs.beside.iter().map(String::as_str).collect();
    Some(Diagnostic::error(code::MISSING_SOURCE, source.at.clone(), message).suggest(
        &source.value,
        near,
        "create it, or remove it from the sources".to_owned(),
    ))
}

fn read_file(
    file: &SourceFile,
    input: &InputFile,
    schema: Option<&Schema>,
    manner: Manner,
    decl: &CollectionDecl,
) -> (Vec<Parsed>, Vec<Diagnostic>) {
    let text = match text(&file.path, input) {
        Ok(text) => text,
        Err(fault) => return (Vec::new(), vec![fault]),
    };
    let Some(format) = Format::of(&file.path) else { return (Vec::new(), Vec::new()) };
    let reading =
        Reading { format, in_folder: file.in_folder, manner, by_path: decl.pages, derived: decl.derive.len() };
    let (mut records, faults) = file::parse(&file.path, text, reading);
    if format == Format::Csv
        && let Some(schema) = schema
    {
        records.iter_mut().for_each(|record| type_cells(record, schema));
    }
    let source = SourceText::new(Arc::clone(&file.path), text);
    (records, faults.into_iter().map(|fault| placed(&source, fault)).collect())
}

/// A cell of CSV is text. Where the schema wants something else of its column, it is read as that; an empty one is
/// then no member at all.
fn type_cells(record: &mut Parsed, schema: &Schema) {
    record.fields.retain_mut(|Field { name, value, .. }| {
        let Some(text) = value.as_text().filter(|_| schema.never_text(name)) else { return true };
        let typed = match text {
            "" => return false,
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ if Number::is_json(text) => Some(Value::Number(Number::from_json(text))),
            _ => None,
        };
        if let Some(typed) = typed {
            *value = typed;
        }
        true
    });
}
