//! Watches the site's files, and builds when they change.

use super::live::{Live, Told};
use crate::pipeline::{Built, Session};
use anyhow::{Context, Result};
use jiff::Timestamp;
use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// An editor's save is several events; a build starts when none came for this long.
const QUIET: Duration = Duration::from_millis(12);
/// A program that never stops writing is not waited for longer than this.
const PATIENCE: Duration = Duration::from_millis(200);
/// How far ahead the clock is looked at, at most.
const LONGEST_WAIT: Duration = Duration::from_hours(1);
/// Folders that are watched wherever they are there; others where the settings name them.
const FOLDERS: [&str; 3] = ["content", "data", "site"];

/// Watches while it lives.
pub struct Watching {
    _thread: std::thread::JoinHandle<()>,
}

/// Builds once, and from then on in a thread of its own.
pub fn start(root: &Path, now: Option<Timestamp>, session: Session, live: Arc<Live>) -> Result<Watching> {
    let root = std::fs::canonicalize(root).with_context(|| format!("cannot open {}", root.display()))?;
    let (sender, events) = channel();
    let mut builder =
        Builder { watcher: watcher(sender)?, watched: BTreeSet::new(), root, now, session, live, due: None };
    // Watching starts first, so that nothing is missed in between.
    builder.watch();
    builder.build(None, &[]);
    let thread = std::thread::Builder::new().name("build".to_owned()).spawn(move || builder.run(&events));
    Ok(Watching { _thread: thread.context("cannot start a thread")? })
}

fn watcher(sender: Sender<notify::Result<notify::Event>>) -> Result<RecommendedWatcher> {
    let send = move |event| {
        // The receiver is gone when the server ends.
        let _ = sender.send(event);
    };
    notify::recommended_watcher(send).context("cannot watch files")
}

struct Builder {
    watcher: RecommendedWatcher,
    watched: BTreeSet<PathBuf>,
    root: PathBuf,
    now: Option<Timestamp>,
    session: Session,
    live: Arc<Live>,
    /// When a record appears or disappears by itself.
    due: Option<Timestamp>,
}

/// What happened since the last build.
#[derive(Default)]
struct Changes {
    /// Relative to the root.
    paths: BTreeSet<String>,
    /// Whether something happened that no path tells.
    unknown: bool,
}

impl Builder {
    fn run(mut self, events: &Receiver<notify::Result<notify::Event>>) {
        loop {
            let wait = self.due.filter(|_| self.now.is_none()).map_or(LONGEST_WAIT, until);
            let mut changes = Changes::default();
            match events.recv_timeout(wait) {
                Ok(event) => self.note(&mut changes, event),
                Err(RecvTimeoutError::Timeout) if self.due.is_some_and(|due| due <= Timestamp::now()) => {
                    changes.unknown = true;
                }
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let first = Instant::now();
            while let Ok(event) = events.recv_timeout(QUIET) {
                self.note(&mut changes, event);
                if first.elapsed() > PATIENCE {
                    break;
                }
            }
            let paths: Vec<String> = changes.paths.into_iter().collect();
            if changes.unknown {
                self.build(None, &paths);
            } else if !paths.is_empty() {
                self.build(Some(&paths), &paths);
            }
            self.watch();
        }
    }

    fn note(&self, changes: &mut Changes, event: notify::Result<notify::Event>) {
        let Ok(event) = event else {
            changes.unknown = true;
            return;
        };
        let reading = matches!(event.kind, EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write));
        changes.unknown |= event.need_rescan();
        for path in event.paths.iter().filter(|_| !reading) {
            match path.strip_prefix(&self.root) {
                Ok(below) if below.as_os_str().is_empty() => {}
                Ok(below) => {
                    let below = below.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
                    if self.session.concerns(&below) {
                        changes.paths.insert(below);
                    }
                }
                Err(_) => changes.unknown = true,
            }
        }
    }

    /// Watches every folder that the site is made from, and the root for what appears there.
    fn watch(&mut self) {
        let tops = self.session.wanted().into_iter().filter_map(|path| path.split('/').next().map(str::to_owned));
        let mut folders: BTreeSet<PathBuf> =
            FOLDERS.map(str::to_owned).into_iter().chain(tops).map(|top| self.root.join(top)).collect();
        folders.retain(|folder| folder.is_dir());
        // A folder that is gone and made again needs a watch of its own again.
        self.watched.retain(|folder| folders.contains(folder) || *folder == self.root);
        for folder in folders {
            if !self.watched.contains(&folder) && self.watcher.watch(&folder, RecursiveMode::Recursive).is_ok() {
                self.watched.insert(folder);
            }
        }
        let root = self.root.clone();
        if !self.watched.contains(&root) && self.watcher.watch(&root, RecursiveMode::NonRecursive).is_ok() {
            self.watched.insert(root);
        }
    }

    fn build(&mut self, changed: Option<&[String]>, paths: &[String]) {
        let start = Instant::now();
        let now = self.now.unwrap_or_else(Timestamp::now);
        let time_passed = self.due.is_some_and(|due| due <= now);
        match self.session.build(now, changed, time_passed) {
            Ok(Built::Same) => self.live.mended(),
            Ok(Built::Faulty(report)) => {
                self.live.faults(report.diagnostics.iter().filter(|d| d.is_error()).cloned().collect());
                self.live.tell(Told::Built { report: &report, took: start.elapsed(), changed: paths });
            }
            Ok(Built::Good(report, served)) => {
                self.due = served.next_change;
                self.live.release(*served);
                self.live.tell(Told::Built { report: &report, took: start.elapsed(), changed: paths });
            }
            Err(error) => self.live.tell(Told::Failed(&error)),
        }
    }
}

fn until(due: Timestamp) -> Duration {
    let wait = due.duration_since(Timestamp::now());
    Duration::try_from(wait).unwrap_or_default().min(LONGEST_WAIT) + Duration::from_millis(1)
}
