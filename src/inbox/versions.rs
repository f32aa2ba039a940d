//! The current version of a key: the greatest that has an entry. Versions have no gap, so it is found by halving.

use super::{ARCHIVE, ENTRIES, Inbox, names, read};
use crate::model::Entry;
use anyhow::{Context, Result};
use serde_json::Value as Json;

/// How things stand with a key.
#[derive(Clone, Debug, Default)]
pub struct Latest {
    /// How many writes of it were accepted.
    pub version: u64,
    /// The last of them.
    pub entry: Option<Entry>,
}

impl Inbox {
    /// The last accepted write of a key.
    ///
    /// # Errors
    /// When the store fails, or holds something that is no entry.
    pub async fn latest(&self, collection: &str, key: &str) -> Result<Latest> {
        let mut latest = self.head(collection, key).await?;
        let first = latest.version + 1;
        // Entries are there from `first` on; `gone` is a version that is not.
        let (mut gone, mut step) = (None, 1);
        let mut next = first;
        while gone.is_none_or(|gone| latest.version + 1 < gone) {
            match self.version(collection, key, next).await? {
                Some(entry) => latest = Latest { version: next, entry: Some(entry) },
                None => gone = Some(next),
            }
            step *= 2;
            next = match gone {
                None => latest.version + step,
                Some(gone) => latest.version + (gone - latest.version).div_ceil(2),
            };
        }
        Ok(latest)
    }

    /// One accepted write.
    ///
    /// # Errors
    /// When the store fails, or holds something that is no entry.
    pub async fn version(&self, collection: &str, key: &str, version: u64) -> Result<Option<Entry>> {
        let object = names::entry(ENTRIES, collection, key, version);
        let Some(found) = self.store.get(&object, None).await? else { return Ok(None) };
        read(&object, &found.body).map(Some)
    }

    /// One accepted write, also where it is put aside by now, or remembered as the last one that was.
    ///
    /// # Errors
    /// When the store fails, or holds something that is no entry.
    pub async fn written(&self, collection: &str, key: &str, version: u64) -> Result<Option<Entry>> {
        if let Some(entry) = self.version(collection, key, version).await? {
            return Ok(Some(entry));
        }
        let object = names::entry(ARCHIVE, collection, key, version);
        match self.store.get(&object, None).await? {
            Some(found) => read(&object, &found.body).map(Some),
            None => Ok(self.head(collection, key).await?.entry.filter(|entry| entry.version == version)),
        }
    }

    /// What is remembered of a key whose entries were collected.
    pub(super) async fn head(&self, collection: &str, key: &str) -> Result<Latest> {
        let object = names::head(collection, key);
        let Some(found) = self.store.get(&object, None).await? else { return Ok(Latest::default()) };
        let entry = read(&object, &found.body)?;
        Ok(Latest { version: entry.version, entry: Some(entry) })
    }
}

/// A document of the inbox's own.
pub fn document(object: &str, body: &[u8]) -> Result<Json> {
    serde_json::from_slice(body).with_context(|| format!("{object} is no JSON"))
}
