//! `precast build`: the main job.

use super::{Outcome, Reading, report};
use crate::pipeline::{self, BuildOptions};
use anyhow::Result;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

#[derive(clap::Args)]
pub struct Build {
    /// The output folder [default: public, below the root]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Check every emitted JSON file against its published schema
    #[arg(long)]
    verify: bool,
    /// Refuse changes that break clients of this release (an output folder, or a manifest file), unless the surface's
    /// version was raised
    #[arg(long, value_name = "PATH")]
    against: Option<PathBuf>,
    /// Let status.json say when the sources were read; it then differs from build to build
    #[arg(long)]
    stamp: bool,
    #[command(flatten)]
    reading: Reading,
}

impl Build {
    pub fn run(self, root: &Path) -> Result<Outcome> {
        let out = self.out.unwrap_or_else(|| root.join("public"));
        if let Some(message) = unfit(root, &out) {
            return Ok(Outcome::Usage(message));
        }
        let start = std::time::Instant::now();
        let options = BuildOptions {
            out: &out,
            now: self.reading.now(),
            stamp: self.stamp,
            strict: self.reading.strict,
            verify: self.verify,
            against: self.against.as_deref(),
            tool: &tool(),
        };
        let done = self.reading.on_threads(|| pipeline::build(root, options))?;
        report::finish(&self.reading, root, done, Some((&out, start.elapsed())))
    }
}

/// Why `out` cannot be an output folder: it holds the sources, or stands among them.
fn unfit(root: &Path, out: &Path) -> Option<String> {
    let root = std::fs::canonicalize(root).ok()?;
    let out = real(out);
    if root.starts_with(&out) {
        return Some(format!("the output folder {} holds the site itself: choose another with --out", out.display()));
    }
    let among = ["content", "data", "site"].into_iter().find(|folder| out.starts_with(root.join(folder)))?;
    Some(format!(
        "the output folder {} stands among the sources in `{among}/`: choose another with --out",
        out.display()
    ))
}

/// The path without links, as far as it exists.
fn real(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut rest = Vec::new();
    for ancestor in path.ancestors() {
        if let Ok(real) = std::fs::canonicalize(ancestor) {
            return real.join(rest.iter().rev().collect::<PathBuf>());
        }
        rest.extend(ancestor.file_name());
    }
    path
}

/// This build of the tool: its version, and the time and size of its file.
fn tool() -> String {
    let file = std::env::current_exe().and_then(std::fs::metadata);
    let modified = file.as_ref().ok().and_then(|f| f.modified().ok()).and_then(|t| t.duration_since(UNIX_EPOCH).ok());
    format!("{} {} {}", env!("CARGO_PKG_VERSION"), file.map_or(0, |f| f.len()), modified.map_or(0, |t| t.as_nanos()))
}
