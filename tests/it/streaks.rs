//! Scores and streaks: a table of cases, and properties that hold for any activity.

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday, date};
use precast::model::{Days, Into, Period, Place, Placed, Score, Window};
use precast::scores::{Counted, Seen, count};
use proptest::prelude::*;

fn named(name: &str) -> Placed<String> {
    Placed { value: name.to_owned(), at: Place::file("") }
}

fn score() -> Score {
    Score {
        name: "test".to_owned(),
        at: Place::file(""),
        from: 0,
        daily_cap: None,
        grace_days: 0,
        excluded: Vec::new(),
        period: Period::Day,
        since: None,
        joined: named("dateJoined"),
        time_zone: named("timeZone"),
        into: Into::default(),
        windows: Vec::new(),
    }
}

fn weekend() -> Vec<Weekday> {
    vec![Weekday::Saturday, Weekday::Sunday]
}

/// What one case is counted by.
struct By {
    score: Score,
    start: Option<Date>,
    past: bool,
}

fn plain() -> By {
    By { score: score(), start: None, past: false }
}

fn grace(grace_days: u32) -> By {
    By { score: Score { grace_days, ..score() }, ..plain() }
}

fn cap(daily_cap: u32) -> By {
    By { score: Score { daily_cap: Some(daily_cap), ..score() }, ..plain() }
}

fn without(excluded: Vec<Weekday>) -> By {
    By { score: Score { excluded, ..score() }, ..plain() }
}

fn weeks(begins: Weekday, grace_days: u32) -> By {
    By { score: Score { period: Period::Week(begins), grace_days, ..score() }, ..plain() }
}

fn joined(start: Date) -> By {
    By { start: Some(start), ..plain() }
}

/// Name; rule; first known day; days; today; score, current streak, longest, whether it is provisional.
type Case = (&'static str, By, Date, &'static str, Date, (u64, u32, u32, bool));

const START: Date = date(2026, 3, 2); // a Monday

/// So many days after the first Monday.
fn on(day: i64) -> Date {
    START.checked_add(day.days()).expect("a day")
}

fn joined_first(by: By) -> By {
    By { start: Some(START), ..by }
}

fn days_in_a_row() -> Vec<Case> {
    let first = || joined(START);
    vec![
        ("an empty calendar", first(), START, "_7", on(6), (0, 0, 0, false)),
        ("nothing is known", first(), START, "", on(6), (0, 0, 0, true)),
        ("a single day, today", first(), START, "1", on(0), (1, 1, 1, false)),
        ("a single day, yesterday", first(), START, "1 _", on(1), (1, 1, 1, false)),
        ("a single day, the day before", first(), START, "1 _2", on(2), (1, 0, 1, false)),
        ("today not yet", first(), START, "1x5 _", on(5), (5, 5, 5, false)),
        ("today and before", first(), START, "1x6", on(5), (6, 6, 6, false)),
        ("yesterday missed, today back", first(), START, "1x4 _ 1", on(5), (5, 1, 4, false)),
        ("the longest is earlier", first(), START, "1x10 _ 1x3", on(13), (13, 3, 10, false)),
        ("two equally long", first(), START, "1x3 _ 1x3", on(6), (6, 3, 3, false)),
        ("counts add up", first(), START, "3 4 5", on(2), (12, 3, 3, false)),
        ("a day of millions", first(), START, "4000000000x2", on(1), (8_000_000_000, 2, 2, false)),
        ("facts end yesterday", first(), START, "1x5", on(5), (5, 5, 5, false)),
        ("facts end the day before", first(), START, "1x5", on(6), (5, 5, 5, true)),
        ("facts end long ago", first(), START, "1x5", on(60), (5, 5, 5, true)),
        ("a break after unknown days", first(), START, "1x5 ?5 _ 1", on(11), (6, 1, 5, false)),
        ("unknown days within", first(), START, "1x5 ?2 1x3", on(9), (8, 8, 8, true)),
        ("unknown days before", plain(), START, "1x5", on(4), (5, 5, 5, true)),
        ("unknown days before, and a break", plain(), START, "1 _ 1x3", on(4), (4, 3, 3, false)),
        ("the first known day without a count", plain(), START, "_ 1x4", on(4), (4, 4, 4, false)),
        ("only unknown days", first(), START, "?5", on(4), (0, 0, 0, true)),
        ("later facts than today", first(), START, "1x9", on(4), (5, 6, 6, false)),
        ("tomorrow's cell above 0", first(), START, "1x5 _ 1", on(5), (5, 6, 6, false)),
        ("tomorrow's cell at 0", first(), START, "1x5 _ _", on(5), (5, 5, 5, false)),
        ("only tomorrow", first(), START, "_3 2", on(2), (0, 1, 1, false)),
        ("tomorrow's cell is the first that is known", plain(), on(5), "5", on(4), (0, 1, 1, true)),
        ("the same with an unknown today", plain(), on(4), "? 5", on(4), (0, 1, 1, true)),
        ("unknown days at both ends", first(), START, "?2 1x2 ?3", on(4), (2, 2, 2, true)),
        ("the past knows no tomorrow", By { past: true, ..first() }, START, "1x9", on(4), (5, 5, 5, false)),
    ]
}

fn starts_and_ends() -> Vec<Case> {
    vec![
        ("joining mid-streak", joined(on(5)), START, "1x10", on(9), (5, 5, 5, false)),
        ("joining today", joined(on(9)), START, "1x10", on(9), (1, 1, 1, false)),
        ("joining tomorrow", joined(on(10)), START, "1x10", on(9), (0, 0, 0, false)),
        ("joining before facts begin", joined(on(-3)), START, "1x4", on(3), (4, 4, 4, true)),
        ("joining before, and a break since", joined(on(-3)), START, "1 _ 1x2", on(3), (3, 2, 2, false)),
        ("joining on a day without", joined(on(2)), START, "1x2 _ 1x2", on(4), (2, 2, 2, false)),
        (
            "over the end of a year",
            joined(date(2025, 12, 30)),
            date(2025, 12, 30),
            "1x4",
            date(2026, 1, 2),
            (4, 4, 4, false),
        ),
        (
            "over the end of a year, a day missed",
            joined(date(2025, 12, 30)),
            date(2025, 12, 30),
            "1x2 _ 1",
            date(2026, 1, 2),
            (3, 1, 2, false),
        ),
        ("over a leap day", joined(date(2028, 2, 27)), date(2028, 2, 27), "1x4", date(2028, 3, 1), (4, 4, 4, false)),
        (
            "a leap day missed",
            joined(date(2028, 2, 27)),
            date(2028, 2, 27),
            "1x2 _ 1",
            date(2028, 3, 1),
            (3, 1, 2, false),
        ),
        (
            "no leap day in 2027",
            joined(date(2027, 2, 27)),
            date(2027, 2, 27),
            "1x3",
            date(2027, 3, 1),
            (3, 3, 3, false),
        ),
        ("a whole year", joined(date(2025, 3, 2)), date(2025, 3, 2), "1x365", date(2026, 3, 1), (365, 365, 365, false)),
        ("the challenge's end of a hundred", joined(START), START, "1x100", on(99), (100, 100, 100, false)),
    ]
}

fn grace_and_weekends() -> Vec<Case> {
    let grace = |days| joined_first(grace(days));
    let free = || joined_first(without(weekend()));
    let both = || joined_first(By { score: Score { grace_days: 1, excluded: weekend(), ..score() }, ..plain() });
    vec![
        ("one day of grace", grace(1), START, "1x3 _ 1", on(4), (4, 4, 4, false)),
        ("one day of grace, two missed", grace(1), START, "1x3 _2 1", on(5), (4, 1, 3, false)),
        ("grace at the end", grace(1), START, "1x3 _2", on(4), (3, 3, 3, false)),
        ("grace at the end used up", grace(1), START, "1x3 _3", on(5), (3, 0, 3, false)),
        ("grace again and again", grace(1), START, "1 _ 1 _ 1 _ 1", on(6), (4, 4, 4, false)),
        ("two days of grace", grace(2), START, "1 _2 1 _2 1", on(6), (3, 3, 3, false)),
        ("unknown days use no grace", grace(1), START, "1 ?3 _ 1", on(5), (2, 2, 2, true)),
        (
            "grace before the first day",
            By { score: Score { grace_days: 1, ..score() }, ..plain() },
            START,
            "_ 1",
            on(1),
            (1, 1, 1, true),
        ),
        ("a free weekend", free(), START, "1x5 _2 1", on(7), (6, 8, 8, false)),
        ("a free weekend with work", free(), START, "1x8", on(7), (8, 8, 8, false)),
        ("a free weekend, monday missed", free(), START, "1x5 _3 1", on(8), (6, 1, 7, false)),
        ("on the free day itself", free(), START, "1x5 _", on(5), (5, 6, 6, false)),
        ("a free day begins nothing", free(), on(5), "_2 1", on(7), (1, 1, 1, true)),
        ("an unknown free day", free(), START, "1x5 ?2 1", on(7), (6, 6, 6, true)),
        ("an unknown day within grace of a count", grace(1), START, "_9 ? _ 1", on(11), (1, 1, 1, true)),
        ("an unknown day between missed ones", grace(1), START, "_ 1 _ ? _ 1", on(5), (2, 1, 1, true)),
        ("an unknown day that nothing could reach", grace(1), START, "1 ? _2 1", on(4), (2, 1, 1, false)),
        ("free days that nobody looked at", free(), START, "1x5", on(60), (5, 5, 5, true)),
        ("grace around a weekend", both(), START, "1x4 _3 1", on(7), (5, 7, 7, false)),
        ("grace around a weekend used up", both(), START, "1x4 _4 1", on(8), (5, 1, 6, false)),
        ("every day is free", joined_first(without(all_week())), START, "1 _9", on(9), (1, 10, 10, false)),
    ]
}

fn all_week() -> Vec<Weekday> {
    Weekday::Monday.cycle_forward().take(7).collect()
}

fn caps_and_weeks() -> Vec<Case> {
    let week = |grace| joined_first(weeks(Weekday::Monday, grace));
    vec![
        ("a cap", joined_first(cap(2)), START, "5 1 2", on(2), (5, 3, 3, false)),
        ("a cap of one", joined_first(cap(1)), START, "5x3 _ 9", on(4), (4, 1, 3, false)),
        ("weeks in a row", week(0), START, "1 _6 _6 1 1", on(14), (3, 3, 3, false)),
        ("a week missed", week(0), START, "1 _6 _7 1", on(14), (2, 1, 1, false)),
        ("this week not yet", week(0), START, "1 _6 1 _6 _2", on(15), (2, 2, 2, false)),
        ("last week missed, this one not yet", week(0), START, "1 _6 _7 _2", on(15), (1, 0, 1, false)),
        ("a week of grace", week(1), START, "1 _6 _7 1", on(14), (2, 2, 2, false)),
        ("a week that is half known", week(0), START, "1 _6 _3 ?4 1", on(14), (2, 2, 2, true)),
        ("a week that is half known, with a count", week(0), START, "1 _6 _2 1 ?4 1", on(14), (3, 3, 3, false)),
        ("a week of which only the last day is known", week(0), on(6), "_", on(8), (0, 0, 0, true)),
        ("the same with its unknown days written", week(0), START, "?6 _", on(8), (0, 0, 0, true)),
        (
            "joined in the week before the first known day",
            By { start: Some(on(5)), ..weeks(Weekday::Monday, 0) },
            on(6),
            "1",
            on(7),
            (1, 1, 1, false),
        ),
        ("tomorrow is next week", week(0), START, "1 _5 _ 1", on(6), (1, 2, 2, false)),
        ("sunday begins the week", joined_first(weeks(Weekday::Sunday, 0)), START, "1 _5 1", on(6), (2, 2, 2, false)),
        ("monday begins the week", week(0), START, "1 _5 1", on(6), (2, 1, 1, false)),
        (
            "weeks over the end of a year",
            By { start: Some(date(2025, 12, 29)), ..weeks(Weekday::Monday, 0) },
            date(2025, 12, 29),
            "_3 1 _3 1",
            date(2026, 1, 5),
            (2, 2, 2, false),
        ),
        (
            "joining on a sunday",
            By { start: Some(on(6)), ..weeks(Weekday::Monday, 0) },
            START,
            "1x8",
            on(7),
            (2, 2, 2, false),
        ),
    ]
}

#[test]
fn every_case_counts_as_told() {
    let cases = [days_in_a_row(), starts_and_ends(), grace_and_weekends(), caps_and_weeks()];
    let cases: Vec<Case> = cases.into_iter().flatten().collect();
    assert!(cases.len() >= 60, "{}", cases.len());
    let mut wrong = Vec::new();
    for (name, By { score, start, past }, from, text, today, expected) in cases {
        let days = Days::parse(from, text).expect(name);
        let counted = count(&score, Seen { days: &days, today, start, is_past: past });
        let Counted { score, streak, .. } = counted;
        let found = (score, streak.current, streak.longest, streak.provisional);
        if found != expected {
            wrong.push(format!("{name}: {found:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Sums over windows that end today.
#[test]
fn windows_end_today() {
    let windows = |text: &[(&str, Window)]| text.iter().map(|(name, window)| ((*name).to_owned(), *window)).collect();
    let score = Score {
        daily_cap: Some(5),
        windows: windows(&[
            ("week", Window::Days(7)),
            ("day", Window::Days(1)),
            ("month", Window::ThisMonth),
            ("february", Window::Month(2026, 2)),
            ("march", Window::Month(2026, 3)),
            ("april", Window::Month(2026, 4)),
        ]),
        ..score()
    };
    // Forty days of one from the tenth of February, today the twenty-first of March with nine.
    let days = Days::parse(date(2026, 2, 10), "1x39 9 1").expect("days");
    let seen = Seen { days: &days, today: date(2026, 3, 21), start: None, is_past: false };
    let counted = count(&score, seen);
    assert_eq!((counted.score, counted.windows), (44, vec![11, 5, 25, 19, 25, 0]));
    let before = count(&score, Seen { today: date(2026, 3, 1), is_past: true, ..seen });
    assert_eq!((before.score, before.windows), (20, vec![7, 1, 1, 19, 1, 0]));
    let joined = count(&score, Seen { start: Some(date(2026, 3, 20)), ..seen });
    assert_eq!((joined.score, joined.windows, joined.early), (6, vec![6, 5, 6, 0, 6, 0], 38));
}

fn counts() -> impl Strategy<Value = Vec<Option<u32>>> {
    proptest::collection::vec(prop_oneof![4 => Just(Some(0)), 6 => (1_u32..9).prop_map(Some), 1 => Just(None)], 0..80)
}

fn rules() -> impl Strategy<Value = Score> {
    let days = proptest::sample::subsequence(all_week(), 0..3);
    let period =
        prop_oneof![Just(Period::Day), Just(Period::Week(Weekday::Monday)), Just(Period::Week(Weekday::Sunday))];
    (0_u32..3, days, period, proptest::option::of(1_u32..5)).prop_map(|(grace_days, excluded, period, daily_cap)| {
        Score { grace_days, excluded, period, daily_cap, ..score() }
    })
}

fn counted(score: &Score, counts: &[Option<u32>], start: Option<Date>) -> Counted {
    let mut days = Days::none(START);
    days.learn(START, counts);
    let today = START.checked_add(i64::try_from(counts.len()).expect("few").days()).expect("a day");
    count(score, Seen { days: &days, today, start, is_past: true })
}

proptest! {
    #[test]
    fn no_streak_exceeds_its_longest(score in rules(), counts in counts()) {
        let streak = counted(&score, &counts, Some(START)).streak;
        prop_assert!(streak.current <= streak.longest);
        // Today is the day after the last of them.
        prop_assert!(streak.longest as usize <= counts.len() + 1);
    }

    #[test]
    fn a_day_more_never_shortens(score in rules(), counts in counts(), at in 0_usize..80) {
        // What is not known may turn out either way, so it stays out of this.
        let mut counts: Vec<Option<u32>> = counts.into_iter().map(|count| count.or(Some(0))).collect();
        let before = counted(&score, &counts, Some(START));
        if let Some(count) = counts.get_mut(at) {
            *count = count.map(|count| count + 1);
        }
        let after = counted(&score, &counts, Some(START));
        prop_assert!(after.streak.current >= before.streak.current, "{before:?} {after:?}");
        prop_assert!(after.streak.longest >= before.streak.longest, "{before:?} {after:?}");
        prop_assert!(after.score >= before.score);
    }

    /// Days learnt in any order are the same facts.
    #[test]
    fn a_permutation_of_facts_changes_nothing(counts in counts(), order in proptest::collection::vec(any::<u32>(), 80)) {
        let mut days: Vec<(usize, Option<u32>)> = counts.iter().copied().enumerate().collect();
        days.sort_by_key(|(at, _)| order[*at]);
        let mut shuffled = Days::none(START);
        for (at, count) in days {
            shuffled.learn(START.checked_add(i64::try_from(at).expect("few").days()).expect("a day"), &[count]);
        }
        let mut straight = Days::none(START);
        straight.learn(START, &counts);
        prop_assert_eq!(shuffled.to_string(), straight.to_string());
    }

    /// A naive reading of the rule for plain days: walk back from yesterday, and add today.
    #[test]
    fn plain_days_agree_with_walking_back(counts in counts()) {
        let all: Vec<u32> = counts.iter().map(|count| count.unwrap_or(0)).collect();
        let known: Vec<Option<u32>> = all.iter().copied().map(Some).collect();
        let found = counted(&score(), &known, Some(START));
        let walked = all.iter().rev().take_while(|count| **count > 0).count();
        let longest = all.split(|count| *count == 0).map(<[u32]>::len).max().unwrap_or(0);
        prop_assert_eq!((found.streak.current as usize, found.streak.longest as usize), (walked, longest));
        prop_assert_eq!(found.score, all.iter().map(|count| u64::from(*count)).sum::<u64>());
    }
}
