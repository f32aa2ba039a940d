//! What is known of each day, for those who draw it.

use super::Scores;
use super::facts::Facts;
use crate::model::{Days, days_between};
use jiff::ToSpan as _;
use jiff::civil::Date;
use std::sync::Arc;

/// The facts of all sources, as of a day.
#[derive(Clone)]
pub struct Known {
    facts: Arc<Vec<Facts>>,
    /// The collection whose members each source is of.
    members: Arc<[usize]>,
    today: Date,
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
        let today = self.settings.site.time_zone.to_datetime(self.now).date();
        Known { facts: Arc::clone(&self.facts), members, today }
    }
}

impl Known {
    /// So many days of a member, the last of which something is known, up to today, as the last of them; `None` where
    /// nothing is known of the member.
    pub fn stretch(&self, collection: usize, key: &str, length: u32) -> Option<Stretch> {
        let key = key.to_ascii_lowercase();
        let of_members = self.facts.iter().zip(&*self.members).filter(|(_, members)| **members == collection);
        let all: Vec<&Days> = of_members.filter_map(|(facts, _)| facts.days.get(&key)).collect();
        let last = all.iter().filter_map(|days| days.last()).max()?.min(self.today);
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
}
