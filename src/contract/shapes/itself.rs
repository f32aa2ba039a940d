//! What the build says of itself: the operations, and what they answer.

use super::api::{Operation, OperationKind};
use super::names::{Namer, camel};
use super::rows::reference;
use crate::model::Settings;
use serde_json::{Value as Json, json};

/// What one may ask of it.
pub fn operations(settings: &Settings, ids: &mut Namer) -> Vec<Operation> {
    let Some(home) = settings.home_surface() else { return Vec::new() };
    let Some(surface) = settings.surfaces.iter().position(|surface| surface.name == home.name) else {
        return Vec::new();
    };
    let one = |(name, component, summary): (&str, &str, &str), ids: &mut Namer| Operation {
        id: ids.unique(&camel(&[home.name.clone(), name.to_owned()]), String::new),
        surface,
        view: None,
        path: format!("{}/{name}.json", home.prefix),
        kind: OperationKind::Meta,
        fields: Vec::new(),
        parameter: None,
        summary: summary.to_owned(),
        answer: reference(component),
        row: None,
    };
    let mut operations = vec![
        one(("status", "Status", "Which release this is"), ids),
        one(("manifest", "Manifest", "Every file of the release, with its digest"), ids),
    ];
    if settings.writes.are_there() {
        let receipt = one(("write", RECEIPT, "What became of a write"), ids);
        let path = format!("{}/{}/{{id}}.json", home.prefix, crate::release::RECEIPTS);
        operations.push(Operation { path, kind: OperationKind::Receipt, fields: vec!["id".to_owned()], ..receipt });
    }
    operations
}

/// Makes the schema of an object, of the members that it always has and of all.
type Object<'a> = &'a dyn Fn(&[&str], Json) -> Json;

pub fn status(object: Object<'_>) -> Json {
    let text = json!({ "type": "string" });
    let site = object(&["name", "baseUrl"], json!({ "name": text, "baseUrl": text }));
    let instant =
        |description: &str| json!({ "type": ["string", "null"], "format": "date-time", "description": description });
    let count = |description: &str| json!({ "type": "integer", "minimum": 0, "description": description });
    let source = object(
        &["kind", "checkedAt", "oldestCheckAt", "members", "unchecked", "failing", "missing", "stale"],
        json!({
            "kind": text,
            "checkedAt": instant("when everybody was last asked about"),
            "oldestCheckAt": instant("when the service last answered about the member of whom that is longest ago"),
            "members": count("published members with an account there"),
            "unchecked": count("members of whom the service has never answered"),
            "failing": count("members who were asked about in vain the last time"),
            "missing": count("members whose account was not found"),
            "stale": { "type": "boolean", "description": "whether one of the two instants is too long ago, or nobody was ever asked about" }
        }),
    );
    let sources =
        json!({ "type": "object", "additionalProperties": source, "description": "what was fetched, and when" });
    let scores = json!({ "type": "object", "additionalProperties": { "type": "object" }, "description": "the formula of each score and its parameters" });
    let next = json!({ "type": "string", "format": "date-time", "description": "when a build of the same sources gives something else" });
    let release = json!({ "type": "string", "pattern": "^[0-9a-f]{64}$", "description": "digest of the release" });
    let read_at =
        json!({ "type": "string", "format": "date-time", "description": "when the sources of the release were read" });
    object(
        &["release", "site", "sources"],
        json!({ "release": release, "readAt": read_at, "site": site, "sources": sources, "scores": scores, "nextChangeAt": next }),
    )
}

pub fn manifest(object: Object<'_>) -> Json {
    let digest = json!({ "type": "string", "pattern": "^[0-9a-f]{64}$" });
    let file = object(
        &["sha256", "size", "mediaType", "cache"],
        json!({
            "sha256": digest,
            "size": { "type": "integer", "minimum": 0, "description": "bytes" },
            "mediaType": { "type": "string" },
            "cache": { "enum": ["view", "asset", "immutable", "meta"] }
        }),
    );
    let artifacts = json!({ "type": "object", "additionalProperties": file });
    let surfaces = json!({ "type": "array", "items": { "type": "string" }, "description": "their prefixes" });
    let count = json!({ "type": "integer", "minimum": 0 });
    let records = json!({ "type": "object", "additionalProperties": count, "description": "published records of each collection" });
    object(
        &["release", "surfaces", "records", "artifacts"],
        json!({ "release": digest, "surfaces": surfaces, "records": records, "artifacts": artifacts }),
    )
}

/// The name of the component of receipts.
pub const RECEIPT: &str = "WriteReceipt";

pub fn receipt() -> Json {
    let text = json!({ "type": "string" });
    let fault = json!({
        "type": "object",
        "properties": {
            "pointer": { "type": "string", "description": "a JSON Pointer into what was written" },
            "code": text,
            "message": text,
            "help": { "type": ["string", "null"] }
        },
        "required": ["pointer", "code", "message", "help"]
    });
    json!({
        "type": "object",
        "description": "what became of a write",
        "properties": {
            "id": { "type": "string", "pattern": "^[0-9a-f]{32}$" },
            "status": { "enum": ["published", "rejected"] },
            "release": { "type": "string", "pattern": "^[0-9a-f]{64}$", "description": "digest of the release" },
            "collection": text,
            "version": { "type": "integer", "minimum": 1, "description": "how many writes of that record there were" },
            "faults": { "type": "array", "items": fault, "description": "why the site cannot be built with it" },
            "reason": { "type": "string", "description": "why an editor did not want it" }
        },
        "required": ["id", "status", "release", "collection", "version"]
    })
}
