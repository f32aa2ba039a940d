//! Footnotes: numbered in the order in which a text refers to them, and collected at its end.

use super::Placed;
use super::headings::{Names, slug};
use super::reading::squeeze;
use super::write::address;
use pulldown_cmark::{CowStr, Event, Tag, TagEnd};
use std::collections::HashMap;

/// What links back say, of the first and, with a number, of the later ones.
pub const BACK: &str = "Back to the text";

/// What the ids of references begin with.
pub const REFERENCE: &str = "fnref-";

/// A note that the text refers to.
struct Note<'a> {
    id: String,
    slug: String,
    events: Vec<Placed<'a>>,
    /// The ids of what refers to it.
    references: Vec<String>,
}

struct Notes<'a, 'i> {
    ids: &'i mut Names,
    /// As they are written, by label.
    written: HashMap<String, Vec<Placed<'a>>>,
    /// The number of each that was referred to.
    numbers: HashMap<String, usize>,
    cited: Vec<Note<'a>>,
}

/// The events with the notes at their end. A note that nothing refers to is left out.
pub fn collected<'a>(events: Vec<Placed<'a>>, ids: &mut Names) -> Vec<Placed<'a>> {
    if !events.iter().any(|(event, _)| matches!(event, Event::Start(Tag::FootnoteDefinition(_)))) {
        return events;
    }
    let (text, written) = parted(events);
    let mut notes = Notes { ids, written, numbers: HashMap::new(), cited: Vec::new() };
    let mut out = notes.numbered(text);
    // Notes may refer to notes.
    let mut at = 0;
    while let Some(events) = notes.cited.get_mut(at).map(|note| std::mem::take(&mut note.events)) {
        notes.cited[at].events = notes.numbered(events);
        at += 1;
    }
    if !notes.cited.is_empty() {
        let opening = "<section class=\"footnotes\" role=\"doc-endnotes\" aria-label=\"Footnotes\">\n<ol>\n";
        out.push(html(opening.to_owned()));
        notes.cited.into_iter().for_each(|note| note.write(&mut out));
        out.push(html("</ol>\n</section>\n".to_owned()));
    }
    out
}

/// The text without its notes, and the notes.
fn parted(events: Vec<Placed<'_>>) -> (Vec<Placed<'_>>, HashMap<String, Vec<Placed<'_>>>) {
    let mut text = Vec::with_capacity(events.len());
    let (mut written, mut open) = (HashMap::new(), Vec::<(String, Vec<Placed<'_>>)>::new());
    for (event, span) in events {
        match event {
            Event::Start(Tag::FootnoteDefinition(label)) => open.push((key(&label), Vec::new())),
            Event::End(TagEnd::FootnoteDefinition) => {
                if let Some((label, events)) = open.pop() {
                    written.entry(label).or_insert(events);
                }
            }
            event => open.last_mut().map_or(&mut text, |(_, events)| events).push((event, span)),
        }
    }
    (text, written)
}

/// Labels are the same in any letter case.
fn key(label: &str) -> String {
    squeeze(label).to_lowercase()
}

fn html<'a>(html: String) -> Placed<'a> {
    (Event::InlineHtml(CowStr::from(html)), 0..0)
}

impl<'a> Notes<'a, '_> {
    /// The events with a link for each reference.
    fn numbered(&mut self, events: Vec<Placed<'a>>) -> Vec<Placed<'a>> {
        let number = |(event, span)| match event {
            Event::FootnoteReference(label) => (self.reference(&label), span),
            event => (event, span),
        };
        events.into_iter().map(number).collect()
    }

    fn reference(&mut self, label: &str) -> Event<'a> {
        let key = key(label);
        let number = if let Some(number) = self.numbers.get(&key) {
            *number
        } else {
            let Some(events) = self.written.remove(&key) else { return Event::Text(format!("[^{label}]").into()) };
            let slug = Some(slug(label)).filter(|slug| !slug.is_empty()).unwrap_or_else(|| "note".to_owned());
            let id = self.ids.claim(&format!("fn-{slug}"), "-", 1);
            self.cited.push(Note { id, slug, events, references: Vec::new() });
            self.numbers.insert(key, self.cited.len());
            self.cited.len()
        };
        let note = &mut self.cited[number - 1];
        let wanted = match note.references.len() {
            0 => format!("{REFERENCE}{}", note.slug),
            before => format!("{REFERENCE}{}-{}", note.slug, before + 1),
        };
        let id = self.ids.claim(&wanted, "-", 1);
        let link = format!("<a id=\"{id}\" href=\"#{}\" role=\"doc-noteref\">{number}</a>", address(&note.id));
        note.references.push(id);
        Event::InlineHtml(format!("<sup class=\"footnote-reference\">{link}</sup>").into())
    }
}

impl<'a> Note<'a> {
    /// The note as an item, and the ways back at the end of its last paragraph.
    fn write(mut self, out: &mut Vec<Placed<'a>>) {
        let back = |(at, id): (usize, &String)| {
            let (label, arrow) = match at {
                0 => (BACK.to_owned(), "↩\u{fe0e}".to_owned()),
                _ => (format!("{BACK}, {}", at + 1), format!("↩\u{fe0e}<sup>{}</sup>", at + 1)),
            };
            format!("<a href=\"#{}\" role=\"doc-backlink\" aria-label=\"{label}\">{arrow}</a>", address(id))
        };
        let back = self.references.iter().enumerate().map(back).collect::<Vec<_>>().join(" ");
        out.push(html(format!("<li id=\"{}\">\n", self.id)));
        let end = self.events.pop_if(|(event, _)| matches!(event, Event::End(TagEnd::Paragraph)));
        out.append(&mut self.events);
        if let Some(end) = end {
            out.extend([html(format!(" {back}")), end]);
        } else {
            out.push(html(format!("<p>{back}</p>\n")));
        }
        out.push(html("</li>\n".to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use crate::content::markdown::{Rendered, render};
    use crate::model::Manner;

    fn rendered(text: &str) -> Rendered {
        let plain = render(text, Manner::default(), None);
        let cleaned = render(&format!("{text}\n\n<b>raw</b>\n"), Manner::default(), None);
        let same = |html: &str| html.replace("<p><b>raw</b></p>\n", "").replace('\n', "");
        assert_eq!(same(&plain.html), same(&cleaned.html));
        plain
    }

    #[test]
    fn notes_stand_at_the_end_in_the_order_of_their_references() {
        let text = "[^unused]: Unused.\n[^One]: First[^the note].\n\nA[^the note] b[^one] c[^THE NOTE].\n\n[^the note]: Second.\n\n    ```\n    x\n    ```\n";
        let html = rendered(text).html;
        let parts = [
            "<p>A<sup class=\"footnote-reference\"><a id=\"fnref-the-note\" href=\"#fn-the-note\" role=\"doc-noteref\">1</a></sup> b",
            "<a id=\"fnref-one\" href=\"#fn-one\" role=\"doc-noteref\">2</a></sup> c",
            "<a id=\"fnref-the-note-2\" href=\"#fn-the-note\" role=\"doc-noteref\">1</a></sup>.</p>\n",
            "<section class=\"footnotes\" role=\"doc-endnotes\" aria-label=\"Footnotes\">\n<ol>\n<li id=\"fn-the-note\">\n<p>Second.</p>\n",
            "</pre>\n<p><a href=\"#fnref-the-note\" role=\"doc-backlink\" aria-label=\"Back to the text\">↩\u{fe0e}</a> ",
            "<a href=\"#fnref-the-note-2\" role=\"doc-backlink\" aria-label=\"Back to the text, 2\">↩\u{fe0e}<sup>2</sup></a> ",
            "aria-label=\"Back to the text, 3\"",
            "</p>\n</li>\n<li id=\"fn-one\">\n<p>First<sup ",
            "</sup>. <a href=\"#fnref-one\" role=\"doc-backlink\" aria-label=\"Back to the text\">↩\u{fe0e}</a></p>\n</li>\n</ol>\n</section>",
        ];
        let mut from = 0;
        for part in parts {
            let found = html[from..].find(part);
            from += found.unwrap_or_else(|| panic!("{part} after {}: {html}", &html[..from])) + part.len();
        }
        assert!(!html.contains("Unused"), "{html}");
    }

    #[test]
    fn no_id_is_given_twice() {
        let text = "## 1\n\n## fn-1\n\n## Own {#fn-a}\n\n## A\n\n## A\n\n## A-1\n\nx[^1] y[^a] z[^1] [^1-2] [^!] [^é b]\n\n[^1]: n\n[^a]: n\n[^1-2]: n\n[^!]: n\n[^é b]: n\n";
        let rendered = rendered(text);
        let html = rendered.html;
        let mut ids: Vec<&str> = html.split(" id=\"").skip(1).map(|rest| rest.split('"').next().expect("id")).collect();
        assert!(ids.iter().all(|id| !id.contains(' ')), "{ids:?}");
        ids.sort_unstable();
        let count = ids.len();
        ids.dedup();
        assert_eq!((count, ids.len()), (17, 17), "{ids:?}");
        for id in ["1", "fn-1", "fn-1-1", "fn-a", "fn-a-1", "a", "a-1", "a-1-1", "fn-note", "fn-é-b"] {
            assert!(ids.contains(&id), "{id}: {ids:?}");
        }
        let toc: Vec<&str> = rendered.toc.iter().map(|heading| heading.id.as_str()).collect();
        assert_eq!(toc, ["1", "fn-1-1", "fn-a", "a", "a-1", "a-1-1"]);
        assert!(html.contains("href=\"#fn-%C3%A9-b\""), "{html}");
    }

    #[test]
    fn a_note_holds_any_block_and_nothing_forged_stands_out() {
        let html = rendered("## About[^1]\n\n[^1]: ## In a note\n").html;
        assert!(html.contains("<h2 id=\"about\">About<sup class=\"footnote-reference\"><a id=\"fnref-1\""), "{html}");
        assert!(html.contains("<h2 id=\"in-a-note\">In a note</h2>\n<p><a href=\"#fnref-1\""), "{html}");
        let forged = "<a id=\"top\" href=\"#\" role=\"button\" aria-label=\"Sign in\">x</a><section role=\"alert\" class=\"footnotes x\">y</section>";
        let html = render(forged, Manner::default(), None).html;
        assert!(html.contains("<a href=\"#\">x</a>") && html.contains("<section class=\"footnotes\">y"), "{html}");
    }
}
