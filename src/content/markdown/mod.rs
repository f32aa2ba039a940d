//! Markdown (CommonMark with tables, footnotes, strikethrough and task lists) to the members the build adds.

mod code;
mod footnotes;
mod headings;
pub mod placeholder;
mod raw;
mod reading;
mod sanitise;
mod shortcodes;
mod unclosed;
mod write;

use super::formats::Fault;
use crate::model::{Manner, Name, Span, Value};
use pulldown_cmark::{Event, Options, Parser, html};
use sanitise::Filled;
use shortcodes::Mark;
use std::sync::Arc;

/// The members that Markdown adds besides `slug`.
pub const MEMBERS: [&str; 5] = ["html", "excerpt", "wordCount", "readingTime", "toc"];

/// Words a minute, for `readingTime`.
const READING_SPEED: usize = 200;

/// What a Markdown text says.
pub struct Rendered {
    pub html: String,
    /// The plain text before `<!-- more -->`, or else of the first paragraph.
    pub excerpt: String,
    /// Words of prose: code blocks do not count.
    pub words: usize,
    pub toc: Vec<Heading>,
    /// With places in the text.
    pub faults: Vec<Fault>,
}

pub struct Heading {
    pub level: u8,
    pub id: String,
    pub text: String,
}

impl Rendered {
    /// Minutes, rounded up.
    pub fn reading_time(&self) -> usize {
        self.words.div_ceil(READING_SPEED)
    }

    pub fn toc_value(&self) -> Value {
        let names: [Name; 3] = [Arc::from("level"), Arc::from("id"), Arc::from("text")];
        let heading = |heading: &Heading| {
            let values =
                [Value::int(usize::from(heading.level)), Value::text(&*heading.id), Value::text(&*heading.text)];
            Value::Map(names.iter().cloned().zip(values).collect())
        };
        Value::List(self.toc.iter().map(heading).collect())
    }
}

/// An event, and where in the text it stands.
type Placed<'a> = (Event<'a>, Span);

/// Where a text stands.
#[derive(Clone, Copy)]
pub struct Here<'h> {
    pub file: &'h str,
    /// Of the text in its file.
    pub offset: usize,
    /// Where a text of somebody who may not edit the site stands, escaped: it is one place, and calls no shortcodes.
    pub whole: Option<(usize, usize)>,
}

/// Renders `text`. What it asks of other files stands in the HTML as placeholders, if it is known where it stands itself.
pub fn render(text: &str, manner: Manner, here: Option<Here<'_>>) -> Rendered {
    let options = options(manner);
    let (mut tags, replaced) =
        here.filter(|here| here.whole.is_none()).map(|_| shortcodes::find(text, options)).unwrap_or_default();
    let parsed = Parser::new_ext(replaced.as_deref().unwrap_or(text), options).into_offset_iter().collect();
    let marked = tags.placed(text, parsed, here.unwrap_or(Here { file: "", offset: 0, whole: None }));
    let foreign = marked.iter().filter(|(_, mark)| *mark == Mark::Text);
    let suspicious = !manner.trusted && { foreign }.any(|((event, _), _)| sanitise::is_suspicious(event));
    let events: Vec<Placed<'_>> = marked.into_iter().map(|(event, _)| event).collect();
    tags.faults.extend(unclosed::told(&events));
    let mut ids = headings::Names::chosen(&events);
    let mut events = footnotes::collected(events, &mut ids);
    let toc = headings::name(&mut events, &mut ids);
    let reading = reading::read(&events);
    let coloured = manner.highlight.unwrap_or(manner.linked);
    let (events, lost) = write::events(events, write::Source { text, here, coloured, trusted: manner.trusted }, &toc);
    tags.faults.extend(lost);
    let mut out = String::with_capacity(text.len() * 5 / 4);
    html::push_html(&mut out, events.into_iter());
    let out = write::aligned(out);
    let filled =
        here.map_or(Filled::Nothing, |here| if here.whole.is_some() { Filled::Addresses } else { Filled::All });
    let html = if suspicious {
        let clean = sanitise::clean(&out, filled);
        if let Some(here) = here {
            tags.cleaned_away(&out, &clean, here);
        }
        clean
    } else {
        out
    };
    Rendered { html, excerpt: reading.excerpt, words: reading.words, toc, faults: tags.faults }
}

fn options(manner: Manner) -> Options {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES;
    if manner.smart { options | Options::ENABLE_SMART_PUNCTUATION } else { options }
}

#[cfg(test)]
mod tests {
    use super::{Manner, Rendered};

    fn render(text: &str, trusted: bool) -> Rendered {
        super::render(text, Manner { trusted, ..Manner::default() }, None)
    }

    #[test]
    fn headings_get_anchors_and_prose_is_counted() {
        let rendered = render(
            "First *words* here.\n\n## What's `new`?\n\nx\n\n## What's `new`?\n\n```sh\nnot prose\n```\n",
            false,
        );
        let ids: Vec<&str> = rendered.toc.iter().map(|h| h.id.as_str()).collect();
        assert_eq!(ids, ["whats-new", "whats-new-1"]);
        assert_eq!((rendered.excerpt.as_str(), rendered.words), ("First words here.", 8));
        assert!(rendered.html.contains("<h2 id=\"whats-new\">"), "{}", rendered.html);
    }

    #[test]
    fn more_ends_the_excerpt() {
        assert_eq!(render("# T\n\na b\n\nc d\n\n<!-- more -->\n\ne", false).excerpt, "a b c d");
        assert_eq!(render("a\n\n<!-- more -->\n\ne", false).excerpt, "a");
    }

    #[test]
    fn hostile_text_is_inert_unless_trusted() {
        let hostile = "<script>alert(1)</script>\n\n[x](javascript:alert(1)) <b onclick=\"x()\">b</b> <!-- c -->\n";
        let html = render(hostile, false).html;
        for evil in ["script", "onclick", "<!--"] {
            assert!(!html.contains(evil), "{html}");
        }
        assert!(html.contains("<b>b</b>"));
        assert!(render(hostile, true).html.contains("<script>"));
        let link = render("[x](JaVaScript:alert(1))", false).html;
        assert!(!link.to_lowercase().contains("javascript"), "{link}");
    }

    #[test]
    fn sanitising_keeps_what_markdown_itself_makes() {
        let text =
            "- [x] done\n\n| a |\n|:-:|\n| 1 |\n\nn[^1] <i>i</i>\n\n```rust\nfn x() {}\n```\n\n## H\n\n[^1]: note\n";
        let html = render(text, false).html;
        for kept in ["type=\"checkbox\"", "align-center", "language-rust", "id=\"h\"", "href=\"#fn-1\""] {
            assert!(html.contains(kept), "{kept}: {html}");
        }
    }
}
