//! One refresh at a time.

#![allow(clippy::disallowed_methods, reason = "an I/O edge")]

use anyhow::{Context, Result, bail};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

/// Held as long as it lives. The system lets go of it when the process ends, however it ends; the file that stays says
/// who held it last.
pub struct Lock {
    file: File,
}

impl Lock {
    /// # Errors
    /// When another process holds it.
    pub fn take(root: &Path) -> Result<Self> {
        let folder = folder(root);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let ignored = folder.join(".gitignore");
        if !ignored.exists() {
            fs::write(&ignored, "*\n").with_context(|| format!("cannot write {}", ignored.display()))?;
        }
        let path = folder.join("lock");
        let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = open.with_context(|| format!("cannot open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut held = String::new();
                let _ = file.read_to_string(&mut held);
                bail!("another refresh is at work (process {}): wait until it has ended", held.trim());
            }
            Err(TryLockError::Error(error)) => return Err(error).context(format!("cannot lock {}", path.display())),
        }
        let written =
            file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
        written.with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { file })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

/// Where refreshes keep what is nobody else's.
pub fn folder(root: &Path) -> PathBuf {
    root.join("data/activity/.refresh")
}
