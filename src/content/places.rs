//! From an entry of a file to its line and column. A file is read a second time, with places, only when it has a fault.

use super::file::{self, Reading};
use super::formats::{Format, Kind, Node, Part, Step};
use crate::model::{Collection, FieldOrigin, Locate, Manner, Origin, Place, Record, SourceFile, SourceText, Span};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Finds places in the inputs.
pub struct Places<'a> {
    /// Gives a file once more: what was read is let go as soon as it is understood.
    reread: &'a Reread<'a>,
    files: Mutex<BTreeMap<Key, Arc<FilePlaces>>>,
}

/// A file, and the member of its object that holds the record.
type Key = (Arc<str>, Option<&'static str>);

/// The bytes of the file at a path, if it is still there.
pub type Reread<'a> = dyn Fn(&str) -> Option<Vec<u8>> + Sync + 'a;

struct FilePlaces {
    source: SourceText<'static>,
    entries: Vec<Node>,
}

impl<'a> Places<'a> {
    pub fn new(reread: &'a Reread<'a>) -> Self {
        Self { reread, files: Mutex::default() }
    }

    /// The place of a part of an entry, or of the deepest part on the way to it that exists.
    pub fn part(&self, file: &SourceFile, entry: u32, steps: &[Step], part: Part) -> Place {
        let Some(places) = self.file(file) else { return Place::file(&file.path) };
        match places.entries.get(entry as usize) {
            Some(node) => {
                let span = node.find(steps, part);
                let whole = span == node.span;
                places.source.place(&if whole { span.start..span.end.min(span.start + 3) } else { span })
            }
            None => Place::file(&file.path),
        }
    }

    /// The place of a part of a record: in the file that brought the member that `steps` starts with.
    pub fn of(&self, collection: &Collection, record: &Record, steps: &[Step], part: Part) -> Place {
        let written = match steps.first() {
            Some(Step::Member(name)) => record.field(name).map(|field| field.origin),
            _ => None,
        };
        // What is wrong with a record as a whole, its last write brought about.
        let origin = match written {
            Some(FieldOrigin::Written(index)) => record.origins.get(usize::from(index)).copied(),
            _ => collection.last_write(record).or_else(|| record.origins.first().copied()),
        };
        match origin {
            Some(Origin { file, entry, .. }) => self.part(&collection.files[file as usize], entry, steps, part),
            None => Place::file(super::settings::PATH),
        }
    }

    fn file(&self, file: &SourceFile) -> Option<Arc<FilePlaces>> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (Arc::clone(&file.path), file.within);
        if let Some(known) = files.get(&key) {
            return Some(Arc::clone(known));
        }
        let text = String::from_utf8((self.reread)(&file.path)?).ok()?;
        let reading = Reading {
            format: Format::of(&file.path)?,
            in_folder: file.in_folder,
            manner: Manner::default(),
            by_path: false,
            derived: 0,
        };
        let (mut entries, _) = file::nodes(&text, reading);
        if let Some(within) = file.within {
            entries.iter_mut().for_each(|entry| step_into(entry, within));
        }
        let places = Arc::new(FilePlaces { source: SourceText::new(Arc::clone(&file.path), text), entries });
        files.insert(key, Arc::clone(&places));
        Some(places)
    }
}

impl Locate for Places<'_> {
    fn locate(&self, collection: &Collection, record: &Record, field: &str, item: Option<usize>) -> Place {
        let steps: Vec<Step> = std::iter::once(Step::Member(field.to_owned())).chain(item.map(Step::Item)).collect();
        self.of(collection, record, &steps, Part::Value)
    }

    fn span(&self, path: &str, span: &Span) -> Place {
        let file = SourceFile { path: Arc::from(path), in_folder: true, within: None };
        self.file(&file).map_or_else(|| Place::file(path), |places| places.source.place(span))
    }

    fn last_write(&self, collection: &Collection, record: &Record) -> Option<Place> {
        let Origin { file, entry, .. } = collection.last_write(record)?;
        Some(self.part(&collection.files[file as usize], entry, &[], Part::Value))
    }
}

/// Takes a member of an object for the whole.
fn step_into(node: &mut Node, member: &str) {
    let Kind::Map(entries) = &mut node.kind else { return };
    if let Some(at) = entries.iter().position(|entry| *entry.name == *member) {
        *node = entries.swap_remove(at).node;
    }
}
