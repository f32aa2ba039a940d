//! Pages of records: one for each of a collection, and those that are files of their own.

use super::plan::{Job, NOT_FOUND, Of, job};
use super::{PLAIN, Site};
use crate::model::{
    ArtifactOrigin, BadSlug, Collection, Diagnostic, Page, PathTemplate, Place, Placed, Record, Value, code, page_key,
    page_url, slug,
};
use std::sync::Arc;

/// The path of a record's page; `None` where a field that it is named by is missing.
pub fn path_of(page: &Page, collection: &Collection, record: &Record) -> Option<String> {
    path_in(&page.path.value, collection, record)
}

/// The same for any path.
pub fn path_in(template: &PathTemplate, collection: &Collection, record: &Record) -> Option<String> {
    path(template, |field| text_of(collection, record, field))
}

fn path(template: &PathTemplate, value: impl Fn(&str) -> Option<String>) -> Option<String> {
    let slugs: Vec<String> = template.fields().map(|field| slug(&value(field)?).ok()).collect::<Option<_>>()?;
    let mut slugs = slugs.iter();
    Some(template.fill(|_| slugs.next().map_or("", String::as_str)))
}

fn text_of(collection: &Collection, record: &Record, field: &str) -> Option<String> {
    if field == collection.key { Some(record.key.clone()) } else { record.get(field).and_then(Value::label) }
}

/// A page for each published record, and for each of its aliases one that leads there.
pub fn of_records<'a>(
    site: &Site<'_>,
    (at, page): (u32, &Page),
    collection: &'a Arc<Collection>,
    jobs: &mut Vec<Job<'a>>,
) -> Vec<Diagnostic> {
    let mut faults = names(collection, &page.path);
    // A path without a field was told where it is declared.
    if !faults.is_empty() || page.path.value.fields().next().is_none() {
        return faults;
    }
    for (index, record) in (0_u32..).zip(&collection.records).filter(|(_, record)| record.hidden.is_none()) {
        let Some(found) = path_of(page, collection, record) else {
            faults.extend(unnamed(site, page, collection, record));
            continue;
        };
        let origin = ArtifactOrigin::PageOf { page: at, record: index };
        let mut whole = job(page, page_key(&found), origin, Of::Record { collection, at: index });
        whole.title = whole.title.or_else(|| titled(collection, record));
        if page.path.value.fields().any(|field| field == collection.key) {
            for (item, alias) in record.written_aliases() {
                if let Err(why) = slug(&alias) {
                    let place = site.locate.locate(collection, record, "aliases", Some(item as usize));
                    faults.push(Diagnostic::error(code::BAD_KEY, place, why.of_alias(&alias)));
                    continue;
                }
                let of = |field: &str| {
                    if field == collection.key { Some(alias.clone()) } else { text_of(collection, record, field) }
                };
                let other = path(&page.path.value, of);
                let origin = ArtifactOrigin::PageAlias { page: at, record: index, item };
                jobs.extend(other.and_then(|other| alias_of(&whole, &other, origin)));
            }
        }
        jobs.push(whole);
    }
    faults
}

/// The names in a path: each is a public member of records.
pub fn names(collection: &Collection, path: &Placed<PathTemplate>) -> Vec<Diagnostic> {
    let told = path.value.fields().filter_map(|field| {
        let braces = format!("{{{field}}}");
        let start = path.value.to_string().find(&braces).map(|start| start + 1);
        let at = start.map_or_else(|| path.at.clone(), |start| path.at.inside_quotes(start..start + braces.len()));
        unknown(collection, field, &at)
    });
    told.collect()
}

/// Why a name cannot be taken from records and shown.
pub fn unknown(collection: &Collection, field: &str, at: &Place) -> Option<Diagnostic> {
    if collection.is_private(field) {
        let message = format!("`{field}` of `{}` is private, and this would show it", collection.name);
        return Some(Diagnostic::error(code::PRIVATE_FIELD, at.clone(), message));
    }
    if !collection.knows_its_names() || collection.has_name(field) {
        return None;
    }
    let message = format!("no record of `{}` has the member `{field}`", collection.name);
    let all = format!("the members are {}", collection.names.join(", "));
    let known = collection.names.iter().map(String::as_str);
    Some(Diagnostic::error(code::UNKNOWN_FIELD, at.clone(), message).suggest(field, known, all))
}

/// Why a record has no page.
fn unnamed(site: &Site<'_>, page: &Page, collection: &Collection, record: &Record) -> Vec<Diagnostic> {
    let path = &page.path.value;
    let told = path.fields().filter_map(|field| {
        let place = || site.locate.locate(collection, record, field, None);
        match text_of(collection, record, field).map(|value| slug(&value)) {
            Some(Ok(_)) => None,
            Some(Err(why)) => {
                let message = format!("`{field}` {why}, so the page `/{path}` has no URL for this record");
                Some(Diagnostic::error(code::BAD_KEY, place(), message))
            }
            None => {
                let message = format!("this record has no `{field}` that could stand in the path `/{path}`");
                Some(Diagnostic::error(code::PATH_FIELD, place(), message))
            }
        }
    });
    told.collect()
}

/// A page at another path that leads to `page`; `None` where that is the page itself. `/path` and `/path.html` are the
/// same page.
fn alias_of<'a>(page: &Job<'a>, path: &str, origin: ArtifactOrigin) -> Option<Job<'a>> {
    let key = page_key(path.strip_suffix(".html").unwrap_or(path));
    (key != page.key).then(|| Job {
        url: page_url(&key),
        key,
        template: String::new(),
        origin,
        title: page.title.clone(),
        description: None,
        indexed: false,
        of: Of::Alias(page.url.clone()),
    })
}

/// Pages that are files of their own.
pub fn of_files<'a>(site: &Site<'_>, plain: &'a Arc<Collection>, jobs: &mut Vec<Job<'a>>) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    for (at, record) in (0_u32..).zip(&plain.records).filter(|(_, record)| record.hidden.is_none()) {
        let text = |name: &str| record.get(name).and_then(Value::as_text).map(str::to_owned);
        let template = text("template").unwrap_or_else(|| PLAIN.to_owned());
        if !site.templates.has(&template) {
            let place = site.locate.locate(plain, record, "template", None);
            faults.push(site.templates.missing(&Placed { value: template, at: place }));
            continue;
        }
        let path = match plain_path(record) {
            Ok(path) => path,
            Err(why) => {
                let message = format!("the path `{}` {why}, so the page has no URL", record.key.escape_debug());
                faults.push(Diagnostic::error(code::BAD_KEY, site.locate.locate(plain, record, "slug", None), message));
                continue;
            }
        };
        let key = page_key(&path);
        let page = Job {
            url: page_url(&key),
            template,
            origin: ArtifactOrigin::Plain(at),
            title: titled(plain, record),
            description: text("description").or_else(|| text("excerpt")),
            indexed: record.get("indexed") != Some(&Value::Bool(false)) && key != NOT_FOUND,
            key,
            of: Of::Record { collection: plain, at },
        };
        faults.extend(flag(site, plain, record, "indexed"));
        for (item, alias) in record.written_aliases() {
            let Some(path) = plain_alias(&alias) else {
                let place = site.locate.locate(plain, record, "aliases", Some(item as usize));
                let message = format!("`{}` is no path of a page", alias.escape_debug());
                let fault = Diagnostic::error(code::BAD_PATH, place, message);
                faults.push(fault.help("write the former path, such as `guides/start`"));
                continue;
            };
            jobs.extend(alias_of(&page, &path, ArtifactOrigin::PlainAlias { record: at, item }));
        }
        jobs.push(page);
    }
    faults
}

/// What a record is called on its page.
fn titled(collection: &Collection, record: &Record) -> Option<String> {
    let text = |name: &str| {
        let public = record.get(name).filter(|_| !collection.is_private(name));
        public.and_then(Value::as_text).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let key = || record.key.rsplit('/').next().unwrap_or(&record.key).to_owned();
    text("title").or_else(|| text("name")).or_else(|| Some(key()))
}

/// A flag that says neither yes nor no.
fn flag(site: &Site<'_>, plain: &Collection, record: &Record, name: &str) -> Option<Diagnostic> {
    let other = record.get(name).filter(|value| !matches!(value, Value::Bool(_) | Value::Null))?;
    let message = format!("`{name}` must be true or false, not {}", other.kind());
    let fault = Diagnostic::error(code::WRONG_TYPE, site.locate.locate(plain, record, name, None), message);
    Some(fault.help(format!("write `{name}: true` or `{name}: false`")))
}

/// The path of an alias of a page that is a file of its own; `None` for what is none, or the root.
fn plain_alias(alias: &str) -> Option<String> {
    let path = alias.trim_matches('/');
    let is_path = !path.contains(':') && !path.split('/').any(|part| matches!(part, "" | "." | ".."));
    in_urls(path).ok().filter(|path| is_path && !matches!(path.as_str(), "index" | "index.html"))
}

/// The path of the page that is a file of its own; empty for the root.
pub fn plain_path(record: &Record) -> Result<String, BadSlug> {
    in_urls(&record.key).map(|path| if path == "index" { String::new() } else { path })
}

/// A path by its slugs.
fn in_urls(path: &str) -> Result<String, BadSlug> {
    let segments: Result<Vec<String>, _> = path.split('/').filter(|segment| !segment.is_empty()).map(slug).collect();
    Ok(segments?.join("/"))
}
