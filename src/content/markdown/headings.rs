//! Headings: each has an id that links can lead to.

use super::{Heading, Placed};
use pulldown_cmark::{Event, HeadingLevel, Tag, TagEnd};
use std::collections::HashMap;

/// Names of which a text has each once, and how often each was wanted again.
#[derive(Default)]
pub struct Names(HashMap<String, usize>);

impl Names {
    /// The ids that authors give to headings themselves.
    pub fn chosen(events: &[Placed<'_>]) -> Self {
        let chosen = events.iter().filter_map(|(event, _)| match event {
            Event::Start(Tag::Heading { id: Some(id), .. }) => Some((id.to_string(), 0)),
            _ => None,
        });
        Self(chosen.collect())
    }

    /// The name, or else the first free one with a number behind it.
    pub fn claim(&mut self, wanted: &str, joint: &str, first: usize) -> String {
        let Some(times) = self.0.get(wanted) else {
            self.0.insert(wanted.to_owned(), 0);
            return wanted.to_owned();
        };
        let mut times = *times;
        loop {
            let name = format!("{wanted}{joint}{}", first + times);
            times += 1;
            if !self.0.contains_key(&name) {
                self.0.insert(wanted.to_owned(), times);
                self.0.insert(name.clone(), 0);
                return name;
            }
        }
    }
}

/// Gives every heading an id, and returns them all.
pub fn name(events: &mut [Placed<'_>], ids: &mut Names) -> Vec<Heading> {
    let mut toc: Vec<Heading> = Vec::new();
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
                        let slug = slug(&heading.text);
                        heading.id = ids.claim(if slug.is_empty() { "section" } else { &slug }, "-", 1);
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

/// An id from words, which may be empty.
pub fn slug(text: &str) -> String {
    let mut id = String::new();
    for c in text.trim().chars() {
        if c.is_alphanumeric() || c == '_' {
            id.extend(c.to_lowercase());
        } else if (c == '-' || c.is_whitespace()) && !id.ends_with('-') {
            id.push('-');
        }
    }
    id.trim_matches('-').to_owned()
}
