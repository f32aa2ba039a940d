//! Folders opened once, and files in them by name: paths are not resolved from the root for every file.

use crate::model::Body;
use std::io::{self, Write};
use std::path::Path;

/// What the file system says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub size: u64,
    pub modified: i64,
}

#[cfg(unix)]
pub use unix::Folder;

#[cfg(not(unix))]
pub use portable::Folder;

/// Name of a file that is being written, in the folder where it will stand.
pub const TEMPORARY: &str = ".precast-new-";

/// How many bytes of a large body are gathered before they are written.
const PIECE: usize = 256 * 1024;

fn write_body(file: &mut impl Write, body: &Body, buffer: &mut Vec<u8>) -> io::Result<()> {
    let mut done = Ok(());
    buffer.clear();
    body.each_piece(|piece| {
        if buffer.len() + piece.len() > PIECE && done.is_ok() {
            done = file.write_all(buffer);
            buffer.clear();
        }
        if piece.len() <= PIECE {
            buffer.extend_from_slice(piece);
        } else if done.is_ok() {
            done = file.write_all(piece);
        }
    });
    done.and_then(|()| file.write_all(buffer))
}

#[cfg(unix)]
mod unix {
    use super::{Body, Path, Stamp, TEMPORARY, io, write_body};
    use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};
    use std::fs::File;
    use std::os::fd::OwnedFd;

    /// An open folder.
    pub struct Folder {
        fd: OwnedFd,
    }

    impl Folder {
        /// Opens the folder `below` the output folder. No link is followed on the way: it could lead anywhere.
        pub fn open(out: &Path, below: &str) -> io::Result<Self> {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let mut fd = rustix::fs::open(out, flags, Mode::empty())?;
            for segment in below.split('/').filter(|segment| !segment.is_empty()) {
                fd = rustix::fs::openat(&fd, segment, flags | OFlags::NOFOLLOW, Mode::empty())?;
            }
            Ok(Self { fd })
        }

        /// The size and time of a regular file; `None` for anything else.
        pub fn stamp(&self, name: &str) -> Option<Stamp> {
            let stat = rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
            (FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile).then(|| stamp(&stat))
        }

        /// Whether anything stands under this name.
        pub fn has(&self, name: &str) -> bool {
            rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW).is_ok()
        }

        /// Puts `body` under `name`: all of it or nothing. `buffer` is scratch space to be used again.
        pub fn replace(&self, name: &str, worker: usize, body: &Body, buffer: &mut Vec<u8>) -> io::Result<Stamp> {
            let temporary = format!("{TEMPORARY}{worker}");
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC | OFlags::NOFOLLOW;
            let fd = rustix::fs::openat(&self.fd, &*temporary, flags, Mode::from_raw_mode(0o644))?;
            let mut file = File::from(fd);
            write_body(&mut file, body, buffer)?;
            let stat = rustix::fs::fstat(&file)?;
            drop(file);
            rustix::fs::renameat(&self.fd, &*temporary, &self.fd, name)?;
            Ok(stamp(&stat))
        }

        pub fn remove(&self, name: &str) -> io::Result<()> {
            Ok(rustix::fs::unlinkat(&self.fd, name, AtFlags::empty())?)
        }

        pub fn read(&self, name: &str) -> io::Result<Vec<u8>> {
            let fd =
                rustix::fs::openat(&self.fd, name, OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW, Mode::empty())?;
            let mut bytes = Vec::new();
            io::Read::read_to_end(&mut File::from(fd), &mut bytes)?;
            Ok(bytes)
        }
    }

    #[allow(
        clippy::unnecessary_cast,
        clippy::cast_sign_loss,
        clippy::cast_possible_wrap,
        reason = "the types of these fields differ between systems"
    )]
    fn stamp(stat: &Stat) -> Stamp {
        Stamp {
            size: stat.st_size as u64,
            modified: (stat.st_mtime as i64).wrapping_mul(1_000_000_000).wrapping_add(stat.st_mtime_nsec as i64),
        }
    }
}

#[cfg(not(unix))]
mod portable {
    use super::{Body, Path, Stamp, TEMPORARY, io, write_body};
    use std::fs;
    use std::path::PathBuf;
    use std::time::UNIX_EPOCH;

    /// A folder by its path.
    pub struct Folder {
        path: PathBuf,
    }

    impl Folder {
        /// Opens the folder `below` the output folder. No link is followed on the way: it could lead anywhere.
        pub fn open(out: &Path, below: &str) -> io::Result<Self> {
            let mut path = out.to_owned();
            for segment in below.split('/').filter(|segment| !segment.is_empty()) {
                path.push(segment);
                if !fs::symlink_metadata(&path)?.is_dir() {
                    return Err(io::Error::from(io::ErrorKind::NotADirectory));
                }
            }
            Ok(Self { path })
        }

        /// The size and time of a regular file; `None` for anything else.
        pub fn stamp(&self, name: &str) -> Option<Stamp> {
            let metadata = fs::symlink_metadata(self.path.join(name)).ok().filter(fs::Metadata::is_file)?;
            let modified = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
            Some(Stamp { size: metadata.len(), modified: i64::try_from(modified.as_nanos()).ok()? })
        }

        /// Whether anything stands under this name.
        pub fn has(&self, name: &str) -> bool {
            fs::symlink_metadata(self.path.join(name)).is_ok()
        }

        /// Puts `body` under `name`: all of it or nothing. `buffer` is scratch space to be used again.
        pub fn replace(&self, name: &str, worker: usize, body: &Body, buffer: &mut Vec<u8>) -> io::Result<Stamp> {
            let temporary = format!("{TEMPORARY}{worker}");
            write_body(&mut fs::File::create(self.path.join(&temporary))?, body, buffer)?;
            fs::rename(self.path.join(&temporary), self.path.join(name))?;
            self.stamp(name).ok_or_else(|| io::Error::other("the file is gone"))
        }

        pub fn remove(&self, name: &str) -> io::Result<()> {
            fs::remove_file(self.path.join(name))
        }

        pub fn read(&self, name: &str) -> io::Result<Vec<u8>> {
            fs::read(self.path.join(name))
        }
    }
}
