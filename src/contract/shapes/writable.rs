//! What is sent to the endpoint for writes, and what it answers. The client is not made from it: it reads.

use super::api::Api;
use super::names::{Namer, pascal};
use super::rows::{component, nullable, reference};
use super::schemas::self_contained;
use crate::content::{Content, Writable};
use crate::model::Settings;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// The schemas of writes.
#[derive(Default)]
pub struct Writes {
    /// By name, beside those of the answers.
    pub components: BTreeMap<String, Json>,
    /// In the order of the settings.
    pub bodies: Vec<Bodies>,
}

/// What the bodies of one collection's writes are.
pub struct Bodies {
    /// The collection's name as a part of identifiers.
    pub name: String,
    /// A record whose key the address names.
    pub whole: Json,
    /// A record with its key.
    pub keyed: Json,
    /// A patch.
    pub part: Json,
}

/// The answer to a write that was accepted.
pub const ACCEPTED: &str = "AcceptedWrite";
/// The answer to one that was refused.
pub const REFUSED: &str = "RefusedWrite";

/// The schemas of what may be written, and of the endpoint's answers.
pub fn writes(settings: &Settings, content: &Content, api: &Api) -> Writes {
    let mut writes = Writes::default();
    if !settings.writes.are_there() {
        return writes;
    }
    let mut namer = Namer::reserving(api.components.keys().map(String::as_str).chain([ACCEPTED, REFUSED]));
    let mut add = |words: [&str; 2], schema: &Json| {
        let name = namer.unique(&pascal(&words.map(str::to_owned)), || words[1].to_owned());
        writes.components.insert(name.clone(), component(schema, &name));
        reference(&name)
    };
    for (at, (decl, schema)) in settings.writes.collections.iter().zip(&content.writable).enumerate() {
        let collection = &settings.collections[decl.collection];
        let empty = Writable { whole: json!({ "type": "object" }), part: json!({ "type": "object" }) };
        let schema = schema.as_ref().unwrap_or(&empty);
        let whole = add([&collection.name, "Write"], &whole(schema, &collection.key.value));
        let keyed = json!({ "allOf": [whole], "required": [collection.key.value] });
        let part = add([&collection.name, "Patch"], &part(schema, &collection.key.value));
        let name = pascal(std::slice::from_ref(&collection.name));
        let name = if name.is_empty() { format!("Records{at}") } else { name };
        writes.bodies.push(Bodies { name, whole, keyed, part });
    }
    writes.components.extend([(ACCEPTED.to_owned(), accepted()), (REFUSED.to_owned(), refused())]);
    writes
}

/// The schema as it is held to what is sent: the key may stand among the members, and what the schema does not name is
/// refused unless it opens itself.
fn whole(schema: &Writable, key: &str) -> Json {
    let mut whole = self_contained(&schema.whole);
    let Some(keywords) = whole.as_object_mut() else { return whole };
    if let Some(Json::Array(required)) = keywords.get_mut("required") {
        required.retain(|name| name != key);
    }
    if let Json::Object(properties) = keywords.entry("properties").or_insert_with(|| json!({})) {
        properties.entry(key).or_insert_with(|| json!({ "type": ["string", "integer"] }));
    }
    if !["additionalProperties", "patternProperties"].iter().any(|opens| keywords.contains_key(*opens)) {
        keywords.entry("unevaluatedProperties").or_insert(json!(false));
    }
    whole
}

/// The same of a patch, in which null takes a member away that no record must have.
fn part(schema: &Writable, key: &str) -> Json {
    let mut part = self_contained(&schema.part);
    let required = schema.whole.get("required").and_then(Json::as_array);
    let stays = |name: &str| name == key || required.is_some_and(|names| names.iter().any(|one| one == name));
    let Some(keywords) = part.as_object_mut() else { return part };
    if let Json::Object(properties) = keywords.entry("properties").or_insert_with(|| json!({})) {
        properties.iter_mut().filter(|(name, _)| !stays(name)).for_each(|(_, member)| *member = nullable(member));
        properties.entry(key).or_insert_with(|| json!({ "type": ["string", "integer"] }));
    }
    part
}

fn accepted() -> Json {
    let text = json!({ "type": "string" });
    let properties = json!({
        "id": { "type": "string", "pattern": "^[0-9a-f]{32}$" },
        "collection": text,
        "key": { "type": "string", "description": "as it was first written" },
        "version": { "type": "integer", "minimum": 1, "description": "how many writes of that record there were" },
        "status": { "enum": ["accepted", "waiting"], "description": "whether an editor looks at it first" },
        "receipt": { "type": "string", "format": "uri-reference", "description": "what became of it, when a release was made" }
    });
    let required = ["id", "collection", "key", "version", "status", "receipt"];
    json!({ "type": "object", "description": "a write that is kept", "properties": properties, "required": required })
}

fn refused() -> Json {
    let text = json!({ "type": "string" });
    let pointer = json!({ "type": "string", "description": "a JSON Pointer into what was sent" });
    let fault = json!({
        "type": "object",
        "properties": { "pointer": pointer, "code": text, "detail": text, "help": text },
        "required": ["pointer", "code", "detail"]
    });
    json!({
        "description": "why a write is refused",
        "allOf": [reference("Problem")],
        "properties": {
            "errors": { "type": "array", "items": fault, "description": "what is wrong with the record" },
            "version": { "type": "integer", "minimum": 0, "description": "the current version of the record" }
        }
    })
}
