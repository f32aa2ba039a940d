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
/// nor breaks, but makes what follows provisional, until something breaks it.
pub fn streak(course: Course<'_>, grace: u32, is_excluded: impl Fn(usize) -> bool) -> Streak {
    let mut streak = Streak { provisional: course.open, ..Streak::default() };
    let (mut first, mut missed) = (0, 0);
    for run in course.runs {
        let next = first + run.days as usize;
        if run.count.is_some_and(|count| count > 0) {
            streak.start = streak.start.filter(|_| streak.current > 0).or(Some(first));
            streak.current += run.days;
            missed = 0;
        } else {
            for at in first..next {
                match run.count {
                    Some(_) if streak.current > 0 && is_excluded(at) => streak.current += 1,
                    // Nothing is left to break: so it stays until there is a count again.
                    Some(_) if streak.current == 0 && !streak.provisional => break,
                    Some(_) if is_excluded(at) || course.current == at => {}
                    Some(_) => {
                        missed += 1;
                        if missed > grace {
                            streak = Streak { longest: streak.longest, ..Streak::default() };
                        }
                    }
                    None => streak.provisional |= course.current != at,
                }
                streak.longest = streak.longest.max(streak.current);
            }
        }
        streak.longest = streak.longest.max(streak.current);
        first = next;
    }
    streak
}
