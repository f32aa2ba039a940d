//! The numbers of one member: what the days of a source count for a score.

use super::streak::{Course, Streak, streak};
use crate::model::{Days, Period, Run, Score, Window, days_between};
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
    // Tomorrow's count may be the first that is known.
    let known_from = days.from().min(today);
    let first = start.map_or(known_from, |start| start.max(known_from));
    let mut counted = Counted { windows: vec![0; score.windows.len()], ..Counted::default() };
    counted.early = days_before(days, first);
    if first > today || days.is_empty() {
        counted.streak.provisional = start.is_none_or(|start| start <= today);
        return counted;
    }
    let tomorrow = today.tomorrow().ok().filter(|_| !is_past);
    let runs = clipped(days, first, today, tomorrow);
    let last = usize::try_from(days_between(first, today)).unwrap_or_default();
    sums(score, &runs, (first, today, last), &mut counted);
    let open = start.is_none_or(|start| start < known_from);
    match score.period {
        Period::Day => {
            let begins = into_week(first, Weekday::Monday);
            let mut excluded = [false; 7];
            for day in &score.excluded {
                excluded[usize::try_from(day.since(Weekday::Monday)).unwrap_or_default() % 7] = true;
            }
            let course = Course { runs: &runs, current: last, open };
            counted.streak = streak(course, score.grace_days, |at| excluded[(begins + at) % 7]);
            counted.since = counted.streak.start.and_then(|at| day_at(first, at));
        }
        Period::Week(begins) => {
            // Nobody knows of the days of the first week that are before the known ones, as far as they count.
            let whole = first.checked_sub(i64::try_from(into_week(first, begins)).unwrap_or_default().days());
            let begun = start.into_iter().chain(whole).max().unwrap_or(first).min(first);
            let before = u32::try_from(days_between(begun, first)).unwrap_or_default();
            let runs: Vec<Run> = std::iter::once(Run { days: before, count: None }).chain(runs).collect();
            let (weeks, current) = weeks(&runs, begun, last + before as usize, begins);
            let open = start.is_none_or(|start| start < begun);
            counted.streak = streak(Course { runs: &weeks, current, open }, score.grace_days, |_| false);
            let days = counted.streak.start.map(|week| (week * 7).saturating_sub(into_week(begun, begins)));
            counted.since = days.and_then(|at| day_at(begun, at)).map(|day| day.max(first));
        }
    }
    counted
}

/// The days from `first` to today, and tomorrow where it has a count: there are members ahead of the source's clock.
fn clipped(days: &Days, first: Date, today: Date, tomorrow: Option<Date>) -> Vec<Run> {
    let mut left = u32::try_from(days_between(first, today) + 1).unwrap_or_default();
    let mut skip = u32::try_from(days_between(days.from(), first)).unwrap_or_default();
    let mut runs = Vec::with_capacity(days.runs().len() + 3);
    let lead = u32::try_from(days_between(first, days.from())).unwrap_or_default().min(left);
    if lead > 0 {
        runs.push(Run { days: lead, count: None });
        left -= lead;
    }
    for run in days.runs() {
        let taken = run.days.saturating_sub(skip).min(left);
        skip = skip.saturating_sub(run.days);
        left -= taken;
        if taken > 0 {
            runs.push(Run { days: taken, count: run.count });
        }
        if left == 0 {
            break;
        }
    }
    if left > 0 {
        runs.push(Run { days: left, count: None });
    }
    let ahead = tomorrow.and_then(|day| days.get(day)).filter(|count| *count > 0);
    runs.extend(ahead.map(|count| Run { days: 1, count: Some(count) }));
    runs
}

fn sums(score: &Score, runs: &[Run], (first, today, last): (Date, Date, usize), counted: &mut Counted) {
    let cap = score.daily_cap.unwrap_or(u32::MAX);
    let windows: Vec<(usize, usize)> =
        score.windows.iter().map(|(_, window)| within(*window, first, today, last + 1)).collect();
    let (mut from, mut unknown) = (0, 0);
    for run in runs {
        let to = (from + run.days as usize).min(last + 1);
        let days = u32::try_from(to.saturating_sub(from)).unwrap_or_default();
        match run.count {
            None => unknown += days,
            Some(count) if days > 0 => {
                counted.unknown += std::mem::take(&mut unknown);
                let counts = u64::from(count.min(cap));
                counted.active += if count > 0 { days } else { 0 };
                counted.score += counts * u64::from(days);
                if count > cap {
                    counted.capped.0 += days;
                    counted.capped.1 += u64::from(count - cap) * u64::from(days);
                }
                for (sum, (begins, ends)) in counted.windows.iter_mut().zip(&windows) {
                    *sum += counts * (to.min(*ends).saturating_sub(from.max(*begins))) as u64;
                }
            }
            Some(_) => {}
        }
        from += run.days as usize;
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
fn weeks(runs: &[Run], first: Date, today: usize, begins: Weekday) -> (Vec<Run>, usize) {
    let offset = into_week(first, begins);
    let week = |at: usize| (at + offset) / 7;
    let all: usize = runs.iter().map(|run| run.days as usize).sum();
    let mut weeks: Vec<Run> =
        vec![Run { days: 1, count: Some(0) }; all.checked_sub(1).map_or(0, |last| week(last) + 1)];
    let days = runs.iter().flat_map(|run| std::iter::repeat_n(run.count, run.days as usize));
    for (at, count) in days.enumerate() {
        let sum = &mut weeks[week(at)].count;
        *sum = match (*sum, count) {
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
