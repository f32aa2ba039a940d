//! Raw HTML that nothing closes: the rest of the text is part of it, and of some of it readers see nothing.

use super::Placed;
use crate::content::formats::Fault;
use crate::model::{Span, code};
use pulldown_cmark::{Event, Tag, TagEnd};

const COMMENT: Kind = Kind { opening: "<!--", closing: "-->", block: true };

/// Whose content is no HTML until they are closed, or no Markdown.
const KINDS: [Kind; 6] = [
    Kind { opening: "<script", closing: "</script>", block: true },
    Kind { opening: "<style", closing: "</style>", block: true },
    Kind { opening: "<textarea", closing: "</textarea>", block: true },
    Kind { opening: "<pre", closing: "</pre>", block: true },
    Kind { opening: "<iframe", closing: "</iframe>", block: false },
    Kind { opening: "<title", closing: "</title>", block: false },
];

struct Kind {
    opening: &'static str,
    closing: &'static str,
    /// Whether it makes a block of Markdown that only its closing ends, written just so.
    block: bool,
}

/// What is open at some place of a text.
struct Open {
    kind: &'static Kind,
    span: Span,
    in_small_letters: bool,
    block: bool,
}

/// Tells what is never closed.
pub fn told(events: &[Placed<'_>]) -> Vec<Fault> {
    let (mut faults, mut open, mut begins) = (Vec::new(), None, false);
    for (event, span) in events {
        match event {
            Event::Start(Tag::HtmlBlock) => begins = true,
            Event::End(TagEnd::HtmlBlock) => {
                faults.extend(open.take_if(|open: &mut Open| open.block).map(Open::told));
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                read(html, span, begins, &mut open);
                begins = false;
            }
            _ => {}
        }
    }
    faults.extend(open.map(Open::told));
    faults
}

/// Reads a piece of HTML; `begins` says that a block begins with it.
fn read(html: &str, span: &Span, begins: bool, open: &mut Option<Open>) {
    let mut at = 0;
    loop {
        if let Some(Open { kind, block, .. }) = open {
            let Some(end) = closed(html, at, kind, *block) else { return };
            at = end;
            *open = None;
        }
        let Some((start, kind)) = opened(html, at) else { return };
        at = start + kind.opening.len();
        let written = &html[start..at];
        // What Markdown leaves out before a line is no part of the piece.
        let from = if html.len() == span.len() { span.start + start } else { span.start };
        *open = Some(Open {
            kind,
            span: from..(from + kind.opening.len()).min(span.end),
            in_small_letters: written == kind.opening,
            block: begins && kind.block && html[..start].trim().is_empty(),
        });
        // `<!-->` is a whole comment.
        if kind.opening == COMMENT.opening {
            at -= "--".len();
        }
    }
}

/// The first beginning of something that must be closed.
fn opened(html: &str, from: usize) -> Option<(usize, &'static Kind)> {
    html.get(from..)?.match_indices('<').find_map(|(at, _)| {
        let rest = &html.as_bytes()[from + at..];
        if rest.starts_with(COMMENT.opening.as_bytes()) {
            return Some((from + at, &COMMENT));
        }
        let is = |kind: &&Kind| {
            let (name, after) = rest.split_at_checked(kind.opening.len()).unwrap_or_default();
            let ends = after.first().is_none_or(|b| b.is_ascii_whitespace() || matches!(b, b'>' | b'/'));
            name.eq_ignore_ascii_case(kind.opening.as_bytes()) && ends
        };
        KINDS.iter().find(is).map(|kind| (from + at, kind))
    })
}

/// Where what closes it ends.
fn closed(html: &str, from: usize, kind: &Kind, exactly: bool) -> Option<usize> {
    let rest = html.get(from..)?;
    if exactly || kind.opening == COMMENT.opening {
        return rest.find(kind.closing).map(|at| from + at + kind.closing.len());
    }
    let name = kind.closing.trim_end_matches('>').as_bytes();
    let is = |at: &usize| rest.as_bytes()[*at..].get(..name.len()).is_some_and(|it| it.eq_ignore_ascii_case(name));
    rest.match_indices("</").map(|(at, _)| at).find(is).map(|at| from + at + name.len())
}

impl Open {
    fn told(self) -> Fault {
        let Kind { opening, closing, .. } = self.kind;
        let message = format!("nothing closes this `{opening}`: the rest of the text is part of it");
        let letters = if self.in_small_letters { "" } else { ", in small letters" };
        let help = format!("write `{closing}` where it ends{letters}, or `&lt;` for a `<` that is to be read");
        Fault::warning(code::UNCLOSED_HTML, self.span, message).help(help)
    }
}

#[cfg(test)]
mod tests {
    use crate::content::markdown::render;
    use crate::model::Manner;

    #[test]
    fn what_is_never_closed_is_told_where_it_opens() {
        let cases = [
            ("<!-- a -->\n\nb <!-- c --> d\n\n<!-->\n\n<!-- more -->\n", None),
            ("a\n\n<!-- b\n\nc\n", Some("<!--")),
            ("> <!-- b\n\nc\n", Some("<!--")),
            ("<pre>\n\na\n\n</pre>\n\n<style>a{}</style>\n", None),
            ("<pre class=x>\n\na\n", Some("<pre")),
            ("<SCRIPT>\na\n</SCRIPT>\n\nb\n", Some("<SCRIPT")),
            ("a <SCRIPT>b</Script > c\n", None),
            ("a <textarea> b\n", Some("<textarea")),
            ("<div>\n<script>\n\nb\n\n</script></div>\n", None),
            ("<div>\n<script>\n</div>\n\nb\n", Some("<script")),
            ("<preface>\n\n`<script>`\n\n    <style>\n\n```\n<!--\n```\n", None),
            ("é\n- x\n\n  <script>\n  a\n\nb\n", Some("<script")),
        ];
        for (text, opening) in cases {
            let faults = render(text, Manner::default(), None).faults;
            let told: Vec<&str> = faults.iter().map(|fault| &text[fault.span.clone()]).collect();
            assert_eq!(told, opening.into_iter().collect::<Vec<_>>(), "{text}");
        }
    }
}
