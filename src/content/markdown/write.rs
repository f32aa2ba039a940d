//! What is written in another way than the parser's own writer does: code, tables and tasks that keyboards and screen
//! readers can use, pictures, and elements without content.

use super::headings::Names;
use super::placeholder::{Asks, Placeholder};
use super::sanitise::lost_scheme;
use super::{Heading, Here, Placed};
use crate::content::formats::Fault;
use crate::model::{Code, Span, code};
use pulldown_cmark::{CodeBlockKind, CowStr, Event, LinkType, Tag, TagEnd};
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

/// A text, and where it stands.
#[derive(Clone, Copy)]
pub struct Source<'t> {
    pub text: &'t str,
    pub here: Option<Here<'t>>,
    /// Whether code gets its colours.
    pub coloured: bool,
    /// Whether every address stands.
    pub trusted: bool,
}

/// The events of a text on their way to HTML.
struct Writing<'a, 't> {
    source: Source<'t>,
    /// Of each open link, whether its beginning was written here.
    links: Vec<bool>,
    events: IntoIter<Placed<'a>>,
    out: Vec<Event<'a>>,
    toc: &'t [Heading],
    headings: usize,
    /// What tables are called.
    labels: Names,
    tasks: IntoIter<String>,
    faults: Vec<Fault>,
}

/// The events as they are to be written, and what of them readers will miss.
pub fn events<'a>(events: Vec<Placed<'a>>, source: Source<'_>, toc: &[Heading]) -> (Vec<Event<'a>>, Vec<Fault>) {
    let out = Vec::with_capacity(events.len());
    let tasks = tasks(&events).into_iter();
    let (links, labels, events) = (Vec::new(), Names::default(), events.into_iter());
    let mut writing = Writing { source, links, events, out, toc, headings: 0, labels, tasks, faults: Vec::new() };
    while let Some((event, span)) = writing.events.next() {
        writing.write(event, &span);
    }
    (writing.out, writing.faults)
}

impl<'a> Writing<'a, '_> {
    fn write(&mut self, event: Event<'a>, span: &Span) {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => self.code(&kind),
            Event::Start(Tag::Image { dest_url, title, .. }) => self.image(&dest_url, &title, span),
            Event::Start(Tag::Link { link_type, ref dest_url, ref title, .. }) => {
                self.address(code::BROKEN_LINK, dest_url, span);
                // `<a@b.example>` is an address of mail, whatever file has that name.
                let is_local = !matches!(link_type, LinkType::Autolink | LinkType::Email) && is_local(dest_url);
                let placeholder = self.placeholder(Asks::Link, dest_url, span).filter(|_| is_local);
                self.links.push(placeholder.is_some());
                match placeholder {
                    Some(address) => self.html(format!("<a href=\"{address}\"{}>", titled(title))),
                    None => self.out.push(event),
                }
            }
            Event::End(TagEnd::Link) => match self.links.pop() {
                Some(true) => self.html("</a>".to_owned()),
                _ => self.out.push(event),
            },
            Event::Start(Tag::Heading { .. }) => {
                self.headings += 1;
                self.out.push(event);
            }
            Event::Start(Tag::Table(_)) => {
                let heading = self.headings.checked_sub(1).and_then(|at| self.toc.get(at));
                let label = heading.map(|heading| heading.text.trim()).filter(|text| !text.is_empty());
                let label = quoted(&self.labels.claim(label.unwrap_or("Table"), ", ", 2));
                self.html(format!("<section class=\"table\" tabindex=\"0\" aria-label=\"{label}\">"));
                self.out.push(event);
            }
            Event::End(TagEnd::Table) => {
                self.out.push(event);
                self.html("</section>\n".to_owned());
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
        match Some(language)
            .filter(|_| self.source.coloured)
            .and_then(|language| super::code::highlighted(&text, language))
        {
            Some(coloured) => html.push_str(&coloured),
            None => escape(&text, &mut html),
        }
        self.html(html + "</code></pre>\n");
    }

    fn image(&mut self, url: &str, title: &str, span: &Span) {
        self.address(code::MISSING_IMAGE, url, span);
        let alt = self.alternative();
        // `![](x.png "")` says that there is nothing to describe.
        let whole = self.source.text.get(span.clone()).unwrap_or_default();
        let on_purpose = whole.ends_with("\"\")") || whole.ends_with("'')");
        let asks = if alt.trim().is_empty() && !on_purpose { Asks::BarePicture } else { Asks::Picture };
        let placeholder = self.placeholder(asks, url, span).filter(|_| is_local(url) || is_elsewhere(url));
        let address = placeholder.unwrap_or_else(|| address(url));
        self.html(format!("<img src=\"{address}\" alt=\"{}\"{}>", quoted(&alt), titled(title)));
    }

    /// What asks for a file, at the place where it is named.
    fn placeholder(&self, asks: Asks, url: &str, span: &Span) -> Option<String> {
        let Here { file, offset, whole } = self.source.here?;
        let span = self.named(url, span);
        let span = whole.map_or(span.start + offset..span.end + offset, |(start, end)| start..end);
        Some(Placeholder { asks, file: file.to_owned(), span, written: url.to_owned() }.address())
    }

    /// Where in a link or a picture its address stands.
    fn named(&self, url: &str, span: &Span) -> Span {
        let named = self.source.text.get(span.clone()).and_then(|whole| whole.rfind(url));
        named
            .filter(|_| !url.is_empty())
            .map_or_else(|| span.clone(), |at| span.start + at..span.start + at + url.len())
    }

    /// Tells an address that leads nowhere, whatever else the site has.
    fn address(&mut self, code: Code, url: &str, span: &Span) {
        let what = if code == code::BROKEN_LINK { "link" } else { "picture" };
        let (message, help) = if url.is_empty() {
            let brackets = if what == "link" { ", or leave only its words" } else { "" };
            (format!("this {what} has no address"), format!("write it between the parentheses{brackets}"))
        } else if let Some(scheme) = lost_scheme(url).filter(|_| !self.source.trusted) {
            let (way, schemes) = match what {
                "link" => ("link to a path", "`https:`, `http:`, `mailto:` or `tel:`"),
                _ => ("put it beside the text and name its file", "`https:` or `http:`"),
            };
            let help = format!("{way}, or use {schemes}; `trust_html = true` in `[markdown]` keeps every address");
            (format!("`{scheme}:` is cleaned out of texts, so this {what} loses its address"), help)
        } else {
            return;
        };
        self.faults.push(Fault::warning(code, self.named(url, span), message).help(help));
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

fn titled(title: &str) -> String {
    if title.is_empty() { String::new() } else { format!(" title=\"{}\"", quoted(title)) }
}

/// Whether an address is one of this site: a path or a part of the page.
fn is_local(url: &str) -> bool {
    let before = url.split(['/', '?', '#']).next().unwrap_or_default();
    !url.is_empty() && !url.starts_with("//") && !url.starts_with('?') && !before.contains(':')
}

fn is_elsewhere(url: &str) -> bool {
    let begins = |scheme: &str| url.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme));
    begins("https://") || begins("http://")
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
