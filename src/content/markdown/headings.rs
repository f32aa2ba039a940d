//! Headings: each has an id that links can lead to.

use super::{Heading, Placed};
use pulldown_cmark::{Event, HeadingLevel, Tag, TagEnd};
use std::collections::HashMap;

/// Gives every heading an id, and returns them all.
pub fn name(events: &mut [Placed<'_>]) -> Vec<Heading> {
    let mut toc: Vec<Heading> = Vec::new();
    let mut taken: HashMap<String, usize> = HashMap::new();
    let mut open: Option<usize> = None;
    for i in 0..events.len() {
        match &events[i].0 {
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
                    if let Event::Start(Tag::Heading { id, .. }) = &mut events[start].0 {
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
