//! A sealed build: every artifact with its digest.

use super::artifact::{Artifact, CacheClass};

/// All artifacts of one build, in order of key, under one digest.
#[derive(Debug)]
pub struct Release {
    /// SHA-256 over key, digest, media type and cache class of every artifact, except those that name the release.
    pub id: [u8; 32],
    pub artifacts: Vec<Sealed>,
}

#[derive(Debug)]
pub struct Sealed {
    pub artifact: Artifact,
    /// SHA-256 of the body.
    pub sha256: [u8; 32],
    /// Bytes of the body.
    pub size: u64,
}

impl Release {
    /// Whether two are one release, which says the same of itself: receipts of writes may come to one that stays as it is.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let meta = |release: &'_ Self| -> Vec<([u8; 32], String)> {
            let told = release.artifacts.iter().filter(|sealed| sealed.artifact.cache == CacheClass::Meta);
            told.map(|sealed| (sealed.sha256, sealed.artifact.key.clone())).collect()
        };
        self.id == other.id && meta(self) == meta(other)
    }

    pub fn id(&self) -> String {
        hex(&self.id)
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}
