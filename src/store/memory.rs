//! Objects in memory, with versions: what the layouts are tested against.

#![allow(clippy::disallowed_methods, reason = "an I/O edge")]

use super::{Condition, Content, Copy, ETag, Headers, Listed, Meta, Object, Put, PutError, Written};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Clones share their objects.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    shelf: Arc<Mutex<Shelf>>,
}

#[derive(Debug, Default)]
struct Shelf {
    /// The versions of each key, oldest first; `None` where it was deleted.
    keys: BTreeMap<String, Vec<Option<Version>>>,
    versions: u64,
}

#[derive(Clone, Debug)]
struct Version {
    id: u64,
    body: Vec<u8>,
    headers: Headers,
}

impl Memory {
    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn put(&self, put: &Put<'_>) -> Result<Written, PutError> {
        let body = match &put.content {
            Content::Bytes(body) => body.clone(),
            Content::File(path, _) => std::fs::read(path).map_err(|error| PutError::Failed(error.into()))?.into(),
        };
        if <[u8; 32]>::from(Sha256::digest(&body)) != put.sha256 {
            return Err(PutError::Failed(anyhow::anyhow!("the body of {} is not the one that was announced", put.key)));
        }
        let mut shelf = self.shelf();
        let there = shelf.keys.get(put.key).and_then(|versions| versions.last()?.as_ref());
        let holds = match &put.condition {
            Condition::Any => true,
            Condition::Absent => there.is_none(),
            Condition::Unchanged(tag) => there.is_some_and(|version| version.etag() == *tag),
        };
        if !holds {
            return Err(PutError::Precondition);
        }
        Ok(shelf.add(put.key, body.to_vec(), put.headers.clone()))
    }

    pub(super) fn get(&self, key: &str, version: Option<&str>) -> Option<Object> {
        self.shelf().find(key, version).map(Version::object)
    }

    pub(super) fn copy(&self, from: &str, version: Option<&str>, to: &Copy<'_>) -> Option<Written> {
        let mut shelf = self.shelf();
        let found = shelf.find(from, version).cloned()?;
        let same = <[u8; 32]>::from(Sha256::digest(&found.body)) == to.sha256;
        same.then(|| shelf.add(to.key, found.body, to.headers.clone()))
    }

    pub(super) fn delete(&self, keys: &[String]) {
        let mut shelf = self.shelf();
        for key in keys {
            if let Some(versions) = shelf.keys.get_mut(key) {
                versions.push(None);
            }
        }
    }

    pub(super) fn list(&self, prefix: &str) -> Vec<Listed> {
        let shelf = self.shelf();
        let below = shelf.keys.range(prefix.to_owned()..).take_while(|(key, _)| key.starts_with(prefix));
        let listed = below.filter_map(|(key, versions)| {
            let version = versions.last()?.as_ref()?;
            Some(Listed { key: key.clone(), size: version.body.len() as u64, modified: 0 })
        });
        listed.collect()
    }

    /// Changes the body of an object behind everybody's back.
    pub fn corrupt(&self, key: &str, change: impl FnOnce(&mut Vec<u8>)) {
        if let Some(Some(version)) = self.shelf().keys.get_mut(key).and_then(|versions| versions.last_mut()) {
            change(&mut version.body);
        }
    }
}

impl Shelf {
    fn add(&mut self, key: &str, body: Vec<u8>, headers: Headers) -> Written {
        self.versions += 1;
        let version = Version { id: self.versions, body, headers };
        let written = Written { etag: version.etag(), version: Some(version.id.to_string()) };
        self.keys.entry(key.to_owned()).or_default().push(Some(version));
        written
    }

    fn find(&self, key: &str, wanted: Option<&str>) -> Option<&Version> {
        let versions = self.keys.get(key)?;
        match wanted {
            None => versions.last()?.as_ref(),
            Some(id) => versions.iter().flatten().find(|version| version.id.to_string() == id),
        }
    }
}

impl Version {
    fn etag(&self) -> ETag {
        ETag(self.id.to_string())
    }

    fn object(&self) -> Object {
        let meta = Meta {
            etag: self.etag(),
            version: Some(self.id.to_string()),
            size: self.body.len() as u64,
            sha256: Some(Sha256::digest(&self.body).into()),
            ours: Some(true),
            headers: Some(self.headers.clone()),
        };
        Object { meta, body: self.body.clone() }
    }
}
