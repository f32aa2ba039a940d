//! A site in a temporary folder, and the tool run on it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The instant at which tests build, unless they say otherwise.
pub const NOW: &str = "2026-06-01T12:00:00Z";

/// A folder that goes when it is dropped.
pub struct Site {
    root: PathBuf,
}

/// What a run of the tool gave.
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Site {
    pub fn empty() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let root = std::env::temp_dir().join(format!("precast-test-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(&root).expect("a temporary folder");
        Self { root }
    }

    /// A copy of `tests/fixtures/<case>`.
    pub fn fixture(case: &str) -> Self {
        let site = Self::empty();
        copy(&fixtures().join(case), &site.root);
        site
    }

    #[must_use]
    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.write(path, content);
        self
    }

    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folders");
        fs::write(path, content).expect("a file");
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub fn json(&self, path: &str) -> serde_json::Value {
        let text = fs::read_to_string(self.path(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}\n{text}"))
    }

    /// Runs the tool in the site's folder.
    pub fn run(&self, arguments: &[&str]) -> Run {
        run_in(&self.root, arguments)
    }

    /// Builds at [`NOW`], and wants it done.
    pub fn build(&self) -> Run {
        let run = self.run(&["build", "--now", NOW]);
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
        run
    }

    /// Every file below `public/` but the tool's own state.
    pub fn public(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = tree(&self.path("public"));
        files.retain(|path, _| !path.starts_with(".precast"));
        files
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// The tool, run in `folder`.
pub fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_precast"));
    command.current_dir(folder).env("NO_COLOR", "1").env_remove("GITHUB_ACTIONS");
    command
}

pub fn run_in(folder: &Path, arguments: &[&str]) -> Run {
    let Output { status, stdout, stderr } = command(folder).args(arguments).output().expect("the tool starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the tool speaks UTF-8");
    Run { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
}

/// Every file below `folder`.
pub fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in walkdir::WalkDir::new(folder).into_iter().flatten().filter(|entry| !entry.file_type().is_dir()) {
        let name = entry.path().strip_prefix(folder).expect("below the folder").to_string_lossy().replace('\\', "/");
        files.insert(name, fs::read(entry.path()).unwrap_or_default());
    }
    files
}

fn copy(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry.expect("the fixture is there");
        let target = to.join(entry.path().strip_prefix(from).expect("below the fixture"));
        let kind = entry.file_type();
        if kind.is_dir() {
            fs::create_dir_all(&target).expect("a folder");
        } else if kind.is_symlink() {
            #[cfg(unix)]
            std::os::unix::fs::symlink(fs::read_link(entry.path()).expect("a link"), &target).expect("a link");
        } else {
            fs::copy(entry.path(), &target).expect("a file");
        }
    }
}
