//! `[sources]`: where activity comes from.

use super::form::{Form, Reader, quoted};
use super::{environments, inside};
use crate::content::formats::Kind;
use crate::model::{CollectionDecl, Diagnostic, GithubMode, Place, Placed, Source, SourceKind, code, path_fields};

const KINDS: [&str; 6] = ["github", "x", "feed", "csv", "x-archive", "command"];
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
pub(super) fn name(reader: &Reader<'_>, name: &str, at: &Place, what: &str) {
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
    let kind = table.required_text("kind").map(|kind| (kind.value.clone(), self::kind(reader, table, &kind)));
    let members = members(reader, table, &at, collections);
    let account = table.text("account");
    // An option that the kind does not take is told as unknown.
    let is_known = kind.as_ref().is_some_and(|(word, _)| KINDS.contains(&word.as_str()));
    let takes = |kinds: &[&str]| kind.as_ref().is_none_or(|(word, _)| !is_known || kinds.contains(&word.as_str()));
    let token = takes(&["github", "x", "command"]).then(|| token(reader, table)).flatten();
    let url = takes(&["github", "x", "feed"]).then(|| url(reader, table, takes(&["feed"]))).flatten();
    let stale_hours = table.positive_to("stale_hours", 87_600).map_or(STALE_HOURS, |hours| hours.value);
    if is_known {
        table.finish();
    }
    let (kind, members) = (kind?.1?, members?);
    let account = account.unwrap_or_else(|| Placed { value: collections[members].key.value.clone(), at: at.clone() });
    Some(Source { name: name.to_owned(), at, kind, members, account, token, url, stale_hours })
}

fn token(reader: &Reader<'_>, table: &Form<'_>) -> Option<Placed<String>> {
    let token = table.table("token")?;
    let env = token.required_text("env");
    token.finish();
    let env = env?;
    let is_name = !env.value.is_empty() && env.value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !is_name {
        let message = format!("`{}` is no name of a variable", env.value.escape_debug());
        let fault = Diagnostic::error(code::BAD_OPTION, env.at, message);
        reader.report(fault.help("the token stands in the environment: name its variable, such as `GITHUB_TOKEN`"));
        return None;
    }
    Some(env)
}

/// The address of a service. A token is not sent where others can read it.
fn url(reader: &Reader<'_>, table: &Form<'_>, is_unsigned: bool) -> Option<String> {
    let text = table.text("url")?;
    let url = environments::url(reader, &text)?;
    if !is_unsigned && !environments::is_sealed(&url) {
        let message = format!("the token would go to `{url}` unencrypted");
        reader.report(Diagnostic::error(code::BAD_OPTION, text.at, message).help("write an address with `https://`"));
        return None;
    }
    Some(url)
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
    let path =
        || table.required_text("path").and_then(|path| inside(reader, path)).and_then(|path| braced(reader, path));
    match kind.value.as_str() {
        "github" => Some(SourceKind::Github(mode(reader, table))),
        "x" => {
            let max_usd = table.number("max_usd").map(|dollars| dollars.value);
            Some(SourceKind::X { tag: tag().unwrap_or_else(|| TAG.to_owned()), max_usd })
        }
        "feed" => Some(SourceKind::Feed),
        "csv" => path().map(|path| SourceKind::Csv { path }),
        "x-archive" => path().map(|path| SourceKind::XArchive { path, tag: tag() }),
        "command" => command(reader, table).map(SourceKind::Command),
        other => {
            let fault = Diagnostic::error(code::BAD_OPTION, kind.at.clone(), format!("`{other}` is no kind of source"));
            reader.report(fault.suggest(other, KINDS, format!("the kinds are {}", quoted(&KINDS))));
            None
        }
    }
}

/// A path whose fields are written right.
fn braced(reader: &Reader<'_>, path: Placed<String>) -> Option<Placed<String>> {
    let plain =
        path_fields(&path.value).fold(path.value.clone(), |text, field| text.replace(&format!("{{{field}}}"), ""));
    if plain.contains(['{', '}']) {
        let fault = Diagnostic::error(code::BAD_PATH, path.at, format!("the braces of `{}` hold no field", path.value));
        reader.report(fault.help("a field of the record stands in braces: `data/imports/{handle}.csv`"));
        return None;
    }
    Some(path)
}

/// The program and its arguments.
fn command(reader: &Reader<'_>, table: &Form<'_>) -> Option<Vec<String>> {
    let words = table.texts("command").unwrap_or_default();
    if words.is_empty() || words[0].value.is_empty() {
        let message = "a source of the kind `command` has no `command`";
        let fault = Diagnostic::error(code::MISSING_OPTION, table.place(), message);
        reader.report(fault.help("name the program and its arguments: `command = [\"scripts/strava\"]`"));
        return None;
    }
    let is_one_text = table.node("command").is_some_and(|node| matches!(node.kind, Kind::Text(_)));
    if let Some(line) = words.first().filter(|word| is_one_text && word.value.contains(char::is_whitespace)) {
        let message = "no shell reads this line: a program and its arguments are a list";
        let parts: Vec<String> = line.value.split_whitespace().map(|word| format!("{word:?}")).collect();
        let fault = Diagnostic::error(code::BAD_OPTION, line.at.clone(), message);
        reader.report(fault.help(format!("write `command = [{}]`", parts.join(", "))));
    }
    Some(words.into_iter().map(|word| word.value).collect())
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
