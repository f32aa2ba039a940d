//! What a validator finds, in an editor's words.

use crate::content::dates;
use crate::content::formats::{Part, Step};
use crate::model::{Code, code, nearest};
use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Found;
use jsonschema::paths::{Location, LocationSegment};
use serde_json::Value as Json;
use std::fmt::Write as _;

/// A fault of one record, ready to be placed.
pub struct Told {
    pub code: Code,
    pub message: String,
    pub help: Option<String>,
    pub part: Part,
    /// The member of the faulty object that is meant, where it is one of its members.
    pub below: Option<String>,
}

/// A JSON Pointer as steps.
pub fn steps(location: &Location) -> Vec<Step> {
    let step = |segment: LocationSegment<'_>| match segment {
        LocationSegment::Property(name) => Step::Member(name.into_owned()),
        LocationSegment::Index(index) => Step::Item(index),
    };
    location.iter().map(step).collect()
}

/// Says what is wrong. Where `closed`, unknown members of the record itself are told elsewhere.
pub fn tell(error: &ValidationError<'_>, steps: &[Step], closed: bool) -> Vec<Told> {
    let value = error.instance();
    let name = dotted(steps);
    let told = |code, message: String, help| vec![Told { code, message, help, part: Part::Value, below: None }];
    match error.kind() {
        Found::AdditionalProperties { .. } | Found::UnevaluatedProperties { .. } if closed && steps.is_empty() => {
            Vec::new()
        }
        Found::AdditionalProperties { unexpected } | Found::UnevaluatedProperties { unexpected } => {
            unexpected.iter().map(|member| unknown(member, &name)).collect()
        }
        Found::Required { property } => {
            let property = property.as_str().unwrap_or_default();
            let message = if steps.is_empty() {
                format!("`{property}` is missing")
            } else {
                format!("`{property}` is missing in {name}")
            };
            told(code::MISSING_MEMBER, message, Some(format!("add `{property}`")))
        }
        Found::Type { kind } => {
            let wanted = type_names(kind);
            let message = format!("{name} must be {wanted}, not {}", shown(value));
            told(code::WRONG_TYPE, message, retype(value, &wanted))
        }
        Found::Enum { options } => {
            let options: Vec<String> = options.as_array().into_iter().flatten().map(plain).collect();
            let near = value.as_str().and_then(|text| nearest(text, options.iter().map(String::as_str)));
            let help = near.map_or_else(
                || format!("it is one of {}", options.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            told(code::NOT_ALLOWED, format!("{} is not a value of {name}", shown(value)), Some(help))
        }
        Found::Format { format } => format_fault(format, value, &name, told),
        _ => told(code::NOT_ALLOWED, format!("{name}: {error}"), None),
    }
}

fn unknown(member: &str, parent: &str) -> Told {
    let message = format!("unknown member `{member}` in {parent}");
    Told { code: code::UNKNOWN_MEMBER, message, help: None, part: Part::Name, below: Some(member.to_owned()) }
}

fn format_fault(
    format: &str,
    value: &Json,
    name: &str,
    told: impl Fn(Code, String, Option<String>) -> Vec<Told>,
) -> Vec<Told> {
    match (format, value.as_str()) {
        ("date", Some(text)) => {
            let why = dates::explain(text);
            told(code::BAD_DATE, why.message, Some(why.help))
        }
        ("date-time", Some(text)) => {
            let why = dates::explain(text);
            told(code::BAD_DATE, why.message, Some("write a date with a time as `2026-04-19T09:00:00Z`".to_owned()))
        }
        _ => told(
            code::BAD_FORMAT,
            format!("{} is not of the form `{format}`, which {name} must have", shown(value)),
            None,
        ),
    }
}

fn type_names(kind: &jsonschema::error::TypeKind) -> String {
    use jsonschema::error::TypeKind;
    let article = |name: String| match name.as_str() {
        "string" => "text".to_owned(),
        "array" => "a list".to_owned(),
        "integer" => "a whole number".to_owned(),
        "object" => "an object".to_owned(),
        "number" => "a number".to_owned(),
        "boolean" => "true or false".to_owned(),
        other => other.to_owned(),
    };
    match kind {
        TypeKind::Single(one) => article(one.to_string()),
        TypeKind::Multiple(set) => set.iter().map(|one| article(one.to_string())).collect::<Vec<_>>().join(" or "),
    }
}

fn retype(value: &Json, wanted: &str) -> Option<String> {
    match value {
        Json::String(text) if wanted.contains("number") && text.parse::<f64>().is_ok() => {
            Some(format!("remove the quotes around `{text}`"))
        }
        Json::Number(number) if wanted == "text" => Some(format!("put it in quotes: `\"{number}\"`")),
        Json::String(text) if wanted == "a list" => Some(format!("write it as `[{text}]`")),
        _ => None,
    }
}

fn dotted(steps: &[Step]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Member(name) if path.is_empty() => path.push_str(name),
            Step::Member(name) => {
                path.push('.');
                path.push_str(name);
            }
            Step::Item(index) => {
                let _ = write!(path, "[{index}]");
            }
        }
    }
    if path.is_empty() { "the record".to_owned() } else { format!("`{path}`") }
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn shown(value: &Json) -> String {
    match value {
        Json::Array(_) => "a list".to_owned(),
        Json::Object(_) => "an object".to_owned(),
        Json::Null => "null".to_owned(),
        Json::String(text) => format!("the text `{}`", crate::content::layers::shorten(text)),
        other => format!("`{other}`"),
    }
}
