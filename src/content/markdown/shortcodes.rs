//! Shortcodes: `{{< name argument="value" >}}`, alone or around Markdown that `{{< /name >}}` ends.
//!
//! The signs mean nothing in Markdown, and nobody writes them by chance. Before a text is parsed, each tag is replaced
//! by as many bytes that the parser takes for one piece, so that every place stays what it is: a tag on a line of its
//! own by a comment, which is a block and ends any other; one among words by a character for private use.

mod paragraphs;
mod silent;

use super::placeholder::{Asks, CALL, Placeholder};
use super::raw::Within;
use super::{Here, Placed};
use crate::content::formats::Fault;
use crate::model::{Span, code};
use pulldown_cmark::{CowStr, Event, Options, Tag as Begin, TagEnd};
use silent::Silent;
use std::collections::BTreeSet;

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

/// Finds the tags of a text, but for those in code and comments, and gives the text with what stands in for them.
pub fn find(text: &str, options: Options) -> (Tags, Option<String>) {
    let mut tags = Tags::default();
    if !text.contains(OPENING) {
        return (tags, None);
    }
    let silent = Silent::of(text, options);
    let mut from = 0;
    while let Some(start) = text[from..].find(OPENING).map(|at| from + at) {
        from = start + OPENING.len();
        if silent.holds(start) {
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
        let (mut at, mut pictures, mut in_address) = (Within::Text, 0_usize, false);
        for (event, span) in events {
            match &event {
                Event::Start(Begin::HtmlBlock) => at = Within::Text,
                Event::Start(Begin::Image { .. }) => pictures += 1,
                Event::End(TagEnd::Image) => pictures = pictures.saturating_sub(1),
                // An address between `<` and `>` is its own text.
                Event::Start(Begin::Link { dest_url, .. }) => in_address = dest_url.contains(STAND_IN),
                Event::End(TagEnd::Link) => in_address = false,
                _ => {}
            }
            match event {
                Event::Text(words) if words.contains(STAND_IN) && pictures == 0 && !in_address => {
                    self.cut((words, span), Event::Text, &mut |_| true, (text, here), &mut out);
                }
                Event::Html(html) => {
                    let mut is_text = |before: &str| {
                        at = at.after(before);
                        at == Within::Text
                    };
                    self.cut((html, span), Event::Html, &mut is_text, (text, here), &mut out);
                }
                Event::InlineHtml(html) => match self.within(&span).next().filter(|at| self.tags[*at].span == span) {
                    Some(at) => out.push(self.event(at, text, here, false)),
                    None => out.push(((Event::InlineHtml(html), span), Mark::Text)),
                },
                event => out.push(((without_address(event), span), Mark::Text)),
            }
        }
        let mut out = paragraphs::left(out);
        self.in_lines(&mut out, text, here);
        if self.misplaced(&out) {
            self.check(&out);
        }
        out
    }

    /// Cuts an event at its tags, and puts what they ask for between the pieces. `may` is told what stands before each tag,
    /// and says whether anything can be made behind that.
    fn cut<'a>(
        &self,
        (words, span): (CowStr<'a>, Span),
        piece: fn(CowStr<'a>) -> Event<'a>,
        may: &mut dyn FnMut(&str) -> bool,
        (text, here): (&str, Here<'_>),
        out: &mut Vec<Marked<'a>>,
    ) {
        let end = span.end.min(span.start + words.len());
        let part = |from: usize, to: usize| words.get(from - span.start..to - span.start).unwrap_or_default();
        let push = |out: &mut Vec<Marked<'a>>, from: usize, to: usize| {
            let words = part(from, to);
            if !words.is_empty() {
                // What is empty between two tags is no HTML that anybody wrote.
                let make = if words.trim().is_empty() { Event::Text as fn(CowStr<'a>) -> Event<'a> } else { piece };
                out.push(((make(CowStr::from(words.to_owned())), from..to), Mark::Text));
            }
        };
        let (mut from, mut seen) = (span.start, span.start);
        for at in self.within(&span) {
            let tag = &self.tags[at].span;
            if may(part(seen, tag.start)) {
                push(out, from, tag.start);
                out.push(self.event(at, text, here, false));
                from = tag.end;
            }
            seen = tag.end;
        }
        may(part(seen, end));
        push(out, from, end);
    }

    /// Tells the tags that stand where nothing can be made; whether there are none.
    fn misplaced(&mut self, events: &[Marked<'_>]) -> bool {
        let placed: BTreeSet<usize> = events
            .iter()
            .filter_map(|(_, mark)| match mark {
                Mark::Text => None,
                Mark::Alone(at) | Mark::Begin(at) => Some(*at),
                Mark::End(pair) => self.tags[*pair].other,
            })
            .collect();
        // Of an end without a beginning, that was told.
        let is_told = |tag: &Tag| tag.ends && tag.other.is_none();
        let lost = self.tags.iter().enumerate().filter(|(at, tag)| !placed.contains(at) && !is_told(tag));
        let before = self.faults.len();
        self.faults.extend(lost.map(|(_, tag)| nowhere(tag)));
        self.faults.len() == before
    }

    /// Tells the shortcodes that cleaning took away, with the element that they stand in.
    pub fn cleaned_away(&mut self, html: &str, clean: &str, here: Here<'_>) {
        if self.tags.is_empty() {
            return;
        }
        let (before, after) = (calls(html), calls(clean));
        let lost = before.difference(&after).filter_map(|start| {
            let at = self.tags.binary_search_by_key(start, |tag| tag.inside.start + here.offset).ok()?;
            Some(nowhere(&self.tags[at]))
        });
        self.faults.extend(lost);
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

fn nowhere(tag: &Tag) -> Fault {
    let help = "put it among words, between HTML tags or on a line of its own; no attribute, address, description of a picture or element that is cleaned away holds one";
    Fault::new(code::BAD_SHORTCODE, tag.span.clone(), "no shortcode can stand here").help(help)
}

/// A link or a picture with a tag in its address, which was told, leads to nothing that is looked for.
fn without_address(mut event: Event<'_>) -> Event<'_> {
    if let Event::Start(Begin::Link { dest_url, .. } | Begin::Image { dest_url, .. }) = &mut event
        && dest_url.contains(STAND_IN)
    {
        *dest_url = CowStr::from("https:");
    }
    event
}

/// Where the calls in HTML begin, in the file that they are written in.
fn calls(html: &str) -> BTreeSet<usize> {
    let opening = format!("<{CALL} data-call=\"");
    let addresses = html.match_indices(&opening).filter_map(|(at, _)| html[at + opening.len()..].split('"').next());
    addresses.filter_map(Placeholder::read).map(|call| call.span.start).collect()
}

/// Whether nothing else stands on the line of a tag, and the line is no code.
fn is_alone(text: &str, span: &Span) -> bool {
    let start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[span.end..].find('\n').map_or(text.len(), |at| span.end + at);
    let before = &text[start..span.start];
    before.chars().all(|c| c == ' ') && text[span.end..end].trim().is_empty()
}
