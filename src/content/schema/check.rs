//! The check of each record, told where the editor wrote what is wrong.

use super::words::{self, Told};
use super::{Schema, member};
use crate::content::formats::{Part, Step};
use crate::content::places::Places;
use crate::model::{Collection, Diagnostic, FieldOrigin, Record, code};
use rayon::prelude::*;
use serde_json::{Map, Value as Json};

impl Schema {
    /// Checks every record, in parallel, without the members that the build adds.
    pub fn check(&self, collection: &Collection, places: &Places<'_>) -> Vec<Diagnostic> {
        collection.records.par_iter().flat_map_iter(|record| self.check_record(collection, record, places)).collect()
    }

    fn check_record(&self, collection: &Collection, record: &Record, places: &Places<'_>) -> Vec<Diagnostic> {
        let written = || record.fields.iter().filter(|field| field.origin != FieldOrigin::Built);
        let mut faults = Vec::new();
        if self.closed {
            for field in written().filter(|field| !self.properties.iter().any(|known| **known == *field.name)) {
                let at = places.of(collection, record, &member(&field.name), Part::Name);
                let message = format!(
                    "unknown member `{}`: the schema of `{}` has none of that name",
                    field.name, collection.name
                );
                let known = self.properties.iter().map(String::as_str);
                faults.push(Diagnostic::error(code::UNKNOWN_MEMBER, at, message).suggest(
                    &field.name,
                    known,
                    self.known_members(),
                ));
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
            for Told { code, message, help, part, below } in words::tell(&error, &steps, self.closed) {
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

    fn known_members(&self) -> String {
        let names: Vec<&str> = self.properties.iter().map(String::as_str).collect();
        format!("its members are {}", crate::content::settings::quoted(&names))
    }
}
