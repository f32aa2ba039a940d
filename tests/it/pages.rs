//! Pages from templates: one by itself, rows with their pages, groups, records, files; feeds, the sitemap, aliases.

use crate::support::{NOW, Site};

const SETTINGS: &str = r#"
[site]
name = "Club & Co"
base_url = "https://club.example/home"

[collections.users]
sources = ["content/users"]
key = "handle"
private = ["email"]

[collections.notes]
sources = ["content/notes"]
key = "slug"

[surfaces.api]
prefix = "/api"
shape = "bare"

[[views]]
path = "board"
from = "users"
sort = ["-score"]
rank = { by = "score" }
page = { size = 2 }

[[views]]
path = "notes"
from = "notes"
sort = ["-date"]
lookup = { author = "users" }

[[views]]
path = "notes/{tags}"
from = "notes"
group = "tags"

[[pages]]
path = "/"
template = "home.html"
title = "Home"

[[pages]]
path = "/board"
template = "board.html"
view = "board"
title = "The board"

[[pages]]
path = "/tags/{tags}"
template = "tag.html"
view = "notes/{tags}"

[[pages]]
path = "/users/{handle}"
template = "user.html"
from = "users"
each = true

[[pages]]
path = "/notes/{slug}"
template = "note.html"
from = "notes"
each = true

[[pages]]
path = "/404"
template = "lost.html"

[[badges]]
path = "/badge/{handle}"
from = "users"
label = "Club & Co"
view = "board"
message = "'#' ~ rank if rank < 3 else none"
styles = ["for-the-badge"]

[[feeds]]
path = "/feed"
view = "notes"
title = "Notes"

[[feeds]]
path = "/tags/{tags}/feed"
view = "notes/{tags}"
title = "Notes"
limit = 1
"#;

fn site() -> Site {
    let user = |handle: &str, name: &str, score: u32, more: &str| {
        format!(
            "---\nhandle: {handle}\nname: {name}\nscore: {score}\nemail: {handle}@example.org\n{more}---\nI am *{name}*.\n"
        )
    };
    let note = |title: &str, date: &str, tags: &str| {
        format!("---\ntitle: {title}\ndate: {date}\nauthor: ann\ntags: {tags}\n---\n## A part\n\nText of {title}.\n")
    };
    let base = "<title>{{ page.title or record.name or group.label }}</title>\n<link href=\"{{ asset('css/site.css') }}\">\n{% block main %}{% endblock %}\n";
    Site::empty()
        .file("site/site.toml", SETTINGS)
        .file("site/static/css/site.css", "a{}")
        .file("site/templates/base.html", base)
        .file(
            "site/templates/home.html",
            "{% for row in view('board', limit=1) %}{{ row.rank }}: {{ row.name }} {{ url('/users/' ~ row.handle|slug) }}{% endfor %}\n\
             {{ absolute('/board') }} {{ markdown('*so*') }} {{ view('notes/none', default=[])|length }}\n\
             {{ record('users', 'BEN').name }} {{ record('users', 'nobody') }} {{ view('notes')[0].author.name }}\n",
        )
        .file(
            "site/templates/board.html",
            "{% extends 'base.html' %}{% block main %}{{ offset }}/{{ total }} {{ pager.number }}/{{ pager.pages }} \
             prev={{ pager.prev }} next={{ pager.next }} last={{ pager.last }}\n\
             {% for row in rows %}\n{{ row.rank }} {{ row.name }}\n{% endfor %}\n{% endblock %}",
        )
        .file(
            "site/templates/tag.html",
            "{% extends 'base.html' %}{% block main %}{{ group.slug }}:{% for row in rows %} {{ row.title }} ({{ row.date|date }}){% endfor %}{% endblock %}",
        )
        .file("site/templates/user.html", "{% extends 'base.html' %}{% block main %}{{ record.html }}{{ page.canonical }}{% for name in record %} {{ name }}{% endfor %}{% endblock %}")
        .file("site/templates/note.html", "{{ record.title }}{% set near = neighbours('notes', slug=record.slug) %} <{{ near.prev.title if near.prev }}|{{ near.next.title if near.next }}|{{ near.position }}>{{ neighbours('notes', slug='no') }}{% for part in record.toc %} {{ part.text }}{% endfor %}")
        .file("site/templates/page.html", "{{ page.title }}: {{ record.html }}")
        .file("site/templates/lost.html", "lost {{ asset('css/site.css', absolute=true) }}")
        .file("content/users/ann.md", user("ann", "Ann <3", 5, "aliases: [annie]\n"))
        .file("content/users/ben.md", user("ben", "Ben", 9, ""))
        .file("content/users/cy.md", user("cy.js", "Cy", 1, ""))
        .file("content/users/dee.md", user("dee", "Dee", 7, "listed: false\n"))
        .file("content/notes/one.md", note("One", "2026-01-02", "[Node JS, C]"))
        .file("content/notes/two.md", note("Two", "2026-02-03", "[c]"))
        .file("content/pages/rules.md", "---\ntitle: Rules\naliases: [law]\n---\nBe *kind*.\n")
        .file("content/guides/start/index.md", "---\ntitle: Start\nindexed: false\n---\nHere.\n")
        .file("content/pages/Our Team/Who we are.md", "---\ntitle: We\n---\nUs.\n")
        .file("content/pages/README.md", "# For editors\n")
        .file("content/pages/later.md", "---\ntitle: Later\ndate: 2027-01-01\n---\nNot yet.\n")
}

#[test]
fn every_kind_of_page_is_rendered() {
    let site = site();
    site.build();
    let html = |path: &str| site.text(&format!("public/{path}.html"));
    assert_eq!(
        html("index"),
        "1: Ben /home/users/benhttps://club.example/home/board <p><em>so</em></p>\n 0\nBen  Ann &lt;3"
    );
    let board = html("board");
    assert!(board.starts_with("<title>The board</title>\n<link href=\"/home/css/site."), "{board}");
    assert!(
        board.contains("0/3 1/2 prev= next=/home/board/page/2 last=/home/board/page/2\n1 Ben\n2 Ann &lt;3\n"),
        "{board}"
    );
    let second = html("board/page/2");
    assert!(second.contains("2/3 2/2 prev=/home/board next= last=/home/board/page/2\n3 Cy\n"), "{second}");
    assert!(!site.path("public/board/page/1.html").exists(), "the first page stands at the path itself");
    assert!(
        html("tags/c").contains("<title>C</title>")
            && html("tags/c").contains("c: One (2 January 2026) Two (3 February 2026)")
    );
    assert!(html("tags/node-js").contains("<title>Node JS</title>"));
    let ann = html("users/ann");
    assert!(ann.contains("<p>I am <em>Ann &lt;3</em>.</p>\nhttps://club.example/home/users/ann"), "{ann}");
    assert!(ann.contains(" handle name score ") && !ann.contains("email"), "private members are not there: {ann}");
    assert_eq!(html("notes/one"), "One <Two||2> A part");
    assert_eq!(html("notes/two"), "Two <|One|1> A part");
    assert_eq!(html("rules"), "Rules: <p>Be <em>kind</em>.</p>\n");
    assert_eq!(html("guides/start"), "Start: <p>Here.</p>\n");
    assert_eq!(html("our-team/who-we-are"), "We: <p>Us.</p>\n");
    assert!(html("404").starts_with("lost https://club.example/home/css/site."), "{}", html("404"));
    assert!(!site.path("public/users/dee.html").exists() && !site.path("public/later.html").exists());
}

/// Where some records have a text and others none, a default gives the others an empty one.
#[test]
fn a_text_with_a_default_is_still_a_text() {
    let site = site().file("content/users/eve.json", r#"{"handle":"eve","name":"Eve","score":2}"#);
    site.write("site/site.toml", SETTINGS.replace("[collections.notes]", "[collections.users.derive]\nhtml = \"html | default('')\"\ntoc = \"toc | default([])\"\n\n[collections.notes]"));
    site.build();
    assert!(site.text("public/users/ann.html").contains("<p>I am <em>Ann &lt;3</em>.</p>\n"));
    assert!(site.text("public/users/eve.html").contains("</title>\n<link href="));
    let board = site.json("public/api/board/limit/all.json");
    assert!(board.as_array().expect("rows").iter().all(|row| row.get("html").is_none()), "{board}");
    // What an expression makes of a text itself was never cleaned, and is no HTML of the build's.
    site.write(
        "site/site.toml",
        SETTINGS.replace("[collections.notes]", "[collections.users.derive]\nhtml = \"name\"\n\n[collections.notes]"),
    );
    site.build();
    assert!(!site.text("public/users/ann.html").contains("Ann <3https"), "{}", site.text("public/users/ann.html"));
}

#[test]
fn aliases_lead_to_their_page() {
    let site = site();
    site.build();
    let moved = site.text("public/users/annie.html");
    assert!(moved.contains("<meta http-equiv=\"refresh\" content=\"0; url=/home/users/ann\">"), "{moved}");
    assert!(moved.contains("<link rel=\"canonical\" href=\"https://club.example/home/users/ann\">"), "{moved}");
    assert!(site.text("public/law.html").contains("url=/home/rules"));
}

#[test]
fn assets_have_their_digest_in_their_name() {
    let site = site();
    site.build();
    let link = |site: &Site| {
        let page = site.text("public/board.html");
        page.split("href=\"/home/").nth(1).and_then(|rest| rest.split('"').next()).expect("a link").to_owned()
    };
    let first = link(&site);
    assert_eq!(site.text(&format!("public/{first}")), "a{}");
    assert_eq!(site.text("public/css/site.css"), "a{}", "and the file itself");
    let manifest = site.json("public/api/manifest.json");
    assert!(manifest.to_string().contains("\"immutable\""), "{manifest}");
    site.write("site/static/css/site.css", "b{}");
    site.build();
    assert_ne!(link(&site), first, "another file has another name");
    assert!(!site.path(&format!("public/{first}")).exists());
}

#[test]
fn the_sitemap_lists_what_is_to_be_found() {
    let site = site();
    site.build();
    let text = site.text("public/sitemap.xml");
    let found: Vec<&str> = text.split("<loc>").skip(1).filter_map(|rest| rest.split("</loc>").next()).collect();
    let below = |path: &str| format!("https://club.example/home{path}");
    let wanted = [
        "/",
        "/board",
        "/board/page/2",
        "/notes/one",
        "/notes/two",
        "/our-team/who-we-are",
        "/rules",
        "/tags/c",
        "/tags/node-js",
        "/users/ann",
        "/users/ben",
        "/users/cy.js.html",
    ];
    assert_eq!(found, wanted.map(below));
    assert!(!site.path("public/robots.txt").exists(), "robots read it at the root of a host alone");
}

#[test]
fn feeds_have_the_newest_first_and_lead_to_pages() {
    let site = site();
    site.build();
    let feed = site.json("public/feed.json");
    assert_eq!(feed["version"], "https://jsonfeed.org/version/1.1");
    assert_eq!(feed["feed_url"], "https://club.example/home/feed.json");
    let first = &feed["items"][0];
    assert_eq!(
        (first["url"].as_str(), first["title"].as_str()),
        (Some("https://club.example/home/notes/two"), Some("Two"))
    );
    assert_eq!(
        (first["date_published"].as_str(), &first["authors"][0]["name"]),
        (Some("2026-02-03T00:00:00Z"), &"Ann <3".into())
    );
    assert!(first["content_html"].as_str().is_some_and(|html| html.contains("Text of Two.")));
    assert_eq!(feed["items"].as_array().map(Vec::len), Some(2));
    let tagged = site.json("public/tags/c/feed.json");
    assert_eq!((tagged["title"].as_str(), tagged["items"].as_array().map(Vec::len)), (Some("Notes: C"), Some(1)));
    assert_eq!(tagged["items"][0]["title"], "Two", "whatever the order of the list");
    let home = |feed: &serde_json::Value| feed["home_page_url"].as_str().map(str::to_owned);
    assert_eq!(home(&tagged).as_deref(), Some("https://club.example/home/tags/c"));
    assert_eq!(home(&feed).as_deref(), Some("https://club.example/home/"));
    let atom = site.text("public/feed.xml");
    assert!(atom.contains("<link href=\"https://club.example/home/feed.xml\" rel=\"self\""), "{atom}");
    assert!(atom.contains("<updated>2026-02-03T00:00:00+00:00</updated>") && atom.contains("Ann &lt;3"), "{atom}");
}

#[test]
fn badges_say_where_a_record_stands() {
    let site = site();
    site.build();
    let svg = site.text("public/badge/ann.svg");
    assert!(svg.contains("<title>Club &amp; Co: #2</title>") && svg.contains("fill=\"#2d62c9\""), "{svg}");
    assert!(site.text("public/badge/ann/for-the-badge.svg").contains("<title>CLUB &amp; CO: #2</title>"));
    let endpoint = site.json("public/badge/cy.js.json");
    assert_eq!((&endpoint["schemaVersion"], &endpoint["message"]), (&1.into(), &"not yet".into()));
    assert!(!site.path("public/badge/dee.svg").exists(), "who is not listed has none");
    site.write("site/site.toml", SETTINGS.replace("'#' ~ rank if rank < 3 else none", "email"));
    let run = site.ends(1, &["check", "--now", NOW]);
    assert!(run.stderr.contains("`email` of `users` is private, and this would show it"), "{}", run.stderr);
}

/// What a list shows of its rows, and how it sorts them, makes no difference to what follows it.
#[test]
fn feeds_and_badges_know_records_by_themselves() {
    let site = site().file("content/notes/zero.md", "---\ntitle: Zero\ntags: []\n---\nNever.\n");
    let settings = SETTINGS.replace("sort = [\"-date\"]", "sort = [\"-title\"]\nfields = [\"title\"]");
    let settings = settings.replace("rank = { by", "fields = [\"name\"]\nrank = { by");
    site.write("site/site.toml", settings.replacen("title = \"Notes\"", "title = \"Notes\"\nlimit = 2", 1));
    ["home", "board", "note"].iter().for_each(|name| site.write(&format!("site/templates/{name}.html"), "x"));
    site.build();
    let feed = site.json("public/feed.json");
    let titles = feed["items"].as_array().expect("entries").iter().map(|entry| entry["title"].as_str());
    assert_eq!(titles.collect::<Vec<_>>(), [Some("Two"), Some("One")]);
    assert!(site.text("public/badge/ann.svg").contains("<title>Club &amp; Co: #2</title>"));
}

/// One after the other: each page's own faults, told where they are.
#[test]
fn faults_of_templates_have_their_own_lines() {
    let told = |template: &str| {
        let site = site();
        site.write("site/templates/user.html", template);
        let run = site.ends(1, &["check", "--now", NOW, "--format", "json"]);
        let told: serde_json::Value = serde_json::from_str(&run.stdout).expect("a document");
        let fault = &told["diagnostics"][0];
        assert_eq!(fault["path"], "site/templates/user.html", "{told}");
        format!("{}:{}: {}", fault["line"], fault["column"], fault["message"].as_str().unwrap_or_default())
    };
    assert_eq!(
        told("<h1>\n{{ record.nmae }}</h1>"),
        "2:4: `record.nmae` is undefined, on the page `/users/ann`, and 2 pages more"
    );
    assert_eq!(
        told("{{ record.email }}"),
        "1:4: `record.email` is undefined, on the page `/users/ann`, and 2 pages more"
    );
    assert!(told("{% if %}").contains("1:7: this template does not compile: "), "{}", told("{% if %}"));
    assert!(told("a\n\n{% for x in record %}").starts_with("3:"), "{}", told("a\n\n{% for x in record %}"));
    let none = told("{{ view('boards') }}");
    assert!(none.contains("there is no answer `boards`; `default=[]` stands in"), "{none}");
    assert!(told("{{ asset('style.css') }}").contains("there is no file `site/static/style.css`"));
    let people = told("{{ record('people', 'ann') }}");
    assert!(people.contains("there is no collection `people`"), "{people}");
    assert!(told("{{ url('users') }}").contains("`users` is no path of this site"));
    assert!(told("{{ neighbours('none', slug=1) }}").contains("there is no list `none`"));
    assert!(told("{{ neighbours('notes') }}").contains("takes one member"));
    assert!(told("{{ record.name|shout }}").contains("shout"));
    assert!(told("{{ record.name|date }}").contains("is not a date"));
    assert!(told("{% include 'none.html' %}").contains("none.html"));
    assert!(told("{% if record.handle == 'ben' %}{{ 1 / 0 }}{% endif %}").ends_with("on the page `/users/ben`"));
}

/// With the library an index of what the sitemap lists; without, a warning, and the pages all the same.
#[test]
fn the_index_holds_what_the_sitemap_lists() {
    let site = site();
    site.write("site/site.toml", format!("{SETTINGS}\n[search]\npath = \"/find\"\n"));
    let run = site.build();
    assert!(site.path("public/index.html").exists());
    if cfg!(feature = "search") {
        let entry = site.json("public/find/pagefind-entry.json");
        let pages = site.text("public/sitemap.xml").matches("<url>").count();
        assert_eq!(entry["languages"]["unknown"]["page_count"], pages, "{entry}");
        let manifest = site.json("public/api/manifest.json");
        let classes = |key: &str| manifest["artifacts"][key]["cache"].clone();
        assert_eq!(classes("find/pagefind.js"), "view");
        let fragments = site.public().into_keys().filter(|key| key.starts_with("find/fragment/"));
        assert!(fragments.inspect(|key| assert_eq!(classes(key), "immutable")).count() == pages);
        // A mark leaves those without out.
        site.write("site/templates/note.html", "<p data-pagefind-body>{{ record.title }}</p>");
        site.build();
        assert_eq!(site.json("public/find/pagefind-entry.json")["languages"]["unknown"]["page_count"], 2);
    } else {
        assert!(run.stderr.contains("warning[no-search]") && !site.path("public/find").exists(), "{}", run.stderr);
    }
}

#[test]
fn pages_count_among_the_artifacts() {
    let site = site();
    let total = site.build().stderr.rsplit("release ").next().expect("a summary").split(' ').nth(1).map(str::to_owned);
    let allowed = |max: usize| SETTINGS.replace("[site]\n", &format!("[site]\nmax_artifacts = {max}\n"));
    let total: usize = total.and_then(|total| total.parse().ok()).expect("a number");
    site.write("site/site.toml", allowed(total));
    site.build();
    site.write("site/site.toml", allowed(255));
    let run = site.ends(1, &["build", "--now", NOW]);
    assert!(run.stderr.contains("error[too-many-artifacts]") && run.stderr.contains(" are pages"), "{}", run.stderr);
}

/// A link to a file leads where its page stands, whatever the file is called; and of who is not published, no picture is.
#[test]
fn links_follow_names_and_hidden_pictures_stay() {
    let site = site();
    site.write("content/pages/rules.md", "---\ntitle: Rules\n---\n[We](<Our Team/Who we are.md>)\n");
    let dee = site.text("content/users/dee.md");
    site.write("content/users/dee.md", format!("{dee}\n![Dee at work](dee.png)\n"));
    site.write("content/users/dee.png", "a picture");
    site.build();
    assert!(site.text("public/rules.html").contains("<a href=\"/home/our-team/who-we-are\">We</a>"));
    assert!(!site.path("public/media").exists(), "the picture of a member who is not listed");
}
