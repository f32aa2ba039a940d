//! Objects as files below a folder. A file is put beside its place and renamed, so nobody reads half of it. Files keep
//! no headers and no versions.

#![allow(clippy::disallowed_methods, reason = "an I/O edge")]

use super::{Condition, Content, Copy, Listed, Meta, Object, Put, PutError, Written, digest_tag};
use anyhow::{Context, Result, anyhow, bail};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::UNIX_EPOCH;

/// What is put is first a file of this folder, on the same file system.
const TEMPORARY: &str = ".precast/put";

#[derive(Clone, Debug)]
pub struct Folder {
    path: Arc<Path>,
}

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path: path.into() }
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
            let _held = match condition {
                Condition::Any => None,
                _ => Some(self.lock()?),
            };
            if *condition != Condition::Any {
                let there = read(&file)?.map(|body| digest_tag(&body));
                let holds = match condition {
                    Condition::Any => true,
                    Condition::Absent => there.is_none(),
                    Condition::Unchanged(tag) => there.as_ref() == Some(tag),
                };
                if !holds {
                    return Ok(None);
                }
            }
            self.replace(&file, &body, *condition != Condition::Any)?;
            Ok(Some(Written { etag: digest_tag(&body), version: None }))
        };
        match done() {
            Ok(Some(written)) => Ok(written),
            Ok(None) => Err(PutError::Precondition),
            Err(error) => Err(PutError::Failed(error)),
        }
    }

    /// Writes beside the place, and renames. `durable` waits for the disk.
    fn replace(&self, file: &Path, body: &[u8], durable: bool) -> Result<()> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let temporaries = self.path.join(TEMPORARY);
        fs::create_dir_all(&temporaries).with_context(|| format!("cannot make {}", temporaries.display()))?;
        let name = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let temporary = temporaries.join(name);
        let written = (|| -> io::Result<()> {
            let mut out = File::create(&temporary)?;
            out.write_all(body)?;
            if durable {
                out.sync_all()?;
            }
            drop(out);
            if let Some(parent) = file.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::rename(&temporary, file)
        })();
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written.map_err(|error| match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                anyhow!(
                    "cannot write {}: the disk is full. Make room, and run it again: it is finished then",
                    file.display()
                )
            }
            _ => anyhow!("cannot write {}: {error}", file.display()),
        })
    }

    /// Held while a condition is looked at and the object is put.
    fn lock(&self) -> Result<File> {
        let path = self.path.join(".precast/lock");
        let opened = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| File::create(&path));
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
            folder.replace(&to, &body, false)?;
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
