//! Where links between files lead.

use super::super::each::path_of;
use crate::model::{Collection, HiddenReason, PageOf, Settings, page_key};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a Markdown file became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The key of its page.
    Page(String),
    /// It is published, and on no page of its own: the name of its collection.
    NoPage(String),
    /// In words, why it is not published.
    Hidden(&'static str),
}

/// The Markdown files of a site.
pub struct Targets {
    files: BTreeMap<Arc<str>, Target>,
    /// Whether a file that is not among them is no page.
    pub complete: bool,
}

impl Targets {
    pub fn of(settings: &Settings, collections: &[Arc<Collection>], plain: Option<&Arc<Collection>>) -> Self {
        let mut targets = Self { files: BTreeMap::new(), complete: true };
        for (at, collection) in collections.iter().enumerate() {
            let page = settings.pages.iter().find(|page| page.of == PageOf::Each(at));
            targets.add(collection, |record| {
                let path = page.and_then(|page| path_of(page, collection, &collection.records[record]));
                path.map_or_else(|| Target::NoPage(collection.name.clone()), |path| Target::Page(page_key(&path)))
            });
        }
        if let Some(plain) = plain {
            targets.add(plain, |record| {
                let key = plain.records[record].key.trim_matches('/');
                Target::Page(page_key(if key == "index" { "" } else { key }))
            });
        }
        targets
    }

    fn add(&mut self, collection: &Collection, page: impl Fn(usize) -> Target) {
        self.complete &= collection.complete;
        for (at, record) in collection.records.iter().enumerate() {
            let target = match &record.hidden {
                None => page(at),
                Some(HiddenReason::Draft) => Target::Hidden("is a draft"),
                Some(HiddenReason::Scheduled(_)) => Target::Hidden("is not published yet"),
                Some(HiddenReason::Expired(_)) => Target::Hidden("is not published any more"),
                Some(HiddenReason::Unlisted) => Target::Hidden("is not listed"),
            };
            for origin in &record.origins {
                let path = &collection.files[origin.file as usize].path;
                if is_markdown(path) {
                    // A file of two collections leads to the first that has a page.
                    let known = self.files.get(path);
                    if !matches!(known, Some(Target::Page(_))) {
                        self.files.insert(Arc::clone(path), target.clone());
                    }
                }
            }
        }
    }

    pub fn get(&self, path: &str) -> Option<&Target> {
        self.files.get(path)
    }

    /// The names of the files in the folder of `path`, as they are written in it.
    pub fn beside<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a str> {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        self.files.keys().filter_map(move |file| file.strip_prefix(folder)?.strip_prefix('/'))
    }
}

pub fn is_markdown(path: &str) -> bool {
    path.rsplit_once('.')
        .is_some_and(|(_, extension)| matches!(extension.to_ascii_lowercase().as_str(), "md" | "markdown"))
}
