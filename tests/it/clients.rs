//! What clients are promised: the OpenAPI document, the schema of each answer, the TypeScript client.

use crate::support::{NOW, Site};
use serde_json::{Value, json};

const SETTINGS: &str = r#"
[site]
name = "Club"
base_url = "https://club.example/sub"

[collections.users]
sources = ["data/users.yaml"]
key = "handle"
schema = "site/schemas/user.json"
private = ["email"]

[collections.users.derive]
score = "points + bonus"
mood = "'high' if points > 5 else none"

[collections.posts]
sources = ["content/posts"]
key = "slug"
schema = "site/schemas/post.json"

[collections.loose]
sources = ["data/loose.yaml"]
key = "id"

[surfaces.api]
prefix = "/api"

[surfaces.v1]
prefix = "/v1"
shape = "envelope"
version = 3

[[views]]
path = "board"
from = "users"
sort = ["-score"]
rank = { by = "score", method = "dense" }
limit = { default = 2, max = 50 }
page = { size = 2 }

[[views]]
path = "users/recent"
from = "users"

[[views]]
path = "users/{handle}"
from = "users"
each = true

[[views]]
path = "posts"
from = "posts"
lookup = { author = "users" }
fields = ["slug", "title", "subtitle", "author"]

[[views]]
path = "posts/{slug}"
from = "posts"
each = true

[[views]]
path = "tags/{tags}"
from = "posts"
group = "tags"

[[views]]
path = "tags"
from = "posts"
count = "tags"
as = "tag"

[[views]]
path = "loose"
from = "loose"
surfaces = ["api"]
"#;

const USER: &str = r##"{
  "title": "User",
  "type": "object",
  "$defs": { "handle": { "type": "string", "pattern": "^[a-z]+$" } },
  "properties": {
    "handle": { "$ref": "#/$defs/handle" },
    "points": { "type": "integer" }, "bonus": { "type": "integer" },
    "nick": { "type": "string" },
    "email": { "type": "string" }
  },
  "required": ["handle", "points", "bonus", "email"]
}"##;

const POST: &str = r#"{
  "title": "Post",
  "type": "object",
  "properties": {
    "title": { "type": "string" }, "subtitle": { "type": "string" },
    "author": { "type": "string", "x-ref": "users" },
    "tags": { "type": "array", "items": { "type": "string" } }
  },
  "required": ["title", "author"]
}"#;

fn site() -> Site {
    Site::empty()
        .file("site/site.toml", SETTINGS)
        .file("site/schemas/user.json", USER)
        .file("site/schemas/post.json", POST)
        .file("data/users.yaml", "- { handle: ann, points: 9, bonus: 1, email: a@x.example }\n- { handle: bo, points: 1, bonus: 1, nick: B, email: b@x.example }\n")
        .file("content/posts/one.md", "---\ntitle: One\nauthor: ann\ntags: [AWS]\n---\nText.\n")
        .file("data/loose.yaml", "- { id: 1, size: 2, note: x }\n- { id: 2, size: 2.5, note: null, deep: { a: [1, \"b\"] } }\n")
}

fn openapi(site: &Site) -> Value {
    let run = site.ends(0, &["openapi", "--now", NOW]);
    serde_json::from_str(&run.stdout).expect("JSON")
}

#[test]
fn the_document_is_the_published_one() {
    let site = site();
    site.build();
    let run = site.ends(0, &["openapi", "--now", NOW]);
    assert_eq!(run.stdout, site.text("public/v1/openapi.json"));
}

#[test]
fn every_operation_has_its_parameters_and_bounds() {
    let document = openapi(&site());
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"][0]["url"], "/sub");
    assert_eq!(document["x-surfaces"]["v1"], json!({ "prefix": "/v1", "shape": "envelope", "version": 3 }));
    let paths = document["paths"].as_object().expect("paths");
    assert!(!paths.contains_key("/v1/loose") && paths.contains_key("/api/loose"), "a view stands on its surfaces");
    let board = &document["paths"]["/api/board"]["get"];
    assert_eq!((&board["operationId"], &board["tags"][0]), (&json!("apiBoard"), &json!("api")));
    let limit = &board["parameters"][0];
    assert_eq!((&limit["name"], &limit["in"]), (&json!("limit"), &json!("query")));
    assert_eq!(
        limit["schema"]["anyOf"],
        json!([{ "type": "integer", "minimum": 1, "maximum": 50 }, { "const": "all" }])
    );
    assert_eq!(limit["schema"]["default"], 2);
    let page = &document["paths"]["/api/board/page/{page}"]["get"];
    assert_eq!((&page["operationId"], &page["x-page-size"]), (&json!("apiBoardPage"), &json!(2)));
    let user = &document["paths"]["/v1/users/{handle}"]["get"]["parameters"][0];
    assert_eq!(user["example"], "ann");
    assert!(user["description"].as_str().is_some_and(|about| about.contains("not `recent`")), "{user:#}");
    let mut ids: Vec<&str> = paths.values().filter_map(|path| path["get"]["operationId"].as_str()).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), count), (paths.len(), paths.len()), "each has an id of its own");
    for (path, methods) in paths {
        let responses = &methods["get"]["responses"];
        assert!(responses["200"]["content"]["application/json"]["schema"].is_object(), "{path}");
        assert!(responses["404"]["content"]["application/problem+json"].is_object(), "{path}");
    }
}

/// Examples are bodies of the release, and pass their schemas.
#[test]
fn examples_come_from_the_release() {
    let site = site();
    site.build();
    let document = openapi(&site);
    for (path, file) in [
        ("/api/board", "api/board/limit/2"),
        ("/v1/users/{handle}", "v1/users/ann"),
        ("/api/board/page/{page}", "api/board/page/1"),
    ] {
        let example = &document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["example"];
        assert_eq!(*example, site.json(&format!("public/{file}.json")), "{path}");
    }
}

#[test]
fn a_member_may_be_null_only_where_it_can_be() {
    let document = openapi(&site());
    let of = |name: &str| document["components"]["schemas"][name].clone();
    let user = of("User");
    assert_eq!(user["required"], json!(["bonus", "handle", "mood", "points", "score"]));
    assert_eq!(user["properties"]["mood"], json!({ "type": ["string", "null"] }), "its expression gives none");
    assert_eq!(user["properties"]["score"], json!({ "type": "integer" }));
    assert_eq!(user["properties"]["nick"], json!({ "type": "string" }));
    assert!(user["properties"].get("email").is_none(), "private");
    let row = of("BoardRow");
    assert_eq!(row["properties"]["rank"]["type"], "integer");
    assert_eq!(row["required"], json!(["bonus", "handle", "mood", "points", "score", "rank", "position", "tied"]));
    let post = of("PostsRow");
    assert_eq!(post["required"], json!(["slug", "title", "subtitle", "author"]));
    assert_eq!(post["properties"]["title"], json!({ "type": "string" }));
    assert_eq!(post["properties"]["subtitle"], json!({ "type": ["string", "null"] }));
    assert_eq!(
        post["properties"]["author"],
        json!({ "anyOf": [{ "$ref": "#/components/schemas/User" }, { "type": "null" }] })
    );
    assert_eq!(of("TagsRow")["properties"]["tag"], json!({ "type": "string" }));
    assert!(of("Post")["properties"].get("html").is_some() && of("PostRow")["properties"].get("html").is_none());
    let loose = of("Loose");
    assert_eq!(loose["required"], json!(["id", "note", "size"]));
    assert_eq!(
        (&loose["properties"]["size"]["type"], &loose["properties"]["note"]["type"]),
        (&json!("number"), &json!(["string", "null"]))
    );
    assert_eq!(loose["properties"]["deep"]["properties"]["a"]["items"]["type"], json!(["integer", "string"]));
}

/// Every reference of the document leads somewhere.
#[test]
fn references_lead_somewhere() {
    fn references<'j>(value: &'j Value, found: &mut Vec<&'j str>) {
        match value {
            Value::Object(members) => members.iter().for_each(|(name, value)| match value {
                Value::String(at) if name == "$ref" => found.push(at),
                other => references(other, found),
            }),
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let site = site();
    site.build();
    for (key, body) in
        site.public().iter().filter(|(key, _)| key.starts_with("v1/schemas/") || key.ends_with("openapi.json"))
    {
        let document: Value = serde_json::from_slice(body).expect("JSON");
        let mut found = Vec::new();
        references(&document, &mut found);
        for at in found {
            assert!(document.pointer(at.trim_start_matches('#')).is_some(), "{key}: {at}");
        }
    }
}

#[test]
fn every_answer_passes_its_schema() {
    for site in [site(), Site::shipped()] {
        let run = site.ends(0, &["build", "--verify", "--now", NOW, "--format", "json"]);
        let summary: Value = serde_json::from_str(&run.stdout).expect("JSON");
        let verified = summary["summary"]["verified"].as_u64().expect("a number");
        // Feeds and badges are no answers of the API.
        let is_answer = |key: &&String| {
            key.strip_suffix(".json").is_some() && ["api/", "v1/"].iter().any(|surface| key.starts_with(surface))
        };
        let json = site.public().keys().filter(is_answer).count() as u64;
        assert_eq!(verified, json - 1, "all but the OpenAPI document, which a linter reads");
    }
}

#[test]
fn an_answer_that_does_not_pass_is_told() {
    let site = site();
    // The schema says of a derived member what its expression does not keep to.
    site.write("site/schemas/user.json", USER.replace("\"nick\"", "\"score\": { \"type\": \"string\" }, \"nick\""));
    site.ends(0, &["build", "--now", NOW]);
    let run = site.ends(1, &["build", "--verify", "--now", NOW]);
    assert!(
        run.stderr.contains("error[schema-mismatch]") && run.stderr.contains("--> site/site.toml:"),
        "{}",
        run.stderr
    );
}

#[test]
fn the_client_has_a_function_for_each_operation() {
    let site = site();
    site.build();
    let client = site.text("public/v1/client.ts");
    let document = openapi(&site);
    for path in document["paths"].as_object().expect("paths").values() {
        let id = path["get"]["operationId"].as_str().expect("an id");
        assert!(client.contains(&format!("\n    {id}: (")), "{id}");
    }
    assert!(client.contains("apiBoardPages: ("), "pages are walked");
    assert!(!client.contains("import ") && !client.contains("require("), "it needs nothing");
}

#[test]
fn what_the_site_brings_itself_stands() {
    let site = site().file("site/static/index.html", "<p>Ours</p>").file("site/static/404.html", "<p>Gone</p>");
    site.write("site/site.toml", format!("{SETTINGS}\n[openapi]\nreference = false\nlicense = \"MIT\"\n"));
    site.build();
    assert_eq!(
        (site.text("public/index.html"), site.text("public/404.html")),
        ("<p>Ours</p>".to_owned(), "<p>Gone</p>".to_owned())
    );
    assert!(!site.path("public/api-docs.html").exists());
    assert_eq!(openapi(&site)["info"]["license"], json!({ "name": "MIT", "identifier": "MIT" }));
    let own = site.file("site/static/v1/client.ts", "// ours");
    let run = own.ends(1, &["build"]);
    assert!(run.stderr.contains("error[key-collision]"), "{}", run.stderr);
}

/// An answer behind another's URL, and a file behind an answer's.
#[test]
fn what_no_request_reaches_is_told() {
    let site = site().file("site/static/v1/board", "no extension");
    let run = site.ends(1, &["check"]);
    assert!(run.stderr.contains("file and as a folder") || run.stderr.contains("error[unreachable]"), "{}", run.stderr);
    let site = self::site();
    site.write("site/site.toml", SETTINGS.replace("\"users/recent\"", "\"Users/Bo\""));
    let run = site.ends(1, &["check"]);
    assert!(run.stderr.contains("error[unreachable]") && run.stderr.contains("Users/Bo"), "{}", run.stderr);
}

/// S3 takes keys of 1,024 bytes.
#[test]
fn a_path_that_is_longer_than_a_key_is_told() {
    let long = |length: usize| format!("- {{ id: 1, a: {0}, b: {0}, c: {0}, d: {0} }}\n", "x".repeat(length));
    let settings = "[collections.rows]\nsources = [\"data/rows.yaml\"]\nkey = \"id\"\n\
        [[views]]\npath = \"{a}/{b}/{c}/{d}/tail-of-it\"\nfrom = \"rows\"\neach = true\n";
    let site = Site::empty().file("site/site.toml", settings).file("data/rows.yaml", long(245));
    site.ends(0, &["check"]);
    site.write("data/rows.yaml", long(250));
    let run = site.ends(1, &["check"]);
    assert!(run.stderr.contains("error[unreachable]") && run.stderr.contains("1009"), "{}", run.stderr);
}

/// References by anchor and by the schema's own address lead somewhere in what is published.
#[test]
fn a_schema_may_refer_to_itself_in_any_way() {
    let schema = r##"{
      "$id": "https://schemas.example/user", "title": "Result", "type": "object",
      "$defs": { "level": { "$anchor": "level", "enum": [1, 2] }, "name": { "$dynamicAnchor": "name", "type": "string" } },
      "properties": {
        "handle": { "$dynamicRef": "#name" }, "points": { "$ref": "#level" }, "bonus": { "$ref": "https://schemas.example/user#/$defs/level" },
        "friends": { "type": "array", "items": { "$ref": "#" } }
      },
      "required": ["handle", "points", "bonus"]
    }"##;
    let users = "- { handle: ann, points: 1, bonus: 2, friends: [{ handle: bo, points: 2, bonus: 1 }] }\n";
    let site = site().file("site/schemas/user.json", schema).file("data/users.yaml", users);
    site.write("site/site.toml", SETTINGS.replace("private = [\"email\"]\n", ""));
    site.write("content/posts/one.md", "---\ntitle: One\nauthor: ann\ntags: [AWS]\n---\nText.\n");
    site.ends(0, &["build", "--verify", "--now", NOW]);
    let document = openapi(&site);
    let points = &document["components"]["schemas"]["Result2"]["properties"]["points"];
    assert_eq!(
        *points,
        json!({ "$ref": "#/components/schemas/Result2/$defs/level" }),
        "a title that the client uses itself gets a number"
    );
}

#[test]
fn addresses_are_ascii() {
    for (from, to) in
        [("prefix = \"/api\"", "prefix = \"/\u{e9}\""), ("https://club.example/sub", "https://club.example/\u{e9}")]
    {
        let site = site();
        site.write("site/site.toml", SETTINGS.replace(from, to));
        let run = site.ends(1, &["check"]);
        assert!(run.stderr.contains("ASCII") && run.stderr.contains("--> site/site.toml:"), "{}", run.stderr);
    }
}
