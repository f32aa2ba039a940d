//! Broken facts of activity, and broken declarations of what is made of them.

use crate::support::Site;
use serde_json::{Value as Json, json};

const SITE: &str = r#"
[site]
name = "Test"
base_url = "https://test.example"
[collections.users]
sources = ["data/users.json"]
key = "id"
[sources.calendar]
kind = "github"
[scores.calendar]
from = "calendar"
into = { score = "github" }
"#;

fn told(site: &Site) -> Vec<String> {
    let run = site.run(&["check", "--format", "json", "--now", "2026-01-02T00:00:00Z"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let document: Json = serde_json::from_str(&run.stdout).expect("a document");
    let text = |fault: &Json, name: &str| fault[name].as_str().expect("text").to_owned();
    document["diagnostics"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|fault| format!("{}:{} {}", text(fault, "path"), fault["line"], text(fault, "message")))
        .collect()
}

#[test]
fn broken_facts_are_told_at_their_line() {
    let site = Site::empty().file("site/site.toml", SITE);
    site.write("data/users.json", "[{\"id\": \"a\", \"dateJoined\": \"soon\", \"timeZone\": \"Mars/Base\"}]");
    let line =
        |days: &str, member: &str| format!("{{\"days\":\"{days}\",\"from\":\"2026-01-01\",\"member\":\"{member}\"}}\n");
    let facts = line("1", "a") + "\n" + &line("1 x", "b") + "nonsense\n" + &line("1", "A");
    site.write("data/activity/calendar.ndjson", facts);
    site.write("data/activity/calendar.checked.json", "{\n\"members\": 3}");
    let told = told(&site);
    let has = |text: &str| assert!(told.iter().any(|fault| fault.contains(text)), "{text}: {told:#?}");
    has("calendar.ndjson:3 this is no activity of a member: `x` is no count of days");
    has("calendar.ndjson:4 this is no activity of a member: a line is an object");
    has("calendar.ndjson:5 this is no activity of a member: `a` has a line already");
    has("calendar.checked.json:2");
    has("data/users.json:1 `soon` is not a date");
    has("data/users.json:1 `Mars/Base` is not a time zone");
}

const BROKEN: &str = r#"[site]
name = "Test"
base_url = "https://test.example"
[collections.users]
sources = ["data/users.json"]
key = "id"
[collections.users.derive]
total = "1"
[sources.Bad]
kind = "githob"
[sources.github]
kind = "github"
mode = "journal"
members = "people"
token = { evn = "X" }
[sources.file]
kind = "csv"
path = "../x.csv"
[sources.program]
kind = "command"
[sources.good]
kind = "feed"
stale_hours = 0
[scores.one]
from = "god"
[scores.two]
from = "good"
grace_days = -1
exclude = ["caturday"]
period = "fortnight"
since = "2026-02-30"
into = { score = "id", streak = "total", longest = "twice", active = "twice", points = "x" }
windows = { a = "30", b = "0d", c = "2026-13" }
[scores.three]
from = "good"
[[views]]
path = "board"
from = "users"
rank = { by = "total", movement_days = 0 }
[[views]]
path = "users/{id}/standing"
from = "users"
standing = "bord"
sort = ["total"]
"#;

const TOLD: &[&str] = &[
    "site.toml:9 `Bad` is no name for a source",
    "site.toml:10 `githob` is no kind of source",
    "site.toml:13 `journal` is no mode",
    "site.toml:14 there is no collection `people`",
    "site.toml:15 `token` of source `github` has no option `evn`",
    "site.toml:18 `../x.csv` does not stay below the site's root",
    "site.toml:19 a source of the kind `command` has no `command`",
    "site.toml:23 `stale_hours` of source `good` is a whole number from 1",
    "site.toml:25 there is no source `god`",
    "site.toml:28 `grace_days` of score `two` is a whole number from 0",
    "site.toml:29 `caturday` is no weekday",
    "site.toml:30 `fortnight` is no period",
    "site.toml:31 `2026-02-30` is not a date",
    "site.toml:32 `into` of score `two` has no option `points`",
    "site.toml:33 `30` is no window",
    "site.toml:33 `0d` is no window",
    "site.toml:33 `2026-13` is no window",
    "site.toml:32 `id` of `users` is the key",
    "site.toml:32 `total` of `users` is derived",
    "site.toml:32 `twice` of `users` is named twice",
    "site.toml:34 score `three` computes nothing",
    "site.toml:39 `movement_days` of",
    "site.toml:43 there is no ranked list `bord`",
    "site.toml:44 `sort` has no meaning in a view that tells about records",
];

#[test]
fn broken_declarations_are_told_at_their_line() {
    let site = Site::empty().file("site/site.toml", BROKEN);
    site.write("data/users.json", "[{\"id\": \"a\"}]");
    let told = told(&site);
    let has = |text: &str| assert!(told.iter().any(|fault| fault.contains(text)), "{text}: {told:#?}");
    for text in TOLD {
        has(text);
    }
}

/// What is private stays so where numbers are explained and neighbours named.
#[test]
fn nothing_private_is_explained() {
    let site = r#"
[site]
name = "Test"
base_url = "https://test.example"
[collections.users]
sources = ["data/users.json"]
key = "id"
private = ["note", "hidden"]
[surfaces.v1]
prefix = "/v1"
shape = "envelope"
[sources.calendar]
kind = "github"
[scores.calendar]
from = "calendar"
into = { score = "hidden" }
[[views]]
path = "board"
from = "users"
where = "note == 'a secret'"
rank = { by = "hidden" }
fields = ["id", "rank"]
[[views]]
path = "users/{id}/standing"
from = "users"
standing = "board"
[[views]]
path = "users/{id}/explain"
from = "users"
explain = true
"#;
    let site = Site::empty().file("site/site.toml", site);
    let user = |id: &str, note: &str| format!("{{\"id\": \"{id}\", \"note\": \"{note}\"}}");
    site.write(
        "data/users.json",
        format!("[{}, {}, {}]", user("a", "a secret"), user("b", "a secret"), user("c", "none")),
    );
    let line =
        |days: &str, member: &str| format!("{{\"days\":\"{days}\",\"from\":\"2026-01-01\",\"member\":\"{member}\"}}\n");
    site.write("data/activity/calendar.ndjson", line("4711", "a") + &line("815", "b"));
    site.ends(0, &["build", "--verify", "--now", "2026-01-02T00:00:00Z"]);
    for (key, body) in
        site.public().into_iter().filter(|(key, _)| key.starts_with("v1/users/") || key.starts_with("v1/board"))
    {
        let text = String::from_utf8_lossy(&body);
        for secret in ["a secret", "4711", "815", "3896"] {
            assert!(!text.contains(secret), "{key} tells {secret}");
        }
    }
    let standing = site.json("public/v1/users/b/standing.json")["data"].clone();
    assert_eq!(
        (&standing["rank"], &standing["value"], &standing["next"]["points"]),
        (&2.into(), &Json::Null, &Json::Null)
    );
}

/// Of who joined on a private day, nothing is told that tells the day.
#[test]
fn a_private_day_of_joining_is_not_explained() {
    let settings = SITE.replace("key = \"id\"", "key = \"id\"\nprivate = [\"dateJoined\"]")
        + "[[views]]\npath = \"users/{id}/explain\"\nfrom = \"users\"\nexplain = true\n";
    let site = Site::empty().file("site/site.toml", settings);
    site.write("data/users.json", "[{\"id\": \"a\", \"dateJoined\": \"2026-05-04\"}]");
    let facts = "{\"days\":\"3 _2 2x5\",\"from\":\"2026-05-01\",\"member\":\"a\"}\n";
    site.write("data/activity/calendar.ndjson", facts);
    site.ends(0, &["build", "--verify", "--now", "2026-05-08T00:00:00Z"]);
    let told = site.text("public/api/users/a/explain.json");
    assert!(
        !told.contains("2026-05-04") && !told.contains("daysBeforeStart") && !told.contains("since\":\""),
        "{told}"
    );
}

/// What is written of a day of which nothing is known stands for nothing: a record keeps its numbers.
#[test]
fn unknown_days_are_no_facts() {
    let site = Site::empty().file("site/site.toml", format!("{SITE}[[views]]\npath = \"users\"\nfrom = \"users\"\n"));
    site.write("data/users.json", "[{\"id\": \"a\", \"score\": 9}]");
    let facts = "\u{feff}{\"days\":\"?9\",\"from\":\"2026-05-02\",\"member\":\"a\"}\n";
    site.write("data/activity/calendar.ndjson", facts);
    site.ends(0, &["build", "--now", "2026-05-08T00:00:00Z"]);
    assert_eq!(site.json("public/api/users.json")[0]["score"], 9);
}

/// Facts that are there and cannot be read are no missing facts.
#[cfg(unix)]
#[test]
fn facts_behind_a_link_are_not_taken_for_none() {
    let elsewhere =
        Site::empty().file("calendar.ndjson", "{\"days\":\"1\",\"from\":\"2026-01-01\",\"member\":\"a\"}\n");
    let link = |to: &str, at: &str| {
        let site = Site::empty().file("site/site.toml", SITE).file("data/users.json", "[{\"id\": \"a\"}]");
        let at = site.path(at);
        std::fs::create_dir_all(at.parent().expect("a folder")).expect("a folder");
        std::os::unix::fs::symlink(elsewhere.path(to), at).expect("a link");
        site.ends(1, &["build", "--now", "2026-01-02T00:00:00Z"]).stderr
    };
    assert!(link("calendar.ndjson", "data/activity/calendar.ndjson").contains("link-outside"));
    assert!(link("", "data/activity").contains("link-outside"));
    let site = Site::empty().file("site/site.toml", SITE).file("data/users.json", "[{\"id\": \"a\"}]");
    site.write("data/activity/calendar.ndjson/a.txt", "");
    assert!(site.ends(1, &["build", "--now", "2026-01-02T00:00:00Z"]).stderr.contains("bad-activity"));
}

/// Members are those who can be asked about now; one of whom nothing comes keeps the facts from being fresh.
#[test]
fn freshness_is_of_the_members_of_now() {
    let settings = SITE.replace("kind = \"github\"", "kind = \"github\"\naccount = \"account\"");
    let users = json!([
        { "id": "a", "account": "a" }, { "id": "b", "account": "b", "aliases": ["bee"] }, { "id": "new", "account": "n" },
        { "id": "off", "account": "o", "listed": false }, { "id": "draft", "account": "d", "draft": true },
        { "id": "blank", "account": " " }, { "id": "none" },
    ]);
    let site = Site::empty().file("site/site.toml", settings).file("data/users.json", users.to_string());
    let line = |member: &str| format!("{{\"days\":\"1\",\"from\":\"2025-01-01\",\"member\":\"{member}\"}}\n");
    site.write("data/activity/calendar.ndjson", line("a") + &line("left") + &line("off"));
    let checked = |hour: u32| json!({ "checkedAt": format!("2026-01-20T{hour:02}:00:00Z") });
    let failing = json!({ "checkedAt": "2026-01-20T02:00:00Z", "triedAt": "2026-01-21T00:00:00Z" });
    let missing = json!({ "since": "2026-01-01T00:00:00Z", "times": 1 });
    let left = json!({ "checkedAt": "2026-01-01T00:00:00Z", "triedAt": "2026-01-02T00:00:00Z", "missing": missing });
    let checks = json!({ "checkedAt": "2026-01-20T12:00:00Z", "members": {
        "A": checked(6), "Bee": failing, "off": left, "draft": left, "left": left,
    } });
    site.write("data/activity/calendar.checked.json", checks.to_string());
    let at = |now: &str| {
        site.ends(0, &["build", "--now", now]);
        let status = site.json("public/api/status.json");
        (status["sources"]["calendar"].clone(), status["nextChangeAt"].clone())
    };
    let (told, next) = at("2026-01-21T13:59:59Z");
    let wanted = json!({
        "kind": "github", "checkedAt": "2026-01-20T12:00:00Z", "oldestCheckAt": "2026-01-20T02:00:00Z",
        "members": 3, "unchecked": 1, "failing": 1, "missing": 0, "stale": false,
    });
    assert_eq!((&told, &next), (&wanted, &json!("2026-01-21T14:00:00Z")));
    // A day and a half after the last answer about `b`, though everybody was asked about since.
    assert_eq!(at("2026-01-21T14:00:00Z").0["stale"], true);
}
