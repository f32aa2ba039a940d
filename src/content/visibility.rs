//! Which records are published: drafts, scheduled, expired and unlisted ones are not.

use super::dates;
use super::formats::Part;
use super::places::Places;
use super::schema::member;
use crate::model::{Collection, Diagnostic, Hidden, HiddenReason, Record, Value, code};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The members that keep a record out.
pub const HIDING: [&str; 4] = ["draft", "listed", "date", "expires"];

/// What hiding a collection's records found.
#[derive(Clone, Default)]
pub struct Hiding {
    /// The records that an editor may wonder about.
    pub hidden: Vec<Hidden>,
    pub faults: Vec<Diagnostic>,
    /// The next instant at which another record appears or disappears.
    pub next_change: Option<Timestamp>,
}

/// Marks the records that are not published at `now`; `drafts` publishes the drafts.
pub fn hide(
    collection: &mut Collection,
    (now, drafts): (Timestamp, bool),
    zone: &TimeZone,
    places: &Places<'_>,
) -> Hiding {
    let mut found = Hiding::default();
    for at in 0..collection.records.len() {
        let record = &collection.records[at];
        let watched = record.fields.iter().any(|field| HIDING.contains(&&*field.name));
        if !watched {
            continue;
        }
        let judge = Judge { collection, record, now, drafts, zone, places };
        let reason = judge.reason(&mut found);
        if let Some(reason) = &reason {
            let path =
                record.origins.first().map_or_else(String::new, |o| collection.files[o.file as usize].path.to_string());
            // Who asked not to be listed is not named in a report either.
            if *reason != HiddenReason::Unlisted {
                found.hidden.push(Hidden {
                    collection: collection.name.clone(),
                    key: record.key.clone(),
                    path,
                    reason: reason.clone(),
                });
            }
        }
        collection.records[at].hidden = reason;
    }
    found
}

struct Judge<'a, 'p> {
    collection: &'a Collection,
    record: &'a Record,
    now: Timestamp,
    drafts: bool,
    zone: &'a TimeZone,
    places: &'a Places<'p>,
}

impl Judge<'_, '_> {
    fn reason(&self, found: &mut Hiding) -> Option<HiddenReason> {
        let faults = &mut found.faults;
        let unlisted = self.flag("listed", faults) == Some(false);
        let draft = self.flag("draft", faults) == Some(true) && !self.drafts;
        let (date, expires) = (self.instant("date", faults), self.instant("expires", faults));
        let to_come = [date, expires].into_iter().flatten().filter(|at| *at > self.now);
        found.next_change = to_come.chain(found.next_change).min();
        let scheduled = date.filter(|date| *date > self.now);
        let expired = expires.filter(|date| *date <= self.now);
        if unlisted {
            return Some(HiddenReason::Unlisted);
        }
        if draft {
            return Some(HiddenReason::Draft);
        }
        expired
            .map(|at| HiddenReason::Expired(at.as_second()))
            .or_else(|| scheduled.map(|at| HiddenReason::Scheduled(at.as_second())))
    }

    fn flag(&self, name: &str, faults: &mut Vec<Diagnostic>) -> Option<bool> {
        match self.record.get(name)? {
            Value::Bool(flag) => Some(*flag),
            Value::Null => None,
            other => {
                let message = format!("`{name}` must be true or false, not {}", other.kind());
                faults.push(
                    self.fault(name, code::WRONG_TYPE, message)
                        .help(format!("write `{name}: true` or `{name}: false`")),
                );
                None
            }
        }
    }

    fn instant(&self, name: &str, faults: &mut Vec<Diagnostic>) -> Option<Timestamp> {
        let text = match self.record.get(name)? {
            Value::Text(text) => text,
            Value::Null => return None,
            other => {
                let message = format!("`{name}` must be a date, not {}", other.kind());
                faults.push(self.fault(name, code::BAD_DATE, message));
                return None;
            }
        };
        match dates::instant(text, self.zone) {
            Ok(instant) => Some(instant),
            Err(why) => {
                faults.push(self.fault(name, code::BAD_DATE, why.message).help(why.help));
                None
            }
        }
    }

    fn fault(&self, name: &str, code: crate::model::Code, message: String) -> Diagnostic {
        Diagnostic::error(code, self.places.of(self.collection, self.record, &member(name), Part::Value), message)
    }
}
