//! The files a build is made from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Every file under the declared sources: path (relative to the root, with `/`) to what was found there.
#[derive(Clone, Default)]
pub struct Inputs {
    pub files: BTreeMap<Arc<str>, InputFile>,
    /// Folders that were looked into, whether or not they hold a file.
    pub folders: BTreeSet<String>,
    /// What stands beside a path that is not there.
    pub beside: Vec<String>,
}

/// What reading one path gave. Faults of the files themselves are values, so that all of them can be told at once.
#[derive(Clone, Debug)]
pub enum InputFile {
    Bytes(Arc<Vec<u8>>),
    /// Its size in bytes; it was not read.
    TooLarge(u64),
    /// A symbolic link whose target is not below the root.
    Outside(String),
    /// A symbolic link that leads nowhere, or in a circle.
    BrokenLink(String),
}

impl Inputs {
    pub fn bytes(&self, path: &str) -> Option<&[u8]> {
        match self.files.get(path) {
            Some(InputFile::Bytes(bytes)) => Some(bytes),
            _ => None,
        }
    }

    /// Whether `path` is one of the files.
    pub fn is_file(&self, path: &str) -> bool {
        matches!(self.files.get(path), Some(InputFile::Bytes(_)))
    }

    /// The file at `path`, out of the inputs unless it is to be read again.
    pub fn take(&mut self, path: &str, again: bool) -> Option<InputFile> {
        if again { self.files.get(path).cloned() } else { self.files.remove(path) }
    }

    /// Whether a file or a folder stands at `path`.
    pub fn has(&self, path: &str) -> bool {
        self.files.contains_key(path) || self.folders.contains(path)
    }

    /// The files below the folder `path`, or the file `path` itself, in order of path.
    pub fn under<'a>(&'a self, path: &'a str) -> impl Iterator<Item = (&'a Arc<str>, &'a InputFile)> {
        let below =
            move |file: &str| file.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        self.files
            .range::<str, _>((std::ops::Bound::Included(path), std::ops::Bound::Unbounded))
            .take_while(move |(file, _)| file.starts_with(path))
            .filter(move |(file, _)| below(file))
    }
}
