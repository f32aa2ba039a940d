//! What a build or a check found, for people, for programs and for GitHub.

use super::human;
use super::{Format, Outcome, Reading, print};
use crate::model::{Diagnostic, HiddenReason};
use crate::pipeline::{Report, Writes};
use anyhow::Result;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

/// How many diagnostics are printed; the rest are counted.
const SHOWN: usize = 100;

/// Prints the report, and says how the command ended. `built` is the output folder and the time it took.
pub fn finish(
    reading: &Reading,
    root: &Path,
    done: Result<Report>,
    built: Option<(&Path, Duration)>,
) -> Result<Outcome> {
    let report = match done {
        Ok(report) => report,
        Err(error) => {
            if reading.format == Format::Json {
                let document =
                    json!({ "diagnostics": [], "summary": { "status": "failed", "error": format!("{error:#}") } });
                print(&format!("{document:#}\n"));
            }
            return Err(error);
        }
    };
    let failed = report.errors() > 0 || reading.strict && report.warnings() > 0;
    match reading.format {
        Format::Json => print(&format!("{:#}\n", document(&report, failed, reading.timings))),
        Format::Github => {
            print(&annotations(&report.diagnostics, root));
            human::summary(&report, failed, reading.now(), built);
        }
        Format::Human => {
            human::diagnostics(report.diagnostics.iter().take(SHOWN));
            human::left_out(report.diagnostics.len().saturating_sub(SHOWN));
            human::summary(&report, failed, reading.now(), built);
        }
    }
    if reading.timings && reading.format != Format::Json {
        human::timings(&report.timings);
    }
    Ok(if failed { Outcome::Faults } else { Outcome::Done })
}

fn document(report: &Report, failed: bool, timings: bool) -> Json {
    let diagnostics: Vec<Json> = report.diagnostics.iter().take(SHOWN).map(Diagnostic::json).collect();
    let hidden = report.hidden.iter().map(|hidden| {
        let (reason, at) = match &hidden.reason {
            HiddenReason::Draft => ("draft", None),
            HiddenReason::Scheduled(at) => ("scheduled", Some(*at)),
            HiddenReason::Expired(at) => ("expired", Some(*at)),
            HiddenReason::Unlisted => ("unlisted", None),
        };
        let at = at.and_then(|at| Timestamp::from_second(at).ok()).map(|at| at.to_string());
        json!({ "collection": hidden.collection, "key": hidden.key, "path": hidden.path, "reason": reason, "at": at })
    });
    let mut summary = json!({
        "status": if failed { "faults" } else { "ok" },
        "errors": report.errors(),
        "warnings": report.warnings(),
        "shown": diagnostics.len(),
        "collections": report.collections.iter().cloned().map(|(name, count)| (name, json!(count))).collect::<serde_json::Map<_, _>>(),
        "hidden": hidden.collect::<Vec<_>>(),
    });
    if let Some(Writes { published, rejected, waiting, .. }) = &report.writes {
        summary["writes"] = json!({ "published": published, "rejected": rejected, "waiting": waiting });
    }
    if let Some(release) = &report.release {
        summary["release"] = json!(release.id);
        summary["artifacts"] = json!(release.artifacts);
        summary["bytes"] = json!(release.bytes);
    }
    if let Some(written) = &report.written {
        summary["written"] = json!(written.written);
        summary["removed"] = json!(written.removed);
        summary["unchanged"] = json!(written.unchanged);
    }
    if let Some(verified) = report.verified {
        summary["verified"] = json!(verified);
    }
    if timings {
        let stages = report.timings.iter().map(|(stage, time)| ((*stage).to_owned(), json!(time.as_secs_f64())));
        summary["timings"] = Json::Object(stages.collect());
        summary["peakMemory"] = json!(super::peak_memory());
    }
    json!({ "diagnostics": diagnostics, "summary": summary })
}

/// Workflow commands of GitHub Actions. Paths count from the repository's root, so a relative `--root` stands before
/// them.
fn annotations(diagnostics: &[Diagnostic], root: &Path) -> String {
    let property = |text: &str| escape(text).replace(':', "%3A").replace(',', "%2C");
    let mut out = String::new();
    for diagnostic in diagnostics.iter().take(SHOWN) {
        let place = &diagnostic.place;
        let path = if root.is_relative() { root.join(&*place.path) } else { place.path.to_string().into() };
        let path = path.to_string_lossy().replace('\\', "/");
        let path = path.trim_start_matches("./");
        let help = diagnostic.help.as_ref().map_or_else(String::new, |help| format!("\nhelp: {help}"));
        let message = escape(&format!("{}{help}", diagnostic.message));
        let (severity, code) = (diagnostic.severity.name(), diagnostic.code.0);
        let _ = writeln!(
            out,
            "::{severity} file={},line={},col={},title={}::{message}",
            property(path),
            place.line,
            place.column,
            property(code)
        );
    }
    if let Some(rest) = diagnostics.len().checked_sub(SHOWN).filter(|rest| *rest > 0) {
        let _ = writeln!(out, "::error title=more faults::{rest} more faults are not shown");
    }
    out
}

fn escape(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}
