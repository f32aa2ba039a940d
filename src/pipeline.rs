//! The order of the stages: read, check, compute, seal, write. The only module that knows it.

#![allow(clippy::disallowed_methods, reason = "an I/O edge")]

mod collisions;
mod lookups;

pub use lookups::{first_keys, load_schema, load_written_schema};

use crate::content::{self, Content, Places, settings};
use crate::model::{Artifact, Collection, Diagnostic, Hidden, InputFile, Inputs, Place, Release, Settings, code, hex};
use crate::output::{Output, Written};
use crate::{contract, disk, output, release, views};
use anyhow::Result;
use jiff::Timestamp;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The settings themselves may be this large.
const MAX_SETTINGS_BYTES: u64 = 4 * 1024 * 1024;

/// What a build found and did.
#[derive(Debug, Default)]
pub struct Report {
    /// In order of place, each once.
    pub diagnostics: Vec<Diagnostic>,
    pub hidden: Vec<Hidden>,
    /// Name and number of published records of each collection.
    pub collections: Vec<(String, usize)>,
    pub release: Option<ReleaseSummary>,
    pub written: Option<Written>,
    /// Wall time of each stage, in order.
    pub timings: Vec<(&'static str, Duration)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseSummary {
    pub id: String,
    pub artifacts: usize,
    pub bytes: u64,
}

/// How to build.
#[derive(Clone, Copy)]
pub struct BuildOptions<'a> {
    pub out: &'a Path,
    pub now: Timestamp,
    /// Whether a warning keeps the build from writing.
    pub strict: bool,
    /// What tells this build of the tool from any other: an unchanged site is built anew when it changes.
    pub tool: &'a str,
}

impl Report {
    pub fn errors(&self) -> usize {
        self.diagnostics.iter().filter(|d| d.is_error()).count()
    }

    pub fn warnings(&self) -> usize {
        self.diagnostics.len() - self.errors()
    }

    fn time(&mut self, stage: &'static str, start: Instant) {
        self.timings.push((stage, start.elapsed()));
    }

    /// Sorts the diagnostics, and drops those that say the same of the same place.
    fn settle(&mut self, mut diagnostics: Vec<Diagnostic>) {
        diagnostics.sort_unstable();
        diagnostics.dedup_by(|b, a| a.place == b.place && a.code == b.code && a.message == b.message);
        // The build's own members are told as such, not as members that the schema does not know.
        let reserved: Vec<Place> =
            diagnostics.iter().filter(|d| d.code == code::RESERVED_MEMBER).map(|d| d.place.clone()).collect();
        diagnostics.retain(|d| d.code != code::UNKNOWN_MEMBER || !reserved.contains(&d.place));
        self.diagnostics = diagnostics;
    }
}

/// The settings, or the faults that keep them from being read.
///
/// # Errors
/// When the disk does not give them.
pub fn load_settings(root: &Path) -> Result<(Option<Settings>, Vec<Diagnostic>)> {
    let file = disk::read_one(root, settings::PATH, MAX_SETTINGS_BYTES)?;
    Ok(match &file {
        None => {
            let fault = Diagnostic::error(
                code::MISSING_SITE,
                Place::file(settings::PATH),
                "there is no site here: `site/site.toml` is missing",
            );
            (None, vec![fault.help("run the command in the site's folder, name it with `--root`, or make one with `precast new site DIR`")])
        }
        Some(file) => match content::text(settings::PATH, file) {
            Ok(text) => settings::read(text.trim_start_matches('\u{feff}')),
            Err(fault) => (None, vec![fault]),
        },
    })
}

/// Every diagnostic of the site; nothing is written.
///
/// # Errors
/// When the disk fails.
pub fn check(root: &Path, now: Timestamp) -> Result<Report> {
    let mut report = Report::default();
    if let Some((settings, faults)) = open(root, &mut report)? {
        let inputs = disk::read(root, &settings.wanted(), settings.site.max_file_bytes)?;
        let (_, faults, _) = compute(root, &settings, inputs, now, faults, &mut report);
        report.settle(faults);
    }
    Ok(report)
}

/// The main job: reads the site as it is at `now` and makes `out` hold its release. Where the site has faults, nothing
/// is written.
///
/// # Errors
/// When the disk fails, or a file that the tool did not make is in the way.
pub fn build(root: &Path, options: BuildOptions<'_>) -> Result<Report> {
    let mut report = Report::default();
    let Some((settings, faults)) = open(root, &mut report)? else { return Ok(report) };
    let start = Instant::now();
    let wanted = settings.wanted();
    let (inputs, output) =
        rayon::join(|| disk::read(root, &wanted, settings.site.max_file_bytes), || Output::open(options.out));
    let (inputs, output) = (inputs?, output?);
    report.time("read", start);
    let start = Instant::now();
    let sources = disk::read_one(root, settings::PATH, MAX_SETTINGS_BYTES)?;
    let fingerprint = fingerprint(options.tool, sources.as_ref(), &inputs);
    let unchanged = output.header().filter(|_| faults.is_empty()).and_then(|header| {
        let stamp: Stamp = serde_json::from_str(header).ok()?;
        let holds = stamp.holds(&fingerprint, options.now);
        holds.then(|| output.intact()).flatten().map(|files| (stamp, files))
    });
    report.time("compare", start);
    if let Some((stamp, files)) = unchanged {
        report.hidden = stamp.hidden;
        report.collections = stamp.collections;
        report.release = Some(stamp.release);
        report.written = Some(Written { unchanged: files, ..Written::default() });
        return Ok(report);
    }
    let (artifacts, faults, next_change) = compute(root, &settings, inputs, options.now, faults, &mut report);
    report.settle(faults);
    if report.errors() > 0 || options.strict && !report.diagnostics.is_empty() {
        return Ok(report);
    }
    let start = Instant::now();
    let release = release::seal(&settings, artifacts);
    report.time("seal", start);
    let start = Instant::now();
    let summary = summary(&release);
    let header = Stamp {
        fingerprint: if report.diagnostics.is_empty() { fingerprint } else { String::new() },
        from: options.now.as_nanosecond(),
        until: next_change.map(Timestamp::as_nanosecond),
        hidden: report.hidden.clone(),
        collections: report.collections.clone(),
        release: summary.clone(),
    };
    let written =
        output::write(output, &release, release::manifest_key(&settings).as_deref(), &serde_json::to_string(&header)?)?;
    report.time("write", start);
    report.release = Some(summary);
    report.written = Some(written);
    Ok(report)
}

/// What a finished build was made from, so that the next one can tell that nothing changed.
#[derive(Serialize, Deserialize)]
struct Stamp {
    /// Empty where the build had warnings, which are to be told again.
    fingerprint: String,
    /// Nanoseconds since 1970: the instant of the build, and the first at which its output would change.
    from: i128,
    until: Option<i128>,
    hidden: Vec<Hidden>,
    collections: Vec<(String, usize)>,
    release: ReleaseSummary,
}

impl Stamp {
    fn holds(&self, fingerprint: &str, now: Timestamp) -> bool {
        let now = now.as_nanosecond();
        self.fingerprint == fingerprint && self.from <= now && self.until.is_none_or(|until| now < until)
    }
}

fn open(root: &Path, report: &mut Report) -> Result<Option<(Settings, Vec<Diagnostic>)>> {
    let (settings, faults) = load_settings(root)?;
    if let Some(settings) = settings {
        Ok(Some((settings, faults)))
    } else {
        report.settle(faults);
        Ok(None)
    }
}

fn summary(release: &Release) -> ReleaseSummary {
    let bytes = release.artifacts.iter().map(|sealed| sealed.size).sum();
    ReleaseSummary { id: release.id(), artifacts: release.artifacts.len(), bytes }
}

/// A digest of everything that a build reads.
fn fingerprint(tool: &str, settings: Option<&InputFile>, inputs: &Inputs) -> String {
    let digest = |file: &InputFile| -> [u8; 32] {
        match file {
            InputFile::Bytes(bytes) => Sha256::digest(bytes.as_slice()).into(),
            _ => [0; 32],
        }
    };
    let files: Vec<(&Arc<str>, &InputFile)> = inputs.files.iter().collect();
    let digests: Vec<[u8; 32]> = files.par_iter().map(|(_, file)| digest(file)).collect();
    let mut all = Sha256::new();
    all.update(tool.as_bytes());
    all.update(settings.map_or([0; 32], digest));
    for ((path, _), digest) in files.iter().zip(digests) {
        all.update((path.len() as u64).to_be_bytes());
        all.update(path.as_bytes());
        all.update(digest);
    }
    hex(&all.finalize())
}

/// Everything between the inputs and the seal. The artifacts are in order of key.
fn compute(
    root: &Path,
    settings: &Settings,
    inputs: Inputs,
    now: Timestamp,
    mut faults: Vec<Diagnostic>,
    report: &mut Report,
) -> (Vec<Artifact>, Vec<Diagnostic>, Option<Timestamp>) {
    let start = Instant::now();
    let (statics, unreadable) = release::statics(&inputs);
    faults.extend(unreadable.into_iter().filter_map(|(path, file)| content::unreadable(path, file)));
    let reread = |path: &str| reread(root, path, settings.site.max_file_bytes);
    let places = Places::new(&reread);
    let content = content::read(settings, inputs, &places, now);
    let Content { collections, schemas, markdown, hidden, next_change, diagnostics } = content;
    faults.extend(diagnostics);
    report.hidden = hidden;
    let published =
        |collection: &Collection| collection.records.iter().filter(|record| record.hidden.is_none()).count();
    report.collections =
        collections.iter().map(|collection| (collection.name.clone(), published(collection))).collect();
    report.time("content", start);
    let start = Instant::now();
    let (answers, wrong) = views::run(settings, &collections, &places);
    faults.extend(wrong);
    let others = [statics, contract::schemas(settings, &schemas, &markdown), contract::problems(settings)];
    let mut artifacts = Vec::with_capacity(answers.iter().chain(&others).map(Vec::len).sum());
    answers.into_iter().chain(others).for_each(|some| artifacts.extend(some));
    artifacts.par_sort_unstable_by(|a, b| a.key.cmp(&b.key).then(a.origin.cmp(&b.origin)));
    faults.extend(collisions::told(settings, &collections, &places, &artifacts));
    report.time("views", start);
    (artifacts, faults, next_change)
}

/// A file once more, to find the place of a fault in it.
fn reread(root: &Path, path: &str, max_bytes: u64) -> Option<Vec<u8>> {
    match disk::read_one(root, path, max_bytes) {
        Ok(Some(InputFile::Bytes(bytes))) => Some(Arc::unwrap_or_clone(bytes)),
        _ => None,
    }
}
