//! Streaks: periods in a row with activity.

use crate::model::Run;

/// The days (or weeks) that count for a member, first to last.
#[derive(Clone, Copy, Debug)]
pub struct Course<'a> {
    pub runs: &'a [Run],
    /// Which of them is the current one. It does not break a streak: it is not over yet.
    pub current: usize,
    /// Whether there may have been activity before the first of them that would count.
    pub open: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Streak {
    pub current: u32,
    pub longest: u32,
    /// Whether the current streak could be longer than what is known.
    pub provisional: bool,
    /// Index of the first period of the current streak.
    pub start: Option<usize>,
}

/// A period with a count extends a streak; up to `grace` periods in a row without one neither extend nor break it, nor
/// does the current one. What is excluded extends a running streak and never breaks one. What is not known neither extends
/// nor breaks; where the streak would be longer if there had been something, it is provisional.
pub fn streak(course: Course<'_>, grace: u32, is_excluded: impl Fn(usize) -> bool) -> Streak {
    let mut streak = walk(course, grace, &is_excluded, None);
    let is_whole = !course.open && course.runs.iter().all(|run| run.count.is_some());
    streak.provisional = !is_whole && walk(course, grace, &is_excluded, Some(1)).current > streak.current;
    streak
}

/// Walks from the first period to the last. `unknown` stands in for what is not known, and for what was before.
fn walk(course: Course<'_>, grace: u32, is_excluded: &impl Fn(usize) -> bool, unknown: Option<u32>) -> Streak {
    let mut streak = Streak::default();
    if course.open && unknown.is_some() {
        streak.current = 1;
    }
    let (mut first, mut missed) = (0, 0);
    for run in course.runs {
        let next = first + run.days as usize;
        // What is still to come of the current period is nobody's guess.
        let is_current = first == course.current && run.days == 1;
        let count = if is_current { run.count } else { run.count.or(unknown) };
        if count.is_some_and(|count| count > 0) {
            streak.start = streak.start.filter(|_| streak.current > 0).or(Some(first));
            streak.current += run.days;
            missed = 0;
        } else if count.is_some() {
            for at in first..next {
                match at {
                    // Nothing is left to break: so it stays until there is a count again.
                    _ if streak.current == 0 => break,
                    at if is_excluded(at) => streak.current += 1,
                    at if course.current == at => {}
                    _ => {
                        missed += 1;
                        if missed > grace {
                            streak = Streak { longest: streak.longest, ..Streak::default() };
                        }
                    }
                }
                streak.longest = streak.longest.max(streak.current);
            }
        }
        streak.longest = streak.longest.max(streak.current);
        first = next;
    }
    streak
}
