//! Programs as sources: what they are given, what is believed of what they say, and how they end.

use super::scene::{Scene, TOKEN};
use super::server::{Reply, Server};
use crate::support::{command, tree};
use precast::sources::{Budget, Options};
use serde_json::{Value as Json, json};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

const SOURCE: &str = "[sources.strava]\nkind = \"command\"\ncommand = [\"./strava\"]\n";

fn scene(source: &str, users: &Json, script: &str) -> Scene {
    let scene = Scene::of(Server::start(|_| Reply::status(500)), source, users);
    scene.site.write("strava", format!("#!/bin/sh\n{script}"));
    std::fs::set_permissions(scene.site.path("strava"), std::fs::Permissions::from_mode(0o755)).expect("permissions");
    scene
}

#[test]
fn a_program_is_given_no_token_but_its_own() {
    let script = r#"env >env.txt
echo "{\"member\":\"ann\",\"failed\":\"who is $STRAVA_TOKEN?\"}"
echo "$STRAVA_TOKEN"
echo "{\"member\":\"ben\",\"days\":{\"2026-05-01\":1},\"account\":\"$STRAVA_TOKEN\"}"
"#;
    let users = json!([{ "handle": "ann" }, { "handle": "ben" }]);
    let run = |source: &str| {
        let scene = scene(source, &users, script);
        let mut run = command(&scene.site.path(""));
        run.args(["refresh", "--accept-drop", "--format", "json"]);
        for variable in ["STRAVA_TOKEN", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY"] {
            run.env(variable, TOKEN);
        }
        let run = run.env("LC_ALL", "C").env("HOME", "/nowhere").output().expect("a run");
        let given = scene.site.text("env.txt");
        assert!(!given.contains("GITHUB_TOKEN") && !given.contains("AWS_"), "{given}");
        for variable in ["PATH=", "HOME=/nowhere", "LC_ALL=C"] {
            assert!(given.lines().any(|line| line.starts_with(variable)), "{variable}: {given}");
        }
        (scene, run, given)
    };
    assert!(!run(SOURCE).2.contains("STRAVA_TOKEN"));
    let (scene, run, given) = run(&format!("{SOURCE}token = {{ env = \"STRAVA_TOKEN\" }}\n"));
    assert!(given.contains(&format!("STRAVA_TOKEN={TOKEN}")));
    let told: Json = serde_json::from_slice(&run.stdout).expect("JSON");
    assert_eq!(told["sources"][0]["failed"], json!([{ "member": "ann", "why": "who is ***?" }]));
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(said.contains("who is ***?") && said.contains("a line that is no outcome"), "{said}");
    std::fs::remove_file(scene.site.path("env.txt")).expect("a file");
    let files = tree(&scene.site.path("")).into_values();
    for bytes in files.chain([run.stdout, run.stderr]) {
        assert!(!String::from_utf8_lossy(&bytes).contains(TOKEN), "{}", String::from_utf8_lossy(&bytes));
    }
    assert_eq!(scene.of_member("ben")["account"], "***");
}

#[test]
fn a_program_is_told_what_is_published() {
    let users = json!([{ "handle": "ann", "email": "ann@example.org", "strava": "a-1", "timeZone": "Europe/Lisbon" }]);
    let scene = scene(&format!("{SOURCE}account = \"strava\"\n"), &users, "cat >jobs.txt\n");
    let settings = scene.site.text("site/site.toml").replace("key = ", "private = [\"email\", \"strava\"]\nkey = ");
    scene.site.write("site/site.toml", settings);
    scene.refresh();
    let job: Json = serde_json::from_str(&scene.site.text("jobs.txt")).expect("a job");
    assert_eq!(job["account"], "a-1");
    assert_eq!(job["fields"], json!({ "handle": "ann", "timeZone": "Europe/Lisbon" }));
}

#[test]
fn what_is_no_outcome_is_told_and_changes_nothing() {
    let script = r#"cat >/dev/null
printf 'nonsense \377\n'
echo '{"member":"stranger","days":{"2026-05-01":1}}'
echo '{"member":"m0","days":{"2026-05-01":1}}'
echo '{"member":"m0","days":{"2026-05-01":9}}'
echo '{"member":"m1","days":{"2026-05-01":1,"2026-06-03":1}}'
echo '{"member":"m2","from":"9999-12-31","counts":[1,1]}'
echo '{"member":"m3","days":{"1999-12-31":1}}'
echo '{"member":"m4","from":"2026-06-01","counts":[1,2,null]}'
echo '{"member":"m5","days":{"2000-01-01":1,"2062-01-01":null}}'
"#;
    let users: Vec<Json> = (0..6).map(|n| json!({ "handle": format!("m{n}") })).collect();
    let scene = scene(SOURCE, &json!(users), script);
    let ended = scene.refresh_with(Options { accept_drop: true, ..Options::default() }).expect("a refresh");
    let [note] = ended.summary.notes.as_slice() else { panic!("{:?}", ended.summary.notes) };
    assert!(note.starts_with("`./strava` said 6 lines that are no outcomes, the first because expected"), "{note}");
    let failed: Vec<&str> = ended.summary.failed.iter().map(|(member, _)| member.as_str()).collect();
    assert_eq!((failed, ended.summary.fetched), (vec!["m1", "m2", "m3"], 3));
    let line = |member: &str| (scene.of_member(member)["from"].clone(), scene.of_member(member)["days"].clone());
    assert_eq!(line("m0"), ("2026-05-01".into(), "1".into()));
    assert_eq!(line("m4"), ("2026-06-01".into(), "1 2".into()));
    assert_eq!(line("m5"), ("2000-01-01".into(), "1".into()));
}

/// What a program has started ends with it, and nothing of it is taken for a refresh.
#[test]
fn nothing_of_a_program_outlives_its_time() {
    let script = "sleep 600 &\necho $! >child.txt.part\nmv child.txt.part child.txt\nwait\n";
    let scene = scene(SOURCE, &json!([{ "handle": "ann" }]), script);
    let deadline = Some("2026-06-01T12:00:05Z".parse().expect("an instant"));
    let budget = Budget { deadline, ..Budget::default() };
    let ended = scene.refresh_with(Options { budget, ..Options::default() }).expect("a refresh");
    assert_eq!(ended.short, Some("--deadline"));
    assert!(ended.is_failed() && ended.trouble.is_some_and(|why| why.contains("still at work")));
    let child = scene.site.text("child.txt");
    let lives = || {
        let state = Command::new("ps").args(["-o", "stat=", "-p", child.trim()]).output().expect("a list").stdout;
        !state.is_empty() && !state.starts_with(b"Z")
    };
    let begun = Instant::now();
    while lives() {
        assert!(begun.elapsed() < Duration::from_mins(1), "process {child} lives");
    }
}
