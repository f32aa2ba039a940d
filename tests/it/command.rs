//! The command line: exit codes, formats of the report, and the commands that print.

use crate::support::{NOW, Site};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs::File;
use std::time::{Duration, Instant};

const SITE: &str = r#"
[collections.users]
sources = ["data/users.yaml"]
key = "handle"
schema = "site/schemas/user.json"
private = ["email"]

[surfaces.api]
prefix = "/api"
shape = "bare"

[surfaces.v1]
prefix = "/v1"
shape = "envelope"

[[views]]
path = "leaderboard"
from = "users"
sort = ["-score"]
limit = { default = 10, max = 50 }
page = { size = 25 }

[[views]]
path = "users/{handle}"
from = "users"
each = true
surfaces = ["v1"]
"#;

const SCHEMA: &str = r#"{
  "type": "object",
  "properties": {
    "handle": { "type": "string" },
    "score": { "type": "integer" },
    "email": { "type": "string", "format": "email" }
  },
  "required": ["handle", "email"],
  "additionalProperties": false
}"#;

fn site(users: &str) -> Site {
    Site::empty().file("site/site.toml", SITE).file("site/schemas/user.json", SCHEMA).file("data/users.yaml", users)
}

const GOOD: &str = "- handle: ann\n  email: ann@example.org\n  score: 3\n";
const FAULTY: &str = "- handle: ann\n  email: ann@example.org\n  score: three\n- handle: bo\n  skore: 4\n";

fn document(stdout: &str) -> Value {
    serde_json::from_str(stdout).unwrap_or_else(|e| panic!("{e}: {stdout}"))
}

#[test]
fn exit_codes_tell_whose_fault_it_is() {
    assert_eq!(site(GOOD).run(&["check"]).code, Some(0), "done");
    assert_eq!(site(FAULTY).run(&["check"]).code, Some(1), "the files are wrong");
    assert_eq!(site(FAULTY).run(&["build"]).code, Some(1), "the files are wrong");
    assert_eq!(site(GOOD).run(&["build", "--out", "data"]).code, Some(2), "the command is wrong");
    assert_eq!(site(GOOD).file("public", "").run(&["build"]).code, Some(3), "the world is in the way");
}

#[test]
fn wrong_usage_is_told_on_standard_error() {
    for arguments in [
        &["biuld"] as &[&str],
        &[],
        &["build", "--jobs", "0"],
        &["build", "--jobs", "many"],
        &["build", "--now", "tomorrow"],
        &["build", "--format", "xml"],
        &["build", "--outt", "x"],
        &["check", "extra"],
        &["new", "planet", "x"],
        &["schema"],
        &["schema", "planets"],
        &["explain", "no-such-code"],
    ] {
        let run = site(GOOD).ends(2, arguments);
        assert_eq!(run.stdout, "", "{arguments:?}");
        assert!(!run.stderr.is_empty(), "{arguments:?}");
    }
    let run = site(GOOD).ends(2, &["biuld"]);
    assert!(run.stderr.contains("biuld") && run.stderr.contains("build"), "{}", run.stderr);
}

#[test]
fn help_and_version_are_asked_for() {
    let run = Site::empty().ends(0, &["--help"]);
    for command in ["build", "check", "new", "routes", "schema", "explain"] {
        assert!(run.stdout.contains(&format!("  {command} ")), "{command}: {}", run.stdout);
    }
    let run = Site::empty().ends(0, &["--version"]);
    assert_eq!(run.stdout, format!("precast {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_folder_without_a_site_is_told_with_a_way_out() {
    let place = Site::empty();
    for command in ["build", "check", "routes"] {
        let run = place.ends(1, &[command]);
        assert!(run.stderr.contains("error[missing-site]"), "{command}: {}", run.stderr);
        assert!(run.stderr.contains("help: ") && run.stderr.contains("precast new site DIR"), "{}", run.stderr);
    }
    assert!(!place.path("public").exists());
}

#[test]
fn the_root_may_be_named_from_anywhere() {
    let place = Site::empty().file("club/site/site.toml", SITE).file("club/site/schemas/user.json", SCHEMA);
    place.write("club/data/users.yaml", GOOD);
    place.ends(0, &["build", "--root", "club", "--now", NOW]);
    assert!(place.path("club/public/v1/users/ann.json").exists());
    place.ends(0, &["--root", "club", "check"]);
    place.write("club/data/users.yaml", FAULTY);
    let run = place.ends(1, &["check", "--root", "club", "--format", "json"]);
    assert_eq!(document(&run.stdout)["diagnostics"][0]["path"], "data/users.yaml", "relative to the root");
}

/// One document alone on standard output, with places counted from 1.
#[test]
fn json_for_programs() {
    for command in ["build", "check"] {
        let run = site(FAULTY).ends(1, &[command, "--now", NOW, "--format", "json"]);
        assert_eq!(run.stderr, "", "{command}");
        let document = document(&run.stdout);
        let members: Vec<&String> = document.as_object().expect("an object").keys().collect();
        assert_eq!(members, ["diagnostics", "summary"], "{command}");
        let diagnostics = document["diagnostics"].as_array().expect("a list");
        assert_eq!(diagnostics.len(), 3, "{document:#}");
        for diagnostic in diagnostics {
            let mut members: Vec<&str> =
                diagnostic.as_object().expect("an object").keys().map(String::as_str).collect();
            members.sort_unstable();
            assert_eq!(members, ["code", "column", "help", "line", "message", "path", "severity"]);
            assert_eq!((&diagnostic["severity"], &diagnostic["path"]), (&json!("error"), &json!("data/users.yaml")));
        }
        let place = |at: usize| [&diagnostics[at]["code"], &diagnostics[at]["line"], &diagnostics[at]["column"]];
        assert_eq!(place(0), [&json!("wrong-type"), &json!(3), &json!(10)]);
        let message = diagnostics[0]["message"].as_str().expect("a message");
        assert!(message.starts_with("`score` must be a whole number, not "), "{message}");
        assert!((1..3).any(|at| place(at) == [&json!("unknown-member"), &json!(5), &json!(3)]), "{document:#}");
        assert!((1..3).any(|at| diagnostics[at]["help"] == "did you mean `score`?"), "{document:#}");
        assert_eq!((&document["summary"]["errors"], &document["summary"]["warnings"]), (&json!(3), &json!(0)));
    }
    let run = site(GOOD).ends(0, &["build", "--now", NOW, "--format", "json"]);
    assert_eq!(run.stderr, "");
    assert_eq!(document(&run.stdout)["diagnostics"], json!([]));
}

#[test]
fn annotations_for_github() {
    let run = site(FAULTY).ends(1, &["check", "--now", NOW, "--format", "github"]);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{}", run.stdout);
    assert!(lines[0].starts_with("::error file=data/users.yaml,line=3,col=10"), "{}", run.stdout);
    assert!(lines[0].contains("::`score` must be a whole number, not "), "{}", run.stdout);
    assert!(lines.iter().all(|line| line.starts_with("::error file=data/users.yaml,line=")), "{}", run.stdout);
    let place = Site::empty().file("club/site/site.toml", "[[views]]\npath = \"a, 100%\"\nfrom = \"x\"\n");
    let run = place.ends(1, &["check", "--root", "club", "--format", "github"]);
    assert!(
        run.stdout.starts_with("::error file=club/site/site.toml,line="),
        "paths of the repository: {}",
        run.stdout
    );
}

/// What a message holds may end neither the line nor the message.
#[test]
fn annotations_are_escaped() {
    let run = site("- handle: ann\n  email: a@example.org\n  \"50%\\r\\n::error::x\": 1\n")
        .ends(1, &["check", "--format", "github"]);
    assert_eq!(run.stdout.lines().count(), 1, "{}", run.stdout);
    assert!(run.stdout.contains("50%25"), "{}", run.stdout);
}

#[test]
fn of_ten_thousand_faults_a_hundred_are_printed_and_the_rest_counted() {
    let users = (0..10_000).fold(String::new(), |mut users, n| {
        let _ = writeln!(users, "- {{ handle: user-{n}, email: u{n}@example.org, score: none }}");
        users
    });
    let site = site(&users);
    let start = Instant::now();
    let run = site.ends(1, &["check", "--now", NOW]);
    assert!(start.elapsed() < Duration::from_secs(200), "{:?}", start.elapsed());
    assert_eq!(run.stderr.matches("error[wrong-type]").count(), 100);
    assert!(run.stderr.contains("9900 more"), "{}", &run.stderr[run.stderr.len() - 300..]);
    assert!(run.stderr.contains("10000 errors and 0 warnings"), "{}", &run.stderr[run.stderr.len() - 300..]);
    let run = site.ends(1, &["check", "--now", NOW, "--format", "json"]);
    let document = document(&run.stdout);
    assert_eq!(document["diagnostics"].as_array().map(Vec::len), Some(100));
    assert_eq!(document["summary"]["errors"], 10_000);
    let run = site.ends(1, &["check", "--now", NOW, "--format", "github"]);
    assert_eq!(run.stdout.lines().filter(|line| line.starts_with("::error file=")).count(), 100);
    assert!(run.stdout.contains("9900 more"), "{:.300}", run.stdout);
}

/// The file has holes, so it takes no room on the disk; reading it would take 200 MB of memory.
#[test]
fn a_file_that_is_too_large_is_refused_unread() {
    let site = site(GOOD);
    let size = 200 * 1024 * 1024;
    let file = File::create(site.path("data/users.yaml")).expect("a file");
    file.set_len(size).expect("a file with holes");
    let run = site.ends(1, &["check", "--now", NOW, "--format", "json", "--timings"]);
    let document = document(&run.stdout);
    assert_eq!(document["diagnostics"].as_array().map(Vec::len), Some(1), "{document:#}");
    let diagnostic = &document["diagnostics"][0];
    assert_eq!((&diagnostic["code"], &diagnostic["path"]), (&json!("file-too-large"), &json!("data/users.yaml")));
    assert!(diagnostic["message"].as_str().is_some_and(|message| message.contains(&size.to_string())), "{diagnostic}");
    assert!(diagnostic["help"].as_str().is_some_and(|help| help.contains("max_file_bytes")), "{diagnostic}");
    let peak = &document["summary"]["peakMemory"];
    assert!(peak.as_u64().is_none_or(|bytes| bytes < 100_000_000), "{peak} bytes of memory");
    assert!(peak.is_u64() || !cfg!(target_os = "linux"), "Linux tells how much memory a process took");
}

#[test]
fn routes_are_listed_as_they_are_declared() {
    let run = site(GOOD).ends(0, &["routes"]);
    let paths: Vec<&str> = run.stdout.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(paths, ["/api/leaderboard", "/v1/leaderboard", "/v1/users/{handle}"]);
    assert!(run.stdout.contains("limit 10 by default, 1 to 50, page of 25"), "{}", run.stdout);
    let run = site(GOOD).ends(0, &["routes", "--format", "json"]);
    let routes = document(&run.stdout)["routes"].clone();
    let each = json!({
        "surface": "v1", "path": "/v1/users/{handle}", "key": "v1/users/{handle}.json",
        "collection": "users", "kind": "each",
    });
    assert_eq!(routes[2], each);
    assert_eq!(routes[0]["limit"], json!({ "default": 10, "max": 50 }));
}

#[test]
fn a_published_schema_names_no_private_member() {
    let site = site(GOOD);
    let run = site.ends(0, &["schema", "users"]);
    let schema = document(&run.stdout);
    assert_eq!(schema["properties"], json!({ "handle": { "type": "string" }, "score": { "type": "integer" } }));
    assert_eq!(schema["required"], json!(["handle"]));
    site.build();
    assert_eq!(site.json("public/v1/schemas/users.json"), schema, "it is what the site publishes");
}

#[test]
fn every_code_is_explained() {
    let place = Site::empty();
    let codes = place.ends(0, &["explain"]).stdout;
    assert!(codes.lines().count() > 30, "{codes}");
    for code in codes.lines() {
        let run = place.ends(0, &["explain", code]);
        assert!(run.stdout.starts_with(&format!("## {code}\n")), "{code}: {}", run.stdout);
        assert!(run.stdout.contains("```"), "{code} has an example");
    }
    let run = place.ends(2, &["explain", "wrong-typo"]);
    assert!(run.stderr.contains("did you mean `wrong-type`?"), "{}", run.stderr);
}

/// `check` finds what `build` finds, and writes nothing.
#[test]
fn check_writes_nothing() {
    let site = site(GOOD);
    let before = crate::support::tree(&site.path(""));
    let run = site.ends(0, &["check", "--now", NOW]);
    assert_eq!(run.stdout, "", "people read standard error");
    assert_eq!(crate::support::tree(&site.path("")), before);
}
