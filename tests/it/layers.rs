//! Layers merged by key, derived and private members, and the records that are not published.

use crate::support::{NOW, Site, tree};
use serde_json::json;

const SITE: &str = r#"
[collections.users]
sources = ["content/users", "data/users.json"]
key = "handle"
private = ["email"]

[collections.users.derive]
score = "github + twitter"
level = "'gold' if score >= 100 else 'blue'"

[collections.articles]
sources = ["content/articles"]
key = "slug"
schema = "site/schemas/article.json"

[surfaces.api]
prefix = "/api"
shape = "bare"

[surfaces.v1]
prefix = "/v1"
shape = "envelope"

[[views]]
path = "users"
from = "users"
fields = ["handle", "name", "score"]

[[views]]
path = "users/{handle}"
from = "users"
each = true

[[views]]
path = "articles"
from = "articles"
fields = ["slug", "author"]

[[views]]
path = "by/{author}"
from = "articles"
group = "author"

[[views]]
path = "reads"
from = "articles"
lookup = { author = "users" }
fields = ["slug", "author"]
"#;

const SCHEMA: &str = r#"{
  "type": "object",
  "properties": {
    "title": { "type": "string" },
    "author": { "type": "string", "x-ref": "users" },
    "draft": { "type": "boolean" },
    "date": { "type": "string" },
    "expires": { "type": "string" }
  },
  "required": ["title", "author"],
  "additionalProperties": false
}"#;

/// Members with a profile of their own, and scores that an export lays over it.
fn site() -> Site {
    Site::empty()
        .file("site/site.toml", SITE)
        .file("site/schemas/article.json", SCHEMA)
        .file("content/users/Zed.md", "---\nhandle: Zed\nname: Zed\nemail: zed-secret@example.org\n---\n")
        .file("content/users/ann.md", "---\nhandle: Ann\nname: Ann\ngithub: 1\ntwitter: 2\n---\n")
        .file(
            "data/users.json",
            r#"[
              { "handle": "new", "name": "New", "github": 5, "twitter": 5, "email": "new-secret@example.org" },
              { "handle": "ANN", "github": 90, "twitter": 20 },
              { "handle": "zed", "github": 0, "twitter": 0, "name": "Zed Two" }
            ]"#,
        )
        .file("content/articles/one.md", "---\ntitle: One\nauthor: ann\n---\nText.\n")
        .file("content/articles/two.md", "---\ntitle: Two\nauthor: NEW\n---\nText.\n")
}

/// The files that hold `text`, the build's own state among them.
fn files_with(site: &Site, text: &str) -> Vec<String> {
    let holds = |bytes: &[u8]| bytes.windows(text.len()).any(|window| window.eq_ignore_ascii_case(text.as_bytes()));
    // The vendored reference knows every word.
    let files = tree(&site.path("public")).into_iter().filter(|(path, _)| !path.starts_with("api-docs/swagger-ui"));
    files.filter(|(path, bytes)| path.contains(text) || holds(bytes)).map(|(path, _)| path).collect()
}

#[test]
fn a_later_layer_overrides_member_by_member() {
    let site = site();
    site.build();
    let ann = site.json("public/api/users/ann.json");
    assert_eq!(ann["name"], "Ann", "the later layer does not say it, so it stands");
    assert_eq!((&ann["github"], &ann["twitter"]), (&json!(90), &json!(20)));
    assert_eq!(site.json("public/api/users/zed.json")["name"], "Zed Two");
}

#[test]
fn a_key_keeps_its_first_spelling() {
    let site = site();
    site.build();
    assert_eq!(site.json("public/api/users/ann.json")["handle"], "Ann");
    assert_eq!(site.json("public/v1/users/zed.json")["links"]["self"], "/v1/users/zed");
}

/// First layer, then path (by code point, so `Zed.md` before `ann.md`), then place in the file.
#[test]
fn records_stand_in_source_order() {
    let site = site();
    site.build();
    let rows = json!([
        { "handle": "Zed", "name": "Zed Two", "score": 0 },
        { "handle": "Ann", "name": "Ann", "score": 110 },
        { "handle": "new", "name": "New", "score": 10 },
    ]);
    assert_eq!(site.json("public/api/users.json"), rows);
}

#[test]
fn derived_members_see_the_merged_record_and_each_other() {
    let site = site();
    site.build();
    let ann = site.json("public/api/users/ann.json");
    assert_eq!((&ann["score"], &ann["level"]), (&json!(110), &json!("gold")));
    assert_eq!(site.json("public/api/users/new.json")["level"], "blue");
}

#[test]
fn private_members_leave_the_build_nowhere() {
    let site = site();
    site.build();
    assert_eq!(files_with(&site, "secret"), [""; 0]);
    assert_eq!(files_with(&site, "email"), [""; 0], "the schema does not name it either");
    assert_ne!(files_with(&site, "Zed Two"), [""; 0], "what is public is found that way");
}

#[test]
fn a_view_may_sort_by_a_private_member_but_not_show_it() {
    let site = site();
    let view = "\n[[views]]\npath = \"sorted\"\nfrom = \"users\"\nsort = [\"-email\"]\n";
    site.write("site/site.toml", format!("{SITE}{view}"));
    site.build();
    let sorted = site.json("public/api/sorted.json");
    let order: Vec<_> = sorted.as_array().expect("rows").iter().map(|row| row["handle"].as_str()).collect();
    assert_eq!(order, [Some("Zed"), Some("new"), Some("Ann")]);
    assert_eq!(files_with(&site, "secret"), [""; 0]);
    site.write("site/site.toml", format!("{SITE}{view}fields = [\"handle\", \"email\"]\n"));
    let run = site.ends(1, &["build", "--now", NOW]);
    assert!(run.stderr.contains("error[private-field]"), "{}", run.stderr);
}

#[test]
fn drafts_are_hidden_and_named() {
    let site = site().file("content/articles/three.md", "---\ntitle: Three\nauthor: ann\ndraft: true\n---\n");
    let run = site.build();
    assert!(run.stderr.contains("content/articles/three.md (`three` of articles) is a draft"), "{}", run.stderr);
    assert_eq!(files_with(&site, "three"), [".precast/state"], "only the build's own notes know of it");
    let summary = site.ends(0, &["build", "--now", NOW, "--format", "json"]).stdout;
    let summary: serde_json::Value = serde_json::from_str(&summary).expect("JSON");
    assert_eq!(
        summary["summary"]["hidden"],
        json!([{
            "collection": "articles", "key": "three", "path": "content/articles/three.md", "reason": "draft", "at": null
        }])
    );
}

#[test]
fn a_scheduled_record_appears_when_its_time_has_come() {
    let site =
        site().file("content/articles/soon.md", "---\ntitle: Soon\nauthor: ann\ndate: 2026-06-01T18:12:00Z\n---\n");
    let run = site.build();
    let told = "content/articles/soon.md (`soon` of articles) is scheduled: live in 6 h 12 min";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    let live =
        |site: &Site| site.path("public/api/articles.json").exists() && site.answer("api/articles").contains("soon");
    assert!(!live(&site));
    let run = site.ends(0, &["build", "--now", "2026-06-01T18:11:59Z"]);
    assert!(run.stderr.contains("live in less than a minute"), "{}", run.stderr);
    assert!(!live(&site));
    let run = site.ends(0, &["build", "--now", "2026-06-01T18:12:00Z"]);
    assert!(!run.stderr.contains("soon"), "{}", run.stderr);
    assert!(live(&site));
}

/// A date without a time is the start of that day in the site's time zone.
#[test]
fn a_civil_date_begins_in_the_sites_time_zone() {
    let site = site().file("content/articles/day.md", "---\ntitle: Day\nauthor: ann\ndate: 2026-06-02\n---\n");
    site.write("site/site.toml", format!("[site]\ntime_zone = \"Asia/Tokyo\"\n{SITE}"));
    site.ends(0, &["build", "--now", "2026-06-01T14:59:59Z"]);
    assert!(!site.answer("api/articles").contains("day"));
    site.ends(0, &["build", "--now", "2026-06-01T15:00:00Z"]);
    assert!(site.answer("api/articles").contains("day"));
}

#[test]
fn an_expired_record_goes() {
    let site =
        site().file("content/articles/meet.md", "---\ntitle: Meet\nauthor: ann\nexpires: 2026-06-01T11:00:00Z\n---\n");
    site.ends(0, &["build", "--now", "2026-06-01T10:59:59Z"]);
    assert!(site.answer("api/articles").contains("meet"));
    let run = site.build();
    assert!(run.stderr.contains("`meet` of articles) expired 1 h 0 min ago"), "{}", run.stderr);
    assert!(!site.answer("api/articles").contains("meet"));
}

/// Who asks not to be listed is in no answer, in no group, and not in the build's report.
#[test]
fn an_unlisted_record_is_nowhere() {
    let ghost = "---\nhandle: ghost\nname: Casper\nlisted: false\ngithub: 999\ntwitter: 1\n---\n";
    let site = site()
        .file("content/users/ghost.md", ghost)
        .file("content/articles/boo.md", "---\ntitle: Boo\nauthor: ghost\n---\n");
    let run = site.build();
    assert_eq!(files_with(&site, "ghost"), [""; 0]);
    assert_eq!(files_with(&site, "Casper"), [""; 0]);
    let boo = json!({ "slug": "boo", "author": null });
    assert_eq!(site.json("public/api/articles.json")[0], boo);
    assert_eq!(site.json("public/api/reads.json")[0], boo);
    assert!(run.stderr.contains("warning[hidden-reference]"), "{}", run.stderr);
    assert!(run.stderr.contains("content/articles/boo.md:3:9"), "{}", run.stderr);
}

#[test]
fn strict_takes_a_warning_for_a_fault() {
    let site = site()
        .file("content/users/ghost.md", "---\nhandle: ghost\nlisted: false\ngithub: 1\ntwitter: 1\n---\n")
        .file("content/articles/boo.md", "---\ntitle: Boo\nauthor: ghost\n---\n");
    let run = site.ends(1, &["build", "--now", NOW, "--strict"]);
    assert!(run.stderr.contains("0 errors and 1 warning; nothing was written"), "{}", run.stderr);
    assert!(!site.path("public").exists());
    site.ends(1, &["check", "--now", NOW, "--strict"]);
    site.ends(0, &["check", "--now", NOW]);
}

/// The later layer may be the one that hides.
#[test]
fn a_later_layer_may_unlist() {
    let site = site().file("data/users.json", r#"[{ "handle": "zed", "listed": false, "github": 1, "twitter": 1 }]"#);
    site.write("content/articles/two.md", "---\ntitle: Two\nauthor: ann\n---\n");
    site.build();
    assert_eq!(site.json("public/api/users.json"), json!([{ "handle": "Ann", "name": "Ann", "score": 3 }]));
    assert_eq!(files_with(&site, "zed"), [""; 0]);
}

#[test]
fn a_reference_to_a_draft_is_null_with_a_warning() {
    let site = site();
    site.write("content/users/ann.md", "---\nhandle: Ann\nname: Ann\ndraft: true\n---\n");
    let run = site.build();
    assert!(run.stderr.contains("warning[hidden-reference]"), "{}", run.stderr);
    assert_eq!(site.json("public/api/articles.json")[0], json!({ "slug": "one", "author": null }));
    assert!(!site.path("public/api/by/ann.json").exists());
}
