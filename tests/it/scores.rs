//! Scores from facts to answers: members that are laid over records, movement, standings, explanations, `status.json`.

use crate::support::Site;
use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan as _};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

const SITE: &str = r#"
[site]
name = "Test"
base_url = "https://test.example"
[collections.users]
sources = ["data/users.json"]
key = "id"
[collections.users.derive]
total = "github + bonus"
[surfaces.v1]
prefix = "/v1"
shape = "envelope"
[sources.calendar]
kind = "github"
token = { env = "GITHUB_TOKEN" }
[scores.calendar]
from = "calendar"
daily_cap = 10
into = { score = "github", streak = "streak", longest = "longest", active = "active", provisional = "provisional" }
windows = { week = "7d" }
[[views]]
path = "board"
from = "users"
where = "total > 0"
sort = ["-total"]
rank = { by = "total", movement_days = 7 }
[[views]]
path = "users/{id}"
from = "users"
each = true
[[views]]
path = "users/{id}/standing"
from = "users"
standing = "board"
[[views]]
path = "users/{id}/explain"
from = "users"
explain = true
"#;

/// Its id, its other members, and what is known of it: the first day, and the days.
type Member<'m> = (&'m str, Json, Option<(Date, &'m str)>);

/// A site with members and facts.
pub fn site(members: &[Member<'_>]) -> Site {
    let site = Site::empty().file("site/site.toml", SITE);
    let (mut users, mut facts) = (Vec::new(), String::new());
    for (id, more, known) in members {
        let mut user = json!({ "id": id, "bonus": 0 });
        for (name, value) in more.as_object().into_iter().flatten() {
            user[name] = value.clone();
        }
        users.push(user);
        if let Some((from, days)) = known {
            let _ = writeln!(facts, "{}", json!({ "days": days, "from": from.to_string(), "member": id }));
        }
    }
    site.write("data/users.json", Json::Array(users).to_string());
    site.write("data/activity/calendar.ndjson", facts);
    site
}

pub fn built(site: &Site, now: &str) -> String {
    let run = site.run(&["build", "--verify", "--strict", "--now", now]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    run.stderr
}

fn data(site: &Site, path: &str) -> Json {
    site.json(&format!("public/v1/{path}.json"))["data"].clone()
}

/// Only "today" is read where the member is; the days themselves are the source's.
#[test]
fn today_is_the_members() {
    // Facts up to the 20th of November, and a member who is there from then on.
    let facts = (date(2026, 11, 1), "1x20");
    let cases: &[(&str, &str, u32, u32)] = &[
        // Zone; now; streak; days that count.
        ("Pacific/Pago_Pago", "2026-11-21T10:59:00Z", 20, 20), // the 20th, at 23:59
        ("Pacific/Pago_Pago", "2026-11-21T11:00:00Z", 20, 20), // the 21st has begun
        ("Pacific/Pago_Pago", "2026-11-20T10:59:00Z", 20, 19), // the 19th: the 20th is tomorrow, and above 0
        ("Pacific/Kiritimati", "2026-11-20T09:59:00Z", 20, 20), // the 20th, at 23:59
        ("Pacific/Kiritimati", "2026-11-20T10:00:00Z", 20, 20), // the 21st has begun
        ("Pacific/Kiritimati", "2026-11-19T09:59:00Z", 20, 19), // the 19th
        ("Pacific/Kiritimati", "2026-11-18T09:59:00Z", 19, 18), // the 18th: of what is later, tomorrow alone counts
        ("UTC", "2026-11-20T23:59:59Z", 20, 20),
        ("Asia/Kathmandu", "2026-11-19T18:14:59Z", 20, 19), // 23:59:59 of the 19th
        ("Asia/Kathmandu", "2026-11-19T18:15:00Z", 20, 20),
        ("America/St_Johns", "2026-11-21T03:29:59Z", 20, 20), // 23:59:59 of the 20th
        ("Australia/Lord_Howe", "2026-11-19T12:59:59Z", 20, 19), // +11 in its summer
        ("Australia/Lord_Howe", "2026-11-19T13:00:00Z", 20, 20),
    ];
    for (zone, now, streak, active) in cases {
        let site = site(&[("a", json!({ "timeZone": zone }), Some(facts))]);
        built(&site, now);
        let user = data(&site, "users/a");
        assert_eq!((&user["streak"], &user["active"]), (&json!(streak), &json!(active)), "{zone} at {now}");
    }
}

/// A day of 23 or 25 hours is a day.
#[test]
fn clocks_that_change_break_nothing() {
    let cases: &[(&str, Date, &[&str])] = &[
        ("Europe/Lisbon", date(2026, 3, 27), &["2026-03-28T23:59:59Z", "2026-03-29T00:30:00Z", "2026-03-29T22:59:59Z"]),
        (
            "Europe/Lisbon",
            date(2026, 10, 23),
            &["2026-10-24T22:59:59Z", "2026-10-25T00:30:00Z", "2026-10-25T23:59:59Z"],
        ),
        (
            "America/New_York",
            date(2026, 3, 6),
            &["2026-03-08T04:59:59Z", "2026-03-08T07:30:00Z", "2026-03-09T03:59:59Z"],
        ),
        (
            "America/New_York",
            date(2026, 10, 30),
            &["2026-11-01T03:59:59Z", "2026-11-01T06:30:00Z", "2026-11-02T04:59:59Z"],
        ),
    ];
    for (zone, from, instants) in cases {
        for (now, days) in instants.iter().zip([2, 3, 3]) {
            let facts = vec!["1"; days].join(" ");
            let site =
                site(&[("a", json!({ "timeZone": zone, "dateJoined": from.to_string() }), Some((*from, &facts)))]);
            built(&site, now);
            let user = data(&site, "users/a");
            assert_eq!((&user["streak"], &user["github"]), (&json!(days), &json!(days)), "{zone} at {now}");
        }
    }
}

#[test]
fn computed_members_lie_over_the_others() {
    let site = site(&[
        ("seen", json!({ "github": 99, "bonus": 5 }), Some((date(2026, 1, 1), "3 20"))),
        ("unseen", json!({ "github": 7 }), None),
        ("new", json!({}), None),
        ("Odd-Case", json!({}), None),
    ]);
    site.write(
        "data/activity/calendar.ndjson",
        site.text("data/activity/calendar.ndjson")
            + "{\"days\":\"4\",\"from\":\"2026-01-01\",\"member\":\"odd-case\"}\n",
    );
    built(&site, "2026-01-02T12:00:00Z");
    let of = |id: &str| {
        let user = data(&site, &format!("users/{id}"));
        [&user["github"], &user["total"], &user["streak"], &user["provisional"]].map(Clone::clone)
    };
    assert_eq!(of("seen"), [json!(13), json!(18), json!(2), json!(true)], "facts come before what is written");
    assert_eq!(of("unseen"), [json!(7), json!(7), json!(0), json!(true)], "no zero is put where nobody looked");
    assert_eq!(of("new"), [json!(0), json!(0), json!(0), json!(true)]);
    assert_eq!(of("odd-case"), [json!(4), json!(4), json!(1), json!(true)], "in any letter case");
}

#[test]
fn rows_tell_how_they_moved() {
    // A week before the 14th it was the 7th.
    let site = site(&[
        ("up", json!({}), Some((date(2026, 1, 1), "1x7 5x7"))),
        ("down", json!({}), Some((date(2026, 1, 1), "2x7 _7"))),
        ("same", json!({}), Some((date(2026, 1, 1), "9x14"))),
        ("new", json!({ "dateJoined": "2026-01-10" }), Some((date(2026, 1, 1), "3x14"))),
        ("idle", json!({}), Some((date(2026, 1, 1), "_14"))),
    ]);
    built(&site, "2026-01-14T12:00:00Z");
    let rows = data(&site, "board");
    let told: Vec<(&str, u64, Json, &str)> = rows
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| {
            let text = |name: &str| row[name].as_str().expect("text");
            (text("id"), row["rank"].as_u64().expect("a rank"), row["delta"].clone(), text("trend"))
        })
        .collect();
    let expected = [
        ("same", 1, json!(0), "same"),
        ("up", 2, json!(1), "up"),
        ("new", 3, Json::Null, "new"),
        ("down", 4, json!(-2), "down"),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_standing_names_its_neighbours() {
    let days = |count: u32| count.to_string();
    let counts = [9, 7, 7, 4, 2, 1].map(days);
    let names = ["a", "b", "c", "d", "e", "f"];
    let mut members: Vec<Member<'_>> = names
        .iter()
        .zip(&counts)
        .map(|(name, count)| (*name, json!({}), Some((date(2026, 1, 1), count.as_str()))))
        .collect();
    members.push(("nobody", json!({}), Some((date(2026, 1, 1), "_"))));
    let site = site(&members);
    built(&site, "2026-01-01T12:00:00Z");
    let row = |id: &str, rank: u32, value: u32| json!({ "id": id, "rank": rank, "value": value });
    assert_eq!(
        data(&site, "users/d/standing"),
        json!({
            "id": "d", "list": "board", "ranked": true, "rank": 4, "position": 4, "tied": false, "of": 6, "value": 4,
            "next": { "rank": 2, "value": 7, "points": 3 },
            "above": [row("b", 2, 7), row("c", 2, 7)], "below": [row("e", 5, 2), row("f", 6, 1)],
        })
    );
    let best = data(&site, "users/a/standing");
    assert_eq!((&best["next"], &best["above"]), (&Json::Null, &json!([])));
    let tied = data(&site, "users/c/standing");
    assert_eq!((&tied["rank"], &tied["position"], &tied["next"]["points"]), (&json!(2), &json!(3), &json!(2)));
    let nobody = data(&site, "users/nobody/standing");
    assert_eq!((&nobody["ranked"], &nobody["why"]), (&json!(false), &json!("`total > 0` is not true of it")));
}

#[test]
fn every_term_is_explained() {
    let site = site(&[
        ("a", json!({ "dateJoined": "2026-01-30", "bonus": 2 }), Some((date(2026, 1, 28), "5x2 25 3 ?1 4 _"))),
        ("b", json!({}), None),
    ]);
    let checks =
        json!({ "checkedAt": "2026-02-03T06:00:00Z", "members": { "A": { "checkedAt": "2026-02-03T05:00:00Z" } } });
    site.write("data/activity/calendar.checked.json", checks.to_string());
    built(&site, "2026-02-03T12:00:00Z");
    let told = data(&site, "users/a/explain");
    let score = &told["scores"][0];
    assert_eq!(score["checkedAt"], "2026-02-03T05:00:00Z");
    assert_eq!((&score["rule"]["formula"], &score["rule"]["dailyCap"]), (&json!("capped-days-1"), &json!(10)));
    let month = |month: &str, counted: u32, days: u32| json!({ "month": month, "counted": counted, "days": days });
    assert_eq!(score["months"], json!([month("2026-01", 13, 2), month("2026-02", 4, 1)]));
    assert_eq!(score["capped"], json!({ "days": 1, "cut": 15 }));
    assert_eq!(score["excluded"], json!({ "daysBeforeStart": 2, "daysUnknown": 1 }));
    assert_eq!(score["streak"], json!({ "current": 3, "since": "2026-01-30", "longest": 3, "provisional": true }));
    let sum: u64 =
        score["months"].as_array().expect("months").iter().map(|m| m["counted"].as_u64().expect("a sum")).sum();
    assert_eq!(score["gives"]["github"], json!(sum), "the terms are the whole");
    assert_eq!(told["derived"][0]["value"], json!(sum + 2));
    assert_eq!(told["rankings"][0]["rank"], 1);
    let unknown = data(&site, "users/b/explain");
    assert_eq!((&unknown["scores"][0]["known"], &unknown["rankings"][0]["ranked"]), (&Json::Null, &json!(false)));
    assert!(unknown["scores"][0]["why"].as_str().expect("why").contains("nothing is known"));
}

/// `status.json` says how fresh the facts are, and when the same sources give something else.
#[test]
fn the_next_change_is_told() {
    let status = |site: &Site, now: &str| {
        built(site, now);
        site.json("public/v1/status.json")
    };
    let streak = site(&[(
        "a",
        json!({ "timeZone": "Asia/Kathmandu", "dateJoined": "2026-01-01" }),
        Some((date(2026, 1, 1), "1x5")),
    )]);
    // On the 6th it is not over yet; on the 7th nothing is known of a day that is.
    let told = status(&streak, "2026-01-05T12:00:00Z");
    assert_eq!(told["nextChangeAt"], "2026-01-06T18:15:00Z");
    assert_eq!(
        (&told["sources"]["calendar"]["stale"], &told["sources"]["calendar"]["checkedAt"]),
        (&json!(true), &Json::Null)
    );
    assert_eq!(told["scores"]["calendar"]["dailyCap"], 10);
    // Of who did nothing, nothing changes until more days are unknown; a build looks again before.
    let idle = site(&[("a", json!({ "dateJoined": "2026-01-01" }), Some((date(2026, 1, 1), "_30")))]);
    assert_eq!(status(&idle, "2026-01-20T12:00:00Z")["nextChangeAt"], "2026-01-29T00:00:00Z");
    let checks = json!({ "checkedAt": "2026-01-20T00:00:00Z", "members": { "a": {} } });
    idle.write("data/activity/calendar.checked.json", checks.to_string());
    let fresh = status(&idle, "2026-01-20T12:00:00Z");
    assert_eq!(
        (&fresh["nextChangeAt"], &fresh["sources"]["calendar"]["stale"]),
        (&json!("2026-01-21T12:00:00Z"), &json!(false))
    );
    assert_eq!(status(&idle, "2026-01-21T12:00:00Z")["sources"]["calendar"]["stale"], json!(true));
}

/// Who began to be active within the days of movement is new, also where the challenge has a start.
#[test]
fn who_was_not_there_is_new() {
    let member = |from| ("a", json!({}), Some((from, "1x5")));
    for (since, from, trend) in [
        ("2026-01-01", date(2026, 5, 6), "new"),
        ("2026-01-01", date(2026, 5, 1), "same"),
        ("2026-05-05", date(2026, 5, 1), "new"),
    ] {
        let site = site(&[member(from)]);
        let settings = site.text("site/site.toml").replace("daily_cap = 10", &format!("since = \"{since}\""));
        site.write("site/site.toml", settings);
        built(&site, "2026-05-10T12:00:00Z");
        assert_eq!(data(&site, "board")[0]["trend"], trend, "{since} {from}");
    }
}

/// Between two instants without a change told, builds are the same; at the one that is told, they differ.
#[test]
fn nothing_changes_before_it_is_told() {
    let site = site(&[
        (
            "a",
            json!({ "timeZone": "Pacific/Kiritimati", "dateJoined": "2026-01-01" }),
            Some((date(2026, 1, 1), "1x3 _2 12")),
        ),
        ("b", json!({ "timeZone": "Pacific/Pago_Pago" }), Some((date(2026, 1, 2), "2 _3 1"))),
    ]);
    let mut now: Timestamp = "2026-01-06T12:00:00Z".parse().expect("an instant");
    let answers = |site: &Site| {
        let mut public = site.public();
        public.retain(|key, _| !key.ends_with("status.json") && !key.ends_with("manifest.json"));
        public
    };
    let mut rounds = 0;
    while rounds < 20 {
        built(&site, &now.to_string());
        let before = answers(&site);
        let next = site.json("public/v1/status.json")["nextChangeAt"].clone();
        let Some(next) = next.as_str() else { break };
        let next: Timestamp = next.parse().expect("an instant");
        built(&site, &next.checked_sub(1.second()).expect("an instant").to_string());
        let after = answers(&site);
        for (key, body) in &before {
            let texts = [Some(body), after.get(key)].map(|body| body.map(|body| String::from_utf8_lossy(body)));
            assert_eq!(texts[0], texts[1], "{key} changes between {now} and {next}");
        }
        now = next;
        rounds += 1;
    }
    assert!((3..20).contains(&rounds), "it comes to rest: {rounds}");
    built(&site, "2027-06-01T00:00:00Z");
    let rested = answers(&site);
    built(&site, &now.to_string());
    assert_eq!(answers(&site), rested, "and then nothing changes any more");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Ranks now and a week ago agree with a naive oracle.
    #[test]
    fn movement_agrees_with_counting(members in proptest::collection::vec((proptest::collection::vec(0_u32..4, 14), 0_i64..14), 1..7)) {
        let first = date(2026, 1, 1);
        let text: Vec<String> = members.iter().map(|(days, _)| days.iter().map(u32::to_string).collect::<Vec<_>>().join(" ")).collect();
        let names: Vec<String> = (0..members.len()).map(|at| format!("m{at}")).collect();
        let rows: Vec<Member<'_>> = members
            .iter()
            .zip(names.iter().zip(&text))
            .map(|((_, joined), (name, text))| {
                let joined = first.checked_add(joined.days()).expect("a day").to_string();
                (name.as_str(), json!({ "dateJoined": joined }), Some((first, text.as_str())))
            })
            .collect();
        let site = site(&rows);
        built(&site, "2026-01-14T12:00:00Z");
        let score = |at: usize, last: usize| -> u32 {
            let (days, joined) = &members[at];
            days.iter().enumerate().filter(|(day, _)| *day <= last && *day >= usize::try_from(*joined).expect("few")).map(|(_, count)| count).sum()
        };
        let ranks = |last: usize| -> BTreeMap<usize, usize> {
            let there: Vec<(usize, u32)> = (0..members.len())
                .filter(|at| usize::try_from(members[*at].1).expect("few") <= last)
                .map(|at| (at, score(at, last)))
                .filter(|(_, score)| *score > 0)
                .collect();
            there.iter().map(|(at, own)| (*at, 1 + there.iter().filter(|(_, other)| other > own).count())).collect()
        };
        let (now, then) = (ranks(13), ranks(6));
        let board = data(&site, "board");
        prop_assert_eq!(board.as_array().expect("rows").len(), now.len());
        for row in board.as_array().expect("rows") {
            let at: usize = row["id"].as_str().expect("an id")[1..].parse().expect("a number");
            prop_assert_eq!(&row["rank"], &json!(now[&at]));
            let delta = then.get(&at).map(|before| i64::try_from(*before).expect("few") - i64::try_from(now[&at]).expect("few"));
            prop_assert_eq!(&row["delta"], &json!(delta));
            let trend = match delta { None => "new", Some(0) => "same", Some(1..) => "up", Some(_) => "down" };
            prop_assert_eq!(&row["trend"], trend);
        }
    }
}
