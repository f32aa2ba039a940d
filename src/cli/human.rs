//! Reports for people, on standard error.

use crate::model::{Diagnostic, Hidden, HiddenReason, Severity};
use crate::pipeline::{Report, Writes};
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet, renderer::DecorStyle};
use jiff::Timestamp;
use std::io::IsTerminal;
use std::path::Path;
use std::time::Duration;

/// Each fault with its line, a caret and the way out.
pub fn diagnostics<'d>(diagnostics: impl Iterator<Item = &'d Diagnostic>) {
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    for diagnostic in diagnostics {
        say!("{}\n", renderer.render(&[group(diagnostic)]));
    }
}

fn group(diagnostic: &Diagnostic) -> Group<'_> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let place = &diagnostic.place;
    let group = level.primary_title(&*diagnostic.message).id(diagnostic.code.0);
    let origin = || Origin::path(&*place.path).line(place.line).char_column(place.column);
    let group = match &place.excerpt {
        None => group.element(origin()),
        Some(excerpt) if excerpt.text[..excerpt.mark.0].chars().count() + 1 == place.column => {
            let mark = AnnotationKind::Primary.span(excerpt.mark.0..excerpt.mark.1);
            group.element(Snippet::source(&*excerpt.text).path(&*place.path).line_start(place.line).annotation(mark))
        }
        // A part of a long line: its columns are not the file's.
        Some(excerpt) => {
            group.element(origin()).element(Level::NOTE.message(format!("near `{}`", excerpt.text.trim())))
        }
    };
    match &diagnostic.help {
        Some(help) => group.element(Level::HELP.message(&**help)),
        None => group,
    }
}

pub fn left_out(count: usize) {
    if count > 0 {
        say!("… and {count} more faults\n");
    }
}

/// What is hidden and why, then one line of what was done.
pub fn summary(report: &Report, failed: bool, now: Timestamp, built: Option<(&Path, Duration)>) {
    for hidden in &report.hidden {
        say!("note: {}", reason(hidden, now));
    }
    if failed {
        let nothing = if built.is_some() { "; nothing was written" } else { "" };
        say!("{} and {}{nothing}", plural(report.errors(), "error"), plural(report.warnings(), "warning"));
        let mut codes: Vec<&str> = report.diagnostics.iter().map(|d| d.code.0).collect();
        codes.dedup();
        if let Some(code) = codes.first() {
            say!("`precast explain {code}` says more of the first");
        }
        return;
    }
    report.writes.iter().filter(|writes| writes.are_there()).for_each(writes);
    let (Some((out, time)), Some(release), Some(written)) = (built, &report.release, &report.written) else {
        let counts: Vec<String> = report.collections.iter().map(|(name, count)| format!("{count} {name}")).collect();
        say!("no fault in {}{}", counts.join(", "), warnings(report));
        return;
    };
    say!(
        "release {}: {} files, {} written, {} removed, {} unchanged, in {:.2} s to {}{}",
        &release.id[..12],
        release.artifacts,
        written.written,
        written.removed,
        written.unchanged,
        time.as_secs_f64(),
        out.display(),
        warnings(report)
    );
}

/// What became of what members wrote; who wrote it is nobody's business here.
fn writes(writes: &Writes) {
    for (id, code, message) in &writes.faults {
        say!("note: the write {id} is rejected: {message} ({code})");
    }
    say!("writes: {} published, {} rejected, {} waiting", writes.published, writes.rejected, writes.waiting);
}

fn warnings(report: &Report) -> String {
    match report.warnings() {
        0 => String::new(),
        count => format!(", with {}", plural(count, "warning")),
    }
}

fn reason(hidden: &Hidden, now: Timestamp) -> String {
    let record = format!("{} (`{}` of {})", hidden.path, hidden.key, hidden.collection);
    let away = |at: i64| span((at - now.as_second()).unsigned_abs());
    let date = |at: i64| Timestamp::from_second(at).map_or_else(|_| at.to_string(), |at| at.to_string());
    match hidden.reason {
        HiddenReason::Draft => format!("{record} is a draft"),
        HiddenReason::Scheduled(at) => format!("{record} is scheduled: live in {} ({})", away(at), date(at)),
        HiddenReason::Expired(at) => format!("{record} expired {} ago ({})", away(at), date(at)),
        HiddenReason::Unlisted => format!("{record} is not listed"),
    }
}

/// Seconds as the two greatest of days, hours and minutes.
fn span(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => "less than a minute".to_owned(),
        (0, 0, m) => format!("{m} min"),
        (0, h, m) => format!("{h} h {m} min"),
        (d, h, _) => format!("{d} d {h} h"),
    }
}

pub fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

pub fn timings(stages: &[(&'static str, Duration)]) {
    for (stage, time) in stages {
        say!("{stage:>8} {:>8.1} ms", time.as_secs_f64() * 1000.0);
    }
    if let Some(bytes) = super::peak_memory() {
        say!("{:>8} {:>8} MB", "peak", bytes / 1_000_000);
    }
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn spans_read_like_speech() {
        assert_eq!(
            [span(59), span(60), span(22_320), span(90_000)],
            ["less than a minute", "1 min", "6 h 12 min", "1 d 1 h"]
        );
    }
}
