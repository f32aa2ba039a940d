//! What each file gave when it was last read: a dev server reads again only the files that changed.

use super::source::FileRecords;
use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

type Files = HashMap<(String, u16, Arc<str>), (Arc<Vec<u8>>, Arc<FileRecords>)>;

/// Records of files, from one build to the next. To be forgotten when the settings or a schema change.
#[derive(Default)]
pub struct Kept {
    last: Files,
    next: Mutex<Files>,
}

impl Kept {
    /// What the file gave, if these are the bytes it was read from.
    pub(super) fn get(
        &self,
        collection: &str,
        layer: u16,
        path: &Arc<str>,
        bytes: &Arc<Vec<u8>>,
    ) -> Option<FileRecords> {
        let key = (collection.to_owned(), layer, Arc::clone(path));
        let (known, records) = self.last.get(&key)?;
        if !Arc::ptr_eq(known, bytes) {
            return None;
        }
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        next.insert(key, (Arc::clone(bytes), Arc::clone(records)));
        drop(next);
        Some(FileRecords::clone(records))
    }

    pub(super) fn put(
        &self,
        collection: &str,
        layer: u16,
        path: &Arc<str>,
        bytes: &Arc<Vec<u8>>,
        records: &FileRecords,
    ) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        next.insert((collection.to_owned(), layer, Arc::clone(path)), (Arc::clone(bytes), Arc::new(records.clone())));
    }

    /// Ends a build: what it did not read is forgotten.
    pub fn turn(&mut self) {
        self.last = mem::take(self.next.get_mut().unwrap_or_else(PoisonError::into_inner));
    }

    pub fn forget(&mut self) {
        *self = Self::default();
    }
}
