//! Artifacts that cannot stand beside each other.

use crate::model::Artifact;
use std::collections::BTreeSet;

/// Two artifacts, by index; the later declared is at fault.
#[derive(Debug, PartialEq, Eq)]
pub struct Collision {
    pub earlier: usize,
    pub later: usize,
    /// The key that both want, or the one of the two that would have to be a folder for the other.
    pub key: String,
}

/// Finds artifacts on one key, and a file where another needs a folder. `artifacts` are in order of key. Of two
/// declarations that meet on many keys, the first is told.
pub fn collisions(artifacts: &[Artifact]) -> Vec<Collision> {
    let mut found = Vec::new();
    let mut told = BTreeSet::new();
    let mut report = |a: usize, b: usize, key: &str| {
        let (earlier, later) = if artifacts[a].origin <= artifacts[b].origin { (a, b) } else { (b, a) };
        if told.insert((artifacts[earlier].origin, artifacts[later].origin)) {
            found.push(Collision { earlier, later, key: key.to_owned() });
        }
    };
    for at in 1..artifacts.len() {
        if artifacts[at - 1].key == artifacts[at].key {
            report(at - 1, at, &artifacts[at].key);
        }
    }
    let mut last_folder = "";
    for (at, artifact) in artifacts.iter().enumerate() {
        let folder = artifact.key.rsplit_once('/').map_or("", |(folder, _)| folder);
        if folder == last_folder {
            continue;
        }
        last_folder = folder;
        for (end, _) in folder.match_indices('/').chain([(folder.len(), "")]) {
            if let Ok(file) = artifacts.binary_search_by(|a| a.key.as_str().cmp(&folder[..end])) {
                report(file, at, &folder[..end]);
            }
        }
    }
    found
}
