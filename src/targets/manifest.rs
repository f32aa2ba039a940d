//! The manifest of a release, read again: what stands where, with which bytes.

use crate::model::CacheClass;
use anyhow::{Context, Result};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Every object of a release, by key. There may be hundreds of thousands.
pub type Objects = BTreeMap<Arc<str>, Entry>;

/// A release as its manifest tells it.
#[derive(Clone, Debug, Default)]
pub struct Manifest {
    pub release: String,
    /// Published records of each collection.
    pub records: BTreeMap<String, u64>,
    /// Prefixes of the surfaces, without slashes at either end.
    pub surfaces: Vec<String>,
    /// The manifest itself among them, which it does not list.
    pub objects: Objects,
}

/// One object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub sha256: [u8; 32],
    /// Bytes.
    pub size: u64,
    pub media_type: Arc<str>,
    pub cache: CacheClass,
}

#[derive(serde::Deserialize)]
struct Document {
    release: String,
    #[serde(default)]
    records: BTreeMap<String, u64>,
    #[serde(default)]
    surfaces: Vec<String>,
    artifacts: Artifacts,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line<'j> {
    #[serde(borrow)]
    sha256: Cow<'j, str>,
    size: u64,
    #[serde(borrow)]
    media_type: Cow<'j, str>,
    #[serde(borrow)]
    cache: Cow<'j, str>,
}

/// Read line by line: a manifest is long, and what is kept of it is short.
struct Artifacts(Objects);

impl<'de> Deserialize<'de> for Artifacts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_map(Lines)
    }
}

struct Lines;

impl<'de> Visitor<'de> for Lines {
    type Value = Artifacts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the artifacts of a release")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Artifacts, A::Error> {
        let mut media_types: BTreeMap<String, Arc<str>> = BTreeMap::new();
        let mut objects = Objects::new();
        while let Some((key, line)) = map.next_entry::<Arc<str>, Line<'de>>()? {
            let (Some(sha256), Some(cache), true) = (unhex(&line.sha256), CacheClass::named(&line.cache), is_key(&key))
            else {
                return Err(A::Error::custom(format!("what it says of `{key}` cannot be read")));
            };
            let known = media_types.get(&*line.media_type).cloned();
            let media_type = known.unwrap_or_else(|| {
                let media_type: Arc<str> = (*line.media_type).into();
                media_types.insert(line.media_type.to_string(), Arc::clone(&media_type));
                media_type
            });
            objects.insert(key, Entry { sha256, size: line.size, media_type, cache });
        }
        Ok(Artifacts(objects))
    }
}

impl Manifest {
    /// Reads the manifest that stands at `key`.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(bytes: &[u8], key: &str) -> Result<Self> {
        let document: Document = serde_json::from_slice(bytes).with_context(|| format!("{key} is no manifest"))?;
        let mut objects = document.artifacts.0;
        let itself = Entry {
            sha256: Sha256::digest(bytes).into(),
            size: bytes.len() as u64,
            media_type: "application/json".into(),
            cache: CacheClass::Meta,
        };
        objects.insert(key.into(), itself);
        Ok(Self { release: document.release, records: document.records, surfaces: document.surfaces, objects })
    }

    /// The keys of what tells of the release itself.
    pub fn meta_keys(&self) -> impl Iterator<Item = &str> {
        self.objects.iter().filter(|(_, entry)| entry.cache == CacheClass::Meta).map(|(key, _)| &**key)
    }

    /// The key of the release's `status.json`.
    pub fn status_key(&self) -> Option<&str> {
        self.meta_keys().find(|key| *key == "status.json" || key.ends_with("/status.json"))
    }

    pub fn bytes(&self) -> u64 {
        self.objects.values().map(|entry| entry.size).sum()
    }
}

/// Whether a release may have an object of this key. What a target holds may have been written by somebody else.
pub fn is_key(key: &str) -> bool {
    !key.starts_with(".precast/") && !key.split('/').any(|segment| matches!(segment, "" | "." | ".."))
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
