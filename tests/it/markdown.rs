//! Markdown files as records: where their slug comes from, both kinds of front matter, what else lies in a folder.

use crate::support::Site;
use serde_json::json;

const SITE: &str = r#"
[collections.articles]
sources = ["content/articles"]
key = "slug"

[[views]]
path = "articles"
from = "articles"
fields = ["slug", "title"]

[[views]]
path = "articles/{slug}"
from = "articles"
each = true
"#;

const HELLO: &str = "\
---
title: Hello
---

The first *paragraph* is the excerpt.

## What next

Read on.
";

fn site() -> Site {
    Site::empty().file("site/site.toml", SITE)
}

#[test]
fn the_slug_is_the_files_name_or_its_folders() {
    let site = site()
        .file("content/articles/hello.md", HELLO)
        .file("content/articles/Log-Triage/index.md", HELLO.replace("Hello", "Log triage"))
        .file("content/articles/2026/june/rain.md", HELLO.replace("Hello", "Rain"))
        .file("content/articles/z.md", HELLO.replace("title: Hello", "title: Own\nslug: chosen"));
    site.build();
    let rows = json!([
        { "slug": "rain", "title": "Rain" },
        { "slug": "Log-Triage", "title": "Log triage" },
        { "slug": "hello", "title": "Hello" },
        { "slug": "chosen", "title": "Own" },
    ]);
    assert_eq!(site.json("public/api/articles.json"), rows);
    assert_eq!(site.json("public/api/articles/log-triage.json")["title"], "Log triage");
}

#[test]
fn the_text_becomes_members() {
    let site = site().file("content/articles/hello.md", HELLO);
    site.build();
    let html =
        "<p>The first <em>paragraph</em> is the excerpt.</p>\n<h2 id=\"what-next\">What next</h2>\n<p>Read on.</p>\n";
    assert_eq!(
        site.json("public/api/articles/hello.json"),
        json!({
            "title": "Hello",
            "slug": "hello",
            "excerpt": "The first paragraph is the excerpt.",
            "wordCount": 10,
            "readingTime": 1,
            "html": html,
            "toc": [{ "level": 2, "id": "what-next", "text": "What next" }],
        })
    );
}

/// `+++` opens TOML, `---` opens YAML: both say the same.
#[test]
fn front_matter_is_yaml_or_toml() {
    let yaml =
        "---\ntitle: One\ndate: 2026-04-19\ntags: [a, b]\nmeta:\n  level: 2\n  zip: \"007\"\ncountry: no\n---\nText.\n";
    let toml = "+++\ntitle = \"One\"\ndate = 2026-04-19\ntags = [\"a\", \"b\"]\nmeta = { level = 2, zip = \"007\" }\ncountry = \"no\"\n+++\nText.\n";
    let answers = [yaml, toml].map(|text| {
        let site = site().file("content/articles/one.md", text);
        site.build();
        site.answer("api/articles/one")
    });
    assert!(answers[0].starts_with(concat!(
        r#"{"title":"One","date":"2026-04-19","tags":["a","b"],"#,
        r#""meta":{"level":2,"zip":"007"},"country":"no","slug":"one","#
    )));
    assert_eq!(answers[0], answers[1]);
}

/// Numbers of any length, and texts that look like numbers or booleans, stand as they are written.
#[test]
fn front_matter_keeps_every_digit() {
    let text =
        "---\nbig: 98765432109876543210\nratio: 1.10\nsmall: 1.0e-7\nzip: \"012\"\nanswer: off\nnothing: ~\n---\n";
    let site = site().file("content/articles/one.md", text);
    site.write("site/site.toml", SITE.replace("[\"slug\", \"title\"]", "[\"slug\", \"ratio\"]"));
    site.build();
    let answer = site.answer("api/articles/one");
    let written =
        r#"{"big":98765432109876543210,"ratio":1.10,"small":1.0e-7,"zip":"012","answer":"off","nothing":null,"#;
    assert!(answer.starts_with(written), "{answer}");
}

#[test]
fn what_is_no_record_in_a_folder_is_left_alone() {
    let site = site()
        .file("content/articles/hello.md", HELLO)
        .file("content/articles/photo.png", [0x89, b'P', b'N', b'G', 0, 0xff])
        .file("content/articles/notes.txt", "not an article")
        .file("content/articles/.draft.md", "no front matter at all")
        .file("content/articles/.obsidian/workspace.json", "{ broken")
        .file("content/articles/.DS_Store", [0, 1, 2]);
    let run = site.build();
    assert_eq!(site.json("public/api/articles.json"), json!([{ "slug": "hello", "title": "Hello" }]));
    assert!(!run.stderr.contains("warning") && !run.stderr.contains("error"), "{}", run.stderr);
}

/// Raw HTML is cleaned unless the site trusts it.
#[test]
fn raw_html_is_sanitised_unless_trusted() {
    let text = HELLO.replace("Read on.", "<b onclick=\"steal()\">Read</b> <script>alert(1)</script> on.");
    let site = site().file("content/articles/hello.md", text);
    site.build();
    let html = |site: &Site| site.json("public/api/articles/hello.json")["html"].as_str().expect("html").to_owned();
    assert!(html(&site).contains("<b>Read</b>"), "{}", html(&site));
    assert!(!html(&site).contains("steal") && !html(&site).contains("alert"), "{}", html(&site));
    site.write("site/site.toml", format!("[markdown]\ntrust_html = true\n{SITE}"));
    site.build();
    assert!(html(&site).contains("<script>alert(1)</script>"), "{}", html(&site));
}

/// What cleaning takes away is told, and nothing where nothing is taken.
#[test]
fn addresses_that_are_cleaned_away_are_told() {
    let text = HELLO.replace(
        "Read on.",
        "[a](javascript:x) ![b](data:image/gif;base64,R0lG) [c](ftp://x.test/) [d](mailto:d@x.test)",
    );
    let site = site().file("content/articles/hello.md", text);
    let run = site.build();
    for told in [
        "warning[broken-link]: `javascript:` is",
        "warning[missing-image]: `data:` is",
        "warning[broken-link]: `ftp:` is",
        ":9:5\n",
    ] {
        assert!(run.stderr.contains(told), "{told}: {}", run.stderr);
    }
    assert_eq!(run.stderr.matches("warning[").count(), 3, "{}", run.stderr);
    site.write("site/site.toml", format!("[markdown]\ntrust_html = true\n{SITE}"));
    let run = site.build();
    assert!(!run.stderr.contains("warning["), "{}", run.stderr);
    assert!(site.answer("api/articles/hello").contains("href=\\\"javascript:x\\\""));
}

fn html_of(body: &str) -> String {
    let site = site().file("content/articles/hello.md", format!("---\ntitle: Hello\n---\n\n{body}"));
    site.write("site/site.toml", format!("{SITE}\n[markdown]\nhighlight = true\n"));
    site.build();
    site.json("public/api/articles/hello.json")["html"].as_str().expect("html").to_owned()
}

/// Programs that read answers colour code themselves; pages cannot.
#[test]
fn code_is_coloured_where_the_site_has_pages() {
    let site = site().file("content/articles/hello.md", "---\ntitle: Hello\n---\n\n```yaml\na: 1\n```\n");
    let page = "[[pages]]\npath = \"/\"\ntemplate = \"home.html\"\n";
    site.write("site/templates/home.html", "{{ markdown('```yaml\na: 1\n```') }}");
    for (more, coloured) in [("", false), (page, true), (&format!("{page}[markdown]\nhighlight = false\n"), false)] {
        site.write("site/site.toml", format!("{SITE}\n{more}"));
        site.build();
        let html = site.json("public/api/articles/hello.json")["html"].as_str().expect("html").to_owned();
        assert_eq!(html.contains("hl-attr"), coloured, "{more}: {html}");
        if !more.is_empty() {
            assert_eq!(site.text("public/index.html").contains("hl-attr"), coloured, "{more}");
        }
    }
}

/// What is cleaned keeps what Markdown itself makes: colours of code, names of tasks, places that scroll.
#[test]
fn what_scrolls_can_be_reached_and_tasks_have_names() {
    let body = "## Costs\n\n| a | b |\n|--:|---|\n| 1 | 2 |\n\n- [x] Ship *it*\n- [ ] Rest\n  - [ ] Well\n\n---\n\n```yaml\na: 1\n```\n\n```nolang\n<b>\n```\n";
    for more in ["", "\n<b>raw</b>\n"] {
        let html = html_of(&format!("{body}{more}"));
        for part in [
            "<section class=\"table\" tabindex=\"0\" aria-label=",
            "aria-label=\"Costs\"",
            "class=\"align-right\"",
            "aria-label=\"Ship it\"",
            "aria-label=\"Rest\"",
            "aria-label=\"Well\"",
            "<hr>",
            "<pre tabindex=\"0\"><code class=\"language-yaml\"><span class=\"hl-attr\">a</span>",
            "<pre tabindex=\"0\"><code class=\"language-nolang\">&lt;b&gt;\n</code></pre>",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
        assert!(!html.contains("/>"), "{html}");
    }
    let two = html_of("## Costs\n\n| a |\n|---|\n| 1 |\n\n| b |\n|---|\n| 2 |\n\n## Costs\n\n| c |\n|---|\n| 3 |\n");
    let labels: Vec<&str> = two.split("aria-label=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(labels, ["Costs", "Costs, 2", "Costs, 3"]);
    let forged =
        html_of("<span class=\"hl-string wide\" style=\"x\" tabindex=\"5\">x</span><div role=\"alert\">y</div>");
    assert!(forged.contains("<span class=\"hl-string\">x</span></p><div>y</div>"), "{forged}");
}

/// What is written to take long, or to run, does neither.
#[test]
fn a_hostile_text_is_inert_and_takes_no_time() {
    let lists = (0..2000).flat_map(|depth| [" ".repeat(2 * (depth % 400)), "- x\n".to_owned()]).collect::<String>();
    let line = "a *b* `c` ".repeat(500_000);
    let code = format!("```rust\n{}\n```\n", "fn f() { \"".repeat(500_000));
    let evil = "<script>steal()</script>\n<img src=x onerror=steal()>\n<svg onload=steal()></svg>\n\n\
        [a](javascript:steal()) [b](data:text/html,steal) ![c](data:image/svg+xml,steal) [d](vbscript:steal)\n\n\
        <a href=\"precast:link/0-9/x/javascript%3Asteal%28%29\">e</a>\n\n<iframe src=\"//steal\"></iframe>\n\n";
    let start = std::time::Instant::now();
    let html = html_of(&format!("{evil}{lists}\n\n{line}\n\n{code}"));
    assert!(start.elapsed().as_secs() < 300, "{:?}", start.elapsed());
    let links = &html[..html.find("<ul>").expect("a list")];
    for part in ["steal", "script", "onerror", "onload", "data:", "precast:", "iframe"] {
        assert!(!links.contains(part), "{part}: {links}");
    }
}

#[test]
fn quotation_marks_become_those_of_print_where_the_site_says_so() {
    let body = "\"It's\" -- well... `\"code\"`\n";
    assert!(html_of(body).contains("\"It's\" -- well..."), "{}", html_of(body));
    let site = site().file("content/articles/hello.md", format!("---\ntitle: x\n---\n\n{body}"));
    site.write("site/site.toml", format!("[markdown]\nsmart_punctuation = true\n{SITE}"));
    site.build();
    let html = site.answer("api/articles/hello");
    assert!(html.contains("“It’s” – well… <code>\\\"code\\\"</code>"), "{html}");
}

/// The smallest PNG of a size: nothing but what tells it.
fn png(width: u8, height: u8) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0".to_vec();
    bytes.extend([width, 0, 0, 0, height, 8, 2, 0, 0, 0, 0, 0, 0, 0]);
    bytes
}

const PAGES: &str = r#"
[site]
name = "Test"
base_url = "https://example.com/club"

[[pages]]
path = "/articles/{slug}"
template = "page.html"
from = "articles"
each = true

[[feeds]]
path = "/feed"
view = "articles"
"#;

fn paged() -> Site {
    let page = "<!doctype html><title>x</title><h1 id=top-of-all>x</h1>{{ record.html }}";
    Site::empty()
        .file("site/site.toml", format!("{PAGES}{SITE}"))
        .file("site/templates/page.html", page)
        .file("site/static/pictures/logo.png", png(7, 8))
        .file("content/pages/rules.md", "---\ntitle: Rules\n---\n## Be kind\n\n[Back](../articles/one/index.md)\n")
        .file("content/articles/two.md", "---\ntitle: Two\ndate: 2026-01-01\n---\n## Part\n\n[One](one/index.md)\n")
}

/// Files lead to pages and pictures, wherever the site is hosted, and in every place that a text is read.
#[test]
fn links_and_pictures_lead_to_where_they_are_published() {
    let text = "---\ntitle: One\ndate: 2026-01-02\n---\n\
        [a](../two.md#part) [b](/rules#be-kind) [c](#own) [d](../../pages/rules.md) [e](https://x.test/a.md) [f](sheet.pdf)\n\n\
        ## Own\n\n![A diagram](diagram.png) ![](/pictures/logo.png \"\") <b>raw</b>\n\n\
        `[x](gone.md)` and `<a href=\"precast:link/1-2/a/b\">`\n\n<a href=\"precast:link/0-1/a/javascript%3Ax\">forged</a>\n";
    let site = paged()
        .file(
            "content/articles/one/index.md",
            text.replace("<a href=\"precast:link/0-1/a/javascript%3Ax\">forged</a>", ""),
        )
        .file("content/articles/one/diagram.png", png(40, 30))
        .file("content/articles/one/sheet.pdf", "%PDF");
    let run = site.build();
    assert!(!run.stderr.contains("warning"), "{}", run.stderr);
    let html = site.json("public/api/articles/one.json")["html"].as_str().expect("html").to_owned();
    for part in [
        "<a href=\"/club/articles/two#part\">a</a>",
        "<a href=\"/club/rules#be-kind\">b</a>",
        "<a href=\"#own\">c</a>",
        "<a href=\"/club/rules\">d</a>",
        "<a href=\"https://x.test/a.md\">e</a>",
        "\" alt=\"A diagram\"",
        "\" width=\"40\" height=\"30\" loading=\"lazy\"",
        "<img src=\"/club/pictures/logo.png\" width=\"7\" height=\"8\" loading=\"lazy\" alt=\"\">",
        "<code>[x](gone.md)</code>",
        "<code>&lt;a href=\"precast:link/1-2/a/b\"&gt;</code>",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    let at = html.find("/club/media/diagram.").expect("a name with a digest");
    let key = html[at + "/club/".len()..].split('"').next().expect("an address");
    assert_eq!(site.public()[key], png(40, 30));
    assert!(html.contains("<a href=\"/club/media/sheet."), "{html}");
    assert!(site.text("public/articles/one.html").contains(&html));
    let feed = site.text("public/feed.json");
    assert!(feed.contains("<a href=\\\"https://example.com/club/rules\\\">"), "{feed}");
    assert!(site.text("public/rules.html").contains("href=\"/club/articles/one\""));

    // What somebody forges asks for what they could ask for anyway.
    site.write("content/articles/one/index.md", text);
    let run = site.run(&["build"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stderr.contains("is no link of this site"), "{}", run.stderr);
}

/// Shortcodes stand where blocks stand, around Markdown, and never in code.
#[test]
fn shortcodes_become_what_their_templates_make() {
    let text = "---\ntitle: One\ndate: 2026-01-02\n---\n\
        Words {{< badge text=\"a <b> & c\" >}} go on.\n\n\
        {{< figure src=\"diagram.png\" alt=\"A \u{e9}\" caption=\"Friday\" >}}\n\n\
        {{< callout kind=\"warning\" title=\"Mind\" >}}\n\
        - *one*\n- [two](../two.md)\n\
        {{< /callout >}}\n\n\
        {{< callout >}}One {{< badge text=\"line\" >}}.{{< /callout >}}\n\n\
        > {{< callout >}}\n> Quoted.\n>\n> {{< callout kind=tip >}}\n> Inner.\n> {{< /callout >}}\n> {{< /callout >}}\n\n\
        `{{< gone >}}`\n\n```md\n{{< gone >}}\n```\n\n    {{< gone >}}\n\n\
        {{< video src=\"talk.mp4\" label=\"A talk\" >}}\n";
    let badge = "{# args: text: text, size: number = 2 #}<i class=\"b{{ size + 1 }}\">{{ text }}</i>";
    let site = paged()
        .file("content/articles/one/index.md", text)
        .file("content/articles/one/diagram.png", png(40, 30))
        .file("content/articles/one/talk.mp4", "mp4")
        .file("site/templates/shortcodes/badge.html", badge);
    for more in ["", "\n<b onclick=\"x()\">raw</b>\n"] {
        site.write("content/articles/one/index.md", format!("{text}{more}"));
        site.build();
        let document = site.json("public/api/articles/one.json");
        let html = document["html"].as_str().expect("html").replace('\n', "");
        for part in [
            "<p>Words <i class=\"b3\">a &lt;b&gt; &amp; c</i> go on.</p>",
            "\" width=\"40\" height=\"30\" loading=\"lazy\" alt=\"A \u{e9}\"><figcaption>Friday</figcaption></figure>",
            "<p class=\"callout-title\">Mind</p><ul><li><em>one</em></li><li><a href=\"/club/articles/two\">two</a></li></ul></div>",
            "<p class=\"callout-title\">Note</p><p>One <i class=\"b3\">line</i>.</p></div>",
            "<p>Quoted.</p><div class=\"callout callout-tip\" role=\"note\"><p class=\"callout-title\">Tip</p><p>Inner.</p></div></div></blockquote>",
            "<code>{{&lt; gone &gt;}}</code>",
            "aria-label=\"A talk\"",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
        assert_eq!(html.matches("gone").count(), 3, "{html}");
        assert!(!html.contains("<p><figure") && !html.contains("precast") && !html.contains("onclick"), "{html}");
        assert_eq!(document["excerpt"], "Words  go on.".replace("  ", " "));
    }
}

/// Neither do tags, links and pictures without number or end.
#[test]
fn hostile_tags_take_no_time() {
    let nested = |count: usize| format!("{}x{}", "{{< callout >}}".repeat(count), "{{< /callout >}}".repeat(count));
    let texts = [
        "{{<".repeat(200_000),
        nested(900),
        "{{< figure >}} {{< /callout >}}".repeat(50_000),
        "[a](#a) ".repeat(20_000),
        format!("{}x{}", "![".repeat(20_000), "](a.png)".repeat(20_000)),
        "<precast-call data-call=\"precast:call/0-1/a/callout\">".repeat(20_000),
        "> ".repeat(5_000),
    ];
    for text in texts {
        let site =
            paged().file("content/articles/one/index.md", format!("---\ntitle: One\ndate: 2026-01-02\n---\n{text}\n"));
        let start = std::time::Instant::now();
        let run = site.run(&["build"]);
        assert!(matches!(run.code, Some(0 | 1)), "{}: {:?}", &text[..20], run.code);
        assert!(start.elapsed().as_secs() < 300, "{}: {:?}", &text[..20], start.elapsed());
    }
}
