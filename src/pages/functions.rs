//! What templates can call: other answers, records, files, and Markdown.

use super::answers::Answers;
use super::assets::Assets;
use super::charts;
use super::records::{Records, object};
use crate::content::render_markdown;
use crate::model::{Collection, Manner, Record, Settings};
use crate::scores::Known;
use minijinja::value::Kwargs;
use minijinja::{Environment, Error, ErrorKind, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What every page is rendered with.
pub struct Shared<'a> {
    pub settings: &'a Settings,
    pub collections: &'a [Arc<Collection>],
    pub records: Records,
    pub answers: Answers,
    pub assets: Arc<Assets>,
    pub known: Known,
    /// The URLs of pages that keep their extension, since their names have a dot.
    pub dotted: Arc<BTreeSet<String>>,
}

fn wrong(why: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, why.into())
}

pub fn add(environment: &mut Environment<'static>, shared: &Shared<'_>) {
    let info = &shared.settings.site;
    let manner = Manner { highlight: info.markdown.highlight.or(Some(true)), ..info.markdown };
    environment.add_global("site", site(shared));

    let answers = shared.answers.clone();
    environment.add_function("view", move |path: &str, options: Kwargs| -> Result<Value, Error> {
        let (limit, offset) =
            (options.get::<Option<usize>>("limit")?, options.get::<Option<usize>>("offset")?.unwrap_or(0));
        let default = options.get::<Option<Value>>("default")?;
        options.assert_all_used()?;
        let range = |rows: usize| offset..limit.map_or(rows, |limit| offset.saturating_add(limit));
        let answer = answers.answer(path, range).or(default);
        answer
            .ok_or_else(|| wrong(format!("there is no answer `{path}`; `default=[]` stands in where that is no fault")))
    });

    let answers = shared.answers.clone();
    environment.add_function("neighbours", move |path: &str, of: Kwargs| -> Result<Value, Error> {
        let mut members = of.args();
        let (Some(member), None) = (members.next(), members.next()) else {
            return Err(wrong("`neighbours` takes one member that names a row, such as `slug=record.slug`"));
        };
        let found = answers.neighbours(path, member, &of.get::<Value>(member)?);
        found.ok_or_else(|| wrong(format!("there is no list `{path}`")))
    });

    let records = shared.records.clone();
    environment.add_function("record", move |name: &str, key: &Value| records.find(name, key));

    heatmap(environment, shared);
    sparkline(environment, shared);

    let assets = Arc::clone(&shared.assets);
    let origin = info.base_url.strip_suffix(info.base_path()).unwrap_or(&info.base_url).to_owned();
    environment.add_function("asset", move |path: &str, options: Kwargs| -> Result<String, Error> {
        let absolute = options.get::<Option<bool>>("absolute")?.unwrap_or(false);
        options.assert_all_used()?;
        let url = assets.url(path).map_err(wrong)?;
        Ok(if absolute { format!("{origin}{url}") } else { url })
    });

    for (name, base) in [("url", info.base_path()), ("absolute", info.base_url.as_str())] {
        let (base, dotted) = (base.to_owned(), Arc::clone(&shared.dotted));
        environment.add_function(name, move |path: &str| -> Result<String, Error> {
            local(path).map(|path| format!("{base}{}", reached(&path, &dotted)))
        });
    }

    environment.add_function("markdown", move |text: &str| Value::from_safe_string(render_markdown(text, manner)));
}

pub fn add_url(environment: &mut Environment<'static>, base: &str) {
    let base = base.to_owned();
    environment.add_function("url", move |path: &str| -> Result<String, Error> {
        local(path).map(|path| format!("{base}{path}"))
    });
}

/// How many days charts show: whole weeks.
const YEAR: u32 = 53 * 7;
const HALF_YEAR: u32 = 26 * 7;

/// The index of a collection and its record with this key or alias; no record where none is published.
///
/// # Errors
/// Where there is no such collection.
fn published<'c>(
    collections: &'c [Arc<Collection>],
    name: &str,
    key: &Value,
) -> Result<Option<(usize, &'c Record)>, Error> {
    let Some(at) = collections.iter().position(|collection| collection.name == name) else {
        return Err(wrong(format!("there is no collection `{name}`")));
    };
    let record = collections[at].find(&key.to_string()).filter(|record| record.hidden.is_none());
    Ok(record.map(|record| (at, record)))
}

/// `heatmap("users", key)`: what is known of a member's days, drawn; nothing where nothing is known.
fn heatmap(environment: &mut Environment<'static>, shared: &Shared<'_>) {
    let known = shared.known.clone();
    let collections: Vec<Arc<Collection>> = shared.collections.to_vec();
    environment.add_function("heatmap", move |name: &str, key: &Value| -> Result<Value, Error> {
        let member = published(&collections, name, key)?;
        let days = member.and_then(|(at, record)| known.stretch(at, &record.key, YEAR));
        Ok(days.map_or(Value::from(()), |days| Value::from_safe_string(charts::heatmap(&days))))
    });
}

/// The path at which a page is, which is another one where a name has a dot.
fn reached(path: &str, dotted: &BTreeSet<String>) -> String {
    let (page, rest) = path.split_at(path.find(['?', '#']).unwrap_or(path.len()));
    let whole = format!("{page}.html");
    if dotted.contains(&whole) { whole + rest } else { path.to_owned() }
}

/// `sparkline("users", key)`: what is known of half a year by weeks; with `score="github"` what that score was.
fn sparkline(environment: &mut Environment<'static>, shared: &Shared<'_>) {
    let known = shared.known.clone();
    let collections: Vec<Arc<Collection>> = shared.collections.to_vec();
    environment.add_function("sparkline", move |name: &str, key: &Value, options: Kwargs| -> Result<Value, Error> {
        let score = options.get::<Option<&str>>("score")?;
        options.assert_all_used()?;
        let Some((at, record)) = published(&collections, name, key)? else { return Ok(Value::from(())) };
        let drawn = match score {
            None => known.stretch(at, &record.key, HALF_YEAR).map(|days| charts::sparkline(&days)),
            Some(score) => {
                let weeks = known.history((at, record), score, HALF_YEAR / 7).map_err(wrong)?;
                weeks.map(|weeks| charts::line("Score", &weeks))
            }
        };
        Ok(drawn.map_or(Value::from(()), Value::from_safe_string))
    });
}

/// A path of this site, from its root.
fn local(path: &str) -> Result<String, Error> {
    match path.strip_prefix('/') {
        Some(rest) if !rest.starts_with('/') => Ok(path.to_owned()),
        _ => Err(wrong(format!("`{path}` is no path of this site: it begins with one slash"))),
    }
}

/// What `site` holds in templates.
fn site(shared: &Shared<'_>) -> Value {
    let info = &shared.settings.site;
    let api = shared.settings.home_surface().map_or_else(String::new, |home| home.prefix.clone());
    let members = [
        ("name", Value::from(info.name.as_str())),
        ("base_url", Value::from(info.base_url.as_str())),
        ("base_path", Value::from(info.base_path())),
        ("api", Value::from(api)),
    ];
    object(members)
}
