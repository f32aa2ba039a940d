//! Dates as editors write them.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// What is wrong with a date, and how to write it.
#[derive(Debug, PartialEq, Eq)]
pub struct DateFault {
    pub message: String,
    pub help: String,
}

/// The instant of `YYYY-MM-DD` (the start of that day), of a date with a time (both in `zone`), or of an RFC 3339
/// timestamp. The last instant there is stands for those after it: `9999-12-31` is how some write "never".
///
/// # Errors
/// With an explanation, when the text is none of these.
pub fn instant(text: &str, zone: &TimeZone) -> Result<Timestamp, DateFault> {
    let text = text.trim();
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Ok(timestamp);
    }
    let offset = text.get(10..).is_some_and(|time| time.contains(['Z', 'z', '+', '-']));
    let civil = match text.parse::<Date>() {
        Ok(date) if text.len() == 10 => Some(date.to_datetime(jiff::civil::Time::midnight())),
        _ if offset => None,
        _ => text.parse::<DateTime>().ok().filter(|_| text.len() > 10),
    };
    match civil.map(|civil| civil.to_zoned(zone.clone())) {
        Some(Ok(zoned)) => Ok(zoned.timestamp()),
        _ if is_beyond(text, zone) => Ok(last()),
        _ => Err(explain(text)),
    }
}

/// Whether a text, which is no instant, would be one in the year before the last.
fn is_beyond(text: &str, zone: &TimeZone) -> bool {
    let before = text.strip_prefix("9999-").map(|rest| format!("9998-{rest}"));
    before.is_some_and(|before| instant(&before, zone).is_ok())
}

/// The last whole second that is an instant in every time zone.
fn last() -> Timestamp {
    Timestamp::from_second(Timestamp::MAX.as_second()).unwrap_or(Timestamp::MAX)
}

const HOW: &str = "write a date as `2026-04-19`, or with a time as `2026-04-19T09:00:00Z`";

/// Why `text` is not a date.
pub fn explain(text: &str) -> DateFault {
    if text.trim().is_empty() {
        return DateFault { message: "the date is empty".to_owned(), help: HOW.to_owned() };
    }
    let numbers: Vec<&str> = text.split(['/', '.', '-']).collect();
    let values: Vec<Option<i16>> = numbers.iter().map(|number| leading(number)).collect();
    if let ([Some(year), Some(month), Some(day), ..], true) = (values.as_slice(), numbers[0].len() == 4) {
        return impossible(text, *year, *month, *day);
    }
    if let ([Some(a), Some(b), Some(year)], true) = (values.as_slice(), numbers.len() == 3 && numbers[2].len() == 4) {
        return ambiguous(text, *a, *b, *year);
    }
    DateFault { message: format!("`{text}` is not a date"), help: HOW.to_owned() }
}

/// Why `text` is not a day without a time.
pub fn explain_day(text: &str) -> DateFault {
    let day = text.get(..10).filter(|day| day.parse::<Date>().is_ok());
    match day.filter(|_| instant(text, &TimeZone::UTC).is_ok()) {
        Some(day) => {
            DateFault { message: "a date without a time is wanted here".to_owned(), help: format!("write `{day}`") }
        }
        None => explain(text),
    }
}

/// Why `text` is not a day with a time and an offset.
pub fn explain_moment(text: &str) -> DateFault {
    if instant(text, &TimeZone::UTC).is_err() {
        let DateFault { message, .. } = explain(text);
        return DateFault { message, help: "write a date with a time as `2026-04-19T09:00:00Z`".to_owned() };
    }
    if text.trim().len() == 10 {
        let message = "a date with a time is wanted here".to_owned();
        return DateFault { message, help: format!("write it as `{}T09:00:00Z`", text.trim()) };
    }
    let message = format!("`{text}` lacks `Z` or an offset, or is not written in full");
    DateFault { message, help: "write a date with a time as `2026-04-19T09:00:00Z`".to_owned() }
}

/// The number that the text starts with.
fn leading(text: &str) -> Option<i16> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..digits.min(4)].parse().ok()
}

/// A day in the one form that is read, if it exists.
fn iso(year: i16, month: i16, day: i16) -> Option<String> {
    let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    Some(format!("`{date}`"))
}

fn impossible(text: &str, year: i16, month: i16, day: i16) -> DateFault {
    let first = i8::try_from(month).ok().and_then(|month| Date::new(year, month, 1).ok());
    let Some(first) = first else {
        return DateFault { message: format!("`{text}` is not a date: there are twelve months"), help: HOW.to_owned() };
    };
    let days = first.days_in_month();
    if day < 1 || day > i16::from(days) {
        let message = format!("`{text}` is not a date: {} has {days} days", first.strftime("%B %Y"));
        return DateFault { message, help: format!("the days are 1 to {days}") };
    }
    let bare = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'/' | b'.'));
    let is_it = |date: &str| date.trim_matches('`') == text.trim();
    let help = match iso(year, month, day).filter(|date| bare && !is_it(date)) {
        Some(date) => format!("write {date}"),
        None => HOW.to_owned(),
    };
    DateFault { message: format!("`{text}` is not a date in a form that is read here"), help }
}

/// The year stands last: the day or the month may stand first.
fn ambiguous(text: &str, a: i16, b: i16, year: i16) -> DateFault {
    let (day_first, month_first) = (iso(year, b, a), iso(year, a, b));
    let not_iso = format!("`{text}` is not written as year-month-day");
    match (day_first, month_first) {
        (Some(one), Some(other)) if one != other => {
            let message = format!("`{text}` is ambiguous: some read the day first, others the month");
            DateFault { message, help: format!("write {one} or {other}") }
        }
        (Some(date), _) | (None, Some(date)) => DateFault { message: not_iso, help: format!("write {date}") },
        _ if (1..=12).contains(&b) => impossible(text, year, b, a),
        _ if (1..=12).contains(&a) => impossible(text, year, a, b),
        _ => DateFault { message: format!("`{text}` is not a date: there are twelve months"), help: HOW.to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_instants_in_the_sites_zone() {
        let lisbon = TimeZone::get("Europe/Lisbon").expect("bundled");
        let at = |text: &str| instant(text, &lisbon).map(|t| t.to_string());
        assert_eq!(at("2026-07-01").as_deref(), Ok("2026-06-30T23:00:00Z"));
        assert_eq!(at("2026-07-01T09:00:00Z").as_deref(), Ok("2026-07-01T09:00:00Z"));
        assert_eq!(at("2026-07-01 09:00").as_deref(), Ok("2026-07-01T08:00:00Z"));
        assert_eq!(at("2026-07-01T09:00:00+02:00").as_deref(), Ok("2026-07-01T07:00:00Z"));
    }

    #[test]
    fn the_last_days_of_all_are_the_last_instant_there_is() {
        let zone = |name: &str| TimeZone::get(name).expect("bundled");
        // Farther east, that day begins before the last instant.
        let first = instant("9999-12-31", &zone("Pacific/Kiritimati")).map(|at| at.to_string());
        assert_eq!(first.as_deref(), Ok("9999-12-30T10:00:00Z"));
        for name in ["UTC", "Pacific/Pago_Pago"] {
            for text in [
                "9999-12-31",
                "9999-12-31 23:59",
                "9999-12-31T23:59:59",
                "9999-12-31T23:59:59Z",
                "9999-12-31T23:59:59.999+00:00",
                "9999-12-30T23:00:00-12:00",
            ] {
                let found = instant(text, &zone(name)).map(|at| at.to_string());
                assert_eq!(found.as_deref(), Ok("9999-12-30T22:00:00Z"), "{text}");
            }
        }
        for wrong in ["9999-12-32", "9999-12-31T25:00:00Z", "9999-12-31T23:59:59+", "9999-02-29"] {
            let why = instant(wrong, &TimeZone::UTC).expect_err("not a date");
            assert!(!why.help.contains(wrong), "{wrong}: {why:?}");
        }
        assert_eq!(explain("2026-04-20").help, HOW, "what is refused is no help");
    }

    #[test]
    fn impossible_and_ambiguous_dates_are_explained() {
        let why = |text: &str| instant(text, &TimeZone::UTC).expect_err("not a date");
        assert_eq!(why("2026-02-30").message, "`2026-02-30` is not a date: February 2026 has 28 days");
        assert_eq!(why("2026-13-01").message, "`2026-13-01` is not a date: there are twelve months");
        assert_eq!(why("19/04/2023").help, "write `2023-04-19`");
        assert_eq!(why("19/04/2023").message, "`19/04/2023` is not written as year-month-day");
        assert_eq!(why("31.11.2023").message, "`31.11.2023` is not a date: November 2023 has 30 days");
        assert_eq!(why("2023-9-3").help, "write `2023-09-03`");
        assert_eq!(why("").message, "the date is empty");
        assert_eq!(explain_day("2026-04-19T09:00:00Z").help, "write `2026-04-19`");
        assert_eq!(explain_moment("2026-04-19").message, "a date with a time is wanted here");
        assert_eq!(why("04/05/2023").help, "write `2023-05-04` or `2023-04-05`");
        assert_eq!(why("tomorrow").message, "`tomorrow` is not a date");
        assert_eq!(
            why("2026-02-30T10:00:00Z").message,
            "`2026-02-30T10:00:00Z` is not a date: February 2026 has 28 days"
        );
        for odd in [
            "",
            "-",
            "2026",
            "é",
            "2026-1-1",
            "99999-01-01",
            "2026-01-01T25:00:00Z",
            "12 de março de 2026",
            "ééééééééééé",
        ] {
            assert!(instant(odd, &TimeZone::UTC).is_err(), "{odd}");
        }
    }
}
