//! A build that is killed at any moment is repaired by the next one, and two builds at once do no harm.

use crate::support::{Dice, NOW, Site, command, tree};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

const SITE: &str = r#"
[collections.users]
sources = ["data/users.ndjson"]
key = "handle"

[surfaces.api]
prefix = "/api"
shape = "bare"

[surfaces.v1]
prefix = "/v1"
shape = "envelope"

[[views]]
path = "users"
from = "users"
limit = { max = 100 }

[[views]]
path = "users/{handle}"
from = "users"
each = true

[[views]]
path = "teams/{team}"
from = "users"
group = "team"
limit = { max = 60 }
"#;

const KILLS: usize = 50;
type Tree = BTreeMap<String, Vec<u8>>;

/// Two sites of about three thousand artifacts each. Most answers are the same in both, some differ, some stand in one
/// alone, and `x` is a file in the one and a folder in the other.
fn sites() -> [Site; 2] {
    [("red", 800, "x"), ("blue", 900, "x/y")].map(|(colour, own, asset)| {
        let users = (0..760).chain(own..own + 40).fold(String::new(), |mut users, n| {
            let team = if n < 760 { format!("team-{}", n % 9) } else { colour.to_owned() };
            let text = if n == 300 || n >= 720 { colour } else { "grey" };
            let _ = writeln!(users, r#"{{"handle":"user-{n}","team":"{team}","text":"{text}"}}"#);
            users
        });
        let site = Site::empty().file("site/site.toml", SITE).file("data/users.ndjson", users);
        site.file(&format!("site/static/{asset}"), colour)
    })
}

/// Everything in the output folder but the build's notes: half-written files would be seen.
fn output(folder: &Site) -> Tree {
    let mut files = tree(&folder.path("public"));
    files.retain(|path, _| !path.starts_with(".precast/"));
    files
}

fn build(site: &Site, out: &Site) {
    let out = out.path("public");
    site.ends(0, &["build", "--now", NOW, "--out", out.to_str().expect("a plain path")]);
}

/// Starts a build and kills it after `delay`. Whether the kill came before its end.
fn kill(site: &Site, out: &Site, delay: Duration) -> bool {
    let mut command = command(&site.path(""));
    command.args(["build", "--now", NOW, "--out"]).arg(out.path("public")).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let mut child = command.spawn().expect("the tool starts");
    while start.elapsed() < delay && child.try_wait().expect("a state").is_none() {
        std::thread::sleep(Duration::from_micros(200));
    }
    child.kill().expect("the child is ours");
    let status = child.wait().expect("an end");
    assert!(status.signal() == Some(9) || status.code() == Some(0), "{status}");
    status.signal() == Some(9)
}

/// What each site gives when nobody disturbs its build, and how long that takes into an empty folder and over the
/// release of the other site.
fn undisturbed(sites: &[Site; 2]) -> ([Tree; 2], [Duration; 2]) {
    let out = Site::empty();
    let timed = |site: &Site| {
        let start = Instant::now();
        build(site, &out);
        (output(&out), start.elapsed())
    };
    let ((one, fresh), (other, over)) = (timed(&sites[0]), timed(&sites[1]));
    let clean = Site::empty();
    build(&sites[1], &clean);
    assert!(other == output(&clean), "what stood there before is not in the answers");
    ([one, other], [fresh, over])
}

#[test]
fn a_killed_build_is_repaired_by_the_next() {
    let sites = sites();
    let (expected, [fresh, over]) = undisturbed(&sites);
    assert!(expected.iter().all(|tree| (2_800..3_200).contains(&tree.len())), "{}", expected[0].len());
    let out = Site::empty();
    let mut dice = Dice::new(9);
    let mut part_of = |usual: Duration| usual * u32::try_from(dice.below(1000)).expect("small") / 1000;
    let (mut interrupted, mut torn) = (0, 0);
    for round in 0..KILLS {
        // The folder holds the other site's release, or nothing, or what a killed build left of it.
        let (site, whole) = (&sites[round % 2], &expected[round % 2]);
        let empty = round % 10 == 0;
        if empty {
            let _ = fs::remove_dir_all(out.path("public"));
        }
        if round % 7 == 3 {
            kill(&sites[(round + 1) % 2], &out, part_of(over));
        }
        interrupted += usize::from(kill(site, &out, part_of(if empty { fresh } else { over })));
        let left = output(&out);
        torn += usize::from(!left.is_empty() && !expected.contains(&left));
        build(site, &out);
        is_repaired(&out, whole, round);
    }
    assert!(interrupted > 5, "only {interrupted} of {KILLS} kills came before the end");
    assert!(torn > 2, "only {torn} of {KILLS} kills left a release half written");
}

fn is_repaired(out: &Site, whole: &Tree, round: usize) {
    is_whole(&output(out), whole, round);
    let notes: Vec<String> = tree(&out.path("public/.precast")).into_keys().collect();
    assert!(!notes.iter().any(|note| note.contains("journal")), "round {round}: {notes:?}");
}

fn is_whole(found: &Tree, whole: &Tree, round: usize) {
    let wrong = |key: &&String| found.get(*key) != whole.get(*key);
    let wrong: Vec<&String> = whole.keys().chain(found.keys()).filter(wrong).take(5).collect();
    assert!(wrong.is_empty(), "round {round}: {wrong:?}");
}

/// An editor's watcher and its user may build at the same moment. The one may wait for the other or give way to it, but
/// who says that it is done has left a whole release.
#[test]
fn two_builds_at_once_leave_one_whole_release() {
    let [site, _] = sites();
    let clean = Site::empty();
    build(&site, &clean);
    let whole = output(&clean);
    for round in 0..8 {
        let out = Site::empty();
        let mut build_into = command(&site.path(""));
        build_into.args(["build", "--now", NOW, "--out"]).arg(out.path("public"));
        build_into.stdout(Stdio::null()).stderr(Stdio::null());
        let both = [build_into.spawn(), build_into.spawn()].map(|child| child.expect("the tool starts"));
        let codes = both.map(|mut child| child.wait().expect("an end").code());
        assert!(codes.contains(&Some(0)), "round {round}: {codes:?}");
        is_whole(&output(&out), &whole, round);
        build(&site, &out);
        is_repaired(&out, &whole, round);
    }
}
