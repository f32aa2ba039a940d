//! The check of each record, told where the editor wrote what is wrong.

use super::words::{self, Context, Told};
use super::{Schema, member};
use crate::content::formats::{Format, Part, Step};
use crate::content::markdown;
use crate::content::places::Places;
use crate::model::{Collection, Diagnostic, Field, FieldOrigin, Record, code};
use jsonschema::error::ValidationErrorKind as Found;
use rayon::prelude::*;
use serde_json::{Map, Value as Json};

impl Schema {
    /// Checks every record, in parallel, without the members that the build adds. What a CSV file's header lacks or has
    /// too much is told once, though each of its records lacks it.
    pub fn check(&self, collection: &Collection, places: &Places<'_>) -> Vec<Diagnostic> {
        let found = collection.records.par_iter().map(|record| self.check_record(collection, record, places));
        let mut faults: Vec<Diagnostic> = found.flatten_iter().collect();
        faults.sort();
        faults.dedup();
        faults
    }

    fn check_record(&self, collection: &Collection, record: &Record, places: &Places<'_>) -> Vec<Diagnostic> {
        // Of a record that members made, the key stands in the address, as that of a text does in the file's name.
        let is_made = record.origins.first().is_some_and(|origin| collection.is_write(*origin));
        let is_named = |name: &str| self.properties.iter().any(|known| **known == *name);
        let is_key = |field: &Field| is_made && *field.name == *collection.key && !is_named(&field.name);
        let is_written = |field: &&Field| field.origin != FieldOrigin::Built && !is_key(field);
        let written = || record.fields.iter().filter(is_written);
        let mut faults = Vec::new();
        if self.closed {
            for field in written().filter(|field| !is_named(&field.name)) {
                let format = format_of(collection, record, Some(&field.name));
                // That the build makes it was told where it is written.
                if format == Some(Format::Markdown)
                    && *field.name != *"excerpt"
                    && markdown::MEMBERS.contains(&&*field.name)
                {
                    continue;
                }
                faults.push(self.unknown(collection, record, &field.name, places));
            }
        }
        let document: Map<String, Json> =
            written().map(|field| (field.name.to_string(), (&field.value).into())).collect();
        let document = Json::Object(document);
        if self.validator.is_valid(&document) {
            return faults;
        }
        for error in self.validator.iter_errors(&document) {
            let steps = words::steps(error.instance_path());
            let first = match steps.first() {
                Some(Step::Member(name)) => Some(name.as_str()),
                _ => None,
            };
            let format = format_of(collection, record, first);
            let context = Context { schema: &self.document, closed: self.closed, format };
            for told in words::tell(&error, &steps, context) {
                if let (Found::Required { property: Json::String(property) }, true, Some(Format::Csv)) =
                    (error.kind(), steps.is_empty(), format)
                    && let Some(fault) = missing_column(collection, record, property, places)
                {
                    faults.push(fault);
                    continue;
                }
                let Told { code, message, help, part, below } = told;
                let steps: Vec<Step> = steps.iter().cloned().chain(below.map(Step::Member)).collect();
                let at = places.of(collection, record, &steps, part);
                let fault = Diagnostic::error(code, at, message);
                faults.push(match help {
                    Some(help) => fault.help(help),
                    None => fault,
                });
            }
        }
        faults
    }

    fn unknown(&self, collection: &Collection, record: &Record, name: &str, places: &Places<'_>) -> Diagnostic {
        let at = places.of(collection, record, &member(name), Part::Name);
        let message = format!("unknown member `{name}`: the schema of `{}` has none of that name", collection.name);
        let known = self.properties.iter().map(String::as_str);
        Diagnostic::error(code::UNKNOWN_MEMBER, at, message).suggest(name, known, self.known_members())
    }

    fn known_members(&self) -> String {
        let names: Vec<&str> = self.properties.iter().map(String::as_str).collect();
        format!("its members are {}", crate::content::settings::quoted(&names))
    }
}

/// The format of the file that brought a member of a record, or its first entry.
fn format_of(collection: &Collection, record: &Record, name: Option<&str>) -> Option<Format> {
    let origin = match name.and_then(|name| record.field(name)).map(|field| field.origin) {
        Some(FieldOrigin::Written(index)) => record.origins.get(usize::from(index)),
        _ => record.origins.first(),
    };
    Format::of(&collection.files.get(origin?.file as usize)?.path)
}

/// The fault of a CSV file without a column, at its header; `None` where the column is there and only a cell is empty.
fn missing_column(collection: &Collection, record: &Record, property: &str, places: &Places<'_>) -> Option<Diagnostic> {
    let origin = record.origins.first()?;
    let file = collection.files.get(origin.file as usize)?;
    let place = |name: &str, part| places.part(file, origin.entry, &member(name), part);
    if place(property, Part::Name) != place(property, Part::Value) {
        return None;
    }
    let header = record.fields.iter().map(|field| place(&field.name, Part::Name)).min()?;
    let message = format!("the column `{property}` is missing");
    Some(Diagnostic::error(code::MISSING_MEMBER, header, message).help(format!("add a column `{property}`")))
}
