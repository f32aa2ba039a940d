//! What members write lies over the sources: the inbox is the last layer of a site, and every write gets its receipt.

use crate::entries::{SETTINGS, Write, add_all, data, delete, forgotten, keys, outcome, patch, put, site};
use crate::support::{NOW, Site};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::fs;

/// A put lies field by field over what a source says; another one takes the place of what members wrote before.
#[test]
fn a_put_lies_over_the_sources() {
    let site = site();
    put("users", "ann", 1, json!({ "name": "Ann", "bio": "Rain" })).add(&site);
    site.build();
    let links = json!({ "web": "https://ann.test", "feed": "https://ann.test/feed" });
    assert_eq!(
        data(&site, "users/ann"),
        json!({ "handle": "Ann", "name": "Ann", "bio": "Rain", "points": 7, "links": links })
    );
    put("users", "ANN", 2, json!({ "points": 9 })).add(&site);
    site.build();
    assert_eq!(
        data(&site, "users/ann"),
        json!({ "handle": "Ann", "name": "Ann Lee", "bio": "Clouds", "points": 9, "links": links })
    );
}

/// A patch changes what it names, however deep, and takes away what it names null, even what a source brought (RFC 7396).
#[test]
fn a_patch_changes_what_it_names() {
    let site = site();
    patch("users", "ann", 1, json!({ "bio": null, "links": { "feed": null, "chat": { "at": "@ann", "x": null } } }))
        .add(&site);
    patch("users", "ann", 2, json!({ "points": 8 })).add(&site);
    site.build();
    let links = json!({ "web": "https://ann.test", "chat": { "at": "@ann" } });
    assert_eq!(data(&site, "users/ann"), json!({ "handle": "Ann", "name": "Ann Lee", "points": 8, "links": links }));
}

/// Of a version that stands in the archive, what stands in its place is no write: whoever sent it was told so.
#[test]
fn what_came_while_its_version_was_put_aside_says_nothing() {
    let site = site();
    put("users", "ann", 1, json!({ "name": "Applied" })).apply(&site);
    let stray = put("users", "ann", 1, json!({ "name": "Stray" })).text().replacen("\"id\":\"", "\"id\":\"0", 1);
    let cut = |text: String| -> String {
        let mut entry: Value = serde_json::from_str(&text).expect("JSON");
        let id = entry["id"].as_str().expect("an id")[..32].to_owned();
        entry["id"] = json!(id);
        format!("{entry}\n")
    };
    site.write("data/inbox/entries/users/ann.00000001.json", cut(stray));
    site.build();
    assert_eq!(data(&site, "users/ann")["name"], "Ann Lee");
}

/// A key that the schema wants as a whole number is one, as it is where a file has it.
#[test]
fn a_key_may_be_a_whole_number() {
    let site = site();
    let more = "[collections.nums]\nsources = [\"content/nums\"]\nkey = \"id\"\nschema = \"site/schemas/num.json\"\n\
                [writes.nums]\nschema = \"site/schemas/num.json\"\n[[views]]\npath = \"nums\"\nfrom = \"nums\"\n";
    site.write("site/site.toml", format!("{SETTINGS}{more}"));
    let schema = json!({
        "type": "object",
        "required": ["id"],
        "properties": { "id": { "type": "integer" }, "name": { "type": "string" } },
    });
    site.write("site/schemas/num.json", schema.to_string());
    site.write("content/nums/7.md", "---\nid: 7\nname: seven\n---\n");
    let eight = put("nums", "8", 1, json!({ "name": "eight" }));
    eight.add(&site);
    site.build();
    let ids = |rows: Value| rows.as_array().expect("rows").iter().map(|row| row["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(data(&site, "nums")), [7, 8]);
    assert_eq!(outcome(&site, &eight).0, "published");
    #[cfg(feature = "write")]
    {
        site.ends(0, &["inbox", "apply"]);
        site.build();
        assert!(site.text("content/nums/8.md").contains("id: 8\n"));
        assert_eq!(ids(data(&site, "nums")), [7, 8]);
    }
}

/// Records that members make stand after all others, in order of slug; the key keeps its first spelling.
#[test]
fn new_records_come_last() {
    let site = site();
    put("users", "Zoe Q", 1, json!({ "name": "Zoe" })).add(&site);
    patch("users", "zoe q", 2, json!({ "points": 3 })).add(&site);
    put("users", "Abe", 1, json!({ "name": "Abe" })).at("2026-05-09T00:00:00Z").add(&site);
    site.build();
    assert_eq!(keys(&site, "users", "handle"), ["Ann", "bo", "Abe", "Zoe Q"]);
    assert_eq!(data(&site, "users/zoe-q"), json!({ "handle": "Zoe Q", "name": "Zoe", "points": 3 }));
}

/// Somebody who comes back after a deletion begins anew: neither the sources nor former writes say anything.
#[test]
fn a_put_after_a_deletion_begins_anew() {
    let site = site();
    let writes = [
        patch("users", "ann", 1, json!({ "bio": "Old" })),
        delete("users", "ann", 2),
        put("users", "ann", 3, json!({ "name": "Ann again" })),
    ];
    add_all(&site, &writes);
    let run = site.build();
    assert_eq!(data(&site, "users/ann"), json!({ "handle": "ann", "name": "Ann again" }));
    assert_eq!(keys(&site, "users", "handle"), ["bo", "ann"]);
    assert_eq!(data(&site, "articles")[0]["author"]["name"], "Ann again", "references find them again");
    assert!(!site.path(&writes[0].receipt()).exists(), "what was written before a deletion went with it");
    assert_eq!(outcome(&site, &writes[1]).0, "published");
    assert!(run.stderr.contains("writes: 2 published, 0 rejected, 0 waiting"), "{}", run.stderr);
}

/// What editors look at first waits for them; what an editor writes does not.
#[test]
fn writes_wait_for_editors() {
    let site = site();
    let [waits, good, bad] = ["one", "two", "three"].map(|slug| put("articles", slug, 1, json!({ "title": slug })));
    let own = put("articles", "four", 1, json!({ "title": "four" })).by_editor();
    add_all(&site, &[&waits, &good, &bad, &own]);
    good.decide(&site, "approved", None);
    bad.decide(&site, "rejected", Some("Not about clouds"));
    let run = site.ends(0, &["build", "--now", NOW, "--strict", "--format", "json"]);
    assert_eq!(keys(&site, "articles", "slug"), ["first", "four", "two"]);
    assert!(!site.path(&waits.receipt()).exists());
    assert_eq!((outcome(&site, &good).0.as_str(), outcome(&site, &own).0.as_str()), ("published", "published"));
    let receipt = site.json(&bad.receipt());
    let release = site.json("public/v1/status.json")["release"].clone();
    let told = json!({ "id": bad.id(), "status": "rejected", "release": release, "collection": "articles", "version": 1, "reason": "Not about clouds" });
    assert_eq!(receipt, told);
    let summary: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(summary["summary"]["writes"], json!({ "published": 2, "rejected": 1, "waiting": 1 }));
    waits.decide(&site, "approved", None);
    site.build();
    assert_eq!(keys(&site, "articles", "slug"), ["first", "four", "one", "two"]);
}

/// What was applied to the content files has no effect any more, and its receipt stays; what was forgotten has neither.
#[test]
fn applied_and_forgotten_writes_say_nothing() {
    let site = site();
    let applied = put("users", "ann", 1, json!({ "name": "Applied" }));
    applied.apply(&site);
    let later = patch("users", "ann", 2, json!({ "bio": "Later" }));
    later.add(&site);
    let gone = forgotten("users", "bo", 1);
    gone.add(&site);
    site.build();
    assert_eq!(
        (data(&site, "users/ann")["name"].clone(), data(&site, "users/ann")["bio"].clone()),
        (json!("Ann Lee"), json!("Later"))
    );
    assert_eq!((outcome(&site, &applied).0.as_str(), outcome(&site, &later).0.as_str()), ("published", "published"));
    assert!(!site.path(&gone.receipt()).exists());
}

/// A receipt names the release, and is no part of it: a write that changes no answer gets one all the same.
#[test]
fn receipts_stand_outside_the_digest() {
    let site = site();
    site.build();
    let before = site.json("public/v1/status.json");
    let same = put("users", "ann", 1, json!({ "name": "Ann Lee" }));
    same.add(&site);
    site.build();
    assert_eq!(site.json("public/v1/status.json"), before);
    assert_eq!(site.json(&same.receipt())["release"], before["release"]);
    let listed = &site.json("public/v1/manifest.json")["artifacts"][format!("v1/writes/{}.json", same.id())];
    assert_eq!(listed["cache"], "meta");
    for (key, body) in site.public().iter().filter(|(key, _)| key.contains("/writes/")) {
        let text = String::from_utf8_lossy(body);
        assert!(!text.contains("secret-subject") && !text.to_lowercase().contains("ann"), "{key}: {text}");
    }
}

/// The document of the API tells of receipts, every one of them passes its schema, and requests for them are answered.
#[test]
fn receipts_are_part_of_the_api() {
    let site = site();
    let good = put("users", "cy", 1, json!({ "name": "Cy" }));
    let bad = put("users", "di", 1, json!({ "name": 5 }));
    good.add(&site);
    bad.add(&site);
    site.ends(0, &["build", "--now", NOW, "--strict", "--verify"]);
    let path = &site.json("public/v1/openapi.json")["paths"]["/v1/writes/{id}.json"]["get"];
    assert_eq!(path["parameters"][0]["schema"]["pattern"], "^[0-9a-f]{32}$");
    assert!(site.text("public/v1/client.ts").contains("\"/v1/writes/\" + encodeURIComponent(parameters.id)"));
    let vectors = site.ends(0, &["routes", "--vectors", "--now", NOW]).stdout;
    for write in [&good, &bad] {
        let row = format!(r#""status":200,"url":"/v1/writes/{}.json""#, write.id());
        assert!(vectors.contains(&row), "{row}");
    }
    crate::edge::vectors_agree(&site);
}

/// The dev server shows a receipt as soon as it is there, though the release stays what it was.
#[test]
#[cfg(feature = "serve")]
fn the_dev_server_shows_receipts() {
    let site = site();
    let server = crate::server::Server::of(&site);
    let before = server.ask("GET", "/v1/status.json", &[]).json();
    let same = put("users", "ann", 1, json!({ "name": "Ann Lee" }));
    same.add(&site);
    server.says("built");
    let receipt = server.ask("GET", &format!("/v1/writes/{}.json", same.id()), &[]);
    assert_eq!((receipt.status, receipt.header("content-type")), (200, "application/json"));
    assert_eq!(receipt.json()["release"], before["release"]);
    assert_eq!(server.ask("GET", "/v1/status.json", &[]).json(), before);
}

/// No view stands where receipts do.
#[test]
fn the_place_of_receipts_is_taken() {
    let site = site();
    site.write(
        "site/site.toml",
        format!("{SETTINGS}\n[[views]]\npath = \"Writes/{{handle}}\"\nfrom = \"users\"\neach = true\n"),
    );
    let run = site.ends(1, &["check", "--now", NOW]);
    assert!(run.stderr.contains("key-collision") && run.stderr.contains("v1/Writes/ann.json"), "{}", run.stderr);
    let plain: String = SETTINGS.split("[writes.users]").next().expect("settings").to_owned()
        + "[[views]]\npath = \"writes/{handle}\"\nfrom = \"users\"\neach = true\n";
    site.write("site/site.toml", plain);
    site.build();
    assert!(site.path("public/v1/writes/ann.json").exists(), "a site without writes has the place to itself");
}

/// The same inbox gives the same bytes, whatever the number of threads and whatever was built before.
#[test]
fn the_same_inbox_gives_the_same_bytes() {
    let site = site();
    for at in 0..30 {
        put("users", &format!("m{at:02}"), 1, json!({ "name": format!("M {at}"), "points": at })).add(&site);
        if at % 3 == 0 {
            patch("users", &format!("m{at:02}"), 2, json!({ "points": "many" })).add(&site);
        }
    }
    let mut outputs = Vec::new();
    for (out, jobs) in [("public", "1"), ("other", "8"), ("public", "8")] {
        site.ends(0, &["build", "--now", NOW, "--jobs", jobs, "--out", out]);
        let mut files = crate::support::tree(&site.path(out));
        files.retain(|key, _| !key.starts_with(".precast/"));
        outputs.push(files);
    }
    assert!(outputs[0] == outputs[1] && outputs[1] == outputs[2]);
    assert!(outputs[0].len() > 80, "{} files", outputs[0].len());
}

/// A folder of sources that holds the inbox does not read it, nor what the endpoint keeps there for itself.
#[test]
fn sources_do_not_read_the_inbox() {
    let site = site();
    site.write("site/site.toml", SETTINGS.replace("[\"data/users.json\"]", "[\"data\"]"));
    put("users", "cy", 1, json!({ "name": "Cy" })).add(&site);
    site.write("data/inbox/budgets/1/aa.json", "{\"count\":1}");
    site.write("data/inbox/requests/aa.json", "{\"id\":1}");
    site.build();
    assert_eq!(keys(&site, "users", "handle"), ["Ann", "bo", "cy"]);
}

/// What is no accepted write is told, and nothing is published without it.
#[test]
fn what_cannot_be_read_is_told() {
    let site = site();
    let good = put("users", "cy", 1, json!({ "name": "Cy" }));
    good.add(&site);
    site.write("data/inbox/entries/users/di.00000001.json", "{\"id\":\"1\"");
    site.write("data/inbox/archive/users/ed.00000001.json", good.text().replace("users", "clubs"));
    site.write("data/inbox/entries/users/fy.00000001.json", good.text());
    site.write("data/inbox/decisions/aa.json", "{\"decision\":\"perhaps\"}");
    site.write("data/inbox/entries/.gitkeep", "");
    let run = site.ends(1, &["build", "--now", NOW]);
    assert_eq!(run.stderr.matches("error[bad-inbox-entry]").count(), 4, "{}", run.stderr);
    assert!(!site.path("public").exists());
    fs::remove_dir_all(site.path("data/inbox")).expect("a folder");
    site.build();
}

/// A change that some write makes, and what it makes of what was there: of the source, and of what members wrote since.
#[derive(Clone, Debug)]
enum Step {
    Put(Value),
    Patch(Value),
    Delete,
}

fn step() -> impl Strategy<Value = Step> {
    let scalar = prop_oneof![Just(Value::Null), (0..9_i64).prop_map(Value::from), "[a-c]{1,2}".prop_map(Value::from)];
    let deep = proptest::collection::btree_map("[a-c]", scalar.clone(), 0..3).prop_map(|map| json!(map));
    let members = proptest::collection::btree_map("[p-s]", prop_oneof![scalar, deep], 0..4).prop_map(|map| json!(map));
    prop_oneof![3 => members.clone().prop_map(Step::Put), 5 => members.prop_map(Step::Patch), 1 => Just(Step::Delete)]
}

fn merged(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else { return target.clone_from(patch) };
    if !target.is_object() {
        *target = json!({});
    }
    let members = target.as_object_mut().expect("an object");
    for (name, change) in changes {
        if change.is_null() {
            members.remove(name);
        } else {
            merged(members.entry(name).or_insert(Value::Null), change);
        }
    }
}

/// The record after some steps; `None` where there is none.
fn modelled(source: Option<&Value>, steps: &[Step]) -> Option<Value> {
    let (mut base, mut record) = (source.cloned(), source.cloned());
    for step in steps {
        match step {
            Step::Delete => (base, record) = (None, None),
            Step::Put(members) => {
                let mut whole = base.clone().unwrap_or_else(|| json!({}));
                let all = whole.as_object_mut().expect("an object");
                all.extend(members.as_object().expect("members").clone());
                record = Some(whole);
            }
            // What changes a record that is not there is rejected.
            Step::Patch(changes) => record.iter_mut().for_each(|record| merged(record, changes)),
        }
    }
    record
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_writes_give_what_a_simple_model_gives(
        source in proptest::option::of(Just(json!({ "p": "source", "q": { "a": 1, "b": 2 } }))),
        steps in proptest::collection::vec(step(), 1..8),
    ) {
        let settings = "[site]\nname = \"T\"\n[collections.users]\nsources = [\"data/users.json\"]\nkey = \"id\"\n\
            [writes.users]\nschema = \"site/w.json\"\n[auth]\nmode = \"local\"\n\
            [[views]]\npath = \"users\"\nfrom = \"users\"\nfields = [\"id\", \"p\", \"q\", \"r\", \"s\"]\n";
        let mut rows = vec![json!({ "id": "zz", "p": 1, "q": 1, "r": 1, "s": 1 })];
        if let Some(source) = &source {
            let mut row = source.clone();
            row["id"] = json!("Ann");
            rows.push(row);
        }
        let site = Site::empty().file("site/site.toml", settings).file("data/users.json", json!(rows).to_string()).file("site/w.json", "{}");
        for (version, step) in (1..).zip(&steps) {
            let write: Write = match step {
                Step::Put(value) => put("users", "Ann", version, value.clone()),
                Step::Patch(value) => patch("users", "Ann", version, value.clone()),
                Step::Delete => delete("users", "Ann", version),
            };
            write.add(&site);
        }
        site.build();
        let rows = site.json("public/api/users.json");
        let found = rows.as_array().expect("rows").iter().find(|row| row["id"] == "Ann");
        let expected = modelled(source.as_ref(), &steps).map(|record| {
            let member = |name: &str| record.get(name).cloned().unwrap_or(Value::Null);
            json!({ "id": "Ann", "p": member("p"), "q": member("q"), "r": member("r"), "s": member("s") })
        });
        prop_assert_eq!(found, expected.as_ref());
    }
}
