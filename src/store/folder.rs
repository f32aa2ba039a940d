//! Objects as files below a folder. A file is put beside its place and renamed, so nobody reads half of it. Files keep
//! no headers and no versions.

#![allow(clippy::disallowed_methods, reason = "an I/O edge")]

use super::{Condition, Content, Copy, Listed, Meta, Object, Put, PutError, Written, digest_tag};
use anyhow::{Context, Error, Result, anyhow, bail};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::UNIX_EPOCH;

/// What is put is first a file of this folder, on the same file system.
const TEMPORARY: &str = ".precast/put";

/// How a file gets to its place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Over whatever is there.
    Over,
    /// In the stead of what is there; it stays through a loss of power.
    Instead,
    /// Only where there is nothing; it stays through a loss of power.
    New,
}

impl Place {
    fn is_durable(self) -> bool {
        self != Self::Over
    }
}

#[derive(Clone, Debug)]
pub struct Folder {
    path: Arc<Path>,
    /// The folders whose names are known to be on the disk, up to this one's own.
    settled: Arc<Mutex<HashSet<PathBuf>>>,
}

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path: path.into(), settled: Arc::default() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The file of a key. A key may come out of a document that somebody else wrote: it never leaves the folder.
    fn file(&self, key: &str) -> Result<PathBuf> {
        let leaves = key.split('/').any(|segment| matches!(segment, "" | "." | "..") || segment.contains(['\\', '\0']));
        if leaves {
            bail!("`{key}` is no key of a folder");
        }
        Ok(self.path.join(key))
    }

    pub(super) async fn put(&self, put: Put<'_>) -> Result<Written, PutError> {
        let folder = self.clone();
        let (key, content, sha256, condition) = (put.key.to_owned(), put.content, put.sha256, put.condition);
        blocking(move || Ok(folder.put_now(&key, &content, sha256, &condition))).await.map_err(PutError::Failed)?
    }

    fn put_now(
        &self,
        key: &str,
        content: &Content,
        sha256: [u8; 32],
        condition: &Condition,
    ) -> Result<Written, PutError> {
        let done = || -> Result<Option<Written>> {
            let file = self.file(key)?;
            let body = match content {
                Content::Bytes(bytes) => bytes.clone(),
                Content::File(path, _) => {
                    fs::read(path).with_context(|| format!("cannot read {}", path.display()))?.into()
                }
            };
            if <[u8; 32]>::from(Sha256::digest(&body)) != sha256 {
                bail!("the file of {key} changed while it was read: build again");
            }
            let put = match condition {
                Condition::Any => self.place(&file, &body, Place::Over)?,
                Condition::Absent => self.place(&file, &body, Place::New)?,
                Condition::Unchanged(tag) => {
                    let _held = self.lock()?;
                    let there = read(&file)?.map(|body| digest_tag(&body));
                    there.as_ref() == Some(tag) && self.place(&file, &body, Place::Instead)?
                }
            };
            Ok(put.then(|| Written { etag: digest_tag(&body), version: None }))
        };
        match done() {
            Ok(Some(written)) => Ok(written),
            Ok(None) => Err(PutError::Precondition),
            Err(error) => Err(PutError::Failed(error)),
        }
    }

    /// Writes beside the place, and renames or links. Says whether it did: a new file is only where there is none.
    fn place(&self, file: &Path, body: &[u8], place: Place) -> Result<bool> {
        let temporaries = self.path.join(TEMPORARY);
        let made = make_folder(&temporaries).and_then(|()| temporary(&temporaries));
        let (temporary, mut out) = made.map_err(|error| told(&error, file))?;
        let written = (|| -> io::Result<bool> {
            out.write_all(body)?;
            if place.is_durable() {
                out.sync_all()?;
            }
            let parent = file.parent().unwrap_or(&self.path);
            make_folder(parent)?;
            if place.is_durable() {
                self.settle(parent)?;
            }
            if place == Place::New {
                // Of all who link at once, one does.
                match fs::hard_link(&temporary, file) {
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
                    linked => linked?,
                }
            } else {
                fs::rename(&temporary, file)?;
            }
            if place.is_durable() {
                sync_folder(parent)?;
            }
            Ok(true)
        })();
        if place == Place::New || written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written.map_err(|error| told(&error, file))
    }

    /// Waits until the name of a folder, and of each above it, is on the disk: whoever made it may still be waiting.
    fn settle(&self, folder: &Path) -> io::Result<()> {
        let settled = || self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        if settled().contains(folder) {
            return Ok(());
        }
        for named in folder.ancestors().take_while(|above| above.starts_with(&self.path)) {
            match named.parent().map_or(Ok(()), sync_folder) {
                // What is above the store need not be ours to open.
                Err(error) if *named == *self.path && error.kind() == io::ErrorKind::PermissionDenied => {}
                synced => synced?,
            }
        }
        settled().insert(folder.to_owned());
        Ok(())
    }

    /// Removes what processes that are no more have left: nobody is at work on it.
    pub(super) fn sweep(&self) {
        let Ok(left) = fs::read_dir(self.path.join(TEMPORARY)) else { return };
        for path in left.flatten().map(|entry| entry.path()) {
            let Ok(file) = File::open(&path) else { continue };
            if file.try_lock().is_ok() {
                let _ = fs::remove_file(&path);
            }
        }
    }

    /// Held while a condition is looked at and the object is put.
    fn lock(&self) -> Result<File> {
        let path = self.path.join(".precast/lock");
        let opened = path.parent().map_or(Ok(()), make_folder).and_then(|()| File::create(&path));
        let file = opened.map_err(|error| anyhow!("cannot write to {}: {error}", self.path.display()))?;
        file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
        Ok(file)
    }

    pub(super) async fn get(&self, key: &str) -> Result<Option<Object>> {
        let file = self.file(key)?;
        blocking(move || Ok(read(&file)?.map(object))).await
    }

    pub(super) async fn copy(&self, from: &str, to: &Copy<'_>) -> Result<Option<Written>> {
        let (folder, from, sha256, to) = (self.clone(), self.file(from)?, to.sha256, self.file(to.key)?);
        blocking(move || {
            let body = read(&from)?.filter(|body| <[u8; 32]>::from(Sha256::digest(body)) == sha256);
            let Some(body) = body else { return Ok(None) };
            folder.place(&to, &body, Place::Over)?;
            Ok(Some(Written { etag: digest_tag(&body), version: None }))
        })
        .await
    }

    pub(super) async fn delete(&self, keys: &[String]) -> Result<()> {
        let files: Vec<PathBuf> = keys.iter().map(|key| self.file(key)).collect::<Result<_>>()?;
        let root = Arc::clone(&self.path);
        blocking(move || {
            for file in files {
                match fs::remove_file(&file) {
                    // What stands there now is a folder, and not the object.
                    Err(_) if file.is_dir() => {}
                    Err(error) if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                        return Err(error).with_context(|| format!("cannot remove {}", file.display()));
                    }
                    _ => {}
                }
                // A folder that still holds something stays: that is what this call refuses to remove.
                let above = file.ancestors().skip(1).take_while(|folder| **folder != *root);
                let _ = above.map(fs::remove_dir).take_while(Result::is_ok).count();
            }
            Ok(())
        })
        .await
    }

    pub(super) async fn list(&self, prefix: &str) -> Result<Vec<Listed>> {
        let (root, prefix) = (Arc::clone(&self.path), prefix.to_owned());
        blocking(move || {
            let below = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
            let mut listed = Vec::new();
            for entry in walkdir::WalkDir::new(root.join(below)) {
                let entry = match entry {
                    Ok(entry) => entry,
                    Err(error) if error.io_error().is_some_and(|e| e.kind() == io::ErrorKind::NotFound) => continue,
                    Err(_) if !root.is_dir() => bail!("{} is no folder: name another target", root.display()),
                    Err(error) => bail!("cannot list {}: {error}", root.display()),
                };
                let key = entry.path().strip_prefix(&root).unwrap_or(entry.path()).to_string_lossy().replace('\\', "/");
                if entry.file_type().is_dir() || !key.starts_with(&prefix) || key.starts_with(TEMPORARY) {
                    continue;
                }
                let Ok(meta) = entry.metadata() else { continue };
                let modified = meta.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
                let modified = modified.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or_default());
                listed.push(Listed { key, size: meta.len(), modified });
            }
            listed.sort_unstable_by(|a, b| a.key.cmp(&b.key));
            Ok(listed)
        })
        .await
    }
}

/// Makes a folder and those above it, each of which stays through a loss of power.
fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        make_folder(parent)?;
    }
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => folder.parent().map_or(Ok(()), sync_folder),
    }
}

/// Waits until the names in a folder are on the disk (fsync(2)).
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

/// Elsewhere folders are no files, and names are as durable as the system makes them.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// A new file, locked for as long as it is open. What a killed process has left under its name may be linked to an object
/// already, and processes of two containers have the same number: no file is taken that is there.
fn temporary(folder: &Path) -> io::Result<(PathBuf, File)> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    static OURS: OnceLock<u64> = OnceLock::new();
    let ours = *OURS.get_or_init(|| RandomState::new().hash_one(std::process::id()));
    loop {
        let path = folder.join(format!("{ours:016x}-{}", COUNT.fetch_add(1, Ordering::Relaxed)));
        match File::options().write(true).create_new(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => {
                let file = made?;
                // Where there are no locks, nobody sweeps either.
                if file.lock().is_err() || !is_swept(&file)? {
                    return Ok((path, file));
                }
            }
        }
    }
}

/// Whether somebody removed the file before it was locked.
#[cfg(unix)]
fn is_swept(file: &File) -> io::Result<bool> {
    Ok(std::os::unix::fs::MetadataExt::nlink(&file.metadata()?) == 0)
}

#[cfg(not(unix))]
fn is_swept(_: &File) -> io::Result<bool> {
    Ok(false)
}

fn told(error: &io::Error, file: &Path) -> Error {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            let again = "Make room, and run it again: it is finished then";
            anyhow!("cannot write {}: the disk is full. {again}", file.display())
        }
        _ => anyhow!("cannot write {}: {error}", file.display()),
    }
}

fn read(file: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(file) {
        Ok(body) => Ok(Some(body)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        // A folder stands where the file would.
        Err(_) if file.is_dir() => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
}

fn object(body: Vec<u8>) -> Object {
    let meta = Meta {
        etag: digest_tag(&body),
        version: None,
        size: body.len() as u64,
        sha256: Some(Sha256::digest(&body).into()),
        ours: None,
        headers: None,
    };
    Object { meta, body }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.context("the work was cut off")?
}
