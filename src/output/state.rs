//! What the last build left in the output folder: `.precast/state`, which may be deleted at any time.

use crate::model::hex;
use anyhow::{Context, Result, bail};
use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The folder of the build's own files, below the output folder.
pub const FOLDER: &str = ".precast";
const MAGIC: &str = "precast-state 1";

/// The files of the last build, and what the build was made from.
#[derive(Debug, Default)]
pub struct State {
    /// What stands for the inputs and the tool, so that an unchanged site needs no build.
    pub header: String,
    /// In order of key.
    pub entries: Vec<(Box<str>, Entry)>,
}

/// A file as it was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub sha256: [u8; 32],
    pub size: u64,
    /// Nanoseconds since 1970.
    pub modified: i64,
}

impl State {
    pub fn load(out: &Path) -> Result<Option<Self>> {
        let path = out.join(FOLDER).join("state");
        let text = match fs::read(&path) {
            Ok(bytes) => String::from_utf8(bytes).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        Ok(Self::parse(&text))
    }

    /// A damaged state is no state: the next build then looks at every file.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        lines.next().filter(|line| *line == MAGIC)?;
        let header = lines.next()?.to_owned();
        let count: usize = lines.next()?.parse().ok()?;
        let entries: Vec<(Box<str>, Entry)> = lines.map(entry).collect::<Option<_>>()?;
        let sorted = entries.is_sorted_by(|a, b| a.0 < b.0);
        (sorted && entries.len() == count).then_some(Self { header, entries })
    }
}

/// Replaces the state on disk, and with it whatever journal there was. The `count` `entries` are in
/// order of key.
pub fn save<'k>(out: &Path, header: &str, count: usize, entries: impl Iterator<Item = (&'k str, Entry)>) -> Result<()> {
    replace(out, "state", |file| {
        writeln!(file, "{MAGIC}\n{header}\n{count}")?;
        let mut entries = entries;
        entries.try_for_each(|(key, Entry { sha256, size, modified })| {
            file.write_all(hex(&sha256).as_bytes())?;
            writeln!(file, " {size} {modified} {key}")
        })
    })?;
    let journal = out.join(FOLDER).join("journal");
    match fs::remove_file(&journal) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", journal.display()))
        }
        _ => Ok(()),
    }
}

fn entry(line: &str) -> Option<(Box<str>, Entry)> {
    let mut parts = line.splitn(4, ' ');
    let sha256 = unhex(parts.next()?)?;
    let size = parts.next()?.parse().ok()?;
    let modified = parts.next()?.parse().ok()?;
    Some((parts.next()?.into(), Entry { sha256, size, modified }))
}

pub fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, pair) in digest.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(digest)
}

/// The keys that an interrupted build was about to touch.
pub fn load_journal(out: &Path) -> Result<Vec<String>> {
    let path = out.join(FOLDER).join("journal");
    match fs::read(&path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Notes what is about to be touched, durably, before anything is.
pub fn save_journal<'k>(out: &Path, keys: impl Iterator<Item = &'k str>) -> Result<()> {
    replace(out, "journal", |file| keys.into_iter().try_for_each(|key| writeln!(file, "{key}")))
}

/// Size and time of the state and of the journal; `None` for one that is not there.
pub type Marks = [Option<(u64, SystemTime)>; 2];

pub fn marks(out: &Path) -> Marks {
    ["state", "journal"].map(|name| {
        let metadata = fs::metadata(out.join(FOLDER).join(name)).ok()?;
        Some((metadata.len(), metadata.modified().ok()?))
    })
}

/// Keeps other builds from the folder until the lock is dropped, or the process ends in whatever way.
pub fn lock(out: &Path) -> Result<File> {
    let path = out.join(FOLDER).join("lock");
    let context = || format!("cannot write {}", path.display());
    fs::create_dir_all(out.join(FOLDER)).with_context(context)?;
    let file = File::options().create(true).truncate(false).write(true).open(&path).with_context(context)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("another build is writing to {}: run this one again when that has ended", out.display())
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(context),
    }
}

/// Puts what `content` writes under `name`: all of it or nothing, and so that it survives a loss of power.
fn replace(out: &Path, name: &str, content: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<()> {
    let folder = out.join(FOLDER);
    let (temporary, path): (PathBuf, PathBuf) = (folder.join(format!("{name}.new")), folder.join(name));
    let written = || -> io::Result<()> {
        fs::create_dir_all(&folder)?;
        let mut file = BufWriter::with_capacity(1 << 18, File::create(&temporary)?);
        content(&mut file)?;
        file.into_inner()?.sync_all()?;
        fs::rename(&temporary, &path)
    };
    written().with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_state_is_none() {
        let line = format!("{} 5 17 a b.json", "0f".repeat(32));
        let good = format!("{MAGIC}\nheader\n1\n{line}\n");
        let state = State::parse(&good).expect("parses");
        assert_eq!(state.entries, [("a b.json".into(), Entry { sha256: [15; 32], size: 5, modified: 17 })]);
        for cut in [0, 10, good.len() - 90, good.len() - 2] {
            let torn = &good[..cut];
            assert!(State::parse(torn).is_none_or(|state| state.entries.len() == 1), "{torn}");
        }
    }
}
