//! The repository's own site: it builds, and it keeps what it promises to keep.

use crate::support::{Site, tree};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Read;
use std::path::Path;

/// When most of its articles are live.
const NOW: &str = "2026-11-15T12:00:00Z";

/// The front matter of every member: file, and value of each member that stands on one line.
fn members(site: &Site) -> Vec<BTreeMap<String, String>> {
    let files = tree(&site.path("content/users"));
    let front = |bytes: &Vec<u8>| {
        let text = String::from_utf8(bytes.clone()).expect("UTF-8");
        let front = text.split("---").nth(1).expect("front matter").to_owned();
        let pairs = front.lines().filter_map(|line| line.split_once(": "));
        pairs.map(|(name, value)| (name.to_owned(), value.trim().trim_matches('"').to_owned())).collect()
    };
    files.values().map(front).collect()
}

fn built() -> Site {
    let site = Site::shipped();
    let run = site.ends(0, &["build", "--now", NOW]);
    assert!(!run.stderr.contains("error"), "{}", run.stderr);
    site
}

/// The keys of the output files that hold `text` in any letter case.
fn holding(files: &BTreeMap<String, String>, text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    files.iter().filter(|(key, body)| key.contains(&text) || body.contains(&text)).map(|(key, _)| key.clone()).collect()
}

/// Every file of the output folder, the build's notes too, unpacked where it is packed, in lower case.
fn lowered(site: &Site) -> BTreeMap<String, String> {
    let files = tree(&site.path("public")).into_iter();
    files.map(|(key, bytes)| (key.to_lowercase(), String::from_utf8_lossy(&unpacked(bytes)).to_lowercase())).collect()
}

/// Pieces of the index for searching are packed as gzip.
fn unpacked(bytes: Vec<u8>) -> Vec<u8> {
    let mut text = Vec::new();
    match flate2::read::GzDecoder::new(bytes.as_slice()).read_to_end(&mut text) {
        Ok(_) => text,
        Err(_) => bytes,
    }
}

#[test]
fn it_has_the_size_of_a_community() {
    let site = built();
    let count = |path: &str| site.json(path)["meta"]["total"].as_u64().expect("a total");
    let (users, articles) = (count("public/v1/users.json"), count("public/v1/articles.json"));
    assert!((55..=70).contains(&users), "{users} members");
    assert!((30..=45).contains(&articles), "{articles} articles");
    let sources = tree(&site.path("content/articles")).len();
    assert!((38..=45).contains(&sources), "{sources} articles are written");
}

#[test]
fn its_answers_are_json() {
    let site = built();
    for (key, body) in site.public().iter().filter(|(key, _)| Path::new(key).extension() == Some(OsStr::new("json"))) {
        serde_json::from_slice::<Value>(body).unwrap_or_else(|e| panic!("{key}: {e}"));
    }
    let top = site.json("public/api/leaderboard.json");
    let scores: Vec<i64> =
        top.as_array().expect("rows").iter().map(|row| row["score"].as_i64().expect("a score")).collect();
    assert_eq!(scores.len(), 10);
    assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
}

/// Who is not listed is found in no file: not by name, not by handle, not by any other value of theirs.
#[test]
fn who_is_not_listed_is_in_no_file() {
    let site = built();
    let (members, files) = (members(&site), lowered(&site));
    let (unlisted, listed): (Vec<_>, Vec<_>) =
        members.iter().partition(|member| member.get("listed").is_some_and(|listed| listed == "false"));
    assert_eq!(unlisted.len(), 1, "the site has one member who opted out");
    let shared = |value: &String| listed.iter().any(|member| member.values().any(|other| other.contains(value)));
    let own = unlisted[0].iter().filter(|(_, value)| value.len() > 3 && !shared(value));
    let own: Vec<(&String, &String)> =
        own.filter(|(name, _)| !matches!(name.as_str(), "dateJoined" | "listed")).collect();
    assert!(own.iter().any(|(name, _)| *name == "githubProfile"), "{own:?}");
    for (name, value) in own {
        assert_eq!(holding(&files, value), [""; 0], "their {name}");
    }
    let somebody = &listed[0]["githubProfile"];
    assert!(!holding(&files, somebody).is_empty(), "{somebody} is listed, and found that way");
}

/// The index for searching holds what pages say of themselves, the same however many threads made it.
#[test]
#[cfg(feature = "search")]
fn its_pages_are_indexed() {
    let site = built();
    let index = |out: &str| {
        let mut files = tree(&site.path(out));
        files.retain(|key, _| key.starts_with("pagefind/"));
        files
    };
    let files = index("public");
    let texts = files.iter().filter(|(key, _)| key.starts_with("pagefind/fragment/"));
    let texts: Vec<String> =
        texts.map(|(_, bytes)| String::from_utf8_lossy(&unpacked(bytes.clone())).into_owned()).collect();
    assert!(texts.len() > 90, "{} texts", texts.len());
    let found = |word: &str| texts.iter().filter(|text| text.contains(word)).count();
    assert!(found("mira-okafor") == 1 && found("\"url\":\"/rules\"") == 1 && found("\"kind\":[\"Article\"]") > 20);
    assert!(!files.keys().any(|key| key.contains("-ui.")), "its boxes need a laxer policy than ours");
    for jobs in ["1", "8"] {
        site.ends(0, &["build", "--now", NOW, "--jobs", jobs, "--out", jobs]);
        assert_eq!(index(jobs), files);
    }
}

/// A score's line has a number for each week of half a year, which a week without activity leaves as it was.
#[test]
fn a_profile_draws_its_score() {
    let site = built();
    let html = site.text("public/users/mira-okafor.html");
    let label = html.split("aria-label=\"Score by week: ").nth(1).and_then(|rest| rest.split('"').next());
    let weeks: Vec<u64> = label.expect("a line").split(", ").map(|week| week.parse().expect("a number")).collect();
    assert!(weeks.len() == 26 && weeks.is_sorted() && weeks[25] > weeks[0], "{weeks:?}");
    site.write("site/templates/rules.html", "{{ sparkline('users', 'mira-okafor', score='golf') }}");
    let page = "\n[[pages]]\npath = \"/golf\"\ntemplate = \"rules.html\"\n";
    site.write("site/site.toml", site.text("site/site.toml") + page);
    let run = site.ends(1, &["check", "--now", NOW]);
    assert!(run.stderr.contains("there is no score `golf` of these records"), "{}", run.stderr);
}

#[test]
fn no_address_leaves_the_build() {
    let site = built();
    let (members, files) = (members(&site), lowered(&site));
    let addresses: Vec<&String> = members.iter().filter_map(|member| member.get("email")).collect();
    assert!(addresses.len() > 5, "members have addresses");
    for address in addresses {
        assert_eq!(holding(&files, address), [""; 0], "{address}");
    }
}

/// References to the member who opted out are the only thing to warn of, if there are any.
#[test]
fn it_builds_without_a_fault() {
    let site = Site::shipped();
    let run = site.ends(0, &["check", "--now", NOW, "--format", "json"]);
    let document: Value = serde_json::from_str(&run.stdout).expect("one JSON document");
    for diagnostic in document["diagnostics"].as_array().expect("a list") {
        let known = ["hidden-reference", if cfg!(feature = "search") { "" } else { "no-search" }];
        assert!(known.contains(&diagnostic["code"].as_str().expect("a code")), "{diagnostic:#}");
    }
}
