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
        site.link();
        site
    }

    /// A copy of the repository's own site: its content, its data and its settings.
    pub fn shipped() -> Self {
        let site = Self::empty();
        for folder in ["content", "data", "site"] {
            copy(&repository().join(folder), &site.root.join(folder));
        }
        site
    }

    /// Makes the symbolic links that `links.txt` of the fixture lists, a line `path -> target` for each.
    #[cfg(unix)]
    fn link(&self) {
        let list = fs::read_to_string(self.path("links.txt")).unwrap_or_default();
        for (path, target) in list.lines().filter_map(|line| line.split_once(" -> ")) {
            let path = self.path(path);
            fs::create_dir_all(path.parent().expect("a link has a folder")).expect("folders");
            std::os::unix::fs::symlink(target, path).expect("a link");
        }
    }

    #[cfg(not(unix))]
    fn link(&self) {}

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

    pub fn text(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    /// What a static host answers at `/{path}`: `api/tags` is the file `public/api/tags.json`.
    pub fn answer(&self, path: &str) -> String {
        self.text(&format!("public/{path}.json"))
    }

    pub fn json(&self, path: &str) -> serde_json::Value {
        let text = self.text(path);
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}\n{text}"))
    }

    /// Runs the tool in the site's folder.
    pub fn run(&self, arguments: &[&str]) -> Run {
        run_in(&self.root, arguments)
    }

    /// Runs the tool, and wants it to end with `code`.
    pub fn ends(&self, code: i32, arguments: &[&str]) -> Run {
        let run = self.run(arguments);
        assert_eq!(run.code, Some(code), "{arguments:?}\n{}{}", run.stdout, run.stderr);
        run
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
        files.retain(|path, _| !path.starts_with(".precast/"));
        files
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn fixtures() -> PathBuf {
    repository().join("tests/fixtures")
}

/// Numbers that look random and are the same in every run (xorshift64*).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.max(1))
    }

    /// A number from 0 to `sides - 1`.
    pub fn below(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32;
        usize::try_from(high).expect("32 bits") % sides
    }

    pub fn one_of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
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
