//! Activity: how often a member did something on which civil day. The facts that scores are computed from.

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::de::{Deserializer, Visitor};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The most days that facts of one member may span: more than any service has existed.
const LONGEST: usize = 40_000;

/// What is known of one member, as a line of `data/activity/<source>.ndjson`. Members stand in the order of their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Activity {
    /// The account as it is called now, where it is not called as the member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// See [`Days`].
    days: String,
    /// The first day that is known.
    #[serde(deserialize_with = "day")]
    from: Date,
    /// What the service knows the account by, whatever it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The key of the member's record.
    pub member: String,
    /// What the record calls the account, where the service has come to call it otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<String>,
}

/// A day in its one spelling.
fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    struct Day;
    impl Visitor<'_> for Day {
        type Value = Date;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a day such as `2026-05-31`")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Date, E> {
            let day = text.parse().ok().filter(|_| text.len() == 10);
            day.ok_or_else(|| E::custom(format!("`{}` is no day such as `2026-05-31`", text.escape_debug())))
        }
    }
    deserializer.deserialize_str(Day)
}

/// Counts of consecutive days. Written as words with spaces between them: `3` is a day with a count of three, `3x5`
/// five such days, `_` and `_5` a day and five days without any, `?` and `?5` days of which nothing is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Days {
    from: Date,
    runs: Vec<Run>,
}

/// Days in a row with the same count; `None` where nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    pub days: u32,
    pub count: Option<u32>,
}

impl Activity {
    /// A line of facts.
    ///
    /// # Errors
    /// In words, when it is none.
    pub fn read(line: &[u8]) -> Result<Self, String> {
        if !line.trim_ascii_start().starts_with(b"{") {
            return Err(
                "a line is an object, such as {\"days\":\"3 _2 1\",\"from\":\"2026-05-01\",\"member\":\"ann\"}"
                    .to_owned(),
            );
        }
        let activity: Self = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        if activity.member.is_empty() { Err("`member` is empty".to_owned()) } else { Ok(activity) }
    }

    pub fn new(member: String, days: &Days) -> Self {
        Self { account: None, days: days.to_string(), from: days.from, id: None, member, written: None }
    }

    /// # Errors
    /// In words, when the days are not written as they should be.
    pub fn days(&self) -> Result<Days, String> {
        Days::parse(self.from, &self.days)
    }

    pub fn set_days(&mut self, days: &Days) {
        self.from = days.from;
        self.days = days.to_string();
    }
}

impl Days {
    /// No days yet, the first of which will be `from`.
    pub fn none(from: Date) -> Self {
        Self { from, runs: Vec::new() }
    }

    /// # Errors
    /// In words, the first word that is none.
    pub fn parse(from: Date, text: &str) -> Result<Self, String> {
        let mut days = Self { from, runs: Vec::with_capacity(text.len() / 3 + 1) };
        let mut all = 0_usize;
        for word in text.split_ascii_whitespace() {
            let run = word_of(word).ok_or_else(|| format!("`{word}` is no count of days"))?;
            all += run.days as usize;
            if all > LONGEST {
                return Err(format!("these are more than {LONGEST} days"));
            }
            days.push(run);
        }
        match from.checked_add(i64::try_from(all).unwrap_or(i64::MAX).days()) {
            Ok(_) => Ok(days.trimmed()),
            Err(_) => Err("these days leave the calendar".to_owned()),
        }
    }

    /// Without the days at both ends of which nothing is known: they are no different from those beyond.
    fn trimmed(mut self) -> Self {
        while self.runs.last().is_some_and(|run| run.count.is_none()) {
            self.runs.pop();
        }
        let unknown = self.runs.iter().take_while(|run| run.count.is_none()).count();
        for run in self.runs.drain(..unknown) {
            self.from = self.from.checked_add(i64::from(run.days).days()).unwrap_or(self.from);
        }
        self
    }

    pub fn from(&self) -> Date {
        self.from
    }

    /// How many days there are, the unknown ones between known ones among them.
    pub fn len(&self) -> usize {
        self.runs.iter().map(|run| run.days as usize).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The last day, where there is any.
    pub fn last(&self) -> Option<Date> {
        let days = i64::try_from(self.len()).ok()?.checked_sub(1).filter(|days| *days >= 0)?;
        self.from.checked_add(days.days()).ok()
    }

    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// The count of a day; `None` where it is not known.
    pub fn get(&self, day: Date) -> Option<u32> {
        let mut at = usize::try_from(days_between(self.from, day)).ok()?;
        for run in &self.runs {
            if at < run.days as usize {
                return run.count;
            }
            at -= run.days as usize;
        }
        None
    }

    /// Takes over what was seen of the days from `first` on: what was known of them gives way, a `None` changes nothing.
    /// Days between what was known and what was seen are unknown.
    pub fn learn(&mut self, first: Date, seen: &[Option<u32>]) {
        let known = |day: &Option<u32>| day.is_some();
        let (Some(start), Some(end)) = (seen.iter().position(known), seen.iter().rposition(known)) else { return };
        let seen = &seen[start..=end];
        let skipped = i64::try_from(start).unwrap_or(i64::MAX);
        let Ok(first) = first.checked_add(skipped.days()) else { return };
        if self.is_empty() {
            self.from = first;
        }
        let mut all: Vec<Option<u32>> =
            self.runs.iter().flat_map(|run| std::iter::repeat_n(run.count, run.days as usize)).collect();
        let before = usize::try_from(days_between(first, self.from)).unwrap_or_default();
        if before > 0 {
            all.splice(0..0, std::iter::repeat_n(None, before));
            self.from = first;
        }
        let at = usize::try_from(days_between(self.from, first)).unwrap_or_default();
        if at + seen.len() > LONGEST {
            return;
        }
        all.resize(all.len().max(at + seen.len()), None);
        for (day, count) in all[at..].iter_mut().zip(seen) {
            *day = count.or(*day);
        }
        self.runs.clear();
        all.into_iter().for_each(|count| self.push(Run { days: 1, count }));
    }

    fn push(&mut self, run: Run) {
        match self.runs.last_mut() {
            Some(last) if last.count == run.count => last.days += run.days,
            _ => self.runs.push(run),
        }
    }
}

/// Days from one to another; negative where the second is earlier.
pub fn days_between(from: Date, to: Date) -> i64 {
    from.duration_until(to).as_secs() / (24 * 60 * 60)
}

fn word_of(word: &str) -> Option<Run> {
    let number = |text: &str| -> Option<u32> {
        let plain =
            !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0'));
        text.parse().ok().filter(|_| plain)
    };
    let many = |text: &str| if text.is_empty() { Some(1) } else { number(text).filter(|days| *days > 0) };
    if let Some(days) = word.strip_prefix('_') {
        return Some(Run { days: many(days)?, count: Some(0) });
    }
    if let Some(days) = word.strip_prefix('?') {
        return Some(Run { days: many(days)?, count: None });
    }
    let (count, days) = word.split_once('x').map_or((word, Some(1)), |(count, days)| (count, number(days)));
    Some(Run { days: days.filter(|days| *days > 0)?, count: Some(number(count)?) })
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, run) in self.runs.iter().enumerate() {
            if at > 0 {
                f.write_str(" ")?;
            }
            match (run.count, run.days) {
                (None, 1) => f.write_str("?")?,
                (None, days) => write!(f, "?{days}")?,
                (Some(0), 1) => f.write_str("_")?,
                (Some(0), days) => write!(f, "_{days}")?,
                (Some(count), 1) => write!(f, "{count}")?,
                (Some(count), days) => write!(f, "{count}x{days}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    #[test]
    fn days_are_written_short() {
        let mut days = Days::none(date(2026, 1, 1));
        days.learn(date(2026, 1, 1), &[Some(3), Some(0), Some(0), Some(2), Some(2), Some(2)]);
        assert_eq!(days.to_string(), "3 _2 2x3");
        assert_eq!(Days::parse(days.from(), "3 _2 2x3"), Ok(days.clone()));
        assert_eq!((days.len(), days.last()), (6, Some(date(2026, 1, 6))));
        assert_eq!(
            (days.get(date(2026, 1, 4)), days.get(date(2026, 1, 7)), days.get(date(2025, 12, 31))),
            (Some(2), None, None)
        );
        days.learn(date(2026, 1, 5), &[Some(0), None, None, Some(1)]);
        assert_eq!(days.to_string(), "3 _2 2 _ 2 ? 1", "a decrease is taken over, and what was not seen stays");
        days.learn(date(2025, 12, 30), &[Some(4)]);
        assert_eq!((days.from(), days.to_string().as_str()), (date(2025, 12, 30), "4 ? 3 _2 2 _ 2 ? 1"));
        days.learn(date(2026, 2, 1), &[None, None]);
        assert_eq!(days.len(), 10, "nothing was seen");
    }

    #[test]
    fn other_words_are_refused() {
        for wrong in ["x", "3x", "x3", "03", "_0", "?0", "3x0", "-1", "1.5", "_x", "99999999999", "_99999", "3,4"] {
            assert!(Days::parse(date(2026, 1, 1), wrong).is_err(), "{wrong}");
        }
        assert_eq!(Days::parse(date(2026, 1, 1), "1 1  1"), Days::parse(date(2026, 1, 1), "1x3"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(counts in proptest::collection::vec(proptest::option::of(0_u32..4), 0..60)) {
            let first = date(2026, 2, 20);
            let mut days = Days::none(first);
            days.learn(first, &counts);
            prop_assert_eq!(&Days::parse(days.from(), &days.to_string()).expect("days"), &days);
            for (day, count) in (0_i64..).zip(&counts) {
                prop_assert_eq!(days.get(first.checked_add(day.days()).expect("a day")), *count);
            }
        }
    }
}
