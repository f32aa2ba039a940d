//! How fresh the facts of each source are, and by which rule they count: what `status.json` says of scores.

use super::facts::{Facts, former};
use super::{FORMULA, Scores};
use crate::model::{Collection, Period, Score, Source, SourceKind, Value, Window};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

/// What is known of asking about the members that a source has now.
#[derive(Default)]
struct Asked {
    members: usize,
    unchecked: usize,
    failing: usize,
    missing: usize,
    /// The last check of whoever was checked the longest ago.
    oldest: Option<Timestamp>,
    /// When that, or the last refresh of everybody, is too long ago; `None` where everybody was never asked about.
    stale_at: Option<Timestamp>,
}

/// How fresh the facts are, source for source.
pub struct Freshness<'s> {
    sources: Vec<(&'s Source, Option<Timestamp>, Asked)>,
    now: Timestamp,
}

impl<'s> Scores<'s> {
    /// Who is published and has an account, and when those were asked about.
    pub fn freshness(&self, collections: &[Arc<Collection>]) -> Freshness<'s> {
        let each = self.settings.sources.iter().zip(&*self.facts);
        let one = |(source, facts): (&'s Source, &Facts)| {
            let collection = collections.get(source.members);
            let asked = collection.map_or_else(Asked::default, |collection| asked(source, facts, collection));
            (source, facts.checks.checked_at, asked)
        };
        Freshness { sources: each.map(one).collect(), now: self.now }
    }

    /// For each score: its rule, and the rule's parameters.
    pub fn formulas(&self) -> Json {
        let one = |score: &Score| (score.name.clone(), self.formula(score));
        Json::Object(self.settings.scores.iter().map(one).collect::<Map<_, _>>())
    }

    pub(super) fn formula(&self, score: &Score) -> Json {
        let period = match score.period {
            Period::Day => json!("day"),
            Period::Week(begins) => json!({ "week": format!("{begins:?}").to_lowercase() }),
        };
        let windows: Map<String, Json> = score
            .windows
            .iter()
            .map(|(field, window)| {
                let window = match window {
                    Window::Days(days) => format!("{days}d"),
                    Window::ThisMonth => "month".to_owned(),
                    Window::Month(year, month) => format!("{year:04}-{month:02}"),
                };
                (field.clone(), json!(window))
            })
            .collect();
        json!({
            "formula": FORMULA,
            "source": self.settings.sources[score.from].name,
            "dailyCap": score.daily_cap,
            "graceDays": score.grace_days,
            "exclude": score.excluded.iter().map(|day| format!("{day:?}").to_lowercase()).collect::<Vec<_>>(),
            "period": period,
            "since": score.since.map(|day| day.to_string()),
            "windows": windows,
        })
    }
}

impl Freshness<'_> {
    /// For each source: when its members were checked, and whether that is too long ago.
    pub fn told(&self) -> Json {
        let one = |(source, checked, asked): &(&Source, Option<Timestamp>, Asked)| {
            let told = json!({
                "kind": kind(&source.kind),
                "checkedAt": checked.map(|at| at.to_string()),
                "oldestCheckAt": asked.oldest.map(|at| at.to_string()),
                "members": asked.members,
                "unchecked": asked.unchecked,
                "failing": asked.failing,
                "missing": asked.missing,
                "stale": asked.stale_at.is_none_or(|at| at <= self.now),
            });
            (source.name.clone(), told)
        };
        Json::Object(self.sources.iter().map(one).collect::<Map<_, _>>())
    }

    /// When facts go stale, of those that are fresh yet.
    pub fn next_stale(&self) -> Option<Timestamp> {
        self.sources.iter().filter_map(|(.., asked)| asked.stale_at).filter(|at| *at > self.now).min()
    }
}

fn asked(source: &Source, facts: &Facts, collection: &Collection) -> Asked {
    let former = former(&collection.records, |key| facts.checked.contains_key(key));
    let mut asked = Asked::default();
    for (at, record) in collection.records.iter().enumerate().filter(|(_, record)| record.hidden.is_none()) {
        // Who names no account is not asked about.
        if record.get(&source.account.value).and_then(Value::label).is_none_or(|name| name.trim().is_empty()) {
            continue;
        }
        asked.members += 1;
        let key = former.get(&at).cloned().unwrap_or_else(|| record.key.to_ascii_lowercase());
        let check = facts.checked.get(&key);
        let checked_at = check.and_then(|check| check.checked_at);
        asked.unchecked += usize::from(checked_at.is_none());
        asked.failing += usize::from(check.is_some_and(|check| check.tried_at.is_some()));
        asked.missing += usize::from(check.is_some_and(|check| check.missing.is_some()));
        asked.oldest = asked.oldest.into_iter().chain(checked_at).min();
    }
    let first = facts.checks.checked_at.map(|whole| asked.oldest.map_or(whole, |oldest| oldest.min(whole)));
    // What lies beyond the calendar never comes.
    let hours = SignedDuration::try_from_hours(i64::try_from(source.stale_hours).unwrap_or(i64::MAX));
    let after = |first: Timestamp| hours.and_then(|hours| first.checked_add(hours).ok()).unwrap_or(Timestamp::MAX);
    asked.stale_at = first.map(after);
    asked
}

fn kind(kind: &SourceKind) -> &'static str {
    match kind {
        SourceKind::Github(_) => "github",
        SourceKind::X { .. } => "x",
        SourceKind::Feed => "feed",
        SourceKind::Csv { .. } => "csv",
        SourceKind::XArchive { .. } => "x-archive",
        SourceKind::Command(_) => "command",
    }
}
