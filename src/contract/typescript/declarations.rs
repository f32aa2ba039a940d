//! JSON Schemas as TypeScript types.

use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A type for each component, and for each definition within one.
pub fn declarations(components: &BTreeMap<String, Json>) -> String {
    let mut out = String::new();
    for (name, schema) in components {
        declaration(&mut out, name, schema);
        let definitions = schema.get("$defs").and_then(Json::as_object).into_iter().flatten();
        for (definition, schema) in definitions {
            declaration(&mut out, &definition_name(name, definition), schema);
        }
    }
    out
}

fn declaration(out: &mut String, name: &str, schema: &Json) {
    if let Some(about) = schema.get("description").and_then(Json::as_str) {
        let _ = writeln!(out, "/** {} */", comment(about));
    }
    let _ = writeln!(out, "export type {name} = {};\n", type_of(schema, 0));
}

fn definition_name(component: &str, definition: &str) -> String {
    let plain: String = definition.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    format!("{component}_{plain}")
}

/// The type of what passes `schema`; `depth` is how far the text around it is indented.
pub fn type_of(schema: &Json, depth: usize) -> String {
    let keywords = match schema {
        Json::Bool(false) => return "never".to_owned(),
        Json::Object(keywords) => keywords,
        _ => return "unknown".to_owned(),
    };
    if let Some(at) = keywords.get("$ref").and_then(Json::as_str) {
        return referred(at);
    }
    if let Some(value) = keywords.get("const") {
        return value.to_string();
    }
    if let Some(values) = keywords.get("enum").and_then(Json::as_array) {
        return union(values.iter().map(Json::to_string).collect());
    }
    let mut parts = Vec::new();
    let base = of_kinds(keywords, depth);
    for (keyword, join) in [("anyOf", " | "), ("oneOf", " | "), ("allOf", " & ")] {
        if let Some(schemas) = keywords.get(keyword).and_then(Json::as_array) {
            let types: Vec<String> = schemas.iter().map(|schema| type_of(schema, depth)).collect();
            let types: Vec<String> = types.into_iter().filter(|kind| kind != "unknown").collect();
            if !types.is_empty() {
                parts.push(if join == " | " {
                    union(types)
                } else {
                    types.iter().map(|t| closed(t)).collect::<Vec<_>>().join(join)
                });
            }
        }
    }
    if base != "unknown" || parts.is_empty() {
        parts.insert(0, base);
    }
    if parts.len() == 1 {
        parts.remove(0)
    } else {
        parts.iter().map(|part| closed(part)).collect::<Vec<_>>().join(" & ")
    }
}

fn of_kinds(keywords: &Map<String, Json>, depth: usize) -> String {
    let kinds: Vec<&str> = match keywords.get("type") {
        Some(Json::String(kind)) => vec![kind],
        Some(Json::Array(kinds)) => kinds.iter().filter_map(Json::as_str).collect(),
        _ if keywords.contains_key("properties") => vec!["object"],
        _ if keywords.contains_key("items") => vec!["array"],
        _ => return "unknown".to_owned(),
    };
    union(kinds.into_iter().map(|kind| of_kind(kind, keywords, depth)).collect())
}

fn of_kind(kind: &str, keywords: &Map<String, Json>, depth: usize) -> String {
    match kind {
        "integer" => "number".to_owned(),
        "array" => match keywords.get("items") {
            Some(items) if !keywords.contains_key("prefixItems") => format!("{}[]", closed(&type_of(items, depth))),
            _ => "unknown[]".to_owned(),
        },
        "object" => object(keywords, depth),
        "string" | "number" | "boolean" | "null" => kind.to_owned(),
        _ => "unknown".to_owned(),
    }
}

fn object(keywords: &Map<String, Json>, depth: usize) -> String {
    let further = keywords.get("additionalProperties");
    let properties: Vec<(&String, &Json)> =
        keywords.get("properties").and_then(Json::as_object).into_iter().flatten().collect();
    if properties.is_empty() {
        return match further {
            Some(schema @ Json::Object(_)) => format!("Record<string, {}>", type_of(schema, depth)),
            Some(Json::Bool(false)) => "Record<string, never>".to_owned(),
            _ => "Record<string, unknown>".to_owned(),
        };
    }
    let required: Vec<&str> =
        keywords.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).collect();
    let indent = "  ".repeat(depth + 1);
    let mut out = "{\n".to_owned();
    for (name, schema) in properties {
        if let Some(about) = schema.get("description").and_then(Json::as_str) {
            let _ = writeln!(out, "{indent}/** {} */", comment(about));
        }
        let optional = if required.contains(&name.as_str()) { "" } else { "?" };
        let _ = writeln!(out, "{indent}{}{optional}: {};", member_name(name), type_of(schema, depth + 1));
    }
    if matches!(further, Some(Json::Bool(true) | Json::Object(_))) {
        let _ = writeln!(out, "{indent}[member: string]: unknown;");
    }
    out.push_str(&"  ".repeat(depth));
    out.push('}');
    out
}

/// The type at a reference: a component, a definition of one, or a member of one.
fn referred(at: &str) -> String {
    let Some(path) = at.strip_prefix("#/components/schemas/") else { return "unknown".to_owned() };
    let mut segments = path.split('/').map(|segment| segment.replace("~1", "/").replace("~0", "~"));
    let mut name = segments.next().unwrap_or_default();
    while let Some(segment) = segments.next() {
        name = match (segment.as_str(), segments.next()) {
            ("$defs", Some(definition)) => definition_name(&name, &definition),
            ("properties", Some(member)) => format!("NonNullable<{name}[{}]>", literal(&member)),
            _ => return "unknown".to_owned(),
        };
    }
    name
}

fn union(mut types: Vec<String>) -> String {
    let mut seen = std::collections::BTreeSet::new();
    types.retain(|kind| seen.insert(kind.clone()));
    if types.iter().any(|kind| kind == "unknown") {
        return "unknown".to_owned();
    }
    types.join(" | ")
}

/// In brackets, where what stands around it would bind more strongly.
fn closed(kind: &str) -> String {
    let plain = kind.starts_with('{') && !kind.contains("} |") && !kind.contains("} &");
    if plain || !kind.contains([' ', '|', '&']) { kind.to_owned() } else { format!("({kind})") }
}

/// A name as a member, in quotes where it is no identifier.
pub fn member_name(name: &str) -> String {
    let start = |c: char| c.is_ascii_alphabetic() || c == '_' || c == '$';
    let plain = name.starts_with(start) && name.chars().all(|c| start(c) || c.is_ascii_digit());
    if plain { name.to_owned() } else { literal(name) }
}

/// A string literal.
pub fn literal(text: &str) -> String {
    Json::String(text.to_owned()).to_string()
}

/// Text that does not end the comment it stands in.
pub fn comment(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace("*/", "*\u{200b}/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn schemas_become_types() {
        let of = |schema: Json| type_of(&schema, 0);
        assert_eq!(of(json!({})), "unknown");
        assert_eq!(of(json!({ "type": ["integer", "null"] })), "number | null");
        assert_eq!(of(json!({ "enum": ["a", 1, null] })), "\"a\" | 1 | null");
        assert_eq!(of(json!({ "type": "array", "items": { "type": ["string", "null"] } })), "(string | null)[]");
        assert_eq!(of(json!({ "anyOf": [{ "$ref": "#/components/schemas/A" }, { "type": "null" }] })), "A | null");
        assert_eq!(of(json!({ "$ref": "#/components/schemas/A/$defs/b-c" })), "A_b_c");
        assert_eq!(
            of(json!({ "type": "object", "properties": { "a b": {}, "c": { "type": "null" } }, "required": ["c"] })),
            "{\n  \"a b\"?: unknown;\n  c: null;\n}"
        );
        assert_eq!(comment("a */ b\nc"), "a *\u{200b}/ b c");
    }
}
