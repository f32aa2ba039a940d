//! `schemas/<collection>.json`: what a published record looks like.

use super::infer;
use crate::content::Content;
use crate::model::{Artifact, ArtifactOrigin, Body, CacheClass, Collection, CollectionDecl, FieldOrigin, Settings};
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The schema of each collection's public records.
pub fn record_schemas(settings: &Settings, content: &Content) -> Vec<Json> {
    let one = |(at, collection): (usize, &Arc<Collection>)| {
        public_schema(settings, &settings.collections[at], content.schemas[at].as_ref(), collection)
    };
    content.collections.iter().enumerate().map(one).collect()
}

/// `schemas/<collection>.json`, under the home surface.
pub fn schemas(settings: &Settings, records: &[Json]) -> Vec<Artifact> {
    let Some(surface) = settings.home_surface() else { return Vec::new() };
    let schema = |(decl, document): (&CollectionDecl, &Json)| {
        schema_artifact(surface.key(&format!("schemas/{}.json", decl.name)), document)
    };
    settings.collections.iter().zip(records).map(schema).collect()
}

pub fn schema_artifact(key: String, document: &Json) -> Artifact {
    Artifact {
        key,
        media_type: "application/schema+json",
        cache: CacheClass::View,
        body: Body::Bytes(format!("{document:#}\n").into_bytes().into()),
        origin: ArtifactOrigin::Build,
    }
}

/// The written schema without private members, with those that the build adds. What no schema describes has the type
/// of the values that it has.
fn public_schema(settings: &Settings, decl: &CollectionDecl, written: Option<&Json>, collection: &Collection) -> Json {
    let mut schema = match written.map(self_contained) {
        Some(Json::Object(schema)) => schema,
        _ => Map::from_iter([("type".to_owned(), json!("object"))]),
    };
    schema.entry("$schema").or_insert_with(|| json!(DIALECT));
    if let Some(surface) = settings.home_surface().filter(|_| !settings.site.base_url.is_empty()) {
        let id = format!("{}{}/schemas/{}.json", settings.site.base_url, surface.prefix, decl.name);
        schema.insert("$id".to_owned(), Json::String(id));
    }
    let private = |name: &str| decl.private.iter().any(|p| p.value == name);
    let take = |schema: &mut Map<String, Json>, name| schema.remove(name);
    let mut properties = match take(&mut schema, "properties") {
        Some(Json::Object(properties)) => properties,
        _ => Map::new(),
    };
    properties.retain(|name, _| !private(name));
    let mut required: BTreeSet<String> = match take(&mut schema, "required") {
        Some(Json::Array(names)) => names.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        _ => BTreeSet::new(),
    };
    required.retain(|name| !private(name));
    // A record without its key is a fault.
    if !private(&decl.key.value) {
        required.insert(decl.key.value.clone());
    }
    let described: BTreeSet<String> = properties.keys().cloned().collect();
    for name in infer::names(collection) {
        let built =
            collection.records.iter().find_map(|r| r.field(&name)).is_some_and(|f| f.origin == FieldOrigin::Built);
        if described.contains(&*name) && !built {
            continue;
        }
        let (seen, always) = infer::member(collection, &name);
        properties.entry(&*name).or_insert_with(|| of_markdown(&name).filter(|_| built).unwrap_or(seen));
        if always {
            required.insert(name.to_string());
        }
    }
    if required.contains(&decl.key.value) {
        properties.entry(&decl.key.value).or_insert_with(|| json!({ "type": ["string", "integer"] }));
    }
    schema.insert("properties".to_owned(), Json::Object(properties));
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
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

/// The schema with every reference to itself as a JSON pointer: its own `$id` and its anchors mean nothing where it is
/// published.
pub(super) fn self_contained(written: &Json) -> Json {
    let mut schema = written.clone();
    let mut anchors = BTreeMap::new();
    take_anchors(&mut schema, &mut String::from("#"), &mut anchors);
    let id = written.get("$id").and_then(Json::as_str).unwrap_or_default().trim_end_matches('#').to_owned();
    point(&mut schema, &id, &anchors);
    apart(schema)
}

/// A record within a record has what is written, and not what the build adds to records: a schema that refers to itself as
/// a whole gets a definition for that.
fn apart(mut schema: Json) -> Json {
    let mut whole = schema.clone();
    if !rename(&mut schema, "#", WITHIN) {
        return schema;
    }
    rename(&mut whole, "#", WITHIN);
    if let (Some(whole), Some(keywords)) = (whole.as_object_mut(), schema.as_object_mut()) {
        ["$defs", "$id", "$schema", "title"].into_iter().for_each(|keyword| drop(whole.remove(keyword)));
        if let Json::Object(definitions) = keywords.entry("$defs").or_insert_with(|| json!({})) {
            definitions.insert("within".to_owned(), Json::Object(std::mem::take(whole)));
        }
    }
    schema
}

const WITHIN: &str = "#/$defs/within";

/// Points every reference to `from` to `to`; says whether there was one.
fn rename(schema: &mut Json, from: &str, to: &str) -> bool {
    match schema {
        Json::Object(keywords) => {
            let mut found = false;
            if let Some(Json::String(at)) = keywords.get_mut("$ref").filter(|at| *at == from) {
                to.clone_into(at);
                found = true;
            }
            for value in keywords.values_mut() {
                found |= rename(value, from, to);
            }
            found
        }
        Json::Array(items) => {
            let mut found = false;
            for item in items {
                found |= rename(item, from, to);
            }
            found
        }
        _ => false,
    }
}

/// Takes the anchors out, and notes where each stood.
fn take_anchors(schema: &mut Json, at: &mut String, anchors: &mut BTreeMap<String, String>) {
    let mut below = |step: &str, value: &mut Json| {
        let length = at.len();
        at.push('/');
        at.push_str(&step.replace('~', "~0").replace('/', "~1"));
        take_anchors(value, at, anchors);
        at.truncate(length);
    };
    match schema {
        Json::Object(keywords) => keywords.iter_mut().for_each(|(keyword, value)| below(keyword, value)),
        Json::Array(items) => items.iter_mut().enumerate().for_each(|(index, value)| below(&index.to_string(), value)),
        _ => {}
    }
    if let Json::Object(keywords) = schema {
        for keyword in ["$anchor", "$dynamicAnchor"] {
            if let Some(Json::String(name)) = keywords.get(keyword).cloned() {
                keywords.remove(keyword);
                anchors.insert(name, at.clone());
            }
        }
    }
}

fn point(schema: &mut Json, id: &str, anchors: &BTreeMap<String, String>) {
    match schema {
        Json::Object(keywords) => {
            let dynamic = keywords.get("$dynamicRef").is_some_and(Json::is_string);
            if let Some(at) = keywords.remove("$dynamicRef").filter(|_| dynamic) {
                keywords.insert("$ref".to_owned(), at);
            }
            if let Some(Json::String(at)) = keywords.get_mut("$ref") {
                let local =
                    at.strip_prefix(id).filter(|rest| !id.is_empty() && (rest.is_empty() || rest.starts_with('#')));
                let local = local.map_or(at.as_str(), |rest| if rest.is_empty() { "#" } else { rest });
                let anchor = local.strip_prefix('#').and_then(|name| anchors.get(name));
                *at = anchor.map_or_else(|| local.to_owned(), Clone::clone);
            }
            keywords.values_mut().for_each(|value| point(value, id, anchors));
        }
        Json::Array(items) => items.iter_mut().for_each(|item| point(item, id, anchors)),
        _ => {}
    }
}

/// The dialect of every published schema.
pub const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

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
            if keywords.contains_key("x-ref") {
                make_nullable(keywords);
            }
            keywords.values_mut().for_each(nullable_references);
        }
        Json::Array(items) => items.iter_mut().for_each(nullable_references),
        _ => {}
    }
}

/// Lets null pass `type`, `enum` and `const`.
pub fn make_nullable(keywords: &mut Map<String, Json>) {
    match keywords.get_mut("type") {
        Some(Json::String(kind)) if kind != "null" => {
            let kinds = json!([kind, "null"]);
            keywords.insert("type".to_owned(), kinds);
        }
        Some(Json::Array(kinds)) if !kinds.contains(&json!("null")) => kinds.push(json!("null")),
        _ => {}
    }
    if let Some(value) = keywords.remove("const") {
        keywords.insert("enum".to_owned(), json!([value]));
    }
    if let Some(Json::Array(values)) = keywords.get_mut("enum")
        && !values.contains(&Json::Null)
    {
        values.push(Json::Null);
    }
}

/// The members that Markdown adds.
fn of_markdown(name: &str) -> Option<Json> {
    Some(match name {
        "slug" | "excerpt" => json!({ "type": "string" }),
        "html" => json!({ "type": "string", "description": "HTML of the text" }),
        "wordCount" => json!({ "type": "integer", "minimum": 0 }),
        "readingTime" => json!({ "type": "integer", "minimum": 0, "description": "minutes" }),
        "toc" => json!({ "type": "array", "description": "headings, in order", "items": {
            "type": "object",
            "properties": { "level": { "type": "integer" }, "id": { "type": "string" }, "text": { "type": "string" } },
            "required": ["level", "id", "text"]
        }}),
        _ => return None,
    })
}
