//! What a record says of how its activity is counted: since when, and by which clock.

use super::{Counted, Scores, Seen, count, facts};
use crate::model::{Code, Days, Record, Score, Unreadable, Value, code};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use rayon::prelude::*;
use std::collections::HashMap;

/// One member, for one score.
#[derive(Clone, Copy, Debug)]
pub struct Member<'f> {
    /// What is known of the member's days.
    pub days: Option<&'f Days>,
    /// The day that it is where the member is.
    pub today: Date,
    /// The day on which the member joined, where the record says it.
    pub joined: Option<Date>,
    /// The first day that counts, where there is one.
    pub start: Option<Date>,
    /// Index into the zones.
    pub zone: usize,
}

impl Member<'_> {
    /// What the member's days count for a score, as of so many days ago; `None` where nothing is known.
    pub fn counted(&self, score: &Score, days_ago: u32) -> Option<Counted> {
        let today = self.today.checked_sub(i64::from(days_ago).days()).ok()?;
        Some(count(score, Seen { days: self.days?, today, start: self.start, is_past: days_ago > 0 }))
    }

    /// Whether the member was there already so many days ago: had joined, or was known to be active, and the challenge
    /// had begun.
    pub fn is_there(&self, score: &Score, days_ago: u32) -> bool {
        let day = self.today.checked_sub(i64::from(days_ago).days()).unwrap_or(self.today);
        let first = self.joined.or(self.days.map(Days::from)).into_iter().chain(score.since).max();
        first.is_none_or(|first| first <= day)
    }
}

/// Every member of a collection, in order.
pub struct Members<'f> {
    all: Vec<Member<'f>>,
    /// The site's zone, and those that records name.
    zones: Vec<TimeZone>,
    /// Former keys of those whose facts stand under them yet.
    former: HashMap<usize, String>,
}

impl<'f> Members<'f> {
    pub fn read(scores: &'f Scores<'_>, score: &Score, records: &[Record], unreadable: &mut Vec<Unreadable>) -> Self {
        let zones = Zones::of(scores, score, records);
        let known = &scores.facts[score.from].days;
        let former = facts::former(records, |key| known.contains_key(key));
        let read = |(at, record): (usize, &Record)| {
            let mut refused = Vec::new();
            let mut refuse = |code: Code, field: &str, message: String, help: &str| {
                let (field, help) = (field.to_owned(), help.to_owned());
                refused.push(Unreadable { record: at, field, code, message, help });
            };
            let zone = match record.get(&score.time_zone.value) {
                Some(Value::Text(name)) => zones.named.get(&**name).copied().unwrap_or_else(|| {
                    let help = "use a name of the IANA database, such as `Europe/Lisbon`";
                    refuse(code::BAD_FORMAT, &score.time_zone.value, format!("`{name}` is not a time zone"), help);
                    0
                }),
                None | Some(Value::Null) => 0,
                Some(other) => {
                    let help = "write the name of one, such as `Europe/Lisbon`";
                    refuse(code::WRONG_TYPE, &score.time_zone.value, format!("{} is no time zone", other.kind()), help);
                    0
                }
            };
            let joined = match record.get(&score.joined.value) {
                Some(Value::Text(text)) => day(text, &zones.all[zone].0).or_else(|| {
                    let help = "write a day as `2026-04-19`: activity counts from it";
                    refuse(code::BAD_DATE, &score.joined.value, format!("`{text}` is not a date"), help);
                    None
                }),
                None | Some(Value::Null) => None,
                Some(other) => {
                    let help = "write a day as `2026-04-19`: activity counts from it";
                    refuse(code::WRONG_TYPE, &score.joined.value, format!("{} is no date", other.kind()), help);
                    None
                }
            };
            let start = joined.into_iter().chain(score.since).max();
            let days = match former.get(&at) {
                Some(former) => known.get(former),
                None => known.get(&record.key.to_ascii_lowercase()),
            };
            (Member { days, today: zones.all[zone].1, joined, start, zone }, refused)
        };
        let (all, refused): (Vec<Member<'f>>, Vec<Vec<Unreadable>>) = records.par_iter().enumerate().map(read).unzip();
        unreadable.extend(refused.into_iter().flatten());
        Self { all, zones: zones.all.into_iter().map(|(zone, _)| zone).collect(), former }
    }

    pub fn get(&self, at: usize) -> &Member<'f> {
        &self.all[at]
    }

    /// The key under which the facts of a record stand, in lower case.
    pub fn key(&self, at: usize, record: &Record) -> String {
        self.former.get(&at).cloned().unwrap_or_else(|| record.key.to_ascii_lowercase())
    }

    /// The members of each time zone.
    pub fn by_zone(&self) -> Vec<(&TimeZone, Vec<usize>)> {
        let mut zones: Vec<(&TimeZone, Vec<usize>)> = self.zones.iter().map(|zone| (zone, Vec::new())).collect();
        for (at, member) in self.all.iter().enumerate() {
            zones[member.zone].1.push(at);
        }
        zones
    }
}

/// Time zones, and the day that it is in each.
struct Zones<'r> {
    all: Vec<(TimeZone, Date)>,
    named: HashMap<&'r str, usize>,
}

impl<'r> Zones<'r> {
    fn of(scores: &Scores<'_>, score: &Score, records: &'r [Record]) -> Self {
        let site = scores.settings.site.time_zone.clone();
        let today = |zone: &TimeZone| zone.to_datetime(scores.now).date();
        let mut zones = Self { all: vec![(site.clone(), today(&site))], named: HashMap::new() };
        for record in records {
            let Some(Value::Text(name)) = record.get(&score.time_zone.value) else { continue };
            if !zones.named.contains_key(&**name)
                && let Ok(zone) = TimeZone::get(name)
            {
                zones.named.insert(name, zones.all.len());
                let today = today(&zone);
                zones.all.push((zone, today));
            }
        }
        zones
    }
}

/// A day, or the day of an instant where the member is.
pub fn day(text: &str, zone: &TimeZone) -> Option<Date> {
    if text.len() == 10 {
        return text.parse().ok();
    }
    text.parse::<Timestamp>().ok().map(|at| zone.to_datetime(at).date())
}
