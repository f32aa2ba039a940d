//! Records that were removed. They are known by digests: who wanted to be gone is named nowhere.

use super::release::hex;
use super::slug::slug;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The removed records of one collection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    collection: String,
    digests: BTreeSet<String>,
    /// The files that said something of them.
    files: BTreeSet<Arc<str>>,
}

impl Removed {
    pub fn of(collection: &str) -> Self {
        Self { collection: collection.to_owned(), ..Self::default() }
    }

    /// What stands for a slug of a collection in `data/tombstones.json`: SHA-256 of `collection/slug`, in hexadecimal.
    pub fn digest(collection: &str, slug: &str) -> String {
        hex(&Sha256::new().chain_update(collection).chain_update("/").chain_update(slug).finalize())
    }

    pub fn is_empty(&self) -> bool {
        self.digests.is_empty()
    }

    pub fn add_digest(&mut self, digest: &str) {
        self.digests.insert(digest.to_ascii_lowercase());
    }

    pub fn add_slug(&mut self, slug: &str) {
        self.digests.insert(Self::digest(&self.collection, slug));
    }

    pub fn remove_slug(&mut self, slug: &str) {
        self.digests.remove(&Self::digest(&self.collection, slug));
    }

    pub fn add_file(&mut self, path: &Arc<str>) {
        self.files.insert(Arc::clone(path));
    }

    pub fn files(&self) -> impl Iterator<Item = &Arc<str>> {
        self.files.iter()
    }

    pub fn has_slug(&self, slug: &str) -> bool {
        !self.digests.is_empty() && self.digests.contains(&Self::digest(&self.collection, slug))
    }

    /// Whether the record with this key, in whatever spelling, was removed.
    pub fn has(&self, key: &str) -> bool {
        !self.digests.is_empty() && slug(key).is_ok_and(|slug| self.has_slug(&slug))
    }
}

#[cfg(test)]
mod tests {
    use super::Removed;

    #[test]
    fn any_spelling_of_a_removed_key_is_known() {
        let mut removed = Removed::of("users");
        assert!(!removed.has("Mira Okafor"));
        // printf users/mira-okafor | sha256sum
        removed.add_digest("CE524DE2F7F03E49258AD0946F37AC8DCE51A4B049D88DB8EBC945C1E7DBFD13");
        assert!(removed.has("Mira Okafor") && removed.has_slug("mira-okafor"));
        assert!(!removed.has("mira") && !Removed::of("articles").has("mira okafor"));
    }
}
