//! The manifest of a release, read again: what stands where, with which bytes.

use crate::model::CacheClass;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A release as its manifest tells it.
#[derive(Clone, Debug, Default)]
pub struct Manifest {
    pub release: String,
    /// Published records of each collection.
    pub records: BTreeMap<String, u64>,
    /// Prefixes of the surfaces, without slashes at either end.
    pub surfaces: Vec<String>,
    /// By key. The manifest itself is not among them.
    pub artifacts: BTreeMap<String, Entry>,
}

/// One object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub sha256: [u8; 32],
    /// Bytes.
    pub size: u64,
    pub media_type: String,
    pub cache: CacheClass,
}

#[derive(Deserialize)]
struct Document {
    release: String,
    #[serde(default)]
    records: BTreeMap<String, u64>,
    #[serde(default)]
    surfaces: Vec<String>,
    artifacts: BTreeMap<String, Line>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    sha256: String,
    size: u64,
    media_type: String,
    cache: String,
}

impl Manifest {
    /// # Errors
    /// When it is no manifest; `name` says which.
    pub fn parse(bytes: &[u8], name: &str) -> Result<Self> {
        let document: Document = serde_json::from_slice(bytes).with_context(|| format!("{name} is no manifest"))?;
        let mut artifacts = BTreeMap::new();
        for (key, line) in document.artifacts {
            let (Some(sha256), Some(cache)) = (unhex(&line.sha256), CacheClass::named(&line.cache)) else {
                bail!("{name} is no manifest: what it says of `{key}` cannot be read");
            };
            artifacts.insert(key, Entry { sha256, size: line.size, media_type: line.media_type, cache });
        }
        Ok(Self { release: document.release, records: document.records, surfaces: document.surfaces, artifacts })
    }

    /// The key that ends in `name` and tells of the release itself.
    pub fn meta_key(&self, name: &str) -> Option<&str> {
        let is = |key: &str| key == name || key.strip_suffix(name).is_some_and(|folder| folder.ends_with('/'));
        let mut meta = self.artifacts.iter().filter(|(_, entry)| entry.cache == CacheClass::Meta);
        meta.find(|(key, _)| is(key)).map(|(key, _)| key.as_str())
    }

    pub fn bytes(&self) -> u64 {
        self.artifacts.values().map(|entry| entry.size).sum()
    }
}

/// 64 hexadecimal digits to a digest.
pub fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, pair) in digest.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(digest)
}
