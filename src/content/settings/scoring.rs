//! `[sources]` and `[scores]`: where activity comes from, and what it counts.

use super::form::{Form, Reader, quoted};
use crate::model::{
    CollectionDecl, Diagnostic, GithubMode, Into, Period, Place, Placed, Score, Source, SourceKind, Window, code,
};
use jiff::civil::{Date, Weekday};

const KINDS: [&str; 6] = ["github", "x", "feed", "csv", "x-archive", "command"];
const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];
/// The collection whose members are meant where a source names none.
const MEMBERS: &str = "users";
/// The tag of the community that this was first made for.
const TAG: &str = "#100DaysOfCloud";
/// How old facts may be, in hours, where a source does not say.
const STALE_HOURS: usize = 36;

pub fn sources(reader: &Reader<'_>, form: &Form<'_>, collections: &[CollectionDecl]) -> Vec<Source> {
    let Some(tables) = form.table("sources") else { return Vec::new() };
    let sources = tables.entries().iter().filter_map(|entry| {
        let at = reader.place(&entry.name_span);
        let table = reader.form(&entry.node, format!("source `{}`", entry.name))?;
        name(reader, &entry.name, &at, "a source");
        source(reader, &table, &entry.name, at, collections)
    });
    sources.collect()
}

/// Names become names of files.
fn name(reader: &Reader<'_>, name: &str, at: &Place, what: &str) {
    let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    if name.is_empty() || !name.bytes().all(known) {
        let fault =
            Diagnostic::error(code::BAD_OPTION, at.clone(), format!("`{}` is no name for {what}", name.escape_debug()));
        reader.report(fault.help("a name is made of lower-case letters, digits, `-` and `_`"));
    }
}

fn source(
    reader: &Reader<'_>,
    table: &Form<'_>,
    name: &str,
    at: Place,
    collections: &[CollectionDecl],
) -> Option<Source> {
    let kind = table.required_text("kind").and_then(|kind| self::kind(reader, table, &kind));
    let members = members(reader, table, &at, collections);
    let account = table.text("account");
    let token = table.table("token").and_then(|token| {
        let env = token.required_text("env");
        token.finish();
        env
    });
    let url = table.text("url").and_then(|url| super::environments::url(reader, &url));
    let stale_hours = table.positive("stale_hours").map_or(STALE_HOURS, |hours| hours.value);
    table.finish();
    let (kind, members) = (kind?, members?);
    let account = account.unwrap_or_else(|| Placed { value: collections[members].key.value.clone(), at: at.clone() });
    Some(Source { name: name.to_owned(), at, kind, members, account, token, url, stale_hours })
}

fn members(reader: &Reader<'_>, table: &Form<'_>, at: &Place, collections: &[CollectionDecl]) -> Option<usize> {
    let named = table.text("members");
    let wanted = named.as_ref().map_or(MEMBERS, |named| named.value.as_str());
    let found = collections.iter().position(|collection| collection.name == wanted);
    if found.is_none() {
        let known: Vec<&str> = collections.iter().map(|collection| collection.name.as_str()).collect();
        let at = named.as_ref().map_or(at, |named| &named.at).clone();
        let fault = Diagnostic::error(
            code::UNKNOWN_COLLECTION,
            at,
            format!("there is no collection `{wanted}`, whose members are active"),
        );
        reader.report(fault.suggest(
            wanted,
            known.iter().copied(),
            format!("name one with `members`: the collections are {}", quoted(&known)),
        ));
    }
    found
}

fn kind(reader: &Reader<'_>, table: &Form<'_>, kind: &Placed<String>) -> Option<SourceKind> {
    let tag = || table.text("tag").map(|tag| tag.value);
    let path = || table.required_text("path").and_then(|path| super::inside(reader, path));
    match kind.value.as_str() {
        "github" => Some(SourceKind::Github(mode(reader, table))),
        "x" => {
            let max_usd = table.number("max_usd").map(|dollars| dollars.value);
            Some(SourceKind::X { tag: tag().unwrap_or_else(|| TAG.to_owned()), max_usd })
        }
        "feed" => Some(SourceKind::Feed),
        "csv" => path().map(|path| SourceKind::Csv { path }),
        "x-archive" => path().map(|path| SourceKind::XArchive { path, tag: tag() }),
        "command" => {
            let words: Vec<String> =
                table.texts("command").unwrap_or_default().into_iter().map(|word| word.value).collect();
            if words.is_empty() {
                let fault = Diagnostic::error(
                    code::MISSING_OPTION,
                    table.place(),
                    "a source of the kind `command` has no `command`",
                );
                reader.report(fault.help("name the program and its arguments: `command = [\"scripts/strava\"]`"));
                return None;
            }
            Some(SourceKind::Command(words))
        }
        other => {
            let fault = Diagnostic::error(code::BAD_OPTION, kind.at.clone(), format!("`{other}` is no kind of source"));
            reader.report(fault.suggest(other, KINDS, format!("the kinds are {}", quoted(&KINDS))));
            None
        }
    }
}

fn mode(reader: &Reader<'_>, table: &Form<'_>) -> GithubMode {
    let Some(mode) = table.text("mode") else { return GithubMode::Calendar };
    match mode.value.as_str() {
        "calendar" => GithubMode::Calendar,
        "journey" => GithubMode::Journey,
        other => {
            let fault = Diagnostic::error(code::BAD_OPTION, mode.at, format!("`{other}` is no mode"));
            reader.report(fault.suggest(
                other,
                ["calendar", "journey"],
                "the modes are `calendar` and `journey`".to_owned(),
            ));
            GithubMode::Calendar
        }
    }
}

pub fn scores(reader: &Reader<'_>, form: &Form<'_>, sources: &[Source], collections: &[CollectionDecl]) -> Vec<Score> {
    let Some(tables) = form.table("scores") else { return Vec::new() };
    let mut scores: Vec<Score> = Vec::new();
    for entry in tables.entries() {
        let at = reader.place(&entry.name_span);
        let Some(table) = reader.form(&entry.node, format!("score `{}`", entry.name)) else { continue };
        name(reader, &entry.name, &at, "a score");
        let Some(score) = score(reader, &table, &entry.name, at, sources) else { continue };
        let collection = &collections[sources[score.from].members];
        let taken = |field: &str| {
            let others = scores.iter().filter(|other| sources[other.from].members == sources[score.from].members);
            if field == collection.key.value {
                return Some("the key".to_owned());
            }
            if collection.derive.iter().any(|derived| derived.name == field) {
                return Some("derived".to_owned());
            }
            let other = others.flat_map(|other| other.fields().map(move |field| (field, other)));
            other
                .into_iter()
                .find(|(other, _)| *other == field)
                .map(|(_, other)| format!("computed by score `{}`", other.name))
        };
        for field in score.fields() {
            let twice = score.fields().filter(|other| *other == field).count() > 1;
            if let Some(by) = taken(field).or_else(|| twice.then(|| "named twice".to_owned())) {
                let message = format!("`{field}` of `{}` is {by}", collection.name);
                reader.report(
                    Diagnostic::error(code::BAD_OPTION, score.at.clone(), message)
                        .help("put this number into another member"),
                );
            }
        }
        scores.push(score);
    }
    scores
}

fn score(reader: &Reader<'_>, table: &Form<'_>, name: &str, at: Place, sources: &[Source]) -> Option<Score> {
    let from = table.required_text("from").and_then(|from| {
        let found = sources.iter().position(|source| source.name == from.value);
        if found.is_none() {
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
    let text = |name, usual: &str| table.text(name).map_or_else(|| usual.to_owned(), |text| text.value);
    let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let week_starts = table.text("week_starts").and_then(|day| weekday(reader, &day)).unwrap_or(Weekday::Monday);
    let score = Score {
        name: name.to_owned(),
        at,
        from: from.unwrap_or_default(),
        daily_cap: table.positive("daily_cap").map(|cap| small(cap.value)),
        grace_days: table.whole("grace_days").map_or(0, |days| small(days.value)),
        excluded: table.texts("exclude").unwrap_or_default().iter().filter_map(|day| weekday(reader, day)).collect(),
        period: period(reader, table, week_starts),
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

fn period(reader: &Reader<'_>, table: &Form<'_>, week_starts: Weekday) -> Period {
    let Some(period) = table.text("period") else { return Period::Day };
    match period.value.as_str() {
        "day" => Period::Day,
        "week" => Period::Week(week_starts),
        other => {
            let fault = Diagnostic::error(code::BAD_OPTION, period.at, format!("`{other}` is no period"));
            reader.report(fault.suggest(other, ["day", "week"], "the periods are `day` and `week`".to_owned()));
            Period::Day
        }
    }
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
                    "write so many days as `30d`, the month that it is as `month`, and another one as `2026-05`",
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
