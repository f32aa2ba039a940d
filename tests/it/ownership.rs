//! Files that the tool did not make, and folders that it cannot write to.

use crate::output::{site, summary};
use crate::support::{NOW, tree};
use std::fs;

#[test]
fn what_the_tool_did_not_make_is_neither_touched_nor_removed() {
    let site = site();
    site.write("public/.gitignore", "*\n!.gitignore\n");
    site.write("public/api/on/cloud/mine.txt", "mine");
    site.write("public/CNAME", "example.org");
    site.build();
    for tag in ["cloud", "shell"] {
        for file in ["a", "b", "c", "d"] {
            site.write(&format!("content/articles/{file}.md"), format!("---\ntitle: T\ntag: {tag}\n---\n"));
        }
        site.build();
        assert_eq!(site.text("public/api/on/cloud/mine.txt"), "mine");
        assert_eq!(site.text("public/CNAME"), "example.org");
        assert_eq!(site.text("public/.gitignore"), "*\n!.gitignore\n");
    }
    assert!(!site.path("public/api/on/cloud/limit").exists(), "what the tool made there is gone");
}

#[test]
fn a_foreign_file_in_the_way_stops_the_build() {
    let site = site();
    site.write("public/api/articles/a.json", "mine");
    let before = tree(&site.path("public"));
    let run = site.ends(3, &["build", "--now", NOW]);
    let message = "a.json is in the way: this tool did not make it, so it does not replace it";
    assert!(run.stderr.contains(message), "{}", run.stderr);
    assert!(run.stderr.contains("Nothing was written"), "{}", run.stderr);
    assert_eq!(tree(&site.path("public")), before);
}

/// The same holds when the tool has built there before.
#[test]
fn a_foreign_file_on_a_new_key_stops_the_next_build() {
    let site = site();
    site.build();
    site.write("public/api/articles/new.json", "mine");
    let before = tree(&site.path("public"));
    site.write("content/articles/new.md", "---\ntitle: New\ntag: cloud\n---\n");
    let run = site.ends(3, &["build", "--now", NOW, "--format", "json"]);
    assert!(run.stderr.contains("api/articles/new.json is in the way"), "{}", run.stderr);
    let document: serde_json::Value = serde_json::from_str(&run.stdout).expect("one JSON document");
    assert_eq!((&document["diagnostics"], &document["summary"]["status"]), (&serde_json::json!([]), &"failed".into()));
    assert_eq!(tree(&site.path("public")), before);
    fs::remove_file(site.path("public/api/articles/new.json")).expect("a file");
    site.build();
    assert!(site.answer("api/articles/new").contains("\"New\""));
}

#[test]
fn a_foreign_folder_where_a_file_belongs_stops_the_build() {
    let site = site();
    site.write("public/robots.txt/notes.md", "mine");
    let run = site.ends(3, &["build", "--now", NOW]);
    assert!(run.stderr.contains("robots.txt is in the way"), "{}", run.stderr);
    assert_eq!(tree(&site.path("public")).into_keys().collect::<Vec<_>>(), ["robots.txt/notes.md"]);
}

#[test]
fn a_foreign_file_where_a_folder_belongs_stops_the_build() {
    let site = site();
    site.write("public/api", "mine");
    let run = site.ends(3, &["build", "--now", NOW]);
    assert!(run.stderr.contains("public/api is in the way"), "{}", run.stderr);
    assert_eq!(site.text("public/api"), "mine");
    assert_eq!(tree(&site.path("public")).into_keys().collect::<Vec<_>>(), ["api"], "nothing is written");
}

/// A build that was refused owns nothing: what people put there afterwards is theirs.
#[test]
fn a_refused_build_claims_no_file() {
    let site = site();
    site.write("public/api", "mine");
    site.ends(3, &["build", "--now", NOW]);
    fs::remove_file(site.path("public/api")).expect("a file");
    site.write("public/api/articles.json", "mine as well");
    let run = site.ends(3, &["build", "--now", NOW]);
    assert!(run.stderr.contains("api/articles.json is in the way"), "{}", run.stderr);
    assert_eq!(site.text("public/api/articles.json"), "mine as well");
}

/// What stands there now is not the file that the tool made.
#[test]
fn a_folder_in_the_place_of_a_stale_file_is_left_alone() {
    let site = site();
    site.build();
    fs::remove_file(site.path("site/static/robots.txt")).expect("a file");
    fs::remove_file(site.path("public/robots.txt")).expect("a file");
    site.write("public/robots.txt/notes.md", "mine");
    site.build();
    assert_eq!(site.text("public/robots.txt/notes.md"), "mine");
    assert_eq!(summary(&site, &[])["written"], 0);
}

/// A build that was killed after it had turned a file into a folder, and before it had noted so.
#[test]
fn a_file_half_turned_into_a_folder_is_turned_by_the_next_build() {
    let site = site().file("site/static/x", "a file");
    site.build();
    let state = site.text("public/.precast/state");
    fs::remove_file(site.path("site/static/x")).expect("a file");
    site.write("site/static/x/y", "below");
    site.build();
    let whole = site.public();
    site.write("public/.precast/state", state);
    site.write("public/.precast/journal", "v1/manifest.json\nv1/status.json\nx\nx/y\n");
    site.build();
    assert_eq!(site.public(), whole);
    assert!(!site.path("public/.precast/journal").exists());
}

/// A file that happens to have the right bytes already is as good as written.
#[test]
fn a_foreign_file_with_the_right_bytes_is_adopted() {
    let site = site();
    site.write("public/robots.txt", "User-agent: *\n");
    assert_eq!(summary(&site, &[])["unchanged"], 1);
}

/// A link is no file of the tool's: writing through it would change what it leads to.
#[cfg(unix)]
#[test]
fn a_link_in_the_place_of_a_file_is_not_written_through() {
    let site = site();
    site.write("elsewhere.txt", "mine");
    fs::create_dir_all(site.path("public")).expect("a folder");
    std::os::unix::fs::symlink(site.path("elsewhere.txt"), site.path("public/robots.txt")).expect("a link");
    let run = site.ends(3, &["build", "--now", NOW]);
    assert!(run.stderr.contains("robots.txt is in the way"), "{}", run.stderr);
    assert_eq!(site.text("elsewhere.txt"), "mine");
}

#[test]
fn the_output_folder_stands_beside_the_sources() {
    for out in ["content/out", "content", "data/x", "site/static", "site", ".", "content/../content/a", ".."] {
        let site = site();
        let before = tree(&site.path(""));
        let run = site.ends(2, &["build", "--now", NOW, "--out", out]);
        assert!(run.stderr.contains("choose another with --out"), "{out}: {}", run.stderr);
        assert_eq!(tree(&site.path("")), before, "{out}");
    }
}

#[test]
fn an_output_folder_that_cannot_be_made_is_the_worlds_fault() {
    let site = site();
    site.write("occupied", "a file");
    for out in ["occupied", "occupied/below"] {
        let run = site.ends(3, &["build", "--now", NOW, "--out", out]);
        assert!(run.stderr.starts_with("error: ") && run.stderr.contains("occupied"), "{out}: {}", run.stderr);
        assert_eq!(run.stdout, "", "{out}");
    }
    assert_eq!(site.text("occupied"), "a file");
}

/// The superuser may write anywhere, so there the folder is on a file system that takes nothing.
#[cfg(target_os = "linux")]
#[test]
fn an_output_folder_that_takes_nothing_is_the_worlds_fault() {
    let site = site();
    let run = site.ends(3, &["build", "--now", NOW, "--out", "/proc/precast"]);
    assert!(run.stderr.contains("error: cannot") && run.stderr.contains("/proc/precast"), "{}", run.stderr);
}
