//! `[scores]`: what activity counts.

use super::form::{Form, Reader, quoted};
use super::sources::name;
use crate::content::formats::{Kind, Node};
use crate::model::{
    CollectionDecl, Diagnostic, Into, Period, Place, Placed, RANK_MEMBERS, Score, Source, Window, code,
};
use jiff::civil::{Date, Weekday};

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];
/// Members of a record that decide whether, and until when, it is published.
const MEANT: [&str; 5] = ["listed", "draft", "date", "expires", "aliases"];

/// `broken` are the names of sources that could not be read.
pub fn scores(
    reader: &Reader<'_>,
    form: &Form<'_>,
    (sources, broken): (&[Source], &[String]),
    collections: &[CollectionDecl],
) -> Vec<Score> {
    let Some(tables) = form.table("scores") else { return Vec::new() };
    let mut scores: Vec<Score> = Vec::new();
    for entry in tables.entries() {
        let at = reader.place(&entry.name_span);
        let Some(table) = reader.form(&entry.node, format!("score `{}`", entry.name)) else { continue };
        name(reader, &entry.name, &at, "a score");
        let Some(mut score) = score(reader, &table, &entry.name, &at, (sources, broken)) else { continue };
        let collection = &collections[sources[score.from].members];
        let fields: Vec<String> = score.fields().map(str::to_owned).collect();
        for field in &fields {
            let twice = fields.iter().filter(|other| *other == field).count() > 1;
            let why = taken(field, &score, &scores, sources, collection);
            if let Some(why) = why.or_else(|| twice.then(|| "is named twice".to_owned())) {
                let message = format!("`{field}` of `{}` {why}", collection.name);
                let at = place(reader, &table, field).unwrap_or_else(|| score.at.clone());
                let fault = Diagnostic::error(code::BAD_OPTION, at, message);
                reader.report(fault.help("put this number into another member"));
                score.leave_out(field);
            }
        }
        scores.push(score);
    }
    scores
}

/// Where a member that a score computes is named: by a value of `into`, or a name of `windows`.
fn place(reader: &Reader<'_>, table: &Form<'_>, field: &str) -> Option<Place> {
    let entries = |name| match table.node(name).map(|node| &node.kind) {
        Some(Kind::Map(entries)) => entries.as_slice(),
        _ => &[],
    };
    let is_named = |node: &Node| matches!(&node.kind, Kind::Text(text) if &**text == field);
    let value = entries("into").iter().find(|entry| is_named(&entry.node)).map(|entry| &entry.node.span);
    let name = || entries("windows").iter().find(|entry| &*entry.name == field).map(|entry| &entry.name_span);
    value.or_else(name).map(|span| reader.place(span))
}

/// Why a score cannot put a number into a member of its collection.
fn taken(
    field: &str,
    score: &Score,
    scores: &[Score],
    sources: &[Source],
    collection: &CollectionDecl,
) -> Option<String> {
    let members = sources[score.from].members;
    let mut accounts = sources.iter().filter(|source| source.members == members).map(|source| &source.account.value);
    let others = || scores.iter().filter(|other| sources[other.from].members == members);
    let reads = |other: &&Score| [&other.joined.value, &other.time_zone.value].iter().any(|name| *name == field);
    match field {
        "" => Some("has no name".to_owned()),
        _ if field == collection.key.value => Some("is the key".to_owned()),
        _ if MEANT.contains(&field) => Some("decides what is published".to_owned()),
        _ if RANK_MEMBERS.contains(&field) => Some("is what `rank` adds to a row".to_owned()),
        _ if accounts.any(|account| account == field) => Some("names an account".to_owned()),
        _ if collection.derive.iter().any(|derived| derived.name == field) => Some("is derived".to_owned()),
        _ if others().chain([score]).any(|other| reads(&other)) => Some("is what scores are computed from".to_owned()),
        _ => others()
            .find(|other| other.fields().any(|other| other == field))
            .map(|other| format!("is computed by score `{}`", other.name)),
    }
}

fn score(
    reader: &Reader<'_>,
    table: &Form<'_>,
    name: &str,
    at: &Place,
    (sources, broken): (&[Source], &[String]),
) -> Option<Score> {
    let from = table.required_text("from").and_then(|from| {
        let found = sources.iter().position(|source| source.name == from.value);
        // A source that could not be read has had its own fault told.
        if found.is_none() && !broken.contains(&from.value) {
            let known: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
            let fault =
                Diagnostic::error(code::BAD_OPTION, from.at.clone(), format!("there is no source `{}`", from.value));
            reader.report(fault.suggest(
                &from.value,
                known.iter().copied(),
                format!("the sources are {}", quoted(&known)),
            ));
        }
        found
    });
    let text =
        |name, usual: &str| table.text(name).unwrap_or_else(|| Placed { value: usual.to_owned(), at: at.clone() });
    let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let (period, excluded) = (period(reader, table), excluded(reader, table));
    let score = Score {
        name: name.to_owned(),
        at: at.clone(),
        from: from.unwrap_or_default(),
        daily_cap: table.positive_to("daily_cap", u32::MAX as usize).map(|cap| small(cap.value)),
        grace_days: table.whole_to("grace_days", 3660).map_or(0, |days| small(days.value)),
        excluded,
        period,
        since: table.text("since").and_then(|since| date(reader, &since)),
        joined: text("joined", "dateJoined"),
        time_zone: text("time_zone", "timeZone"),
        into: table.table("into").map_or_else(Into::default, |into| self::into(&into)),
        windows: table.table("windows").map_or_else(Vec::new, |windows| self::windows(reader, &windows)),
    };
    table.finish();
    if score.fields().next().is_none() {
        let fault = Diagnostic::error(code::MISSING_OPTION, table.place(), format!("score `{name}` computes nothing"));
        reader.report(
            fault.help("name what it goes into: `into = { score = \"githubScore\", streak = \"githubStreak\" }`"),
        );
    }
    from.map(|_| score)
}

fn into(table: &Form<'_>) -> Into {
    let text = |name| table.text(name).map(|text| text.value);
    let into = Into {
        score: text("score"),
        streak: text("streak"),
        longest: text("longest"),
        active: text("active"),
        provisional: text("provisional"),
    };
    table.finish();
    into
}

fn period(reader: &Reader<'_>, table: &Form<'_>) -> Period {
    let starts = table.text("week_starts");
    let begins = starts.as_ref().and_then(|day| weekday(reader, day)).unwrap_or(Weekday::Monday);
    let period = table.text("period");
    match period.as_ref().map_or("day", |period| &period.value) {
        "week" => return Period::Week(begins),
        "day" => {
            if let Some(starts) = starts {
                let message = "`week_starts` is of weeks, and this score's streaks are of days";
                let fault = Diagnostic::error(code::BAD_OPTION, starts.at, message);
                reader.report(fault.help("leave it out, or write `period = \"week\"`"));
            }
        }
        other => {
            let at = period.as_ref().map_or_else(|| table.place(), |period| period.at.clone());
            let fault = Diagnostic::error(code::BAD_OPTION, at, format!("`{other}` is no period"));
            reader.report(fault.suggest(other, ["day", "week"], "the periods are `day` and `week`".to_owned()));
        }
    }
    Period::Day
}

/// The weekdays that never break a streak of days.
fn excluded(reader: &Reader<'_>, table: &Form<'_>) -> Vec<Weekday> {
    let days = table.texts("exclude").unwrap_or_default();
    let mut excluded: Vec<Weekday> = days.iter().filter_map(|day| weekday(reader, day)).collect();
    excluded.sort_by_key(|day| day.to_monday_zero_offset());
    excluded.dedup();
    let of_weeks = table.node("period").is_some_and(|node| matches!(&node.kind, Kind::Text(text) if &**text == "week"));
    let why = match days.first() {
        Some(_) if of_weeks => {
            ("`exclude` is of days, and this score's streaks are of weeks", "leave it out, or `period`")
        }
        Some(_) if excluded.len() == WEEKDAYS.len() => {
            ("with every weekday excluded, no streak would ever break", "leave at least one of them out")
        }
        _ => return excluded,
    };
    reader.report(Diagnostic::error(code::BAD_OPTION, days[0].at.clone(), why.0).help(why.1));
    excluded
}

fn weekday(reader: &Reader<'_>, text: &Placed<String>) -> Option<Weekday> {
    let found = WEEKDAYS.iter().find(|(name, _)| text.value.eq_ignore_ascii_case(name)).map(|(_, day)| *day);
    if found.is_none() {
        let names = WEEKDAYS.map(|(name, _)| name);
        let fault = Diagnostic::error(code::BAD_OPTION, text.at.clone(), format!("`{}` is no weekday", text.value));
        reader.report(fault.suggest(&text.value, names, format!("the weekdays are {}", quoted(&names))));
    }
    found
}

fn date(reader: &Reader<'_>, text: &Placed<String>) -> Option<Date> {
    let found = text.value.parse().ok().filter(|_| text.value.len() == 10);
    if found.is_none() {
        let why = crate::content::dates::explain_day(&text.value);
        reader.report(Diagnostic::error(code::BAD_DATE, text.at.clone(), why.message).help(why.help));
    }
    found
}

fn windows(reader: &Reader<'_>, table: &Form<'_>) -> Vec<(String, Window)> {
    let windows = table.entries().iter().filter_map(|entry| {
        let text = reader.text(&entry.node, &table.title_of(&entry.name))?;
        let window = window(&text.value);
        if window.is_none() {
            let fault = Diagnostic::error(code::BAD_OPTION, text.at, format!("`{}` is no window", text.value));
            reader
                .report(fault.help(
                    "write so many days as `30d` (up to `3660d`), the month that it is as `month`, and another one as `2026-05`",
                ));
        }
        Some((entry.name.to_string(), window?))
    });
    windows.collect()
}

fn window(text: &str) -> Option<Window> {
    if text == "month" {
        return Some(Window::ThisMonth);
    }
    if let Some(days) = text.strip_suffix('d') {
        return days.parse().ok().filter(|days| (1..=3660).contains(days)).map(Window::Days);
    }
    let first: Date = format!("{text}-01").parse().ok().filter(|_| text.len() == 7)?;
    Some(Window::Month(first.year(), first.month()))
}
