//! Places that hold objects: a bucket, a folder, memory. Puts and deletes can be conditional, so that two writers never
//! both believe that they won.

#![allow(clippy::disallowed_methods, reason = "an I/O edge")]

#[cfg(feature = "s3")]
mod aws;
#[cfg(feature = "s3")]
mod faults;
mod folder;
mod memory;
mod object;
#[cfg(feature = "s3")]
mod s3;

#[cfg(feature = "s3")]
pub use aws::aws;
#[cfg(feature = "s3")]
pub use faults::{Call, told};
pub use folder::Folder;
pub use memory::Memory;
pub use object::{Condition, Content, Copy, ETag, Headers, Listed, Meta, Object, Put, PutError, Written};
#[cfg(feature = "s3")]
pub use s3::{S3, trying};

use crate::model::{Location, hex};
#[cfg(not(feature = "s3"))]
use anyhow::bail;
use anyhow::{Result, anyhow};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The most that `DeleteObjects` of S3 takes.
const DELETED_AT_ONCE: usize = 1000;

/// A place that holds objects, below one prefix.
#[derive(Clone)]
pub struct Store {
    kind: Kind,
    /// How the place is called in messages.
    name: Arc<str>,
    counts: Arc<Counts>,
}

#[derive(Clone)]
enum Kind {
    Memory(Memory),
    Folder(Folder),
    #[cfg(feature = "s3")]
    S3(S3),
}

/// How a bucket is reached; what is not said comes from the environment and the profile, as the AWS CLI reads them.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub endpoint: Option<String>,
    pub region: Option<String>,
    /// Whether the credentials may get and put, and not list. A bucket then refuses to tell that an object is missing.
    pub unlisted: bool,
}

/// Requests made, by what they cost.
#[derive(Debug, Default)]
pub struct Counts {
    pub puts: AtomicU64,
    pub gets: AtomicU64,
    pub lists: AtomicU64,
    pub deletes: AtomicU64,
    pub copies: AtomicU64,
    /// Bytes of the bodies that were put.
    pub sent: AtomicU64,
}

impl Store {
    /// The store at a location. A bucket is not asked anything yet.
    ///
    /// # Errors
    /// When there is no region.
    #[cfg_attr(not(feature = "s3"), allow(unused_variables, reason = "a folder is reached without them"))]
    pub async fn open(location: &Location, options: &Options) -> Result<Self> {
        match location {
            Location::Folder(path) => Ok(Self::folder(path.clone())),
            #[cfg(feature = "s3")]
            Location::S3 { bucket, prefix } => Ok(Self::s3(S3::open(bucket, prefix, options).await?)),
            #[cfg(not(feature = "s3"))]
            Location::S3 { .. } => bail!("this build reaches no buckets: build it with `--features s3`"),
        }
    }

    pub fn memory(memory: Memory) -> Self {
        Self::of(Kind::Memory(memory), "memory")
    }

    pub fn folder(path: PathBuf) -> Self {
        let name = path.strip_prefix(".").unwrap_or(&path).display().to_string();
        Self::of(Kind::Folder(Folder::new(path)), &name)
    }

    #[cfg(feature = "s3")]
    pub fn s3(s3: S3) -> Self {
        let name = s3.name();
        Self::of(Kind::S3(s3), &name)
    }

    fn of(kind: Kind, name: &str) -> Self {
        Self { kind, name: name.into(), counts: Arc::default() }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Removes what writers that were killed have left half written; of a folder, where nobody else does it.
    pub fn sweep(&self) {
        if let Kind::Folder(folder) = &self.kind {
            folder.sweep();
        }
    }

    /// How many requests may be under way at once.
    pub fn parallel(&self) -> usize {
        match self.kind {
            #[cfg(feature = "s3")]
            Kind::S3(_) => 64,
            _ => 8,
        }
    }

    /// Whether requests cost money.
    pub fn is_bucket(&self) -> bool {
        self.keeps_headers() && !matches!(self.kind, Kind::Memory(_))
    }

    /// Whether what is missing cannot be told from what may not be read.
    fn is_unlisted(&self) -> bool {
        match &self.kind {
            Kind::Memory(_) | Kind::Folder(_) => false,
            #[cfg(feature = "s3")]
            Kind::S3(s3) => s3.is_unlisted(),
        }
    }

    /// Whether objects keep the headers they are put with.
    pub fn keeps_headers(&self) -> bool {
        !matches!(self.kind, Kind::Folder(_))
    }

    /// The folder's path, of a folder.
    pub fn path(&self) -> Option<&std::path::Path> {
        match &self.kind {
            Kind::Folder(folder) => Some(folder.path()),
            Kind::Memory(_) => None,
            #[cfg(feature = "s3")]
            Kind::S3(_) => None,
        }
    }

    /// # Errors
    /// [`PutError::Precondition`] when the condition does not hold; else what the place answered.
    pub async fn put(&self, put: Put<'_>) -> Result<Written, PutError> {
        count(&self.counts.puts);
        self.counts.sent.fetch_add(put.content.len(), Ordering::Relaxed);
        match &self.kind {
            Kind::Memory(memory) => memory.put(&put),
            Kind::Folder(folder) => folder.put(put).await,
            #[cfg(feature = "s3")]
            Kind::S3(s3) => s3.put(put).await,
        }
    }

    /// The whole object, or the whole of one version of it; `None` where there is none.
    pub async fn get(&self, key: &str, version: Option<&str>) -> Result<Option<Object>> {
        count(&self.counts.gets);
        match &self.kind {
            Kind::Memory(memory) => Ok(memory.get(key, version)),
            Kind::Folder(folder) => folder.get(key).await,
            #[cfg(feature = "s3")]
            Kind::S3(s3) => s3.get(key, version).await,
        }
    }

    /// What is known of an object without reading its body.
    pub async fn head(&self, key: &str) -> Result<Option<Meta>> {
        count(&self.counts.gets);
        match &self.kind {
            Kind::Memory(memory) => Ok(memory.get(key, None).map(|object| object.meta)),
            Kind::Folder(folder) => Ok(folder.get(key).await?.map(|object| object.meta)),
            #[cfg(feature = "s3")]
            Kind::S3(s3) => s3.head(key).await,
        }
    }

    /// Puts what stands at `from`, or at a version of it, somewhere else, without sending it. `None` where it is not there,
    /// or has other bytes than it should: the copy is then not what it should be either.
    pub async fn copy(&self, from: &str, version: Option<&str>, to: Copy<'_>) -> Result<Option<Written>> {
        count(&self.counts.copies);
        match &self.kind {
            Kind::Memory(memory) => Ok(memory.copy(from, version, &to)),
            Kind::Folder(folder) => folder.copy(from, &to).await,
            #[cfg(feature = "s3")]
            Kind::S3(s3) => {
                let Some((written, told)) = s3.copy(from, version, to).await? else { return Ok(None) };
                let sha256 = match told {
                    Some(sha256) => Some(sha256),
                    None => self.digest(to.key).await?,
                };
                Ok((sha256 == Some(to.sha256)).then_some(written))
            }
        }
    }

    /// The SHA-256 of an object: what the place says, or else of the bytes that it gives.
    #[cfg(feature = "s3")]
    async fn digest(&self, key: &str) -> Result<Option<[u8; 32]>> {
        if let Some(sha256) = self.head(key).await?.and_then(|meta| meta.sha256) {
            return Ok(Some(sha256));
        }
        Ok(self.get(key, None).await?.map(|object| Sha256::digest(&object.body).into()))
    }

    /// Deletes the objects; one that is not there is no fault.
    pub async fn delete(&self, keys: &[String]) -> Result<()> {
        self.counts.deletes.fetch_add(keys.len().div_ceil(DELETED_AT_ONCE) as u64, Ordering::Relaxed);
        match &self.kind {
            Kind::Memory(memory) => memory.delete(keys),
            Kind::Folder(folder) => folder.delete(keys).await?,
            #[cfg(feature = "s3")]
            Kind::S3(s3) => s3.delete(keys).await?,
        }
        Ok(())
    }

    /// Every object whose key starts with `prefix`, in order of key.
    pub async fn list(&self, prefix: &str) -> Result<Vec<Listed>> {
        let (listed, requests) = match &self.kind {
            Kind::Memory(memory) => (memory.list(prefix), 1),
            Kind::Folder(folder) => (folder.list(prefix).await?, 1),
            #[cfg(feature = "s3")]
            Kind::S3(s3) => s3.list(prefix).await?,
        };
        self.counts.lists.fetch_add(requests, Ordering::Relaxed);
        Ok(listed)
    }

    /// The names directly below `prefix`, which ends with a slash: of `s/a/x` and `s/b`, `a` and `b`.
    pub async fn folders(&self, prefix: &str) -> Result<Vec<String>> {
        #[cfg(feature = "s3")]
        if let Kind::S3(s3) = &self.kind {
            let (folders, requests) = s3.folders(prefix).await?;
            self.counts.lists.fetch_add(requests, Ordering::Relaxed);
            return Ok(folders);
        }
        let mut folders: Vec<String> = Vec::new();
        for listed in self.list(prefix).await? {
            let rest = &listed.key[prefix.len()..];
            let name = rest.split('/').next().unwrap_or(rest);
            if folders.last().is_none_or(|last| last != name) {
                folders.push(name.to_owned());
            }
        }
        Ok(folders)
    }

    /// Puts a document of the tool's own. Where the condition does not hold because this very document is there already
    /// (the answer to an earlier try was lost), that is success.
    pub async fn put_document(&self, key: &str, body: Vec<u8>, condition: Condition) -> Result<Written, PutError> {
        let body = Bytes::from(body);
        let headers = Headers { content_type: "application/json".to_owned(), cache_control: "no-store".to_owned() };
        let content = Content::Bytes(body.clone());
        let is_first = condition == Condition::Absent;
        let put = Put { key, content, sha256: Sha256::digest(&body).into(), headers: &headers, condition };
        match self.put(put).await {
            Err(PutError::Precondition) => match self.get(key, None).await.map_err(PutError::Failed)? {
                Some(object) if object.body == body => {
                    Ok(Written { etag: object.meta.etag, version: object.meta.version })
                }
                // What is there and cannot be got would be taken for missing each time.
                None if is_first && self.is_unlisted() => {
                    let name = &self.name;
                    Err(PutError::Failed(anyhow!("{name}/{key} is there, and may not be read: allow s3:GetObject")))
                }
                _ => Err(PutError::Precondition),
            },
            other => other,
        }
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// The `ETag` of places that have none of their own.
fn digest_tag(body: &[u8]) -> ETag {
    ETag(hex(&Sha256::digest(body)))
}
