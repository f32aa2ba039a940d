//! When the numbers would change though nobody does anything: at a midnight that breaks a streak or moves a window.

use super::shown::shown;
use super::{Counted, Member, Members, Scores, fields};
use crate::model::{About, Days, Period, Record, Score, Value, Window, days_between};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};

/// Changes are looked for within so many days.
const SOON: i64 = 14;

impl Scores<'_> {
    /// The next midnight of somebody's at which a number of these records, or how it moved over so many days, would be
    /// another without new facts.
    pub(super) fn next_midnight(&self, collection: usize, records: &[Record], movements: &[u32]) -> Option<Timestamp> {
        let shown = shown(self.settings, collection);
        let scores = self.settings.scores_of(collection);
        let next = scores.filter_map(|score| {
            let members = Members::read(self, score, records, &mut Vec::new());
            let explained = self.is_explained(collection);
            let change = Change { score, movements, explained, shown: &shown };
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
    score: &'a Score,
    movements: &'a [u32],
    /// Whether more is told than the members that are computed.
    explained: bool,
    /// The members that some answer depends on.
    shown: &'a BTreeSet<String>,
}

impl Change<'_> {
    /// The first midnight in a time zone that changes something for one of its members.
    fn first(&self, records: &[Record], members: &Members<'_>, zone: &TimeZone, at: &[usize]) -> Option<Timestamp> {
        // The nearest that was found yet: nobody need look beyond it.
        let nearest = AtomicI64::new(i64::MAX);
        let published = at.par_iter().filter(|at| records[**at].hidden.is_none());
        published.for_each(|at| {
            let below = nearest.load(Ordering::Relaxed);
            if let Some(ahead) = self.ahead(*members.get(*at), below) {
                nearest.fetch_min(ahead, Ordering::Relaxed);
            }
        });
        let nearest = nearest.into_inner();
        let today = at.first().map(|at| members.get(*at).today)?;
        let day = today.checked_add(Some(nearest).filter(|nearest| *nearest <= SOON)?.days()).ok()?;
        zone.to_zoned(day.to_datetime(jiff::civil::Time::midnight())).ok().map(|zoned| zoned.timestamp())
    }

    /// In how many days, fewer than `below`, something changes for a member, or is to be looked at again: days are
    /// looked at up to the end of a fortnight, the same one for everybody and from whichever day of it one looks.
    fn ahead(&self, member: Member<'_>, below: i64) -> Option<i64> {
        let into = days_between(Date::constant(1970, 1, 1), member.today).rem_euclid(SOON);
        let first = Member { today: member.today.checked_sub(into.days()).unwrap_or(member.today), ..member };
        if below <= 1 || self.is_settled(first) {
            return None;
        }
        let end = SOON - into;
        let mut before = self.numbers(member, 0);
        for ahead in 1..below.min(end) {
            let then = self.numbers(member, ahead);
            if then != before {
                return Some(ahead);
            }
            before = then;
        }
        (below > end).then_some(end)
    }

    /// Whether nothing of the member changes any more: whatever was done, and the end of what is known, are behind every
    /// window, every streak and every past that is looked at.
    fn is_settled(&self, member: Member<'_>) -> bool {
        let unit = if matches!(self.score.period, Period::Day) { 1 } else { 7 };
        let windows = self.score.windows.iter().map(|(_, window)| match window {
            Window::Days(days) => i64::from(*days),
            Window::ThisMonth => 31,
            Window::Month(..) => 0,
        });
        let past = self.movements.iter().max().map_or(0, |days| i64::from(*days));
        let streak = unit * (i64::from(self.score.grace_days) + 3) + 7;
        let reach = windows.max().unwrap_or_default().max(streak) + past + 1;
        let is_behind = |day: Date| days_between(day, member.today) > reach;
        let days = member.days;
        let known_to = days.and_then(Days::last);
        // Days that never break a streak go on extending one, as long as they are known: so all of them are behind.
        member.start.is_none_or(is_behind)
            && days.is_none_or(|days| is_behind(days.from()))
            && known_to.is_none_or(is_behind)
    }

    /// Everything that is told of a member so many days ahead: of that day, and of each day that movement looks back to.
    fn numbers(&self, member: Member<'_>, ahead: i64) -> Option<Vec<Numbers<'_>>> {
        let member = Member { today: member.today.checked_add(ahead.days()).ok()?, ..member };
        let of = |days_ago: &u32| {
            let counted = member.counted(self.score, *days_ago);
            let is_shown = |(field, _): &(&str, Value)| self.shown.contains(*field);
            let of = |counted| fields(self.score, counted).into_iter().filter(is_shown).collect();
            let values = counted.as_ref().map(of);
            let whole = counted.filter(|_| *days_ago == 0 && self.explained);
            Numbers { values, whole, there: *days_ago > 0 && member.is_there(self.score, *days_ago) }
        };
        Some([0].iter().chain(self.movements).map(of).collect())
    }
}

/// What is told of a member as of one day.
#[derive(PartialEq)]
struct Numbers<'a> {
    values: Option<Vec<(&'a str, Value)>>,
    whole: Option<Counted>,
    there: bool,
}
