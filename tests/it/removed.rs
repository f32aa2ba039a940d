//! Who leaves is gone: from every file of the release, without a fault in what speaks of them.

use crate::entries::{SETTINGS, data, delete, keys, outcome, patch, put, site};
use crate::support::{NOW, Site, tree};
use precast::model::Removed;
use serde_json::{Value, json};
use std::io::Read;

/// Pages, a score from activity, an index for searching and badges, beside the answers.
const MORE: &str = r#"
[sources.github]
kind = "github"

[scores.github]
from = "github"
into = { score = "points", streak = "streak" }

[[pages]]
path = "/members/{handle}"
template = "member.html"
from = "users"
each = true

[[pages]]
path = "/articles/{slug}"
template = "article.html"
from = "articles"
each = true

[[views]]
path = "board"
from = "users"
sort = ["-points"]
rank = { by = "points", movement_days = 7 }

[[badges]]
path = "/badges/{handle}"
from = "users"
label = "Points"
message = "points ~ ''"
"#;

/// A site where Ann Lee is a member in many ways.
fn community() -> Site {
    let site = site();
    let settings = SETTINGS.replace("lookup = { author", "lookup = { editor = \"users\", author");
    site.write("site/site.toml", format!("{settings}{MORE}"));
    site.write("site/schemas/user.json", "{}");
    // Points come from activity here: no member writes them.
    site.write("site/writes/user.json", r#"{ "type": "object", "properties": { "name": {}, "bio": {} } }"#);
    site.write("site/templates/member.html", "<h1>{{ record.name }}</h1>{{ heatmap('users', 'ann') }}");
    site.write(
        "site/templates/article.html",
        "{{ record.html }}{% if record.author %}{{ record('users', record.author).name }}{% endif %}",
    );
    site.write("data/users.json", json!([{ "handle": "bo", "name": "Bo Diaz", "aliases": ["bobo"] }]).to_string());
    let settings =
        site.text("site/site.toml").replace("[\"data/users.json\"]", "[\"content/users\", \"data/users.json\"]");
    site.write("site/site.toml", settings);
    site.write(
        "content/users/ann.md",
        "---\nhandle: ann\nname: Ann Lee-Quux\nteam: Blue Herons\naliases: [annie-q]\n---\nI like **zeppelins**.\n",
    );
    site.write(
        "content/articles/first.md",
        "---\ntitle: First\nauthor: ann\neditor: annie-q\n---\nBy [her](../users/ann.md), see [the page](/members/ann) or [this](/v1/users/ann.json).\n",
    );
    site.write(
        "data/activity/github.ndjson",
        "{\"days\":\"3 4321987 4\",\"from\":\"2026-05-20\",\"member\":\"ann\"}\n{\"days\":\"1 2\",\"from\":\"2026-05-20\",\"member\":\"bo\"}\n",
    );
    site
}

/// The texts of all files, unpacked where they are packed, in lower case.
fn texts(site: &Site) -> Vec<(String, String)> {
    let unpacked = |bytes: Vec<u8>| {
        let mut text = Vec::new();
        let read = flate2::read::GzDecoder::new(bytes.as_slice()).read_to_end(&mut text);
        String::from_utf8_lossy(if read.is_ok() { &text } else { &bytes }).to_lowercase()
    };
    tree(&site.path("public")).into_iter().map(|(key, bytes)| (key.to_lowercase(), unpacked(bytes))).collect()
}

/// The keys of files that say something of Ann.
fn speak_of_ann(site: &Site) -> Vec<String> {
    let values = ["lee-quux", "blue herons", "zeppelin", "annie-q", "4321987", "members/ann", "users/ann", "\"ann\""];
    let of_ann = |text: &str| values.iter().any(|value| text.contains(value));
    texts(site).into_iter().filter(|(key, text)| of_ann(key) || of_ann(text)).map(|(key, _)| key).collect()
}

/// No file holds anything of a member who left: not their values, not their key, not what is known of their days.
#[test]
fn who_left_is_in_no_file() {
    let site = community();
    // Nobody else has that member: its name is still known.
    let teams = "[[views]]\npath = \"teams\"\nfrom = \"users\"\ncount = \"team\"\n";
    site.write("site/site.toml", site.text("site/site.toml") + teams);
    site.build();
    assert!(speak_of_ann(&site).len() > 8, "{:?}", speak_of_ann(&site));
    let left = delete("users", "Ann", 1);
    left.add(&site);
    let run = site.ends(0, &["build", "--now", NOW, "--strict", "--verify"]);
    assert_eq!(speak_of_ann(&site), [""; 0]);
    assert_eq!(keys(&site, "users", "handle"), ["bo"]);
    assert_eq!(data(&site, "articles/first")["author"], Value::Null);
    assert!(!run.stderr.contains("ann"), "{}", run.stderr);
    assert_eq!(outcome(&site, &left), ("published".to_owned(), Vec::new()));
    let article = site.text("public/articles/first.html");
    assert!(article.contains("By <a href=\"#\">her</a>, see <a href=\"#\">the page</a>"), "{article}");
}

/// What is known of the days of a member who is not published is drawn nowhere, whoever asks for it by name.
#[test]
fn who_is_hidden_is_not_drawn() {
    let site = community();
    let draw =
        "{{ heatmap('users', 'ann') }}{{ sparkline('users', 'ann') }}{{ sparkline('users', 'ann', score='github') }}";
    site.write("site/templates/member.html", format!("<h1>{{{{ record.name }}}}</h1>{draw}"));
    let drawn = |site: &Site| site.text("public/members/bo.html").matches("<svg").count();
    site.build();
    assert_eq!(drawn(&site), 3);
    let ann = site.text("content/users/ann.md");
    for hidden in ["listed: false", "draft: true", "date: 2026-07-01", "expires: 2026-05-01"] {
        site.write("content/users/ann.md", ann.replace("handle: ann", &format!("handle: ann\n{hidden}")));
        site.write("content/articles/first.md", "---\ntitle: First\nauthor: bo\neditor: bo\n---\nWords.\n");
        site.build();
        assert_eq!(drawn(&site), 0, "{hidden}");
        let published = speak_of_ann(&site).into_iter().filter(|key| !key.starts_with(".precast/"));
        assert_eq!(published.collect::<Vec<_>>(), [""; 0], "{hidden}");
    }
}

/// Records that are removed for ever stay away, whatever brings them back; no file of the site names them.
#[test]
fn tombstones_outlast_every_import() {
    let site = community();
    let digest = Removed::digest("users", "ann");
    site.write("data/tombstones.json", json!({ "users": [digest] }).to_string());
    site.write(
        "content/articles/first.md",
        "---\ntitle: First\nauthor: ann\neditor: Ann\n---\nBy [her](../users/ann.md).\n",
    );
    site.ends(0, &["build", "--now", NOW, "--strict"]);
    assert_eq!(speak_of_ann(&site), [""; 0]);
    // Where not even a source knows them any more, references are still no fault.
    std::fs::remove_file(site.path("content/users/ann.md")).expect("a file");
    site.ends(0, &["build", "--now", NOW, "--strict"]);
    assert_eq!(data(&site, "articles/first")["author"], Value::Null);
    // Neither does a write bring them back.
    let back = put("users", "ann", 1, json!({ "name": "Ann Lee-Quux" }));
    back.add(&site);
    site.ends(0, &["build", "--now", NOW, "--strict"]);
    assert_eq!(keys(&site, "users", "handle"), ["bo"]);
    assert_eq!(outcome(&site, &back), ("rejected".to_owned(), vec!["bad-inbox-entry ".to_owned()]));
}

/// Only who left by a write comes back by one: it says that it follows the deletion.
#[test]
fn who_left_may_come_back() {
    let site = community();
    site.write("data/tombstones.json", json!({ "users": [Removed::digest("users", "ann")] }).to_string());
    let left = delete("users", "ann", 1);
    left.apply(&site);
    let back = put("users", "ann", 2, json!({ "name": "Ann Again" }));
    back.add(&site);
    site.build();
    assert_eq!(keys(&site, "users", "handle"), ["bo", "ann"]);
    assert_eq!(data(&site, "users/ann")["name"], "Ann Again");
    assert!(!site.answer("v1/users/ann").contains("Herons"), "nothing of what was there comes back");
    assert_eq!((outcome(&site, &left).0.as_str(), outcome(&site, &back).0.as_str()), ("published", "published"));
}

/// A site that takes no writes has tombstones all the same.
#[test]
fn tombstones_need_no_endpoint() {
    let site = Site::empty()
        .file("site/site.toml", "[site]\nname = \"T\"\n[collections.users]\nsources = [\"data\"]\nkey = \"id\"\n[[views]]\npath = \"users\"\nfrom = \"users\"\n")
        .file("data/users.json", r#"[{ "id": "Ann" }, { "id": "bo" }]"#)
        .file("data/tombstones.json", json!({ "users": [Removed::digest("users", "ann")] }).to_string());
    site.build();
    assert_eq!(site.json("public/api/users.json"), json!([{ "id": "bo" }]));
    for (wrong, place) in [
        ("{\"users\":[\"ann\"]}", "1:11"),
        ("{\"users\":\n \"ann\"}", "2:2"),
        ("[]", "1:1"),
        ("{\"users\":[7]}", "1:11"),
        ("{", "1:1"),
    ] {
        site.write("data/tombstones.json", wrong);
        let run = site.ends(1, &["check", "--now", NOW]);
        assert!(run.stderr.contains(&format!("data/tombstones.json:{place}")), "{wrong}: {}", run.stderr);
    }
    site.write("data/tombstones.json", json!({ "user": [Removed::digest("user", "ann")] }).to_string());
    let run = site.ends(1, &["check", "--now", NOW, "--strict"]);
    assert!(run.stderr.contains("did you mean `users`?"), "{}", run.stderr);
}

/// A member's own deletion waits for an editor where editors look at everything; until then nothing changes.
#[test]
fn a_deletion_waits_too() {
    let site = site();
    let left = delete("articles", "first", 1);
    left.add(&site);
    site.build();
    assert_eq!(keys(&site, "articles", "slug"), ["first"]);
    left.decide(&site, "approved", None);
    site.build();
    assert_eq!(data(&site, "articles"), json!([]));
}

/// Whoever was known from the inbox alone leaves no dangling reference either.
#[test]
fn who_came_through_the_inbox_can_leave() {
    let site = site();
    site.write("content/articles/second.md", "---\ntitle: Second\nauthor: cy\n---\n");
    put("users", "cy", 1, json!({ "name": "Cy" })).add(&site);
    patch("users", "cy", 2, json!({ "bio": "x" })).add(&site);
    site.build();
    assert_eq!(data(&site, "articles/second")["author"], "cy");
    delete("users", "cy", 3).add(&site);
    site.ends(0, &["build", "--now", NOW, "--strict"]);
    assert_eq!(data(&site, "articles/second")["author"], Value::Null);
}
