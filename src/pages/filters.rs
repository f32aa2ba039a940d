//! What templates can do with values: dates, numbers, names in URLs.

use crate::model::{encode, slug};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;
use minijinja::{Environment, Error, ErrorKind, Value};

fn wrong(why: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, why.into())
}

pub fn add(environment: &mut Environment<'static>) {
    environment.add_filter("date", date);
    environment.add_filter("number", number);
    environment.add_filter("slug", |text: &Value| slug(&text.to_string()).map_err(|why| wrong(why.to_string())));
    environment.add_filter("urlencode", |text: &Value| {
        let mut encoded = String::new();
        encode(&text.to_string(), &mut encoded);
        encoded
    });
    environment.add_filter("words", words);
}

/// A date or an instant in the words of a `strftime` format: `{{ article.date|date("%-d %B %Y") }}`.
fn date(value: &Value, format: Option<&str>) -> Result<String, Error> {
    if value.is_undefined() || value.is_none() {
        return Err(wrong("there is no date: the value is not there, or it is private"));
    }
    let text = value.to_string();
    let format = format.unwrap_or("%-d %B %Y");
    let time = if let Ok(at) = text.parse::<Timestamp>() {
        BrokenDownTime::from(&at.to_zoned(TimeZone::UTC))
    } else if let Ok(at) = text.trim_end_matches('Z').parse::<DateTime>() {
        // The last day of all has no instants.
        let zoned = at.to_zoned(TimeZone::UTC);
        zoned.map_or_else(|_| BrokenDownTime::from(at), |zoned| BrokenDownTime::from(&zoned))
    } else {
        return Err(wrong(format!("`{text}` is not a date")));
    };
    time.to_string(format).map_err(|error| wrong(format!("the format `{format}`: {error}")))
}

/// A number with a comma before each three digits: `12,345`.
fn number(value: &Value) -> Result<String, Error> {
    let text = value.to_string();
    let digits = text.trim_start_matches('-');
    let (whole, rest) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    if whole.is_empty() || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong(format!("`{text}` is not a number")));
    }
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if text.starts_with('-') { "-" } else { "" };
    Ok(format!("{sign}{grouped}{rest}"))
}

/// The first words of a text, with an ellipsis where there are more.
fn words(text: &str, most: usize) -> String {
    let mut words = text.split_whitespace();
    let mut short = words.by_ref().take(most).collect::<Vec<_>>().join(" ");
    if words.next().is_some() {
        short.truncate(short.trim_end_matches(['.', ',', ';', ':', '…']).len());
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_numbers_read_well() {
        let day = |text: &str, format: Option<&str>| date(&Value::from(text), format).unwrap_or_else(|e| e.to_string());
        assert_eq!(day("2026-05-01", None), "1 May 2026");
        assert_eq!(day("9999-12-31", None), "31 December 9999");
        assert_eq!(day("9999-12-31T23:59:59Z", Some("%H:%M")), "23:59");
        assert_eq!(day("2026-05-01T22:30:00+02:00", Some("%H:%M")), "20:30");
        assert_eq!(day("2026-05-01T22:30:00", Some("%a")), "Fri");
        assert!(day("yesterday", None).contains("`yesterday` is not a date"));
        assert!(day("2026-05-01", Some("%!")).contains("the format `%!`"));
        let grouped = |value: Value| number(&value).unwrap_or_else(|e| e.to_string());
        assert_eq!(grouped(Value::from(0)), "0");
        assert_eq!(grouped(Value::from(-1_234_567)), "-1,234,567");
        assert_eq!(grouped(Value::from(999)), "999");
        assert_eq!(grouped(Value::from(1234.5)), "1,234.5");
        assert!(grouped(Value::from("many")).contains("`many` is not a number"));
        assert_eq!((words("a  b. c", 2), words("a b.", 2)), ("a b…".to_owned(), "a b.".to_owned()));
    }
}
