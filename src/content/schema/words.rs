//! What a validator finds, in an editor's words.

use crate::content::dates;
use crate::content::formats::{Format, Part, Step};
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

/// What is known of the record that an error is found in.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The schema's document.
    pub schema: &'a Json,
    /// Whether unknown members of the record itself are told elsewhere.
    pub closed: bool,
    /// The format of the file, in whose notation a way out is shown.
    pub format: Option<Format>,
}

/// Says what is wrong.
pub fn tell(error: &ValidationError<'_>, steps: &[Step], context: Context<'_>) -> Vec<Told> {
    let value = error.instance();
    let name = dotted(steps);
    let told = |code, message: String, help| vec![Told { code, message, help, part: Part::Value, below: None }];
    match error.kind() {
        Found::AdditionalProperties { .. } | Found::UnevaluatedProperties { .. }
            if context.closed && steps.is_empty() =>
        {
            Vec::new()
        }
        Found::AdditionalProperties { unexpected } | Found::UnevaluatedProperties { unexpected } => {
            let known = members_of(object_schema(error, context.schema));
            unexpected.iter().map(|member| unknown(member, &name, &known)).collect()
        }
        Found::Required { property } => {
            let property = property.as_str().unwrap_or_default();
            let parent = object_schema(error, context.schema);
            let slip = misspelt(property, value, &members_of(parent));
            // The slip itself is told as an unknown member, with what was meant.
            if slip.is_some() && (context.closed && steps.is_empty() || refuses_others(parent)) {
                return Vec::new();
            }
            let message = if steps.is_empty() {
                format!("`{property}` is missing")
            } else {
                format!("`{property}` is missing in {name}")
            };
            let help = slip.map_or_else(
                || format!("add `{property}`"),
                |slip| format!("it has `{slip}`: did you mean `{property}`?"),
            );
            let (help, below) = (Some(help), Some(property.to_owned()));
            vec![Told { code: code::MISSING_MEMBER, message, help, part: Part::Value, below }]
        }
        Found::Type { kind } => {
            let wanted = type_names(kind);
            let message = format!("{name} must be {wanted}, not {}", shown(value));
            told(code::WRONG_TYPE, message, retype(value, &wanted, context.format))
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
        Found::AnyOf { context } | Found::OneOfNotValid { context } => {
            let (message, help) = no_branch(context, value, &name);
            told(code::NOT_ALLOWED, message, help)
        }
        other => told(code::NOT_ALLOWED, rule(other, value, &name).unwrap_or_else(|| broken(error, &name)), None),
    }
}

/// A rule of the schema that has no words of its own: the value is not shown, because it may be the whole record.
fn broken(error: &ValidationError<'_>, name: &str) -> String {
    format!("{name} breaks the rule `{}` of the schema: {}", error.kind().keyword(), error.masked_with("it"))
}

/// The schema of the object that an error is about.
fn object_schema<'a>(error: &ValidationError<'_>, schema: &'a Json) -> Option<&'a Json> {
    let path = error.schema_path().as_str();
    let above = path.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('/');
    schema.pointer(above.rsplit_once('/').map_or("", |(above, _)| above))
}

fn members_of(schema: Option<&Json>) -> Vec<String> {
    let members = schema.and_then(|schema| schema.get("properties")).and_then(Json::as_object);
    members.map_or_else(Vec::new, |members| members.keys().cloned().collect())
}

/// Whether a member that a schema does not name is certainly told.
fn refuses_others(schema: Option<&Json>) -> bool {
    schema.is_some_and(|schema| {
        schema.get("additionalProperties") == Some(&Json::Bool(false)) && schema.get("patternProperties").is_none()
    })
}

/// The name, unknown to the schema, under which a missing member seems to stand.
fn misspelt<'a>(property: &str, object: &'a Json, known: &[String]) -> Option<&'a str> {
    let names = object.as_object()?.keys().filter(|name| !known.contains(name));
    let mut slips = names.filter(|name| nearest(name, known.iter().map(String::as_str)) == Some(property));
    slips.next().map(String::as_str)
}

fn unknown(member: &str, parent: &str, known: &[String]) -> Told {
    let message = format!("unknown member `{member}` in {parent}");
    let names: Vec<&str> = known.iter().map(String::as_str).collect();
    let help = match nearest(member, names.iter().copied()) {
        Some(near) => Some(format!("did you mean `{near}`?")),
        None if names.is_empty() => None,
        None => Some(format!("its members are {}", crate::content::settings::quoted(&names))),
    };
    Told { code: code::UNKNOWN_MEMBER, message, help, part: Part::Name, below: Some(member.to_owned()) }
}

fn format_fault(
    format: &str,
    value: &Json,
    name: &str,
    told: impl Fn(Code, String, Option<String>) -> Vec<Told>,
) -> Vec<Told> {
    match (format, value.as_str()) {
        ("date", Some(text)) => {
            let why = dates::explain_day(text);
            told(code::BAD_DATE, why.message, Some(why.help))
        }
        ("date-time", Some(text)) => {
            let why = dates::explain_moment(text);
            told(code::BAD_DATE, why.message, Some(why.help))
        }
        _ => told(code::BAD_FORMAT, format!("{} is not {}, which {name} must be", shown(value), form(format)), None),
    }
}

/// What a value of a format is called.
fn form(format: &str) -> String {
    match format {
        "date" => "a date without a time".to_owned(),
        "date-time" => "a date with a time".to_owned(),
        "time" => "a time".to_owned(),
        "email" => "an e-mail address".to_owned(),
        "uri" => "a full web address".to_owned(),
        other => format!("text of the form `{other}`"),
    }
}

/// What is wrong with a value that fits none of several forms.
fn no_branch(branches: &[Vec<ValidationError<'static>>], value: &Json, name: &str) -> (String, Option<String>) {
    let mut accepted: Vec<String> = Vec::new();
    let mut wanted: Vec<String> = Vec::new();
    for error in branches.iter().filter_map(|branch| branch.first()) {
        let list =
            |options: &Json| options.as_array().into_iter().flatten().map(|o| format!("`{}`", plain(o))).collect();
        let forms: Vec<String> = match error.kind() {
            Found::Type { kind } => vec![type_names(kind)],
            Found::Format { format } => vec![form(format)],
            Found::Enum { options } => list(options),
            Found::Constant { expected_value } => vec![format!("`{}`", plain(expected_value))],
            Found::Required { property } => {
                wanted.push(format!("`{}`", plain(property)));
                continue;
            }
            _ => return (format!("{name} has none of the forms that the schema allows"), None),
        };
        accepted.extend(forms);
    }
    accepted.dedup();
    match (accepted.is_empty(), wanted.is_empty()) {
        (false, true) => (format!("{name} must be {}, not {}", accepted.join(" or "), shown(value)), None),
        (true, false) => {
            let help = format!("add {}", wanted.join(" or "));
            (format!("{name} has neither {}", wanted.join(" nor ")), Some(help))
        }
        _ => (format!("{name} has none of the forms that the schema allows"), None),
    }
}

/// The rules that bound a value, in words.
fn rule(found: &Found, value: &Json, name: &str) -> Option<String> {
    let items = |n: u64| if n == 1 { "1 item".to_owned() } else { format!("{n} items") };
    let letters = |n: u64| if n == 1 { "1 character".to_owned() } else { format!("{n} characters") };
    let has = value.as_array().map_or(0, Vec::len);
    Some(match found {
        Found::Minimum { limit } => format!("{name} must be {limit} or more, not {}", plain(value)),
        Found::Maximum { limit } => format!("{name} must be {limit} or less, not {}", plain(value)),
        Found::ExclusiveMinimum { limit } => format!("{name} must be more than {limit}, not {}", plain(value)),
        Found::ExclusiveMaximum { limit } => format!("{name} must be less than {limit}, not {}", plain(value)),
        Found::MultipleOf { multiple_of } => {
            format!("{name} must be a multiple of {multiple_of}, not {}", plain(value))
        }
        Found::MinItems { limit } => format!("{name} must have {} or more, not {has}", items(*limit)),
        Found::MaxItems { limit } => format!("{name} must have {} or fewer, not {has}", items(*limit)),
        Found::MinLength { limit } if value == "" && *limit > 0 => format!("{name} is empty"),
        Found::MinLength { limit } => format!("{} is shorter than {name} must be: {}", shown(value), letters(*limit)),
        Found::MaxLength { limit } => {
            format!("{} is longer than {name} may be: {}", shown(value), letters(*limit))
        }
        Found::Pattern { pattern } => format!("{} does not match `{pattern}`, which {name} must", shown(value)),
        Found::Constant { expected_value } => {
            format!("{name} must be `{}`, not {}", plain(expected_value), shown(value))
        }
        Found::UniqueItems => {
            let items = value.as_array()?;
            let twice = items.iter().enumerate().find(|(i, item)| items[..*i].contains(item))?.1;
            format!(
                "{} stands twice in {name}",
                if twice.is_string() { format!("`{}`", plain(twice)) } else { shown(twice) }
            )
        }
        Found::FalseSchema => format!("{name} must not be there"),
        Found::Not { .. } => format!("{name} has a form that the schema rules out"),
        Found::OneOfMultipleValid { .. } => {
            format!("{name} fits several forms of which the schema allows one at a time")
        }
        Found::Contains => format!("{name} lacks an item that the schema asks for"),
        _ => return None,
    })
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

/// How to write a value of the wanted type, in the notation of its file.
fn retype(value: &Json, wanted: &str, format: Option<Format>) -> Option<String> {
    let text = match value {
        Json::Number(number) if wanted == "text" => return Some(format!("put it in quotes: `\"{number}\"`")),
        Json::Bool(flag) if wanted == "text" => return Some(format!("put it in quotes: `\"{flag}\"`")),
        Json::String(text) => text,
        _ => return None,
    };
    let csv = format == Some(Format::Csv);
    let trimmed = text.trim();
    let plain = if wanted.contains("number") && trimmed.parse::<f64>().is_ok_and(f64::is_finite) {
        let whole = trimmed.trim_start_matches('0');
        let zero = if whole.starts_with(|c: char| c.is_ascii_digit()) { "" } else { "0" };
        format!("{zero}{whole}")
    } else if wanted.contains("true or false") {
        match trimmed.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => "true".to_owned(),
            "false" | "no" | "off" => "false".to_owned(),
            _ => return None,
        }
    } else if wanted == "a list" {
        let items: Vec<String> = trimmed.split(',').map(|item| format!("\"{}\"", item.trim())).collect();
        return Some(match format {
            _ if trimmed.is_empty() => "write an empty list as `[]`".to_owned(),
            Some(Format::Csv) => "a cell holds no list: keep these records in JSON, YAML or TOML".to_owned(),
            Some(Format::Yaml | Format::Markdown) if !text.contains(['[', ']', '{', '}', ':', '#', '"', '\'']) => {
                format!("write it as `[{trimmed}]`")
            }
            _ => format!("write it as `[{}]`", items.join(", ")),
        });
    } else {
        return None;
    };
    Some(match plain == *text && !csv {
        true => format!("remove the quotes around `{text}`"),
        false => format!("write `{plain}`"),
    })
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
        Json::String(text) if text.is_empty() => "empty text".to_owned(),
        Json::String(text) => format!("the text `{}`", crate::content::layers::shorten(text)),
        other => format!("`{other}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn words(schema: &Json, value: &Json, closed: bool, format: Format) -> Vec<String> {
        let validator = jsonschema::options().should_validate_formats(true).build(schema).expect("a schema");
        let context = Context { schema, closed, format: Some(format) };
        let errors = validator.iter_errors(value);
        let told = errors.flat_map(|error| tell(&error, &steps(error.instance_path()), context));
        told.map(|told| format!("{} / {}", told.message, told.help.unwrap_or_default())).collect()
    }

    #[test]
    fn a_slip_is_told_once_and_never_lost() {
        let object = |closed: bool| {
            let address = json!({ "properties": { "street": {} }, "required": ["street"] });
            let mut schema = json!({ "properties": { "address": address } });
            if closed {
                schema["properties"]["address"]["additionalProperties"] = json!(false);
            }
            schema
        };
        let value = json!({ "address": { "stret": "Cais 4" } });
        let told = |closed| words(&object(closed), &value, false, Format::Json);
        assert_eq!(told(true), ["unknown member `stret` in `address` / did you mean `street`?"]);
        let open = "`street` is missing in `address` / it has `stret`: did you mean `street`?";
        assert_eq!(told(false), [open]);
    }

    #[test]
    fn ways_out_are_in_the_notation_of_the_file() {
        let help = |kind: &str, text: &str, format| {
            words(&json!({ "items": { "type": kind } }), &json!([text]), false, format).remove(0)
        };
        assert!(help("array", "a, b", Format::Json).ends_with("write it as `[\"a\", \"b\"]`"));
        assert!(help("array", "a, b", Format::Yaml).ends_with("write it as `[a, b]`"));
        assert!(help("integer", "12", Format::Json).ends_with("remove the quotes around `12`"));
        assert!(help("integer", " 12", Format::Csv).ends_with("write `12`"));
        assert!(help("integer", "007", Format::Csv).ends_with("write `7`"));
        assert!(help("boolean", "true", Format::Toml).ends_with("remove the quotes around `true`"));
        assert!(help("boolean", "yes", Format::Csv).ends_with("write `true`"));
    }

    #[test]
    fn rules_are_told_without_the_whole_record() {
        let either = json!({ "anyOf": [{ "format": "date" }, { "format": "date-time" }] });
        let told = words(&either, &json!("x"), false, Format::Yaml).remove(0);
        assert_eq!(told, "the record must be a date without a time or a date with a time, not the text `x` / ");
        let twice = words(&json!({ "uniqueItems": true }), &json!(["AWS", "AWS"]), false, Format::Yaml).remove(0);
        assert_eq!(twice, "`AWS` stands twice in the record / ");
        let wide =
            words(&json!({ "maxProperties": 1 }), &json!({ "secret": 1, "b": 2 }), false, Format::Yaml).remove(0);
        assert!(!wide.contains("secret"), "{wide}");
    }
}
