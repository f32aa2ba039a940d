//! What the endpoint for writes answers, row by row, over HTTP.

use crate::server::{Answer, Server};
use crate::support::Site;
use serde_json::Value as Json;

const SITE: &str = r#"
[site]
name = "Club"
base_url = "https://club.example/base"

[collections.users]
sources = ["content/users"]
key = "githubProfile"
private = ["email"]

[collections.notes]
sources = ["content/notes"]
key = "slug"

[surfaces.api]
prefix = "/api"

[surfaces.v1]
prefix = "/v1"
shape = "envelope"

[[views]]
path = "users"
from = "users"

[writes.users]
schema = "site/join.json"
owner = "githubProfile"

[writes.notes]
schema = "site/note.json"
allow = ["create"]
review = true

[auth]
mode = "local"
"#;

const JOIN: &str = r#"{
  "type": "object",
  "required": ["name"],
  "additionalProperties": false,
  "properties": {
    "name": { "type": "string", "minLength": 1 },
    "tags": { "type": "array", "items": { "type": "string" } },
    "home": { "type": "object", "required": ["city"], "properties": { "city": { "type": "string" } } }
  }
}"#;

fn site() -> Site {
    Site::empty()
        .file("site/site.toml", SITE)
        .file("site/join.json", JOIN)
        .file("site/note.json", r#"{"type":"object","properties":{"title":{"type":"string"}}}"#)
        .file("content/users/ada.md", "---\ngithubProfile: ada\nname: Ada\nemail: ada@example.org\n---\n")
        .file("content/notes/one.md", "---\ntitle: One\n---\n")
}

/// The answer's status and the last segment of its problem's type, and whether it is a problem document as it should be.
fn problem(answer: &Answer) -> (u16, String) {
    assert_eq!(answer.headers["content-type"], "application/problem+json", "{answer:?}");
    assert_eq!(answer.headers["cache-control"], "no-store");
    let body = answer.json();
    assert_eq!(body["status"], answer.status);
    let kind = body["type"].as_str().expect("a type").to_owned();
    let name = kind.strip_prefix("https://club.example/base/v1/errors/").expect("an address").to_owned();
    (answer.status, name)
}

fn refused(answer: &Answer, status: u16, name: &str) {
    assert_eq!(problem(answer), (status, name.to_owned()), "{}", String::from_utf8_lossy(&answer.body));
}

fn accepted(answer: &Answer, status: u16, version: u64) -> String {
    assert_eq!(answer.status, status, "{}", String::from_utf8_lossy(&answer.body));
    let body = answer.json();
    assert_eq!(body["version"], version);
    assert_eq!(answer.headers["etag"], format!("\"{version}\""));
    assert_eq!(answer.headers["location"], format!("/base/v1/writes/{}.json", body["id"].as_str().expect("an id")));
    assert_eq!(body["receipt"], answer.headers["location"]);
    body["id"].as_str().expect("an id").to_owned()
}

#[test]
fn put() {
    let site = site();
    let server = Server::of(&site);
    let put = |headers: &[(&str, &str)], body: &str| server.send("PUT", "/write/users/mira", headers, body);
    let first = accepted(&put(&[], r#"{"name":"Mira","tags":["a"]}"#), 201, 1);
    assert_eq!(accepted(&put(&[], r#"{ "tags" : ["a"], "name" : "M\u0069ra" }"#), 200, 1), first);
    assert_eq!(accepted(&put(&[("If-Match", "\"7\"")], r#"{"name":"Mira","tags":["a"]}"#), 200, 1), first);
    let differs = put(&[], r#"{"name":"Mira O"}"#);
    refused(&differs, 409, "conflict");
    assert_eq!((&differs.json()["version"], differs.headers["etag"].as_str()), (&1.into(), "\"1\""));
    for wrong in ["\"0\"", "\"2\"", "W/\"1\"", "\"x\""] {
        refused(&put(&[("If-Match", wrong)], r#"{"name":"Mira O"}"#), 412, "version-mismatch");
    }
    refused(&put(&[("If-None-Match", "*")], r#"{"name":"Mira O"}"#), 412, "version-mismatch");
    accepted(&put(&[("If-Match", "\"1\"")], r#"{"name":"Mira O"}"#), 201, 2);
    accepted(&put(&[("If-Match", "*")], r#"{"name":"Mira"}"#), 201, 3);
    // Keys are the same in any letter case, and the first spelling is the record's.
    let same = server.send("PUT", "/write/users/MIRA/", &[], r#"{"name":"Mira"}"#);
    accepted(&same, 200, 3);
    assert_eq!(same.json()["key"], "mira");
    accepted(&server.send("PUT", "/write/users/zoe", &[("If-Match", "\"0\"")], r#"{"name":"Zoe"}"#), 201, 1);
    refused(
        &server.send("PUT", "/write/users/eve", &[("If-Match", "*")], r#"{"name":"Eve"}"#),
        412,
        "version-mismatch",
    );
}

#[test]
fn post() {
    let site = site();
    let server = Server::of(&site);
    let post = |key: &str, body: &str| server.send("POST", "/write/users", &[("Idempotency-Key", key)], body);
    let first = post("k1", r#"{"githubProfile":"mira","name":"Mira"}"#);
    let id = accepted(&first, 202, 1);
    let again = post("k1", r#"{"name":"Mira","githubProfile":"mira"}"#);
    assert_eq!((accepted(&again, 202, 1), &again.body), (id.clone(), &first.body));
    refused(&post("k1", r#"{"githubProfile":"mira","name":"Mira O"}"#), 422, "idempotency-key-reused");
    assert_eq!(accepted(&post("k2", r#"{"githubProfile":"mira","name":"Mira"}"#), 202, 1), id);
    refused(&post("k3", r#"{"githubProfile":"mira","name":"Mira O"}"#), 409, "conflict");
    // A later write does not make a retry another request.
    accepted(&server.send("PUT", "/write/users/mira", &[("If-Match", "\"1\"")], r#"{"name":"M"}"#), 201, 2);
    assert_eq!(accepted(&post("k1", r#"{"githubProfile":"mira","name":"Mira"}"#), 202, 1), id);
    refused(&server.send("POST", "/write/users", &[], r#"{"githubProfile":"x","name":"X"}"#), 400, "malformed-header");
    refused(&post(&"k".repeat(256), r#"{"githubProfile":"x","name":"X"}"#), 400, "malformed-header");
    let keyless = post("k4", r#"{"name":"X"}"#);
    refused(&keyless, 422, "not-valid");
    assert_eq!(keyless.json()["errors"][0]["pointer"], "/githubProfile");
    refused(&post("k5", r#"{"githubProfile":"../x\u0000","name":"X"}"#), 400, "malformed-body");
    refused(&post("k6", r#"{"githubProfile":"../x","name":"X"}"#), 400, "malformed-key");
}

#[test]
fn patch() {
    let site = site();
    let server = Server::of(&site);
    let patch = |headers: &[(&str, &str)], body: &str| server.send("PATCH", "/write/users/ada", headers, body);
    refused(&patch(&[], r#"{"name":"Ada L"}"#), 428, "if-match-required");
    // Nobody wrote of her here; the site may know her.
    let first = accepted(&patch(&[("If-Match", "\"0\"")], r#"{"name":"Ada L"}"#), 202, 1);
    assert_eq!(accepted(&patch(&[("If-Match", "\"0\"")], r#"{"name":"Ada L"}"#), 202, 1), first);
    refused(&patch(&[("If-Match", "\"0\"")], r#"{"name":"Ada M"}"#), 412, "version-mismatch");
    accepted(&patch(&[("If-Match", "\"1\"")], r#"{"tags":null,"home":{}}"#), 202, 2);
    let only_new = [("If-Match", "\"2\""), ("If-None-Match", "*")];
    refused(&patch(&only_new, r#"{"name":"A"}"#), 400, "malformed-header");
    let wrong = patch(&[("If-Match", "\"2\"")], r#"{"name":null,"tags":"a","home":{"city":3},"x":1}"#);
    refused(&wrong, 422, "not-valid");
    let errors = wrong.json()["errors"].as_array().expect("faults").clone();
    let pointers: Vec<&str> = errors.iter().map(|error| error["pointer"].as_str().expect("a pointer")).collect();
    assert_eq!(pointers, ["/home/city", "/name", "/tags", "/x"]);
}

#[test]
fn delete() {
    let site = site();
    let server = Server::of(&site);
    accepted(&server.send("PUT", "/write/users/mira", &[], r#"{"name":"Mira Okafor"}"#), 201, 1);
    refused(&server.send("DELETE", "/write/users/mira", &[("If-Match", "\"9\"")], ""), 412, "version-mismatch");
    refused(&server.send("DELETE", "/write/users/mira", &[("If-None-Match", "*")], ""), 400, "malformed-header");
    let gone = accepted(&server.send("DELETE", "/write/users/mira", &[("If-Match", "\"1\"")], ""), 202, 2);
    assert_eq!(accepted(&server.send("DELETE", "/write/users/mira", &[("If-Match", "\"1\"")], ""), 202, 2), gone);
    accepted(&server.send("DELETE", "/write/users/ada", &[], ""), 202, 1);
    for (path, bytes) in crate::support::tree(&site.path("data/inbox")) {
        assert!(!String::from_utf8_lossy(&bytes).contains("Okafor"), "{path}");
    }
    let again = server.send("PUT", "/write/users/mira", &[], r#"{"name":"Mira"}"#);
    refused(&again, 409, "conflict");
    assert!(again.json()["detail"].as_str().expect("words").contains("If-Match: \"2\""));
    accepted(&server.send("PUT", "/write/users/mira", &[("If-Match", "\"2\"")], r#"{"name":"Mira"}"#), 201, 3);
}

#[test]
fn what_the_site_does_not_allow() {
    let site = site();
    let server = Server::of(&site);
    let waiting = server.send("PUT", "/write/notes/two", &[], r#"{"title":"Two"}"#);
    // The token of this machine is an editor's.
    accepted(&waiting, 201, 1);
    assert_eq!(waiting.json()["status"], "accepted");
    refused(&server.send("PUT", "/write/notes/two", &[("If-Match", "\"1\"")], r#"{"title":"2"}"#), 403, "not-yours");
    for (method, url, allow) in [
        ("DELETE", "/write/notes/two", "PUT, OPTIONS"),
        ("PATCH", "/write/notes/two", "PUT, OPTIONS"),
        ("POST", "/write/notes/two", "PUT, OPTIONS"),
        ("PUT", "/write/notes", "POST, OPTIONS"),
        ("GET", "/write/users/mira", "PUT, POST, PATCH, DELETE, OPTIONS"),
        ("QUERY", "/write/users", "PUT, POST, PATCH, DELETE, OPTIONS"),
    ] {
        let answer = server.send(method, url, &[("If-Match", "\"1\""), ("Idempotency-Key", "k")], "{}");
        refused(&answer, 405, "method-not-allowed");
        assert_eq!(answer.headers["allow"], allow, "{method} {url}");
    }
    assert_eq!(server.send("HEAD", "/write/users/mira", &[], "").status, 405);
    refused(&server.send("PUT", "/write/tags/x", &[], "{}"), 404, "not-writable");
    refused(&server.send("PUT", "/write", &[], "{}"), 404, "not-writable");
    assert_eq!(server.get("/written").status, 404);
}

#[test]
fn what_nobody_may() {
    let site = site();
    let server = Server::of(&site);
    refused(&server.ask("PUT", "/write/users/mira", &[("Content-Length", "2")]), 401, "unauthenticated");
    let wrong = server.ask("DELETE", "/write/users/mira", &[("Authorization", "Bearer no")]);
    refused(&wrong, 401, "unauthenticated");
    assert!(wrong.headers["www-authenticate"].starts_with("Bearer error=\"invalid_token\""));
    let put = |headers: &[(&str, &str)], body: &str| server.send("PUT", "/write/users/mira", headers, body);
    refused(&put(&[("Origin", "https://evil.example")], r#"{"name":"M"}"#), 403, "origin-not-allowed");
    let own = put(&[("Origin", "https://club.example")], r#"{"name":"M"}"#);
    accepted(&own, 201, 1);
    assert_eq!(own.headers["access-control-allow-origin"], "https://club.example");
    let preflight = server.ask("OPTIONS", "/write/users/mira", &[("Origin", "http://localhost")]);
    assert_eq!(
        (preflight.status, preflight.headers["access-control-allow-origin"].as_str()),
        (204, "http://localhost")
    );
    refused(&put(&[], &format!(r#"{{"name":"{}"}}"#, "x".repeat(70_000))), 413, "body-too-large");
    refused(&put(&[("Content-Encoding", "gzip")], "{}"), 415, "not-json");
    for body in ["", "{", "[]", "null", r#"{"name":"a","name":"b"}"#, "{\"name\":\"\u{1}\"}"] {
        refused(&put(&[], body), 400, "malformed-body");
    }
    let barred = put(&[], r#"{"name":"M","email":"m@example.org","html":"<b>","githubProfile":"ada"}"#);
    refused(&barred, 422, "not-valid");
    let errors = barred.json()["errors"].as_array().expect("faults").clone();
    let pointers: Vec<&str> = errors.iter().map(|error| error["pointer"].as_str().expect("a pointer")).collect();
    assert_eq!(pointers, ["/email", "/githubProfile", "/html"]);
}

/// Sends until the answer has this status: what was saved is noticed in a moment.
fn until(status: u16, mut send: impl FnMut() -> Answer) -> Answer {
    for _ in 0..600 {
        let answer = send();
        if answer.status == status {
            return answer;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("no {status} came");
}

#[test]
fn settings_are_followed_while_it_runs() {
    let site = site();
    let server = Server::of(&site);
    let put = |key: &str| server.send("PUT", &format!("/write/users/{key}"), &[], r#"{"name":"Mira"}"#);
    accepted(&put("mira"), 201, 1);
    site.write("site/site.toml", format!("{SITE}\n[endpoint]\nread_only = true\n"));
    let closed = until(503, || put("mira"));
    refused(&closed, 503, "read-only");
    assert!(closed.headers.contains_key("retry-after"));
    site.write("site/site.toml", format!("{SITE}\n[endpoint]\nper_subject = 3\n"));
    let busy = until(429, || put("mira"));
    refused(&busy, 429, "too-many-requests");
    assert!(busy.headers["retry-after"].parse::<u64>().is_ok_and(|seconds| (1..=60).contains(&seconds)));
    site.write("site/site.toml", SITE.replace("[auth]\nmode = \"local\"\n", ""));
    refused(&until(503, || put("ada")), 503, "closed");
    // Faults leave the endpoint as it was.
    site.write("site/site.toml", SITE.replace("[auth]", "[auth"));
    server.says("site/site.toml:");
    refused(&put("ada"), 503, "closed");
}

#[test]
fn the_inbox_is_looked_at_and_decided_of() {
    let site = site();
    let server = Server::of(&site);
    let id = accepted(&server.send("PUT", "/write/users/mira", &[], r#"{"name":"Mira"}"#), 201, 1);
    let listed: Json =
        serde_json::from_str(&site.ends(0, &["inbox", "list", "--format", "json"]).stdout).expect("JSON");
    let write = &listed["writes"][0];
    assert_eq!(
        (write["id"].as_str(), write["status"].as_str(), &write["version"]),
        (Some(&*id), Some("accepted"), &1.into())
    );
    let shown: Json = serde_json::from_str(&site.ends(0, &["inbox", "show", &id[..8]]).stdout).expect("JSON");
    assert_eq!(shown["value"]["name"], "Mira");
    assert!(site.ends(2, &["inbox", "approve", &id]).stderr.contains("does not wait"));
    assert!(site.ends(2, &["inbox", "show", "zz"]).stderr.contains("no write has the id"));
    assert!(site.ends(2, &["inbox", "fetch"]).stderr.contains("say where from"));
}

#[test]
fn what_may_be_written_is_checked_with_the_site() {
    let site = site();
    site.ends(0, &["check", "--strict"]);
    site.write(
        "site/join.json",
        r#"{"type":"object","properties":{"email":{"type":"string"},"name":{"type":"strin"}}}"#,
    );
    let told = site.ends(1, &["check"]).stderr;
    assert!(told.contains("bad-schema") && told.contains("site/join.json"), "{told}");
    site.write("site/join.json", r#"{"type":"object","properties":{"email":{"type":"string"}}}"#);
    let told = site.ends(1, &["check"]).stderr;
    assert!(told.contains("`site/join.json` lets `email` be written, which is private"), "{told}");
    assert!(told.contains("site/site.toml:"), "{told}");
    site.write("site/join.json", JOIN);
    site.write("site/site.toml", SITE.replace("mode = \"local\"", "mode = \"jwt\"\nissuer = \"http://id.example\""));
    let told = site.ends(1, &["check"]).stderr;
    assert!(told.contains("could be changed on its way") && told.contains("`audience`"), "{told}");
    site.write("site/site.toml", SITE.replace("[auth]\nmode = \"local\"\n", ""));
    let told = site.ends(0, &["check"]).stderr;
    assert!(told.contains("nobody can write"), "{told}");
}
