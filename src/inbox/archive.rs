//! Writes that content files say by now: put aside, and removed after a while.

use super::{ARCHIVE, ENTRIES, Inbox, Kept, names, read};
use crate::model::{Change, Entry, Name, Value};
use crate::store::{Condition, PutError};
use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

impl Inbox {
    /// Puts the first writes of one key aside, all up to a version. The key's head goes first, so that its version is
    /// known at every moment; what is interrupted is finished by doing it again.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn archive(&self, writes: &[Kept]) -> Result<()> {
        let Some(last) = writes.last() else { return Ok(()) };
        self.raise_head(&last.entry, writes).await?;
        for kept in writes {
            let name = kept.object.strip_prefix(ENTRIES).unwrap_or(&kept.object);
            let aside = format!("{ARCHIVE}{name}");
            match self.store.put_document(&aside, kept.entry.to_json(), Condition::Absent).await {
                Ok(_) => {}
                // What was forgotten since stands there as it was: the newer form replaces it below. Another write stays.
                Err(PutError::Precondition) => match self.store.get(&aside, None).await? {
                    Some(there) if read(&aside, &there.body)?.id == kept.entry.id => {}
                    _ => continue,
                },
                Err(PutError::Failed(error)) => return Err(error),
            }
            self.store.delete(std::slice::from_ref(&kept.object)).await?;
        }
        // A deletion may have been accepted while they were put aside as they were before.
        match writes.iter().rev().map(|kept| &kept.entry).find(|entry| entry.change == Change::Delete) {
            Some(gone) => self.forget_before(&gone.collection, &gone.key, gone.version).await,
            None => Ok(()),
        }
    }

    /// Removes what was put aside and is old: its receipts go with the next build. What keys there were is remembered, and
    /// what the build must know of them stays: all of a key that has entries still, which came before or after; and its
    /// deletion, after which alone it can come back.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn collect(&self, older_than: SignedDuration, now: Timestamp) -> Result<usize> {
        let aside = self.entries(ARCHIVE).await?;
        let open = self.entries(ENTRIES).await?.into_iter().filter(|kept| kept.entry.change != Change::Forgotten);
        let open: BTreeSet<_> = open.map(|kept| of(&kept.entry)).collect();
        let last: BTreeMap<_, u64> = aside.iter().map(|kept| (of(&kept.entry), kept.entry.version)).collect();
        let is_old = |kept: &&Kept| {
            let (entry, of) = (&kept.entry, of(&kept.entry));
            let is_gone = entry.change == Change::Delete && last.get(&of) == Some(&entry.version);
            now.duration_since(entry.at) > older_than && !open.contains(&of) && !is_gone
        };
        let old: Vec<String> = aside.iter().filter(is_old).map(|kept| kept.object.clone()).collect();
        self.store.delete(&old).await?;
        Ok(old.len())
    }

    /// Remembers the last version of a key whose entries go.
    async fn raise_head(&self, entry: &Entry, writes: &[Kept]) -> Result<()> {
        let object = names::head(&entry.collection, &entry.key);
        loop {
            let found = self.store.get(&object, None).await?;
            let known = found.as_ref().map(|found| read(&object, &found.body)).transpose()?;
            if known.as_ref().is_some_and(|known| known.version >= entry.version) {
                return Ok(());
            }
            let condition = found.map_or(Condition::Absent, |found| Condition::Unchanged(found.meta.etag));
            let head = Entry { change: head(known.as_ref(), writes, &entry.change), ..entry.clone() };
            match self.store.put_document(&object, head.to_json(), condition).await {
                Ok(_) => return Ok(()),
                Err(PutError::Precondition) => {}
                Err(PutError::Failed(error)) => return Err(error),
            }
        }
    }
}

/// What record an entry is of.
fn of(entry: &Entry) -> (String, String) {
    (entry.collection.clone(), names::slug(&entry.key))
}

/// What a head says. A patch does not say what was said before it, such as whose the record is: its head does.
fn head(known: Option<&Entry>, writes: &[Kept], last: &Change) -> Change {
    let Change::Patch(_) = last else { return last.clone() };
    let mut all: Vec<(Name, Value)> = Vec::new();
    let newer = |kept: &&Kept| known.is_none_or(|known| kept.entry.version > known.version);
    for entry in known.into_iter().chain(writes.iter().filter(newer).map(|kept| &kept.entry)) {
        let Change::Patch(members) = &entry.change else {
            all = entry.change.members().unwrap_or_default().to_vec();
            continue;
        };
        for (name, value) in members {
            all.retain(|(known, _)| known != name);
            if *value != Value::Null {
                all.push((name.clone(), value.clone()));
            }
        }
    }
    Change::Patch(all.into())
}
