//! Pages whose texts, names and templates were written by people who did not mean well, or did not look.

use crate::support::{NOW, Site};

pub const SETTINGS: &str = r#"
[site]
name = "Club"
base_url = "https://club.example/home"

[collections.notes]
sources = ["content/notes"]
key = "slug"

[surfaces.api]
prefix = "/api"
shape = "bare"

[[views]]
path = "notes"
from = "notes"
sort = ["-date"]

[[views]]
path = "notes/{tags}"
from = "notes"
group = "tags"

[[pages]]
path = "/notes/{slug}"
template = "note.html"
from = "notes"
each = true

[[pages]]
path = "/tags/{tags}"
template = "tag.html"
view = "notes/{tags}"

[[feeds]]
path = "/feed"
view = "notes"
"#;

pub fn site(text: &str) -> Site {
    let note = "<h1>{{ page.title }}</h1>{{ record.html }}\
        {% for tag in record.tags %}<a href=\"{{ url('/tags/' ~ tag|slug|urlencode) }}\">{{ tag }}</a>{% endfor %}";
    Site::empty()
        .file("site/site.toml", SETTINGS)
        .file("site/templates/note.html", note)
        .file("site/templates/tag.html", "<h1>{{ page.title }}</h1>")
        .file("site/templates/page.html", "<h1>{{ page.title }}</h1>{{ record.html }}")
        .file("content/notes/one.md", format!("---\ntitle: One\ndate: 2026-01-02\ntags: [node.js]\n---\n{text}\n"))
}

/// An article with all that Markdown can, and one that was written to run: both as pages, to the byte. The site and what
/// is expected stand in `tests/fixtures/pages`; `SNAPSHOTS=overwrite` writes the latter anew.
#[test]
fn articles_become_these_pages() {
    let site = Site::fixture("pages");
    site.build();
    for name in ["features", "hostile"] {
        let expected = crate::support::fixtures().join(format!("pages/expected/{name}.html"));
        let page = site.text(&format!("public/articles/{name}.html"));
        snapbox::Assert::new().action_env("SNAPSHOTS").eq(page, snapbox::Data::read_from(&expected, None).raw());
    }
    let hostile = site.text("public/articles/hostile.html").to_lowercase();
    for active in ["<script", "<iframe", "<svg", "<object", "<form", "<base", "<style", " style=", "href=\"javascript:"]
    {
        assert!(!hostile.contains(active), "{active}");
    }
}

/// Who may write texts may not write programs: they would run in the site's name.
#[test]
fn files_that_browsers_run_are_not_published() {
    let site = site("[a](evil.js) [b](x.HTML) [c](notes.txt)");
    for name in ["evil.js", "x.HTML", "notes.txt"] {
        site.write(&format!("content/notes/{name}"), "alert(1)");
    }
    let run = site.ends(1, &["check", "--now", NOW]);
    assert_eq!(run.stderr.matches("would run in browsers").count(), 2, "{}", run.stderr);
    site.write("site/site.toml", format!("{SETTINGS}\n[markdown]\ntrust_html = true\n"));
    site.build();
    assert_eq!(site.public().keys().filter(|key| key.starts_with("media/")).count(), 3);
}

#[test]
fn feeds_hold_what_xml_can_hold() {
    let site = site(
        "## A part\n\nBell \u{7}, [here](#a-part), [there](/tags/node.js.html), `x href=\"/y\"`.\n\n<video src=\"/v.mp4\"></video>",
    );
    site.write("site/static/v.mp4", "a film");
    site.build();
    let (xml, json) = (site.text("public/feed.xml"), site.json("public/feed.json"));
    assert!(!xml.contains('\u{7}'));
    let html = json["items"][0]["content_html"].as_str().expect("a text");
    for whole in [
        "<a href=\"https://club.example/home/notes/one#a-part\">",
        "<a href=\"https://club.example/home/tags/node.js.html\">",
        "x href=\"/y\"",
    ] {
        assert!(html.contains(whole), "{whole}: {html}");
    }
}

/// A page of a name with a dot keeps its extension, and links lead to it.
#[test]
fn names_with_a_dot_are_reached() {
    let site = site("Text.");
    site.build();
    let html = site.text("public/notes/one.html");
    assert!(html.contains("<a href=\"/home/tags/node.js.html\">node.js</a>"), "{html}");
    assert_eq!(site.text("public/tags/node.js.html"), "<h1>node.js</h1>");
    site.write("content/notes/two.md", "---\ntitle: Two\ndate: 2026-01-03\ntags: []\n---\n[x](/tags/node.js)\n");
    let run = site.ends(1, &["check", "--now", NOW]);
    assert!(run.stderr.contains("there is nothing at `/tags/node.js`"), "{}", run.stderr);
    assert!(run.stderr.contains("did you mean `/tags/node.js.html`"), "{}", run.stderr);
}

/// `--verify` follows the links of pages, whoever wrote them.
#[test]
fn links_of_templates_are_followed() {
    let site = site("## A part\n\nText.");
    let links = "<a href=\"{{ url('/tags/node.js') }}\"></a><a title='x' href=\"{{ absolute('/notes/one') }}#a-part\"></a>\
        <a href=\"#\"></a><a href=\"https://elsewhere.example/x\"></a><a href=\"mailto:a@b.example\"></a>\
        <a href=\"/another-app\"></a><a href=\"one?a=1&amp;b=2\"></a><img src=\"//cdn.example/x.png\">\
        <a href=\"{{ url('/api/notes') }}\"></a><a href=\"{{ url('/api/notes/limit/1') }}\"></a>";
    let page = |more: &str| format!("{links}{more}{{{{ record.html }}}}");
    site.write("site/templates/note.html", page(""));
    site.write("content/notes/two.md", "---\ntitle: Two\ndate: 2026-01-03\ntags: []\n---\nText.\n");
    site.ends(0, &["build", "--now", NOW, "--verify", "--strict"]);
    let broken =
        "<a href=\"{{ url('/nope') }}\"></a><a href=\"{{ absolute('/notes/one') }}#b\"></a><a href=\"three#x\"></a>";
    site.write("site/templates/note.html", page(broken));
    site.ends(0, &["check", "--now", NOW]);
    let run = site.ends(1, &["build", "--now", NOW, "--verify"]);
    for told in [
        "the page `/notes/one` leads to `/home/nope`, and so does one page more, and nothing is there",
        "the page `/notes/one` leads to `/home/notes/one#b`, and so does one page more, and that page has no such part",
        "the page `/notes/one` leads to `/home/notes/three#x`, and so does one page more, and nothing is there",
        "--> site/site.toml:25:8",
        "3 errors",
    ] {
        assert!(run.stderr.contains(told), "{told}: {}", run.stderr);
    }
}

/// A tag is read as browsers read it, and what is no tag leads nowhere.
#[test]
fn links_are_those_that_browsers_see() {
    let shown = "`<a href=\"/home/nope\">x</a>` src=\"/home/nope\"\n\n```\n<img src=\"/home/nope\" srcset='/home/nope 2x'>\n```\n\n## A part";
    let site = site(shown);
    let page = |more: &str| format!("<!-- <a href='/home/nope'> --><script>'<a href=\"/home/nope\">'</script>{more}");
    let whole = page("{{ record.html }}<h2\nid='c&amp;d'>C</h2><a href=#c&amp;d></a><a HREF=\"#a-part\"></a>");
    site.write("site/templates/note.html", &whole);
    site.ends(0, &["build", "--now", NOW, "--verify", "--strict"]);
    let links = "<a href='/home/a'></a><a\nhref=\"/home/b\"></a><a href=/home/c></a><a HREF=\"/home/d\"></a>\
        <img srcset=\"/home/e 2x, /home/f\"><a href=\"/home/g&amp;h\"></a>";
    site.write("site/templates/note.html", page(links));
    let run = site.ends(1, &["build", "--now", NOW, "--verify"]);
    for link in ["a", "b", "c", "d", "e", "f", "g&h"] {
        let told = format!("the page `/notes/one` leads to `/home/{link}`, and nothing is there");
        assert!(run.stderr.contains(&told), "{told}: {}", run.stderr);
    }
    assert!(run.stderr.contains("7 errors"), "{}", run.stderr);
}

/// Links of texts lead to parts that templates name, wherever the tag breaks its lines.
#[test]
fn parts_are_found_in_any_tag() {
    let site = site("[c](#c) [d](#d)");
    site.write(
        "site/templates/note.html",
        "<h2\nid=\"c\">C</h2><a name=d></a>{{ record.html }}<code>&lt;p id=\"e\"></code>",
    );
    site.ends(0, &["check", "--now", NOW, "--strict"]);
    site.write("content/notes/one.md", "---\ntitle: One\ndate: 2026-01-02\ntags: []\n---\n[e](#e)\n");
    let run = site.ends(1, &["check", "--now", NOW]);
    assert!(run.stderr.contains("the page `/notes/one` has no part `#e`"), "{}", run.stderr);
}

#[test]
fn templates_without_an_end_are_told() {
    let site = site("Text.");
    for (template, told) in [
        ("{% for i in range(9999) %}{% for j in range(9999) %}x{% endfor %}{% endfor %}", "a loop in a loop"),
        ("{% macro a(n) %}{% if n > 0 %}{{ a(n-1) }}{{ a(n-1) }}{% endif %}{% endmacro %}{{ a(60) }}", "steps"),
        (&format!("{{{{ {}1 }}}}", "1+".repeat(3_900)), ""),
        (&format!("{{{{ {}1 }}}}", "not ".repeat(1_900)), ""),
        (&format!("{{{{ {}1 }}}}", "1+".repeat(4_100)), "8000 are the most"),
    ] {
        site.write("site/templates/tag.html", template);
        let run = site.run(&["check", "--now", NOW]);
        assert_eq!(run.code, Some(i32::from(!told.is_empty())), "{}", run.stderr);
        assert!(run.stderr.contains(told), "{told}: {}", run.stderr);
    }
}

#[test]
fn pages_that_are_files_say_what_they_can() {
    let site = site("Text.");
    site.write("content/pages/our-team.md", "---\naliases: [team]\n---\nUs.\n");
    site.build();
    assert!(site.text("public/our-team.html").starts_with("<h1>our-team</h1>"));
    assert!(site.path("public/team.html").exists());
    let aliases = "[index, \"../x\", \"https://evil.example\", api/board, \"/\"]";
    site.write("content/pages/our-team.md", format!("---\naliases: {aliases}\nindexed: \"false\"\n---\nUs.\n"));
    let run = site.ends(1, &["check", "--now", NOW]);
    assert_eq!(run.stderr.matches("is no path of a page").count(), 4, "{}", run.stderr);
    assert!(run.stderr.contains("`/api/board` is below the surface `api`"), "{}", run.stderr);
    assert!(run.stderr.contains("`indexed` must be true or false, not text"), "{}", run.stderr);
}

#[test]
fn pages_where_the_api_answers_are_refused() {
    let site = site("Text.");
    site.write("content/pages/Api.md", "---\ntitle: A page\n---\nUs.\n");
    let run = site.ends(1, &["check", "--now", NOW]);
    assert!(run.stderr.contains("error[bad-path]: `/api` is below the surface `api`"), "{}", run.stderr);
    assert!(run.stderr.contains("--> content/pages/Api.md:1:1"), "{}", run.stderr);
    std::fs::remove_file(site.path("content/pages/Api.md")).expect("removed");
    site.write("site/site.toml", SETTINGS.replace("/notes/{slug}", "/{slug}"));
    site.write("site/templates/note.html", "x");
    site.write("content/notes/two.md", "---\nslug: API\ndate: 2026-01-03\ntags: []\n---\n");
    site.write("content/notes/three.md", "---\ntitle: Three\naliases: [api]\ndate: 2026-01-03\ntags: []\n---\n");
    let run = site.ends(1, &["check", "--now", NOW]);
    assert!(run.stderr.contains("error[bad-path]: `/api` is below the surface `api`"), "{}", run.stderr);
    assert!(run.stderr.contains("--> content/notes/two.md:2:7"), "{}", run.stderr);
    std::fs::remove_file(site.path("content/notes/two.md")).expect("removed");
    let run = site.ends(1, &["check", "--now", NOW]);
    assert!(
        run.stderr.contains("--> content/notes/three.md:3:11") && run.stderr.contains("1 error "),
        "{}",
        run.stderr
    );
}

#[test]
fn the_page_of_what_is_not_there_is_not_listed() {
    let site = site("Text.").file("content/pages/404.md", "---\ntitle: Lost\n---\nLost.\n");
    site.build();
    assert!(site.path("public/404.html").exists());
    let listed = site.text("public/sitemap.xml");
    assert!(listed.contains("/home/notes/one<") && !listed.contains("404"), "{listed}");
}

/// An alias answers where it says, whether or not it says `.html`; where it can answer nowhere, it is told.
#[test]
fn aliases_answer_or_are_told() {
    let site = site("Text.");
    let note = |aliases: &str| format!("---\ntitle: One\ndate: 2026-01-02\ntags: []\naliases: {aliases}\n---\nText.\n");
    site.write("content/notes/one.md", note("[uno.html, ONE, one.html]"));
    site.write("content/pages/rules.md", "---\naliases: [/2019/05/post.html, /rules, rules.html]\n---\nUs.\n");
    site.build();
    let is_moved = |key: &String| {
        key.strip_suffix(".html").is_some() && site.text(&format!("public/{key}")).contains("http-equiv")
    };
    let moved: Vec<String> = site.public().into_keys().filter(is_moved).collect();
    assert_eq!(moved, ["2019/05/post.html", "notes/uno.html"]);
    site.write("content/notes/one.md", note("[\"../z\", \".dot\", \"\", \"ok\"]"));
    site.write("content/pages/rules.md", "---\naliases: [index.html, /]\n---\nUs.\n");
    let run = site.ends(1, &["check", "--now", NOW]);
    for told in [
        "error[bad-key]: the alias `../z` starts with a dot",
        "error[bad-key]: the alias `.dot` starts with a dot",
        "error[bad-key]: an alias is empty",
        "`index.html` is no path of a page",
        "`/` is no path of a page",
        "--> content/notes/one.md:5:11",
        "5 errors",
    ] {
        assert!(run.stderr.contains(told), "{told}: {}", run.stderr);
    }
}

/// What meets on one key is named by its files, each meeting once.
#[test]
fn meetings_are_told_where_they_are_written() {
    let site = site("Text.");
    site.write("content/pages/rules.md", "---\ntitle: Rules\n---\nUs.\n");
    site.write("content/pages/other.md", "---\naliases: [/rules]\n---\nUs.\n");
    let run = site.ends(1, &["check", "--now", NOW]);
    for told in [
        "an alias of the page of `content/pages/other.md` and the page of `content/pages/rules.md` both make `rules.html`",
        "--> content/pages/other.md:2:11",
        "the other is declared at content/pages/rules.md:1:1",
        "1 error ",
    ] {
        assert!(run.stderr.contains(told), "{told}: {}", run.stderr);
    }
    site.write("content/pages/other.md", "---\nslug: notes/one\naliases: [rules]\n---\nUs.\n");
    let run = site.ends(1, &["check", "--now", NOW]);
    assert!(run.stderr.contains("the page of `content/pages/other.md` and the record `one`"), "{}", run.stderr);
    assert!(
        run.stderr.contains("the alias `rules` already leads to") && run.stderr.contains("2 errors"),
        "{}",
        run.stderr
    );
    std::fs::remove_file(site.path("content/pages/other.md")).expect("removed");
    site.write("content/notes/two.md", "---\ntitle: Two\ndate: 2026-01-03\ntags: []\n---\n");
    let badge =
        |path: &str| format!("\n[[badges]]\npath = \"{path}\"\nfrom = \"notes\"\nlabel = \"a\"\nmessage = \"title\"\n");
    let page = "\n[[pages]]\npath = \"/notes/{title}\"\ntemplate = \"note.html\"\nfrom = \"notes\"\neach = true\n";
    site.write("site/site.toml", [SETTINGS, &badge("/b/{slug}"), &badge("/b/{title}"), page].concat());
    let run = site.ends(1, &["check", "--now", NOW]);
    assert!(run.stderr.contains("two badges stand on the path `/b/{title}`"), "{}", run.stderr);
    assert!(run.stderr.contains("two pages stand on the path `/notes/{title}`"), "{}", run.stderr);
    assert!(run.stderr.contains("2 errors "), "{}", run.stderr);
}

/// A collection of texts that nobody has written yet has the members of texts.
#[test]
fn a_site_without_articles_builds() {
    let site = Site::shipped();
    for (path, _) in crate::support::tree(&site.path("content/articles")) {
        std::fs::remove_file(site.path("content/articles").join(path)).expect("an article");
    }
    site.build();
    assert!(site.text("public/articles.html").contains("<h1>Articles</h1>"));
}
