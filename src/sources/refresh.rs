//! One source: who is asked, what came of it, and whether it may become facts.

use super::adopt::{Orphans, readdress};
use super::batches::Batches;
use super::clock::Clock;
use super::driver::{Asked, Budget, Driver, Over};
use super::facts::State;
use super::http::Http;
use super::journal::Journal;
use super::member::{Asking, Roster, same};
use super::outcome::{Came, Outcome};
use super::search::Searching;
use super::summary::Summary;
use super::token::Token;
use super::{feed, files, github, program, x};
use crate::model::{Source, SourceKind};
use anyhow::{Result, bail};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

/// A source that is refreshed, and with what.
pub struct Work<'a> {
    pub root: &'a Path,
    pub source: &'a Source,
    pub roster: &'a Roster,
    pub token: Option<Token>,
    pub http: &'a Http,
    pub clock: &'a dyn Clock,
}

/// How it is refreshed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    pub budget: Budget,
    /// Whether facts are replaced although much less is known than before.
    pub accept_drop: bool,
}

/// How a refresh of a source ended.
#[derive(Clone, Debug)]
pub struct Ended {
    pub summary: Summary,
    /// Why the facts stay as they were.
    pub kept: Option<String>,
    /// Why not everybody was asked: the option that said so.
    pub short: Option<&'static str>,
    /// What was in the way then, where the last request came to nothing.
    pub trouble: Option<String>,
    /// Why the service answered no more.
    pub refused: Option<String>,
}

impl Ended {
    /// Whether it was no refresh: nothing came, or what came was not to be believed. To be cut short by an option is
    /// none of that, unless the service gave nothing until then.
    pub fn is_failed(&self) -> bool {
        let nothing = self.summary.fetched + self.summary.unchanged + self.summary.missing == 0;
        self.kept.is_some() || self.refused.is_some() || nothing && self.short.is_some() && self.trouble.is_some()
    }
}

/// What a refresh would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    pub members: usize,
    pub without: usize,
    /// The fewest requests that it takes.
    pub requests: usize,
}

/// More members than these hundredths must not fail, and all counts not fall by more than those.
const FAIL_AT_MOST: usize = 20;
const FALL_AT_MOST: u64 = 30;

/// The name of the variable that holds the token of a source, where it needs one.
pub fn token_of(source: &Source) -> Option<&str> {
    let usual = match source.kind {
        SourceKind::Github(_) => Some(github::TOKEN),
        SourceKind::X { .. } => Some(x::TOKEN),
        // A program is given none that its source does not name.
        SourceKind::Command(_) => source.token.as_ref().map(|token| token.value.as_str()),
        _ => None,
    };
    usual.map(|usual| source.token.as_ref().map_or(usual, |token| token.value.as_str()))
}

/// Says what a refresh would ask; nothing is asked.
///
/// # Errors
/// When the facts cannot be read.
pub fn plan(root: &Path, source: &Source, roster: &Roster, now: Timestamp) -> Result<Planned> {
    let mut state = State::load(root, source)?;
    state.adopt(roster);
    let asking = state.asking(&roster.members);
    let requests = match &source.kind {
        SourceKind::Github(mode) => {
            let tasks = asking.iter().enumerate().map(|(at, member)| github::tasks(*mode, at, member, now).len());
            tasks.sum::<usize>().div_ceil(github::MOST)
        }
        SourceKind::X { .. } => 1 + asking.iter().filter(|member| member.id().is_none()).count().div_ceil(x::NAMES),
        SourceKind::Feed => asking.len(),
        SourceKind::Csv { .. } | SourceKind::XArchive { .. } => 0,
        SourceKind::Command(_) => 1,
    };
    Ok(Planned { members: asking.len(), without: roster.members.len() - asking.len(), requests })
}

/// Asks about every member, and makes facts of what came. `step` is told how many members are done, of how many.
///
/// # Errors
/// [`super::Faulty`] when files of the site are wrong; else when the disk fails, or a program cannot be started.
pub async fn refresh(work: &Work<'_>, options: Options, step: &dyn Fn(usize, usize)) -> Result<Ended> {
    let Work { root, source, roster, clock, .. } = *work;
    let begun = clock.now();
    let mut state = State::load(root, source)?;
    let moved = state.adopt(roster);
    let (asking, orphans) = (state.asking(&roster.members), state.orphans(roster));
    let mut journal = Journal::open(root, source, begun)?;
    readdress(&mut journal, roster);
    let known: BTreeSet<&str> = roster.members.iter().map(|member| member.key.as_str()).collect();
    journal.outcomes.retain(|member, _| known.contains(member.as_str()));
    let resumed = journal.outcomes.len();
    // A search and a file are about everybody.
    let whole = matches!(source.kind, SourceKind::X { .. } | SourceKind::Csv { .. } | SourceKind::XArchive { .. });
    let todo: Vec<Asking> = if whole { asking.clone() } else { unanswered(&asking, &journal) };
    let mut driver = Driver::new(work.http, clock, work.token.clone(), options.budget, service(source));
    let over =
        ask(work, (&todo, &orphans), &mut driver, &state, &mut journal, &|done| step(done, asking.len())).await?;
    let mut summary = Summary {
        resumed,
        without: roster.members.len() - asking.len(),
        moved,
        spent: driver.spent,
        ..Summary::default()
    };
    let (short, refused) = match over {
        None => (None, None),
        Some(Over::Budget(option)) => (Some(option), None),
        Some(Over::Refused(why)) => (None, Some(why)),
    };
    let before = state.facts.sum();
    let mut next = State { facts: state.facts.clone(), checks: state.checks.clone() };
    next.apply(&journal.outcomes, &orphans, &mut summary);
    let told = |member: &str| summary.moved.iter().any(|(_, now)| now == member);
    summary.renamed.retain(|(member, now)| !(same(member, now) && told(member)));
    summary.time = Duration::try_from(clock.now().duration_since(begun)).unwrap_or_default();
    let kept = if options.accept_drop { None } else { too_little(&summary, before, next.facts.sum()) };
    if kept.is_some() {
        state.note_failures(&journal.outcomes);
        // What stays as it was stands under the keys of now.
        state.facts.save(root, source)?;
        state.save_checks(root, source)?;
    } else if !journal.outcomes.is_empty() || short.is_none() && refused.is_none() {
        if let Some(search) = &journal.search {
            next.checks.search = Some(search.clone());
        }
        if short.is_none() && refused.is_none() {
            next.checks.checked_at = Some(clock.now());
        }
        // Members who left are not asked any more; their facts stay until somebody forgets them.
        next.checks.members.retain(|member, _| known.contains(member.as_str()) || next.facts.of(member).is_some());
        next.facts.save(root, source)?;
        next.save_checks(root, source)?;
    }
    journal.end()?;
    summary.notes = driver.notes;
    let trouble = driver.trouble.filter(|_| short.is_some());
    Ok(Ended { summary, kept, short, trouble, refused })
}

/// Those of whom an interrupted refresh has not learnt anything.
fn unanswered(asking: &[Asking], journal: &Journal) -> Vec<Asking> {
    asking.iter().filter(|member| !journal.outcomes.contains_key(&member.key)).cloned().collect()
}

fn service(source: &Source) -> &'static str {
    match source.kind {
        SourceKind::Github(_) => "GitHub",
        SourceKind::X { .. } => "X",
        _ => "the server",
    }
}

async fn ask(
    work: &Work<'_>,
    (members, orphans): (&[Asking], &Orphans),
    driver: &mut Driver<'_>,
    state: &State,
    journal: &mut Journal,
    step: &dyn Fn(usize),
) -> Result<Option<Over>> {
    let Work { root, source, .. } = *work;
    let now = driver.clock.now();
    let url = source.url.as_deref();
    step(journal.outcomes.len());
    if let SourceKind::X { tag, .. } = &source.kind {
        let search = journal.search.clone().or_else(|| state.checks.search.clone()).unwrap_or_default();
        return Searching { members, orphans, tag, url }.run(driver, search, journal).await;
    }
    let mut emit = |outcome: Outcome| {
        journal.came(outcome)?;
        step(journal.outcomes.len());
        anyhow::Ok(())
    };
    match &source.kind {
        SourceKind::Github(mode) => Batches { members, mode: *mode, url }.run(driver, &mut emit).await,
        SourceKind::Feed => feeds(members, url, driver, &mut emit).await,
        SourceKind::Command(words) => program::run(root, source, words, members, driver, &mut emit).await,
        SourceKind::Csv { path } => files::csv(root, &path.value, members, now, &mut driver.notes)?
            .into_iter()
            .try_for_each(emit)
            .map(|()| None),
        SourceKind::XArchive { path, tag } => {
            let outcomes = files::archives(root, &path.value, tag.as_deref(), members, now)?;
            outcomes.into_iter().try_for_each(emit).map(|()| None)
        }
        SourceKind::X { .. } => bail!("a search is no question for each member"),
    }
}

async fn feeds(
    members: &[Asking],
    url: Option<&str>,
    driver: &mut Driver<'_>,
    emit: &mut dyn FnMut(Outcome) -> Result<()>,
) -> Result<Option<Over>> {
    for member in members {
        let came = match feed::request(member, url) {
            Err(why) => Came::Failed(why),
            Ok(request) => match driver.ask(&request, feed::verdict).await {
                Asked::Over(over @ Over::Budget(_)) => return Ok(Some(over)),
                Asked::Answered(answer) => feed::read(member, &answer, driver.clock.now()),
                Asked::TooMuch(why) | Asked::GaveUp(why) | Asked::Over(Over::Refused(why)) => Came::Failed(why),
            },
        };
        // Another feed is another server.
        driver.calm();
        emit(Outcome { member: member.key.clone(), at: driver.clock.now(), came })?;
    }
    Ok(None)
}

/// Why what came is not to be believed.
fn too_little(summary: &Summary, before: u64, after: u64) -> Option<String> {
    let (failed, asked) = (summary.failed.len(), summary.asked());
    if failed * 100 > asked * FAIL_AT_MOST {
        let first = summary.failed.first().map(|(member, why)| format!(" (`{member}`: {why})")).unwrap_or_default();
        return Some(format!(
            "{failed} of {asked} members failed, more than {FAIL_AT_MOST} %{first}: the facts stay as they were; run it again, or take what came with --accept-drop"
        ));
    }
    if after * 100 < before * (100 - FALL_AT_MOST) {
        return Some(format!(
            "all counts together would fall from {before} to {after}, by more than {FALL_AT_MOST} %: the facts stay as they were; if that is right, say --accept-drop"
        ));
    }
    None
}
