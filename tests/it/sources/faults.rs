//! A service that misbehaves: facts are never lost and never invented, and the next refresh completes.

use super::scene::{Accounts, Scene, TOKEN};
use super::server::{Asked, Reply, Server};
use precast::sources::{Budget, Options};
use serde_json::json;
use std::time::Duration;

/// A scene with accounts; the first `faulty` requests are answered by `wrong`.
fn failing(
    members: usize,
    faulty: usize,
    wrong: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
) -> (Scene, Accounts) {
    let accounts = Accounts::of(members);
    let held = accounts.clone();
    let scene =
        Scene::github(members, move |asked| if asked.number < faulty { wrong(asked) } else { held.reply(asked) });
    (scene, accounts)
}

/// An answer that is whole but for its errors: the first `reached` members are there.
fn partly(accounts: &Accounts, asked: &Asked, reached: usize, error: &serde_json::Value) -> Reply {
    let mut answer = accounts.answer(asked);
    for n in reached..Accounts::named(asked).len() {
        if answer["data"]["nodes"].is_array() {
            answer["data"]["nodes"][n] = json!(null);
        } else {
            answer["data"][format!("m{n}")] = json!(null);
        }
    }
    answer["errors"] = json!([error]);
    Reply::body(&answer)
}

fn too_much() -> serde_json::Value {
    json!({ "type": "RESOURCE_LIMITS_EXCEEDED", "message": "Resource limits for this query exceeded." })
}

#[test]
fn a_few_500s_are_waited_out() {
    let (scene, accounts) = failing(25, 3, |_| Reply::status(500));
    let ended = scene.refresh();
    assert_eq!((ended.summary.fetched, ended.kept), (25, None));
    assert_eq!(scene.clock.slept(), [2, 4, 8], "each wait is longer");
    scene.agrees(&accounts, 25);
}

#[test]
fn a_service_that_is_down_is_left_alone() {
    let (scene, accounts) = failing(200, 1000, |_| Reply::status(503));
    let ended = scene.refresh();
    assert!(ended.refused.as_ref().is_some_and(|why| why.contains("503")), "{ended:?}");
    assert!(scene.server.requests() <= 30, "{}", scene.server.requests());
    assert_eq!(scene.facts(), "");
    drop(accounts);
}

#[test]
fn facts_outlive_a_service_that_is_down() {
    let accounts = Accounts::of(12);
    let held = accounts.clone();
    let scene = Scene::github(12, move |asked| match asked.number {
        1..100 => Reply::status(500),
        _ => held.reply(asked),
    });
    scene.refresh();
    let before = scene.facts();
    assert!(scene.refresh().refused.is_some());
    assert_eq!(scene.facts(), before);
    for _ in 0..3 {
        scene.refresh();
    }
    let ended = scene.refresh();
    assert_eq!((ended.summary.unchanged, ended.refused), (12, None));
    scene.agrees(&accounts, 12);
}

#[test]
fn a_502_halves_the_batch() {
    let (scene, accounts) = failing(20, 1, |_| Reply::status(502));
    assert_eq!(scene.refresh().summary.fetched, 20);
    let sizes: Vec<usize> = scene.server.all().iter().map(|asked| Accounts::named(asked).len()).collect();
    assert_eq!(sizes, [20, 10, 10]);
    scene.agrees(&accounts, 20);
}

#[test]
fn a_time_out_halves_the_batch() {
    let (mut scene, accounts) = failing(20, 1, |_| Reply::Silence(Duration::from_secs(4)));
    scene.limit = Duration::from_secs(2);
    assert_eq!(scene.refresh().summary.fetched, 20);
    scene.agrees(&accounts, 20);
}

#[test]
fn bodies_that_break_off_are_asked_for_again() {
    let broken: [&'static [u8]; 4] = [
        b"HTTP/1.1 200 OK\r\ncontent-length: 4000\r\n\r\n{\"data\":{\"m0\":{",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"dat\r\nzz\r\nnonsense",
        b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n{\"data\":",
        b"",
    ];
    let (scene, accounts) = failing(5, 4, move |asked| Reply::Raw(broken[asked.number].to_vec()));
    let ended = scene.refresh();
    // A connection that the server is about to close may cost a request more.
    assert!(ended.summary.fetched == 5 && ended.summary.spent.requests >= 5, "{:?}", ended.summary);
    scene.agrees(&accounts, 5);
}

#[test]
fn batches_shrink_to_what_the_service_can_bear() {
    let accounts = Accounts::of(60);
    let held = accounts.clone();
    let scene = Scene::github(60, move |asked| {
        if Accounts::named(asked).len() > 3 {
            Reply::body(&json!({ "data": null, "errors": [too_much()] }))
        } else {
            held.reply(asked)
        }
    });
    let ended = scene.refresh();
    assert_eq!((ended.summary.fetched, ended.kept), (60, None));
    scene.agrees(&accounts, 60);
    assert!(ended.summary.spent.requests < 45, "{}", ended.summary.spent.requests);
}

#[test]
fn what_came_of_a_batch_is_kept() {
    let accounts = Accounts::of(20);
    let held = accounts.clone();
    let scene =
        Scene::github(
            20,
            move |asked| if asked.number == 0 { partly(&held, asked, 12, &too_much()) } else { held.reply(asked) },
        );
    assert_eq!(scene.refresh().summary.fetched, 20);
    let sizes: Vec<usize> = scene.server.all().iter().map(|asked| Accounts::named(asked).len()).collect();
    assert_eq!(sizes, [20, 4, 4], "only who was not reached is asked again");
    scene.agrees(&accounts, 20);
}

/// Without a path, an error does not say whose part of the answer it cut off.
#[test]
fn a_limit_that_names_nobody_halves_the_batch() {
    let accounts = Accounts::of(20);
    let held = accounts.clone();
    let scene = Scene::github(20, move |asked| {
        let mut answer = held.answer(asked);
        for n in (10..Accounts::named(asked).len()).filter(|n| n % 2 == 0) {
            answer["data"][format!("m{n}")]["contributionsCollection"] = json!(null);
            answer["errors"] = json!([too_much()]);
        }
        Reply::body(&answer)
    });
    let ended = scene.refresh();
    assert_eq!((ended.summary.fetched, ended.summary.failed.len(), ended.kept), (20, 0, None));
    let sizes: Vec<usize> = scene.server.all().iter().map(|asked| Accounts::named(asked).len()).collect();
    assert_eq!(sizes, [20, 3, 2], "only who was not reached is asked again");
    scene.agrees(&accounts, 20);

    // A journey without a repository is a member without one, unless it was cut off.
    let repository = json!({ "pushedAt": "2026-05-31T10:00:00Z", "defaultBranchRef": null });
    for cut in [json!(null), repository] {
        let server = Server::start(move |asked| {
            let member =
                |n| json!({ "id": format!("U_{n}"), "databaseId": n, "login": format!("user-{n}"), "repository": cut });
            let data = json!({ "m0": member(0), "m1": member(1) });
            Reply::body(&json!({ "data": data, "errors": [too_much()], "of": asked.number }))
        });
        let source = format!("[sources.journey]\nkind = \"github\"\nmode = \"journey\"\nurl = \"{}\"\n", server.url);
        let scene = Scene::of(server, &source, &json!([{ "handle": "user-0" }, { "handle": "user-1" }]));
        let ended = scene.refresh();
        assert_eq!((ended.summary.missing, ended.summary.failed.len()), (0, 2), "{ended:?}");
        assert_eq!(scene.facts(), "");
    }
}

#[test]
fn nobody_gets_the_days_of_another() {
    let accounts = Accounts::of(20);
    let held = accounts.clone();
    let scene = Scene::github(20, move |asked| {
        let mut answer = held.answer(asked);
        if asked.number == 1 {
            answer["data"]["nodes"].as_array_mut().expect("nodes").swap(3, 4);
        }
        Reply::body(&answer)
    });
    scene.refresh();
    let before = scene.facts();
    scene.clock.set("2026-06-01T13:00:00Z");
    let ended = scene.refresh();
    assert_eq!((ended.summary.unchanged, ended.summary.anew.len(), ended.summary.renamed.len()), (20, 0, 0));
    assert_eq!(scene.facts(), before);
    let asked: Vec<usize> = scene.server.all()[1..].iter().map(|asked| Accounts::named(asked).len()).collect();
    assert_eq!(asked, [20, 2], "who was mistaken is asked again");
    scene.agrees(&accounts, 20);
}

#[test]
fn days_that_a_calendar_leaves_out_are_not_answered() {
    type Spoil = fn(&mut serde_json::Value);
    let spoils: [(Spoil, &str); 3] = [
        (|weeks| *weeks = json!([]), "2025-06-03"),
        (|weeks| drop(weeks.as_array_mut().expect("weeks").remove(1)), "2025-06-10"),
        (|weeks| drop(weeks.as_array_mut().expect("weeks").pop()), "2026-06-02"),
    ];
    for (spoil, day) in spoils {
        let accounts = Accounts::of(10);
        let held = accounts.clone();
        let scene = Scene::github(10, move |asked| {
            let mut answer = held.answer(asked);
            if let Some(n) = Accounts::named(asked).iter().position(|name| name == "user-4") {
                let node = &mut answer["data"][format!("m{n}")];
                spoil(&mut node["contributionsCollection"]["contributionCalendar"]["weeks"]);
            }
            Reply::body(&answer)
        });
        let ended = scene.refresh();
        if day == "2026-06-02" {
            assert_eq!(ended.summary.failed, [], "of tomorrow nothing need be said");
            continue;
        }
        assert_eq!((ended.summary.fetched, ended.kept), (9, None));
        assert_eq!(ended.summary.failed, [("user-4".to_owned(), format!("GitHub's calendar leaves out {day}"))]);
        assert_eq!(scene.of_member("user-4"), serde_json::Value::Null);
    }
}

#[test]
fn one_poisonous_member_spoils_nobody_else() {
    let accounts = Accounts::of(100);
    let held = accounts.clone();
    let scene = Scene::github(100, move |asked| {
        let poison = Accounts::named(asked).iter().any(|name| name == "user-41" || name == "U_41");
        if poison { Reply::status(502) } else { held.reply(asked) }
    });
    let ended = scene.refresh();
    assert_eq!((ended.summary.fetched, ended.summary.failed.len(), ended.kept), (99, 1, None));
    assert!(ended.summary.failed[0].1.contains("502"), "{:?}", ended.summary.failed);
    assert_eq!(scene.facts().lines().count(), 99, "no fact is invented");
    assert!(ended.summary.spent.requests < 60, "{}", ended.summary.spent.requests);
    scene.clock.set("2026-06-02T12:00:00Z");
    let again = scene.refresh();
    assert_eq!((again.summary.failed.len(), again.summary.asked()), (1, 100));
    assert!(scene.site.text("data/activity/github.checked.json").contains("triedAt"));
}

#[test]
fn days_are_halved_for_a_member_of_many() {
    let accounts = Accounts::of(1);
    let held = accounts.clone();
    let scene = Scene::github(1, move |asked| {
        let body: serde_json::Value = serde_json::from_str(&asked.body).expect("a query");
        let day = |name: &str| {
            body["variables"][name].as_str().expect("a day")[..10].parse::<jiff::civil::Date>().expect("a day")
        };
        if day("f0").until(day("t0")).expect("a span").get_days() > 100 {
            Reply::status(504)
        } else {
            held.reply(asked)
        }
    });
    let ended = scene.refresh();
    assert_eq!((ended.summary.fetched, ended.summary.spent.requests), (1, 7));
    scene.agrees(&accounts, 1);
}

#[test]
fn rate_limits_are_waited_out() {
    let limited = json!({ "errors": [{ "type": "RATE_LIMITED", "message": "API rate limit exceeded" }] });
    let told = limited.clone();
    let (scene, accounts) = failing(3, 1, move |_| Reply::body(&told));
    scene.refresh();
    assert_eq!(scene.clock.slept(), [60], "with HTTP 200, and without a word of how long");
    scene.agrees(&accounts, 3);

    let reset = "2026-06-01T12:05:00Z".parse::<jiff::Timestamp>().expect("an instant").as_second();
    let (scene, _) = failing(3, 1, move |_| {
        Reply::Whole(
            200,
            vec!["x-ratelimit-remaining: 0".to_owned(), format!("x-ratelimit-reset: {reset}")],
            limited.to_string(),
        )
    });
    scene.refresh();
    assert_eq!(scene.clock.slept(), [300]);

    let (scene, accounts) = failing(3, 2, |_| Reply::with(403, "retry-after: 3600"));
    assert_eq!(scene.refresh().summary.fetched, 3);
    assert_eq!(scene.clock.slept(), [900, 900], "no wait is longer than a quarter of an hour");
    scene.agrees(&accounts, 3);

    let (scene, _) = failing(3, 1, |_| {
        Reply::Whole(
            429,
            vec!["x-ratelimit-remaining: 0".to_owned(), "x-ratelimit-reset: 1780315200000".to_owned()],
            String::new(),
        )
    });
    assert_eq!(scene.refresh().summary.fetched, 3);
    assert_eq!(scene.clock.slept(), [900], "these are milliseconds");
}

#[test]
fn a_wait_beyond_the_deadline_is_not_begun() {
    let (scene, accounts) = failing(3, 1, |_| Reply::with(403, "retry-after: 3600"));
    let budget = Budget { deadline: Some("2026-06-01T12:10:00Z".parse().expect("an instant")), ..Budget::default() };
    let ended = scene.refresh_with(Options { budget, ..Options::default() }).expect("a refresh");
    assert_eq!((ended.short, ended.summary.asked()), (Some("--deadline"), 0));
    assert!(scene.clock.slept().is_empty());
    assert!(ended.trouble.as_ref().is_some_and(|why| why.contains("left alone")));
    assert!(ended.is_failed(), "nothing came");
    assert_eq!(scene.refresh().summary.fetched, 3);
    scene.agrees(&accounts, 3);
}

#[test]
fn a_service_that_never_relents_is_left_alone() {
    let (scene, _) = failing(3, 1000, |_| Reply::status(429));
    let ended = scene.refresh();
    assert!(ended.refused.is_some_and(|why| why.contains("left alone")));
    assert!(scene.server.requests() < 10);
}

#[test]
fn a_bad_token_ends_the_refresh_at_once() {
    let (scene, accounts) = failing(50, 1, |asked| {
        let sent =
            asked.headers.iter().find(|line| line.to_ascii_lowercase().starts_with("authorization")).expect("a header");
        Reply::Whole(401, Vec::new(), json!({ "message": format!("Bad credentials: {sent}") }).to_string())
    });
    let ended = scene.refresh();
    assert_eq!(scene.server.requests(), 1);
    assert!(ended.refused.as_ref().is_some_and(|why| why.contains("token")), "{ended:?}");
    assert!(!format!("{ended:?}").contains(TOKEN));
    assert_eq!(scene.refresh().summary.fetched, 50);
    scene.agrees(&accounts, 50);
}

#[test]
fn if_many_fail_nothing_is_replaced() {
    let accounts = Accounts::of(40);
    let held = accounts.clone();
    let scene = Scene::github(40, move |asked| {
        let mut answer = held.answer(asked);
        if asked.number >= 2 {
            let named = Accounts::named(asked);
            let wrong: Vec<_> = (0..named.len()).filter(|n| named[*n].ends_with(['0', '3', '6'])).collect();
            answer["errors"] =
                wrong.iter().map(|n| json!({ "path": ["nodes", n], "message": "Something broke" })).collect();
            wrong.iter().for_each(|n| answer["data"]["nodes"][n] = json!(null));
        }
        Reply::body(&answer)
    });
    scene.refresh();
    let before = scene.facts();
    accounts.change(|all| {
        for (_, days) in all.values_mut() {
            days.insert("2026-06-01".parse().expect("a day"), 9);
        }
    });
    let ended = scene.refresh();
    assert!(ended.kept.as_ref().is_some_and(|why| why.contains("20 %")), "{ended:?}");
    assert_eq!(scene.facts(), before);
    let ended = scene.refresh_with(Options { accept_drop: true, ..Options::default() }).expect("a refresh");
    assert!(ended.kept.is_none() && ended.summary.fetched > 20);
    assert_eq!(scene.facts().lines().count(), 40);
}

#[test]
fn what_is_not_of_a_member_is_not_believed() {
    for wrong in [
        json!({ "data": { "m0": { "id": "U_0", "login": "user-0", "contributionsCollection": null } } }),
        json!({ "data": { "m0": { "id": "U_0", "login": "a b\n", "contributionsCollection": {} } } }),
        json!({ "data": { "m0": { "id": "U_0", "login": "user-0", "contributionsCollection": { "contributionCalendar": { "weeks": [
            { "contributionDays": [{ "date": "2026-05-30", "contributionCount": -1 }] } ] } } } } }),
        json!({ "data": {} }),
        json!([]),
        json!("what"),
    ] {
        let (scene, _) = failing(1, 1000, move |_| Reply::body(&wrong));
        let ended = scene.refresh();
        assert!(ended.kept.is_some() || ended.refused.is_some(), "{ended:?}");
        assert_eq!(scene.facts(), "");
    }
}
