//! The numbers of one member: what the days of a source count for a score.

use super::streak::{Course, Streak, streak};
use crate::model::{Days, Period, Score, Window, days_between};
use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};

/// What a member has done, as far as it counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    pub score: u64,
    pub streak: Streak,
    /// The first day of the current streak.
    pub since: Option<Date>,
    /// Days with a count.
    pub active: u32,
    /// The sum of each of the score's windows.
    pub windows: Vec<u64>,
    /// Days that the daily cap cut, and by how much in all.
    pub capped: (u32, u64),
    /// Days with a count before the first that counts.
    pub early: u32,
    /// Days between known ones of which nothing is known.
    pub unknown: u32,
}

/// The days of one member, as they are seen on one day.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    pub days: &'a Days,
    /// The member's day.
    pub today: Date,
    /// The first day that counts, where there is one.
    pub start: Option<Date>,
    /// Whether later days are known already to nobody: the past as it was.
    pub is_past: bool,
}

/// Counts by the rules of a score.
pub fn count(score: &Score, seen: Seen<'_>) -> Counted {
    let Seen { days, today, start, is_past } = seen;
    let known_from = days.from();
    let first = start.map_or(known_from, |start| start.max(known_from));
    let mut counted = Counted { windows: vec![0; score.windows.len()], ..Counted::default() };
    counted.early = days_before(days, first);
    if first > today || days.is_empty() {
        counted.streak.provisional = start.is_none_or(|start| start <= today);
        return counted;
    }
    let tomorrow = today.tomorrow().ok().filter(|_| !is_past);
    let counts = slice(days, first, today, tomorrow);
    let last = usize::try_from(days_between(first, today)).unwrap_or_default();
    sums(score, &counts[..=last], first, today, &mut counted);
    let open = start.is_none_or(|start| start < known_from);
    match score.period {
        Period::Day => {
            let weekday = |at: usize| day_at(first, at).is_some_and(|day| score.excluded.contains(&day.weekday()));
            counted.streak = streak(Course { counts: &counts, current: Some(last), open }, score.grace_days, weekday);
            counted.since = counted.streak.start.and_then(|at| day_at(first, at));
        }
        Period::Week(begins) => {
            let (weeks, current) = weeks(&counts, first, last, begins);
            let course = Course { counts: &weeks, current: Some(current), open };
            counted.streak = streak(course, score.grace_days, |_| false);
            let days = counted.streak.start.map(|week| (week * 7).saturating_sub(into_week(first, begins)));
            counted.since = days.and_then(|at| day_at(first, at));
        }
    }
    counted
}

/// The days from `first` to today, and tomorrow where it has a count: there are members ahead of the source's clock.
fn slice(days: &Days, first: Date, today: Date, tomorrow: Option<Date>) -> Vec<Option<u32>> {
    let wanted = usize::try_from(days_between(first, today) + 1).unwrap_or_default();
    let mut skip = usize::try_from(days_between(days.from(), first)).unwrap_or_default();
    let mut counts = Vec::with_capacity(wanted + 1);
    for run in days.runs() {
        let days = run.days as usize;
        let taken = days.saturating_sub(skip).min(wanted - counts.len());
        skip = skip.saturating_sub(days);
        counts.extend(std::iter::repeat_n(run.count, taken));
        if counts.len() == wanted {
            break;
        }
    }
    counts.resize(wanted, None);
    counts.extend(tomorrow.and_then(|day| days.get(day)).filter(|count| *count > 0).map(Some));
    counts
}

fn sums(score: &Score, counts: &[Option<u32>], first: Date, today: Date, counted: &mut Counted) {
    let cap = score.daily_cap.unwrap_or(u32::MAX);
    let windows: Vec<(usize, usize)> =
        score.windows.iter().map(|(_, window)| within(*window, first, today, counts.len())).collect();
    let mut unknown = 0;
    for (at, count) in counts.iter().enumerate() {
        let Some(count) = *count else {
            unknown += 1;
            continue;
        };
        counted.unknown += std::mem::take(&mut unknown);
        if count == 0 {
            continue;
        }
        let counts = u64::from(count.min(cap));
        counted.active += 1;
        counted.score += counts;
        if count > cap {
            counted.capped.0 += 1;
            counted.capped.1 += u64::from(count - cap);
        }
        for (sum, (from, to)) in counted.windows.iter_mut().zip(&windows) {
            *sum += if (*from..*to).contains(&at) { counts } else { 0 };
        }
    }
}

/// The days of a window, as a range of the days from `first` on.
fn within(window: Window, first: Date, today: Date, all: usize) -> (usize, usize) {
    let at = |day: Date| usize::try_from(days_between(first, day)).unwrap_or_default().min(all);
    let month = |day: Date| (at(day.first_of_month()), day.last_of_month().tomorrow().map_or(all, at));
    match window {
        Window::Days(days) => (all.saturating_sub(days as usize), all),
        Window::ThisMonth => month(today),
        Window::Month(year, month_of) => Date::new(year, month_of, 1)
            .map_or((0, 0), |day| if day.last_of_month() < first { (0, 0) } else { month(day) }),
    }
}

/// The days in calendar weeks, and which week is the current one. A week without a count of which some days are not
/// known is not known.
fn weeks(counts: &[Option<u32>], first: Date, today: usize, begins: Weekday) -> (Vec<Option<u32>>, usize) {
    let offset = into_week(first, begins);
    let week = |at: usize| (at + offset) / 7;
    let mut weeks: Vec<Option<u32>> = vec![Some(0); counts.len().checked_sub(1).map_or(0, |last| week(last) + 1)];
    for (at, count) in counts.iter().enumerate() {
        let sum = &mut weeks[week(at)];
        *sum = match (*sum, *count) {
            (Some(sum), Some(count)) => Some(sum.saturating_add(count)),
            (Some(sum @ 1..), None) => Some(sum),
            (None, Some(count @ 1..)) => Some(count),
            _ if at == today => *sum,
            _ => None,
        };
    }
    (weeks, week(today))
}

/// How many days of its week are before this one.
fn into_week(day: Date, begins: Weekday) -> usize {
    usize::try_from(day.weekday().since(begins)).unwrap_or_default()
}

fn day_at(first: Date, at: usize) -> Option<Date> {
    first.checked_add(i64::try_from(at).ok()?.days()).ok()
}

/// How many days before `first` have a count.
fn days_before(days: &Days, first: Date) -> u32 {
    let mut left = u32::try_from(days_between(days.from(), first)).unwrap_or_default();
    let mut active = 0;
    for run in days.runs() {
        let taken = run.days.min(left);
        active += if run.count.is_some_and(|count| count > 0) { taken } else { 0 };
        left -= taken;
    }
    active
}
