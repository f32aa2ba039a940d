//! Fetching activity: what is learnt, what is kept, and what trouble does to it. No test waits: the clock is the test's.

mod faults;
mod feeds;
mod keys;
#[cfg(unix)]
mod programs;
mod scene;
mod server;
mod whole;

use crate::support::Site;
use precast::sources::{Budget, Options};
use scene::{Accounts, Scene};
use server::Reply;

#[test]
fn facts_are_what_the_service_holds() {
    let accounts = Accounts::of(47);
    let held = accounts.clone();
    let scene = Scene::github(47, move |asked| held.reply(asked));
    let ended = scene.refresh();
    assert_eq!((ended.summary.fetched, ended.summary.spent.requests, ended.kept), (47, 3, None));
    for asked in scene.server.all() {
        let names = asked.headers.iter().filter(|line| line.to_ascii_lowercase().starts_with("user-agent:"));
        assert_eq!(names.count(), 1, "who asks is said once: {:?}", asked.headers);
    }
    scene.agrees(&accounts, 47);
    assert_eq!(scene.count("user-0", "2026-06-02"), None, "tomorrow is not known before something is done");
    let members: Vec<String> =
        scene.facts().lines().map(|line| line.split("\"member\":").nth(1).expect("a member").to_owned()).collect();
    assert!(members.is_sorted(), "members stand in order");
}

#[test]
fn learning_nothing_changes_no_fact() {
    let accounts = Accounts::of(30);
    let held = accounts.clone();
    let scene = Scene::github(30, move |asked| held.reply(asked));
    scene.refresh();
    let path = scene.site.path("data/activity/github.ndjson");
    let (before, changed) = (scene.facts(), path.metadata().and_then(|m| m.modified()).expect("a time"));
    scene.clock.set("2026-06-01T18:00:00Z");
    let again = scene.refresh();
    assert_eq!((again.summary.fetched, again.summary.unchanged, again.summary.spent.requests), (0, 30, 2));
    assert_eq!(scene.facts(), before);
    assert_eq!(path.metadata().and_then(|m| m.modified()).expect("a time"), changed, "it is not even written");
    assert!(scene.site.text("data/activity/github.checked.json").contains("2026-06-01T18:00:00Z"));
    assert!(scene.server.all()[2..].iter().all(|asked| asked.body.contains("nodes(ids: $ids)")), "by id from now on");
}

#[test]
fn decreases_are_taken_over_and_old_days_stay() {
    let accounts = Accounts::of(1);
    let held = accounts.clone();
    let scene = Scene::github(1, move |asked| held.reply(asked));
    scene.refresh();
    let old = scene.count("user-0", "2025-09-03");
    assert!(old.is_some());
    accounts.change(|all| all.get_mut("U_0").expect("an account").1.retain(|day, _| day.to_string().ends_with("31")));
    let ended = scene.refresh_with(Options { accept_drop: true, ..Options::default() }).expect("a refresh");
    assert_eq!(ended.summary.fetched, 1);
    assert_eq!((scene.count("user-0", "2026-05-31"), scene.count("user-0", "2026-05-28")), (Some(1), Some(0)));
    assert_eq!(scene.count("user-0", "2025-09-03"), old);
}

#[test]
fn a_renamed_account_keeps_its_facts() {
    let accounts = Accounts::of(3);
    let held = accounts.clone();
    let scene = Scene::github(3, move |asked| held.reply(asked));
    scene.refresh();
    accounts.change(|all| all.get_mut("U_1").expect("an account").0 = "New-Name".to_owned());
    let ended = scene.refresh();
    assert_eq!(ended.summary.renamed, [("user-1".to_owned(), "New-Name".to_owned())]);
    let line = scene.of_member("user-1");
    assert_eq!(
        (&line["account"], &line["written"], &line["id"]),
        (&"New-Name".into(), &"user-1".into(), &"U_1".into())
    );
    assert!(scene.refresh().summary.renamed.is_empty(), "it is told once");
    // Somebody else takes the name that is free now.
    accounts.change(|all| drop(all.insert("U_9".to_owned(), ("user-1".to_owned(), std::collections::BTreeMap::new()))));
    scene.refresh();
    assert_eq!(scene.of_member("user-1")["id"], "U_1");
}

#[test]
fn a_login_that_is_somebody_elses_inherits_nothing() {
    let accounts = Accounts::of(8);
    let held = accounts.clone();
    let scene = Scene::github(8, move |asked| held.reply(asked));
    scene.refresh();
    assert_eq!(scene.count("user-1", "2026-05-29"), Some(2));
    accounts.change(|all| {
        all.remove("U_1");
        let days = std::collections::BTreeMap::from([("2026-05-20".parse().expect("a day"), 5)]);
        all.insert("U_99".to_owned(), ("user-1".to_owned(), days));
    });
    let ended = scene.refresh();
    assert_eq!(ended.summary.anew, ["user-1"]);
    assert_eq!(scene.of_member("user-1")["id"], "U_99");
    assert_eq!((scene.count("user-1", "2026-05-20"), scene.count("user-1", "2026-05-29")), (Some(5), Some(0)));
}

#[test]
fn a_record_that_names_another_account_gets_its_facts() {
    let accounts = Accounts::of(9);
    let held = accounts.clone();
    let server = server::Server::start(move |asked| held.reply(asked));
    let source = format!("[sources.github]\nkind = \"github\"\naccount = \"github\"\nurl = \"{}\"\n", server.url);
    let users = |last: &str| {
        let mut users: Vec<serde_json::Value> =
            (0..7).map(|n| serde_json::json!({ "handle": format!("m{n}"), "github": format!("user-{n}") })).collect();
        users.push(serde_json::json!({ "handle": "ann", "github": last }));
        serde_json::json!(users)
    };
    let scene = Scene::of(server, &source, &users("user-7"));
    scene.refresh();
    assert_eq!(scene.of_member("ann")["account"], "user-7");
    scene.site.write("data/users.json", users("user-8").to_string());
    assert_eq!(scene.refresh().summary.anew, ["ann"]);
    assert_eq!((&scene.of_member("ann")["id"], scene.of_member("ann").get("written")), (&"U_8".into(), None));
    assert!(scene.refresh().summary.anew.is_empty());
}

#[test]
fn who_is_missing_keeps_facts_and_is_told_after_a_week() {
    let accounts = Accounts::of(3);
    let held = accounts.clone();
    let scene = Scene::github(3, move |asked| held.reply(asked));
    scene.refresh();
    let before = scene.of_member("user-2");
    accounts.change(|all| drop(all.remove("U_2")));
    for (now, gone) in [
        ("2026-06-02T12:00:00Z", 0),
        ("2026-06-05T12:00:00Z", 0),
        ("2026-06-08T12:00:00Z", 0),
        ("2026-06-09T12:00:00Z", 1),
    ] {
        scene.clock.set(now);
        let ended = scene.refresh();
        assert_eq!((ended.summary.missing, ended.summary.gone.len()), (1, gone), "{now}");
        assert_eq!(scene.of_member("user-2"), before);
    }
}

#[test]
fn a_deadline_rotates_fairly() {
    let accounts = Accounts::of(100);
    let held = accounts.clone();
    let scene = Scene::github(100, move |asked| held.reply(asked));
    scene.refresh();
    let first = scene.server.requests();
    for points in 0..5 {
        scene.clock.set(&format!("2026-06-0{}T12:00:00Z", 2 + points));
        let budget = Budget { max_points: Some(1), ..Budget::default() };
        let ended = scene.refresh_with(Options { budget, ..Options::default() }).expect("a refresh");
        assert_eq!((ended.short, ended.summary.asked()), (Some("--max-points"), 20));
    }
    let mut asked: Vec<String> = scene.server.all()[first..].iter().flat_map(Accounts::named).collect();
    assert_eq!(asked.len(), 100);
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), 100, "everybody was asked once before anybody was asked twice");
    let late = Budget { deadline: Some("2026-06-06T12:00:00Z".parse().expect("an instant")), ..Budget::default() };
    let ended = scene.refresh_with(Options { budget: late, ..Options::default() }).expect("a refresh");
    assert_eq!((ended.short, ended.summary.asked()), (Some("--deadline"), 0));
    scene.agrees(&accounts, 100);
}

#[test]
fn facts_that_would_fall_stay() {
    let accounts = Accounts::of(10);
    let held = accounts.clone();
    let scene = Scene::github(10, move |asked| held.reply(asked));
    scene.refresh();
    let before = scene.facts();
    accounts.change(|all| all.values_mut().for_each(|(_, days)| days.clear()));
    accounts.change(|all| {
        let new = std::collections::BTreeMap::new();
        for n in 0..6 {
            all.remove(&format!("U_{n}"));
            all.insert(format!("V_{n}"), (format!("user-{n}"), new.clone()));
        }
    });
    let ended = scene.refresh();
    assert!(ended.kept.as_ref().is_some_and(|why| why.contains("30 %") && why.contains("--accept-drop")), "{ended:?}");
    assert_eq!(scene.facts(), before);
    let ended = scene.refresh_with(Options { accept_drop: true, ..Options::default() }).expect("a refresh");
    assert_eq!((ended.kept, ended.summary.anew.len()), (None, 6));
}

#[test]
fn a_faulty_line_of_facts_is_told_and_kept() {
    let scene = Scene::github(1, |_| Reply::status(500));
    scene
        .site
        .write("data/activity/github.ndjson", "{\"days\":\"3y\",\"from\":\"2026-05-01\",\"member\":\"user-0\"}\n");
    let error = scene.refresh_with(Options::default()).expect_err("a fault").to_string();
    assert!(error.starts_with("data/activity/github.ndjson:1: `3y`"), "{error}");
    assert_eq!(scene.server.requests(), 0);
}

#[test]
fn forgetting_takes_facts_and_checks() {
    let accounts = Accounts::of(3);
    let scene = Scene::github(3, move |asked| accounts.reply(asked));
    scene.refresh();
    let run = scene.site.ends(0, &["forget", "USER-1"]);
    assert!(
        run.stderr.contains("github: removed facts of") && run.stderr.contains("data/users.json"),
        "{}",
        run.stderr
    );
    assert!(!scene.facts().contains("user-1"));
    assert!(!scene.site.text("data/activity/github.checked.json").contains("user-1"));
    assert!(scene.site.ends(0, &["forget", "user-1"]).stderr.contains("nothing was known"));
    assert!(scene.site.ends(2, &["forget", "usr-2"]).stderr.contains("no record has this key"));
    // What stands under a former key is known of the member too.
    scene.site.write("data/users.json", "[{ \"handle\": \"new\", \"aliases\": [\"user-2\"] }]");
    assert!(scene.site.ends(0, &["forget", "new"]).stderr.contains("removed facts of"));
    assert_eq!(scene.facts().lines().count(), 1);
    scene.site.write("data/users.json", "[]");
    assert!(scene.site.ends(0, &["forget", "user-0"]).stderr.contains("removed facts of"));
}

#[test]
fn wrong_usage_is_told() {
    let site = Site::empty().file("site/site.toml", "[collections.users]\nsources = [\"data/users.json\"]\nkey = \"handle\"\n\n[sources.github]\nkind = \"github\"\n");
    site.write("data/users.json", "[]");
    let run = site.ends(2, &["refresh", "gihub"]);
    assert!(run.stderr.contains("no source `gihub`") && run.stderr.contains("`github`"), "{}", run.stderr);
    site.ends(2, &["refresh", "--deadline", "soon"]);
}
