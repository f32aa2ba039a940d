//! Objects, what is known of them, and on which condition they are put.

#![allow(clippy::disallowed_methods, reason = "an I/O edge")]

use anyhow::{Result, bail};
use bytes::Bytes;
use std::path::PathBuf;

/// What a version of an object is known by for conditional writes. Opaque: it need not be a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ETag(pub String);

/// What an object is served with.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Headers {
    pub content_type: String,
    pub cache_control: String,
}

/// The body of an object to put.
#[derive(Clone, Debug)]
pub enum Content {
    Bytes(Bytes),
    /// A file that is too large to hold in memory, and its size in bytes.
    File(PathBuf, u64),
}

/// An object to put.
#[derive(Clone, Debug)]
pub struct Put<'a> {
    pub key: &'a str,
    pub content: Content,
    pub sha256: [u8; 32],
    pub headers: &'a Headers,
    pub condition: Condition,
}

/// Where a copy goes, and what it is served with.
#[derive(Clone, Copy, Debug)]
pub struct Copy<'a> {
    pub key: &'a str,
    pub sha256: [u8; 32],
    pub headers: &'a Headers,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    Any,
    /// Only where there is no object.
    Absent,
    /// Only where the object is still this one.
    Unchanged(ETag),
}

/// What a put left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub etag: ETag,
    /// The version of the object, where the place keeps versions.
    pub version: Option<String>,
}

/// Why a put did not happen.
#[derive(Debug)]
pub enum PutError {
    /// The condition does not hold.
    Precondition,
    Failed(anyhow::Error),
}

/// An object without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    pub etag: ETag,
    pub version: Option<String>,
    pub size: u64,
    /// What the place itself computed when the object was put, where it tells.
    pub sha256: Option<[u8; 32]>,
    /// Whether the object says that this tool put it; `None` where the place keeps no headers.
    pub ours: Option<bool>,
    /// `None` where the place keeps no headers.
    pub headers: Option<Headers>,
}

impl Meta {
    /// Whether this tool put the object, or somebody else the very bytes that are meant.
    pub fn is_own(&self, is_meant: impl FnOnce(&[u8; 32]) -> bool) -> bool {
        self.ours == Some(true) || self.sha256.as_ref().is_some_and(is_meant)
    }
}

#[derive(Clone, Debug)]
pub struct Object {
    pub meta: Meta,
    pub body: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub key: String,
    pub size: u64,
    /// Seconds since 1970.
    pub modified: i64,
}

impl Content {
    #[allow(clippy::len_without_is_empty, reason = "nobody asks")]
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(_, size) => *size,
        }
    }

    /// The whole body, in memory.
    pub async fn read(&self) -> Result<Vec<u8>> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.to_vec()),
            Self::File(path, _) => match tokio::fs::read(path).await {
                Ok(bytes) => Ok(bytes),
                Err(error) => bail!("cannot read {}: {error}", path.display()),
            },
        }
    }
}

impl From<PutError> for anyhow::Error {
    fn from(error: PutError) -> Self {
        match error {
            PutError::Precondition => Self::msg("another object stands there already"),
            PutError::Failed(error) => error,
        }
    }
}
