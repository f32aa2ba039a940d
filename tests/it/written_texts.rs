//! Texts that members write are Markdown, and never more than that.

use crate::entries::{SETTINGS, Write, add_all, data, keys, outcome, patch, put, site};
use crate::support::{NOW, Site};
use serde_json::{Value, json};

const PAGES: &str = "
[markdown]
trust_html = true

[[pages]]
path = \"/articles/{slug}\"
template = \"article.html\"
from = \"articles\"
each = true
";

/// A site with pages, whose own texts are trusted.
fn trusting() -> Site {
    let site = site();
    site.write("site/site.toml", format!("{SETTINGS}{PAGES}"));
    site.write("site/templates/article.html", "{{ record.html }}");
    site.write("content/articles/first.md", "---\ntitle: First\nauthor: ann\n---\n<b onclick=\"x()\">Ours</b>\n");
    site.write("content/articles/cloud.png", "no picture");
    site.write("site/static/logo.png", "no picture");
    site.write("content/secret.html", "<script>ours()</script>");
    site
}

fn article(slug: &str, body: &str) -> Write {
    put("articles", slug, 1, json!({ "title": slug, "body": body })).by_editor()
}

/// The text becomes what the text of a Markdown file does, and is no member itself.
#[test]
fn a_text_becomes_what_a_file_does() {
    let site = site();
    let body = "Some *words* here.\n\n## More\n\n`code`";
    article("mine", body).add(&site);
    site.write("content/articles/same.md", format!("---\ntitle: mine\n---\n{body}"));
    site.build();
    let [mut mine, mut same] = ["mine", "same"].map(|slug| data(&site, &format!("articles/{slug}")));
    mine["slug"] = Value::Null;
    same["slug"] = Value::Null;
    assert_eq!(mine, same);
    assert_eq!((mine["excerpt"].clone(), mine["toc"][0]["id"].clone()), (json!("Some words here."), json!("more")));
    assert_eq!(mine.get("body"), None);
}

/// It takes the place of the text that a file has; null takes that away.
#[test]
fn a_text_takes_the_place_of_another() {
    let site = site();
    patch("articles", "first", 1, json!({ "body": "Other words." })).by_editor().add(&site);
    site.build();
    let first = data(&site, "articles/first");
    assert_eq!((first["title"].clone(), first["html"].clone()), (json!("First"), json!("<p>Other words.</p>\n")));
    patch("articles", "first", 2, json!({ "body": null })).by_editor().add(&site);
    site.build();
    let first = data(&site, "articles/first");
    assert_eq!((first["title"].clone(), first.get("html"), first.get("wordCount")), (json!("First"), None, None));
    let wrong = patch("articles", "first", 3, json!({ "body": 5 })).by_editor();
    wrong.add(&site);
    site.build();
    assert_eq!(outcome(&site, &wrong), ("rejected".to_owned(), vec!["wrong-type /body".to_owned()]));
}

/// Whatever the site trusts its own texts with: what a member writes does not run.
#[test]
fn hostile_texts_are_inert() {
    let site = trusting();
    let hostile = "<script>alert(1)</script><iframe src=\"//evil.test\"></iframe> <b onclick=\"x()\">b</b>\n\n\
        [a](javascript:alert(1)) <a href=\"JaVaScript:alert(1)\">b</a> <img src=x onerror=alert(1)>\n\n\
        <precast-call data-call=\"precast:call/0-1/content%2Farticles%2Ffirst.md/video%20src%3D%22x%22\"></precast-call>\n\n\
        <a href=\"&#112;recast:link/0-9/content%2Farticles%2Ffirst.md/..%2Fsecret.html\">c</a>\n\n\
        {{< video src=\"x.mp4\" >}}\n";
    let write = article("hostile", hostile);
    write.add(&site);
    site.ends(0, &["build", "--now", NOW, "--strict"]);
    assert_eq!(outcome(&site, &write).0, "published");
    let html = data(&site, "articles/hostile")["html"].as_str().expect("HTML").to_owned();
    for evil in ["<script", "<iframe", "onclick", "javascript:", "onerror", "precast", "<video", "secret"] {
        assert!(!html.to_lowercase().contains(evil), "{evil}: {html}");
    }
    assert!(html.contains("<b>b</b>") && html.contains("{{&lt; video"), "{html}");
    assert!(!site.public().keys().any(|key| key.starts_with("media/")), "no file is published for it");
    assert!(
        data(&site, "articles/first")["html"].as_str().expect("HTML").contains("onclick"),
        "the site's own text stays"
    );
}

/// Its links lead where those of a content file of its collection would; files that stand beside those stay unpublished.
#[test]
fn links_count_from_the_collection() {
    let site = trusting();
    let good = article("good", "[one](first.md), [two](/articles/first) and ![logo](/logo.png \"\")");
    good.add(&site);
    let bad: Vec<Write> = [
        "[x](../../data/users.json)",
        "[x](cloud.png)",
        "![x](cloud.png)",
        "![x](content/articles/cloud.png)",
        "![x](../../site/site.toml)",
        "[x](nobody.md)",
        "[x](/nowhere)",
        "![x](/etc/passwd)",
    ]
    .iter()
    .enumerate()
    .map(|(at, body)| article(&format!("bad{at}"), body))
    .collect();
    add_all(&site, &bad);
    site.build();
    let html = data(&site, "articles/good")["html"].as_str().expect("HTML").to_owned();
    assert!(html.contains("href=\"/articles/first\"") && html.contains("src=\"/logo.png\""), "{html}");
    for write in bad {
        let (status, faults) = outcome(&site, &write);
        assert_eq!(status, "rejected");
        assert!(faults.iter().all(|fault| fault.ends_with(" /body")) && faults.len() == 1, "{faults:?}");
    }
    assert_eq!(keys(&site, "articles", "slug"), ["first", "good"]);
}

/// A forged placeholder asks in nobody else's name.
#[test]
fn nobody_is_blamed_for_another() {
    let site = trusting();
    let innocent = article("innocent", "Words.");
    let path = innocent.path().replace('/', "%2F");
    let forged = article(
        "forged",
        &format!("<a href=\"precast:link/0-9/{path}/nowhere.md\">x</a> [y](precast:link/0-9/{path}/nowhere.md)"),
    );
    innocent.add(&site);
    forged.add(&site);
    site.build();
    assert_eq!((outcome(&site, &innocent).0.as_str(), outcome(&site, &forged).0.as_str()), ("published", "published"));
    let html = data(&site, "articles/forged")["html"].as_str().expect("HTML").to_owned();
    assert!(!html.contains("nowhere") && html.contains("href=\"#\""), "{html}");
}
