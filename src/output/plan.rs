//! What must change in the output folder, before anything does.

use super::folders::Folder;
use super::state::{Entry, State, unhex};
use crate::model::{Release, Sealed};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

/// The files of one folder.
pub struct FolderPlan<'r> {
    /// Relative to the output folder; empty for the folder itself.
    pub folder: String,
    pub write: Vec<(&'r str, &'r Sealed)>,
    pub keep: Vec<(&'r str, Entry)>,
    /// Keys of files that the tool did not make and that stand in the way.
    pub foreign: Vec<&'r str>,
}

/// Keys with their files, by folder, in order.
pub fn by_folder<'k, T>(keys: impl Iterator<Item = (&'k str, T)>) -> BTreeMap<&'k str, Vec<(&'k str, T)>> {
    let mut folders: BTreeMap<&str, Vec<(&str, T)>> = BTreeMap::new();
    for (key, item) in keys {
        let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder);
        folders.entry(folder).or_default().push((key, item));
    }
    folders
}

pub fn file_name(key: &str) -> &str {
    key.rsplit_once('/').map_or(key, |(_, name)| name)
}

/// Whether every file of the state is as it was left.
pub fn all_there(out: &Path, state: &State) -> bool {
    let folders: Vec<_> =
        by_folder(state.entries.iter().map(|(key, entry)| (key.as_str(), entry))).into_iter().collect();
    let halves: Vec<_> =
        folders.iter().flat_map(|(folder, files)| files.chunks(1024).map(move |files| (*folder, files))).collect();
    halves.into_par_iter().all(|(folder, files)| {
        Folder::open(&out.join(folder))
            .is_ok_and(|folder| files.iter().all(|(key, entry)| is_as_left(&folder, key, entry)))
    })
}

fn is_as_left(folder: &Folder, key: &str, entry: &Entry) -> bool {
    folder.stamp(file_name(key)).is_some_and(|stamp| stamp.size == entry.size && stamp.modified == entry.modified)
}

/// What the tool owns in the output folder.
#[derive(Default)]
pub struct Owned {
    /// As left by the last build; `None` where an interrupted one may have left anything.
    pub files: HashMap<String, Option<Entry>>,
}

impl Owned {
    /// The files of the last build and of an interrupted one. Without a state, those that the manifest lists.
    pub fn new(out: &Path, state: Option<State>, journal: Vec<String>, manifest_key: Option<&str>) -> Self {
        let mut files: HashMap<String, Option<Entry>> = match state {
            Some(state) => state.entries.into_iter().map(|(key, entry)| (key, Some(entry))).collect(),
            None => manifest_key.map_or_else(HashMap::new, |key| listed(out, key)),
        };
        files.extend(journal.into_iter().map(|key| (key, None)));
        Self { files }
    }

    /// Owned keys that are no part of the release.
    pub fn stale(&self, release: &Release) -> BTreeSet<String> {
        let wanted =
            |key: &str| release.artifacts.binary_search_by(|sealed| sealed.artifact.key.as_str().cmp(key)).is_ok();
        self.files.keys().filter(|key| !wanted(key)).cloned().collect()
    }
}

/// The files that an earlier build's manifest lists, where its own state is gone.
fn listed(out: &Path, manifest_key: &str) -> HashMap<String, Option<Entry>> {
    #[derive(serde::Deserialize)]
    struct Manifest {
        artifacts: BTreeMap<String, Listed>,
    }
    #[derive(serde::Deserialize)]
    struct Listed {
        sha256: String,
    }
    let Ok(bytes) = std::fs::read(out.join(manifest_key)) else { return HashMap::new() };
    let Ok(manifest) = serde_json::from_slice::<Manifest>(&bytes) else { return HashMap::new() };
    let known =
        manifest.artifacts.into_iter().filter(|(key, listed)| unhex(&listed.sha256).is_some() && is_inside(key));
    known.map(|(key, _)| key).chain([manifest_key.to_owned()]).map(|key| (key, None)).collect()
}

fn is_inside(key: &str) -> bool {
    !key.split('/').any(|segment| matches!(segment, "" | "." | ".."))
}

/// Compares the release with the folder.
pub fn compare<'r>(out: &Path, release: &'r Release, owned: &Owned) -> Vec<FolderPlan<'r>> {
    let folders = by_folder(release.artifacts.iter().map(|sealed| (sealed.artifact.key.as_str(), sealed)));
    let compare_folder = |(folder, files): (&str, Vec<(&'r str, &'r Sealed)>)| {
        let mut plan =
            FolderPlan { folder: folder.to_owned(), write: Vec::new(), keep: Vec::new(), foreign: Vec::new() };
        let Ok(open) = Folder::open(&out.join(folder)) else {
            plan.write = files;
            return plan;
        };
        for (key, sealed) in files {
            match judge(&open, key, sealed, owned) {
                Judged::Keep(entry) => plan.keep.push((key, entry)),
                Judged::Write => plan.write.push((key, sealed)),
                Judged::Foreign => plan.foreign.push(key),
            }
        }
        plan
    };
    folders.into_par_iter().map(compare_folder).collect()
}

enum Judged {
    Keep(Entry),
    Write,
    Foreign,
}

fn judge(folder: &Folder, key: &str, sealed: &Sealed, owned: &Owned) -> Judged {
    let name = file_name(key);
    let known = owned.files.get(key);
    let Some(stamp) = folder.stamp(name) else {
        // A folder of the same name was ours if files below it were: those are stale and go first.
        return if known.is_none() && folder.has(name) && !owned.files.keys().any(|k| k.starts_with(&format!("{key}/")))
        {
            Judged::Foreign
        } else {
            Judged::Write
        };
    };
    let entry = Entry { sha256: sealed.sha256, size: stamp.size, modified: stamp.modified };
    if known.copied().flatten() == Some(entry) {
        return Judged::Keep(entry);
    }
    let same = stamp.size == sealed.size
        && folder.read(name).is_ok_and(|bytes| <[u8; 32]>::from(Sha256::digest(&bytes)) == sealed.sha256);
    match (same, known) {
        (true, _) => Judged::Keep(entry),
        (false, Some(_)) => Judged::Write,
        (false, None) => Judged::Foreign,
    }
}
