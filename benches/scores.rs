//! What scores cost a build: the same site with and without them, in one run.
//!
//! `cargo bench --bench scores -- [--members N] [--runs N] [--dir DIR]`; `benches/README.md` tells how to read it.

#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "it runs programs, times them and prints a table")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const TOOL: &str = env!("CARGO_BIN_EXE_precast");
const NOW: &str = "2026-11-01T12:00:00Z";
/// The facts of a member: a year, today the last of its days.
const FROM: &str = "2025-11-02";
const DAYS: u32 = 365;

const SITE: &str = r#"
[site]
name = "Scores"
base_url = "https://scores.example"
[collections.users]
sources = ["data/users.json"]
key = "handle"
[collections.users.derive]
total = "points + bonus"
[surfaces.v1]
prefix = "/v1"
shape = "envelope"
[[views]]
path = "board"
from = "users"
sort = ["-total"]
rank = { by = "total"MOVEMENT }
limit = { default = 10, max = 100 }
page = { size = 1000 }
"#;

const SCORES: &str = r#"
[sources.calendar]
kind = "github"
[scores.calendar]
from = "calendar"
daily_cap = 10
grace_days = 1
exclude = ["sunday"]
into = { score = "points", streak = "streak", longest = "longest", active = "active", provisional = "provisional" }
windows = { last7 = "7d", last30 = "30d", month = "month" }
"#;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let option = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).cloned()
    };
    let runs = option("--runs").and_then(|runs| runs.parse().ok()).unwrap_or(5);
    let members = option("--members").and_then(|members| members.parse().ok()).unwrap_or(100_000);
    let dir = PathBuf::from(option("--dir").unwrap_or_else(|| "/dev/shm".to_owned())).join("precast-bench-scores");
    println!("{members} members, a year of facts, {runs} runs\n");
    println!("| build | facts | seconds (least to most) | more than without |\n|---|---|---|---|");
    let sites = [("without scores", 0), ("active one day in twenty", 20), ("active one day in five", 5)];
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); sites.len()];
    let sizes: Vec<u64> =
        sites.iter().map(|(_, one_in)| write(&dir.join(one_in.to_string()), members, *one_in)).collect();
    // In turns, so that a machine that slows down slows all of them.
    for _ in 0..runs {
        for (at, (_, one_in)) in sites.iter().enumerate() {
            times[at].push(build(&dir.join(one_in.to_string())));
        }
    }
    let plain = median(&mut times[0]);
    for (at, (name, _)) in sites.iter().enumerate() {
        let middle = median(&mut times[at]);
        let (least, most) = (times[at][0], times[at][times[at].len() - 1]);
        let seconds = |time: Duration| format!("{:.2}", time.as_secs_f64());
        let megabytes = sizes[at] / 100_000;
        println!(
            "| {name} | {}.{} MB | {} ({} to {}) | {:+.2} s |",
            megabytes / 10,
            megabytes % 10,
            seconds(middle),
            seconds(least),
            seconds(most),
            middle.as_secs_f64() - plain.as_secs_f64()
        );
    }
    let _ = fs::remove_dir_all(&dir);
}

/// Writes a site whose members are active one day in so many; says how large the facts are, in bytes.
fn write(root: &Path, members: u64, one_in: u64) -> u64 {
    let _ = fs::remove_dir_all(root);
    for folder in ["site", "data/activity"] {
        fs::create_dir_all(root.join(folder)).expect("a folder");
    }
    let scored = one_in > 0;
    let settings = SITE.replace("MOVEMENT", if scored { ", movement_days = 7" } else { "" });
    fs::write(root.join("site/site.toml"), settings + if scored { SCORES } else { "" }).expect("settings");
    let mut random = 0x5EED_u64;
    let mut next = move || {
        random = random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (random ^ (random >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed ^ (mixed >> 27)) >> 8
    };
    let (mut users, mut facts) = (String::from("["), String::new());
    for member in 0..members {
        let comma = if member == 0 { "" } else { "," };
        let _ = write!(
            users,
            "{comma}\n{{\"handle\":\"member-{member:06}\",\"name\":\"Member {member}\",\"dateJoined\":\"2025-12-{:02}\",\"points\":{},\"bonus\":{}}}",
            1 + member % 28,
            next() % 500,
            next() % 50
        );
        if scored {
            let mut days: Vec<String> = Vec::new();
            let mut idle = 0;
            for _ in 0..DAYS {
                if next() % one_in > 0 {
                    idle += 1;
                    continue;
                }
                idle_days(&mut days, &mut idle);
                days.push((1 + next() % 12).to_string());
            }
            idle_days(&mut days, &mut idle);
            let days = days.join(" ");
            let _ = writeln!(
                facts,
                "{{\"days\":\"{days}\",\"from\":\"{FROM}\",\"id\":\"U_kgDO{member:08x}\",\"member\":\"member-{member:06}\"}}"
            );
        }
    }
    fs::write(root.join("data/users.json"), users + "\n]\n").expect("members");
    if scored {
        fs::write(root.join("data/activity/calendar.ndjson"), &facts).expect("facts");
    }
    facts.len() as u64
}

fn idle_days(days: &mut Vec<String>, idle: &mut u32) {
    match *idle {
        0 => {}
        1 => days.push("_".to_owned()),
        many => days.push(format!("_{many}")),
    }
    *idle = 0;
}

/// A cold build of the site.
fn build(root: &Path) -> Duration {
    let _ = fs::remove_dir_all(root.join("public"));
    let start = Instant::now();
    let mut command = Command::new(TOOL);
    command.arg("build").arg("--root").arg(root).args(["--now", NOW, "--format", "json"]);
    let done = command.stdout(Stdio::null()).stderr(Stdio::inherit()).status().expect("the program runs");
    assert!(done.success(), "the build fails");
    start.elapsed()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
