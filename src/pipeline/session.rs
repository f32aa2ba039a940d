//! Builds one after another in one process: what did not change is not read again.

use super::compute::Site;
use super::writes::{self, Caches, Given};
use super::{MAX_SETTINGS_BYTES, Report, read_settings, summary};
use crate::content::{Moment, settings};
use crate::contract::RouteTable;
use crate::model::{self, InputFile, Inputs, Release, Settings};
use crate::{disk, release};
use anyhow::Result;
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

/// A release to be answered from.
pub struct Served {
    pub settings: Settings,
    pub table: RouteTable,
    pub release: Arc<Release>,
    /// The next instant at which another record appears or disappears.
    pub next_change: Option<Timestamp>,
}

/// What building again gave.
pub enum Built {
    /// Nothing that the site is made from changed.
    Same,
    /// The site has faults.
    Faulty(Report),
    Good(Report, Box<Served>),
}

/// A site that is built again and again.
pub struct Session {
    root: PathBuf,
    /// Whether drafts are published.
    drafts: bool,
    /// `site.toml` as it was last read.
    file: Option<InputFile>,
    wanted: Vec<String>,
    /// Whether the last build had no faults.
    good: bool,
    inputs: Inputs,
    caches: Caches,
    /// What of the inbox no build reads.
    writes: model::Writes,
    /// The last good release.
    last: Option<Arc<Release>>,
}

impl Session {
    pub fn new(root: PathBuf, drafts: bool) -> Self {
        Self {
            root,
            drafts,
            file: None,
            wanted: Vec::new(),
            good: false,
            inputs: Inputs::default(),
            caches: Caches::default(),
            writes: model::Writes::default(),
            last: None,
        }
    }

    /// Builds the site as it is at `now`. `changed` are paths below the root that may have changed since the last
    /// build; `None` looks at everything. `anyway` builds even where no file changed: the time did.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn build(&mut self, now: Timestamp, changed: Option<&[String]>, anyway: bool) -> Result<Built> {
        let mut report = Report::default();
        let start = Instant::now();
        let file = disk::read_one(&self.root, settings::PATH, MAX_SETTINGS_BYTES)?;
        let (settings, faults) = read_settings(file.as_ref());
        let same = matches!((&file, &self.file), (Some(InputFile::Bytes(a)), Some(InputFile::Bytes(b))) if a == b);
        self.file = file;
        self.wanted = settings.as_ref().map_or_else(Vec::new, Settings::wanted);
        let Some(settings) = settings else {
            report.settle(faults);
            return Ok(Built::Faulty(report));
        };
        self.writes = settings.writes.clone();
        let read = self.read(settings.site.max_file_bytes, changed.filter(|_| same))?;
        if same && !anyway && read.as_ref().is_some_and(BTreeSet::is_empty) && self.good {
            return Ok(Built::Same);
        }
        let schemas = settings.collections.iter().filter_map(|decl| decl.schema.as_ref());
        if !same || read.is_none_or(|changed| schemas.clone().any(|schema| changed.contains(schema.value.as_str()))) {
            self.caches = Caches::default();
        }
        report.time("read", start);
        let moment = Moment { drafts: self.drafts, ..Moment::at(now) };
        let site = Site { root: &self.root, settings: &settings };
        let given = Given { site, inputs: self.inputs.clone(), moment, faults, further: &|_| Vec::new() };
        let mut computed = writes::computed(given, &mut report, Some(&mut self.caches));
        report.settle(std::mem::take(&mut computed.faults));
        self.good = report.errors() == 0;
        if !self.good {
            return Ok(Built::Faulty(report));
        }
        let start = Instant::now();
        let last = self.last.take();
        let artifacts = std::mem::take(&mut computed.artifacts);
        let last = last.as_ref().map_or(&[][..], |last| &last.artifacts);
        let release = Arc::new(release::seal(&settings, computed.facts(&report.collections, None), artifacts, last));
        self.last = Some(Arc::clone(&release));
        report.release = Some(summary(&release));
        report.time("seal", start);
        let served = Served { settings, table: computed.table, release, next_change: computed.next_change };
        Ok(Built::Good(report, Box::new(served)))
    }

    /// The files and folders that the last build was made from.
    pub fn wanted(&self) -> Vec<String> {
        self.wanted.clone()
    }

    /// Whether a change at `path` can change the site.
    pub fn concerns(&self, path: &str) -> bool {
        let below = |outer: &str, inner: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        // A folder above a source may appear or go, too.
        if self.writes.keep_back(path) {
            return false;
        }
        let meets = |wanted: &str| below(wanted, path) || below(path, wanted);
        meets(settings::PATH) || self.wanted.iter().any(|wanted| meets(wanted))
    }

    /// Brings the inputs up to date; says which files changed, or `None` where that is not known.
    fn read(&mut self, max: u64, changed: Option<&[String]>) -> Result<Option<BTreeSet<Arc<str>>>> {
        if let Some(paths) = changed {
            // What an editor made and removed again in the meantime is of no interest.
            let there = |path: &&String| self.inputs.under(path).next().is_some() || disk::is_there(&self.root, path);
            let paths: Vec<String> =
                paths.iter().filter(there).filter(|path| *path != settings::PATH).cloned().collect();
            if paths.iter().all(|path| self.inputs.is_file(path))
                && let Some(files) = disk::read_again(&self.root, &paths, max)?
            {
                let mut changed = BTreeSet::new();
                for (path, file) in files {
                    if !same_bytes(Some(&file), self.inputs.files.get(&path)) {
                        changed.insert(Arc::clone(&path));
                        self.inputs.files.insert(path, file);
                    }
                }
                return Ok(Some(changed));
            }
        }
        let left_out = |path: &str| self.writes.keep_back(path);
        let mut inputs = disk::read_but(&self.root, &self.wanted, max, &left_out)?;
        let old = &self.inputs;
        let mut changed: BTreeSet<Arc<str>> = BTreeSet::new();
        for (path, file) in &mut inputs.files {
            // Equal bytes keep their allocation, by which it is known what was read from them.
            match old.files.get(path) {
                Some(known) if same_bytes(Some(&*file), Some(known)) => *file = known.clone(),
                _ => drop(changed.insert(Arc::clone(path))),
            }
        }
        changed.extend(old.files.keys().filter(|path| !inputs.files.contains_key(*path)).cloned());
        let known = old.folders == inputs.folders;
        self.inputs = inputs;
        Ok(Some(changed).filter(|_| known))
    }
}

fn same_bytes(a: Option<&InputFile>, b: Option<&InputFile>) -> bool {
    matches!((a, b), (Some(InputFile::Bytes(a)), Some(InputFile::Bytes(b))) if a == b)
}
