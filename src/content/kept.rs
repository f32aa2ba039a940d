//! What each file and each collection gave when they were last read: a dev server reads again only what changed.

use super::source::{FileRead, FileRecords};
use super::visibility::Hiding;
use crate::model::{Collection, CollectionDecl};
use jiff::Timestamp;
use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Records of files and collections, from one build to the next. To be forgotten when the settings or a schema change.
/// Bytes are known by their allocation.
#[derive(Default)]
pub struct Kept {
    last: Readings,
    next: Mutex<Readings>,
}

#[derive(Default)]
struct Readings {
    /// By collection, layer and path.
    files: HashMap<(String, u16, Arc<str>), FileGave>,
    collections: HashMap<String, Arc<Whole>>,
}

/// The bytes of a file, and what was read from them.
type FileGave = (Arc<Vec<u8>>, Arc<FileRecords>);

/// A collection without faults, before its references are followed.
struct Whole {
    files: Vec<FileRead>,
    /// From when it is so.
    from: Timestamp,
    collection: Arc<Collection>,
    hiding: Hiding,
}

impl Kept {
    /// What the file gave, if these are the bytes it was read from.
    pub(super) fn file(
        &self,
        collection: &str,
        layer: u16,
        path: &Arc<str>,
        bytes: &Arc<Vec<u8>>,
    ) -> Option<FileRecords> {
        let key = (collection.to_owned(), layer, Arc::clone(path));
        let (known, records) = self.last.files.get(&key)?;
        if !Arc::ptr_eq(known, bytes) {
            return None;
        }
        self.next().files.insert(key, (Arc::clone(bytes), Arc::clone(records)));
        Some(FileRecords::clone(records))
    }

    pub(super) fn keep_file(&self, collection: &str, bytes: &Arc<Vec<u8>>, records: &FileRecords) {
        let key = (collection.to_owned(), records.layer, Arc::clone(&records.file.path));
        self.next().files.insert(key, (Arc::clone(bytes), Arc::new(records.clone())));
    }

    /// What the collection gave, if it was read from these files and time has hidden or shown nothing since.
    pub(super) fn collection(
        &self,
        decl: &CollectionDecl,
        files: &[FileRead],
        now: Timestamp,
    ) -> Option<(Arc<Collection>, Hiding)> {
        let whole = self.last.collections.get(&decl.name)?;
        let same = |(a, b): (&FileRead, &FileRead)| a.0 == b.0 && a.1 == b.1 && Arc::ptr_eq(&a.2, &b.2);
        let unchanged = whole.files.len() == files.len() && whole.files.iter().zip(files).all(same);
        let in_time = whole.from <= now && whole.hiding.next_change.is_none_or(|change| now < change);
        if !(unchanged && in_time) {
            return None;
        }
        let mut next = self.next();
        for (layer, path, _) in files {
            let key = (decl.name.clone(), *layer, Arc::clone(path));
            if let Some(known) = self.last.files.get(&key) {
                next.files.insert(key, known.clone());
            }
        }
        Some((Arc::clone(&whole.collection), whole.hiding.clone()))
    }

    pub(super) fn keep(
        &self,
        decl: &CollectionDecl,
        files: Vec<FileRead>,
        from: Timestamp,
        (collection, hiding): (&Arc<Collection>, &Hiding),
    ) {
        let whole = Whole { files, from, collection: Arc::clone(collection), hiding: hiding.clone() };
        self.next().collections.insert(decl.name.clone(), Arc::new(whole));
    }

    /// Ends a build: what it did not read is forgotten.
    pub fn turn(&mut self) {
        self.last = mem::take(self.next.get_mut().unwrap_or_else(PoisonError::into_inner));
    }

    pub fn forget(&mut self) {
        *self = Self::default();
    }

    fn next(&self) -> MutexGuard<'_, Readings> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
