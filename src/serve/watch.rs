//! Watches the site's files, and builds when they change.

use super::live::{Live, Told};
use crate::pipeline::{Built, Session};
use anyhow::{Context, Result};
use jiff::Timestamp;
use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant, SystemTime};

/// An editor's save is several events; a build starts when none came for this long.
const QUIET: Duration = Duration::from_millis(12);
/// A program that never stops writing is not waited for longer than this.
const PATIENCE: Duration = Duration::from_millis(200);
/// How often the watched folders are looked at themselves: one that was replaced is another folder, which tells nothing.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
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
    let mut builder = Builder {
        watcher: watcher(sender.clone())?,
        sender,
        watched: BTreeMap::new(),
        root,
        now,
        session,
        live,
        due: None,
    };
    // Watching starts first, so that nothing is missed in between.
    builder.watch(false);
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
    sender: Sender<notify::Result<notify::Event>>,
    /// Each folder, and what told it from any other when it was watched.
    watched: BTreeMap<PathBuf, Identity>,
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
    /// Whether a watched folder itself went.
    lost: bool,
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
                Err(RecvTimeoutError::Timeout) if self.is_replaced() => changes.unknown = true,
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
            // What changed before a folder was watched was told by nobody.
            if self.watch(changes.lost) {
                self.build(None, &[]);
            }
        }
    }

    fn note(&self, changes: &mut Changes, event: notify::Result<notify::Event>) {
        let Ok(event) = event else {
            changes.unknown = true;
            return;
        };
        let reading = matches!(event.kind, EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write));
        changes.unknown |= event.need_rescan();
        changes.lost |= event.kind.is_remove() && event.paths.iter().any(|path| self.watched.contains_key(path));
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

    /// Every folder that the site is made from, there or not, and the root for what appears in it.
    fn folders(&self) -> BTreeSet<PathBuf> {
        let tops = self.session.wanted().into_iter().filter_map(|path| path.split('/').next().map(str::to_owned));
        let tops = FOLDERS.map(str::to_owned).into_iter().chain(tops).map(|top| self.root.join(top));
        tops.chain([self.root.clone()]).filter(|folder| !folder.is_file()).collect()
    }

    /// Whether one of them is gone, or there again, or another than the one that is watched.
    fn is_replaced(&self) -> bool {
        self.folders().iter().any(|folder| identity(folder).as_ref() != self.watched.get(folder))
    }

    /// Watches them; says whether one was not watched before. Where one was replaced, all are watched anew: what is still
    /// to be told of the old one would end the watch of the new.
    fn watch(&mut self, lost: bool) -> bool {
        if (lost || self.is_replaced())
            && let Ok(watcher) = watcher(self.sender.clone())
        {
            self.watcher = watcher;
            self.watched.clear();
        }
        let mut new = false;
        for folder in self.folders().into_iter().filter(|folder| folder.is_dir()) {
            let mode = if folder == self.root { RecursiveMode::NonRecursive } else { RecursiveMode::Recursive };
            if let Some(known) = identity(&folder).filter(|_| !self.watched.contains_key(&folder))
                && self.watcher.watch(&folder, mode).is_ok()
            {
                self.watched.insert(folder, known);
                new = true;
            }
        }
        new
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

/// What tells a folder from another at the same path: numbers of folders are used again, so its birth counts too.
type Identity = (u64, Option<SystemTime>);

fn identity(folder: &Path) -> Option<Identity> {
    let metadata = std::fs::metadata(folder).ok()?;
    Some((number(&metadata), metadata.created().ok()))
}

#[cfg(unix)]
fn number(metadata: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn number(_: &std::fs::Metadata) -> u64 {
    0
}

fn until(due: Timestamp) -> Duration {
    let wait = due.duration_since(Timestamp::now());
    Duration::try_from(wait).unwrap_or_default().min(LONGEST_WAIT) + Duration::from_millis(1)
}
