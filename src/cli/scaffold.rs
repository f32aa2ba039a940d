//! A Markdown file that a collection's schema accepts.

use crate::model::CollectionDecl;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value as Json;
use std::fmt::Write as _;

/// Front matter with every member that the schema wants, and a first sentence. `given` is the member named on the
/// command line; `keys` hold a key for each collection that can be referred to.
pub fn markdown(
    decl: &CollectionDecl,
    schema: Option<&Json>,
    given: (&str, &str),
    slug: &str,
    keys: &[(String, String)],
    zone: &TimeZone,
) -> String {
    let today = Timestamp::now().to_zoned(zone.clone()).date().to_string();
    let properties = schema.and_then(|schema| schema.get("properties")).and_then(Json::as_object);
    let has = |name: &str| properties.is_none_or(|properties| properties.contains_key(name));
    let required =
        schema.and_then(|schema| schema.get("required")).and_then(Json::as_array).cloned().unwrap_or_default();
    let mut members: Vec<(String, Json)> = Vec::new();
    if has(given.0) {
        members.push((given.0.to_owned(), Json::from(given.1)));
    }
    let key = decl.key.value.as_str();
    let mut wanted: Vec<&str> = required.iter().filter_map(Json::as_str).collect();
    if key != "slug" && !wanted.contains(&key) {
        wanted.push(key);
    }
    for name in wanted {
        if members.iter().all(|(known, _)| known != name) {
            let property = properties.and_then(|properties| properties.get(name)).unwrap_or(&Json::Null);
            let property = resolve(schema, property);
            let value = if name == key { Json::from(slug) } else { example(schema, property, &today, keys, given.1) };
            members.push((name.to_owned(), value));
        }
    }
    if has("draft") && given.0 == "title" {
        members.push(("draft".to_owned(), Json::Bool(true)));
    }
    let mut out = "---\n".to_owned();
    for (name, value) in members {
        let _ = writeln!(out, "{name}: {value}");
    }
    out.push_str("---\n\nThe first paragraph is the excerpt that lists show.\n");
    out
}

/// Why the schema does not take the member named on the command line.
pub fn refusal(schema: Option<&Json>, given: (&str, &str)) -> Option<String> {
    let property = resolve(schema, schema?.get("properties")?.get(given.0)?);
    let validator = jsonschema::options().should_validate_formats(true).build(property).ok()?;
    validator.validate(&Json::from(given.1)).err().map(|error| error.to_string())
}

fn resolve<'s>(schema: Option<&'s Json>, property: &'s Json) -> &'s Json {
    let pointer = property.get("$ref").and_then(Json::as_str).and_then(|pointer| pointer.strip_prefix('#'));
    pointer.and_then(|pointer| schema?.pointer(pointer)).unwrap_or(property)
}

/// A value that the property's schema accepts, as far as its keywords tell.
fn example(schema: Option<&Json>, property: &Json, today: &str, keys: &[(String, String)], name: &str) -> Json {
    let first = |keyword: &str| property.get(keyword).and_then(Json::as_array).and_then(|all| all.first()).cloned();
    if let Some(value) =
        property.get("const").or(property.get("default")).cloned().or(first("enum")).or(first("examples"))
    {
        return value;
    }
    if let Some(branch) = ["anyOf", "oneOf", "allOf"].iter().find_map(|keyword| first(keyword)) {
        return example(schema, resolve(schema, &branch), today, keys, name);
    }
    if let Some(target) = property.get("x-ref").and_then(Json::as_str) {
        let key = keys.iter().find(|(collection, _)| collection == target).map_or("", |(_, key)| key.as_str());
        return Json::from(key);
    }
    let kind = property.get("type").and_then(|kind| kind.as_str().or_else(|| kind.as_array()?.first()?.as_str()));
    match kind {
        Some("integer" | "number") => property.get("minimum").cloned().unwrap_or(Json::from(0)),
        Some("boolean") => Json::Bool(false),
        Some("object") => Json::Object(serde_json::Map::new()),
        Some("array") => {
            let least = property.get("minItems").and_then(Json::as_u64).unwrap_or(0);
            let item = property.get("items").map(|items| example(schema, resolve(schema, items), today, keys, name));
            Json::Array(item.into_iter().filter(|_| least > 0).collect())
        }
        _ => match property.get("format").and_then(Json::as_str) {
            Some("date") => Json::from(today),
            Some("date-time") => Json::from(format!("{today}T09:00:00Z")),
            Some("uri") => Json::from("https://example.org/"),
            Some("email") => Json::from("name@example.org"),
            _ => Json::from(name),
        },
    }
}
