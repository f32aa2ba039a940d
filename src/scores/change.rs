//! When the numbers would change though nobody does anything: at a midnight that breaks a streak or moves a window.

use super::{Member, Members, Scores, fields};
use crate::model::{About, Days, Period, Record, Score, Window, days_between};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};

/// How many days ahead are looked at.
const AHEAD: i64 = 400;

impl Scores<'_> {
    /// The next midnight of somebody's at which a number of these records, or how it moved over so many days, would be
    /// another without new facts.
    pub(super) fn next_midnight(&self, collection: usize, records: &[Record], movements: &[u32]) -> Option<Timestamp> {
        let scores = self.settings.scores_of(collection);
        let next = scores.filter_map(|score| {
            let members = Members::read(self, score, records, &mut Vec::new());
            let change = Change { scores: self, score, movements, explained: self.is_explained(collection) };
            members.by_zone().into_iter().filter_map(|(zone, at)| change.first(records, &members, zone, &at)).min()
        });
        next.min()
    }

    fn is_explained(&self, collection: usize) -> bool {
        self.settings.views.iter().any(|view| view.from == collection && matches!(view.about, About::Explain))
    }
}

/// What a change is looked for in.
struct Change<'a> {
    scores: &'a Scores<'a>,
    score: &'a Score,
    movements: &'a [u32],
    /// Whether more is told than the members that are computed.
    explained: bool,
}

impl Change<'_> {
    /// The first midnight in a time zone that changes something for one of its members.
    fn first(&self, records: &[Record], members: &Members, zone: &TimeZone, at: &[usize]) -> Option<Timestamp> {
        // The nearest that was found yet: nobody need look beyond it.
        let nearest = AtomicI64::new(AHEAD + 1);
        at.par_iter().for_each(|at| {
            let key = records[*at].key.to_ascii_lowercase();
            let below = nearest.load(Ordering::Relaxed);
            if let Some(ahead) = self.ahead(&key, *members.get(*at), below) {
                nearest.fetch_min(ahead, Ordering::Relaxed);
            }
        });
        let nearest = nearest.into_inner();
        let today = at.first().map(|at| members.get(*at).today)?;
        let day = today.checked_add(nearest.days()).ok().filter(|_| nearest <= AHEAD)?;
        zone.to_zoned(day.to_datetime(jiff::civil::Time::midnight())).ok().map(|zoned| zoned.timestamp())
    }

    /// In how many days, fewer than `below`, something changes for a member.
    fn ahead(&self, key: &str, member: Member, below: i64) -> Option<i64> {
        if below <= 1 {
            return None;
        }
        let days = self.scores.facts[self.score.from].days.get(key);
        let candidates = self.candidates(days, member);
        candidates.range(1..below).copied().find(|ahead| self.differs(key, member, *ahead))
    }

    /// The days ahead on which something may change: those on which a streak may end or begin, a day enters or leaves
    /// a window or the past that is looked at, and little is known any more.
    fn candidates(&self, days: Option<&Days>, member: Member) -> BTreeSet<i64> {
        let ahead = |day: Date| days_between(member.today, day);
        let unit = if matches!(self.score.period, Period::Day) { 1 } else { 7 };
        // A streak ends within its grace, and a week of days that never break it.
        let soon = unit * (i64::from(self.score.grace_days) + 2) + 8;
        let pasts = || [0].into_iter().chain(self.movements.iter().map(|days| i64::from(*days)));
        let mut found = BTreeSet::new();
        for past in pasts() {
            found.extend(member.start.map(|start| ahead(start) + past));
        }
        let Some(days) = days else { return found };
        let known_to = days.last().map_or(0, ahead);
        let active: Vec<i64> = active(days, member.today, AHEAD);
        for past in pasts() {
            found.extend([ahead(days.from()) + past]);
            found.extend((0..=soon).map(|day| known_to + day + past));
            // What was done lately may end a streak, today or in the past that is looked at.
            if active.iter().any(|day| day + past > -soon) {
                found.extend(1..=soon);
            }
            for (_, window) in &self.score.windows {
                let leaves: Option<i64> = match window {
                    Window::Days(days) => active.iter().map(|day| day + i64::from(*days) + past).find(|day| *day > 0),
                    Window::ThisMonth => {
                        let then = member.today.checked_sub(past.days()).unwrap_or(member.today);
                        then.last_of_month().tomorrow().ok().map(|first| ahead(first) + past)
                    }
                    Window::Month(..) => None,
                };
                found.extend(leaves);
            }
            found.extend(active.iter().map(|day| day + past).find(|day| *day > 0));
        }
        found
    }

    /// Whether the numbers of that day are others than those of the day before it.
    fn differs(&self, key: &str, member: Member, ahead: i64) -> bool {
        let on = |ahead: i64| member.today.checked_add(ahead.days()).ok();
        let (Some(today), Some(before)) = (on(ahead), on(ahead - 1)) else { return false };
        let numbers = |today, days_ago| {
            let member = Member { today, ..member };
            let counted = self.scores.counted(self.score, key, &member, days_ago);
            let values = counted
                .as_ref()
                .map(|counted| fields(self.score, counted).into_iter().map(|(_, value)| value).collect::<Vec<_>>());
            let whole = counted.filter(|_| days_ago == 0 && self.explained);
            (values, whole, days_ago > 0 && self.scores.is_there(self.score, key, &member, days_ago))
        };
        [0].iter().chain(self.movements).any(|days_ago| numbers(before, *days_ago) != numbers(today, *days_ago))
    }
}

/// The days with a count of the last so many, as days ahead of today: most of them are behind.
fn active(days: &Days, today: Date, last: i64) -> Vec<i64> {
    let mut at = days_between(today, days.from());
    let mut active = Vec::new();
    for run in days.runs() {
        let end = at + i64::from(run.days);
        if run.count.is_some_and(|count| count > 0) {
            active.extend((at..end).filter(|day| *day >= -2 * last));
        }
        at = end;
    }
    active
}
