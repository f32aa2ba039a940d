//! `site/site.toml`: what the site is made of.

mod badges;
pub mod environments;
mod form;
mod pages;
mod scores;
mod sort;
mod sources;
mod views;
mod writes;

pub use form::quoted;

use super::formats::{self, Format};
use crate::expr::Expression;
use crate::model::{
    CollectionDecl, Derived, Diagnostic, Manner, OpenApi, PathTemplate, Place, Placed, Settings, Shape, SiteInfo,
    SourceText, Surface, code,
};
use form::{Form, Reader};
use std::sync::Arc;

/// Where the settings stand, below the root.
pub const PATH: &str = "site/site.toml";

const MAX_ARTIFACTS: usize = 250_000;
const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// Reads the settings. Where there are faults, the settings hold what could be read, so that the rest of the site
/// can be checked in the same run; `None` means that nothing could be.
pub fn read(text: &str) -> (Option<Settings>, Vec<Diagnostic>) {
    let source = SourceText::new(Arc::from(PATH), text);
    let reader = Reader::new(&source);
    let (node, faults) = formats::read(Format::Toml, text, 0);
    let broken = !faults.is_empty();
    for fault in faults {
        let diagnostic = Diagnostic::error(fault.code, source.place(&fault.span), fault.message);
        reader.report(match fault.help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        });
    }
    let settings = match &node {
        Some(node) if !broken => reader.form(node, "the site").map(|form| settings(&reader, &form)),
        _ => None,
    };
    (settings, reader.into_faults())
}

fn settings(reader: &Reader<'_>, form: &Form<'_>) -> Settings {
    let site = site(reader, form);
    let collections = form.table("collections").map_or_else(Vec::new, |tables| {
        tables
            .entries()
            .iter()
            .filter_map(|entry| {
                let title = format!("collection `{}`", entry.name);
                let table = reader.form(&entry.node, title)?;
                collection(reader, &table, &entry.name, reader.place(&entry.name_span))
            })
            .collect()
    });
    let surfaces = surfaces(reader, form);
    let read = |name: &str| collections.iter().any(|collection: &CollectionDecl| collection.name == name);
    let declared = form
        .table("collections")
        .map_or_else(Vec::new, |tables| tables.entries().iter().map(|entry| entry.name.to_string()).collect());
    let broken_collections = declared.into_iter().filter(|name| !read(name)).collect();
    let sources = sources::sources(reader, form, &collections);
    let broken_sources = form.table("sources").map_or_else(Vec::new, |tables| {
        let read = |name: &str| sources.iter().any(|source| source.name == name);
        tables.entries().iter().filter(|entry| !read(&entry.name)).map(|entry| entry.name.to_string()).collect()
    });
    let scores = scores::scores(reader, form, (&sources, &broken_sources), &collections);
    let mut settings = Settings {
        site,
        openapi: openapi(reader, form),
        broken_collections,
        sources,
        broken_sources,
        scores,
        surfaces,
        views: Vec::new(),
        pages: Vec::new(),
        feeds: Vec::new(),
        badges: Vec::new(),
        search: None,
        writes: writes::read(reader, form, &collections),
        collections,
    };
    settings.views = views::read(reader, form, &settings);
    settings.pages = pages::read(reader, form, &settings);
    settings.feeds = pages::feeds(reader, form, &settings);
    settings.badges = badges::read(reader, form, &settings);
    settings.search = pages::search(reader, form, &settings);
    form.finish();
    settings
}

fn site(reader: &Reader<'_>, form: &Form<'_>) -> SiteInfo {
    let mut site = SiteInfo {
        name: String::new(),
        base_url: String::new(),
        time_zone: jiff::tz::TimeZone::UTC,
        max_artifacts: MAX_ARTIFACTS,
        max_file_bytes: MAX_FILE_BYTES,
        markdown: Manner::default(),
    };
    if let Some(table) = form.table("site") {
        site.name = table.text("name").map_or_else(String::new, |name| name.value);
        if let Some(url) = table.text("base_url") {
            site.base_url = base_url(reader, &url);
        }
        if let Some(zone) = table.text("time_zone") {
            match jiff::tz::TimeZone::get(&zone.value) {
                Ok(found) => site.time_zone = found,
                Err(_) => reader.report(
                    Diagnostic::error(code::BAD_OPTION, zone.at, format!("`{}` is not a time zone", zone.value))
                        .help("use a name of the IANA database, such as `Europe/Lisbon` or `UTC`"),
                ),
            }
        }
        site.max_artifacts = table.positive("max_artifacts").map_or(MAX_ARTIFACTS, |n| n.value);
        site.max_file_bytes = table.positive("max_file_bytes").map_or(MAX_FILE_BYTES, |n| n.value as u64);
        table.finish();
    }
    if let Some(table) = form.table("markdown") {
        site.markdown.trusted = table.flag("trust_html").unwrap_or(false);
        site.markdown.highlight = table.flag("highlight");
        site.markdown.smart = table.flag("smart_punctuation").unwrap_or(false);
        table.finish();
    }
    site
}

fn openapi(reader: &Reader<'_>, form: &Form<'_>) -> OpenApi {
    let mut openapi = OpenApi { reference: true, ..OpenApi::default() };
    if let Some(table) = form.table("openapi") {
        let text = |name| table.text(name).map_or_else(String::new, |text| text.value);
        openapi.title = text("title");
        openapi.description = text("description");
        if let Some(license) = table.text("license") {
            if !is_spdx(&license.value) {
                let message = format!("`{}` is not an SPDX license expression", license.value);
                let fault = Diagnostic::error(code::BAD_OPTION, license.at.clone(), message);
                reader.report(fault.help("write one such as `CC-BY-4.0` or `MIT OR Apache-2.0`, or `LicenseRef-` and a name for terms of your own"));
            }
            openapi.license = license.value;
        }
        openapi.reference = table.flag("reference").unwrap_or(true);
        table.finish();
    }
    openapi
}

/// Whether a text has the form of a license expression (SPDX 2.3, annex D): identifiers with operators between them.
fn is_spdx(text: &str) -> bool {
    let plain = text.replace(['(', ')'], " ");
    let words: Vec<&str> = plain.split_whitespace().collect();
    let identifier =
        |word: &str| word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+' | b':'));
    words.len() % 2 == 1
        && words.iter().enumerate().all(|(at, word)| match at % 2 {
            0 => identifier(word),
            _ => matches!(*word, "AND" | "OR" | "WITH"),
        })
}

fn base_url(reader: &Reader<'_>, url: &Placed<String>) -> String {
    let good = url.value.strip_prefix("https://").or_else(|| url.value.strip_prefix("http://"));
    // A path that begins with two slashes would be another host.
    let doubled = |rest: &str| rest.starts_with('/') || rest.trim_end_matches('/').contains("//");
    let wrong = |rest: &str| rest.is_empty() || rest.contains(['?', '#', ' ']) || !rest.is_ascii() || doubled(rest);
    if good.is_none_or(wrong) {
        let message = format!("`{}` is not the address of a site", url.value);
        let fault = Diagnostic::error(code::BAD_OPTION, url.at.clone(), message);
        reader.report(
            fault.help(
                "write it as `https://example.org`, without a query or two slashes in a row, in ASCII (xn-- names, percent-encoded paths)",
            ),
        );
    }
    url.value.trim_end_matches('/').to_owned()
}

fn collection(reader: &Reader<'_>, table: &Form<'_>, name: &str, at: Place) -> Option<CollectionDecl> {
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        let message = format!("`{}` is no name for a collection", name.escape_debug());
        let fault = Diagnostic::error(code::BAD_OPTION, at.clone(), message);
        reader.report(fault.help("a name is made of letters, digits, `-` and `_`"));
    }
    let sources = table.texts("sources");
    if sources.as_ref().is_none_or(Vec::is_empty) {
        let message = format!("collection `{name}` has no `sources`");
        let fault = Diagnostic::error(code::MISSING_OPTION, at.clone(), message);
        reader.report(fault.help(format!("name its folders or files: `sources = [\"content/{name}\"]`")));
    }
    let sources = sources.unwrap_or_default().into_iter().filter_map(|source| inside(reader, source)).collect();
    let key = table.required_text("key");
    let schema = table.text("schema").and_then(|schema| inside(reader, schema));
    let private = table.texts("private").unwrap_or_default();
    let derive = table.table("derive").map_or_else(Vec::new, |derive| {
        derive
            .entries()
            .iter()
            .filter_map(|entry| {
                let expression = reader.text(&entry.node, &derive.title_of(&entry.name))?;
                check_expression(reader, &expression.value, &expression.at, 0);
                if key.as_ref().is_some_and(|key| *key.value == *entry.name) {
                    let message = format!("`{}` is the key of `{name}`, so it cannot be derived", entry.name);
                    reader.report(Diagnostic::error(code::BAD_OPTION, reader.place(&entry.name_span), message));
                }
                Some(Derived { name: entry.name.to_string(), expression })
            })
            .collect()
    });
    table.finish();
    if let Some(key) = key.as_ref().filter(|key| private.iter().any(|p| p.value == key.value)) {
        let message = format!("the key `{}` is private, but keys stand in URLs", key.value);
        reader.report(Diagnostic::error(code::PRIVATE_FIELD, key.at.clone(), message));
    }
    Some(CollectionDecl { name: name.to_owned(), at, sources, key: key?, schema, private, derive, pages: false })
}

/// A path below the root, without a slash at its end.
fn inside(reader: &Reader<'_>, mut path: Placed<String>) -> Option<Placed<String>> {
    let trimmed = path.value.trim_end_matches('/').trim_start_matches("./").to_owned();
    let leaves = trimmed.is_empty()
        || trimmed.starts_with('/')
        || trimmed.contains(|c: char| c == '\\' || c.is_control())
        || trimmed.split('/').any(|s| matches!(s, "" | "." | ".."));
    if leaves {
        let message = format!("`{}` does not stay below the site's root", path.value);
        let fault = Diagnostic::error(code::BAD_PATH, path.at, message);
        reader.report(fault.help("write a path relative to the root, such as `content/users`"));
        return None;
    }
    path.value = trimmed;
    Some(path)
}

/// Reports an expression that does not compile. `skipped` bytes of the text stand before the expression.
fn check_expression(reader: &Reader<'_>, source: &str, at: &Place, skipped: usize) {
    if let Err(fault) = Expression::compile(source) {
        let range = fault.range.map_or(skipped..skipped + source.len(), |r| r.start + skipped..r.end + skipped);
        let message = format!("the expression `{}` does not compile: {}", one_line(source), fault.message);
        reader.report(Diagnostic::error(code::BAD_EXPRESSION, at.inside_quotes(range), message));
    }
}

/// An expression as messages show it.
fn one_line(source: &str) -> String {
    source.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn surfaces(reader: &Reader<'_>, form: &Form<'_>) -> Vec<Surface> {
    let Some(tables) = form.table("surfaces") else {
        let at = Place::file(PATH);
        return vec![Surface { name: "api".to_owned(), at, prefix: "/api".to_owned(), shape: Shape::Bare, version: 1 }];
    };
    if tables.entries().is_empty() {
        let fault = Diagnostic::error(code::MISSING_OPTION, tables.place(), "`surfaces` declares no surface");
        reader.report(fault.help("declare one, as `[surfaces.api]` with `prefix = \"/api\"`, or remove the table"));
    }
    let mut surfaces: Vec<Surface> = Vec::new();
    for entry in tables.entries() {
        let Some(table) = reader.form(&entry.node, format!("surface `{}`", entry.name)) else { continue };
        let prefix = table.required_text("prefix");
        let shape = shape(reader, &table);
        let version = table.positive("version").map_or(1, |version| version.value);
        table.finish();
        let path = prefix.as_ref().and_then(|prefix| prefix_path(reader, prefix));
        let (Some(prefix), Some(path), Some(shape)) = (prefix, path, shape) else { continue };
        if let Some(other) = surfaces.iter().find(|s| s.prefix.eq_ignore_ascii_case(&path)) {
            let message = format!("the surfaces `{}` and `{}` have one prefix", other.name, entry.name);
            let fault = Diagnostic::error(code::DUPLICATE_PATH, prefix.at.clone(), message);
            reader.report(fault.help(format!("the other is declared at {}", other.at)));
        }
        surfaces.push(Surface { name: entry.name.to_string(), at: prefix.at, prefix: path, shape, version });
    }
    surfaces
}

fn shape(reader: &Reader<'_>, table: &Form<'_>) -> Option<Shape> {
    let Some(shape) = table.text("shape") else { return Some(Shape::Bare) };
    match shape.value.as_str() {
        "bare" => Some(Shape::Bare),
        "envelope" => Some(Shape::Envelope),
        other => {
            let fault = Diagnostic::error(code::BAD_OPTION, shape.at, format!("`{other}` is not a shape"));
            reader.report(fault.suggest(other, ["bare", "envelope"], "a shape is `bare` or `envelope`".to_owned()));
            None
        }
    }
}

fn prefix_path(reader: &Reader<'_>, prefix: &Placed<String>) -> Option<String> {
    let path = prefix.value.trim_end_matches('/');
    if path.is_empty() {
        return Some(String::new());
    }
    let good = path.strip_prefix('/').map(PathTemplate::parse);
    if let Some(Ok(template)) = &good
        && template.fields().next().is_none()
        && path.is_ascii()
    {
        return Some(path.to_owned());
    }
    let why = match good {
        Some(Err((why, _))) => why,
        Some(Ok(_)) if !path.is_ascii() => "a prefix is written in ASCII".to_owned(),
        Some(Ok(_)) => "it holds a field".to_owned(),
        None => "it does not start with a slash".to_owned(),
    };
    let fault =
        Diagnostic::error(code::BAD_PATH, prefix.at.clone(), format!("`{}` is not a prefix: {why}", prefix.value));
    reader.report(fault.help("write it as `/api`"));
    None
}
