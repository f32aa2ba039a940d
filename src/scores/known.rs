//! What is known of each day, for those who draw it.

use super::facts::Facts;
use super::member::day;
use super::{Scores, Seen, count};
use crate::model::{Days, Record, Score, Value, days_between};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use std::sync::Arc;

/// The facts of all sources, as of a day.
#[derive(Clone)]
pub struct Known {
    facts: Arc<Vec<Facts>>,
    /// The collection whose members each source is of.
    members: Arc<[usize]>,
    scores: Arc<[Score]>,
    zone: TimeZone,
    now: Timestamp,
}

/// Days without a gap, and what was done on each over all sources; `None` where nobody has looked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    pub from: Date,
    pub counts: Vec<Option<u64>>,
}

impl Scores<'_> {
    pub fn known(&self) -> Known {
        let members = self.settings.sources.iter().map(|source| source.members).collect();
        let scores = self.settings.scores.clone().into();
        let zone = self.settings.site.time_zone.clone();
        Known { facts: Arc::clone(&self.facts), members, scores, zone, now: self.now }
    }
}

impl Known {
    /// So many days of a member, the last of which something is known, up to today, as the last of them; `None` where
    /// nothing is known of the member.
    pub fn stretch(&self, collection: usize, key: &str, length: u32) -> Option<Stretch> {
        let key = key.to_ascii_lowercase();
        let of_members = self.facts.iter().zip(&*self.members).filter(|(_, members)| **members == collection);
        let all: Vec<&Days> = of_members.filter_map(|(facts, _)| facts.days.get(&key)).collect();
        let today = self.zone.to_datetime(self.now).date();
        let last = all.iter().filter_map(|days| days.last()).max()?.min(today);
        let from = last.checked_sub((i64::from(length) - 1).days()).ok()?;
        let mut stretch = Stretch { from, counts: vec![None; length as usize] };
        for days in all {
            let mut day = days_between(from, days.from());
            for run in days.runs() {
                for at in day.max(0)..(day + i64::from(run.days)).min(i64::from(length)) {
                    let place = usize::try_from(at).ok().and_then(|at| stretch.counts.get_mut(at));
                    if let (Some(place), Some(count)) = (place, run.count) {
                        *place = Some(place.unwrap_or(0) + u64::from(count));
                    }
                }
                day += i64::from(run.days);
            }
        }
        stretch.counts.iter().any(Option::is_some).then_some(stretch)
    }

    /// What a score was at the end of each of so many weeks, the last of which ends today; nothing where nothing is known
    /// of the member.
    ///
    /// # Errors
    /// Where there is no such score of that collection.
    pub fn history(&self, of: (usize, &Record), name: &str, weeks: u32) -> Result<Option<Vec<u64>>, String> {
        let (collection, record) = of;
        let of_members = |score: &&Score| self.members.get(score.from) == Some(&collection);
        let Some(score) = self.scores.iter().filter(of_members).find(|score| score.name == name) else {
            return Err(format!("there is no score `{name}` of these records"));
        };
        let Some(days) = self.facts[score.from].days.get(&record.key.to_ascii_lowercase()) else { return Ok(None) };
        let text = |field: &str| record.get(field).and_then(Value::as_text);
        let zone = text(&score.time_zone.value).and_then(|name| TimeZone::get(name).ok());
        let zone = zone.as_ref().unwrap_or(&self.zone);
        let today = zone.to_datetime(self.now).date();
        let joined = text(&score.joined.value).and_then(|text| day(text, zone));
        let start = joined.into_iter().chain(score.since).max();
        let at = |week: u32| {
            let today = today.checked_sub(i64::from(week * 7).days()).unwrap_or(today);
            count(score, Seen { days, today, start, is_past: week > 0 }).score
        };
        Ok(Some((0..weeks).rev().map(at).collect()))
    }
}
