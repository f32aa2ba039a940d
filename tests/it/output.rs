//! What a build does to its output folder: only what changed is written, what is stale goes, the rest is left alone.

use crate::support::{NOW, Site, tree};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::time::SystemTime;

const SITE: &str = r#"
[collections.articles]
sources = ["content/articles"]
key = "slug"

[surfaces.api]
prefix = "/api"
shape = "bare"

[surfaces.v1]
prefix = "/v1"
shape = "envelope"

[[views]]
path = "articles"
from = "articles"
limit = { default = 2, max = 3 }

[[views]]
path = "articles/{slug}"
from = "articles"
each = true

[[views]]
path = "on/{tag}"
from = "articles"
group = "tag"
limit = { max = 2 }
"#;

fn article(title: &str, tag: &str) -> String {
    format!("---\ntitle: {title}\ntag: {tag}\n---\n\nText of {title}.\n")
}

pub fn site() -> Site {
    Site::empty()
        .file("site/site.toml", SITE)
        .file("site/static/robots.txt", "User-agent: *\n")
        .file("content/articles/a.md", article("A", "cloud"))
        .file("content/articles/b.md", article("B", "cloud"))
        .file("content/articles/c.md", article("C", "shell"))
        .file("content/articles/d.md", article("D", "shell"))
}

/// Builds, and gives the summary that `--format json` prints.
pub fn summary(site: &Site, more: &[&str]) -> Value {
    let run = site.ends(0, &[&["build", "--now", NOW, "--format", "json"], more].concat());
    let document: Value = serde_json::from_str(&run.stdout).expect("one JSON document");
    document["summary"].clone()
}

/// When each file below `public/` was last written, the build's own state left out.
fn times(site: &Site) -> BTreeMap<String, SystemTime> {
    let files = site.public().into_keys();
    files
        .map(|path| {
            let file = fs::metadata(site.path("public").join(&path)).expect("a file");
            (path, file.modified().expect("a time"))
        })
        .collect()
}

/// The keys whose bytes differ between two trees, or that stand in one alone.
fn changed(before: &BTreeMap<String, Vec<u8>>, after: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let keys = before.keys().chain(after.keys()).collect::<std::collections::BTreeSet<_>>();
    keys.into_iter().filter(|key| before.get(*key) != after.get(*key)).cloned().collect()
}

#[test]
fn a_second_build_writes_nothing() {
    let site = site();
    let first = summary(&site, &[]);
    let (files, state) = (times(&site), tree(&site.path("public")));
    assert_eq!(first["written"], files.len());
    let second = summary(&site, &[]);
    assert_eq!((&second["written"], &second["removed"]), (&0.into(), &0.into()));
    assert_eq!(second["unchanged"], files.len());
    assert_eq!(second["release"], first["release"]);
    assert_eq!(times(&site), files, "not even touched");
    assert_eq!(tree(&site.path("public")), state, "nor is the state");
}

/// Other bytes that say the same, and another day.
#[test]
fn what_changes_no_answer_writes_no_file() {
    let site = site();
    site.build();
    let before = times(&site);
    site.write("content/articles/a.md", article("A", "cloud").replace("title: A", "title:   A  # the first"));
    assert_eq!(summary(&site, &[])["written"], 0);
    let run = site.ends(0, &["build", "--now", "2027-01-01T00:00:00Z"]);
    assert!(run.stderr.contains(" 0 written, 0 removed"), "{}", run.stderr);
    assert_eq!(times(&site), before);
}

#[test]
fn one_changed_article_rewrites_the_files_whose_bytes_change() {
    let site = site();
    site.build();
    let (before, written) = (site.public(), times(&site));
    site.write("content/articles/d.md", article("Delta", "shell"));
    let done = summary(&site, &[]);
    let (after, rewritten) = (site.public(), times(&site));
    let changed = changed(&before, &after);
    let touched: Vec<String> = after.keys().filter(|key| written[*key] != rewritten[*key]).cloned().collect();
    assert_eq!(touched, changed);
    assert_eq!(done["written"], changed.len());
    let lists = ["api/articles/d.json", "api/articles/limit/all.json", "api/on/shell.json", "v1/manifest.json"];
    assert!(lists.iter().all(|key| changed.contains(&(*key).to_owned())), "{changed:?}");
    assert!(!changed.iter().any(|key| key.contains("limit/1.") || key.contains("cloud")), "{changed:?}");
}

#[test]
fn stale_files_and_emptied_folders_go() {
    let site = site();
    site.build();
    assert!(site.path("public/api/on/cloud/limit/1.json").exists());
    site.write("content/articles/a.md", article("A", "shell"));
    site.write("content/articles/b.md", article("B", "shell"));
    let done = summary(&site, &[]);
    assert_eq!(done["removed"], 8, "a list, two limits and all, on two surfaces");
    assert!(!site.path("public/api/on/cloud.json").exists());
    assert!(!site.path("public/api/on/cloud").exists(), "nor an empty folder");
    assert!(site.path("public/api/on/shell/limit").exists());
    assert_eq!(site.public(), undisturbed(&site));
}

/// What a build of the same site into a new folder makes.
fn undisturbed(site: &Site) -> BTreeMap<String, Vec<u8>> {
    site.ends(0, &["build", "--now", NOW, "--out", "fresh"]);
    let mut files = tree(&site.path("fresh"));
    files.retain(|path, _| !path.starts_with(".precast/"));
    fs::remove_dir_all(site.path("fresh")).expect("a folder");
    files
}

#[test]
fn a_changed_output_file_is_repaired() {
    let site = site();
    site.build();
    let good = site.public();
    site.write("public/api/articles.json", "[]");
    site.write("public/v1/manifest.json", "{}");
    assert_eq!(summary(&site, &[])["written"], 2);
    assert_eq!(site.public(), good);
}

/// The size says nothing here.
#[test]
fn a_changed_output_file_of_the_same_size_is_repaired() {
    let site = site();
    site.build();
    let good = site.public();
    let answer = site.answer("api/articles");
    site.write("public/api/articles.json", answer.replace('A', "X"));
    assert_eq!(summary(&site, &[])["written"], 1);
    assert_eq!(site.public(), good);
}

#[test]
fn a_deleted_output_file_is_repaired() {
    let site = site();
    site.build();
    let good = site.public();
    fs::remove_file(site.path("public/api/on/cloud/limit/2.json")).expect("a file");
    fs::remove_dir_all(site.path("public/v1/articles")).expect("a folder");
    summary(&site, &[]);
    assert_eq!(site.public(), good);
}

#[test]
fn the_state_may_be_deleted_at_any_time() {
    let site = site();
    site.build();
    let (good, before) = (site.public(), times(&site));
    fs::remove_dir_all(site.path("public/.precast")).expect("a folder");
    assert_eq!(summary(&site, &[])["written"], 0);
    assert_eq!(site.public(), good);
    assert_eq!(times(&site), before);
    assert!(site.path("public/.precast/state").exists(), "it is there again");
    assert_eq!(summary(&site, &[])["written"], 0);
}

/// Without its state, a build knows what it made by the manifest.
#[test]
fn stale_files_go_even_when_the_state_was_deleted() {
    let site = site();
    site.build();
    fs::remove_dir_all(site.path("public/.precast")).expect("a folder");
    site.write("content/articles/c.md", article("C", "cloud"));
    site.write("content/articles/d.md", article("D", "cloud"));
    summary(&site, &[]);
    assert!(!site.path("public/api/on/shell.json").exists());
    assert_eq!(site.public(), undisturbed(&site));
}

#[test]
fn a_damaged_state_counts_as_none() {
    let site = site();
    site.build();
    let good = site.public();
    let state = site.text("public/.precast/state");
    for damaged in ["", "nonsense", &state[..state.len() / 2], &state.replace("articles", "arts")] {
        site.write("public/.precast/state", damaged);
        site.build();
        assert_eq!(site.public(), good);
        assert_eq!(site.text("public/.precast/state"), state);
    }
}

/// A key may become a folder of keys, and a key again.
#[test]
fn a_file_turns_into_a_folder_and_back() {
    let site = site().file("site/static/x", "a file");
    site.build();
    assert_eq!(site.text("public/x"), "a file");
    fs::remove_file(site.path("site/static/x")).expect("a file");
    site.write("site/static/x/y", "below");
    site.write("site/static/x/z/deep", "deeper");
    site.build();
    assert_eq!(site.text("public/x/y"), "below");
    assert_eq!(site.public(), undisturbed(&site));
    fs::remove_dir_all(site.path("site/static/x")).expect("a folder");
    site.write("site/static/x", "a file again");
    site.build();
    assert_eq!(site.text("public/x"), "a file again");
    assert_eq!(site.public(), undisturbed(&site));
}

#[test]
fn the_number_of_threads_is_not_in_the_bytes() {
    let site = site();
    let (one, eight) = (summary(&site, &["--jobs", "1"]), summary(&site, &["--jobs", "8", "--out", "other"]));
    assert_eq!(one["release"], eight["release"]);
    let mut other = tree(&site.path("other"));
    other.retain(|path, _| !path.starts_with(".precast/"));
    assert_eq!(site.public(), other);
}

#[test]
fn the_manifest_lists_every_file_with_its_digest() {
    let site = site();
    let release = summary(&site, &[])["release"].clone();
    let manifest = site.json("public/v1/manifest.json");
    assert_eq!(manifest["release"], release);
    let mut files = site.public();
    files.remove("v1/manifest.json");
    let listed = manifest["artifacts"].as_object().expect("an object");
    assert_eq!(listed.keys().collect::<Vec<_>>(), files.keys().collect::<Vec<_>>());
    for (key, bytes) in &files {
        let digest = Sha256::digest(bytes).iter().fold(String::new(), |mut digest, byte| {
            let _ = write!(digest, "{byte:02x}");
            digest
        });
        assert_eq!(listed[key]["sha256"], digest, "{key}");
        assert_eq!(listed[key]["size"], bytes.len(), "{key}");
        let media_type = listed[key]["mediaType"].as_str().expect("a media type");
        let expected = match key.as_str() {
            "robots.txt" => "text/plain",
            "v1/client.ts" => "application/typescript",
            _ if key.starts_with("v1/errors/") => "application/problem+json",
            _ if key.starts_with("v1/schemas/") => "application/schema+json",
            _ => match key.rsplit('.').next() {
                Some("html") => "text/html",
                Some("css") => "text/css",
                Some("js") => "text/javascript",
                _ => "application/json",
            },
        };
        assert!(media_type.starts_with(expected), "{key}: {media_type}");
    }
}

#[test]
fn status_names_the_release() {
    let site = site();
    let release = summary(&site, &[])["release"].clone();
    assert_eq!(release.as_str().map(str::len), Some(64));
    assert_eq!(site.json("public/v1/status.json")["release"], release);
    site.write("content/articles/a.md", article("Alpha", "cloud"));
    let next = summary(&site, &[])["release"].clone();
    assert_ne!(next, release);
    assert_eq!(site.json("public/v1/status.json")["release"], next);
}

/// A release is named by what it holds: not by where it stands, and not by when it was built.
#[test]
fn a_release_id_depends_on_the_content_alone() {
    let site = site();
    let here = summary(&site, &[]);
    let there = summary(&site, &["--out", "elsewhere/below"]);
    assert_eq!(here["release"], there["release"]);
    let later = site.ends(0, &["build", "--now", "2027-01-01T00:00:00Z", "--format", "json", "--out", "later"]);
    assert!(later.stdout.contains(here["release"].as_str().expect("an id")), "{}", later.stdout);
}
