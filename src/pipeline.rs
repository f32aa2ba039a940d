//! The order of the stages: read, check, compute, seal, write. The only module that knows it.

#![allow(clippy::disallowed_methods, reason = "an I/O edge")]

#[cfg(feature = "write")]
mod apply;
mod collisions;
mod compute;
mod links;
mod lookups;
#[cfg(feature = "refresh")]
mod members;
mod promises;
#[cfg(feature = "serve")]
mod session;
mod stamp;
mod trials;
mod writes;

#[cfg(feature = "write")]
pub use apply::{Applied, Left, Plan, plan as plan_apply};
pub use compute::Computed;
#[cfg(feature = "write")]
pub use lookups::load_rules;
pub use lookups::{first_keys, load_schema, load_site, load_written_schema};
#[cfg(feature = "refresh")]
pub use members::{Members, Mention, members, mentions};
#[cfg(feature = "serve")]
pub use session::{Built, Served, Session};
pub use writes::Writes;

use crate::content::{self, Moment, settings};
use crate::contract::Published;
use crate::model::{Artifact, Diagnostic, Environment, Hidden, InputFile, Inputs, Place, Release, Settings, code};
use crate::output::{Output, Written};
use crate::{disk, output, published, release};
use anyhow::Result;
use compute::Site;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stamp::{Stamp, fingerprint};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use writes::Given;

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
    /// What became of what members wrote, where they may write.
    pub writes: Option<Writes>,
    pub release: Option<ReleaseSummary>,
    pub written: Option<Written>,
    /// How many documents pass their schema, where that was asked for.
    pub verified: Option<usize>,
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
    /// Whether the release says that its sources were read at `now`.
    pub stamp: bool,
    /// Whether a warning keeps the build from writing.
    pub strict: bool,
    /// Whether every emitted JSON document is checked against its schema.
    pub verify: bool,
    /// A release whose clients this one must not break.
    pub against: Option<&'a Path>,
    /// What tells this build of the tool from any other: an unchanged site is built anew when it changes.
    pub tool: &'a str,
}

impl BuildOptions<'_> {
    fn read_at(self) -> Option<Timestamp> {
        self.stamp.then_some(self.now)
    }
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
    Ok(read_settings(file.as_ref()))
}

fn read_settings(file: Option<&InputFile>) -> (Option<Settings>, Vec<Diagnostic>) {
    match file {
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
    }
}

/// Where releases are published to, and the faults of what declares it.
///
/// # Errors
/// When the disk does not give it.
pub fn environments(root: &Path) -> Result<(Vec<Environment>, Vec<Diagnostic>)> {
    use settings::environments::{PATH, read};
    match disk::read_one(root, PATH, MAX_SETTINGS_BYTES)? {
        None => Ok((Vec::new(), Vec::new())),
        Some(file) => Ok(match content::text(PATH, &file) {
            Ok(text) => read(text.trim_start_matches('\u{feff}')),
            Err(fault) => (Vec::new(), vec![fault]),
        }),
    }
}

/// Every diagnostic of the site; nothing is written.
///
/// # Errors
/// When the disk fails.
pub fn check(root: &Path, now: Timestamp) -> Result<Report> {
    let mut report = Report::default();
    if let Some((settings, mut faults)) = open(root, &mut report)? {
        faults.extend(environments(root)?.1);
        let inputs = read(root, &settings)?;
        let (site, moment) = (Site { root, settings: &settings }, Moment::at(now));
        let given = Given { site, inputs, moment, faults, further: &|_| Vec::new() };
        let computed = writes::computed(given, &mut report, None);
        report.settle(computed.faults);
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
    let against = options.against.map(published::load_path).transpose()?;
    let Some((settings, faults)) = open(root, &mut report)? else { return Ok(report) };
    let start = Instant::now();
    let (inputs, output) = rayon::join(|| read(root, &settings), || Output::open(options.out));
    let (inputs, output) = (inputs?, output?);
    report.time("read", start);
    let start = Instant::now();
    let sources = disk::read_one(root, settings::PATH, MAX_SETTINGS_BYTES)?;
    let fingerprint = fingerprint(options.tool, sources.as_ref(), &inputs);
    let unchanged =
        output.header().filter(|_| faults.is_empty() && !options.verify && against.is_none()).and_then(|header| {
            let stamp: Stamp = serde_json::from_str(header).ok()?;
            let holds = stamp.holds(&fingerprint, options.now, options.read_at());
            holds.then(|| output.intact()).flatten().map(|files| (stamp, files))
        });
    report.time("compare", start);
    if let Some((stamp, files)) = unchanged {
        stamp.tell(&mut report);
        report.written = Some(Written { unchanged: files, ..Written::default() });
        return Ok(report);
    }
    let further = |computed: &Computed| further(&settings, against.as_ref(), options.verify, computed);
    let site = Site { root, settings: &settings };
    let given = Given { site, inputs, moment: Moment::at(options.now), faults, further: &further };
    let mut computed = writes::computed(given, &mut report, None);
    report.settle(std::mem::take(&mut computed.faults));
    if report.errors() > 0 || options.strict && !report.diagnostics.is_empty() {
        return Ok(report);
    }
    let start = Instant::now();
    let artifacts = std::mem::take(&mut computed.artifacts);
    let release = release::seal(&settings, computed.facts(&report.collections, options.read_at()), artifacts, &[]);
    report.time("seal", start);
    if options.verify && !promises::verified(&settings, (&computed.api, &computed.table), &release, &mut report) {
        return Ok(report);
    }
    let start = Instant::now();
    let summary = summary(&release);
    // What writes are held to depends on what this build looked at.
    let looked = options.verify || against.is_some();
    let held = looked && report.writes.as_ref().is_some_and(|writes| !writes.faults.is_empty());
    let fingerprint = if report.diagnostics.is_empty() && !held { fingerprint } else { String::new() };
    let header = Stamp::of(fingerprint, options, computed.next_change, &report, summary.clone());
    let written =
        output::write(output, &release, release::manifest_key(&settings).as_deref(), &serde_json::to_string(&header)?)?;
    report.time("write", start);
    report.release = Some(summary);
    report.written = Some(written);
    Ok(report)
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

/// Everything that a build reads besides `site/site.toml`.
fn read(root: &Path, settings: &Settings) -> Result<Inputs> {
    let left_out = |path: &str| settings.writes.keep_back(path);
    disk::read_but(root, &settings.wanted(), settings.site.max_file_bytes, &left_out)
}

/// What would be wrong with a release, which is not sealed yet, for its clients.
fn further(settings: &Settings, against: Option<&Published>, verify: bool, computed: &Computed) -> Vec<Diagnostic> {
    let broken = |old: &Published| promises::broken(settings, &old.openapi, &computed.artifacts);
    let mut faults = against.map_or_else(Vec::new, broken);
    // What members wrote may be what does not pass. Of a site without writes, the sealed release is looked at alone.
    if verify && settings.writes.are_there() && !computed.faults.iter().any(Diagnostic::is_error) {
        let artifacts: Vec<&Artifact> = computed.artifacts.iter().collect();
        let known = |key: &str| collisions::is_reserved(settings, key);
        faults.extend(promises::unkept(settings, (&computed.api, &computed.table), &artifacts, &known).1);
    }
    faults
}

/// A file once more, to find the place of a fault in it.
fn reread(root: &Path, path: &str, max_bytes: u64) -> Option<Vec<u8>> {
    match disk::read_one(root, path, max_bytes) {
        Ok(Some(InputFile::Bytes(bytes))) => Some(Arc::unwrap_or_clone(bytes)),
        _ => None,
    }
}
