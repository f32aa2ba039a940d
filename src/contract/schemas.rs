//! `schemas/<collection>.json`: what a published record looks like.

use crate::model::{Artifact, ArtifactOrigin, Body, CacheClass, CollectionDecl, Settings};
use serde_json::{Map, Value as Json, json};

/// The schema of each collection's public records, under the home surface.
pub fn schemas(settings: &Settings, written: &[Option<Json>], markdown: &[bool]) -> Vec<Artifact> {
    let Some(surface) = settings.home_surface() else { return Vec::new() };
    let schema = |((decl, written), markdown): ((&CollectionDecl, &Option<Json>), &bool)| {
        let document = public_schema(settings, decl, written.as_ref(), *markdown);
        Artifact {
            key: surface.key(&format!("schemas/{}.json", decl.name)),
            media_type: "application/schema+json",
            cache: CacheClass::View,
            body: Body::Bytes(format!("{document:#}\n").into_bytes().into()),
            origin: ArtifactOrigin::Build,
        }
    };
    settings.collections.iter().zip(written).zip(markdown).map(schema).collect()
}

/// The written schema without private members, with those that the build adds.
pub fn public_schema(settings: &Settings, decl: &CollectionDecl, written: Option<&Json>, markdown: bool) -> Json {
    let mut schema = match written {
        Some(Json::Object(schema)) => schema.clone(),
        _ => Map::from_iter([("type".to_owned(), json!("object"))]),
    };
    schema.entry("$schema").or_insert_with(|| json!("https://json-schema.org/draft/2020-12/schema"));
    if let Some(surface) = settings.home_surface().filter(|_| !settings.site.base_url.is_empty()) {
        let id = format!("{}{}/schemas/{}.json", settings.site.base_url, surface.prefix, decl.name);
        schema.insert("$id".to_owned(), Json::String(id));
    }
    let private = |name: &str| decl.private.iter().any(|p| p.value == name);
    let mut properties = match schema.remove("properties") {
        Some(Json::Object(properties)) => properties,
        _ => Map::new(),
    };
    properties.retain(|name, _| !private(name));
    for (name, property) in
        added(markdown).into_iter().chain(decl.derive.iter().map(|derived| (derived.name.as_str(), json!({}))))
    {
        if !private(name) {
            properties.entry(name).or_insert(property);
        }
    }
    schema.insert("properties".to_owned(), Json::Object(properties));
    if let Some(Json::Array(required)) = schema.get_mut("required") {
        required.retain(|name| !name.as_str().is_some_and(private));
    }
    if !decl.private.is_empty() {
        // These speak of values, and may speak of private ones.
        SPEAKING.iter().for_each(|keyword| drop(schema.remove(*keyword)));
    }
    let mut schema = Json::Object(schema);
    drop_unused_definitions(&mut schema);
    nullable_references(&mut schema);
    schema
}

/// Keywords beside `properties` that may name a private member or its values.
const SPEAKING: [&str; 13] = [
    "allOf",
    "anyOf",
    "const",
    "default",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "enum",
    "examples",
    "if",
    "not",
    "oneOf",
    "then",
];

/// Definitions that nothing refers to any more: what only a private member used is private too.
fn drop_unused_definitions(schema: &mut Json) {
    loop {
        let text = schema.to_string();
        let Some(Json::Object(definitions)) = schema.get_mut("$defs") else { return };
        let before = definitions.len();
        definitions.retain(|name, _| text.contains(&format!("\"#/$defs/{name}\"")));
        if definitions.len() == before {
            return;
        }
    }
}

/// A reference to a record that is not published becomes null.
fn nullable_references(schema: &mut Json) {
    match schema {
        Json::Object(keywords) => {
            if keywords.contains_key("x-ref")
                && let Some(Json::String(kind)) = keywords.get("type")
            {
                let kinds = json!([kind, "null"]);
                keywords.insert("type".to_owned(), kinds);
            }
            keywords.values_mut().for_each(nullable_references);
        }
        Json::Array(items) => items.iter_mut().for_each(nullable_references),
        _ => {}
    }
}

/// The members that Markdown adds.
fn added(markdown: bool) -> Vec<(&'static str, Json)> {
    if !markdown {
        return Vec::new();
    }
    let heading = json!({
        "type": "object",
        "properties": { "level": { "type": "integer" }, "id": { "type": "string" }, "text": { "type": "string" } },
        "required": ["level", "id", "text"]
    });
    vec![
        ("slug", json!({ "type": "string" })),
        ("excerpt", json!({ "type": "string" })),
        ("wordCount", json!({ "type": "integer" })),
        ("readingTime", json!({ "type": "integer", "description": "minutes" })),
        ("html", json!({ "type": "string" })),
        ("toc", json!({ "type": "array", "items": heading })),
    ]
}
