//! The program as it is run: killed, started twice, and searched for its token.

use super::scene::{Accounts, Scene, TOKEN};
use super::server::Reply;
use crate::support::{command, tree};
use serde_json::{Value as Json, json};
use std::process::Stdio;
use std::time::Duration;

fn refresh(scene: &Scene, arguments: &[&str]) -> std::process::Command {
    let mut command = command(&scene.site.path(""));
    command
        .arg("refresh")
        .args(arguments)
        .env("GITHUB_TOKEN", TOKEN)
        .env("RUST_LOG", "trace")
        .env("RUST_BACKTRACE", "full");
    command
}

#[test]
fn what_was_done_is_told() {
    let accounts = Accounts::of(21);
    let scene = Scene::github(21, move |asked| accounts.reply(asked));
    let run = refresh(&scene, &["--format", "json"]).output().expect("a run");
    assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stderr));
    let told: Json = serde_json::from_slice(&run.stdout).expect("JSON");
    let source = &told["sources"][0];
    assert_eq!((&source["fetched"], &source["requests"], &source["points"]), (&json!(21), &json!(2), &json!(2)));
    assert!(String::from_utf8_lossy(&run.stderr).starts_with("github: 21 fetched, 0 unchanged"));
    let plan = refresh(&scene, &["--dry-run", "--format", "json"]).output().expect("a run");
    let plan: Json = serde_json::from_slice(&plan.stdout).expect("JSON");
    assert_eq!((&plan["applied"], &plan["sources"][0]["requests"]), (&json!(false), &json!(2)));
    assert_eq!(scene.server.requests(), 2, "a dry run asks nobody");
    assert!(!scene.site.path("data/activity/.refresh/github.ndjson").exists(), "the journal is gone");
}

#[test]
fn a_missing_token_is_told_by_its_variable() {
    let scene = Scene::github(1, |_| Reply::status(500));
    for wrong in ["", "two words"] {
        let run = refresh(&scene, &[]).env("GITHUB_TOKEN", wrong).output().expect("a run");
        let said = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(3), "{said}");
        assert!(said.contains("GITHUB_TOKEN") && !said.contains("two words"), "{said}");
    }
    assert_eq!(scene.server.requests(), 0);
}

#[test]
fn nothing_at_all_until_the_deadline_is_an_error() {
    let scene = Scene::github(3, |_| Reply::status(503));
    let run = refresh(&scene, &["--deadline", "1s"]).output().expect("a run");
    let said = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(3), "{said}");
    assert!(said.contains("503") && said.contains("not everything could be fetched from github"), "{said}");
    // Who was reached before is enough.
    let accounts = Accounts::of(40);
    let scene = Scene::github(40, move |asked| match asked.number {
        0 => accounts.reply(asked),
        _ => Reply::with(403, "retry-after: 600"),
    });
    let run = refresh(&scene, &["--deadline", "1m"]).output().expect("a run");
    let said = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(0), "{said}");
    assert!(said.contains("20 fetched") && said.contains("left alone"), "{said}");
}

/// The server says the token back wherever it can.
#[test]
fn the_token_is_nowhere() {
    let kinds: [fn() -> Reply; 5] = [
        || Reply::Whole(401, Vec::new(), json!({ "message": format!("Bad credentials {TOKEN}") }).to_string()),
        || Reply::Whole(403, vec![format!("x-github-request-id: {TOKEN}")], json!({ "message": TOKEN }).to_string()),
        || Reply::body(&json!({ "errors": [{ "message": format!("who is {TOKEN}?") }] })),
        || {
            let days = json!({ "weeks": [{ "contributionDays": [{ "date": "2026-05-30", "contributionCount": 1 }] }] });
            Reply::body(
                &json!({ "data": { "m0": { "id": TOKEN, "databaseId": 1, "login": TOKEN, "contributionsCollection": { "contributionCalendar": days } } } }),
            )
        },
        || Reply::with(302, &format!("location: http://127.0.0.1:9/{TOKEN}")),
    ];
    for kind in kinds {
        let scene = Scene::github(1, move |_| kind());
        said_nothing(&scene, &refresh(&scene, &[]).output().expect("a run"));
    }
    let scene = Scene::github(1, |_| Reply::status(500));
    for url in ["http://127.0.0.1:1", "http://nobody.invalid", "https://127.0.0.1:1/a?b"] {
        let settings = scene.site.text("site/site.toml");
        let at = settings.lines().find(|line| line.starts_with("url")).expect("an address").to_owned();
        scene.site.write("site/site.toml", settings.replace(&at, &format!("url = \"{url}\"")));
        said_nothing(&scene, &refresh(&scene, &["--deadline", "1s"]).output().expect("a run"));
    }
}

fn said_nothing(scene: &Scene, run: &std::process::Output) {
    for said in [&run.stdout, &run.stderr] {
        assert!(!String::from_utf8_lossy(said).contains(TOKEN), "{}", String::from_utf8_lossy(said));
    }
    for (path, bytes) in tree(&scene.site.path("")) {
        assert!(!String::from_utf8_lossy(&bytes).contains(TOKEN), "{path}");
    }
}

#[test]
fn a_refresh_that_was_killed_goes_on_where_it_was() {
    let accounts = Accounts::of(200);
    let held = accounts.clone();
    // The fifth request gets no answer until the program is killed.
    let scene = Scene::github(200, move |asked| match asked.number {
        4 => Reply::Silence(Duration::from_mins(1)),
        _ => held.reply(asked),
    });
    let mut running = refresh(&scene, &[]).stderr(Stdio::null()).spawn().expect("a start");
    while scene.server.requests() < 5 {
        std::thread::yield_now();
        assert!(running.try_wait().expect("a state").is_none(), "it ended");
    }
    // Another refresh says so, and ends.
    let second = refresh(&scene, &[]).output().expect("a run");
    let said = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(3), "{said}");
    assert!(said.contains(&format!("process {}", running.id())), "{said}");
    running.kill().expect("a kill");
    running.wait().expect("an end");
    assert_eq!(scene.facts(), "", "nothing is half written");
    // The kill may have torn a line.
    let journal = scene.site.path("data/activity/.refresh/github.ndjson");
    let mut text = std::fs::read_to_string(&journal).expect("a journal");
    assert_eq!(text.lines().count(), 81);
    text.push_str("{\"member\":\"user-9");
    std::fs::write(&journal, text).expect("a journal");
    let run = refresh(&scene, &[]).output().expect("a run");
    let said = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(0), "{said}");
    assert!(said.contains("80 members were asked by a refresh that was interrupted"), "{said}");
    assert_eq!(scene.server.requests(), 5 + 6);
    assert_eq!(scene.facts().lines().count(), 200);
    assert!(!journal.exists());
}
