//! Programs as sources: a job a line goes in, an outcome a line comes out, as JSON.
//!
//! A job: `{"member": "ann", "account": "…", "from": "2026-04-28", "to": "2026-06-01", "id": "…", "fields": {…}}`. An
//! outcome names the member and holds `days` (`{"2026-05-01": 3}`), or `from` and `counts` (`[3, 0, null]`), or
//! `missing: true`, or `failed: "why"`; with `days` or `counts` it may hold `id` and `account` too. The first outcome of
//! a member stands.

use super::member::Asking;
use super::outcome::{Came, Seen, Stretch};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;

const TRAILING: i64 = 35;
const YEAR: i64 = 365;
/// Days before it are a slip of the pen.
const FIRST: Date = Date::constant(2000, 1, 1);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    member: String,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    account: Option<String>,
    #[serde(default)]
    days: Option<BTreeMap<Date, Option<u32>>>,
    #[serde(default)]
    from: Option<Date>,
    #[serde(default)]
    counts: Option<Vec<Option<u32>>>,
    #[serde(default)]
    missing: bool,
    #[serde(default)]
    failed: Option<String>,
}

/// The line that asks about a member.
pub fn job(member: &Asking, now: Timestamp) -> String {
    let today = now.to_zoned(TimeZone::UTC).date();
    let trailing = today.saturating_sub((TRAILING - 1).days());
    let new = || member.joined.unwrap_or_else(|| today.saturating_sub((YEAR - 1).days()));
    let from = member.last_known().unwrap_or_else(new).min(trailing);
    let (key, account) = (&member.key, &member.account);
    let is_public = |(name, _): &(&String, &String)| !member.private.contains(*name);
    let fields: BTreeMap<&String, &String> = member.fields.iter().filter(is_public).collect();
    json!({ "member": key, "account": account, "id": member.id(), "from": from, "to": today, "fields": fields })
        .to_string()
}

/// What a program has said so far.
pub struct Heard<'a> {
    members: &'a [Asking],
    /// The last day that it is anywhere.
    latest: Date,
    told: Vec<bool>,
    /// How many lines were no outcomes, and what was wrong with the first.
    wrong: usize,
    first: Option<String>,
}

impl<'a> Heard<'a> {
    pub fn new(members: &'a [Asking], now: Timestamp) -> Self {
        let latest = now.checked_add(14.hours()).map_or(now, |ahead| ahead).to_zoned(TimeZone::UTC).date();
        Self { members, latest, told: vec![false; members.len()], wrong: 0, first: None }
    }

    /// Takes a line: of whom it tells, and what came of that member.
    pub fn line(&mut self, line: &str) -> Option<(&'a Asking, Came)> {
        if line.trim().is_empty() {
            return None;
        }
        let read = read(line, self.members, self.latest).and_then(|(at, came)| {
            let again = || format!("`{}` has an outcome already", self.members[at].key.escape_debug());
            if self.told[at] { Err(again()) } else { Ok((at, came)) }
        });
        match read {
            Ok((at, came)) => {
                self.told[at] = true;
                Some((&self.members[at], came))
            }
            Err(why) => {
                self.wrong += 1;
                self.first.get_or_insert(why);
                None
            }
        }
    }

    /// What was wrong with the first line that was no outcome.
    pub fn first(&self) -> Option<&str> {
        self.first.as_deref()
    }

    /// What is to be told of lines that were no outcomes.
    pub fn note(&self, program: &str) -> Option<String> {
        let (first, number) = (self.first()?, self.wrong);
        Some(match number {
            1 => format!("`{program}` said a line that is no outcome: {first}"),
            _ => format!("`{program}` said {number} lines that are no outcomes, the first because {first}"),
        })
    }

    /// Of whom it said nothing.
    pub fn untold(&self) -> impl Iterator<Item = &'a Asking> {
        self.members.iter().zip(self.told.clone()).filter(|(_, told)| !told).map(|(member, _)| member)
    }
}

/// Reads a line of outcome: which of the members, and what came.
fn read(line: &str, members: &[Asking], latest: Date) -> Result<(usize, Came), String> {
    let line: Line = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let at = members.iter().position(|member| member.key == line.member);
    let at = at.ok_or_else(|| format!("it was not asked about `{}`", line.member.escape_debug()))?;
    let days = match (line.days, line.from, line.counts) {
        (Some(days), None, None) => spread(&days, latest)?,
        (None, Some(from), Some(counts)) => {
            bounded(from, &counts, latest)?;
            vec![Stretch::new(from, &counts)]
        }
        (None, None, None) if line.missing => return Ok((at, Came::Missing)),
        (None, None, None) => match line.failed {
            Some(why) => return Ok((at, Came::Failed(super::request::shortened(&why)))),
            None => {
                return Err("it has neither `days`, nor `from` and `counts`, nor `missing`, nor `failed`".to_owned());
            }
        },
        _ => return Err("it has more than one of `days`, and `from` with `counts`".to_owned()),
    };
    let known = members[at].known.as_ref().and_then(|known| known.id.as_ref());
    let anew = line.id.as_ref().zip(known).is_some_and(|(id, known)| id != known);
    let written =
        line.account.as_ref().map(|_| members[at].account.clone()).filter(|w| Some(w) != line.account.as_ref());
    Ok((at, Came::Seen(Seen { id: line.id, account: line.account, written, anew, mark: None, days })))
}

/// Days that are named; of those between nothing is known.
fn spread(days: &BTreeMap<Date, Option<u32>>, latest: Date) -> Result<Vec<Stretch>, String> {
    let known = || days.iter().filter_map(|(day, count)| count.map(|_| *day));
    let Some((first, last)) = known().next().zip(known().next_back()) else { return Ok(Vec::new()) };
    within(first, last, latest)?;
    let all = first.series(1.day()).take_while(|day| *day <= last);
    let counts: Vec<Option<u32>> = all.map(|day| days.get(&day).copied().flatten()).collect();
    Ok(vec![Stretch::new(first, &counts)])
}

fn bounded(from: Date, counts: &[Option<u32>], latest: Date) -> Result<(), String> {
    let day = |at: usize| i64::try_from(at).ok().and_then(|at| from.checked_add(at.days()).ok()).unwrap_or(Date::MAX);
    let first = counts.iter().position(Option::is_some);
    match first.zip(counts.iter().rposition(Option::is_some)) {
        Some((first, last)) => within(day(first), day(last), latest),
        None => Ok(()),
    }
}

fn within(first: Date, last: Date, latest: Date) -> Result<(), String> {
    if last > latest {
        return Err(format!("`{last}` is still to come: activity is of days that were"));
    }
    if first < FIRST {
        return Err(format!("`{first}` is too long ago: no day before {FIRST} is taken"));
    }
    Ok(())
}
