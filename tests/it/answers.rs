//! How answers are cut and wrapped: limits, pages, documents, aliases, the envelope, surfaces.

use crate::support::{NOW, Site};
use serde_json::{Value, json};
use std::fmt::Write as _;

const SURFACES: &str = r#"
[surfaces.api]
prefix = "/api"
shape = "bare"

[surfaces.v1]
prefix = "/v1"
shape = "envelope"

[collections.days]
sources = ["data/days.ndjson"]
key = "n"
"#;

/// A site of `count` records, numbered from 1, with the given views.
fn site(count: usize, views: &str) -> Site {
    let rows = (1..=count).fold(String::new(), |mut rows, n| {
        let _ = writeln!(rows, "{{\"n\":{n}}}");
        rows
    });
    let site = Site::empty().file("site/site.toml", format!("{SURFACES}{views}")).file("data/days.ndjson", rows);
    site.build();
    site
}

fn rows(range: std::ops::RangeInclusive<usize>) -> Value {
    range.map(|n| json!({ "n": n })).collect()
}

/// The keys of one list on one surface, without its folder.
fn keys(site: &Site, list: &str) -> Vec<String> {
    site.public()
        .into_keys()
        .filter_map(|key| Some(key.strip_prefix(list)?.strip_suffix(".json")?.to_owned()))
        .collect()
}

const DAYS: &str = "[[views]]\npath = 'days'\nfrom = 'days'\n";

#[test]
fn without_a_limit_a_list_is_whole_and_every_n_to_100_is_answered() {
    let site = site(7, DAYS);
    assert_eq!(site.json("public/api/days.json"), rows(1..=7));
    for n in 1..=100 {
        assert_eq!(site.json(&format!("public/api/days/limit/{n}.json")), rows(1..=n.min(7)), "{n}");
    }
    assert_eq!(site.json("public/api/days/limit/all.json"), rows(1..=7));
    assert_eq!(keys(&site, "api/days").len(), 102, "the list, its limits, and all");
}

#[test]
fn a_declared_limit_bounds_the_answers_and_gives_the_default() {
    let site = site(7, &format!("{DAYS}limit = {{ default = 3, max = 5 }}\n"));
    assert_eq!(site.json("public/api/days.json"), rows(1..=3));
    assert_eq!(site.json("public/api/days/limit/5.json"), rows(1..=5));
    assert_eq!(site.json("public/api/days/limit/all.json"), rows(1..=7));
    let all = ["", "/limit/1", "/limit/2", "/limit/3", "/limit/4", "/limit/5", "/limit/all"];
    assert_eq!(keys(&site, "api/days"), all);
    assert_eq!(keys(&site, "v1/days"), all);
}

#[test]
fn a_group_is_answered_to_20() {
    let site = site(3, "[[views]]\npath = 'only/{n}'\nfrom = 'days'\ngroup = 'n'\n");
    assert_eq!(keys(&site, "api/only/2").len(), 22);
    assert_eq!(site.json("public/api/only/2/limit/20.json"), rows(2..=2));
}

#[test]
fn a_list_of_nothing_is_answered_all_the_same() {
    let site = site(3, &format!("{DAYS}where = 'n > 5'\npage = {{ size = 2 }}\nlimit = {{ max = 2 }}\n"));
    assert_eq!(site.answer("api/days"), "[]");
    assert_eq!(site.answer("api/days/limit/2"), "[]");
    assert_eq!(site.answer("api/days/limit/all"), "[]");
    let page = site.json("public/v1/days/page/1.json");
    assert_eq!((&page["data"], &page["meta"]), (&json!([]), &json!({ "total": 0, "count": 0, "page": 1, "pages": 1 })));
}

#[test]
fn pages_divide_the_list() {
    let site = site(7, &format!("{DAYS}page = {{ size = 3 }}\nlimit = {{ max = 1 }}\n"));
    assert_eq!(site.json("public/api/days/page/1.json"), rows(1..=3));
    assert_eq!(site.json("public/api/days/page/2.json"), rows(4..=6));
    assert_eq!(site.json("public/api/days/page/3.json"), rows(7..=7));
    assert_eq!(keys(&site, "api/days"), ["", "/limit/1", "/limit/all", "/page/1", "/page/2", "/page/3"]);
}

#[test]
fn a_full_last_page_has_no_empty_one_behind_it() {
    let site = site(6, &format!("{DAYS}page = {{ size = 3 }}\n"));
    assert!(site.path("public/api/days/page/2.json").exists());
    assert!(!site.path("public/api/days/page/3.json").exists());
}

/// Members that do not apply are absent, and links have the form that every static host answers.
#[test]
fn an_envelope_says_what_it_holds_and_where_the_rest_is() {
    let site = site(7, &format!("{DAYS}page = {{ size = 3 }}\nlimit = {{ default = 2, max = 9 }}\n"));
    let envelope = |path: &str, rows: Value, meta: Value, links: Value| {
        let answer = site.json(&format!("public/v1/{path}.json"));
        assert_eq!(answer, json!({ "data": rows, "meta": meta, "links": links }), "{path}");
    };
    envelope("days", rows(1..=2), json!({ "total": 7, "count": 2, "limit": 2 }), json!({ "self": "/v1/days" }));
    let own = json!({ "self": "/v1/days/limit/9" });
    envelope("days/limit/9", rows(1..=7), json!({ "total": 7, "count": 7, "limit": 9 }), own);
    let own = json!({ "self": "/v1/days/limit/all" });
    envelope("days/limit/all", rows(1..=7), json!({ "total": 7, "count": 7 }), own);
    let links = |page: usize, prev: Option<usize>, next: Option<usize>| {
        let at = |n: usize| json!(format!("/v1/days/page/{n}"));
        let mut links = json!({ "self": at(page), "first": at(1), "last": at(3) });
        let pairs = [("prev", prev), ("next", next)].into_iter().filter_map(|(name, n)| Some((name, n?)));
        pairs.for_each(|(name, n)| links[name] = at(n));
        links
    };
    let meta = |count: usize, page: usize| json!({ "total": 7, "count": count, "page": page, "pages": 3 });
    envelope("days/page/1", rows(1..=3), meta(3, 1), links(1, None, Some(2)));
    envelope("days/page/2", rows(4..=6), meta(3, 2), links(2, Some(1), Some(3)));
    envelope("days/page/3", rows(7..=7), meta(1, 3), links(3, Some(2), None));
}

#[test]
fn a_list_without_a_default_limit_names_none() {
    let site = site(7, DAYS);
    assert_eq!(site.json("public/v1/days.json")["meta"], json!({ "total": 7, "count": 7 }));
}

const TAGGED: &str = r#"
[collections.posts]
sources = ["data/posts.json"]
key = "title"

[surfaces.v1]
prefix = "/v1"
shape = "envelope"

[[views]]
path = "posts/{title}"
from = "posts"
each = true

[[views]]
path = "on/{tag}"
from = "posts"
group = "tag"
page = { size = 1 }
"#;

/// Keys are plain file names; in links they are percent-encoded.
#[test]
fn links_are_percent_encoded_and_keys_are_not() {
    let posts = r#"[{ "title": "Été 100%", "tag": "C# & C++" }, { "title": "CI / CD?", "tag": "c# & c++" }]"#;
    let site = Site::empty().file("site/site.toml", TAGGED).file("data/posts.json", posts);
    site.build();
    let links = |path: &str| site.json(&format!("public/v1/{path}.json"))["links"].clone();
    assert_eq!(links("posts/Été-100%"), json!({ "self": "/v1/posts/%C3%89t%C3%A9-100%25" }));
    assert_eq!(links("posts/ci-cd?"), json!({ "self": "/v1/posts/ci-cd%3F" }));
    let at = |n: usize| format!("/v1/on/c%23-%26-c%2B%2B/page/{n}");
    let expected = json!({ "self": at(2), "first": at(1), "prev": at(1), "last": at(2) });
    assert_eq!(links("on/c#-&-c++/page/2"), expected);
}

const PEOPLE: &str = r#"
[collections.people]
sources = ["content/people"]
key = "handle"

[surfaces.api]
prefix = "/api"
shape = "bare"

[surfaces.v1]
prefix = "/v1"
shape = "envelope"

[[views]]
path = "people"
from = "people"
sort = ["-score"]

[[views]]
path = "people/{handle}"
from = "people"
each = true
sort = ["-score"]
rank = { by = "score" }

[[views]]
path = "texts"
from = "people"
fields = ["handle", "html", "toc"]
surfaces = ["v1"]

[[views]]
path = "old/{handle}"
from = "people"
each = true
fields = ["handle", "rank"]
rank = { by = "score" }
surfaces = ["api"]
"#;

fn people() -> Site {
    let site = Site::empty()
        .file("site/site.toml", PEOPLE)
        .file("content/people/ann.md", "---\nhandle: Ann\nscore: 1\naliases: [Annie B, 7]\n---\n## Hi\n")
        .file("content/people/bo.md", "---\nhandle: bo\nscore: 5\n---\nHello.\n");
    site.build();
    site
}

#[test]
fn each_record_is_a_document_with_everything_public() {
    let site = people();
    let ann = json!({
        "handle": "Ann", "score": 1, "aliases": ["Annie B", 7],
        "slug": "ann", "excerpt": "", "wordCount": 1, "readingTime": 1,
        "rank": 2, "position": 2, "tied": false,
        "html": "<h2 id=\"hi\">Hi</h2>\n", "toc": [{ "level": 2, "id": "hi", "text": "Hi" }],
    });
    assert_eq!(site.json("public/api/people/ann.json"), ann);
    let envelope = json!({ "data": ann, "meta": {}, "links": { "self": "/v1/people/ann" } });
    assert_eq!(site.json("public/v1/people/ann.json"), envelope);
}

#[test]
fn an_alias_answers_as_the_record_does() {
    let site = people();
    for surface in ["api", "v1"] {
        let own = site.answer(&format!("{surface}/people/ann"));
        assert_eq!(site.answer(&format!("{surface}/people/annie-b")), own);
        assert_eq!(site.answer(&format!("{surface}/people/7")), own);
    }
    assert_eq!(site.answer("api/old/annie-b"), r#"{"handle":"Ann","rank":2}"#);
}

#[test]
fn lists_leave_html_and_toc_out_unless_fields_names_them() {
    let site = people();
    let list = site.answer("api/people");
    assert!(!list.contains("html") && !list.contains("toc"), "{list}");
    assert_eq!(
        site.json("public/v1/texts.json")["data"][1],
        json!({ "handle": "bo", "html": "<p>Hello.</p>\n", "toc": [] })
    );
}

#[test]
fn a_view_stands_on_the_surfaces_it_names() {
    let site = people();
    assert!(site.path("public/v1/texts.json").exists() && !site.path("public/api/texts.json").exists());
    assert!(site.path("public/api/old/bo.json").exists() && !site.path("public/v1/old/bo.json").exists());
}

/// The bound is counted before anything is made.
#[test]
fn too_many_artifacts_are_counted_by_view() {
    let site = site(3, DAYS);
    site.write("site/site.toml", format!("[site]\nmax_artifacts = 50\n{SURFACES}{DAYS}"));
    let run = site.ends(1, &["build", "--now", NOW]);
    assert!(run.stderr.contains("error[too-many-artifacts]"), "{}", run.stderr);
    assert!(run.stderr.contains("204 artifacts") && run.stderr.contains("`days` 204"), "{}", run.stderr);
}
