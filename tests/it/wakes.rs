//! When builds are to be made again: an old output is trusted up to its next change, and wakes for what is shown alone.

use crate::scores::{built, site};
use crate::support::{Site, run_in};
use jiff::ToSpan as _;
use jiff::civil::date;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use std::fmt::Write as _;

const SITE: &str = r#"
[site]
name = "Test"
base_url = "https://test.example"
[collections.users]
sources = ["data/users.json"]
key = "id"
[surfaces.v1]
prefix = "/v1"
shape = "envelope"
[sources.calendar]
kind = "github"
[scores.calendar]
from = "calendar"
into = { score = "points", streak = "streak", longest = "longest", provisional = "provisional" }
RULES
[[views]]
path = "board"
from = "users"
sort = ["-points"]
rank = { by = "points", movement_days = 9 }
[[views]]
path = "users/{id}/explain"
from = "users"
explain = true
"#;

const RULES: [&str; 5] = [
    "windows = { recent = \"20d\" }",
    "grace_days = 2\nexclude = [\"saturday\", \"sunday\"]",
    "period = \"week\"\ngrace_days = 1",
    "windows = { month = \"month\" }",
    "exclude = [\"monday\"]\ndaily_cap = 2",
];

fn text(counts: &[Option<u32>]) -> String {
    counts.iter().map(|count| count.map_or_else(|| "?".to_owned(), |count| count.to_string()) + " ").collect()
}

fn member() -> impl Strategy<Value = (Vec<Option<u32>>, i64, Option<i64>)> {
    let counts = proptest::collection::vec(prop_oneof![Just(Some(0)), (0_u32..5).prop_map(Some), Just(None)], 1..40);
    (counts, -500_i64..20, proptest::option::of(-40_i64..60))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn an_old_output_is_no_excuse(
        members in proptest::collection::vec(member(), 1..3),
        rules in 0..RULES.len(),
        steps in proptest::collection::vec(1_i64..90, 1..4),
    ) {
        let day = |offset: i64| date(2026, 3, 1).checked_add(offset.days()).expect("a day");
        let (mut users, mut facts) = (Vec::new(), String::new());
        for (at, (counts, from, joined)) in members.iter().enumerate() {
            let id = format!("m{at}");
            users.push(match joined {
                Some(joined) => json!({ "id": id, "dateJoined": day(*joined).to_string() }),
                None => json!({ "id": id, "dateJoined": null }),
            });
            let _ = writeln!(facts, "{}", json!({ "days": text(counts), "from": day(*from).to_string(), "member": id }));
        }
        let site = Site::empty().file("site/site.toml", SITE.replace("RULES", RULES[rules]));
        site.write("data/users.json", json!(users).to_string());
        site.write("data/activity/calendar.ndjson", facts);
        let mut offset = 0;
        for step in [0].into_iter().chain(steps) {
            offset += step;
            let now = format!("{}T12:00:00Z", day(offset));
            site.ends(0, &["build", "--now", &now]);
            let fresh = format!("fresh-{offset}");
            let run = run_in(&site.path(""), &["build", "--now", &now, "--out", &fresh]);
            prop_assert_eq!(run.code, Some(0));
            for key in ["v1/board.json", "v1/users/m0/explain.json", "v1/manifest.json"] {
                prop_assert_eq!(site.text(&format!("public/{key}")), site.text(&format!("{fresh}/{key}")), "{} at {}", key, now);
            }
        }
    }
}

/// Who is not published wakes nobody, and what no answer shows is no change.
#[test]
fn only_what_is_shown_wakes() {
    let next = |site: &Site| {
        built(site, "2026-05-10T05:00:00Z");
        site.json("public/v1/status.json")["nextChangeAt"].clone()
    };
    let active = Some((date(2026, 5, 2), "1x8 _"));
    let hidden = site(&[("a", json!({ "timeZone": "Pacific/Kiritimati", "listed": false }), active)]);
    assert_eq!(next(&hidden), Json::Null);
    let shown = site(&[("a", json!({}), active)]);
    assert_eq!(next(&shown), "2026-05-11T00:00:00Z", "the streak ends, and the week moves");
    let settings = shown.text("site/site.toml");
    let board = settings.split("[[views]]").next().expect("settings").to_owned()
        + "[[views]]\npath = \"names\"\nfrom = \"users\"\nfields = [\"id\", \"longest\"]\n";
    shown.write("site/site.toml", board);
    assert_ne!(next(&shown), "2026-05-11T00:00:00Z", "the longest streak stays");
}
