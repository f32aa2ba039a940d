//! What must change in the output folder, before anything does.

use super::folders::Folder;
use super::state::{Entry, State, unhex};
use crate::model::{Release, Sealed};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// What is to happen to one artifact of the release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The file is as it should be.
    Keep(Entry),
    Write,
    /// A file that the tool did not make stands in the way.
    Refuse,
}

/// What is known of an artifact's file before it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// The tool did not make it, if it is there at all.
    Nothing,
    /// The tool's, but an interrupted build may have left anything.
    Ours,
    /// As the last build left it.
    Left(Entry),
}

/// How many files one worker takes at a time.
pub const PIECE: usize = 1024;

/// Items by folder, in order; the folder is relative to the output folder and empty for that folder itself.
pub fn by_folder<'k, T>(items: impl Iterator<Item = (&'k str, T)>) -> Vec<(&'k str, Vec<(&'k str, T)>)> {
    let mut folders: BTreeMap<&str, Vec<(&str, T)>> = BTreeMap::new();
    let mut last: (&str, Vec<(&str, T)>) = ("", Vec::new());
    for (key, item) in items {
        let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder);
        if folder != last.0 {
            folders.entry(last.0).or_default().append(&mut last.1);
            last.0 = folder;
        }
        last.1.push((key, item));
    }
    folders.entry(last.0).or_default().append(&mut last.1);
    folders.into_iter().filter(|(_, files)| !files.is_empty()).collect()
}

pub fn file_name(key: &str) -> &str {
    key.rsplit_once('/').map_or(key, |(_, name)| name)
}

/// Whether every file of the state is as it was left.
pub fn all_there(out: &Path, state: &State) -> bool {
    let folders = by_folder(state.entries.iter().map(|(key, entry)| (&**key, entry)));
    let pieces: Vec<(&str, &[(&str, &Entry)])> =
        folders.iter().flat_map(|(folder, files)| files.chunks(PIECE).map(move |files| (*folder, files))).collect();
    pieces.into_par_iter().all(|(folder, files)| {
        Folder::open(out, folder).is_ok_and(|folder| files.iter().all(|(key, entry)| is_as_left(&folder, key, entry)))
    })
}

fn is_as_left(folder: &Folder, key: &str, entry: &Entry) -> bool {
    folder.stamp(file_name(key)).is_some_and(|stamp| stamp.size == entry.size && stamp.modified == entry.modified)
}

/// What the tool owns in the output folder, in order of key.
#[derive(Debug, Default)]
pub struct Owned(Vec<(Box<str>, Known)>);

impl Owned {
    /// The files of the last build and of an interrupted one. Without a state, those that the manifest lists.
    pub fn new(out: &Path, state: Option<State>, journal: Vec<String>, manifest_key: Option<&str>) -> Self {
        let mut files: Vec<(Box<str>, Known)> = match state {
            Some(state) => state.entries.into_iter().map(|(key, entry)| (key, Known::Left(entry))).collect(),
            None => manifests(out, manifest_key).iter().flat_map(|key| listed(out, key)).collect(),
        };
        if !journal.is_empty() {
            files.extend(journal.into_iter().map(|key| (key.into_boxed_str(), Known::Ours)));
        }
        // Of a key that both name, what the interrupted build may have done to it counts.
        files.sort_unstable_by(|a, b| a.0.cmp(&b.0).then((a.1 != Known::Ours).cmp(&(b.1 != Known::Ours))));
        files.dedup_by(|later, earlier| later.0 == earlier.0);
        Self(files)
    }

    /// What is known of each artifact's file, and the owned keys that are no part of the release.
    pub fn join(&self, release: &Release) -> (Vec<Known>, Vec<&str>) {
        let (mut known, mut stale) = (Vec::with_capacity(release.artifacts.len()), Vec::new());
        let mut owned = self.0.iter().peekable();
        for sealed in &release.artifacts {
            let key = sealed.artifact.key.as_str();
            while let Some((gone, _)) = owned.next_if(|(own, _)| **own < *key) {
                stale.push(&**gone);
            }
            known.push(owned.next_if(|(own, _)| **own == *key).map_or(Known::Nothing, |(_, known)| *known));
        }
        stale.extend(owned.map(|(gone, _)| &**gone));
        (known, stale)
    }

    fn has(&self, key: &str) -> bool {
        self.0.binary_search_by(|(own, _)| (**own).cmp(key)).is_ok()
    }

    /// Whether a file below `folder` is owned.
    fn has_below(&self, folder: &str) -> bool {
        let prefix = format!("{folder}/");
        let at = self.0.partition_point(|(key, _)| **key < *prefix);
        self.0.get(at).is_some_and(|(key, _)| key.starts_with(&prefix))
    }
}

/// Where an earlier build's manifest may stand: where the release has it, or under another surface's prefix.
fn manifests(out: &Path, manifest_key: Option<&str>) -> Vec<String> {
    let folders = std::fs::read_dir(out).into_iter().flatten().flatten();
    let elsewhere = folders.map(|entry| format!("{}/manifest.json", entry.file_name().to_string_lossy()));
    manifest_key.map(str::to_owned).into_iter().chain(["manifest.json".to_owned()]).chain(elsewhere).collect()
}

/// The files that an earlier build's manifest lists, where its own state is gone.
fn listed(out: &Path, manifest_key: &str) -> Vec<(Box<str>, Known)> {
    #[derive(serde::Deserialize)]
    struct Manifest {
        artifacts: BTreeMap<String, Listed>,
    }
    #[derive(serde::Deserialize)]
    struct Listed {
        sha256: String,
    }
    let Ok(bytes) = std::fs::read(out.join(manifest_key)) else { return Vec::new() };
    let Ok(manifest) = serde_json::from_slice::<Manifest>(&bytes) else { return Vec::new() };
    let known =
        manifest.artifacts.into_iter().filter(|(key, listed)| unhex(&listed.sha256).is_some() && is_inside(key));
    known.map(|(key, _)| key).chain([manifest_key.to_owned()]).map(|key| (key.into_boxed_str(), Known::Ours)).collect()
}

fn is_inside(key: &str) -> bool {
    !key.split('/').any(|segment| matches!(segment, "" | "." | ".." | ".precast"))
}

/// Compares the release with the folder. `known` is what [`Owned::join`] knows of each artifact's file; the actions
/// stand in the same order.
pub fn compare(out: &Path, release: &Release, owned: &Owned, known: &[Known]) -> Vec<Action> {
    let mut actions = vec![Action::Write; known.len()];
    let items = release.artifacts.iter().zip(known).zip(&mut actions);
    let folders =
        by_folder(items.map(|((sealed, known), action)| (sealed.artifact.key.as_str(), (sealed, *known, action))));
    let mut pieces = Vec::new();
    for (folder, files) in folders {
        let mut files = files.into_iter().peekable();
        while files.peek().is_some() {
            pieces.push((folder, files.by_ref().take(PIECE).collect::<Vec<_>>()));
        }
    }
    pieces.into_par_iter().for_each(|(folder, files)| {
        let Ok(folder) = Folder::open(out, folder) else {
            if is_blocked(out, folder, owned) {
                files.into_iter().for_each(|(_, (.., action))| *action = Action::Refuse);
            }
            return;
        };
        for (key, (sealed, known, action)) in files {
            *action = judge(&folder, key, sealed, known, owned);
        }
    });
    actions
}

/// Whether a file that the tool did not make stands where the folder, or one above it, must be.
fn is_blocked(out: &Path, folder: &str, owned: &Owned) -> bool {
    blocker(out, &format!("{folder}/")).is_some_and(|blocker| !owned.has(&blocker))
}

/// What stands, and is no folder, where a folder above `key` must be.
pub fn blocker(out: &Path, key: &str) -> Option<String> {
    let mut above = key.match_indices('/').map(|(end, _)| &key[..end]).filter(|above| !above.is_empty());
    above
        .find(|above| std::fs::symlink_metadata(out.join(above)).is_ok_and(|metadata| !metadata.is_dir()))
        .map(str::to_owned)
}

fn judge(folder: &Folder, key: &str, sealed: &Sealed, known: Known, owned: &Owned) -> Action {
    let name = file_name(key);
    let Some(stamp) = folder.stamp(name) else {
        // A folder of the same name is ours if files below it are: those are stale, and go first.
        let in_the_way = known == Known::Nothing && folder.has(name) && !owned.has_below(key);
        return if in_the_way { Action::Refuse } else { Action::Write };
    };
    let entry = Entry { sha256: sealed.sha256, size: stamp.size, modified: stamp.modified };
    if known == Known::Left(entry) {
        return Action::Keep(entry);
    }
    let digest = |bytes: Vec<u8>| <[u8; 32]>::from(Sha256::digest(&bytes));
    let same = stamp.size == sealed.size && folder.read(name).is_ok_and(|bytes| digest(bytes) == sealed.sha256);
    match (same, known) {
        (true, _) => Action::Keep(entry),
        (false, Known::Nothing) => Action::Refuse,
        (false, _) => Action::Write,
    }
}
