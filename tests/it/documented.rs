//! The OpenAPI document tells of writes what the endpoint answers.

use crate::server::{Answer, Server};
use crate::support::Site;
use serde_json::{Value, json};

const SITE: &str = r#"
[site]
name = "Club"
base_url = "https://club.example/base"

[collections.users]
sources = ["content/users"]
key = "handle"
private = ["email"]

[collections.notes]
sources = ["content/notes"]
key = "slug"

[surfaces.v1]
prefix = "/v1"
shape = "envelope"

[[views]]
path = "users"
from = "users"

[writes.users]
schema = "site/join.json"

[writes.notes]
schema = "site/note.json"
allow = ["create"]

[auth]
mode = "local"
"#;

const JOIN: &str = r##"{
  "$id": "https://club.example/join",
  "type": "object",
  "required": ["handle", "name"],
  "properties": {
    "handle": { "type": "string" },
    "name": { "$ref": "#/$defs/text" },
    "tags": { "type": "array", "items": { "$ref": "#/$defs/text" } },
    "home": { "type": "object", "required": ["city"], "properties": { "city": { "type": "string" } } }
  },
  "$defs": { "text": { "type": "string", "minLength": 1 } }
}"##;

fn site(more: &str) -> Site {
    Site::empty()
        .file("site/site.toml", format!("{SITE}{more}"))
        .file("site/join.json", JOIN)
        .file("site/note.json", r#"{ "type": "object", "properties": { "title": { "type": "string" } } }"#)
        .file("content/users/ada.md", "---\nhandle: ada\nname: Ada\nemail: a@club.example\n---\n")
        .file("content/notes/one.md", "---\ntitle: One\n---\n")
}

/// A server, and the document that it serves.
struct Scene {
    _site: Site,
    server: Server,
    document: Value,
}

impl Scene {
    fn of(site: Site) -> Self {
        let server = Server::of(&site);
        let document = server.get("/base/v1/openapi.json").json();
        Self { _site: site, server, document }
    }

    /// Whether a value passes a schema of the document.
    fn passes(&self, schema: &Value, value: &Value) -> bool {
        let whole = json!({ "allOf": [schema], "components": self.document["components"] });
        jsonschema::validator_for(&whole).expect("a schema").is_valid(value)
    }

    /// Holds an answer to what the document says of it.
    fn holds(&self, method: &str, route: &str, answer: &Answer) {
        let which = format!("{method} {route}: {} {}", answer.status, String::from_utf8_lossy(&answer.body));
        let operation = &self.document["paths"][route][method.to_lowercase()];
        let mut told = &operation["responses"][answer.status.to_string()];
        if let Some(at) = told["$ref"].as_str() {
            told = self.document.pointer(&at[1..]).expect("a response");
        }
        let content = told["content"].as_object().unwrap_or_else(|| panic!("it is not documented: {which}"));
        let schema = &content.get(&answer.headers["content-type"]).unwrap_or_else(|| panic!("{which}"))["schema"];
        assert!(self.passes(schema, &answer.json()), "{which}");
        let named = told["headers"].as_object().expect("headers");
        for name in ["etag", "location", "retry-after", "www-authenticate", "allow"] {
            let is_told = named.keys().any(|known| known.eq_ignore_ascii_case(name));
            assert!(is_told || !answer.headers.contains_key(name), "{name} of {which}");
            assert!(!is_told || answer.status >= 300 || answer.headers.contains_key(name), "{name} of {which}");
        }
    }

    /// Sends a body, and holds it and the answer to the document.
    fn send(&self, method: &str, key: &str, headers: &[(&str, &str)], body: &str, status: u16) {
        let route = if key.is_empty() { "/write/users" } else { "/write/users/{key}" };
        let url = route.replace("{key}", key);
        let answer = self.server.send(method, &url, headers, body);
        assert_eq!(answer.status, status, "{method} {url} {body}: {}", String::from_utf8_lossy(&answer.body));
        self.holds(method, route, &answer);
        let content = &self.document["paths"][route][method.to_lowercase()]["requestBody"]["content"];
        let is_fault = status == 422 && answer.json()["errors"].is_array();
        if content.is_object() && (status < 300 || is_fault) {
            let sent = serde_json::from_str(body).expect("JSON");
            for (kind, of_kind) in content.as_object().expect("media types") {
                assert_eq!(self.passes(&of_kind["schema"], &sent), status < 300, "{method} {kind} {body}");
            }
        }
    }
}

#[test]
fn every_answer_is_documented() {
    let scene = Scene::of(site(""));
    let send = |method: &str, key: &str, headers: &[(&str, &str)], body: &str, status: u16| {
        scene.send(method, key, headers, body, status);
    };
    let at = |version: &'static str| ("If-Match", version);
    send("PUT", "mira", &[], r#"{"name":"Mira"}"#, 201);
    send("PUT", "mira", &[], r#"{"name":"Mira","handle":"mira"}"#, 200);
    send("PUT", "mira", &[], r#"{"name":"Mira O"}"#, 409);
    send("PUT", "mira", &[at("\"9\"")], r#"{"name":"Mira O"}"#, 412);
    for wrong in
        [r#"{"name":""}"#, "{}", r#"{"name":"M","x":1}"#, r#"{"name":"M","email":"e"}"#, r#"{"name":"M","tags":[""]}"#]
    {
        send("PUT", "mira", &[], wrong, 422);
    }
    send("PUT", "mira", &[], "{", 400);
    send("PUT", ".mira", &[], "{}", 400);
    send("PUT", "mira", &[("Content-Encoding", "gzip")], "{}", 415);
    send("PUT", "mira", &[], &format!(r#"{{"name":"{}"}}"#, "x".repeat(70_000)), 413);
    send("PUT", "mira", &[("Origin", "https://evil.example")], "{}", 403);
    send("PATCH", "mira", &[], r#"{"tags":["a"]}"#, 428);
    send("PATCH", "mira", &[at("\"1\"")], r#"{"tags":["a"],"home":{}}"#, 202);
    send("PATCH", "mira", &[at("\"2\"")], r#"{"tags":null,"home":null}"#, 202);
    send("PATCH", "mira", &[at("\"1\"")], r#"{"tags":["b"]}"#, 412);
    for wrong in [r#"{"name":null}"#, r#"{"tags":[1]}"#] {
        send("PATCH", "mira", &[at("\"3\"")], wrong, 422);
    }
    send("POST", "", &[("Idempotency-Key", "k")], r#"{"handle":"zoe","name":"Zoe"}"#, 202);
    send("POST", "", &[("Idempotency-Key", "k")], r#"{"handle":"zoe","name":"Z"}"#, 422);
    send("POST", "", &[("Idempotency-Key", "l")], r#"{"handle":"zoe","name":"Z"}"#, 409);
    send("POST", "", &[("Idempotency-Key", "m")], r#"{"name":"Z"}"#, 422);
    send("POST", "", &[], r#"{"handle":"yan","name":"Y"}"#, 400);
    send("DELETE", "mira", &[at("\"1\"")], "", 412);
    send("DELETE", "mira", &[], "", 202);
    send("PATCH", "mira", &[at("\"4\"")], r#"{"tags":["a"]}"#, 409);
    for method in ["PUT", "PATCH", "DELETE"] {
        let answer = scene.server.ask(method, "/base/write/users/mira", &[("Content-Length", "0")]);
        assert_eq!(answer.status, 401);
        scene.holds(method, "/write/users/{key}", &answer);
    }
}

#[test]
fn what_is_closed_and_what_is_too_much_is_documented() {
    let closed = Scene::of(site("[endpoint]\nread_only = true\n"));
    closed.send("PUT", "mira", &[], r#"{"name":"Mira"}"#, 503);
    let busy = Scene::of(site("[endpoint]\nper_subject = 1\n"));
    busy.send("DELETE", "mira", &[], "", 202);
    busy.send("DELETE", "mira", &[], "", 429);
}

/// What the site does not allow is no operation, and a site that opens nothing tells of no writes.
#[test]
fn only_what_is_allowed_is_an_operation() {
    let site = site("");
    let document = |site: &Site| -> Value { serde_json::from_str(&site.ends(0, &["openapi"]).stdout).expect("JSON") };
    let told = document(&site);
    let methods = |route: &str| -> Vec<String> {
        told["paths"][route].as_object().into_iter().flat_map(|methods| methods.keys().cloned()).collect()
    };
    assert_eq!(methods("/write/users/{key}"), ["delete", "patch", "put"]);
    assert_eq!(
        (methods("/write/users"), methods("/write/notes/{key}")),
        (vec!["post".to_owned()], vec!["put".to_owned()])
    );
    assert_eq!(told["paths"]["/write/users"]["post"]["operationId"], "postUsers");
    site.write("site/site.toml", SITE.split("[writes.users]").next().expect("settings"));
    let none = document(&site);
    assert!(none["paths"].as_object().is_some_and(|paths| paths.keys().all(|path| !path.starts_with("/write"))));
    assert!(
        none["components"]["securitySchemes"].is_null() && none["tags"].as_array().is_some_and(|tags| tags.len() == 1)
    );
}
