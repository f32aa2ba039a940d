//! Where the signs of shortcodes mean nothing: in code, and in comments.

use super::{MOST, OPENING, tag};
use crate::content::markdown::raw::Within;
use crate::model::Span;
use pulldown_cmark::{Event, Options, Parser, Tag};

/// The parts of a text that are silent, in order.
pub struct Silent(Vec<Span>);

impl Silent {
    pub fn of(text: &str, options: Options) -> Self {
        let (mut spans, mut at, mut read) = (Vec::new(), Within::Text, 0);
        for (event, span) in Parser::new_ext(text, options).into_offset_iter() {
            match event {
                Event::Code(_) | Event::Start(Tag::CodeBlock(_)) => spans.push(span),
                Event::InlineHtml(html) if html.starts_with("<!--") => spans.push(span),
                Event::Start(Tag::HtmlBlock) => at = Within::Text,
                Event::Html(html) => {
                    let mut from = 0;
                    for (sign, _) in html.match_indices(OPENING) {
                        // It stands in an argument of the one before.
                        let Some(piece) = html.get(from..sign) else { continue };
                        (at, from) = (at.after(piece), sign);
                        if at == Within::Comment {
                            spans.push(span.start + sign..span.start + sign + OPENING.len());
                        } else if read < MOST {
                            read += 1;
                            from = tag(&html, sign).map_or(sign, |tag| tag.span.end);
                        }
                    }
                    at = at.after(html.get(from..).unwrap_or_default());
                }
                _ => {}
            }
        }
        Self(spans)
    }

    pub fn holds(&self, at: usize) -> bool {
        let after = self.0.partition_point(|span| span.start <= at);
        after.checked_sub(1).is_some_and(|last| self.0[last].contains(&at))
    }
}
