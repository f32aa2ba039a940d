//! What another inbox holds, brought into this one.

use super::{ARCHIVE, ENTRIES, Inbox, read};
use crate::model::{Change, Entry};
use crate::store::{Condition, Listed};
use anyhow::Result;
use std::collections::BTreeMap;

const DECISIONS: &str = "decisions/";

/// What came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    pub entries: usize,
    pub decisions: usize,
}

impl Inbox {
    /// Brings entries and decisions of `from` that are not here yet. What is only here stays; what was archived there is
    /// archived here, and what was forgotten there is forgotten here.
    ///
    /// # Errors
    /// When one of the stores fails, or holds something that does not belong there.
    pub async fn fetch(&self, from: &Self) -> Result<Fetched> {
        let mut fetched = Fetched::default();
        let here = self.sizes("").await?;
        for listed in from.store.list("").await?.iter().filter(|listed| is_kept(&listed.key)) {
            if here.get(&listed.key) == Some(&listed.size) && listed.key.starts_with(DECISIONS) {
                continue;
            }
            if self.bring(from, listed, here.contains_key(&listed.key)).await? {
                let is_entry = !listed.key.starts_with(DECISIONS);
                fetched.entries += usize::from(is_entry);
                fetched.decisions += usize::from(!is_entry);
            }
        }
        Ok(fetched)
    }

    /// Brings one object; says whether it is new here.
    async fn bring(&self, from: &Self, listed: &Listed, is_here: bool) -> Result<bool> {
        let key = listed.key.as_str();
        let Some(found) = from.store.get(key, None).await? else { return Ok(false) };
        if !key.starts_with(DECISIONS) {
            // What is no entry is told where it stands.
            let entry = read(key, &found.body)?;
            if let Some(name) = key.strip_prefix(ARCHIVE) {
                self.store.delete(&[format!("{ENTRIES}{name}")]).await?;
            }
            if entry.change == Change::Delete && from.has_forgotten(&entry).await? {
                self.forget_before(&entry.collection, &entry.key, entry.version).await?;
            }
        }
        if is_here && self.store.get(key, None).await?.is_some_and(|here| here.body == found.body) {
            return Ok(false);
        }
        self.store.put_document(key, found.body, Condition::Any).await?;
        Ok(!is_here)
    }

    /// Whether what was written before a deletion is forgotten: it is not while the deletion waits for an editor.
    async fn has_forgotten(&self, deletion: &Entry) -> Result<bool> {
        let Some(before) = deletion.version.checked_sub(1).filter(|before| *before > 0) else { return Ok(true) };
        let written = self.written(&deletion.collection, &deletion.key, before).await?;
        Ok(written.is_none_or(|entry| entry.change.members().is_none()))
    }

    async fn sizes(&self, prefix: &str) -> Result<BTreeMap<String, u64>> {
        let listed = self.store.list(prefix).await?;
        Ok(listed.into_iter().map(|listed| (listed.key, listed.size)).collect())
    }
}

fn is_kept(key: &str) -> bool {
    [ENTRIES, ARCHIVE, DECISIONS].iter().any(|prefix| key.starts_with(prefix))
}
