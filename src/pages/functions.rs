//! What templates can call: other answers, records, files, and Markdown.

use super::answers::Answers;
use super::assets::Assets;
use super::charts;
use super::records::{Records, object};
use crate::content::render_markdown;
use crate::model::{Collection, Settings};
use crate::scores::{Known, Stretch};
use minijinja::value::Kwargs;
use minijinja::{Environment, Error, ErrorKind, Value};
use std::sync::Arc;

/// What every page is rendered with.
pub struct Shared<'a> {
    pub settings: &'a Settings,
    pub collections: &'a [Arc<Collection>],
    pub records: Records,
    pub answers: Answers,
    pub assets: Arc<Assets>,
    pub known: Known,
}

fn wrong(why: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, why.into())
}

pub fn add(environment: &mut Environment<'static>, shared: &Shared<'_>) {
    let info = &shared.settings.site;
    let manner = info.markdown;
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

    let records = shared.records.clone();
    environment.add_function("record", move |name: &str, key: &Value| records.find(name, key));

    chart(environment, shared, ("heatmap", YEAR), charts::heatmap);
    chart(environment, shared, ("sparkline", HALF_YEAR), charts::sparkline);

    let assets = Arc::clone(&shared.assets);
    environment.add_function("asset", move |path: &str| -> Result<String, Error> { assets.url(path).map_err(wrong) });

    add_url(environment, info.base_path());

    let base_url = info.base_url.clone();
    environment.add_function("absolute", move |path: &str| -> Result<String, Error> {
        local(path).map(|path| format!("{base_url}{path}"))
    });

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

/// `heatmap("users", key)`: what is known of a member's days, drawn; nothing where nothing is known.
fn chart(
    environment: &mut Environment<'static>,
    shared: &Shared<'_>,
    (name, length): (&'static str, u32),
    draw: fn(&Stretch) -> String,
) {
    let known = shared.known.clone();
    let collections: Vec<String> = shared.collections.iter().map(|collection| collection.name.clone()).collect();
    environment.add_function(name, move |collection: &str, key: &Value| -> Result<Value, Error> {
        let Some(at) = collections.iter().position(|name| name == collection) else {
            return Err(wrong(format!("there is no collection `{collection}`")));
        };
        let days = known.stretch(at, &key.to_string(), length);
        Ok(days.map_or(Value::from(()), |days| Value::from_safe_string(draw(&days))))
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
