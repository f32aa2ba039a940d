//! What is live at a target, and what was: one small document, replaced only by who has read it. It is the truth; what
//! readers see follows from it.

use super::sealed::Sealed;
use super::shards::Shards;
use crate::model::Layout;
use crate::store::{Condition, ETag, PutError, Store};
use anyhow::{Context, Result, anyhow, bail};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many earlier releases the channel tells of.
const PREVIOUS: usize = 50;

/// What is about to be touched, by key: the SHA-256 of what is put (empty where objects say whose they are), or nothing for
/// what is deleted.
pub type Pending = BTreeMap<Arc<str>, Option<Box<str>>>;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Channel {
    pub environment: String,
    pub layout: Layout,
    pub current: Option<Live>,
    /// Newest first.
    #[serde(default)]
    pub previous: Vec<Live>,
    /// Of an unfinished publish; in shards, the plain objects that still have to follow the switch.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pending: Pending,
    /// What the caches still have to forget of a publish.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invalidate: Option<Invalidate>,
    /// Files whose names change with their bytes, and that no release names since the given time (seconds since 1970).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub condemned: BTreeMap<String, i64>,
    /// Different in each document that is written, so that a writer knows its own.
    #[serde(default)]
    pub nonce: String,
}

/// Paths that caches are asked to forget. The reference is the request's name: asked twice, it is done once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invalidate {
    pub reference: String,
    pub paths: Vec<String>,
}

/// A release at a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Live {
    pub release: String,
    pub manifest_key: String,
    /// SHA-256 of the manifest, in hexadecimal.
    pub manifest: String,
    pub objects: usize,
    /// Bytes of all objects.
    pub bytes: u64,
    /// RFC 3339.
    pub published_at: String,
    pub published_by: String,
    /// Which publish this was, from 1; one that is gone back to keeps its number.
    #[serde(default)]
    pub number: u64,
    /// When and by whom it was made current again, where one went back to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<Restored>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<String>,
    /// The rules by which headers follow from the manifest.
    pub rules: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shards: Option<Shards>,
    /// The bodies of a 404, which stand at their own keys as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plain: Vec<Plain>,
    /// The version of the manifest, where the target keeps versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// An object that a CDN fetches without asking the edge function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plain {
    pub key: Arc<str>,
    /// In hexadecimal.
    pub sha256: String,
    pub media_type: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// RFC 3339.
    pub at: String,
    pub by: String,
}

/// A channel as it was read.
#[derive(Clone, Debug)]
pub struct Read {
    pub channel: Channel,
    /// `None` where there is none yet.
    pub etag: Option<ETag>,
}

/// Where the channel of an environment stands.
pub fn key(layout: Layout, environment: &str) -> String {
    match layout {
        Layout::Flat => ".precast/live.json".to_owned(),
        Layout::Release => format!("channels/{environment}.json"),
    }
}

/// Where it is recorded what a release consists of.
pub fn record_key(layout: Layout, release: &str) -> String {
    match layout {
        Layout::Flat => format!(".precast/releases/{release}.json"),
        Layout::Release => format!("manifests/{release}.json"),
    }
}

/// Reads the channel of an environment.
///
/// # Errors
/// When the target does not give it, or it is none.
pub async fn read(store: &Store, layout: Layout, environment: &str) -> Result<Read> {
    let key = key(layout, environment);
    let Some(object) = store.get(&key, None).await? else {
        let (other, there) = match layout {
            Layout::Flat => (Layout::Release, !store.list("channels/").await?.is_empty()),
            Layout::Release => (Layout::Flat, store.get(&self::key(Layout::Flat, environment), None).await?.is_some()),
        };
        if there {
            return Err(wrong_layout(store, other, layout));
        }
        let channel = Channel {
            environment: environment.to_owned(),
            layout,
            current: None,
            previous: Vec::new(),
            pending: BTreeMap::new(),
            invalidate: None,
            condemned: BTreeMap::new(),
            nonce: String::new(),
        };
        return Ok(Read { channel, etag: None });
    };
    if object.body.trim_ascii_start().starts_with(b"<") {
        bail!("what answers for {} is no S3: it has a page at {key}. Check --endpoint-url", store.name());
    }
    let channel: Channel = serde_json::from_slice(&object.body).with_context(|| {
        format!("{key} at {} is not what this version of precast wrote: restore an earlier version of it", store.name())
    })?;
    if channel.layout != layout {
        return Err(wrong_layout(store, channel.layout, layout));
    }
    Ok(Read { channel, etag: Some(object.meta.etag) })
}

fn wrong_layout(store: &Store, there: Layout, wanted: Layout) -> anyhow::Error {
    let (there, wanted) = (there.name(), wanted.name());
    anyhow!("{} holds a site in the layout `{there}`, not `{wanted}`: publish to another prefix", store.name())
}

impl Live {
    /// Whether this is the release, with the same documents about it: those that stand outside its digest tell of its
    /// sources, which may be fresher than its answers are new.
    pub fn is(&self, next: &Sealed) -> bool {
        self.release == next.release() && self.manifest == next.manifest_digest()
    }
}

impl Read {
    /// Replaces the channel, where it is still the one that was read.
    pub async fn replace(&mut self, store: &Store, mut next: Channel) -> Result<(), PutError> {
        next.previous.truncate(PREVIOUS);
        next.nonce = nonce();
        let condition = self.etag.clone().map_or(Condition::Absent, Condition::Unchanged);
        let body = serde_json::to_vec(&next).map_err(|error| PutError::Failed(error.into()))?;
        let key = key(next.layout, &next.environment);
        let written = store.put_document(&key, body, condition).await?;
        *self = Self { channel: next, etag: Some(written.etag) };
        Ok(())
    }
}

impl Channel {
    /// The channel once `live` is current.
    #[must_use]
    pub fn then(&self, live: Live) -> Self {
        let mut next = self.clone();
        next.previous.retain(|earlier| earlier.release != live.release);
        if let Some(current) = next.current.take().filter(|current| current.release != live.release) {
            next.previous.insert(0, current);
        }
        next.current = Some(live);
        next
    }

    /// Whether one can go back to a release: its shards are kept, or versions of its objects.
    pub fn keeps(&self, live: &Live) -> bool {
        self.layout == Layout::Release || live.version.is_some()
    }

    /// Whether nothing is left of an interrupted publish.
    pub fn is_settled(&self) -> bool {
        self.pending.is_empty() && self.invalidate.is_none()
    }

    /// The number of the next publish.
    pub fn next_number(&self) -> u64 {
        self.releases().map(|live| live.number).max().unwrap_or_default() + 1
    }

    /// The current release and those before it.
    pub fn releases(&self) -> impl Iterator<Item = &Live> {
        self.current.iter().chain(&self.previous)
    }

    /// The release that `wanted` starts, or the one that was published last before the current one.
    ///
    /// # Errors
    /// In words, when there is none or more than one.
    pub fn earlier(&self, wanted: Option<&str>) -> Result<&Live> {
        let Some(wanted) = wanted else {
            // What was live before; after a rollback, what was live before that, not what one has just fled from.
            let fled = |live: &&Live| {
                let current = self.current.as_ref().filter(|current| current.restored.is_some());
                current.is_none_or(|current| live.number < current.number)
            };
            return self.previous.iter().find(fled).context("there is no earlier release to go back to");
        };
        let mut found = self.releases().filter(|live| live.release.starts_with(wanted));
        let first = found
            .next()
            .with_context(|| format!("no release here starts with `{wanted}`: `precast releases` lists them"))?;
        if found.next().is_some() {
            bail!("more than one release starts with `{wanted}`: write more of its digits");
        }
        Ok(first)
    }
}

fn nonce() -> String {
    let one = std::collections::hash_map::RandomState::new();
    format!("{:016x}", std::hash::BuildHasher::hash_one(&one, std::process::id()))
}
