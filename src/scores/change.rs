//! When the numbers would change though nobody does anything: at a midnight that breaks a streak or moves a window.

use super::{Member, Members, Scores, fields};
use crate::model::{About, Record, Score};
use jiff::{Timestamp, ToSpan as _};
use rayon::prelude::*;

/// How many days ahead are looked at.
const AHEAD: u32 = 400;

impl Scores<'_> {
    /// The next midnight of somebody's at which a number of these records, or how it moved over so many days, would be
    /// another without new facts.
    pub(super) fn next_midnight(&self, collection: usize, records: &[Record], movements: &[u32]) -> Option<Timestamp> {
        let scores: Vec<(&Score, Members)> = self
            .settings
            .scores_of(collection)
            .map(|score| (score, Members::read(self, score, records, &mut Vec::new())))
            .collect();
        let (mut found, mut last) = (None::<Timestamp>, AHEAD);
        for ahead in 1..=AHEAD {
            if ahead > last {
                break;
            }
            let first = (0..records.len()).into_par_iter().filter_map(|at| {
                scores
                    .iter()
                    .filter_map(|(score, members)| self.changes(score, members, (at, &records[at]), ahead, movements))
                    .min()
            });
            let first = first.min();
            // A day later it may be midnight earlier, further east.
            if found.is_none() && first.is_some() {
                last = ahead + 1;
            }
            found = found.into_iter().chain(first).min();
        }
        found
    }

    fn is_explained(&self, score: &Score) -> bool {
        let members = self.settings.sources[score.from].members;
        self.settings.views.iter().any(|view| view.from == members && matches!(view.about, About::Explain))
    }

    /// The midnight that many days ahead, if it changes something for the member.
    fn changes(
        &self,
        score: &Score,
        members: &Members,
        (at, record): (usize, &Record),
        ahead: u32,
        movements: &[u32],
    ) -> Option<Timestamp> {
        let key = record.key.to_ascii_lowercase();
        let now = *members.get(at);
        let today = now.today.checked_add(i64::from(ahead).days()).ok()?;
        let before = now.today.checked_add(i64::from(ahead - 1).days()).ok()?;
        let numbers = |today, days_ago| {
            let member = Member { today, ..now };
            let counted = self.counted(score, &key, &member, days_ago);
            let values = counted.as_ref().map(|counted| fields(score, counted));
            // An explanation tells more than the members that are computed.
            let whole = counted.clone().filter(|_| days_ago == 0 && self.is_explained(score));
            (
                values.map(|all| all.into_iter().map(|(_, value)| value).collect::<Vec<_>>()),
                whole,
                days_ago > 0 && self.is_there(score, &key, &member, days_ago),
            )
        };
        let differs = |days_ago: u32| numbers(before, days_ago) != numbers(today, days_ago);
        if !differs(0) && !movements.iter().any(|days_ago| differs(*days_ago)) {
            return None;
        }
        members.zone(at).to_zoned(today.to_datetime(jiff::civil::Time::midnight())).ok().map(|zoned| zoned.timestamp())
    }
}
