//! Schemas in one form, so that the same promise said otherwise is seen as the same.

use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;

/// How far alternatives are followed: one may be made of itself.
const DEEPEST: usize = 6;

/// What a value may be, one schema for each kind of it: references followed, what stands beside them merged in, and
/// `anyOf`, `oneOf` and lists of types taken apart.
pub fn alternatives(document: &Json, schema: &Json) -> Vec<Json> {
    taken_apart(document, schema, DEEPEST)
}

fn taken_apart(document: &Json, schema: &Json, depth: usize) -> Vec<Json> {
    let mut schema = resolve(document, schema);
    // Each `allOf` adds to what stands beside it.
    for _ in 0..depth {
        let Some(all) = schema.get("allOf").and_then(Json::as_array).cloned() else { break };
        let rest = merged(&json!({}), &schema, "allOf");
        schema = all.iter().fold(rest, |rest, one| merged(&resolve(document, one), &rest, ""));
    }
    for keyword in ["anyOf", "oneOf"].into_iter().filter(|_| depth > 0) {
        if let Some(all) = schema.get(keyword).and_then(Json::as_array) {
            let each =
                |one: &Json| taken_apart(document, &merged(&resolve(document, one), &schema, keyword), depth - 1);
            return all.iter().flat_map(each).collect();
        }
    }
    match schema.get("type").and_then(Json::as_array) {
        Some(kinds) if kinds.len() > 1 => {
            let of = |kind: &Json| {
                let mut one = schema.clone();
                one["type"] = kind.clone();
                if let Some(values) = one.get_mut("enum").and_then(Json::as_array_mut) {
                    values.retain(|value| is_of(value, kind.as_str().unwrap_or_default()));
                }
                one
            };
            kinds.iter().map(of).filter(|one| one.get("enum") != Some(&json!([]))).collect()
        }
        _ => vec![schema],
    }
}

/// `inner` with the keywords of `outer` but `without`; what both say, `outer` says.
fn merged(inner: &Json, outer: &Json, without: &str) -> Json {
    let (Some(inner), Some(outer)) = (inner.as_object(), outer.as_object()) else { return inner.clone() };
    let mut all = inner.clone();
    for (keyword, value) in outer.iter().filter(|(keyword, _)| *keyword != without) {
        match (all.get_mut(keyword), value) {
            (Some(Json::Object(known)), Json::Object(more)) if keyword == "properties" => known.extend(more.clone()),
            (Some(Json::Array(known)), Json::Array(more)) if keyword == "required" => known.extend(more.clone()),
            _ => drop(all.insert(keyword.clone(), value.clone())),
        }
    }
    Json::Object(all)
}

fn resolve(document: &Json, schema: &Json) -> Json {
    let mut schema = schema.clone();
    // A circle of references names nothing.
    for _ in 0..32 {
        let target = schema.get("$ref").and_then(Json::as_str).and_then(|at| at.strip_prefix('#'));
        match target.and_then(|pointer| document.pointer(pointer)) {
            Some(found) => schema = merged(found, &schema, "$ref"),
            None => break,
        }
    }
    schema
}

/// The kinds of values that pass, by `type` or by the values that are listed; `None` for all.
pub fn kinds(schema: &Json) -> Option<BTreeSet<String>> {
    if let Some(kind) = schema.get("type") {
        return match kind {
            Json::String(kind) => Some(BTreeSet::from([kind.clone()])),
            Json::Array(kinds) => Some(kinds.iter().filter_map(Json::as_str).map(str::to_owned).collect()),
            _ => None,
        };
    }
    let values = values(schema.as_object()?)?;
    let names = ["null", "boolean", "integer", "number", "string", "array", "object"];
    let name = |value: &Json| names.into_iter().find(|name| is_of(value, name)).map(str::to_owned);
    Some(values.iter().filter_map(name).collect())
}

fn is_of(value: &Json, kind: &str) -> bool {
    match value {
        Json::Null => kind == "null",
        Json::Bool(_) => kind == "boolean",
        Json::Number(number) => kind == "number" || kind == "integer" && (number.is_i64() || number.is_u64()),
        Json::String(_) => kind == "string",
        Json::Array(_) => kind == "array",
        Json::Object(_) => kind == "object",
    }
}

/// The values that are listed.
pub fn values(schema: &Map<String, Json>) -> Option<Vec<Json>> {
    match (schema.get("enum"), schema.get("const")) {
        (Some(Json::Array(values)), _) => Some(values.clone()),
        (_, Some(value)) => Some(vec![value.clone()]),
        _ => None,
    }
}

/// What a value of this schema is called.
pub fn described(schema: &Json) -> String {
    match kinds(schema) {
        Some(kinds) => kinds.iter().map(|kind| article(kind)).collect::<Vec<_>>().join(" or "),
        None => "anything".to_owned(),
    }
}

/// A kind with its article.
pub fn article(kind: &str) -> String {
    match kind {
        "null" => "null".to_owned(),
        "array" | "integer" | "object" => format!("an {kind}"),
        _ => format!("a {kind}"),
    }
}
