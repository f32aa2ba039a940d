//! Writing: journal, files, removals, manifest, state. Whatever is interrupted, the next build repairs.

use super::Output;
use super::folders::{Folder, TEMPORARY};
use super::plan::{self, Action, Known, Owned, PIECE, file_name};
use super::state::{self, Entry};
use crate::model::{Release, Sealed};
use anyhow::{Context, Result, bail};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

/// What a build did to the output folder, in files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    pub written: usize,
    pub removed: usize,
    pub unchanged: usize,
}

/// Makes the output folder hold exactly `release`, beside what the tool did not make.
///
/// # Errors
/// When a file that the tool did not make stands in the way (nothing is written then), another build is writing to the
/// folder, or the disk fails.
pub fn write(output: Output<'_>, release: &Release, manifest_key: Option<&str>, header: &str) -> Result<Written> {
    let (out, marks) = (output.path, output.marks);
    let mut survey = Survey::new(output, release, manifest_key, header)?;
    if survey.nothing_to_do {
        return Ok(survey.done);
    }
    let _lock = state::lock(out)?;
    if state::marks(out) != marks {
        // Another build has been here since this one looked.
        survey = Survey::new(Output::open(out)?, release, manifest_key, header)?;
    }
    let Survey { actions, stale, to_write, journal, mut done, .. } = survey;
    clean_temporaries(out, &journal)?;
    let stale: Vec<&str> = stale.iter().map(String::as_str).collect();
    if to_write.len() + stale.len() > 0 {
        let written = to_write.iter().map(|at| release.artifacts[*at].artifact.key.as_str());
        state::save_journal(out, written.chain(stale.iter().copied()))?;
    }
    let (in_the_way, others): (BTreeSet<&str>, BTreeSet<&str>) = stale.iter().partition(|key| blocks(key, release));
    done.removed += remove(out, &in_the_way)?;
    let is_manifest = |at: &usize| Some(release.artifacts[*at].artifact.key.as_str()) == manifest_key;
    let (last, first): (Vec<usize>, Vec<usize>) = to_write.into_iter().partition(is_manifest);
    let mut entries: Vec<Option<Entry>> =
        actions.iter().map(|action| if let Action::Keep(entry) = action { Some(*entry) } else { None }).collect();
    write_all(out, release, &first, &mut entries)?;
    done.removed += remove(out, &others)?;
    write_all(out, release, &last, &mut entries)?;
    let keys = release.artifacts.iter().map(|sealed| sealed.artifact.key.as_str());
    let count = entries.iter().flatten().count();
    state::save(out, header, count, keys.zip(&entries).filter_map(|(key, entry)| Some((key, (*entry)?))))?;
    Ok(done)
}

/// The folder compared with the release.
struct Survey {
    actions: Vec<Action>,
    /// Owned keys that are no part of the release.
    stale: Vec<String>,
    /// Indices of the artifacts to write.
    to_write: Vec<usize>,
    journal: Vec<String>,
    nothing_to_do: bool,
    done: Written,
}

impl Survey {
    fn new(output: Output<'_>, release: &Release, manifest_key: Option<&str>, header: &str) -> Result<Self> {
        let Output { path: out, state, journal, .. } = output;
        let same_header = state.as_ref().is_some_and(|state| state.header == header) && journal.is_empty();
        let owned = Owned::new(out, state, journal.clone(), manifest_key);
        let (known, stale) = owned.join(release);
        let actions = plan::compare(out, release, &owned, &known);
        refuse_foreign(out, release, &actions)?;
        let to_write: Vec<usize> = (0..actions.len()).filter(|at| actions[*at] == Action::Write).collect();
        let same =
            |(action, known): (&Action, &Known)| matches!((action, known), (Action::Keep(a), Known::Left(b)) if a == b);
        let unmoved = || actions.iter().zip(&known).all(same);
        let done = Written { written: to_write.len(), removed: 0, unchanged: actions.len() - to_write.len() };
        let nothing_to_do = same_header && to_write.is_empty() && stale.is_empty() && unmoved();
        let stale = stale.into_iter().map(str::to_owned).collect();
        Ok(Self { actions, stale, to_write, journal, nothing_to_do, done })
    }
}

/// Writes the artifacts at `indices`, and notes how each file was left.
fn write_all(out: &Path, release: &Release, indices: &[usize], entries: &mut [Option<Entry>]) -> Result<()> {
    let items = indices.iter().map(|at| (release.artifacts[*at].artifact.key.as_str(), *at));
    let folders = plan::by_folder(items);
    for (folder, _) in &folders {
        let folder = out.join(folder);
        fs::create_dir_all(&folder).with_context(|| format!("cannot create the folder {}", folder.display()))?;
    }
    let pieces: Vec<_> =
        folders.iter().flat_map(|(folder, files)| files.chunks(PIECE).map(move |files| (*folder, files))).collect();
    let written: Vec<Vec<(usize, Entry)>> = pieces
        .into_par_iter()
        .map(|(folder, files)| write_files(out, folder, files, release))
        .collect::<Result<_>>()?;
    for (at, entry) in written.into_iter().flatten() {
        entries[at] = Some(entry);
    }
    Ok(())
}

fn write_files(out: &Path, folder: &str, files: &[(&str, usize)], release: &Release) -> Result<Vec<(usize, Entry)>> {
    let path = out.join(folder);
    let open = Folder::open(out, folder).with_context(|| format!("cannot open the folder {}", path.display()))?;
    let worker = rayon::current_thread_index().unwrap_or_default();
    let mut buffer = Vec::new();
    let mut entries = Vec::with_capacity(files.len());
    for (key, at) in files {
        let Sealed { artifact, sha256, .. } = &release.artifacts[*at];
        let stamp = open
            .replace(file_name(key), worker, &artifact.body, &mut buffer)
            .with_context(|| format!("cannot write {}", out.join(key).display()))?;
        entries.push((*at, Entry { sha256: *sha256, size: stamp.size, modified: stamp.modified }));
    }
    Ok(entries)
}

fn refuse_foreign(out: &Path, release: &Release, actions: &[Action]) -> Result<()> {
    let refused = actions.iter().zip(&release.artifacts).filter(|(action, _)| **action == Action::Refuse);
    let keys = refused.map(|(_, sealed)| sealed.artifact.key.as_str());
    let foreign: BTreeSet<String> = keys.map(|key| plan::blocker(out, key).unwrap_or_else(|| key.to_owned())).collect();
    let Some(first) = foreign.first() else { return Ok(()) };
    let others = if foreign.len() > 1 { format!(" (and {} more)", foreign.len() - 1) } else { String::new() };
    bail!(
        "{}{others} is in the way: this tool did not make it, so it does not replace it. Move it, or choose another \
         folder with --out. Nothing was written",
        out.join(first).display()
    )
}

/// Whether a stale file stands where the release needs a folder, or below what it needs as a file.
fn blocks(stale: &str, release: &Release) -> bool {
    let find = |key: &str| release.artifacts.binary_search_by(|sealed| sealed.artifact.key.as_str().cmp(key));
    let below = format!("{stale}/");
    let at = find(&below).unwrap_or_else(|at| at);
    let folder_needed = release.artifacts.get(at).is_some_and(|sealed| sealed.artifact.key.starts_with(&below));
    folder_needed || stale.match_indices('/').any(|(end, _)| find(&stale[..end]).is_ok())
}

/// Removes files, and the folders that are empty then.
fn remove(out: &Path, keys: &BTreeSet<&str>) -> Result<usize> {
    let mut removed = 0;
    let mut folders: BTreeSet<&str> = BTreeSet::new();
    for (folder, files) in plan::by_folder(keys.iter().map(|key| (*key, ()))) {
        let Ok(open) = Folder::open(out, folder) else { continue };
        for (key, ()) in files {
            match open.remove(file_name(key)) {
                Ok(()) => removed += 1,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                // What stands there now is a folder, and not the file that the tool made.
                Err(_) if out.join(key).is_dir() => {}
                Err(error) => return Err(error).with_context(|| format!("cannot remove {}", out.join(key).display())),
            }
        }
        let above = folder.match_indices('/').map(|(end, _)| &folder[..end]);
        folders.extend(above.chain([folder]).filter(|folder| !folder.is_empty()));
    }
    for folder in folders.into_iter().rev() {
        // A folder that still holds something stays: that is what this call refuses to remove.
        let _ = fs::remove_dir(out.join(folder));
    }
    Ok(removed)
}

/// Half-written files of an interrupted build.
fn clean_temporaries(out: &Path, journal: &[String]) -> Result<()> {
    for (folder, _) in plan::by_folder(journal.iter().map(|key| (key.as_str(), ()))) {
        let Ok(listing) = fs::read_dir(out.join(folder)) else { continue };
        for entry in listing {
            let entry = entry.with_context(|| format!("cannot list {}", out.join(folder).display()))?;
            if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
                let path = entry.path();
                fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
            }
        }
    }
    Ok(())
}
