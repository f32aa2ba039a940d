//! Feeds: RSS, Atom and JSON Feed. A feed shows the newest entries and forgets the older ones.

use super::member::Asking;
use super::outcome::{Came, Seen, Stretch};
use super::request::{Answer, Request, Verdict};
use crate::model::{days_between, encode};
use jiff::civil::Date;
use jiff::fmt::rfc2822;
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use std::collections::{BTreeMap, BTreeSet};

/// Where the member's feed is: the record gives its address, or what follows the source's own.
///
/// # Errors
/// In words, when that makes no address.
pub fn request(member: &Asking, url: Option<&str>) -> Result<Request, String> {
    let account = member.account.trim();
    let whole = account.starts_with("https://") || account.starts_with("http://");
    let url = match url {
        _ if whole => account.to_owned(),
        Some(url) => {
            let mut whole = format!("{}/", url.trim_end_matches('/'));
            encode(account, &mut whole);
            whole
        }
        None => return Err(format!("`{}` is no address of a feed", account.escape_debug())),
    };
    Ok(Request { url, body: None, signed: false })
}

/// Each feed stands for itself: what one refuses says nothing of the others.
pub fn verdict(answer: &Answer) -> Verdict {
    match answer.verdict("the feed's server") {
        Verdict::Stop(_) => Verdict::Fine,
        verdict => verdict,
    }
}

/// Counts the entries by the day on which they were published, as it is written there.
pub fn read(member: &Asking, answer: &Answer, now: Timestamp) -> Came {
    match answer.status {
        200..=299 => {}
        404 | 410 => return Came::Missing,
        _ => return Came::Failed(answer.refusal("the feed's server")),
    }
    let parser = feed_rs::parser::Builder::new().timestamp_parser(|text| stamp(text)?.parse().ok()).build();
    let Ok(feed) = parser.parse(answer.body.as_slice()) else {
        return Came::Failed("what stands there is no feed".to_owned());
    };
    let last = now.checked_add(14.hours()).map_or(now, |ahead| ahead).to_zoned(TimeZone::UTC).date();
    let mut ids = BTreeSet::new();
    let mut dates = Vec::new();
    for entry in feed.entries {
        let date = entry.published.or(entry.updated).and_then(|at| at.to_rfc3339().get(..10)?.parse::<Date>().ok());
        if let Some(date) = date.filter(|date| *date <= last && ids.insert(entry.id)) {
            dates.push(date);
        }
    }
    Came::Seen(Seen { days: days(member, &dates, now).into_iter().collect(), ..Seen::default() })
}

fn days(member: &Asking, dates: &[Date], now: Timestamp) -> Option<Stretch> {
    let (first, last) = (*dates.iter().min()?, *dates.iter().max()?);
    let today = now.to_zoned(TimeZone::UTC).date();
    let mut counts: BTreeMap<Date, u32> = BTreeMap::new();
    dates.iter().for_each(|date| *counts.entry(*date).or_default() += 1);
    let known = member.known.as_ref().and_then(|known| known.days().ok());
    let known = |day: Date| known.as_ref().and_then(|known| known.get(day)).unwrap_or(0);
    // Of its oldest day a feed may show a part only.
    counts.entry(first).and_modify(|count| *count = (*count).max(known(first)));
    // An old entry among newer ones, pinned there, says nothing of the days between.
    let whole = dates.is_sorted() || dates.iter().rev().is_sorted();
    let length = usize::try_from(days_between(first, last.max(today)) + 1).ok()?;
    let all = first.series(1.day()).take(length);
    let counts: Vec<Option<u32>> = all
        .map(|day| match counts.get(&day) {
            Some(count) if whole => Some(*count),
            Some(count) => Some((*count).max(known(day))),
            None => Some(0).filter(|_| whole && day <= today),
        })
        .collect();
    Some(Stretch::new(first, &counts))
}

/// The civil day of an instant as it is written, said as noon in UTC: the reader of feeds knows no other zone.
fn stamp(text: &str) -> Option<String> {
    let text = text.trim();
    let date: Date = match text.get(..10).and_then(|day| day.parse().ok()) {
        Some(date) => date,
        None => rfc2822::parse(text).ok().or_else(|| rfc2822::parse(&mended(text)).ok())?.date(),
    };
    Some(format!("{date}T12:00:00Z"))
}

/// Weekdays that are wrong or written out, and zones by name, are common in feeds.
fn mended(text: &str) -> String {
    let rest = text.split_once(',').map_or(text, |(_, rest)| rest).trim();
    let mut words: Vec<&str> = rest.split_ascii_whitespace().collect();
    if let Some(zone) = words.get_mut(4)
        && matches!(*zone, "UTC" | "Z" | "UT")
    {
        *zone = "GMT";
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_the_ones_that_are_written() {
        for (text, day) in [
            ("2026-05-01T23:30:00-11:00", "2026-05-01"),
            ("2026-05-02", "2026-05-02"),
            ("Fri, 01 May 2026 23:30:00 -0800", "2026-05-01"),
            ("Mon, 01 May 2026 23:30:00 GMT", "2026-05-01"),
            ("Friday, 1 May 2026 23:30:00 UTC", "2026-05-01"),
        ] {
            assert_eq!(stamp(text), Some(format!("{day}T12:00:00Z")), "{text}");
        }
        assert_eq!(stamp("yesterday"), None);
    }
}
