//! What the writes of the inbox come to: which of them lie over the sources, and which records are gone.

use super::accepted::{Accepted, Standing, Write};
use super::receipts::pointer_at;
use crate::content::source::FileRead;
use crate::model::{Change, Diagnostic, Removed, Settings, code};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// Writes lie over every layer of a collection's own.
pub const LAYER: u16 = u16::MAX;

/// The writes that take effect.
pub struct Effect<'a> {
    accepted: &'a Accepted,
    /// For each collection, what lies over its sources.
    laid: Vec<Vec<Key>>,
    removed: Vec<Removed>,
    active: BTreeSet<usize>,
}

/// What lies over the sources of one key.
pub struct Key {
    pub slug: String,
    /// Whether nothing counts that the sources say.
    pub masks: bool,
    pub deletion: Option<usize>,
    /// A put, if there is one, and the patches after it.
    pub writes: Vec<usize>,
}

/// What counts of the writes of one key.
pub struct Life {
    /// The last deletion: what was written before it went with it.
    pub deletion: Option<usize>,
    /// A put, if there is one, and the patches after it.
    pub writes: Vec<usize>,
    /// Whether the record is removed for ever.
    pub gone: bool,
    /// Those of them that are not their authors' to make.
    pub intruders: BTreeSet<usize>,
}

/// An error, and the write that it speaks of.
pub struct Blame<'d> {
    pub write: usize,
    pub fault: &'d Diagnostic,
    /// Where in what was written; `None` where it speaks of the record as a whole.
    pub pointer: Option<String>,
    /// Whether its place is that of the write.
    pub is_own: bool,
}

impl Accepted {
    /// What the writes come to without those that the build rejected.
    pub fn effect(&self, settings: &Settings, is_rejected: &dyn Fn(usize) -> bool) -> Effect<'_> {
        let count = settings.collections.len();
        let mut effect = Effect {
            accepted: self,
            laid: std::iter::repeat_with(Vec::new).take(count).collect(),
            removed: settings.collections.iter().map(|decl| Removed::of(&decl.name)).collect(),
            active: BTreeSet::new(),
        };
        for (at, removed) in effect.removed.iter_mut().enumerate() {
            if let Some(for_ever) = self.tombstones.of(at) {
                removed.clone_from(for_ever);
            }
        }
        for chain in self.chains() {
            let Some(Write { collection, slug, .. }) = self.writes.get(chain.start) else { continue };
            let Life { deletion, writes, gone, .. } = self.life(chain, is_rejected);
            // An applied deletion says nothing here: the sources do not speak of the record any more.
            let open = deletion.filter(|at| self.writes[*at].standing == Standing::Open);
            let removed = &mut effect.removed[*collection];
            let masks = open.is_some() || removed.has_slug(slug);
            effect.active.extend(open.iter().chain(&writes));
            match (gone, writes.is_empty()) {
                // A deletion that the tombstones know is still there to be put aside.
                (true, _) if open.is_some() => {}
                (true, _) => continue,
                (false, true) if open.is_some() => removed.add_slug(slug),
                (false, true) => continue,
                (false, false) => removed.remove_slug(slug),
            }
            effect.laid[*collection].push(Key { slug: slug.clone(), masks, deletion: open, writes });
        }
        effect
    }

    /// The writes that may take effect, in the order in which they were accepted.
    pub fn queue(&self, is_rejected: &dyn Fn(usize) -> bool) -> Vec<usize> {
        let mut queue: Vec<(Timestamp, usize)> = Vec::new();
        for chain in self.chains() {
            // Versions tell the order of one key, whatever the clocks said.
            let mut last = Timestamp::MIN;
            for at in chain {
                last = last.max(self.writes[at].entry.at);
                if self.writes[at].standing == Standing::Open && !is_rejected(at) {
                    queue.push((last, at));
                }
            }
        }
        queue.sort_unstable();
        queue.into_iter().map(|(_, at)| at).collect()
    }

    /// What counts of the writes of one key.
    pub(super) fn life(&self, chain: Range<usize>, is_rejected: &dyn Fn(usize) -> bool) -> Life {
        let intruders = self.intruders(chain.clone(), is_rejected);
        let is_rejected = |at: usize| is_rejected(at) || intruders.contains(&at);
        let is_open = |at: &usize| self.writes[*at].standing == Standing::Open && !is_rejected(*at);
        let is_put = |at: &usize| matches!(self.writes[*at].entry.change, Change::Put(_));
        let first = &self.writes[chain.start];
        let for_ever = self.tombstones.of(first.collection).is_some_and(|removed| removed.has_slug(&first.slug));
        let deletion = chain.clone().rev().find(|at| self.is_deletion(*at, &is_rejected));
        // What content files say by now is later than whatever was written before it.
        let said = chain.clone().rev().find(|at| self.writes[*at].standing == Standing::Applied);
        let after = deletion.max(said).map_or(chain.start, |last| last + 1)..chain.end;
        let put = after.clone().rev().find(|at| is_open(at) && is_put(at));
        // Who was removed comes back by writing anew, and by nothing else.
        let gone = for_ever && (deletion.is_none() || put.is_none());
        let writes = (put.unwrap_or(after.start)..after.end).filter(is_open).filter(|_| !gone).collect();
        Life { deletion, writes, gone, intruders }
    }

    /// Whether a write deletes its record, in the content files or here.
    fn is_deletion(&self, at: usize, is_rejected: &dyn Fn(usize) -> bool) -> bool {
        let write = &self.writes[at];
        let stands = match write.standing {
            Standing::Applied => true,
            Standing::Open => !is_rejected(at),
            _ => false,
        };
        write.entry.change == Change::Delete && stands
    }
}

impl<'a> Effect<'a> {
    /// Whether no write takes effect.
    pub fn is_empty(&self) -> bool {
        self.active.is_empty()
    }

    /// What lies over the sources of a collection, in order of slug.
    pub fn keys(&self, collection: usize) -> &[Key] {
        self.laid.get(collection).map_or(&[], Vec::as_slice)
    }

    /// The writes of a key.
    pub fn writes_of(&self, (collection, slug): (usize, &str)) -> &[usize] {
        let keys = self.keys(collection);
        keys.binary_search_by(|key| key.slug.as_str().cmp(slug)).map_or(&[], |at| &keys[at].writes)
    }

    pub fn write(&self, at: usize) -> &'a Write {
        &self.accepted.writes[at]
    }

    /// The records of a collection that are gone.
    pub fn removed(&self, collection: usize) -> Option<&Removed> {
        self.removed.get(collection)
    }

    /// The files that say what lies over the sources of a collection, and what is gone from it.
    pub fn files(&self, collection: usize) -> impl Iterator<Item = FileRead> {
        let writes = self.keys(collection).iter().flat_map(|key| key.deletion.iter().chain(&key.writes));
        let files = writes.map(|at| self.write(*at)).map(|write| (&write.path, &write.bytes));
        let tombstones = self.accepted.tombstones.file.iter().map(|(path, bytes)| (path, bytes));
        files.chain(tombstones).map(|(path, bytes)| (LAYER, Arc::clone(path), Arc::clone(bytes)))
    }

    /// The errors that speak of what members wrote.
    pub fn blamed<'d>(&self, faults: &'d [Diagnostic]) -> Vec<Blame<'d>> {
        let mut blamed = Vec::new();
        let active = |path: &str| self.accepted.at(path).filter(|at| self.active.contains(at));
        for fault in faults.iter().filter(|fault| fault.is_error()) {
            if let Some(write) = active(&fault.place.path) {
                let pointer = pointer_at(&self.write(write).bytes, &fault.place);
                // A write without a record is wrong as a whole, and no other is.
                let exact = !pointer.is_empty() || fault.code == code::BAD_INBOX_ENTRY;
                blamed.push(Blame { write, fault, pointer: exact.then_some(pointer), is_own: true });
            } else {
                let writes = fault.about.iter().filter_map(|place| active(&place.path));
                blamed.extend(writes.map(|write| Blame { write, fault, pointer: None, is_own: false }));
            }
        }
        blamed
    }
}
