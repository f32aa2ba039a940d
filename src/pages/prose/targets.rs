//! Where links between files lead.

use super::super::each::{path_of, plain_path};
use super::gone::Gone;
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
    /// Whom it was about is gone.
    Gone,
}

/// The Markdown files of a site.
pub struct Targets {
    files: BTreeMap<Arc<str>, Target>,
    /// Whether a file that is not among them is no page.
    pub complete: bool,
    gone: Gone,
    /// From where the paths count that members wrote, by the file that holds it.
    bases: BTreeMap<Arc<str>, String>,
}

impl Targets {
    pub fn of(settings: &Settings, collections: &[Arc<Collection>], plain: Option<&Arc<Collection>>) -> Self {
        let gone = Gone::of(settings, collections);
        let mut targets = Self { files: BTreeMap::new(), complete: true, gone, bases: BTreeMap::new() };
        for (at, collection) in collections.iter().enumerate() {
            let sources = settings.collections.get(at).map_or(&[][..], |decl| &decl.sources);
            let folder = sources.iter().find(|source| is_folder_of_texts(&source.value));
            let base = folder.map_or_else(String::new, |folder| format!("{}/text.md", folder.value));
            let written = collection.files.iter().filter(|file| file.within.is_some());
            targets.bases.extend(written.map(|file| (Arc::clone(&file.path), base.clone())));
            let page = settings.pages.iter().find(|page| page.of == PageOf::Each(at));
            targets.add(collection, |record| {
                let path = page.and_then(|page| path_of(page, collection, &collection.records[record]));
                path.map_or_else(|| Target::NoPage(collection.name.clone()), |path| Target::Page(page_key(&path)))
            });
        }
        if let Some(plain) = plain {
            targets.add(plain, |record| {
                // A name without a URL was told.
                Target::Page(page_key(&plain_path(&plain.records[record]).unwrap_or_default()))
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
        for path in collection.removed.files() {
            self.files.entry(Arc::clone(path)).or_insert(Target::Gone);
        }
    }

    /// Whether a path of the site is that of somebody who is gone.
    pub fn is_gone(&self, path: &str) -> bool {
        self.gone.has(path)
    }

    /// Whether a file of `content` that is not there was about somebody who is gone: such files are named by keys.
    pub fn was_of_gone(&self, path: &str) -> bool {
        self.gone.had(path)
    }

    /// Whether a member wrote what stands in a file.
    pub fn is_written(&self, file: &str) -> bool {
        self.bases.contains_key(file)
    }

    /// The file from which the paths in a text count: its own; a member's text stands where content files of its records do.
    pub fn base<'a>(&'a self, file: &'a str) -> &'a str {
        self.bases.get(file).map_or(file, String::as_str)
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

/// Whether a source is a folder in which texts may stand.
fn is_folder_of_texts(source: &str) -> bool {
    (source == "content" || source.starts_with("content/")) && !crate::content::holds_records(source)
}

pub fn is_markdown(path: &str) -> bool {
    path.rsplit_once('.')
        .is_some_and(|(_, extension)| matches!(extension.to_ascii_lowercase().as_str(), "md" | "markdown"))
}
