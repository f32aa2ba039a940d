//! Whose a record is: the endpoint knows the inbox alone, and the build sees what content files say.

use crate::entries::{SETTINGS, Write, add_all, data, delete, forgotten, keys, outcome, patch, put, site};
use crate::support::{NOW, Site};
use serde_json::{Value, json};

/// A site whose articles are written by their authors, without review; `first` is Ann's.
fn open() -> Site {
    site().file("site/site.toml", SETTINGS.replace("review = true\n", ""))
}

fn rejected(site: &Site, write: &Write, pointer: &str) {
    let expected = ("rejected".to_owned(), vec![format!("not-yours {pointer}")]);
    assert_eq!(outcome(site, write), expected, "{}", site.text(&write.receipt()));
}

fn published(site: &Site, write: &Write) {
    assert_eq!(outcome(site, write).0, "published", "{}", site.text(&write.receipt()));
}

fn article(author: &str) -> Value {
    json!({ "title": format!("By {author}"), "author": author })
}

fn title(site: &Site, key: &str) -> Value {
    data(site, &format!("articles/{key}"))["title"].clone()
}

#[test]
fn a_record_of_the_sources_is_not_taken_over() {
    let site = open();
    let put = put("articles", "First", 1, article("bo"));
    let patch = patch("articles", "first", 2, json!({ "title": "Taken" }));
    let delete = delete("articles", "first", 3);
    add_all(&site, &[&put, &patch, &delete]);
    let run = site.ends(0, &["build", "--now", NOW, "--strict"]);
    assert_eq!(title(&site, "first"), "First");
    assert_eq!(data(&site, "articles/first")["author"], "ann");
    rejected(&site, &put, "/author");
    rejected(&site, &patch, "");
    rejected(&site, &delete, "");
    assert!(
        run.stderr.contains("writes: 0 published, 3 rejected") && run.stderr.contains("not-yours"),
        "{}",
        run.stderr
    );
    assert!(!site.text(&put.receipt()).contains("ann"), "nobody is told whose it is");
    if cfg!(feature = "write") {
        site.ends(0, &["inbox", "apply"]);
    }
    assert!(site.text("content/articles/first.md").contains("author: ann"));
}

#[test]
fn the_owner_writes() {
    let site = open();
    let writes =
        [put("articles", "first", 1, article("ANN")), patch("articles", "first", 2, json!({ "title": "Patched" }))];
    add_all(&site, &writes);
    site.build();
    assert_eq!(title(&site, "first"), "Patched");
    writes.iter().for_each(|write| published(&site, write));
    let gone = delete("articles", "first", 3);
    gone.add(&site);
    site.build();
    published(&site, &gone);
    assert_eq!(keys(&site, "articles", "slug"), Vec::<String>::new());
}

/// A deletion makes the endpoint forget what was written before: what is left says whose claim it was.
#[test]
fn a_deletion_remembers_whose_claim_it_was() {
    for (claim, is_own) in [("bo", false), ("Ann", true)] {
        let site = open();
        forgotten("articles", "first", 1).add(&site);
        let gone = delete("articles", "first", 2).claims(claim);
        gone.add(&site);
        site.build();
        assert_eq!(site.path("public/v1/articles/first.json").exists(), !is_own);
        if is_own { published(&site, &gone) } else { rejected(&site, &gone, "") }
    }
}

/// After a write that was not theirs, somebody may still write what is.
#[test]
fn an_editor_gives_records_away() {
    let site = open();
    let taken = put("articles", "first", 1, article("bo"));
    let given = put("articles", "first", 2, article("bo")).by_editor();
    let then = [
        patch("articles", "first", 3, json!({ "title": "Bo's" })),
        put("articles", "first", 4, article("bo")),
        patch("articles", "first", 5, json!({ "title": "Bo's again" })),
    ];
    let back = put("articles", "first", 6, article("ann"));
    add_all(&site, &[&taken, &given, &back]);
    add_all(&site, &then);
    site.build();
    assert_eq!(title(&site, "first"), "Bo's again");
    rejected(&site, &taken, "/author");
    rejected(&site, &back, "/author");
    then.iter().chain([&given]).for_each(|write| published(&site, write));
}

/// What an editor gives counts where the site can be built with it.
#[test]
fn what_was_rejected_gives_nothing_away() {
    let site = open();
    let given = put("articles", "first", 1, json!({ "author": "bo", "body": 5 })).by_editor();
    let taken = put("articles", "first", 2, article("bo"));
    given.add(&site);
    site.build();
    assert_eq!(outcome(&site, &given), ("rejected".to_owned(), vec!["wrong-type /body".to_owned()]));
    // A later put takes its place, so that nothing is wrong with it.
    taken.add(&site);
    site.build();
    published(&site, &given);
    published(&site, &taken);
    let patched = patch("articles", "first", 2, json!({ "author": "bo", "body": 5 })).by_editor();
    put("articles", "first", 1, article("ann")).add(&site);
    patched.add(&site);
    let taken = patch("articles", "first", 3, json!({ "title": "Taken" }));
    taken.add(&site);
    site.build();
    assert_eq!(outcome(&site, &patched).0, "rejected");
    rejected(&site, &taken, "");
    assert_eq!(title(&site, "first"), "By ann");
}

#[test]
fn approval_is_consent() {
    let site = site();
    let writes =
        [put("articles", "first", 1, article("bo")), patch("articles", "first", 2, json!({ "title": "Bo's" }))];
    add_all(&site, &writes);
    site.build();
    assert_eq!(title(&site, "first"), "First", "an editor decides first");
    writes.iter().for_each(|write| write.decide(&site, "approved", None));
    site.build();
    assert_eq!(title(&site, "first"), "Bo's");
    writes.iter().for_each(|write| published(&site, write));
}

/// After a deletion the record is whoever's makes it anew; a deletion that was nobody's to make gives nothing.
#[test]
fn after_a_deletion_it_is_anybodys() {
    let site = open();
    let not_theirs = [put("articles", "first", 1, article("bo")), delete("articles", "first", 2)];
    let neither = put("articles", "first", 3, article("bo"));
    add_all(&site, &not_theirs);
    neither.add(&site);
    site.build();
    rejected(&site, &neither, "/author");
    let gone = delete("articles", "first", 4).by_editor();
    let anew = [put("articles", "first", 5, article("bo")), patch("articles", "first", 6, json!({ "title": "Anew" }))];
    gone.add(&site);
    add_all(&site, &anew);
    site.build();
    assert_eq!(title(&site, "first"), "Anew");
    anew.iter().chain([&gone]).for_each(|write| published(&site, write));
}

/// Such a record is nobody's to take, whether it is published or not. One that no source knows is its first author's.
#[test]
fn a_record_without_the_member_is_nobodys() {
    let site = open()
        .file("content/articles/bare.md", "---\ntitle: Bare\n---\n")
        .file("content/articles/draft.md", "---\ntitle: Draft\nauthor: ann\ndraft: true\n---\n")
        .file("content/articles/null.md", "---\ntitle: Null\nauthor: null\n---\n");
    let taken = ["bare", "draft", "null"].map(|key| put("articles", key, 1, article("bo")));
    let own = put("articles", "new", 1, article("bo"));
    add_all(&site, &taken);
    own.add(&site);
    site.build();
    taken.iter().for_each(|write| rejected(&site, write, "/author"));
    published(&site, &own);
    let given = patch("articles", "bare", 2, json!({ "author": "bo" })).by_editor();
    let then = put("articles", "bare", 3, article("bo"));
    add_all(&site, &[&given, &then]);
    site.build();
    [&given, &then].into_iter().for_each(|write| published(&site, write));
}

/// Of several layers, the last that has the member says whose the record is; what was applied stands in the files.
#[test]
fn layers_and_applied_writes_are_the_sources() {
    let site = open();
    let settings =
        site.text("site/site.toml").replace("[\"content/articles\"]", "[\"content/articles\", \"data/authors.csv\"]");
    site.write("site/site.toml", settings);
    site.write("data/authors.csv", "slug,author\nFIRST,bo\n");
    put("articles", "first", 1, article("ann")).apply(&site);
    let [owner, other] =
        [(2, "bo"), (3, "ann")].map(|(version, author)| put("articles", "first", version, article(author)));
    add_all(&site, &[&owner, &other]);
    site.build();
    published(&site, &owner);
    rejected(&site, &other, "/author");
    assert_eq!(title(&site, "first"), "By bo");
}

/// A key under which a record is found, too, is its owner's.
#[test]
fn an_alias_is_no_way_in() {
    let site = open().file("content/articles/second.md", "---\ntitle: Second\nauthor: ann\naliases: [former]\n---\n");
    let writes = [
        put("articles", "former", 1, article("bo")),
        patch("articles", "former", 2, json!({ "title": "Taken" })),
        delete("articles", "former", 3),
    ];
    add_all(&site, &writes);
    site.build();
    assert_eq!(title(&site, "second"), "Second");
    writes.iter().zip(["/author", "", ""]).for_each(|(write, pointer)| rejected(&site, write, pointer));
}
