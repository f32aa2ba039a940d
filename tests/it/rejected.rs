//! An accepted write never breaks a build: one that the site cannot be built with is rejected, and its receipt says why.

use crate::entries::{SETTINGS, Write, add_all, data, delete, keys, outcome, patch, put, site};
use crate::support::{NOW, Site};
use serde_json::{Value, json};

fn rejected(site: &Site, write: &Write) -> Vec<String> {
    let (status, faults) = outcome(site, write);
    assert_eq!(status, "rejected", "{}", site.text(&write.receipt()));
    faults
}

fn published(site: &Site, write: &Write) {
    assert_eq!(outcome(site, write).0, "published", "{}", site.text(&write.receipt()));
}

/// A fault is told with its place in what was written; everything else is published.
#[test]
fn a_fault_is_told_with_its_place() {
    let site = site();
    let bad = put("users", "cy", 1, json!({ "name": "Cy", "points": "many", "links": { "web": 1 }, "extra": true }));
    let good = put("users", "di", 1, json!({ "name": "Di" }));
    bad.add(&site);
    good.add(&site);
    let run = site.ends(0, &["build", "--now", NOW, "--strict"]);
    assert_eq!(rejected(&site, &bad), ["unknown-member /extra", "wrong-type /points"]);
    published(&site, &good);
    assert_eq!(keys(&site, "users", "handle"), ["Ann", "bo", "di"]);
    assert!(run.stderr.contains(bad.id()) && run.stderr.contains("wrong-type"), "{}", run.stderr);
    assert!(!run.stderr.contains("cy"), "they are named by id: {}", run.stderr);
    site.ends(0, &["check", "--now", NOW, "--strict"]);
}

/// Of several writes of one record, the one goes that brought the fault; what was good before it stays.
#[test]
fn only_the_culprit_is_rejected() {
    let site = site();
    let writes = [
        put("users", "cy", 1, json!({ "name": "Cy" })),
        patch("users", "cy", 2, json!({ "points": 1 })),
        patch("users", "cy", 3, json!({ "name": null })),
        patch("users", "cy", 4, json!({ "bio": "Good" })),
        patch("users", "cy", 5, json!({ "points": [] })),
    ];
    add_all(&site, &writes);
    site.build();
    assert_eq!(data(&site, "users/cy"), json!({ "handle": "cy", "name": "Cy", "points": 1, "bio": "Good" }));
    assert_eq!(rejected(&site, &writes[2]), ["missing-member "]);
    assert_eq!(rejected(&site, &writes[4]), ["wrong-type /points"]);
    [0, 1, 3].iter().for_each(|at| published(&site, &writes[*at]));
}

/// What takes a required member away from a record of the sources is rejected, and the record stays.
#[test]
fn a_source_is_not_broken_by_a_patch() {
    let site = site();
    let bad = patch("users", "ann", 1, json!({ "name": null }));
    let good = patch("users", "ann", 2, json!({ "bio": "Rain" }));
    bad.add(&site);
    good.add(&site);
    site.build();
    assert_eq!(
        (data(&site, "users/ann")["name"].clone(), data(&site, "users/ann")["bio"].clone()),
        (json!("Ann Lee"), json!("Rain"))
    );
    assert_eq!(rejected(&site, &bad), ["missing-member "]);
    published(&site, &good);
}

/// A change of a record that is not there has nothing to change.
#[test]
fn a_patch_of_nothing_is_rejected() {
    let site = site();
    let bad = patch("users", "nobody", 1, json!({ "bio": "?" }));
    bad.add(&site);
    site.build();
    assert_eq!(rejected(&site, &bad), ["bad-inbox-entry "]);
    assert_eq!(keys(&site, "users", "handle"), ["Ann", "bo"]);
}

/// Two keys may have one form in URLs. The record that the sources have under it is nobody's who has the other key.
#[test]
fn another_key_with_the_same_form_is_no_way_in() {
    let site = site();
    site.write(
        "data/users.json",
        json!([{ "handle": "Ann B", "name": "Ann" }, { "handle": "bo", "name": "Bo" }]).to_string(),
    );
    site.write("content/articles/first.md", "---\ntitle: First\nauthor: bo\n---\n");
    for key in ["ann-b", "ANN/B"] {
        let writes = [
            put("users", key, 1, json!({ "name": "Taken" })),
            patch("users", key, 2, json!({ "bio": "Taken" })),
            delete("users", key, 3),
        ];
        add_all(&site, &writes);
        site.build();
        assert_eq!(keys(&site, "users", "handle"), ["Ann B", "bo"]);
        assert_eq!(
            (data(&site, "users/ann-b")["name"].clone(), data(&site, "users/ann-b")["bio"].clone()),
            (json!("Ann"), Value::Null)
        );
        for write in &writes {
            assert_eq!(rejected(&site, write), ["slug-collision "]);
            std::fs::remove_file(site.path(&write.path())).expect("it is there");
        }
    }
    let own = [patch("users", "ANN b", 1, json!({ "bio": "Own" })), delete("users", "bo", 1)];
    add_all(&site, &own);
    site.build();
    assert_eq!(data(&site, "users/ann-b")["bio"], "Own");
    assert_eq!(keys(&site, "users", "handle"), ["Ann B"]);
}

/// The key stands in the address of a write: a schema of texts, whose keys are the names of their files, need not name it.
#[test]
fn a_key_need_not_stand_in_the_schema() {
    let site = site();
    site.write(
        "site/site.toml",
        SETTINGS.replace("key = \"slug\"", "key = \"slug\"\nschema = \"site/schemas/article.json\""),
    );
    let schema = json!({ "type": "object", "required": ["title"], "properties": { "title": { "type": "string" }, "author": { "type": "string" } }, "additionalProperties": false });
    site.write("site/schemas/article.json", schema.to_string());
    let good = put("articles", "new", 1, json!({ "title": "New", "author": "ann" })).by_editor();
    let bad = put("articles", "newer", 1, json!({ "title": 7, "author": "ann" })).by_editor();
    add_all(&site, &[&good, &bad]);
    site.build();
    published(&site, &good);
    assert_eq!(rejected(&site, &bad), ["wrong-type /title"]);
    assert_eq!(keys(&site, "articles", "slug"), ["first", "new"]);
}

/// A key or a value that would stand where a view or another record does.
#[test]
fn a_taken_place_is_not_given_away() {
    let site = site();
    let views = "[[views]]\npath = \"users/recent\"\nfrom = \"users\"\n[[views]]\npath = \"named/{name}\"\nfrom = \"users\"\ngroup = \"name\"\n";
    site.write("site/site.toml", format!("{SETTINGS}\n{views}[[views]]\npath = \"named/all\"\nfrom = \"users\"\n"));
    let key = put("users", "recent", 1, json!({ "name": "R" }));
    let value = patch("users", "bo", 1, json!({ "name": "all" }));
    let alias = put("users", "cy", 1, json!({ "name": "Cy", "aliases": ["ann"] }));
    add_all(&site, &[&key, &value, &alias]);
    site.build();
    assert_eq!(rejected(&site, &key), ["key-collision "]);
    assert_eq!(rejected(&site, &value), ["key-collision /name"]);
    assert_eq!(rejected(&site, &alias), ["duplicate-key /aliases/0"]);
    assert_eq!(keys(&site, "users", "handle"), ["Ann", "bo"]);
}

/// A fault that stands in the settings speaks of the record that it is about.
#[test]
fn an_expression_that_fails_rejects_its_record() {
    let site = site();
    let derive =
        "[collections.users.derive]\nshare = \"100 // points if points is defined else 0\"\n\n[collections.articles]";
    site.write("site/site.toml", SETTINGS.replace("[collections.articles]", derive));
    let bad = put("users", "cy", 1, json!({ "name": "Cy", "points": 0 }));
    let good = put("users", "di", 1, json!({ "name": "Di", "points": 5 }));
    bad.add(&site);
    good.add(&site);
    site.build();
    assert_eq!(rejected(&site, &bad), ["expression-failed "]);
    assert_eq!(data(&site, "users/di")["share"], 20);
}

/// Where nothing says whose fault it is, the write is found with which it is there: the last of those that fit is kept.
#[test]
fn culprits_are_found_by_halving() {
    let site = site();
    let count = |extra: usize| SETTINGS.replace("[site]", &format!("[site]\nmax_artifacts = {extra}"));
    // There are 207 answers already.
    site.write("site/site.toml", count(208));
    let members: Vec<Write> = (0..9)
        .map(|at| {
            put("users", &format!("m{at}"), 1, json!({ "name": "M" })).at(&format!("2026-05-01T00:00:{:02}Z", 30 - at))
        })
        .collect();
    add_all(&site, &members);
    let run = site.build();
    assert!(run.stderr.contains("writes: 1 published, 8 rejected"), "{}", run.stderr);
    published(&site, &members[8]);
    members[..8].iter().for_each(|write| assert_eq!(rejected(&site, write), ["too-many-artifacts "]));
    let timings = site.ends(0, &["check", "--now", NOW, "--timings"]).stderr;
    assert_eq!(timings.matches(" views ").count(), 1, "{timings}");
}

/// More culprits than are looked for one by one: the site is as it was before the next of them.
#[test]
fn many_culprits_end_the_search() {
    let site = site();
    site.write("site/site.toml", SETTINGS.replace("[site]", "[site]\nmax_artifacts = 207"));
    let member = |at: usize| put("users", &format!("m{at:02}"), 1, json!({ "name": "M" })).by(&format!("m{at}"));
    let members: Vec<Write> = (0..40).map(member).collect();
    add_all(&site, &members);
    let small = patch("users", "ann", 1, json!({ "bio": "Rain" })).at("2026-01-01T00:00:00Z");
    small.add(&site);
    let run = site.build();
    assert!(run.stderr.contains("writes: 1 published, 40 rejected"), "{}", run.stderr);
    published(&site, &small);
}

/// One member whose writes are all wrong takes nobody else's with them, be they of one record or of many.
#[test]
fn one_member_with_many_culprits_takes_nobody_along() {
    let site = site();
    let page = "[[pages]]\npath = \"/all\"\ntemplate = \"all.html\"\nview = \"users\"\n";
    site.write("site/site.toml", format!("{SETTINGS}\n{page}"));
    site.write(
        "site/templates/all.html",
        "{% for row in rows %}{{ 100 // (row.points if row.points is defined else 1) }}{% endfor %}",
    );
    let at = |second: usize| format!("2026-05-01T09:00:{second:02}Z");
    let mut bad = vec![put("users", "dan", 1, json!({ "name": "Dan" })).at(&at(0)).by("dan")];
    bad.extend((2..14).map(|version| {
        let name = format!("Dan {version}");
        put("users", "dan", version, json!({ "name": name, "points": 0 })).at(&at(0)).by("dan")
    }));
    bad.extend((0..12).map(|n| {
        put("users", &format!("dans{n:02}"), 1, json!({ "name": "D", "points": 0 })).at(&at(1 + n)).by("dan")
    }));
    let good = [
        put("users", "eva", 1, json!({ "name": "Eva", "points": 3 })).at(&at(5)).by("eva"),
        patch("users", "ann", 1, json!({ "bio": "Rain" })).at(&at(50)).by("ann"),
    ];
    add_all(&site, &bad);
    add_all(&site, &good);
    site.build();
    good.iter().for_each(|write| published(&site, write));
    bad[1..].iter().for_each(|write| drop(rejected(&site, write)));
}

/// What is wrong with the site itself is told as ever, and what members wrote is not blamed for it.
#[test]
fn the_faults_of_the_site_are_its_own() {
    let site = site();
    put("users", "cy", 1, json!({ "name": "Cy", "points": "many" })).add(&site);
    put("users", "recent", 1, json!({ "name": "R" })).add(&site);
    site.write("content/articles/second.md", "---\ntitle: Second\nauthor: nobody\n---\nHello.\n");
    let run = site.ends(1, &["build", "--now", NOW]);
    assert_eq!(run.stderr.matches("error[").count(), 1, "{}", run.stderr);
    assert!(run.stderr.contains("dangling-reference"), "{}", run.stderr);
    assert!(!site.path("public").exists());
    // A reference to somebody who is known from the inbox alone is none.
    site.write("content/articles/second.md", "---\ntitle: Second\nauthor: recent\n---\nHello.\n");
    site.build();
    assert_eq!(data(&site, "articles/second")["author"], "recent");
}

/// Neither does it break what clients were promised, nor the links of pages.
#[test]
fn promises_are_kept() {
    let site = site();
    let page = "[[pages]]\npath = \"/users/{handle}\"\ntemplate = \"user.html\"\nfrom = \"users\"\neach = true\n";
    site.write("site/site.toml", format!("{SETTINGS}\n{page}"));
    site.write("site/templates/user.html", "<p><a href=\"{{ record.bio or '/' }}\">x</a></p>");
    site.write("data/users.json", r#"[{ "handle": "ann", "name": "Ann", "bio": "/" }]"#);
    site.ends(0, &["build", "--now", NOW, "--verify", "--out", "live"]);
    let link = patch("users", "ann", 1, json!({ "bio": "/nowhere" }));
    let good = put("users", "cy", 1, json!({ "name": "Cy", "bio": "/users/ann" }));
    link.add(&site);
    good.add(&site);
    site.ends(0, &["build", "--now", NOW, "--verify", "--against", "live"]);
    assert_eq!(rejected(&site, &link), ["broken-link "]);
    published(&site, &good);
    site.ends(0, &["build", "--now", NOW]);
    published(&site, &link);
}

/// A warning of what a member wrote, or of what follows from it, is nobody's here.
#[test]
fn warnings_of_members_are_not_told() {
    let site = site();
    put("articles", "mine", 1, json!({ "title": "Mine", "body": "[x](javascript:x) ![](a.png)" }))
        .by_editor()
        .add(&site);
    patch("users", "ann", 1, json!({ "listed": false })).add(&site);
    let run = site.ends(0, &["build", "--now", NOW, "--strict"]);
    assert!(!run.stderr.contains("warning"), "{}", run.stderr);
    assert_eq!(data(&site, "articles/first")["author"], json!(null), "who hides is not named");
}
