//! The parts of a release. An object's shard follows from its key alone, by the same rule here and in the edge function;
//! a shard is known by the digest of what it holds, so an unchanged one stands at its target already.

use super::headers::RULES;
use super::manifest::{Manifest, Objects};
use crate::model::Layout;
use crate::release::RECEIPTS;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Digits of a shard's digest: 100 bits of SHA-256, in base 32.
const DIGITS: usize = 20;
/// The most shards of a release: their digests take 20 bytes each of the 10 KB that the edge function may have.
const MOST: usize = 40;
/// A list with so many objects (its limits and pages, on all surfaces) is a shard of its own.
const LIST: usize = 100;
/// The most lists with a shard of their own.
const LISTS: usize = 12;
/// A folder with fewer members shares the shard of the rest.
const FOLDER: usize = 50;
/// The shards of what tells of the release, and of what is in no folder of its own.
const META: u32 = 0;
const REST: u32 = 1;

/// Which object is in which shard, and the digest of each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shards {
    pub table: Table,
    /// The digest of each shard, in order.
    pub digests: Vec<String>,
}

/// The rule: a key without its extension, or without `/limit/…` and `/page/…`, is its stem. A stem that `at` names is in
/// that shard, else the folder that it stands in says from which shard on, and over how many of them its members spread.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// What is taken off the beginning of a key, at most one: the surfaces answer the same of the same.
    pub strip: Vec<String>,
    pub at: BTreeMap<String, Slot>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Slot {
    One(u32),
    /// The first shard, and how many.
    Spread(u32, u32),
}

/// The one name that an object literal of JavaScript takes for something else.
const PROTO: &str = "__proto__";

impl Shards {
    /// Divides a release, by the rule of `last` where it still fits, so that what did not change stays where it is.
    pub fn of_release(manifest: &Manifest, last: Option<&Table>) -> Self {
        let fresh = Table::of(manifest);
        let table = last.filter(|last| last.serves(&fresh)).cloned().unwrap_or(fresh);
        let digests = table.digests(&manifest.objects);
        Self { table, digests }
    }

    /// The same objects in fewer shards, for an edge function that has little room; `None` where there is but one.
    pub fn fewer(&self, objects: &Objects) -> Option<Self> {
        let table = self.table.fewer()?;
        let digests = table.digests(objects);
        Some(Self { table, digests })
    }

    /// The digest of the shard that holds `key`.
    pub fn of(&self, key: &str) -> &str {
        self.digests.get(self.table.index(key)).map_or("", String::as_str)
    }

    /// The code of a release's edge function, with these shards.
    pub fn in_function(&self, code: &str) -> Option<String> {
        let shards =
            serde_json::json!({ "strip": self.table.strip, "at": self.table.at, "shards": self.digests.concat() });
        let (before, after) = code.split_once(EMPTY)?;
        Some(format!("{before}var R = {shards};{after}"))
    }
}

/// What stands in the code of a release's edge function until its shards are known.
const EMPTY: &str = "var R = null;";

impl Table {
    fn of(manifest: &Manifest) -> Self {
        let mut strip: Vec<String> =
            manifest.surfaces.iter().filter(|s| !s.is_empty()).map(|s| format!("{s}/")).collect();
        // Of two prefixes that fit, the longer one is the surface.
        strip.sort_unstable_by_key(|prefix| std::cmp::Reverse(prefix.len()));
        let mut table = Self { strip, at: BTreeMap::new() };
        let (mut lists, mut folders): (BTreeMap<&str, usize>, BTreeMap<&str, usize>) = Default::default();
        for key in manifest.objects.keys() {
            let stem = table.stem(key);
            *lists.entry(stem).or_default() += 1;
            *folders.entry(folder(stem)).or_default() += 1;
        }
        let mut lists: Vec<(usize, &str)> = lists
            .into_iter()
            .map(|(stem, n)| (n, stem))
            .filter(|(objects, stem)| *objects >= LIST && *stem != PROTO)
            .collect();
        lists.sort_unstable_by(|a, b| b.cmp(a));
        lists.truncate(LISTS);
        let mut at: BTreeMap<String, Slot> = manifest.meta_keys().map(|key| told(table.stem(key))).collect();
        let mut next = REST + 1;
        for (objects, stem) in lists {
            if !at.contains_key(stem) {
                at.insert(stem.to_owned(), Slot::One(next));
                next += 1;
                folders.entry(folder(stem)).and_modify(|n| *n -= objects);
            }
        }
        folders.retain(|name, members| !name.is_empty() && *members >= FOLDER && !at.contains_key(*name));
        // An edit touches one member of a folder, and so one of its shards: with the root of its size, the objects of
        // all touched shards together are fewest.
        let roots: f64 = folders.values().map(|members| root(*members)).sum();
        let room = MOST.saturating_sub(next as usize);
        for (name, members) in folders.into_iter().take(room) {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let share = (room as f64 * root(members) / roots) as u32;
            let spread = (share.max(1) + 1).next_power_of_two() / 2;
            at.insert(name.to_owned(), Slot::Spread(next, spread));
            next += spread;
        }
        at.insert(String::new(), Slot::Spread(REST, 1));
        table.at = at;
        table
    }

    /// Whether this rule, of an earlier release, divides as `fresh` would, give or take a factor of two.
    fn serves(&self, fresh: &Self) -> bool {
        let near = |(a, b): (&Slot, &Slot)| match (a, b) {
            (Slot::One(_), Slot::One(_)) => true,
            (Slot::Spread(_, a), Slot::Spread(_, b)) => a * 2 >= *b && b * 2 >= *a,
            _ => false,
        };
        self.strip == fresh.strip
            && self.at.keys().eq(fresh.at.keys())
            && self.at.values().zip(fresh.at.values()).all(near)
    }

    /// Half as many shards for each folder; then no shards for single lists; then all in one.
    fn fewer(&self) -> Option<Self> {
        let halves = self.at.values().any(|slot| matches!(slot, Slot::Spread(_, 2..)));
        let singles = self.at.values().any(|slot| matches!(slot, Slot::One(2..)));
        let mut at = BTreeMap::new();
        let mut next = REST + 1;
        for (name, slot) in &self.at {
            let slot = match slot {
                Slot::One(META) => Slot::One(META),
                Slot::Spread(at @ (META | REST), _) => Slot::Spread(*at, 1),
                Slot::One(_) if !halves => continue,
                Slot::Spread(..) if !halves && !singles => continue,
                Slot::One(_) => Slot::One(next),
                Slot::Spread(_, spread) => Slot::Spread(next, spread.div_ceil(2)),
            };
            next += match slot {
                Slot::One(META) | Slot::Spread(META | REST, _) => 0,
                Slot::One(_) => 1,
                Slot::Spread(_, spread) => spread,
            };
            at.insert(name.clone(), slot);
        }
        (at.len() < self.at.len() || halves).then(|| Self { strip: self.strip.clone(), at })
    }

    fn stem<'k>(&self, key: &'k str) -> &'k str {
        let key = self.strip.iter().find_map(|prefix| key.strip_prefix(prefix.as_str())).unwrap_or(key);
        let (above, name) = key.rsplit_once('/').unwrap_or(("", key));
        if let Some(list) = above.strip_suffix("/limit").or_else(|| above.strip_suffix("/page")) {
            return list;
        }
        name.rfind('.').map_or(key, |dot| &key[..key.len() - name.len() + dot])
    }

    /// The number of the shard that holds `key`.
    fn index(&self, key: &str) -> usize {
        let stem = self.stem(key);
        let spread = |folder: &str| match self.at.get(folder) {
            Some(Slot::Spread(first, spread)) => Some((*first, (*spread).max(1))),
            _ => None,
        };
        if let Some(Slot::One(at)) = self.at.get(stem) {
            return *at as usize;
        }
        let above = folder(stem);
        let (first, spread) = spread(above).filter(|_| !above.is_empty()).or_else(|| spread("")).unwrap_or((REST, 1));
        (first + hash(&stem[above.len()..]) % spread) as usize
    }

    fn digests(&self, objects: &Objects) -> Vec<String> {
        let count = self.at.values().map(|slot| match slot {
            Slot::One(at) => at + 1,
            Slot::Spread(first, spread) => first + spread,
        });
        let mut shards = vec![Sha256::new(); count.max().unwrap_or(1) as usize];
        for shard in &mut shards {
            shard.update(RULES.to_be_bytes());
        }
        for (key, entry) in objects {
            let headers = Layout::Release.headers(entry);
            let shard = &mut shards[self.index(key)];
            for part in [key, headers.content_type.as_str(), headers.cache_control.as_str()] {
                shard.update((part.len() as u64).to_be_bytes());
                shard.update(part.as_bytes());
            }
            shard.update(entry.sha256);
        }
        shards.into_iter().map(|shard| base32(&shard.finalize())).collect()
    }
}

/// What tells of the release: two documents, and a folder of receipts, however many they are.
fn told(stem: &str) -> (String, Slot) {
    let above = folder(stem);
    if above.strip_suffix('/') == Some(RECEIPTS) {
        (above.to_owned(), Slot::Spread(META, 1))
    } else {
        (stem.to_owned(), Slot::One(META))
    }
}

/// The folder of a stem, with its slash; empty at the top.
fn folder(stem: &str) -> &str {
    stem.rfind('/').map_or("", |slash| &stem[..=slash])
}

#[allow(clippy::cast_precision_loss, reason = "a share is no exact number")]
fn root(members: usize) -> f64 {
    (members as f64).sqrt()
}

/// The edge function's hash of a name: of its UTF-16 code units, below 65,521.
fn hash(name: &str) -> u32 {
    name.encode_utf16().fold(0, |hash, unit| (hash * 31 + u32::from(unit)) % 65521)
}

/// The first bits of a digest, in the alphabet of RFC 4648, lowered.
fn base32(digest: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut text = String::with_capacity(DIGITS);
    let (mut bits, mut held) = (0_u32, 0);
    let mut bytes = digest.iter();
    while text.len() < DIGITS {
        if held < 5 {
            bits = (bits << 8) | bytes.next().copied().map_or(0, u32::from);
            held += 8;
        }
        held -= 5;
        text.push(char::from(ALPHABET[(bits >> held) as usize & 31]));
        bits &= (1 << held) - 1;
    }
    text
}

/// The next name of a shard that cannot have this one.
pub fn renamed(digest: &str) -> String {
    base32(&Sha256::digest(digest))
}

/// Whether this is how shards are called.
pub fn is_shard(name: &str) -> bool {
    name.len() == DIGITS && name.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'2'..=b'7'))
}
