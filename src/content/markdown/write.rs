//! What is written in another way than the parser's own writer does: code, tables and tasks that keyboards and screen
//! readers can use, pictures, and elements without content.

use super::{Heading, Placed, code};
use pulldown_cmark::{CodeBlockKind, CowStr, Event, Tag, TagEnd};
use pulldown_cmark_escape::{escape_href, escape_html, escape_html_body_text};
use std::vec::IntoIter;

/// The classes of cells in a column that is aligned.
pub const ALIGNED: [&str; 3] = ["align-left", "align-center", "align-right"];

/// Text as it stands between tags.
pub fn escape(text: &str, out: &mut String) {
    let _ = escape_html_body_text(out, text);
}

/// Text as it stands in an attribute.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let _ = escape_html(&mut out, text);
    out
}

/// An address as it stands in an attribute.
pub fn address(url: &str) -> String {
    let mut out = String::with_capacity(url.len());
    let _ = escape_href(&mut out, url);
    out
}

/// The events of a text on their way to HTML.
struct Writing<'a, 't> {
    events: IntoIter<Placed<'a>>,
    out: Vec<Event<'a>>,
    toc: &'t [Heading],
    headings: usize,
    tasks: IntoIter<String>,
}

/// The events as they are to be written.
pub fn events<'a>(events: Vec<Placed<'a>>, toc: &[Heading]) -> Vec<Event<'a>> {
    let out = Vec::with_capacity(events.len());
    let tasks = tasks(&events).into_iter();
    let mut writing = Writing { events: events.into_iter(), out, toc, headings: 0, tasks };
    while let Some((event, _)) = writing.events.next() {
        writing.write(event);
    }
    writing.out
}

impl<'a> Writing<'a, '_> {
    fn write(&mut self, event: Event<'a>) {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => self.code(&kind),
            Event::Start(Tag::Image { dest_url, title, .. }) => self.image(&dest_url, &title),
            Event::Start(Tag::Heading { .. }) => {
                self.headings += 1;
                self.out.push(event);
            }
            Event::Start(Tag::Table(_)) => {
                let heading = self.headings.checked_sub(1).and_then(|at| self.toc.get(at));
                let label = heading.map(|heading| heading.text.trim()).filter(|text| !text.is_empty());
                let label = quoted(label.unwrap_or("Table"));
                self.html(format!("<div class=\"table\" tabindex=\"0\" role=\"region\" aria-label=\"{label}\">"));
                self.out.push(event);
            }
            Event::End(TagEnd::Table) => {
                self.out.push(event);
                self.html("</div>\n".to_owned());
            }
            Event::TaskListMarker(done) => self.task(done),
            Event::Rule => self.html("<hr>\n".to_owned()),
            Event::HardBreak => self.html("<br>\n".to_owned()),
            other => self.out.push(other),
        }
    }

    fn html(&mut self, html: String) {
        self.out.push(Event::InlineHtml(CowStr::from(html)));
    }

    /// What stands wide scrolls, and keyboards must reach what scrolls.
    fn code(&mut self, kind: &CodeBlockKind<'_>) {
        let mut text = String::new();
        for (event, _) in self.events.by_ref() {
            match event {
                Event::Text(part) => text.push_str(&part),
                Event::End(TagEnd::CodeBlock) => break,
                _ => {}
            }
        }
        let language = match kind {
            CodeBlockKind::Fenced(info) => info.split([' ', ',', '{']).next().unwrap_or_default(),
            CodeBlockKind::Indented => "",
        };
        let mut html = "<pre tabindex=\"0\"><code".to_owned();
        if !language.is_empty() {
            html.extend([" class=\"language-", &quoted(language), "\""]);
        }
        html.push('>');
        match code::highlighted(&text, language) {
            Some(coloured) => html.push_str(&coloured),
            None => escape(&text, &mut html),
        }
        self.html(html + "</code></pre>\n");
    }

    fn image(&mut self, url: &str, title: &str) {
        let alt = self.alternative();
        let mut html = format!("<img src=\"{}\" alt=\"{}\"", address(url), quoted(&alt));
        if !title.is_empty() {
            html.extend([" title=\"", &quoted(title), "\""]);
        }
        self.html(html + ">");
    }

    /// The words of a picture, up to its end.
    fn alternative(&mut self) -> String {
        let (mut alt, mut depth) = (String::new(), 0_usize);
        for (event, _) in self.events.by_ref() {
            match event {
                Event::Start(Tag::Image { .. }) => depth += 1,
                Event::End(TagEnd::Image) if depth == 0 => break,
                Event::End(TagEnd::Image) => depth -= 1,
                Event::Text(text) | Event::Code(text) => alt.push_str(&text),
                Event::SoftBreak | Event::HardBreak => alt.push(' '),
                _ => {}
            }
        }
        alt
    }

    fn task(&mut self, done: bool) {
        let name = self.tasks.next().unwrap_or_default();
        let (checked, name) = (if done { " checked" } else { "" }, quoted(name.trim()));
        self.html(format!("<input type=\"checkbox\" disabled{checked} aria-label=\"{name}\"> "));
    }
}

/// The name of each task: its own words, which a reader of the page would tick.
fn tasks(events: &[Placed<'_>]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut open = false;
    for (event, _) in events {
        let words: &str = match event {
            Event::TaskListMarker(_) => {
                names.push(String::new());
                open = true;
                continue;
            }
            Event::End(TagEnd::Paragraph | TagEnd::Item) | Event::Start(Tag::List(_) | Tag::CodeBlock(_)) => {
                open = false;
                continue;
            }
            Event::Text(text) | Event::Code(text) => text,
            Event::SoftBreak | Event::HardBreak => " ",
            _ => continue,
        };
        if let Some(name) = names.last_mut().filter(|_| open) {
            name.push_str(words);
        }
    }
    names
}

/// The alignment of a table's cells as classes: pages carry no styles of their own.
pub fn aligned(mut html: String) -> String {
    for (side, class) in ["left", "center", "right"].into_iter().zip(ALIGNED) {
        let style = format!(" style=\"text-align: {side}\">");
        if html.contains(&style) {
            html = html.replace(&format!("<th{style}"), &format!("<th class=\"{class}\">"));
            html = html.replace(&format!("<td{style}"), &format!("<td class=\"{class}\">"));
        }
    }
    html
}
