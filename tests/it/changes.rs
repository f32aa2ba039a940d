//! `diff` and `build --against`: what changed for clients, and what may not.

use crate::support::{NOW, Site};
use serde_json::{Value, json};

const SETTINGS: &str = r#"
[collections.users]
sources = ["data/users.yaml"]
key = "handle"
schema = "site/schemas/user.json"

[surfaces.api]
prefix = "/api"

[[views]]
path = "board"
from = "users"
limit = { default = 2, max = 50 }
page = { size = 2 }

[[views]]
path = "users/{handle}"
from = "users"
each = true
"#;

const SCHEMA: &str = r#"{
  "type": "object",
  "properties": { "handle": { "type": "string" }, "score": { "type": "integer" }, "team": { "enum": ["red", "blue"] } },
  "required": ["handle", "score"]
}"#;

const USERS: &str = "- { handle: ann, score: 3, team: red }\n- { handle: bo, score: 2 }\n";

/// A site built into `old/`.
fn site() -> Site {
    let site = Site::empty()
        .file("site/site.toml", SETTINGS)
        .file("site/schemas/user.json", SCHEMA)
        .file("data/users.yaml", USERS);
    site.ends(0, &["build", "--out", "old", "--now", NOW]);
    site
}

fn diff(site: &Site, more: &[&str]) -> Value {
    site.ends(0, &["build", "--out", "new", "--now", NOW]);
    let run = site.ends(0, &[&["diff", "old", "new", "--format", "json"], more].concat());
    serde_json::from_str(&run.stdout).expect("JSON")
}

fn messages(diff: &Value, kind: &str) -> Vec<String> {
    let all = diff["contract"].as_array().expect("a list").iter().filter(|change| change["kind"] == kind);
    all.map(|change| {
        format!("{} {}", change["path"].as_str().expect("a path"), change["message"].as_str().expect("words"))
    })
    .collect()
}

#[test]
fn nothing_changed() {
    let site = site();
    assert_eq!(diff(&site, &[])["contract"], json!([]));
    let run = site.ends(0, &["diff", "old", "new", "--fail-on", "any"]);
    assert_eq!(run.stdout, "nothing changed for clients\n");
}

#[test]
fn answers_appear_vanish_and_change() {
    let site = site();
    site.write("data/users.yaml", "- { handle: ann, score: 4, team: red }\n- { handle: cy, score: 1 }\n");
    let diff = diff(&site, &[]);
    assert_eq!(diff["answers"]["appeared"], json!(["api/users/cy.json"]));
    assert_eq!(diff["answers"]["vanished"], json!(["api/users/bo.json"]));
    let changed: Vec<&str> =
        diff["answers"]["changed"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert!(changed.contains(&"api/users/ann.json") && changed.contains(&"api/board/limit/1.json"), "{changed:?}");
    assert!(!changed.iter().any(|key| key.ends_with("manifest.json") || key.ends_with("status.json")), "{changed:?}");
    assert_eq!(messages(&diff, "breaking"), [""; 0], "content is no promise");
    let run = site.ends(1, &["diff", "old", "new", "--fail-on", "any"]);
    assert!(run.stdout.contains("+ api/users/cy.json") && run.stdout.contains("- api/users/bo.json"), "{}", run.stdout);
    site.ends(0, &["diff", "old", "new", "--fail-on", "breaking"]);
}

#[test]
fn additive_and_breaking_are_told_apart() {
    let site = site();
    site.write(
        "site/schemas/user.json",
        SCHEMA.replace("[\"handle\", \"score\"]", "[\"handle\"]").replace(
            "\"score\": { \"type\": \"integer\" }",
            "\"score\": { \"type\": \"integer\" }, \"nick\": { \"type\": \"string\" }",
        ),
    );
    site.write("site/site.toml", SETTINGS.replace("max = 50", "max = 40").replace("size = 2", "size = 3"));
    let diff = diff(&site, &[]);
    let breaking = messages(&diff, "breaking");
    for expected in [
        "/api/board the greatest `limit` was 50, and is 40",
        "/api/board/page/{page} a page had 2 rows, and has 3",
        "/api/users/{handle} `score` may be absent",
        "/api/board `score` of an item of the answer may be absent",
    ] {
        assert!(breaking.iter().any(|message| message == expected), "{expected}: {breaking:#?}");
    }
    assert!(
        messages(&diff, "additive").contains(&"/api/users/{handle} `nick` of the answer is new".to_owned()),
        "{diff:#}"
    );
    site.ends(1, &["diff", "old", "new", "--fail-on", "breaking"]);
}

#[test]
fn manifests_and_urls_are_releases_too() {
    let site = site();
    site.ends(0, &["build", "--out", "new", "--now", NOW]);
    site.ends(0, &["diff", "old/api/manifest.json", "new", "--fail-on", "any"]);
    site.ends(3, &["diff", "old", "data"]);
    site.ends(3, &["diff", "old", "nowhere"]);
    #[cfg(feature = "serve")]
    {
        let server = crate::server::Server::of(&site);
        let url = format!("http://{}/api/manifest.json", server.address);
        let run = site.ends(0, &["diff", "old", &url, "--fail-on", "any"]);
        assert_eq!(run.stdout, "nothing changed for clients\n");
        site.ends(3, &["diff", "old", &format!("http://{}/nothing/manifest.json", server.address)]);
    }
}

#[test]
fn a_build_may_not_break_its_clients() {
    let site = site();
    let against = ["build", "--now", NOW, "--against", "old"];
    site.ends(0, &against);
    site.write("site/site.toml", SETTINGS.replace("path = \"board\"", "path = \"table\""));
    let run = site.ends(1, &against);
    assert!(
        run.stderr.contains("error[breaking-change]") && run.stderr.contains("the route is gone"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("raise `version` under `[surfaces.api]`"), "{}", run.stderr);
    site.write("site/site.toml", SETTINGS.replace("max = 50", "max = 10"));
    let run = site.ends(1, &against);
    assert!(run.stderr.contains("--> site/site.toml:11:8"), "at the view's path: {}", run.stderr);
    assert!(site.path("public/api/board/limit/50.json").exists(), "nothing was written");
    site.write(
        "site/site.toml",
        SETTINGS.replace("max = 50", "max = 10").replace("prefix = \"/api\"", "prefix = \"/api\"\nversion = 2"),
    );
    site.ends(0, &against);
    site.ends(3, &["build", "--against", "nowhere"]);
}

/// The build that it is compared with may be the one that it replaces.
#[test]
fn an_output_folder_guards_itself() {
    let site = site();
    site.ends(0, &["build", "--out", "old", "--against", "old", "--now", NOW]);
    site.write("site/site.toml", SETTINGS.replace("default = 2", "default = 3"));
    site.ends(1, &["build", "--out", "old", "--against", "old", "--now", NOW]);
    assert_eq!(site.json("old/api/board.json").as_array().map(Vec::len), Some(2));
}

/// A closed group promises its values; a path promises the field that it is made of.
#[test]
fn what_a_path_takes_is_a_promise() {
    let view =
        "\n[[views]]\npath = \"teams/{team}\"\nfrom = \"users\"\ngroup = \"team\"\nvalues = [\"red\", \"blue\"]\n";
    let site = site();
    site.write("site/site.toml", format!("{SETTINGS}{view}"));
    site.ends(0, &["build", "--out", "old", "--now", NOW]);
    site.write("site/site.toml", format!("{SETTINGS}{}", view.replace(", \"blue\"", "")));
    let change = diff(&site, &[]);
    let gone = "/api/teams/{team} the path's `team` is no longer \"blue\"";
    assert!(messages(&change, "breaking").iter().any(|message| message == gone), "{change:#}");
    site.write("site/site.toml", format!("{SETTINGS}{view}").replace("users/{handle}", "users/{score}"));
    let change = diff(&site, &[]);
    let renamed = "/api/users/{handle} the path's `handle` is now `score`";
    assert!(messages(&change, "breaking").iter().any(|message| message == renamed), "{change:#}");
}

/// A release that cannot be read for what it promised is no release that promised nothing.
#[test]
fn a_baseline_that_tells_nothing_is_refused() {
    let site = site();
    for document in ["{}", "[]", "{\"paths\":{}}"] {
        site.write("old/api/openapi.json", document);
        let run = site.ends(3, &["build", "--against", "old"]);
        assert!(run.stderr.contains("digest"), "{}", run.stderr);
    }
    let run = site.ends(3, &["build", "--against", "https://club.example/v1/manifest.json"]);
    assert!(run.stderr.contains("reads no network"), "{}", run.stderr);
}

#[test]
fn a_surface_that_is_gone_has_a_way_out() {
    let site = site();
    site.write(
        "site/site.toml",
        SETTINGS.replace("[surfaces.api]\nprefix = \"/api\"", "[surfaces.v2]\nprefix = \"/v2\""),
    );
    let run = site.ends(1, &["build", "--against", "old"]);
    assert!(run.stderr.contains("keep `[surfaces.api]` until nobody asks it"), "{}", run.stderr);
}
