//! `precast refresh`: fetches activity, from which scores are computed.

use super::Listing;

#[derive(clap::Args)]
#[cfg_attr(
    not(feature = "refresh"),
    allow(dead_code, reason = "the options are told even where the command is left out")
)]
pub struct Refresh {
    /// Sources of site/site.toml [default: all]
    #[arg(value_name = "SOURCE")]
    sources: Vec<String>,
    /// Say who would be asked; nothing is asked or written
    #[arg(long)]
    dry_run: bool,
    /// Ask nobody else after so long, such as `10m` or `90s`; the next refresh begins with those who were left
    #[arg(long, value_name = "D", value_parser = span)]
    deadline: Option<jiff::SignedDuration>,
    /// Ask nobody else after so many of GitHub's points
    #[arg(long, value_name = "N")]
    max_points: Option<u64>,
    /// Spend at most so many dollars, also where `max_usd` of a source allows more
    #[arg(long, value_name = "D", value_parser = dollars)]
    max_usd: Option<f64>,
    /// Replace the facts although many members failed, or all counts together fell by much
    #[arg(long)]
    accept_drop: bool,
    /// How to print what was done
    #[arg(long, value_enum, default_value_t = Listing::Human)]
    format: Listing,
    /// Print every query that GitHub may be asked, for tests
    #[arg(long, hide = true)]
    queries: bool,
}

fn span(text: &str) -> Result<jiff::SignedDuration, String> {
    let span = text.parse().ok().filter(jiff::SignedDuration::is_positive);
    span.ok_or_else(|| "write a time such as `10m`, `90s` or `1h 30m`".to_owned())
}

fn dollars(text: &str) -> Result<f64, String> {
    let dollars = text.parse().ok().filter(|dollars| (0.0..=1e6).contains(dollars));
    dollars.ok_or_else(|| "write dollars such as `0.50`".to_owned())
}

/// What a command gives when it is not part of this build.
#[cfg(not(feature = "refresh"))]
pub fn left_out(name: &str) -> super::Outcome {
    super::Outcome::Usage(format!(
        "this build has no `{name}`: run `cargo run --features refresh -- {name} …`, or build it with `cargo install --path . --features refresh`"
    ))
}

#[cfg(not(feature = "refresh"))]
impl Refresh {
    pub fn run(self, _root: &std::path::Path) -> anyhow::Result<super::Outcome> {
        Ok(left_out("refresh"))
    }
}

#[cfg(feature = "refresh")]
mod run {
    use super::{Listing, Refresh};
    use crate::cli::human::{diagnostics, plural};
    use crate::cli::{Outcome, print};
    use crate::model::{Settings, Source, SourceKind};
    use crate::pipeline::{self, Members};
    use crate::sources::{
        Budget, Clock, Ended, Faulty, Http, Lock, Options, Roster, Spent, SystemClock, Token, USUAL_LIMIT, Work,
        github_queries, plan, refresh, token_of,
    };
    use anyhow::{Result, anyhow};
    use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
    use jiff::Timestamp;
    use serde_json::{Value as Json, json};
    use std::fmt::Write as _;
    use std::io::IsTerminal;
    use std::path::Path;

    /// How many members are named to people.
    const SHOWN: usize = 10;

    impl Refresh {
        pub fn run(self, root: &Path) -> Result<Outcome> {
            if self.queries {
                let lines: Vec<String> = github_queries().iter().map(Json::to_string).collect();
                print(&(lines.join("\n") + "\n"));
                return Ok(Outcome::Done);
            }
            let (settings, faults) = pipeline::load_settings(root)?;
            let Some(settings) = settings.filter(|_| !faults.iter().any(crate::model::Diagnostic::is_error)) else {
                diagnostics(faults.iter());
                return Ok(Outcome::Faults);
            };
            let chosen = match chosen(&settings, &self.sources) {
                Ok(chosen) => chosen,
                Err(wrong) => return Ok(Outcome::Usage(wrong)),
            };
            let members = match pipeline::members(root, &settings)? {
                Members::Known(members) => members,
                Members::Faults(faults) => {
                    diagnostics(faults.iter().filter(|fault| fault.is_error()));
                    return Ok(Outcome::Faults);
                }
            };
            let chosen: Vec<(&Source, &Roster)> =
                chosen.into_iter().map(|at| (&settings.sources[at], &members[at])).collect();
            if !self.dry_run {
                return self.refresh_all(root, &chosen);
            }
            match self.say_plans(root, &chosen) {
                Err(error) if error.is::<Faulty>() => {
                    say!("error: {error}");
                    Ok(Outcome::Faults)
                }
                done => done,
            }
        }

        fn refresh_all(&self, root: &Path, chosen: &[(&Source, &Roster)]) -> Result<Outcome> {
            let _lock = Lock::take(root)?;
            let clock = SystemClock;
            let deadline = self.deadline.and_then(|deadline| clock.now().checked_add(deadline).ok());
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
            let http = runtime.block_on(async { Http::new(USUAL_LIMIT) })?;
            let mut spent = Spent::default();
            let (mut documents, mut unwell, mut faulty) = (Vec::new(), Vec::new(), false);
            for (source, roster) in chosen {
                let Some(budget) = self.budget(source, spent, deadline) else {
                    say!(
                        "{}: not asked: searching X costs money; allow some with `max_usd` of the source, or with --max-usd",
                        source.name
                    );
                    documents.push(json!({ "source": source.name, "skipped": true }));
                    continue;
                };
                let ended = token(source).and_then(|token| {
                    let work = Work { root, source, roster, token, http: &http, clock: &clock };
                    let bar = bar(&source.name);
                    let step = |done: usize, all: usize| {
                        bar.set_length(all as u64);
                        bar.set_position(done as u64);
                    };
                    let options = Options { budget, accept_drop: self.accept_drop };
                    let ended = runtime.block_on(refresh(&work, options, &step));
                    bar.finish_and_clear();
                    ended
                });
                // One source that fails does not keep the others.
                match ended {
                    Ok(ended) => {
                        spent.points += ended.summary.spent.points;
                        spent.microdollars += ended.summary.spent.microdollars;
                        if ended.is_failed() {
                            unwell.push(source.name.as_str());
                        }
                        told(source, &ended);
                        documents.push(document(source, &ended));
                    }
                    Err(error) => {
                        say!("{}: {error:#}", source.name);
                        documents.push(json!({ "source": source.name, "error": format!("{error:#}") }));
                        if error.is::<Faulty>() { faulty = true } else { unwell.push(source.name.as_str()) }
                    }
                }
            }
            if self.format == Listing::Json {
                print(&format!("{:#}\n", json!({ "applied": true, "sources": documents })));
            }
            if unwell.is_empty() {
                return Ok(if faulty { Outcome::Faults } else { Outcome::Done });
            }
            Err(anyhow!("not everything could be fetched from {}; the last known facts are kept", unwell.join(", ")))
        }

        /// What one source may take of what is left; `None` where it may not be asked at all.
        fn budget(&self, source: &Source, spent: Spent, deadline: Option<Timestamp>) -> Option<Budget> {
            let own = match source.kind {
                SourceKind::X { max_usd, .. } => Some(max_usd.or(self.max_usd)?),
                _ => None,
            };
            let left = self.max_usd.map(|most| micro(most).saturating_sub(spent.microdollars));
            let max_microdollars = [own.map(micro), left].into_iter().flatten().min();
            let max_points = self.max_points.map(|most| most.saturating_sub(spent.points));
            Some(Budget { deadline, max_points, max_microdollars })
        }

        fn say_plans(&self, root: &Path, chosen: &[(&Source, &Roster)]) -> Result<Outcome> {
            let mut documents = Vec::new();
            for (source, roster) in chosen {
                let planned = plan(root, source, roster, Timestamp::now())?;
                if self.format == Listing::Human {
                    say!(
                        "{}: would ask about {} in {} or more; {} without an account",
                        source.name,
                        plural(planned.members, "member"),
                        plural(planned.requests, "request"),
                        planned.without
                    );
                }
                documents.push(json!({
                    "source": source.name, "members": planned.members, "withoutAccount": planned.without,
                    "requests": planned.requests,
                }));
            }
            if self.format == Listing::Json {
                print(&format!("{:#}\n", json!({ "applied": false, "sources": documents })));
            }
            Ok(Outcome::Done)
        }
    }

    /// The sources that are named, or all, as indices.
    fn chosen(settings: &Settings, named: &[String]) -> Result<Vec<usize>, String> {
        let known: Vec<String> = settings.sources.iter().map(|source| format!("`{}`", source.name)).collect();
        if known.is_empty() {
            return Err(
                "site/site.toml declares no sources, such as a table `[sources.github]` with its `kind`".to_owned()
            );
        }
        if let Some(unknown) = named.iter().find(|name| !settings.sources.iter().any(|source| source.name == **name)) {
            return Err(format!("there is no source `{unknown}`: site/site.toml declares {}", known.join(", ")));
        }
        let all = settings.sources.iter().enumerate();
        Ok(all.filter(|(_, source)| named.is_empty() || named.contains(&source.name)).map(|(at, _)| at).collect())
    }

    /// The token that a source needs, from its variable.
    fn token(source: &Source) -> Result<Option<Token>> {
        let Some(variable) = token_of(source) else { return Ok(None) };
        let value = std::env::var(variable).unwrap_or_default();
        if value.trim().is_empty() {
            return Err(anyhow!("no token: put one into the variable {variable}"));
        }
        match Token::new(&value) {
            Some(token) => Ok(Some(token)),
            None => Err(anyhow!("what the variable {variable} holds is no token: it has characters that no token has")),
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between nothing and a million dollars"
    )]
    fn micro(dollars: f64) -> u64 {
        (dollars.clamp(0.0, 1e6) * 1e6).round() as u64
    }

    #[expect(clippy::cast_precision_loss, reason = "it is rounded anyway")]
    fn usd(microdollars: u64) -> f64 {
        microdollars as f64 / 1e6
    }

    fn bar(name: &str) -> ProgressBar {
        let watched = std::io::stderr().is_terminal();
        let target = if watched { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target).with_message(name.to_owned());
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}") {
            bar.set_style(style);
        }
        bar
    }

    fn told(source: &Source, ended: &Ended) {
        let Ended { summary, kept, short, trouble, refused } = ended;
        let name = &source.name;
        let Spent { requests, points, microdollars } = summary.spent;
        let mut cost = plural(usize::try_from(requests).unwrap_or(usize::MAX), "request");
        if points > 0 {
            let _ = write!(cost, ", {points} points");
        }
        if microdollars > 0 {
            let _ = write!(cost, ", ${:.3}", usd(microdollars));
        }
        say!(
            "{name}: {} fetched, {} unchanged, {} renamed, {} missing, {} failed ({cost}, {:.1} s)",
            summary.fetched,
            summary.unchanged,
            summary.renamed.len() + summary.moved.len(),
            summary.missing,
            summary.failed.len(),
            summary.time.as_secs_f64()
        );
        if summary.resumed > 0 {
            say!("  {} were asked by a refresh that was interrupted", plural(summary.resumed, "member"));
        }
        some(&summary.renamed, |(member, now)| format!("`{member}` is called `{now}` now"));
        some(&summary.moved, |(former, now)| format!("`{former}` is called `{now}` now: its facts go with it"));
        some(&summary.anew, |member| format!("`{member}` is another account than before: its facts begin anew"));
        some(&summary.gone, |member| format!("`{member}` has been missing for a week or more: its facts are kept"));
        some(&summary.failed, |(member, why)| format!("`{member}` failed: {why}"));
        some(&summary.notes, Clone::clone);
        if let Some(option) = short {
            say!("  not everybody was asked: {option} is used up; the next refresh begins with those who were left");
        }
        if let Some(why) = trouble {
            say!("  the last request came to nothing: {why}");
        }
        if let Some(why) = refused {
            say!("  {why}");
        }
        if let Some(why) = kept {
            say!("  {why}");
        }
    }

    fn some<T>(items: &[T], told: impl Fn(&T) -> String) {
        for item in items.iter().take(SHOWN) {
            say!("  {}", told(item));
        }
        if items.len() > SHOWN {
            say!("  … and {} more", items.len() - SHOWN);
        }
    }

    fn document(source: &Source, ended: &Ended) -> Json {
        let Ended { summary, kept, short, trouble, refused } = ended;
        let pairs = |pairs: &[(String, String)], name: &str| -> Vec<Json> {
            pairs.iter().map(|(member, text)| json!({ "member": member, name: text })).collect()
        };
        let moved = summary.moved.iter().map(|(former, now)| json!({ "member": now, "formerly": former }));
        let renamed: Vec<Json> = pairs(&summary.renamed, "account").into_iter().chain(moved).collect();
        json!({
            "source": source.name,
            "fetched": summary.fetched,
            "unchanged": summary.unchanged,
            "renamed": renamed,
            "anew": summary.anew,
            "missing": summary.missing,
            "gone": summary.gone,
            "failed": pairs(&summary.failed, "why"),
            "notes": summary.notes,
            "withoutAccount": summary.without,
            "resumed": summary.resumed,
            "requests": summary.spent.requests,
            "points": summary.spent.points,
            "usd": usd(summary.spent.microdollars),
            "seconds": summary.time.as_secs_f64(),
            "cutShortBy": short,
            "trouble": trouble,
            "refused": refused,
            "kept": kept,
        })
    }
}
