//! Members whose records get another key: their facts go with them, and nobody else's do.

use super::feeds::{dollars, x};
use super::scene::{Accounts, Scene};
use super::server::Server;
use serde_json::{Value as Json, json};
use std::sync::{Arc, Mutex};

const SCORES: &str = "[scores.github]\nfrom = \"github\"\ninto = { score = \"points\" }\n";

/// Members of GitHub: a record names its account, and has the key that it likes.
fn github(accounts: &Accounts, users: &Json) -> Scene {
    let held = accounts.clone();
    let server = Server::start(move |asked| held.reply(asked));
    let source =
        format!("[sources.github]\nkind = \"github\"\naccount = \"github\"\nurl = \"{}\"\n{SCORES}", server.url);
    Scene::of(server, &source, users)
}

fn points(scene: &Scene) -> Json {
    scene.site.build();
    let users = scene.site.json("public/api/users.json");
    users.as_array().expect("users").iter().map(|user| user["points"].clone()).collect()
}

#[test]
fn facts_go_with_a_key_that_an_alias_tells() {
    let scene = github(&Accounts::of(2), &json!([{ "handle": "ann", "github": "user-0" }, { "handle": "user-1" }]));
    scene.refresh();
    let (before, known) = (points(&scene), scene.of_member("ann"));
    scene.site.write(
        "data/users.json",
        json!([{ "handle": "anna", "github": "user-0", "aliases": ["Ann"] }, { "handle": "user-1" }]).to_string(),
    );
    assert_eq!(points(&scene), before, "the build finds them before any refresh does");
    scene.clock.set("2026-06-01T13:00:00Z");
    let ended = scene.refresh();
    assert_eq!((ended.summary.moved, ended.summary.renamed), (vec![("ann".to_owned(), "anna".to_owned())], vec![]));
    let now = scene.of_member("anna");
    assert_eq!((&now["days"], &now["from"], &now["id"]), (&known["days"], &known["from"], &known["id"]));
    assert_eq!(scene.of_member("ann"), Json::Null);
    let checks = scene.site.json("data/activity/github.checked.json");
    assert_eq!((checks["members"].get("ann"), points(&scene)), (None, before));
    assert!(scene.server.all()[1].body.contains("U_0"), "it is asked about by its id");
    assert!(scene.refresh().summary.moved.is_empty(), "it is told once");
}

#[test]
fn facts_go_with_the_account_where_no_alias_tells() {
    let scene = github(&Accounts::of(1), &json!([{ "handle": "ann", "github": "user-0" }]));
    scene.refresh();
    let old = scene.count("ann", "2025-09-03");
    assert!(old.is_some());
    let anna = json!({ "handle": "anna", "github": "user-0", "dateJoined": "2026-05-30" });
    // A draft has its key yet.
    scene.site.write("data/users.json", json!([{ "handle": "ann", "draft": true }, anna]).to_string());
    let ended = scene.refresh();
    assert_eq!((ended.summary.moved.len(), scene.count("anna", "2025-09-03")), (0, None));
    assert_eq!(scene.facts().lines().count(), 2);
    scene.site.write("data/activity/github.ndjson", scene.of_member("ann").to_string() + "\n");
    scene.site.write("data/users.json", json!([anna]).to_string());
    let ended = scene.refresh();
    assert_eq!((ended.summary.moved, ended.summary.renamed), (vec![("ann".to_owned(), "anna".to_owned())], vec![]));
    assert_eq!((scene.count("anna", "2025-09-03"), scene.facts().lines().count()), (old, 1));
}

#[test]
fn nobody_inherits_from_another_account_or_record() {
    let scene = github(&Accounts::of(3), &json!([{ "handle": "ann", "github": "user-0" }]));
    scene.refresh();
    let ann = scene.of_member("ann");
    // Another account.
    scene.site.write("data/users.json", json!([{ "handle": "ben", "github": "user-1" }]).to_string());
    assert!(scene.refresh().summary.moved.is_empty());
    assert_eq!((&scene.of_member("ben")["id"], scene.of_member("ann")), (&"U_1".into(), ann.clone()));
    // An alias that is the key of another record is a fault of the build, and moves nothing.
    let users = json!([{ "handle": "cy", "github": "user-2", "aliases": ["ann"] }, { "handle": "ann", "draft": true }]);
    scene.site.write("data/users.json", users.to_string());
    assert!(scene.refresh().summary.moved.is_empty());
    assert_eq!((&scene.of_member("cy")["id"], scene.of_member("ann")), (&"U_2".into(), ann));
}

#[test]
fn what_an_interrupted_refresh_learnt_goes_with_the_key() {
    let scene = github(&Accounts::of(1), &json!([{ "handle": "anna", "github": "user-0", "aliases": "ann" }]));
    let of = format!("Github(Calendar) Some({:?}) github", scene.server.url);
    let seen = json!({ "id": "U_0", "account": "user-0", "days": [{ "from": "2026-05-01", "days": "7" }] });
    let lines = [
        json!({ "begun": "2026-06-01T11:00:00Z", "of": of }),
        json!({ "member": "ann", "at": "2026-06-01T11:00:00Z", "came": { "seen": seen } }),
    ];
    scene.site.write("data/activity/.refresh/github.ndjson", lines.map(|line| format!("{line}\n")).concat());
    let ended = scene.refresh();
    assert_eq!((ended.summary.resumed, scene.count("anna", "2026-05-01")), (1, Some(7)));
}

/// What a search has read once is not read again.
#[test]
fn a_search_goes_on_under_another_key() {
    for alias in [json!([]), json!(["a"])] {
        let posts = Arc::new(Mutex::new(vec![(100, 7, "2026-05-30"), (101, 7, "2026-06-01")]));
        let server = Server::start(x(Arc::clone(&posts)));
        let source = format!("[sources.x]\nkind = \"x\"\naccount = \"x\"\nmax_usd = 1\nurl = \"{}\"\n", server.url);
        let scene = Scene::of(server, &source, &json!([{ "handle": "a", "x": "ann" }]));
        scene.refresh_with(dollars(1_000_000)).expect("a refresh");
        posts.lock().expect("posts").push((102, 7, "2026-06-01"));
        let users = json!([{ "handle": "b", "x": "ann", "aliases": alias }, { "handle": "z", "x": "zoe" }]);
        scene.site.write("data/users.json", users.to_string());
        scene.clock.set("2026-06-01T15:00:00Z");
        let ended = scene.refresh_with(dollars(1_000_000)).expect("a refresh");
        assert_eq!(ended.summary.moved, [("a".to_owned(), "b".to_owned())]);
        assert_eq!(
            (&scene.of_member("b")["from"], &scene.of_member("b")["days"]),
            (&"2026-05-26".into(), &"_4 1 _ 2".into())
        );
        assert_eq!(scene.facts().lines().count(), 1, "of whom nothing is known, nothing is written");
    }
}
