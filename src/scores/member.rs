//! What a record says of how its activity is counted: since when, and by which clock.

use super::Scores;
use crate::model::{Record, Score, Unreadable, Value};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::HashMap;

/// One member, for one score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The day that it is where the member is.
    pub today: Date,
    /// The first day that counts, where there is one.
    pub start: Option<Date>,
}

/// Every member of a collection, in order.
pub struct Members {
    all: Vec<Member>,
    /// The time zone of each.
    zones: Vec<TimeZone>,
}

impl Members {
    pub fn read(scores: &Scores<'_>, score: &Score, records: &[Record], unreadable: &mut Vec<Unreadable>) -> Self {
        let site = &scores.settings.site.time_zone;
        let mut known: HashMap<&str, Option<(TimeZone, Date)>> = HashMap::new();
        let usual = (site.clone(), site.to_datetime(scores.now).date());
        let mut members = Self { all: Vec::with_capacity(records.len()), zones: Vec::with_capacity(records.len()) };
        for (at, record) in records.iter().enumerate() {
            let mut refuse = |field: &str, message: String, help: &str| {
                let (field, help) = (field.to_owned(), help.to_owned());
                unreadable.push(Unreadable { record: at, field, message, help });
            };
            let zone = match record.get(&score.time_zone) {
                Some(Value::Text(name)) => known
                    .entry(name)
                    .or_insert_with(|| {
                        let zone = TimeZone::get(name).ok()?;
                        let today = zone.to_datetime(scores.now).date();
                        Some((zone, today))
                    })
                    .clone()
                    .or_else(|| {
                        let help = "use a name of the IANA database, such as `Europe/Lisbon`";
                        refuse(&score.time_zone, format!("`{name}` is not a time zone"), help);
                        None
                    }),
                _ => None,
            };
            let (zone, today) = zone.unwrap_or_else(|| usual.clone());
            let joined = match record.get(&score.joined) {
                Some(Value::Text(text)) => day(text, &zone).or_else(|| {
                    let help = "write a day as `2026-04-19`: activity counts from it";
                    refuse(&score.joined, format!("`{text}` is not a date"), help);
                    None
                }),
                _ => None,
            };
            let start = joined.into_iter().chain(score.since).max();
            members.all.push(Member { today, start });
            members.zones.push(zone);
        }
        members
    }

    pub fn get(&self, at: usize) -> &Member {
        &self.all[at]
    }

    pub fn zone(&self, at: usize) -> &TimeZone {
        &self.zones[at]
    }
}

/// A day, or the day of an instant where the member is.
fn day(text: &str, zone: &TimeZone) -> Option<Date> {
    if text.len() == 10 {
        return text.parse().ok();
    }
    text.parse::<Timestamp>().ok().map(|at| zone.to_datetime(at).date())
}
