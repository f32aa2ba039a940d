//! Members to tasks: what is to be asked about whom, by which name, for which days.

use crate::model::{GithubMode, days_between};
use crate::sources::member::Asking;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use std::collections::BTreeMap;

/// How many members are asked about at once.
pub const MOST: usize = 20;
/// Calendars are filled in late, and counts go down: so many days are read each time.
const TRAILING: i64 = 35;
/// A request spans a year at most.
const LONGEST: i64 = 365;
/// A span shorter than this is not halved any more.
const SHORTEST: i64 = 14;

/// What is asked about one member in one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Index into the members that are asked about.
    pub member: usize,
    pub by: By,
    pub step: Step,
    pub from: Date,
    pub to: Date,
    /// What day it is in UTC: a day after it is known only once something was done.
    pub today: Date,
    /// How often it was asked in vain.
    pub tries: u32,
}

/// What an account is found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    Id(String),
    Login(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The contribution calendar.
    Calendar,
    /// When something was last pushed: if never since, nothing else need be asked.
    Pushed,
    /// Commits, from a cursor on, and what was counted on earlier pages.
    Commits { after: Option<String>, counted: BTreeMap<Date, u32> },
}

/// What to ask about a member, newest days first.
pub fn tasks(mode: GithubMode, at: usize, member: &Asking, now: Timestamp) -> Vec<Task> {
    let Some(id) = member.id() else { return of_login(mode, at, member, now) };
    let (today, to) = ends(now);
    let trailing = today.saturating_sub((TRAILING - 1).days());
    let from = member.last_known().map_or(trailing, |last| last.min(trailing));
    let by = By::Id(id.to_owned());
    match mode {
        GithubMode::Calendar => windows(from, to).map(|span| task(at, &by, Step::Calendar, span, today)).collect(),
        GithubMode::Journey => vec![task(at, &by, Step::Pushed, (from, today), today)],
    }
}

/// What to ask about an account of which nothing is known: all days since the member joined, or a year.
pub fn of_login(mode: GithubMode, at: usize, member: &Asking, now: Timestamp) -> Vec<Task> {
    let (today, to) = ends(now);
    let by = By::Login(member.account.clone());
    let trailing = today.saturating_sub((TRAILING - 1).days());
    let from = member.joined.unwrap_or_else(|| to.saturating_sub((LONGEST - 1).days())).min(trailing);
    match mode {
        GithubMode::Calendar => windows(from, to).map(|span| task(at, &by, Step::Calendar, span, today)).collect(),
        GithubMode::Journey => {
            let step = Step::Commits { after: None, counted: BTreeMap::new() };
            vec![task(at, &by, step, (from, today), today)]
        }
    }
}

/// Whether both can stand in one request.
pub fn together(a: &Task, b: &Task) -> bool {
    let kind = |task: &Task| std::mem::discriminant(&task.step);
    let first = |task: &Task| !matches!(&task.step, Step::Commits { after: Some(_), .. });
    let span = match (&a.by, &b.by) {
        (By::Id(_), By::Id(_)) => (a.from, a.to) == (b.from, b.to),
        (By::Login(_), By::Login(_)) => true,
        _ => false,
    };
    span && kind(a) == kind(b) && first(a) && first(b)
}

/// The same for fewer days at a time, newest first; nothing where they are few already.
pub fn halves(task: &Task) -> Option<[Task; 2]> {
    let days = days_between(task.from, task.to) + 1;
    if task.step != Step::Calendar || days < SHORTEST {
        return None;
    }
    let middle = task.from.checked_add((days / 2).days()).ok()?;
    let earlier = Task { to: middle.yesterday().ok()?, ..task.clone() };
    Some([Task { from: middle, ..task.clone() }, earlier])
}

/// Today in UTC, and the last day that it is anywhere.
fn ends(now: Timestamp) -> (Date, Date) {
    let today = now.to_zoned(TimeZone::UTC).date();
    let ahead = now.checked_add(14.hours()).map_or(today, |ahead| ahead.to_zoned(TimeZone::UTC).date());
    (today, ahead)
}

/// A span in parts of at most a year, newest first.
fn windows(from: Date, to: Date) -> impl Iterator<Item = (Date, Date)> {
    let mut end = Some(to);
    std::iter::from_fn(move || {
        let to = end.filter(|end| *end >= from)?;
        let start = to.saturating_sub((LONGEST - 1).days()).max(from);
        end = start.yesterday().ok();
        Some((start, to))
    })
}

fn task(member: usize, by: &By, step: Step, (from, to): (Date, Date), today: Date) -> Task {
    Task { member, by: by.clone(), step, from, to, today, tries: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Activity, Days};
    use jiff::civil::date;
    use std::collections::BTreeSet;

    fn now() -> Timestamp {
        "2026-06-01T12:00:00Z".parse().expect("an instant")
    }

    fn member(last: Option<Date>, joined: Option<Date>) -> Asking {
        let known = last.map(|last| {
            let mut days = Days::none(last);
            days.learn(last, &[Some(1)]);
            let mut known = Activity::new("ann".to_owned(), &days);
            known.id = Some("U_1".to_owned());
            known
        });
        Asking {
            key: "ann".to_owned(),
            account: "Ann".to_owned(),
            joined,
            fields: BTreeMap::new(),
            private: BTreeSet::new(),
            known,
            check: crate::model::Check::default(),
        }
    }

    fn spans(tasks: &[Task]) -> Vec<(Date, Date)> {
        tasks.iter().map(|task| (task.from, task.to)).collect()
    }

    #[test]
    fn thirty_five_days_are_read_again_and_every_day_since_the_last() {
        let asked = |last| tasks(GithubMode::Calendar, 0, &member(Some(last), None), now());
        assert_eq!(spans(&asked(date(2026, 5, 31))), [(date(2026, 4, 28), date(2026, 6, 2))]);
        assert_eq!(spans(&asked(date(2026, 3, 1))), [(date(2026, 3, 1), date(2026, 6, 2))]);
        assert_eq!(asked(date(2026, 3, 1))[0].by, By::Id("U_1".to_owned()));
        assert_eq!(asked(date(2025, 3, 1)).len(), 2, "more than a year ago");
    }

    #[test]
    fn of_who_is_new_everything_is_read_by_years() {
        let asked = |joined| tasks(GithubMode::Calendar, 0, &member(None, joined), now());
        let spans = spans(&asked(Some(date(2023, 12, 31))));
        assert_eq!(spans.len(), 3);
        assert_eq!((spans[0].1, spans[2].0), (date(2026, 6, 2), date(2023, 12, 31)));
        assert!(spans.iter().all(|(from, to)| days_between(*from, *to) < 366));
        assert!(spans.windows(2).all(|pair| days_between(pair[1].1, pair[0].0) == 1), "no day is left out");
        assert_eq!(asked(None).len(), 1, "a year, tomorrow the last day of it");
        assert_eq!(asked(Some(date(2026, 5, 30)))[0].from, date(2026, 4, 28));
    }

    #[test]
    fn halves_cover_the_whole() {
        let whole = tasks(GithubMode::Calendar, 0, &member(None, Some(date(2026, 1, 1))), now()).remove(0);
        let [newer, older] = halves(&whole).expect("halves");
        assert_eq!((older.from, newer.to, days_between(older.to, newer.from)), (whole.from, whole.to, 1));
        assert_eq!(halves(&Task { from: date(2026, 6, 1), to: date(2026, 6, 13), ..whole }), None);
    }
}
