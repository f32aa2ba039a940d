//! The prose of a text: its excerpt, and how many words it has.

use super::Placed;
use pulldown_cmark::{Event, Tag, TagEnd};

#[derive(Default)]
pub struct Reading {
    pub excerpt: String,
    pub words: usize,
}

/// Reads the prose: its excerpt and its number of words.
pub fn read(events: &[Placed<'_>]) -> Reading {
    let (mut reading, mut block, mut before_more) = (Reading::default(), String::new(), String::new());
    let (mut in_code, mut more) = (false, false);
    for (event, _) in events {
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

pub fn is_more(html: &str) -> bool {
    html.trim()
        .strip_prefix("<!--")
        .and_then(|rest| rest.strip_suffix("-->"))
        .is_some_and(|inner| inner.trim() == "more")
}

fn is_inline(end: TagEnd) -> bool {
    matches!(end, TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image)
}

pub fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
