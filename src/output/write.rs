//! Writing: journal, files, removals, manifest, state. Whatever is interrupted, the next build repairs.

use super::Output;
use super::folders::{Folder, TEMPORARY};
use super::plan::{self, FolderPlan, Owned, file_name};
use super::state::{self, Entry, State};
use crate::model::{Release, Sealed};
use anyhow::{Context, Result, bail};
use rayon::prelude::*;
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io;
use std::path::Path;

/// What a build did to the output folder, in files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    pub written: usize,
    pub bytes: u64,
    pub removed: usize,
    pub unchanged: usize,
}

/// Makes the output folder hold exactly `release`, beside what the tool did not make.
///
/// # Errors
/// When a file that the tool did not make stands in the way (nothing is written then), or the disk fails.
pub fn write(output: Output<'_>, release: &Release, manifest_key: Option<&str>, header: String) -> Result<Written> {
    let Output { path: out, state, journal } = output;
    let up_to_date = state.as_ref().is_some_and(|state| state.header == header) && journal.is_empty();
    clean_temporaries(out, &journal)?;
    let owned = Owned::new(out, state, journal, manifest_key);
    let plans = plan::compare(out, release, &owned);
    refuse_foreign(out, &plans)?;
    let stale = owned.stale(release);
    let writes: usize = plans.iter().map(|plan| plan.write.len()).sum();
    let mut entries: HashMap<String, Entry> =
        plans.iter().flat_map(|plan| &plan.keep).map(|(key, entry)| ((*key).to_owned(), *entry)).collect();
    let done = Written { written: writes, removed: 0, bytes: 0, unchanged: entries.len() };
    if up_to_date && writes == 0 && stale.is_empty() && unmoved(&entries, &owned) {
        return Ok(done);
    }
    let touched =
        plans.iter().flat_map(|plan| &plan.write).map(|(key, _)| *key).chain(stale.iter().map(String::as_str));
    if writes + stale.len() > 0 {
        state::save_journal(out, touched)?;
    }
    let in_the_way: BTreeSet<String> = stale.iter().filter(|key| blocks(key, release)).cloned().collect();
    let mut removed = remove(out, &in_the_way)?;
    let (last, first): (Vec<_>, Vec<_>) =
        jobs(&plans).into_iter().partition(|job| job.1.iter().any(|(key, _)| Some(*key) == manifest_key));
    entries.extend(write_all(out, &plans, first)?);
    let others: BTreeSet<String> = stale.difference(&in_the_way).cloned().collect();
    removed += remove(out, &others)?;
    entries.extend(write_all(out, &[], last)?);
    let bytes = plans.iter().flat_map(|plan| &plan.write).map(|(_, sealed)| sealed.size).sum();
    State { header, entries }.save(out)?;
    Ok(Written { bytes, removed, ..done })
}

fn unmoved(entries: &HashMap<String, Entry>, owned: &Owned) -> bool {
    entries.iter().all(|(key, entry)| owned.files.get(key).copied().flatten() == Some(*entry))
}

type Job<'p> = (&'p str, &'p [(&'p str, &'p Sealed)]);

/// The writes in pieces that two workers can share; the manifest is a piece of its own.
fn jobs<'p>(plans: &'p [FolderPlan<'p>]) -> Vec<Job<'p>> {
    plans.iter().flat_map(|plan| plan.write.chunks(512).map(|files| (plan.folder.as_str(), files))).collect()
}

fn write_all(out: &Path, plans: &[FolderPlan<'_>], jobs: Vec<Job<'_>>) -> Result<Vec<(String, Entry)>> {
    for plan in plans.iter().filter(|plan| !plan.write.is_empty()) {
        let folder = out.join(&plan.folder);
        fs::create_dir_all(&folder).with_context(|| format!("cannot create the folder {}", folder.display()))?;
    }
    let written: Vec<Vec<(String, Entry)>> =
        jobs.into_par_iter().map(|(folder, files)| write_files(out, folder, files)).collect::<Result<_>>()?;
    Ok(written.into_iter().flatten().collect())
}

fn write_files(out: &Path, folder: &str, files: &[(&str, &Sealed)]) -> Result<Vec<(String, Entry)>> {
    let path = out.join(folder);
    let open = Folder::open(&path).with_context(|| format!("cannot open the folder {}", path.display()))?;
    let worker = rayon::current_thread_index().unwrap_or_default();
    let mut buffer = Vec::new();
    let mut entries = Vec::with_capacity(files.len());
    for (key, sealed) in files {
        buffer.clear();
        sealed.artifact.body.each_piece(|piece| buffer.extend_from_slice(piece));
        let stamp = open
            .replace(file_name(key), worker, &buffer)
            .with_context(|| format!("cannot write {}", out.join(key).display()))?;
        entries.push(((*key).to_owned(), Entry { sha256: sealed.sha256, size: stamp.size, modified: stamp.modified }));
    }
    Ok(entries)
}

fn refuse_foreign(out: &Path, plans: &[FolderPlan<'_>]) -> Result<()> {
    let foreign: Vec<&str> = plans.iter().flat_map(|plan| plan.foreign.iter().copied()).collect();
    let Some(first) = foreign.first() else { return Ok(()) };
    let others = if foreign.len() > 1 { format!(" (and {} more)", foreign.len() - 1) } else { String::new() };
    bail!(
        "{}{others} is in the way: it was not made by this tool, so it is not replaced. Move it, or choose another folder with --out. Nothing was written",
        out.join(first).display()
    )
}

/// Whether a stale file stands where the release needs a folder, or below what it needs as a file.
fn blocks(stale: &str, release: &Release) -> bool {
    let at = release.artifacts.partition_point(|sealed| sealed.artifact.key.as_str() < stale);
    let folder_needed = release.artifacts[at..]
        .iter()
        .take_while(|s| s.artifact.key.starts_with(stale))
        .any(|s| s.artifact.key[stale.len()..].starts_with('/'));
    let is_artifact =
        |key: &str| release.artifacts.binary_search_by(|sealed| sealed.artifact.key.as_str().cmp(key)).is_ok();
    folder_needed || stale.match_indices('/').any(|(end, _)| is_artifact(&stale[..end]))
}

/// Removes files, and the folders that are empty then.
fn remove(out: &Path, keys: &BTreeSet<String>) -> Result<usize> {
    let mut removed = 0;
    let mut folders: BTreeSet<&str> = BTreeSet::new();
    for (folder, files) in plan::by_folder(keys.iter().map(|key| (key.as_str(), ()))) {
        let Ok(open) = Folder::open(&out.join(folder)) else { continue };
        for (key, ()) in files {
            match open.remove(file_name(key)) {
                Ok(()) => removed += 1,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error).with_context(|| format!("cannot remove {}", out.join(key).display())),
            }
        }
        folders
            .extend(folder.match_indices('/').map(|(end, _)| &folder[..end]).chain([folder]).filter(|f| !f.is_empty()));
    }
    for folder in folders.into_iter().rev() {
        // A folder that still holds something stays: that is what this call refuses to remove.
        let _ = fs::remove_dir(out.join(folder));
    }
    Ok(removed)
}

/// Half-written files of an interrupted build.
fn clean_temporaries(out: &Path, journal: &[String]) -> Result<()> {
    for folder in plan::by_folder(journal.iter().map(|key| (key.as_str(), ()))).into_keys() {
        let Ok(listing) = fs::read_dir(out.join(folder)) else { continue };
        for entry in listing {
            let entry = entry.with_context(|| format!("cannot list {}", out.join(folder).display()))?;
            if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
                fs::remove_file(entry.path()).with_context(|| format!("cannot remove {}", entry.path().display()))?;
            }
        }
    }
    Ok(())
}
