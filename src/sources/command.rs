//! Programs as sources: a job a line goes in, an outcome a line comes out, as JSON.
//!
//! A job: `{"member": "ann", "account": "…", "from": "2026-04-28", "to": "2026-06-01", "id": "…", "fields": {…}}`. An
//! outcome names the member and holds `days` (`{"2026-05-01": 3}`), or `from` and `counts` (`[3, 0, null]`), or
//! `missing: true`, or `failed: "why"`; with `days` or `counts` it may hold `id` and `account` too.

use super::member::Asking;
use super::outcome::{Came, Seen, Stretch};
use crate::model::days_between;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;

const TRAILING: i64 = 35;
const YEAR: i64 = 365;
const LONGEST: i64 = 40_000;

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
    let (key, account, fields) = (&member.key, &member.account, &member.fields);
    json!({ "member": key, "account": account, "id": member.id(), "from": from, "to": today, "fields": fields })
        .to_string()
}

/// Reads a line of outcome: which of the members, and what came.
///
/// # Errors
/// In words, when it is none.
pub fn read(line: &str, members: &[Asking]) -> Result<(usize, Came), String> {
    let line: Line = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let at = members.iter().position(|member| member.key == line.member);
    let at = at.ok_or_else(|| format!("it was not asked about `{}`", line.member.escape_debug()))?;
    let days = match (line.days, line.from, line.counts) {
        (Some(days), None, None) => spread(&days)?,
        (None, Some(from), Some(counts)) => vec![Stretch::new(from, &counts)],
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
fn spread(days: &BTreeMap<Date, Option<u32>>) -> Result<Vec<Stretch>, String> {
    let Some((first, last)) = days.keys().next().zip(days.keys().next_back()) else { return Ok(Vec::new()) };
    if days_between(*first, *last) > LONGEST {
        return Err(format!("the days from {first} to {last} are too many"));
    }
    let all = first.series(1.day()).take_while(|day| day <= last);
    let counts: Vec<Option<u32>> = all.map(|day| days.get(&day).copied().flatten()).collect();
    Ok(vec![Stretch::new(*first, &counts)])
}
