//! What texts ask of other files, answered: links, pictures and shortcodes.
//!
//! Reading a text leaves placeholders where it asks for what stands in another file (`content::placeholder`), so that a
//! text is parsed once, by itself. Here all files, records and pages are known, and each placeholder is replaced: the
//! second step of two, and the only place that knows both. Views and pages read the texts after it.

mod arguments;
mod gone;
mod links;
mod media;
mod shortcodes;
mod targets;

pub use links::{Asked, check};
pub use media::{Files, Media};
pub use shortcodes::{SHIPPED, Shortcodes};

use crate::content::placeholder::{Asks, Placeholder};
use crate::model::{Artifact, Collection, Diagnostic, Field, FieldOrigin, Locate, Record, Settings, Value};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use targets::Targets;

/// What texts are finished from.
pub struct Site<'a> {
    pub settings: &'a Settings,
    pub files: &'a Files,
    pub shortcodes: &'a Shortcodes<'a>,
    pub locate: &'a dyn Locate,
}

/// Texts without placeholders, and what they need.
#[derive(Default)]
pub struct Finished {
    pub artifacts: Vec<Artifact>,
    /// What is to be looked for when every page is there.
    pub asked: Vec<Asked>,
    pub faults: Vec<Diagnostic>,
}

/// Collections as they were finished last, with what they were finished from: the second is known by its allocation.
#[derive(Default)]
pub struct Kept {
    collections: BTreeMap<usize, (Arc<Collection>, Arc<Collection>)>,
    media: Mutex<Media>,
}

/// Replaces every placeholder in the collections and in the pages that are files of their own.
pub fn finish(
    site: &Site<'_>,
    collections: &mut [Arc<Collection>],
    plain: &mut Option<Arc<Collection>>,
    kept: &mut Kept,
) -> Finished {
    let mut finished = Finished::default();
    if site.settings.pages.is_empty() {
        return finished;
    }
    let targets = Targets::of(site.settings, collections, plain.as_ref());
    let desk = Desk { site, targets: &targets, media: &kept.media };
    let all = collections.iter_mut().enumerate().chain(plain.iter_mut().map(|plain| (usize::MAX, plain)));
    for (at, collection) in all {
        let texts: Vec<(usize, Text)> = (0..collection.records.len())
            .into_par_iter()
            .filter_map(|record| Some((record, desk.record(collection, &collection.records[record])?)))
            .collect();
        if texts.is_empty() {
            continue;
        }
        let raw = Arc::clone(collection);
        let last = kept.collections.get(&at).filter(|(source, _)| Arc::ptr_eq(source, &raw)).map(|(_, last)| last);
        if let Some(last) = last.filter(|last| texts.iter().all(|(at, text)| text.is_in(&last.records[*at]))) {
            *collection = Arc::clone(last);
        } else {
            let records = &mut Arc::make_mut(collection).records;
            for (at, text) in &texts {
                text.fields.iter().for_each(|(field, value)| records[*at].fields[*field].value = value.clone());
            }
            kept.collections.insert(at, (raw, Arc::clone(collection)));
        }
        for (at, text) in texts {
            finished.faults.extend(text.faults);
            // Of what is not published, neither are its pictures.
            if collection.records[at].hidden.is_some() {
                continue;
            }
            finished.asked.extend(text.asked);
            finished.artifacts.extend(text.artifacts);
        }
    }
    finished.artifacts.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    finished.artifacts.dedup_by(|a, b| a.key == b.key);
    finished
}

/// What a record's texts became.
#[derive(Default)]
struct Text {
    /// Whether nobody reads them yet, or any more.
    hidden: bool,
    /// The files that its placeholders may stand in; `None` where nobody but those who edit the site wrote it.
    files: Option<Vec<Arc<str>>>,
    fields: Vec<(usize, Value)>,
    artifacts: Vec<Artifact>,
    asked: Vec<Asked>,
    faults: Vec<Diagnostic>,
}

impl Text {
    fn may_ask(&self, file: &str) -> bool {
        self.files.as_ref().is_none_or(|files| files.iter().any(|known| **known == *file))
    }

    fn is_in(&self, record: &Record) -> bool {
        self.fields.iter().all(|(at, value)| record.fields.get(*at).is_some_and(|field| field.value == *value))
    }
}

/// Where texts are finished: what every one of them may ask for.
struct Desk<'a> {
    site: &'a Site<'a>,
    targets: &'a Targets,
    media: &'a Mutex<Media>,
}

impl Desk<'_> {
    /// The members of a record that hold placeholders, without them.
    fn record(&self, collection: &Collection, record: &Record) -> Option<Text> {
        // What a member forges asks in that member's name, and in no other's.
        let files = collection.last_write(record).map(|_| {
            let paths = record.origins.iter().filter_map(|origin| collection.files.get(origin.file as usize));
            paths.map(|file| Arc::clone(&file.path)).collect()
        });
        let mut text = Text { hidden: record.hidden.is_some(), files, ..Text::default() };
        for (at, Field { value, .. }) in
            record.fields.iter().enumerate().filter(|(_, field)| field.origin == FieldOrigin::Built)
        {
            match value {
                Value::Escaped(json) if json.contains(BEGINNING_IN_JSON) => {
                    let html = self.finished(&value.unescaped(), 0, &mut text);
                    text.fields.push((at, Value::escaped(&html)));
                }
                Value::Text(html) if html.contains(BEGINNING) => {
                    let html = self.finished(html, 0, &mut text);
                    text.fields.push((at, Value::text(html)));
                }
                _ => {}
            }
        }
        (!text.fields.is_empty()).then_some(text)
    }

    fn finished(&self, html: &str, depth: usize, text: &mut Text) -> String {
        let mut out = String::with_capacity(html.len());
        let mut rest = html;
        while let Some(at) = rest.find(BEGINNING) {
            // Past the quotation mark.
            let (before, after) = rest.split_at(at + 1);
            let end = after.find('"').unwrap_or(after.len());
            let placeholder = Placeholder::read(&after[..end]).filter(|found| text.may_ask(&found.file));
            out.push_str(before);
            rest = &after[end..];
            match placeholder {
                Some(placeholder) if before.ends_with("<a href=\"") => {
                    out.push_str(&self.link(&placeholder, text));
                }
                Some(placeholder) if before.ends_with("<img src=\"") => {
                    out.push_str(&self.picture(&placeholder, text));
                }
                called if before.ends_with(CALL_OPENING) => {
                    out.truncate(out.len() - CALL_OPENING.len());
                    let (body, after) = within(rest);
                    rest = after;
                    if let Some(placeholder) = called.filter(|_| depth < DEEPEST) {
                        let body = self.finished(body, depth + 1, text);
                        out.push_str(&self.call(&placeholder, &body, text));
                    }
                }
                // Somebody writes about placeholders, or has written one that asks for nothing.
                _ if before.ends_with("<a href=\"") || before.ends_with("<img src=\"") => out.push('#'),
                _ => out.push_str(&after[..end]),
            }
        }
        out.push_str(rest);
        out
    }

    /// The address of a picture, with what browsers want to know before it is there.
    fn picture(&self, placeholder: &Placeholder, text: &mut Text) -> String {
        let place = || self.site.locate.span(&placeholder.file, &placeholder.span);
        if placeholder.asks == Asks::BarePicture {
            text.faults.push(media::undescribed(place()));
        }
        let base = self.site.settings.site.base_path();
        let mut media = self.media.lock().unwrap_or_else(PoisonError::into_inner);
        // What stands beside content files is published when those who edit the site say so.
        let file = Some(placeholder.file.as_str()).filter(|file| !self.targets.is_written(file));
        match media.picture(&placeholder.written, file, self.site.files, base) {
            Ok(picture) => {
                text.faults.extend(media::unreadable(&placeholder.written, &picture, place()));
                text.artifacts.extend(picture.artifact);
                let size = picture.size.map(|(width, height)| format!("\" width=\"{width}\" height=\"{height}"));
                format!("{}{}\" loading=\"lazy", picture.url, size.unwrap_or_default())
            }
            Err(missing) => {
                text.faults.push(missing.told("picture", place()));
                "#".to_owned()
            }
        }
    }
}

/// What stands in the element of a shortcode that has just been opened, and what follows it.
fn within(html: &str) -> (&str, &str) {
    let html = html.strip_prefix("\">").unwrap_or(html);
    let (mut depth, mut at) = (0, 0);
    loop {
        let Some(end) = html[at..].find(CALL_END).map(|end| at + end) else { return (html, "") };
        depth += html[at..end].matches(CALL_OPENING).count();
        at = end + CALL_END.len();
        if depth == 0 {
            return (&html[..end], &html[at..]);
        }
        depth -= 1;
    }
}

/// How deep shortcodes stand in each other; more was told where they are written.
const DEEPEST: usize = 32;
const CALL_OPENING: &str = "<precast-call data-call=\"";
const CALL_END: &str = "</precast-call>";

/// What a placeholder begins with, and the same in JSON.
const BEGINNING: &str = "\"precast:";
const BEGINNING_IN_JSON: &str = "\\\"precast:";
