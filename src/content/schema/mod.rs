//! JSON Schema 2020-12 (json-schema.org): the one description of a collection's records.

mod check;
mod references;
mod words;

pub use references::{RefStep, Reference};
pub use words::Told;

use super::formats::{self, Format, Node, Part, Step};
use super::input::{placed, text};
use crate::model::{Diagnostic, Inputs, Number, Placed, Settings, SourceText, Value, code};
use serde_json::Value as Json;
use std::sync::Arc;

/// A compiled schema.
pub struct Schema {
    pub document: Json,
    validator: jsonschema::Validator,
    /// Names of the members it describes.
    pub properties: Vec<String>,
    /// Whether a member that it does not describe is a fault: unless it says otherwise, it is.
    pub closed: bool,
    /// Members whose value is a key of another collection.
    pub references: Vec<Reference>,
}

/// Reads and compiles the schema of a collection.
pub fn read(path: &Placed<String>, inputs: &Inputs, settings: &Settings) -> (Option<Schema>, Vec<Diagnostic>) {
    let Some(file) = inputs.files.get(path.value.as_str()) else {
        let message = format!("there is no schema `{}`", path.value);
        let near = inputs.beside.iter().map(String::as_str);
        let fault = Diagnostic::error(code::MISSING_SOURCE, path.at.clone(), message);
        return (None, vec![fault.suggest(&path.value, near, "create it, or remove the `schema` option".to_owned())]);
    };
    let text = match text(&path.value, file) {
        Ok(text) => text.trim_start_matches('\u{feff}'),
        Err(fault) => return (None, vec![fault]),
    };
    let source = SourceText::new(Arc::from(path.value.as_str()), text);
    let (node, faults) = formats::read(Format::Json, text, 0);
    let Some(node) = node.filter(|_| faults.is_empty()) else {
        return (None, faults.into_iter().map(|fault| placed(&source, fault)).collect());
    };
    let document: Json = (&node.clone().into_value()).into();
    let validator = match jsonschema::options().should_validate_formats(true).build(&document) {
        Ok(validator) => validator,
        Err(error) => {
            let steps = words::steps(error.instance_path());
            let message = format!("this is not a JSON Schema: {error}");
            let at = source.place(&node.find(&steps, Part::Value));
            return (None, vec![Diagnostic::error(code::BAD_SCHEMA, at, message)]);
        }
    };
    let references = references::declared(&document);
    let faults = unknown_targets(&references, &source, &node, settings);
    let properties = document.get("properties").and_then(Json::as_object);
    let properties = properties.map_or_else(Vec::new, |members| members.keys().cloned().collect());
    let closed = is_closed(&document);
    (Some(Schema { document, validator, properties, closed, references }), faults)
}

/// A schema that lists its members and does not say that there may be others is the whole description of a record.
fn is_closed(document: &Json) -> bool {
    const OPENING: [&str; 9] = [
        "patternProperties",
        "unevaluatedProperties",
        "allOf",
        "anyOf",
        "oneOf",
        "$ref",
        "$dynamicRef",
        "if",
        "dependentSchemas",
    ];
    let lists = document.get("properties").is_some_and(Json::is_object);
    let open = OPENING.iter().any(|keyword| document.get(keyword).is_some());
    match document.get("additionalProperties") {
        None => lists && !open,
        Some(additional) => *additional == Json::Bool(false) && document.get("patternProperties").is_none(),
    }
}

fn unknown_targets(
    references: &[Reference],
    source: &SourceText<'_>,
    node: &Node,
    settings: &Settings,
) -> Vec<Diagnostic> {
    let known: Vec<&str> = settings.collections.iter().map(|c| c.name.as_str()).collect();
    let unknown = references.iter().filter(|reference| !known.contains(&reference.target.as_str()));
    unknown
        .map(|reference| {
            let at = source.place(&node.find(&reference.declared_at, Part::Value));
            let message = format!("there is no collection `{}`", reference.target);
            Diagnostic::error(code::UNKNOWN_COLLECTION, at, message).suggest(
                &reference.target,
                known.iter().copied(),
                None,
            )
        })
        .collect()
}

/// What a validator of `document` finds in a value that comes from no file, and where.
pub fn tell(validator: &jsonschema::Validator, document: &Json, value: &Json) -> Vec<(Vec<Step>, Told)> {
    let context = words::Context { schema: document, closed: false, format: Some(Format::Json) };
    let told = validator.iter_errors(value).flat_map(|error| {
        let steps = words::steps(error.instance_path());
        let told = words::tell(&error, &steps, context);
        told.into_iter().map(move |told| (steps.clone(), told))
    });
    told.collect()
}

impl Schema {
    /// What is wrong with a value that comes from no file, and where.
    pub fn tell(&self, value: &Json) -> Vec<(Vec<Step>, Told)> {
        tell(&self.validator, &self.document, value)
    }

    /// A record's key, which is known as text, as the schema wants it where it is a member.
    pub fn key(&self, member: &str, key: &str) -> Value {
        let is_number = self.never_text(member) && Number::is_json(key);
        if is_number { Value::Number(Number::from_json(key)) } else { Value::text(key) }
    }

    /// Whether the schema never takes text for this member, so that a cell of CSV must be something else.
    pub fn never_text(&self, member: &str) -> bool {
        let Some(property) = self.document.get("properties").and_then(|p| p.get(member)) else { return false };
        let property = property
            .get("$ref")
            .and_then(Json::as_str)
            .and_then(|r| self.document.pointer(r.strip_prefix('#')?))
            .unwrap_or(property);
        match property.get("type") {
            Some(Json::String(kind)) => kind != "string",
            Some(Json::Array(kinds)) => !kinds.iter().any(|kind| kind == "string"),
            _ => false,
        }
    }
}

/// The steps to a member of a record.
pub fn member(name: &str) -> Vec<Step> {
    vec![Step::Member(name.to_owned())]
}
