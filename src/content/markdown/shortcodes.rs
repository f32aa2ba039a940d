//! Shortcodes: `{{< name argument="value" >}}`, alone or around Markdown that `{{< /name >}}` ends.
//!
//! The signs mean nothing in Markdown, and nobody writes them by chance. Before a text is parsed, each tag is replaced
//! by as many bytes that the parser takes for one piece, so that every place stays what it is: a tag on a line of its
//! own by a comment, which is a block and ends any other; one among words by a character for private use.

use super::placeholder::{Asks, CALL, Placeholder};
use super::{Here, Placed};
use crate::content::formats::Fault;
use crate::model::{Span, code};
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag as Begin, TagEnd};
use std::ops::Range;

const OPENING: &str = "{{<";
const CLOSING: &str = ">}}";
/// How many a text may have.
const MOST: usize = 2000;
/// How long a tag may be, in bytes.
const LONGEST: usize = 4000;
const STAND_IN: char = '\u{e000}';
/// How deep shortcodes may stand in each other.
const DEEPEST: usize = 16;

/// The tags of a text, in their order.
#[derive(Default)]
pub struct Tags {
    tags: Vec<Tag>,
    pub faults: Vec<Fault>,
}

struct Tag {
    span: Span,
    /// What stands between the signs.
    inside: Span,
    name: String,
    ends: bool,
    /// The index of the other tag of a pair.
    other: Option<usize>,
}

/// What an event stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    Text,
    /// The shortcode of this number, by itself.
    Alone(usize),
    /// The beginning of the pair of this number, and its end.
    Begin(usize),
    End(usize),
}

/// An event that may stand for a shortcode.
pub type Marked<'a> = (Placed<'a>, Mark);

/// Finds the tags of a text, but for those in code, and gives the text with what stands in for them.
pub fn find(text: &str, options: Options) -> (Tags, Option<String>) {
    let mut tags = Tags::default();
    if !text.contains(OPENING) {
        return (tags, None);
    }
    let is_code = |event: &Event<'_>| matches!(event, Event::Code(_) | Event::Start(Begin::CodeBlock(_)));
    let events = Parser::new_ext(text, options).into_offset_iter();
    let code: Vec<Span> = events.filter(|(event, _)| is_code(event)).map(|(_, span)| span).collect();
    let in_code = |at: usize| {
        let after = code.partition_point(|span| span.start <= at);
        after.checked_sub(1).is_some_and(|last| code[last].contains(&at))
    };
    let mut from = 0;
    while let Some(start) = text[from..].find(OPENING).map(|at| from + at) {
        from = start + OPENING.len();
        if in_code(start) {
            continue;
        }
        if tags.tags.len() + tags.faults.len() >= MOST {
            let fault = Fault::new(code::BAD_SHORTCODE, start..from, format!("a text has at most {MOST} shortcodes"));
            tags.faults.push(fault.help("split the text"));
            break;
        }
        match tag(text, start) {
            Ok(tag) => {
                from = tag.span.end;
                tags.tags.push(tag);
            }
            Err(fault) => tags.faults.push(fault),
        }
    }
    tags.pair();
    let replaced = tags.replaced(text);
    (tags, Some(replaced))
}

fn tag(text: &str, start: usize) -> Result<Tag, Fault> {
    let after = start + OPENING.len();
    let line = &text[after..text.floor_char_boundary(after + LONGEST)];
    let line = line.lines().next().unwrap_or_default();
    let mut quote = None;
    let end = line.char_indices().find(|(at, c)| {
        match quote {
            Some(open) if open == *c => quote = None,
            None if matches!(c, '"' | '\'') => quote = Some(*c),
            None => return line[*at..].starts_with(CLOSING),
            Some(_) => {}
        }
        false
    });
    let refuse = |message: &str, help: &str| Err(Fault::new(code::BAD_SHORTCODE, start..after, message).help(help));
    let help = "write it on one line, as `{{< figure src=\"cloud.png\" alt=\"A cloud\" >}}`; in code, it means nothing";
    let Some((end, _)) = end else { return refuse("this shortcode never ends", help) };
    let (inside, span) = (after..after + end, start..after + end + CLOSING.len());
    let words = text[inside.clone()].trim();
    let ends = words.starts_with('/');
    let words = words.trim_start_matches('/').trim_start();
    let name: String = words.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
    if name.is_empty() {
        return refuse("this shortcode has no name", help);
    }
    Ok(Tag { span, inside, name, ends, other: None })
}

impl Tags {
    /// Joins each tag that ends something with what it ends. A shortcode that nothing ends stands by itself.
    fn pair(&mut self) {
        let mut open: Vec<usize> = Vec::new();
        for at in 0..self.tags.len() {
            if !self.tags[at].ends {
                open.push(at);
                continue;
            }
            let begin = open.iter().rposition(|begin| self.tags[*begin].name == self.tags[at].name);
            let Some(begin) = begin else {
                let (span, name) = (self.tags[at].span.clone(), &self.tags[at].name);
                let fault = Fault::new(code::BAD_SHORTCODE, span, format!("no `{name}` is open here"));
                self.faults.push(fault.help(format!("begin it with `{{{{< {name} >}}}}`, or remove this")));
                continue;
            };
            let start = open[begin];
            open.truncate(begin);
            self.tags[start].other = Some(at);
            self.tags[at].other = Some(start);
        }
    }

    fn replaced(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut from = 0;
        for Tag { span, .. } in &self.tags {
            out.push_str(&text[from..span.start]);
            let length = span.len();
            if is_alone(text, span) {
                out.push_str("<!--");
                out.extend(std::iter::repeat_n('x', length - 7));
                out.push_str("-->");
            } else {
                out.push(STAND_IN);
                out.extend(std::iter::repeat_n('x', length - STAND_IN.len_utf8()));
            }
            from = span.end;
        }
        out.push_str(&text[from..]);
        out
    }

    /// Puts shortcodes back among the events of the text that stood in for them.
    pub fn placed<'a>(&mut self, text: &str, events: Vec<Placed<'a>>, here: Here<'_>) -> Vec<Marked<'a>> {
        if self.tags.is_empty() {
            return events.into_iter().map(|event| (event, Mark::Text)).collect();
        }
        let mut out = Vec::with_capacity(events.len());
        for (event, span) in events {
            match &event {
                Event::Html(_) | Event::InlineHtml(_) => match self.within(&span).next() {
                    Some(at) => out.push(self.event(at, text, here, false)),
                    None => out.push(((event, span), Mark::Text)),
                },
                Event::Text(words) if words.contains(STAND_IN) => {
                    let mut from = span.start;
                    let words = words.clone();
                    let part = |range: Range<usize>| words.get(range.start - span.start..range.end - span.start);
                    for at in self.within(&span) {
                        let tag = &self.tags[at].span;
                        push_text(&mut out, part(from..tag.start), from);
                        out.push(self.event(at, text, here, false));
                        from = tag.end;
                    }
                    push_text(&mut out, part(from..span.end.min(span.start + words.len())), from);
                }
                _ => out.push(((event, span), Mark::Text)),
            }
        }
        let mut out = blocks(out);
        self.in_lines(&mut out, text, here);
        self.check(&out);
        out
    }

    /// The tags in a range.
    fn within(&self, span: &Span) -> impl Iterator<Item = usize> + use<> {
        let from = self.tags.partition_point(|tag| tag.span.start < span.start);
        let to = self.tags.partition_point(|tag| tag.span.end <= span.end);
        from..to.max(from)
    }

    /// Says of each that stands in a line of text that it does: there, no block may be made.
    fn in_lines(&self, events: &mut [Marked<'_>], text: &str, here: Here<'_>) {
        let mut depth = 0_usize;
        for marked in events {
            match (&marked.0.0, marked.1) {
                (Event::Start(begin), _) if is_line(begin.to_end()) => depth += 1,
                (Event::End(end), _) if is_line(*end) => depth = depth.saturating_sub(1),
                (_, Mark::Alone(at) | Mark::Begin(at)) if depth > 0 => *marked = self.event(at, text, here, true),
                _ => {}
            }
        }
    }

    fn event<'a>(&self, at: usize, text: &str, here: Here<'_>, in_line: bool) -> Marked<'a> {
        let Tag { span, inside, ends, other, .. } = &self.tags[at];
        let asks = match (other, in_line) {
            (None, false) => Asks::Call,
            (None, true) => Asks::CallInLine,
            (Some(_), false) => Asks::CallAround,
            (Some(_), true) => Asks::CallAroundInLine,
        };
        let written = text[inside.clone()].to_owned();
        let placed = inside.start + here.offset..inside.end + here.offset;
        let address = Placeholder { asks, file: here.file.to_owned(), span: placed, written }.address();
        let (html, mark) = match (ends, other) {
            (false, None) => (format!("<{CALL} data-call=\"{address}\"></{CALL}>"), Mark::Alone(at)),
            (false, Some(_)) => (format!("<{CALL} data-call=\"{address}\">"), Mark::Begin(at)),
            (true, Some(begin)) => (format!("</{CALL}>"), Mark::End(*begin)),
            (true, None) => (String::new(), Mark::Alone(at)),
        };
        ((Event::InlineHtml(CowStr::from(html)), span.clone()), mark)
    }

    /// A pair holds whole blocks, and not too deep in others.
    fn check(&mut self, events: &[Marked<'_>]) {
        let (mut blocks, mut open): (Vec<usize>, Vec<(usize, Option<usize>)>) = (Vec::new(), Vec::new());
        for (at, ((event, _), mark)) in events.iter().enumerate() {
            let wrong = match (event, mark) {
                (_, Mark::Begin(pair)) => {
                    open.push((*pair, blocks.last().copied()));
                    (open.len() > DEEPEST).then_some((*pair, "shortcodes stand too deep in each other"))
                }
                (_, Mark::End(pair)) => {
                    let crosses = open.pop() != Some((*pair, blocks.last().copied()));
                    crosses.then_some((*pair, "this shortcode ends in another block than it begins"))
                }
                (Event::Start(Begin::HtmlBlock) | Event::End(TagEnd::HtmlBlock), _) => None,
                (Event::Start(_), _) => {
                    blocks.push(at);
                    None
                }
                (Event::End(_), _) => {
                    blocks.pop();
                    None
                }
                _ => None,
            };
            if let Some((pair, message)) = wrong {
                self.faults.push(Fault::new(code::BAD_SHORTCODE, self.tags[pair].span.clone(), message));
            }
        }
    }
}

/// Whether HTML allows no block within it.
fn is_line(end: TagEnd) -> bool {
    matches!(end, TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough)
}

fn push_text(out: &mut Vec<Marked<'_>>, words: Option<&str>, at: usize) {
    if let Some(words) = words.filter(|words| !words.is_empty()) {
        let event = Event::Text(CowStr::from(words.to_owned()));
        out.push(((event, at..at + words.len()), Mark::Text));
    }
}

/// Whether nothing else stands on the line of a tag, and the line is no code.
fn is_alone(text: &str, span: &Span) -> bool {
    let start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[span.end..].find('\n').map_or(text.len(), |at| span.end + at);
    let before = &text[start..span.start];
    before.chars().all(|c| c == ' ') && text[span.end..end].trim().is_empty()
}

/// Takes shortcodes that a paragraph begins and ends with out of it: what they make are blocks.
fn blocks(events: Vec<Marked<'_>>) -> Vec<Marked<'_>> {
    let mut out: Vec<Marked<'_>> = Vec::with_capacity(events.len());
    let mut paragraph: Option<Vec<Marked<'_>>> = None;
    for event in events {
        match (&event.0.0, paragraph.as_mut()) {
            (Event::Start(Begin::Paragraph), None) => paragraph = Some(vec![event]),
            (Event::End(TagEnd::Paragraph), Some(_)) => {
                let mut whole = paragraph.take().unwrap_or_default();
                if whole.iter().any(|(_, mark)| *mark != Mark::Text) {
                    unwrap(whole, event, &mut out);
                } else {
                    whole.push(event);
                    out.append(&mut whole);
                }
            }
            (_, Some(open)) => open.push(event),
            (_, None) => out.push(event),
        }
    }
    out.extend(paragraph.into_iter().flatten());
    out
}

fn unwrap<'a>(whole: Vec<Marked<'a>>, end: Marked<'a>, out: &mut Vec<Marked<'a>>) {
    let mut inner: std::collections::VecDeque<Marked<'a>> = whole.into();
    let Some(start) = inner.pop_front() else { return };
    let mut after = Vec::new();
    loop {
        while inner.front().is_some_and(is_space) {
            inner.pop_front();
        }
        while inner.back().is_some_and(is_space) {
            inner.pop_back();
        }
        let mark = |event: Option<&Marked<'a>>| event.map(|(_, mark)| *mark);
        let has = |wanted: Mark| inner.iter().any(|(_, mark)| *mark == wanted);
        match (mark(inner.front()), mark(inner.back())) {
            (Some(Mark::Begin(a)), Some(Mark::End(b))) if a == b => {
                out.extend(inner.pop_front());
                after.extend(inner.pop_back());
            }
            (Some(Mark::Begin(a)), _) if !has(Mark::End(a)) => out.extend(inner.pop_front()),
            (_, Some(Mark::End(b))) if !has(Mark::Begin(b)) => after.extend(inner.pop_back()),
            _ => break,
        }
    }
    if inner.iter().all(|event| event.1 != Mark::Text || is_space(event)) {
        out.extend(inner.into_iter().filter(|event| event.1 != Mark::Text));
    } else {
        out.push(start);
        out.extend(inner);
        out.push(end);
    }
    out.extend(after.into_iter().rev());
}

fn is_space(((event, _), mark): &Marked<'_>) -> bool {
    *mark == Mark::Text
        && match event {
            Event::SoftBreak | Event::HardBreak => true,
            Event::Text(text) => text.trim().is_empty(),
            _ => false,
        }
}
