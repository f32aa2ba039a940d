//! How fresh the facts of each source are, and by which rule they count: what `status.json` says of scores.

use super::{FORMULA, Scores};
use crate::model::{Period, Score, Source, SourceKind, Window};
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Map, Value as Json, json};

impl Scores<'_> {
    /// For each source: when its members were checked, and whether that is too long ago.
    pub fn sources(&self) -> Json {
        let one = |(source, facts): (&Source, &super::Facts)| {
            let checked = facts.checks.checked_at;
            let missing = facts.checks.members.values().filter(|check| check.missing.is_some()).count();
            let oldest = facts.checks.members.values().map(|check| check.checked_at).min().flatten();
            let told = json!({
                "kind": kind(&source.kind),
                "checkedAt": checked.map(|at| at.to_string()),
                "oldestCheckAt": oldest.map(|at| at.to_string()),
                "members": facts.days.len(),
                "missing": missing,
                "stale": stale_at(source, checked).is_none_or(|at| at <= self.now),
            });
            (source.name.clone(), told)
        };
        Json::Object(self.settings.sources.iter().zip(&self.facts).map(one).collect::<Map<_, _>>())
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

    /// When facts go stale, of those that are fresh yet.
    pub fn next_stale(&self) -> Option<Timestamp> {
        let each = self.settings.sources.iter().zip(&self.facts);
        each.filter_map(|(source, facts)| stale_at(source, facts.checks.checked_at)).filter(|at| *at > self.now).min()
    }
}

fn stale_at(source: &Source, checked: Option<Timestamp>) -> Option<Timestamp> {
    checked?.checked_add(i64::try_from(source.stale_hours).ok()?.hours()).ok()
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
