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
    let mut streak = walk(course, grace, &is_excluded, None).unwrap_or_default();
    let mut ends = 0;
    let unknown = course.runs.iter().filter_map(|run| {
        ends += run.days as usize;
        run.count.is_none().then_some(ends)
    });
    let known_from = unknown.last().or(course.open.then_some(0));
    let guessed = known_from.and_then(|known_from| walk(course, grace, &is_excluded, Some(Guess { known_from })));
    streak.provisional = guessed.is_some_and(|guessed| guessed.current > streak.current);
    streak
}

/// That there was something in every period of which nothing is known, and before the first.
#[derive(Clone, Copy)]
struct Guess {
    /// From here on everything is known.
    known_from: usize,
}

/// Walks from the first period to the last. `None` where a guess makes no difference: what it lengthened is broken.
fn walk(course: Course<'_>, grace: u32, is_excluded: &impl Fn(usize) -> bool, guess: Option<Guess>) -> Option<Streak> {
    let mut streak = Streak { current: u32::from(course.open && guess.is_some()), ..Streak::default() };
    let unknown = guess.map(|_| 1);
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
                    _ if is_excluded(at) => streak.current += 1,
                    _ if course.current == at => {}
                    _ => {
                        missed += 1;
                        if missed > grace {
                            if guess.is_some_and(|guess| at >= guess.known_from) {
                                return None;
                            }
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
    Some(streak)
}
