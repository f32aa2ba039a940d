//! CSV: `date,count` or `member,date,count`, by the names of the header.

use super::outcome::Stretch;
use crate::model::days_between;
use jiff::Timestamp;
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;

/// Longer spans are a slip of the pen.
const LONGEST: i64 = 40_000;

/// The days of each member that a file names; of a file without members, those of `""`. All days from the first to the
/// last that the file names are known. Two rows of one day are added up. Members are named in lower case.
///
/// # Errors
/// Line and words of each fault.
pub fn read(text: &str, now: Timestamp) -> Result<BTreeMap<String, Stretch>, Vec<(u64, String)>> {
    let mut reader =
        ::csv::ReaderBuilder::new().trim(::csv::Trim::All).from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let header = reader.headers().map_err(|error| vec![(1, error.to_string())])?.clone();
    let column = |name: &str| header.iter().position(|column| column.eq_ignore_ascii_case(name));
    let (Some(date), Some(count)) = (column("date"), column("count")) else {
        return Err(vec![(1, "the first line names the columns: `date,count` or `member,date,count`".to_owned())]);
    };
    let member = column("member");
    // Somebody's day may be ahead of the clock's.
    let tomorrow = TimeZone::UTC.to_datetime(now).date().tomorrow().unwrap_or(Date::MAX);
    let mut members: BTreeMap<String, BTreeMap<Date, u32>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for row in reader.records() {
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                wrong.push((
                    error.position().map_or(1, ::csv::Position::line),
                    "the row has another number of columns than the header".to_owned(),
                ));
                continue;
            }
        };
        let line = row.position().map_or(1, ::csv::Position::line);
        let cell = |at: usize| row.get(at).unwrap_or_default();
        let day = cell(date).parse::<Date>().ok().filter(|_| cell(date).len() == 10);
        let number = cell(count).parse::<u32>().ok();
        match (day, number) {
            (Some(day), _) if day > tomorrow => {
                wrong.push((line, format!("`{day}` is still to come: activity is of days that were")));
            }
            (Some(day), Some(number)) => {
                let days = members.entry(member.map(cell).unwrap_or_default().to_ascii_lowercase()).or_default();
                let sum = days.entry(day).or_default();
                *sum = sum.saturating_add(number);
            }
            (None, _) => {
                wrong.push((line, format!("`{}` is no date: write it as `2026-05-31`", cell(date).escape_debug())));
            }
            _ => wrong.push((line, format!("`{}` is no count: write a whole number", cell(count).escape_debug()))),
        }
    }
    let days = || members.values().flat_map(|days| days.keys().copied());
    let (Some(first), Some(last)) = (days().min(), days().max()) else {
        return if wrong.is_empty() { Ok(BTreeMap::new()) } else { Err(wrong) };
    };
    if days_between(first, last) > LONGEST {
        wrong.push((1, format!("the days from {first} to {last} are too many: one of them is wrong")));
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let known = |days: &BTreeMap<Date, u32>| stretch(days, first, last);
    Ok(members.iter().map(|(member, days)| (member.clone(), known(days))).collect())
}

/// Every day of a span; those without a count have none.
pub fn stretch(days: &BTreeMap<Date, u32>, first: Date, last: Date) -> Stretch {
    let all = first.series(1.day()).take_while(|day| *day <= last);
    let counts: Vec<Option<u32>> = all.map(|day| Some(days.get(&day).copied().unwrap_or(0))).collect();
    Stretch::new(first, &counts)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    fn read(text: &str) -> Result<std::collections::BTreeMap<String, super::Stretch>, Vec<(u64, String)>> {
        super::read(text, "2026-06-01T12:00:00Z".parse().expect("an instant"))
    }

    #[test]
    fn rows_become_days() {
        let found =
            read("\u{feff}member, date ,count\nann,2026-05-01,2\nben,2026-05-03,1\nann,2026-05-01,1\n").expect("days");
        assert_eq!(found["ann"].counts(), (date(2026, 5, 1), vec![Some(3), Some(0), Some(0)]));
        assert_eq!(found["ben"].counts(), (date(2026, 5, 1), vec![Some(0), Some(0), Some(1)]));
        assert_eq!(read("date,count\n2026-05-01,7\n").expect("days")[""].counts().1, [Some(7)]);
        assert!(read("date,count\n").expect("no days").is_empty());
    }

    #[test]
    fn faults_have_lines() {
        let wrong = read("date,count\n2026-05-01,1\n1 May,1\n2026-05-02,-1\n2026-05-03\n").expect_err("faults");
        assert_eq!(wrong.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3, 4, 5]);
        assert!(read("day,count\n").is_err());
        assert!(read("date,count\n2026-06-02,1\n").is_ok(), "it is tomorrow somewhere");
        assert!(read("date,count\n2062-05-01,1\n").is_err(), "nobody was active then");
        let spelt = read("member,date,count\nAnn,2026-05-01,1\nann,2026-05-02,1\n").expect("days");
        assert_eq!(spelt["ann"].counts().1, [Some(1), Some(1)]);
        assert!(read("date,count\n0026-05-01,1\n2026-05-01,1\n").is_err());
    }
}
