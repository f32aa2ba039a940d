//! `inbox apply`: what members wrote becomes content files, and the site stays as it was.

use crate::support::Site;
use jiff::Timestamp;
use precast::content::members;
use precast::inbox::{Inbox, nonce};
use precast::model::{Change, Entry};
use precast::store::Store;

const SITE: &str = r#"
[site]
name = "Club"

[collections.users]
sources = ["content/users", "data/users.json"]
key = "githubProfile"

[collections.notes]
sources = ["content/notes"]
key = "slug"

[surfaces.api]
prefix = "/api"

[surfaces.v1]
prefix = "/v1"
shape = "envelope"

[[views]]
path = "users"
from = "users"
sort = ["githubProfile"]

[[views]]
path = "users/{githubProfile}"
from = "users"
each = true

[[views]]
path = "notes/{slug}"
from = "notes"
each = true

[writes.users]
schema = "site/any.json"

[writes.notes]
schema = "site/any.json"
text = "body"
review = true

[auth]
mode = "local"
"#;

const MIRA: &str = "---\n# Who she is.\ngithubProfile: mira\nname: Mira # as she writes it\ntracks:\n  - AWS\nplace: Lagos\n---\n\nShe was here first.\n";

fn site() -> Site {
    Site::empty()
        .file("site/site.toml", SITE)
        .file("site/any.json", r#"{"type":"object","additionalProperties":true}"#)
        .file("content/users/mira.md", MIRA)
        .file("content/users/zoe.md", "---\ngithubProfile: zoe\nname: Zoe\n---\n")
        .file("content/notes/one.md", "---\ntitle: One\n---\n\nOld words.\n")
        .file("data/users.json", r#"[{"githubProfile":"mira","score":3},{"githubProfile":"zoe","score":4}]"#)
}

/// Writes in the order in which they are given, as the endpoint keeps them.
fn wrote(site: &Site, collection: &str, key: &str, change: &str, json: &str) -> String {
    let inbox = Inbox::new(Store::folder(site.path("data/inbox")));
    let members = || members(json.as_bytes()).expect("members");
    let change = match change {
        "put" => Change::Put(members()),
        "patch" => Change::Patch(members()),
        _ => Change::Delete,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let version = inbox.latest(collection, key).await.expect("a version").version + 1;
        let at: Timestamp = "2026-10-31T10:00:00Z".parse().expect("a time");
        let entry = Entry {
            id: nonce().expect("randomness"),
            collection: collection.to_owned(),
            key: key.to_owned(),
            version,
            change,
            by: "somebody".to_owned(),
            by_editor: false,
            claim: None,
            at,
            request: "r".to_owned(),
        };
        assert!(inbox.add(&entry).await.expect("it is kept"));
        entry.id
    })
}

fn apply(site: &Site) -> String {
    site.ends(0, &["inbox", "apply"]).stderr
}

#[test]
fn members_are_changed_where_they_are_written() {
    let site = site();
    wrote(&site, "users", "mira", "put", r#"{"name":"Mira Okafor","tracks":["AWS","C#"]}"#);
    wrote(&site, "users", "mira", "patch", r#"{"place":null,"home":{"city":"Lagos"}}"#);
    site.build();
    let before = (site.answer("api/users/mira"), site.answer("api/users"));
    let told = apply(&site);
    assert!(told.contains("users/mira: wrote content/users/mira.md (2 writes)"), "{told}");
    assert_eq!(
        site.text("content/users/mira.md"),
        "---\n# Who she is.\ngithubProfile: mira\nname: Mira Okafor # as she writes it\ntracks: [AWS, \"C#\"]\nhome: {\"city\": Lagos}\n---\n\nShe was here first.\n"
    );
    site.build();
    assert_eq!(
        (site.json("public/api/users/mira.json"), site.json("public/api/users.json")),
        (serde_json::from_str(&before.0).expect("JSON"), serde_json::from_str(&before.1).expect("JSON"))
    );
    // What was applied is put aside, and its receipts stay.
    assert!(site.path("data/inbox/archive/users/mira.00000002.json").exists());
    assert!(!site.path("data/inbox/entries/users/mira.00000001.json").exists());
    assert_eq!(site.path("public/v1/writes").read_dir().expect("receipts").count(), 2);
    assert!(apply(&site).contains("0 files changed"));
}

#[test]
fn newcomers_get_files_of_their_own() {
    let site = site();
    wrote(&site, "users", "Ada-L", "put", r#"{"name":"Ada","joined":"2026-12-01","score":1.50}"#);
    apply(&site);
    assert_eq!(
        site.text("content/users/ada-l.md"),
        "---\ngithubProfile: Ada-L\nname: Ada\njoined: 2026-12-01\nscore: 1.50\n---\n"
    );
    site.build();
    assert_eq!(site.json("public/api/users/ada-l.json")["name"], "Ada");
}

#[test]
fn who_leaves_leaves_no_file_and_does_not_come_back() {
    let site = site();
    wrote(&site, "users", "mira", "delete", "");
    let told = apply(&site);
    assert!(
        told.contains("removed content/users/mira.md") && told.contains("data/users.json still names it"),
        "{told}"
    );
    assert!(!site.path("content/users/mira.md").exists());
    assert!(!site.text("data/tombstones.json").contains("mira"));
    site.build();
    assert!(!site.path("public/api/users/mira.json").exists());
    // An import brings her again, and an old file does.
    site.write("content/users/mira.md", MIRA);
    site.build();
    assert!(!site.path("public/api/users/mira.json").exists());
    assert!(!site.answer("api/users").contains("Mira"));
}

#[test]
fn texts_become_the_text_of_the_file() {
    let site = site();
    let id = wrote(
        &site,
        "notes",
        "one",
        "put",
        r##"{"title":"One, again","body":"# New\n\nWords <script>x</script>.\n"}"##,
    );
    let later = wrote(&site, "notes", "two", "put", r#"{"title":"Two","body":"Second."}"#);
    // Nobody has approved of them yet.
    assert!(apply(&site).contains("0 files changed"));
    site.ends(0, &["inbox", "approve", &id, &later, "--by", "ed"]);
    apply(&site);
    assert_eq!(
        site.text("content/notes/one.md"),
        "---\ntitle: One, again\n---\n\n# New\n\nWords <script>x</script>.\n"
    );
    assert_eq!(site.text("content/notes/two.md"), "---\ntitle: Two\n---\n\nSecond.\n");
    site.build();
    assert!(!site.answer("api/notes/one").contains("<script>"));
}

#[test]
fn what_files_cannot_say_stays_in_the_inbox() {
    let site = site();
    // A later layer says the score, and it is a list that an export makes.
    wrote(&site, "users", "mira", "patch", r#"{"score":7}"#);
    let told = apply(&site);
    assert!(told.contains("users/mira is left in the inbox: `score` comes from data/users.json"), "{told}");
    assert_eq!(site.text("content/users/mira.md"), MIRA);
    site.build();
    assert_eq!(site.json("public/api/users/mira.json")["score"], 7);
    // What waits holds up what follows it, and nothing that went before.
    let id = wrote(&site, "notes", "one", "put", r#"{"title":"First"}"#);
    wrote(&site, "notes", "one", "put", r#"{"title":"Second"}"#);
    site.ends(0, &["inbox", "approve", &id, "--by", "ed"]);
    apply(&site);
    assert!(site.text("content/notes/one.md").contains("title: First"));
    assert!(site.path("data/inbox/entries/notes/one.00000002.json").exists());
    assert!(site.ends(0, &["inbox", "apply", "--dry-run"]).stderr.contains("0 files changed"));
}

#[test]
fn a_site_with_faults_is_mended_first() {
    let site = site();
    wrote(&site, "users", "mira", "put", r#"{"name":"M"}"#);
    site.write("content/users/bad.md", "---\nname: Nobody\n---\n");
    assert!(site.ends(1, &["inbox", "apply"]).stderr.contains("missing-key"));
    assert_eq!(site.text("content/users/mira.md"), MIRA);
}
