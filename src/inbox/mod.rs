//! Accepted writes over a store: one object for each, versions of a key without a gap, and what is remembered of requests.
//!
//! ```text
//! entries/{collection}/{name}.{version}.json    one accepted write
//! archive/{collection}/{name}.{version}.json    one that became a content file
//! heads/{collection}/{name}.json                the last version of a key whose entries were collected
//! decisions/{id}.json                           what an editor decided
//! requests/{digest}.json                        an idempotency key, and what it was used for
//! budgets/{minute}/{digest}.json                how many requests somebody made
//! wake.json                                     when a build was last asked for
//! ```

mod archive;
mod budgets;
mod decisions;
mod fetch;
mod names;
mod requests;
mod versions;
mod wake;

pub use decisions::{Decided, Decision};
pub use fetch::Fetched;
pub use names::nameless;
pub use requests::Claim;
pub use versions::Latest;
pub use wake::nonce;

use crate::content::written_entry;
use crate::model::Entry;
use crate::store::{Condition, PutError, Store};
use anyhow::{Context, Result, anyhow};

/// The inbox of a site.
#[derive(Clone, Debug)]
pub struct Inbox {
    store: Store,
}

/// An entry, and the object that holds it.
#[derive(Clone, Debug)]
pub struct Kept {
    pub object: String,
    pub entry: Entry,
}

/// Below these prefixes stand entries.
pub const ENTRIES: &str = "entries/";
pub const ARCHIVE: &str = "archive/";

impl Inbox {
    /// An inbox over a store. What killed writers have left half written is removed.
    pub fn new(store: Store) -> Self {
        store.sweep();
        Self { store }
    }

    /// How the inbox is called in messages.
    pub fn name(&self) -> &str {
        self.store.name()
    }

    /// Adds an entry, durably. Says whether it did: of all who add the same version of a key, one does.
    ///
    /// # Errors
    /// When the store fails. Whether the entry is there is not known then: asking for the latest version tells.
    pub async fn add(&self, entry: &Entry) -> Result<bool> {
        let key = names::entry(ENTRIES, &entry.collection, &entry.key, entry.version);
        match self.store.put_document(&key, entry.to_json(), Condition::Absent).await {
            // A version that was put aside since it was looked for left its place empty: what stands there now is no write.
            Ok(written) if self.head(&entry.collection, &entry.key).await?.version >= entry.version => {
                let unchanged = Condition::Unchanged(written.etag);
                match self.store.put_document(&key, entry.forgotten().to_json(), unchanged).await {
                    Err(PutError::Failed(error)) => Err(error),
                    _ => Err(anyhow!("{key} was put aside at the same moment")),
                }
            }
            Ok(_) => Ok(true),
            Err(PutError::Precondition) => Ok(false),
            Err(PutError::Failed(error)) => Err(error),
        }
    }

    /// Makes the store forget what was written of a key before a version, wherever it stands. What cannot be done now is
    /// done when entries are collected; the build takes no notice of them either way.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn forget_before(&self, collection: &str, key: &str, version: u64) -> Result<()> {
        let head = names::head(collection, key);
        let aside = self.forget(&head, version).await?;
        for version in 1..version {
            self.forget(&names::entry(ENTRIES, collection, key, version), version + 1).await?;
            if version <= aside {
                self.forget(&names::entry(ARCHIVE, collection, key, version), version + 1).await?;
            }
        }
        Ok(())
    }

    /// Forgets what one object says, if that is of before a version; gives the version that it is of, 0 where there is none.
    async fn forget(&self, object: &str, before: u64) -> Result<u64> {
        let Some(found) = self.store.get(object, None).await? else { return Ok(0) };
        let entry = read(object, &found.body)?;
        if entry.version < before && entry.change.members().is_some() {
            let unchanged = Condition::Unchanged(found.meta.etag);
            self.store.put_document(object, entry.forgotten().to_json(), unchanged).await?;
        }
        Ok(entry.version)
    }

    /// Every entry below a prefix, by collection, key and version.
    ///
    /// # Errors
    /// When the store fails, or holds something that is no entry.
    pub async fn entries(&self, prefix: &str) -> Result<Vec<Kept>> {
        let mut entries = Vec::new();
        for listed in self.store.list(prefix).await? {
            let Some(found) = self.store.get(&listed.key, None).await? else { continue };
            entries.push(Kept { entry: read(&listed.key, &found.body)?, object: listed.key });
        }
        entries.sort_by(|a, b| order(&a.entry).cmp(&order(&b.entry)));
        Ok(entries)
    }
}

fn order(entry: &Entry) -> (&str, String, u64) {
    (&entry.collection, names::slug(&entry.key), entry.version)
}

fn read(object: &str, body: &[u8]) -> Result<Entry> {
    written_entry(body).map_err(|wrong| anyhow!("{}", wrong.message)).with_context(|| format!("cannot read {object}"))
}
