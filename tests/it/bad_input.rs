//! Each kind of bad input: exit code 1, one diagnostic for each fault at its line and column, nothing written.
//!
//! A case is a folder under `tests/fixtures/bad`; `expected.txt` in it is the whole message. After a change of the
//! messages, `SNAPSHOTS=overwrite cargo test bad_input` writes them anew: read the difference.

use crate::support::{NOW, Site, fixtures, tree};
use snapbox::Data;
use std::fs;

#[test]
fn every_case_is_told_as_expected() {
    let mut cases: Vec<_> = fs::read_dir(fixtures().join("bad")).expect("cases").flatten().collect();
    cases.sort_by_key(fs::DirEntry::file_name);
    assert!(cases.len() >= 40, "the cases are there");
    let mut wrong = Vec::new();
    for case in cases {
        let name = case.file_name().into_string().expect("a plain name");
        let site = Site::fixture(&format!("bad/{name}"));
        let before = tree(&site.path(""));
        let run = site.run(&["build", "--now", NOW]);
        assert_eq!(run.code, Some(1), "{name}: {}", run.stderr);
        assert_eq!(run.stdout, "", "{name}: people read standard error");
        assert_eq!(before, tree(&site.path("")), "{name}: nothing is written");
        // Compared to the byte: no wildcards, no backslash taken for a slash.
        let expected = Data::read_from(&case.path().join("expected.txt"), None).raw();
        let compared = snapbox::Assert::new().action_env("SNAPSHOTS").try_eq(Some(&name), run.stderr.into(), expected);
        wrong.extend(compared.err().map(|error| error.to_string()));
        same_in_json(&site, &name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The JSON document tells the same faults with the same places.
fn same_in_json(site: &Site, name: &str) {
    let human = site.run(&["check", "--now", NOW]);
    let run = site.run(&["check", "--now", NOW, "--format", "json"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(1), ""), "{name}");
    let document: serde_json::Value = serde_json::from_str(&run.stdout).expect("one JSON document");
    let diagnostics = document["diagnostics"].as_array().expect("a list");
    assert!(!diagnostics.is_empty(), "{name}");
    for diagnostic in diagnostics {
        let place =
            format!("{}:{}:{}", diagnostic["path"].as_str().expect("a path"), diagnostic["line"], diagnostic["column"]);
        assert!(human.stderr.contains(&place), "{name}: {place} is not in\n{}", human.stderr);
        assert!(human.stderr.contains(diagnostic["message"].as_str().expect("a message")), "{name}: {diagnostic}");
    }
}

/// A path that begins with two slashes would be another host.
#[test]
fn addresses_of_sites_have_no_empty_segments() {
    for (base_url, code) in [("https://example.org//x", 1), ("https:///x", 1), ("https://example.org/x//", 0)] {
        let site = Site::empty().file("site/site.toml", format!("[site]\nbase_url = \"{base_url}\"\n"));
        let run = site.ends(code, &["check", "--now", NOW]);
        assert_eq!(run.stderr.contains(&format!("`{base_url}` is not the address of a site")), code == 1);
    }
}

/// `check` tells what `publish` would refuse, at its place.
#[test]
#[allow(clippy::needless_raw_string_hashes, reason = "the snapshot is written so")]
fn environments_are_checked() {
    let text = r#"[dev]
target = "public/sub"
[Staging]
target = "s3://Big_Bucket"
layout = "flats"
[prod]
target = "s3://prod-site"
replicas = ["s3://prod-site/eu", "file:/srv", "s3://prod-site-eu"]
protect = { max_shrink = "a lot" }
[other]
target = "s3://prod-site"
layout = "release"
[blank]
target = " "
"#;
    let site = Site::empty().file("site/site.toml", "[site]\nname = \"Test\"\nbase_url = \"https://test.example\"\n");
    site.write("site/environments.toml", text);
    let run = site.run(&["check", "--now", NOW, "--format", "json"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let document: serde_json::Value = serde_json::from_str(&run.stdout).expect("one JSON document");
    let told: Vec<String> = document["diagnostics"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|fault| format!("{}:{} {}", fault["line"], fault["column"], fault["message"].as_str().expect("a message")))
        .collect();
    snapbox::Assert::new().action_env("SNAPSHOTS").eq(
        told.join("\n"),
        snapbox::str![[r#"
2:10 `public/sub` is in `public`, which is a folder of the site: name another
3:2 `Staging` is no name of an environment
4:10 `Big_Bucket` is no name of a bucket: it has 3 to 63 lower-case letters, digits, dots and dashes
5:10 there is no layout `flats`
8:13 the replica s3://prod-site/eu overlaps with s3://prod-site
8:34 `file:/srv` names no folder: write file:///folder, with three slashes
9:26 `max_shrink` is a share from `0%` to `100%`, not `a lot`
10:1 `prod` and `other` publish over each other: their targets overlap
14:10 ` ` is no target: write s3://bucket/prefix, file:///folder or a folder
"#]],
    );
}
