//! What an object is called and served with, in each layout.

use super::manifest::Entry;
use super::shards::Shards;
use crate::contract::headers::cache_control;
use crate::model::{CacheClass, Layout};
use crate::store::Headers;
use serde::Serialize;

/// Raised when the headers of unchanged objects change: they are then put again.
pub const RULES: u32 = 1;

impl Layout {
    /// Where the object of `key` stands.
    pub fn object(self, key: &str, shards: Option<&Shards>) -> String {
        match (self, shards) {
            (Self::Release, Some(shards)) => format!("s/{}/{key}", shards.of(key)),
            _ => key.to_owned(),
        }
    }

    /// The `Cache-Control` of what is replaced at its own key.
    pub const REPLACED: &str = "public, max-age=0, s-maxage=60, stale-while-revalidate=3600";

    /// The headers of an object. In a shard nothing ever changes, so the CDN may keep it for a year: another release has
    /// another URL behind the edge function. At its own key an answer is kept for a minute, and used for an hour more
    /// while the CDN asks for the next one; a publish invalidates what it changed.
    pub fn headers(self, entry: &Entry) -> Headers {
        let cached = match (self, entry.cache) {
            (Self::Release, CacheClass::Meta) => cache_control(CacheClass::View),
            (Self::Flat, CacheClass::View | CacheClass::Asset) => Self::REPLACED,
            (_, class) => cache_control(class),
        };
        Headers { content_type: entry.media_type.to_string(), cache_control: cached.to_owned() }
    }
}

/// What is put after what: an asset before the page that names it, what tells of the release last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    Assets,
    Data,
    Pages,
    Manifest,
}

impl Phase {
    pub fn of(entry: &Entry) -> Self {
        match entry.cache {
            CacheClass::Meta => Self::Manifest,
            _ if entry.media_type.starts_with("text/html") => Self::Pages,
            CacheClass::Asset | CacheClass::Immutable => Self::Assets,
            CacheClass::View => Self::Data,
        }
    }
}
