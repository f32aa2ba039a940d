//! Streaks: periods in a row with activity.

/// The days (or weeks) that count for a member, first to last.
#[derive(Clone, Copy, Debug)]
pub struct Course<'a> {
    /// Counts; `None` where nothing is known.
    pub counts: &'a [Option<u32>],
    /// Which of them is the current one. It does not break a streak: it is not over yet.
    pub current: Option<usize>,
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
/// does the current one. What is excluded extends a running streak and never breaks one. What is not known never counts
/// as missed, but makes what follows provisional, until something breaks it.
pub fn streak(course: Course<'_>, grace: u32, is_excluded: impl Fn(usize) -> bool) -> Streak {
    let mut streak = Streak { provisional: course.open, ..Streak::default() };
    let mut missed = 0;
    for (at, count) in course.counts.iter().enumerate() {
        let is_running = streak.current > 0;
        match count {
            Some(1..) => {
                streak.start = streak.start.filter(|_| is_running).or(Some(at));
                streak.current += 1;
                missed = 0;
            }
            _ if is_running && is_excluded(at) => streak.current += 1,
            Some(0) if is_excluded(at) || course.current == Some(at) => {}
            Some(_) => {
                missed += 1;
                if missed > grace {
                    streak = Streak { longest: streak.longest, ..Streak::default() };
                }
            }
            None => streak.provisional |= course.current != Some(at),
        }
        streak.longest = streak.longest.max(streak.current);
    }
    streak
}
