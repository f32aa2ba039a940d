//! Texts that say what Markdown and shortcodes may say in odd places, and lead where little is.

use crate::pages_of_strangers::{SETTINGS, site};
use crate::support::{NOW, Site};

/// Addresses between `<` and `>` lead where they say, and are never files.
#[test]
fn addresses_in_angle_brackets_are_links() {
    let site = site("Write to <hello@example.org> or see <https://example.org/a.md>.");
    site.build();
    let html = site.text("public/notes/one.html");
    let links = "Write to <a href=\"mailto:hello@example.org\">hello@example.org</a> or see \
        <a href=\"https://example.org/a.md\">https://example.org/a.md</a>.";
    assert!(html.contains(links), "{html}");
}

/// A site with a shortcode in a line, `note`, and one around a text, `box`; and what it makes of a text.
fn with_shortcodes(text: &str, trusted: bool) -> (Site, Option<String>, String) {
    let site = site(text);
    site.write("site/templates/shortcodes/note.html", "{# args: text: text = N #}<b>{{ text }}</b>");
    site.write("site/templates/shortcodes/box.html", "{# args: body #}<em>{{ body }}</em>");
    site.write("site/templates/note.html", "{{ record.html }}");
    site.write("site/site.toml", format!("{SETTINGS}\n[markdown]\ntrust_html = {trusted}\n"));
    let run = site.run(&["build", "--now", NOW]);
    let html = (run.code == Some(0)).then(|| site.text("public/notes/one.html"));
    (site, html, run.stderr)
}

/// Between the tags of raw HTML, shortcodes take effect in their place, and leave what stands around them.
#[test]
fn shortcodes_stand_in_raw_html() {
    let cases = [
        (
            "<div>{{< note text=\"a\" >}} and {{< note text=\"b\" >}} tail</div>",
            "<div><b>a</b> and <b>b</b> tail</div>\n",
        ),
        (
            "<details><summary>Code {{< note >}} here</summary>\n{{< note text=\"b\" >}}\n</details>",
            "<details><summary>Code <b>N</b> here</summary>\n<b>b</b>\n</details>\n",
        ),
        (
            "> <p title=\"a > b\">{{< note >}}\n> c</p>",
            "<blockquote>\n<p title=\"a > b\"><b>N</b>\nc</p>\n</blockquote>\n",
        ),
        ("<p>a {{< box >}}b <i>c</i>{{< /box >}} d</p>", "<p>a <em>b <i>c</i></em> d</p>\n"),
        (
            "<div>{{<note text=\"a\">}} {{< note text=\"<!-- b\" >}} {{<note>}}</div>",
            "<div><b>a</b> <b>&lt;!-- b</b> <b>N</b></div>\n",
        ),
        ("a <i>{{< note >}}</i> b", "<p>a <i><b>N</b></i> b</p>\n"),
        ("<pre>a\n{{< note >}}\nb\n</pre>", "<pre>a\n<b>N</b>\nb\n</pre>\n"),
    ];
    for (text, expected) in cases {
        for trusted in [false, true] {
            let (_site, html, told) = with_shortcodes(text, trusted);
            let html = html.unwrap_or(told);
            let cleaned = html.replace("a &gt; b", "a > b");
            assert_eq!(cleaned.trim_end(), expected.trim_end(), "{text}, trusted: {trusted}");
        }
    }
}

/// In a comment they mean nothing, wherever it begins and ends.
#[test]
fn shortcodes_in_comments_mean_nothing() {
    for (text, left) in [
        ("<!-- {{< note >}} -->\n\nb", "b"),
        ("<!-- a\n{{< note >}}\n\n{{< /box >}}\n-->\n\nb", "b"),
        ("a <!-- x\n{{< note >}}\ny --> b", "a  b"),
        ("<div>a\n<!-- x\n{{< box >}}\n{{< note >}} -->{{< note >}}</div>", "<div>a\n<b>N</b></div>"),
    ] {
        let (_site, html, told) = with_shortcodes(text, false);
        let html = html.unwrap_or_default();
        let inner = html.trim().trim_start_matches("<p>").trim_end_matches("</p>").trim();
        assert_eq!(inner, left, "{text}: {told}");
        assert!(!told.contains("warning") && !told.contains("error"), "{text}: {told}");
        let (_site, html, _) = with_shortcodes(text, true);
        let html = html.unwrap_or_default();
        let comment = &text[text.find("<!--").expect("a comment")..text.find("-->").expect("its end")];
        assert!(html.contains(comment), "{text}: {html}");
    }
}

/// Where a shortcode can make nothing, it is told at its own place, and nothing else is.
#[test]
fn shortcodes_that_no_html_can_hold_are_told() {
    for (text, place) in [
        ("<a href=\"{{< note >}}\">attr</a>", "6:10"),
        ("<div\nclass=\"{{< note >}}\">x</div>", "7:8"),
        ("[q](https://x.org/?q={{< note >}})", "6:22"),
        ("[q](#top \"a {{< note >}}\")", "6:13"),
        ("[x]({{< note >}})", "6:5"),
        ("<https://x.org/{{<note>}}>", "6:16"),
        ("[x][y]\n\n[y]: {{<note>}}", "8:6"),
        ("![a {{< note >}}](https://x.org/x.png)", "6:5"),
        ("## A {#{{<note>}}}", "6:8"),
        ("a\n\n<script>{{< note >}}</script>", "8:9"),
        ("<textarea>{{< note >}}</textarea>", "6:11"),
    ] {
        let (site, html, told) = with_shortcodes(text, false);
        assert_eq!(html, None, "{text}");
        let run = site.ends(1, &["check", "--now", NOW]);
        assert!(told.contains(&format!("--> content/notes/one.md:{place}\n")), "{text}: {told}");
        assert!(run.stderr.contains("error[bad-shortcode]: no shortcode can stand here"), "{text}: {}", run.stderr);
        assert_eq!(run.stderr.matches("error[").count(), 1, "{text}: {}", run.stderr);
    }
}

/// A series is written ahead: what is not published may lead to what is not published, though not to nothing.
#[test]
fn hidden_texts_lead_to_hidden_texts() {
    let site = site("Text.");
    let text = |more: &str, body: &str| format!("---\ntitle: T\ntags: []\n{more}\n---\n{body}\n");
    site.write("content/notes/p1.md", text("date: 2026-07-01", "Part one."));
    site.write("content/notes/p2.md", text("date: 2026-07-08", "After [part one](p1.md)."));
    site.write("content/notes/p3.md", text("draft: true", "After [part one](p1.md#x) and [part two](p2.md)."));
    site.ends(0, &["build", "--now", NOW, "--strict"]);
    site.ends(0, &["check", "--now", "2026-07-09T00:00:00Z"]);

    site.write("content/notes/p4.md", text("date: 2026-05-01", "Soon: [part one](p1.md)."));
    let run = site.ends(1, &["check", "--now", NOW]);
    assert!(run.stderr.contains("`content/notes/p1.md` is not published yet"), "{}", run.stderr);
    site.write("content/notes/p4.md", text("draft: true", "[Nothing](nowhere.md)"));
    let run = site.ends(1, &["check", "--now", NOW]);
    assert!(run.stderr.contains("there is no file `content/notes/nowhere.md`"), "{}", run.stderr);
}

/// A name that is too long to have a digest in it is told where it is named, and nothing is written.
#[test]
fn names_without_room_for_a_digest_are_told() {
    let [fits, long] = [238, 239].map(|length| format!("{}.txt", "a".repeat(length)));
    let site = site(&format!("[a]({fits})"));
    site.write(&format!("content/notes/{fits}"), "x");
    site.build();
    site.write(&format!("content/notes/{long}"), "x");
    site.write(&format!("site/static/{long}"), "x");
    site.write("site/templates/tag.html", format!("{{{{ asset('{long}') }}}}"));
    site.write("content/notes/two.md", format!("---\ntitle: T\ndate: 2026-01-03\n---\n[a]({long})\n\n![b]({long})\n"));
    let run = site.ends(1, &["build", "--now", NOW]);
    for place in ["content/notes/two.md:5:5\n", "content/notes/two.md:7:6\n", "site/templates/tag.html:1:4\n"] {
        assert!(run.stderr.contains(place), "{place}: {}", run.stderr);
    }
    assert_eq!(run.stderr.matches("has a name of more than 242 bytes").count(), 3, "{}", run.stderr);
}
