//! Markdown (CommonMark with tables, footnotes, strikethrough and task lists) to the members the build adds.

use crate::model::{Name, Value};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

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

/// Renders `text`. Raw HTML and link addresses are sanitised unless `trusted`.
pub fn render(text: &str, trusted: bool) -> Rendered {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES;
    let mut events: Vec<Event<'_>> = Parser::new_ext(text, options).collect();
    let toc = name_headings(&mut events);
    let reading = read(&events);
    let suspicious = !trusted && events.iter().any(is_suspicious);
    let mut out = String::with_capacity(text.len() * 5 / 4);
    html::push_html(&mut out, events.into_iter());
    let out = aligned(out);
    let html = if suspicious { SANITISER.clean(&out).to_string() } else { out };
    Rendered { html, excerpt: reading.excerpt, words: reading.words, toc }
}

/// The classes of cells in a column that is aligned.
const ALIGNED: [&str; 3] = ["align-left", "align-center", "align-right"];

/// The alignment of a table's cells as classes: pages carry no styles of their own.
fn aligned(mut html: String) -> String {
    for (side, class) in ["left", "center", "right"].into_iter().zip(ALIGNED) {
        let style = format!(" style=\"text-align: {side}\">");
        if html.contains(&style) {
            html = html.replace(&format!("<th{style}"), &format!("<th class=\"{class}\">"));
            html = html.replace(&format!("<td{style}"), &format!("<td class=\"{class}\">"));
        }
    }
    html
}

/// Gives every heading an id, and returns them all.
fn name_headings(events: &mut [Event<'_>]) -> Vec<Heading> {
    let mut toc: Vec<Heading> = Vec::new();
    let mut taken: HashMap<String, usize> = HashMap::new();
    let mut open: Option<usize> = None;
    for i in 0..events.len() {
        match &events[i] {
            Event::Start(Tag::Heading { level, id, .. }) => {
                open = Some(i);
                let id = id.as_deref().unwrap_or_default().to_owned();
                toc.push(Heading { level: level_number(*level), id, text: String::new() });
            }
            Event::Text(text) | Event::Code(text) if open.is_some() => {
                if let Some(heading) = toc.last_mut() {
                    heading.text.push_str(text);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                if let (Some(start), Some(heading)) = (open.take(), toc.last_mut()) {
                    if heading.id.is_empty() {
                        heading.id = anchor(&heading.text, &mut taken);
                    }
                    if let Event::Start(Tag::Heading { id, .. }) = &mut events[start] {
                        *id = Some(heading.id.clone().into());
                    }
                }
            }
            _ => {}
        }
    }
    toc
}

fn level_number(level: HeadingLevel) -> u8 {
    level as u8
}

/// An id from a heading's words; a second one of the same words gets `-1`.
fn anchor(text: &str, taken: &mut HashMap<String, usize>) -> String {
    let mut id = String::new();
    for c in text.trim().chars() {
        if c.is_alphanumeric() || c == '_' {
            id.extend(c.to_lowercase());
        } else if (c == '-' || c.is_whitespace()) && !id.ends_with('-') {
            id.push('-');
        }
    }
    let id = id.trim_matches('-');
    let id = if id.is_empty() { "section".to_owned() } else { id.to_owned() };
    let count = taken.entry(id.clone()).or_insert(0);
    *count += 1;
    if *count == 1 { id } else { format!("{id}-{}", *count - 1) }
}

#[derive(Default)]
struct Reading {
    excerpt: String,
    words: usize,
}

/// Reads the prose: its excerpt and its number of words.
fn read(events: &[Event<'_>]) -> Reading {
    let (mut reading, mut block, mut before_more) = (Reading::default(), String::new(), String::new());
    let (mut in_code, mut more) = (false, false);
    for event in events {
        match event {
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Text(text) | Event::Code(text) if !in_code => block.push_str(text),
            Event::SoftBreak | Event::HardBreak => block.push(' '),
            Event::Html(html) | Event::InlineHtml(html) if !more && is_more(html) => {
                more = true;
                reading.excerpt = squeeze(&format!("{before_more} {block}"));
            }
            Event::End(end) if !is_inline(*end) => {
                reading.words += block.split_whitespace().filter(|word| is_word(word)).count();
                if *end == TagEnd::Paragraph && reading.excerpt.is_empty() {
                    reading.excerpt = squeeze(&block);
                }
                if !more && !matches!(end, TagEnd::Heading(_)) {
                    before_more.push_str(&block);
                    before_more.push(' ');
                }
                block.clear();
            }
            _ => {}
        }
    }
    reading
}

/// Whether there is a letter or a digit among the marks.
fn is_word(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_alphanumeric()) || !text.is_ascii() && text.chars().any(char::is_alphanumeric)
}

fn is_more(html: &str) -> bool {
    html.trim()
        .strip_prefix("<!--")
        .and_then(|rest| rest.strip_suffix("-->"))
        .is_some_and(|inner| inner.trim() == "more")
}

fn is_inline(end: TagEnd) -> bool {
    matches!(end, TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image)
}

fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether the rendered HTML could hold anything that the renderer itself does not vouch for.
fn is_suspicious(event: &Event<'_>) -> bool {
    match event {
        Event::Html(html) | Event::InlineHtml(html) => !is_more(html),
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => !is_plain_address(dest_url),
        _ => false,
    }
}

/// Relative, or of a scheme that cannot run anything.
fn is_plain_address(url: &str) -> bool {
    let before = url.split(['/', '?', '#']).next().unwrap_or_default();
    match before.split_once(':') {
        None => true,
        Some((scheme, _)) => ["http", "https", "mailto", "tel"].iter().any(|known| scheme.eq_ignore_ascii_case(known)),
    }
}

static SANITISER: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
    let mut builder = ammonia::Builder::default();
    let headings = ["h1", "h2", "h3", "h4", "h5", "h6", "sup", "div", "li"];
    builder
        .link_rel(None)
        .url_schemes(["http", "https", "mailto", "tel"].into())
        .add_tags(["input", "section"])
        .add_tag_attributes("input", ["disabled", "checked"])
        .add_tag_attribute_values("input", "type", ["checkbox"])
        .add_allowed_classes("sup", ["footnote-reference", "footnote-definition-label"])
        .add_allowed_classes("div", ["footnote-definition"])
        .add_tag_attributes("code", ["class"])
        .add_allowed_classes("th", ALIGNED)
        .add_allowed_classes("td", ALIGNED);
    for tag in headings {
        builder.add_tag_attributes(tag, ["id"]);
    }
    builder
});

#[cfg(test)]
mod tests {
    use super::*;

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
        for kept in ["type=\"checkbox\"", "align-center", "language-rust", "id=\"h\"", "href=\"#1\""] {
            assert!(html.contains(kept), "{kept}: {html}");
        }
    }
}
