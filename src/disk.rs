//! Folders to inputs.

#![allow(clippy::disallowed_methods, reason = "an I/O edge")]

use crate::model::{InputFile, Inputs};
use anyhow::{Context, Result};
use rayon::prelude::*;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use walkdir::{DirEntry, WalkDir};

/// Reads one file below `root`; `None` if there is none.
///
/// # Errors
/// When the file is there and cannot be read.
pub fn read_one(root: &Path, path: &str, max_bytes: u64) -> Result<Option<InputFile>> {
    let full = root.join(path);
    match fs::symlink_metadata(&full) {
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", full.display())),
        Ok(_) => {}
    }
    let root = canonical_root(root)?;
    read_file(&root, &full, max_bytes).map(Some)
}

/// Reads the files and folders `wanted` below `root`, in parallel. What is not there is left out.
///
/// # Errors
/// When something is there and the disk does not give it.
pub fn read(root: &Path, wanted: &[String], max_bytes: u64) -> Result<Inputs> {
    read_but(root, wanted, max_bytes, &|_| false)
}

/// The same, but for what is below the paths that are `left_out`: somebody else writes there meanwhile.
///
/// # Errors
/// As [`read`].
pub fn read_but(root: &Path, wanted: &[String], max_bytes: u64, left_out: &dyn Fn(&str) -> bool) -> Result<Inputs> {
    let canonical = canonical_root(root)?;
    let mut inputs = Inputs::default();
    let mut found: Vec<(Arc<str>, PathBuf)> = Vec::new();
    for path in wanted {
        let full = root.join(path);
        match fs::symlink_metadata(&full) {
            Err(error) if is_absent(&error) => {
                inputs.beside.extend(beside(root, path));
                continue;
            }
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", full.display())),
            Ok(_) => {}
        }
        if let Some(file) = link_fault(&canonical, &full) {
            inputs.files.insert(Arc::from(path.as_str()), file);
        } else if full.is_dir() {
            inputs.folders.insert(path.clone());
            walk(&canonical, (path, &full), left_out, &mut inputs, &mut found)?;
        } else {
            found.push((Arc::from(path.as_str()), full));
        }
    }
    // One wanted folder may hold another.
    found.sort_unstable();
    found.dedup();
    let read: Vec<(Arc<str>, InputFile)> = found
        .into_par_iter()
        .map(|(path, full)| Ok((path, read_file(&canonical, &full, max_bytes)?)))
        .collect::<Result<_>>()?;
    inputs.files.extend(read);
    Ok(inputs)
}

/// Whether anything stands at `path` below `root`.
pub fn is_there(root: &Path, path: &str) -> bool {
    fs::symlink_metadata(root.join(path)).is_ok()
}

/// Path, relative to the root, and what was found there.
pub type Files = Vec<(Arc<str>, InputFile)>;

/// Reads files that were read before; `None` where one of them is no plain file any more, and a full reading is due.
///
/// # Errors
/// When the disk fails.
pub fn read_again(root: &Path, paths: &[String], max_bytes: u64) -> Result<Option<Files>> {
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        match fs::symlink_metadata(root.join(path)) {
            Ok(metadata) if metadata.is_file() => {}
            _ => return Ok(None),
        }
        match read_one(root, path, max_bytes)? {
            Some(file) => files.push((Arc::from(path.as_str()), file)),
            None => return Ok(None),
        }
    }
    Ok(Some(files))
}

/// What stands where a missing path should be: one of it may be meant.
fn beside(root: &Path, path: &str) -> Vec<String> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let Ok(entries) = fs::read_dir(root.join(folder)) else { return Vec::new() };
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.map(|name| if folder.is_empty() { name } else { format!("{folder}/{name}") }).collect()
}

/// Lists the files below one folder. Links are followed as long as they stay below the root.
fn walk(
    root: &Path,
    (path, full): (&str, &Path),
    left_out: &dyn Fn(&str) -> bool,
    inputs: &mut Inputs,
    found: &mut Vec<(Arc<str>, PathBuf)>,
) -> Result<()> {
    let name = |entry: &Path| -> Arc<str> {
        let below = entry.strip_prefix(full).unwrap_or(entry).to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
        Arc::from(format!("{path}/{below}"))
    };
    let mut outside = Vec::new();
    let mut enter = |entry: &DirEntry| {
        if left_out(&name(entry.path())) {
            return false;
        }
        if !entry.path_is_symlink() {
            return true;
        }
        match link_fault(root, entry.path()) {
            Some(fault) => {
                outside.push((name(entry.path()), fault));
                false
            }
            None => true,
        }
    };
    for entry in WalkDir::new(full).follow_links(true).sort_by_file_name().into_iter().filter_entry(&mut enter) {
        match entry {
            Ok(entry) if entry.file_type().is_file() => found.push((name(entry.path()), entry.into_path())),
            Ok(_) => {}
            Err(error) => {
                let at = error.path().map(Path::to_owned).unwrap_or_default();
                let broken = fs::symlink_metadata(&at).is_ok_and(|metadata| metadata.is_symlink());
                if !broken {
                    return Err(error).with_context(|| format!("cannot read {}", full.display()));
                }
                inputs.files.insert(name(&at), InputFile::BrokenLink(target(&at)));
            }
        }
    }
    inputs.files.extend(outside);
    Ok(())
}

/// Whether `full` is a symbolic link (or stands behind one) that leaves `root`, or leads nowhere.
fn link_fault(root: &Path, full: &Path) -> Option<InputFile> {
    match fs::canonicalize(full) {
        Ok(real) if real.starts_with(root) => None,
        Ok(_) => Some(InputFile::Outside(target(full))),
        Err(_) => Some(InputFile::BrokenLink(target(full))),
    }
}

fn target(link: &Path) -> String {
    fs::read_link(link).map_or_else(|_| link.display().to_string(), |to| to.display().to_string())
}

fn read_file(root: &Path, full: &Path, max_bytes: u64) -> Result<InputFile> {
    let context = || format!("cannot read {}", full.display());
    let linked = fs::symlink_metadata(full).with_context(context)?.is_symlink();
    if let Some(fault) = linked.then(|| link_fault(root, full)).flatten() {
        return Ok(fault);
    }
    let file = File::open(full).with_context(context)?;
    let metadata = file.metadata().with_context(context)?;
    anyhow::ensure!(metadata.is_file(), "cannot read {}: it is not a file", full.display());
    if metadata.len() > max_bytes {
        return Ok(InputFile::TooLarge(metadata.len()));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default() + 1);
    file.take(max_bytes + 1).read_to_end(&mut bytes).with_context(context)?;
    let size = bytes.len() as u64;
    Ok(if size > max_bytes { InputFile::TooLarge(size) } else { InputFile::Bytes(Arc::new(bytes)) })
}

fn canonical_root(root: &Path) -> Result<PathBuf> {
    fs::canonicalize(root).with_context(|| format!("cannot open the site's root {}", root.display()))
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
