//! Shortcodes that a paragraph begins and ends with: what they make are blocks, which no paragraph may hold.

use super::{Mark, Marked};
use pulldown_cmark::{Event, Tag, TagEnd};
use std::collections::VecDeque;

/// Takes shortcodes that a paragraph begins and ends with out of it.
pub fn left(events: Vec<Marked<'_>>) -> Vec<Marked<'_>> {
    let mut out: Vec<Marked<'_>> = Vec::with_capacity(events.len());
    let mut paragraph: Option<Vec<Marked<'_>>> = None;
    for event in events {
        match (&event.0.0, paragraph.as_mut()) {
            (Event::Start(Tag::Paragraph), None) => paragraph = Some(vec![event]),
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
    let mut inner: VecDeque<Marked<'a>> = whole.into();
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
