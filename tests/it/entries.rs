//! The inbox as the endpoint leaves it: one file for each accepted write.

use crate::support::Site;
use precast::model::{Entry, hex};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// One accepted write.
#[derive(Clone)]
pub struct Write {
    entry: Value,
}

/// A community whose members write their own records, and articles that editors look at first.
pub const SETTINGS: &str = r#"
[site]
name = "Test"
base_url = "https://test.example"

[collections.users]
sources = ["data/users.json"]
key = "handle"
schema = "site/schemas/user.json"

[collections.articles]
sources = ["content/articles"]
key = "slug"

[surfaces.v1]
prefix = "/v1"
shape = "envelope"

[writes.users]
schema = "site/writes/user.json"
owner = "sub"

[writes.articles]
schema = "site/writes/article.json"
owner = { claim = "sub", member = "author" }
review = true
text = "body"

[auth]
mode = "local"

[[views]]
path = "users"
from = "users"

[[views]]
path = "users/{handle}"
from = "users"
each = true

[[views]]
path = "articles"
from = "articles"
lookup = { author = "users" }

[[views]]
path = "articles/{slug}"
from = "articles"
each = true
"#;

const USER: &str = r#"{
    "type": "object",
    "required": ["handle", "name"],
    "properties": {
        "handle": { "type": "string" },
        "name": { "type": "string" },
        "bio": { "type": ["string", "null"] },
        "points": { "type": "integer" },
        "links": { "type": "object" },
        "listed": { "type": "boolean" },
        "aliases": { "type": "array", "items": { "type": "string" } }
    }
}"#;

/// The endpoint lets more through than the collection takes, so that the build has something to find.
const WRITTEN: &str = r#"{ "type": "object", "properties": { "name": {}, "bio": {}, "points": {}, "links": {}, "listed": {}, "aliases": {} } }"#;
const ARTICLE: &str = r#"{ "type": "object", "properties": { "title": {}, "author": {}, "body": {} } }"#;

/// A site with two members and one article.
pub fn site() -> Site {
    Site::empty()
        .file("site/site.toml", SETTINGS)
        .file("site/schemas/user.json", USER)
        .file("site/writes/user.json", WRITTEN)
        .file("site/writes/article.json", ARTICLE)
        .file(
            "data/users.json",
            r#"[{ "handle": "Ann", "name": "Ann Lee", "bio": "Clouds", "points": 7, "links": { "web": "https://ann.test", "feed": "https://ann.test/feed" } },
                { "handle": "bo", "name": "Bo Diaz" }]"#,
        )
        .file("content/articles/first.md", "---\ntitle: First\nauthor: ann\n---\nHello.\n")
}

impl Write {
    fn new(change: &str, collection: &str, key: &str, version: u64, value: Option<Value>) -> Self {
        let of = format!("{collection}/{key}/{version}");
        let mut entry = json!({
            "id": hex(&Sha256::digest(&of))[..32],
            "collection": collection,
            "key": key,
            "version": version,
            "change": change,
            "by": "auth|secret-subject",
            "at": format!("2026-05-01T10:{:02}:{:02}Z", version / 60 % 60, version % 60),
            "request": "00",
        });
        if let Some(value) = value {
            entry["value"] = value;
        }
        Self { entry }
    }

    #[must_use]
    pub fn by_editor(mut self) -> Self {
        self.entry["byEditor"] = json!(true);
        self
    }

    /// With what the endpoint keeps of the claim of a token.
    #[must_use]
    pub fn claims(mut self, claim: &str) -> Self {
        let collection = self.entry["collection"].as_str().expect("a collection");
        self.entry["claim"] = json!(Entry::claimed(collection, claim));
        self
    }

    /// By another subject than all others.
    #[must_use]
    pub fn by(mut self, subject: &str) -> Self {
        self.entry["by"] = json!(subject);
        self
    }

    /// Accepted at another time than its version says.
    #[must_use]
    pub fn at(mut self, at: &str) -> Self {
        self.entry["at"] = json!(at);
        self
    }

    pub fn id(&self) -> &str {
        self.entry["id"].as_str().expect("an id")
    }

    /// The path of its receipt.
    pub fn receipt(&self) -> String {
        format!("public/v1/writes/{}.json", self.id())
    }

    fn name(&self) -> String {
        let key = self.entry["key"].as_str().expect("a key").to_lowercase().replace(' ', "-");
        format!("{}/{key}.{:08}.json", self.entry["collection"].as_str().expect("a collection"), self.entry["version"])
    }

    pub fn path(&self) -> String {
        format!("data/inbox/entries/{}", self.name())
    }

    pub fn text(&self) -> String {
        format!("{}\n", self.entry)
    }

    /// Adds it to the inbox.
    pub fn add(&self, site: &Site) {
        site.write(&self.path(), self.text());
    }

    /// Turns it into what was applied to the content files.
    pub fn apply(&self, site: &Site) {
        let _ = std::fs::remove_file(site.path(&self.path()));
        site.write(&format!("data/inbox/archive/{}", self.name()), self.text());
    }

    pub fn decide(&self, site: &Site, decision: &str, reason: Option<&str>) {
        let mut document = json!({ "decision": decision, "by": "auth|editor", "at": "2026-05-02T00:00:00Z" });
        if let Some(reason) = reason {
            document["reason"] = json!(reason);
        }
        site.write(&format!("data/inbox/decisions/{}.json", self.id()), document.to_string());
    }
}

/// Adds them all.
pub fn add_all<W: std::borrow::Borrow<Write>>(site: &Site, writes: &[W]) {
    for write in writes {
        write.borrow().add(site);
    }
}

pub fn put(collection: &str, key: &str, version: u64, value: Value) -> Write {
    Write::new("put", collection, key, version, Some(value))
}

pub fn patch(collection: &str, key: &str, version: u64, value: Value) -> Write {
    Write::new("patch", collection, key, version, Some(value))
}

pub fn delete(collection: &str, key: &str, version: u64) -> Write {
    Write::new("delete", collection, key, version, None)
}

pub fn forgotten(collection: &str, key: &str, version: u64) -> Write {
    Write::new("forgotten", collection, key, version, None)
}

/// What an answer says of its data.
pub fn data(site: &Site, path: &str) -> Value {
    site.json(&format!("public/v1/{path}.json"))["data"].clone()
}

/// The keys of a list.
pub fn keys(site: &Site, path: &str, key: &str) -> Vec<String> {
    let rows = data(site, path);
    let rows = rows.as_array().expect("rows").iter();
    rows.map(|row| row[key].as_str().expect("a key").to_owned()).collect()
}

/// What became of a write: its status, and the codes and places of its faults.
pub fn outcome(site: &Site, write: &Write) -> (String, Vec<String>) {
    let receipt = site.json(&write.receipt());
    let told = |fault: &Value| {
        format!("{} {}", fault["code"].as_str().expect("a code"), fault["pointer"].as_str().expect("a pointer"))
    };
    let faults = receipt["faults"].as_array().into_iter().flatten().map(told).collect();
    (receipt["status"].as_str().expect("a status").to_owned(), faults)
}
