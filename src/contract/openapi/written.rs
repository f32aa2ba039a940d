//! The operations of the endpoint for writes, as it answers them.

use super::super::requests::problems::PROBLEM_JSON;
use super::super::shapes::{ACCEPTED, Api, Bodies, Namer, REFUSED, Writes, reference};
use super::{JSON, segment};
use crate::model::{Settings, WriteDecl, encode};
use serde_json::{Map, Value as Json, json};

/// The media type of patches (RFC 7396).
const PATCH: &str = "application/merge-patch+json";
/// The tag of the operations.
const TAG: &str = "Writes";
/// The name of the scheme by which one shows who writes.
const TOKEN: &str = "token";

/// Refusals, and what is said of each.
const REFUSALS: [(u16, &str); 13] = [
    (400, "The path, a header or the body is malformed"),
    (401, "There is no token, or no good one"),
    (403, "The record is not the caller's, or pages of this origin may not write"),
    (404, "Nothing of this collection is written here any more"),
    (405, "The method is not allowed here any more"),
    (408, "The body did not come in time"),
    (409, "Something else was written before"),
    (412, "The version is not the current one"),
    (413, "The body is too large"),
    (415, "The body is not JSON"),
    (422, "The record is not valid, or the idempotency key was used for another request"),
    (429, "Too many requests"),
    (503, "Nothing is accepted for the moment"),
];
/// The refusal of those that change what they have not seen.
const UNSEEN: (u16, &str) = (428, "The request must say which version it changes");

/// One way to write.
struct Way<'a> {
    method: &'static str,
    summary: String,
    parameters: Vec<Json>,
    /// The media types that a body may have, and its schema.
    body: Option<(&'static [&'static str], &'a Json)>,
    /// The statuses of what is accepted, and what they mean.
    accepted: &'static [(&'static str, &'static str)],
    /// The refusals that cannot come.
    never: &'static [u16],
}

/// The paths of the endpoint, and their methods.
pub fn paths(settings: &Settings, api: &Api, writes: &Writes) -> Vec<(String, Json)> {
    let mut ids = Namer::reserving(api.operations.iter().map(|operation| operation.id.as_str()));
    let mut paths = Vec::new();
    for (decl, bodies) in settings.writes.collections.iter().zip(&writes.bodies) {
        let collection = &settings.collections[decl.collection].name;
        let mut path = String::from("/write/");
        encode(collection, &mut path);
        for (path, ways) in
            [(format!("{path}/{{key}}"), at_key(decl, collection, bodies)), (path, anew(decl, collection, bodies))]
        {
            let one = |way: Way<'_>| {
                let id = ids.unique(&format!("{}{}", way.method, bodies.name), String::new);
                (way.method.to_owned(), operation(&way, &id))
            };
            let methods: Map<String, Json> = ways.into_iter().map(one).collect();
            if !methods.is_empty() {
                paths.push((path, Json::Object(methods)));
            }
        }
    }
    paths
}

/// What is done to a record whose key the address names.
fn at_key<'a>(decl: &WriteDecl, collection: &str, bodies: &'a Bodies) -> Vec<Way<'a>> {
    let allow = decl.allow;
    let put = Way {
        method: "put",
        summary: format!("Write one of {collection}: the record is as it is sent"),
        parameters: vec![key(), if_match(false), only_new()],
        body: Some((&[JSON], &bodies.whole)),
        accepted: &[("200", "The last write said the same"), ("201", "Accepted as a new write")],
        never: &[],
    };
    let patch = Way {
        method: "patch",
        summary: format!("Change members of one of {collection} (RFC 7396)"),
        parameters: vec![key(), if_match(true)],
        body: Some((&[PATCH, JSON], &bodies.part)),
        accepted: &[("202", "Accepted")],
        never: &[],
    };
    let delete = Way {
        method: "delete",
        summary: format!("Remove one of {collection}, wherever it comes from"),
        parameters: vec![key(), if_match(false)],
        body: None,
        accepted: &[("202", "Accepted; its key stays remembered")],
        never: &[408, 413, 415, 422],
    };
    let ways = [(allow.create || allow.update, put), (allow.update, patch), (allow.delete, delete)];
    ways.into_iter().filter(|(may, _)| *may).map(|(_, way)| way).collect()
}

/// What is done at the address of the collection.
fn anew<'a>(decl: &WriteDecl, collection: &str, bodies: &'a Bodies) -> Vec<Way<'a>> {
    let post = Way {
        method: "post",
        summary: format!("Write a new one of {collection}, once for each idempotency key"),
        parameters: vec![idempotency_key()],
        body: Some((&[JSON], &bodies.keyed)),
        accepted: &[("202", "Accepted, by this request or by one before it with the same idempotency key")],
        never: &[412],
    };
    decl.allow.create.then_some(post).into_iter().collect()
}

fn operation(way: &Way<'_>, id: &str) -> Json {
    let mut responses = Map::new();
    for (status, description) in way.accepted {
        let headers = json!({ "ETag": version(), "Location": { "description": "the receipt", "schema": { "type": "string", "format": "uri-reference" } } });
        let content = json!({ JSON: { "schema": reference(ACCEPTED) } });
        responses.insert(
            (*status).to_owned(),
            json!({ "description": description, "headers": headers, "content": content }),
        );
    }
    let unseen = (way.method == "patch").then_some(UNSEEN);
    for (status, _) in REFUSALS.into_iter().chain(unseen).filter(|(status, _)| !way.never.contains(status)) {
        responses.insert(status.to_string(), json!({ "$ref": format!("#/components/responses/{}", name(status)) }));
    }
    let mut operation = json!({
        "operationId": id,
        "summary": way.summary,
        "tags": [TAG],
        "security": [{ TOKEN: [] }],
        "parameters": way.parameters,
        "responses": responses
    });
    if let Some((types, schema)) = &way.body {
        let content: Map<String, Json> =
            types.iter().map(|kind| ((*kind).to_owned(), json!({ "schema": schema }))).collect();
        operation["requestBody"] = json!({ "required": true, "content": content });
    }
    operation
}

fn name(status: u16) -> String {
    format!("Write{status}")
}

/// The refusals, which all operations share.
pub fn refusals() -> Json {
    let one = |(status, description): (u16, &str)| {
        let text = json!({ "type": "string" });
        let headers = match status {
            401 => json!({ "WWW-Authenticate": { "description": "what is wrong with the token", "schema": text } }),
            405 => json!({ "Allow": { "description": "the methods that are", "schema": text } }),
            409 | 412 => json!({ "ETag": version() }),
            429 | 503 => {
                json!({ "Retry-After": { "description": "when to try again, in seconds", "schema": { "type": "integer", "minimum": 0 } } })
            }
            _ => json!({}),
        };
        let content = json!({ PROBLEM_JSON: { "schema": reference(REFUSED) } });
        (name(status), json!({ "description": description, "headers": headers, "content": content }))
    };
    REFUSALS.into_iter().chain([UNSEEN]).map(one).collect::<Map<_, _>>().into()
}

/// How one shows who writes.
pub fn security() -> Json {
    let description = "a token of the site's issuer, which says who writes";
    json!({ TOKEN: { "type": "http", "scheme": "bearer", "description": description } })
}

/// What is said of the operations together.
pub fn tag() -> Json {
    json!({ "name": TAG, "description": "what members change; the next release has it" })
}

fn version() -> Json {
    json!({ "description": "the current version of the record", "schema": { "type": "string", "pattern": "^\"[0-9]+\"$" } })
}

fn key() -> Json {
    let description = "the key of the record; letter case does not matter";
    json!({ "name": "key", "in": "path", "required": true, "description": description, "schema": segment() })
}

fn if_match(required: bool) -> Json {
    let schema = json!({ "type": "string", "pattern": "^(\\*|\"[0-9]+\"(, *\"[0-9]+\")*)$" });
    let description = "the version that you saw, as `\"3\"`; 0 where nothing was written";
    json!({ "name": "If-Match", "in": "header", "required": required, "description": description, "schema": schema })
}

fn only_new() -> Json {
    let schema = json!({ "const": "*" });
    let description = "write it only where nothing was written before";
    json!({ "name": "If-None-Match", "in": "header", "required": false, "description": description, "schema": schema })
}

fn idempotency_key() -> Json {
    let schema = json!({ "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$" });
    let description = "made up for this request, and sent again with each retry";
    json!({ "name": "Idempotency-Key", "in": "header", "required": true, "description": description, "schema": schema })
}
