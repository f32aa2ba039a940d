//! Feeds: Atom (RFC 4287) and JSON Feed 1.1.

use super::Site;
use super::answers::{self, Answers, List};
use super::each::path_of;
use super::plan::{self, label};
use crate::content::instant;
use crate::model::{
    Artifact, ArtifactOrigin, Body, CacheClass, Collection, Diagnostic, Feed, Page, PageOf, Record, Value, code,
    encode_path, is_xml, page_key, page_url,
};
use atom_syndication as atom;
use jiff::Timestamp;
use rayon::prelude::*;
use serde_json::{Value as Json, json};
use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;

const GENERATOR: &str = "Precast";

/// What a feed says of itself.
struct Head {
    /// Its address, without the extension.
    own: String,
    /// The page that it follows.
    home: String,
    title: String,
}

/// One entry, ready for both formats.
struct Entry {
    url: String,
    title: String,
    summary: Option<String>,
    html: Option<String>,
    author: Option<String>,
    tags: Vec<String>,
    published: Timestamp,
    updated: Timestamp,
}

/// Both forms of every feed. `urls` are those of the pages.
pub fn feeds(site: &Site<'_>, answers: &Answers, urls: &HashSet<&str>) -> (Vec<Artifact>, Vec<Diagnostic>) {
    let all = site.settings.feeds.iter().enumerate().flat_map(|(at, feed)| {
        let view = &site.settings.views[feed.view.value];
        answers.lists(feed.view.value, view).into_iter().map(move |list| (at, feed, list))
    });
    let all: Vec<_> = all.collect();
    let made: Vec<(Vec<Artifact>, Vec<Diagnostic>)> =
        all.par_iter().map(|(at, feed, list)| one(site, (*at, feed), list, urls)).collect();
    let (artifacts, faults): (Vec<_>, Vec<_>) = made.into_iter().unzip();
    (artifacts.concat(), faults.concat())
}

fn one(
    site: &Site<'_>,
    (at, feed): (usize, &Feed),
    list: &List<'_>,
    urls: &HashSet<&str>,
) -> (Vec<Artifact>, Vec<Diagnostic>) {
    let view = &site.settings.views[feed.view.value];
    let collection = &site.collections[view.from];
    let pages = site.settings.pages.iter();
    let Some(page) = pages.into_iter().find(|page| page.of == PageOf::Each(view.from)) else {
        return Default::default();
    };
    let mut faults = Vec::new();
    let mut entries = Vec::new();
    for (at, record) in newest(site, collection, list).into_iter().take(feed.limit) {
        let row = answers::row(list.rows, at);
        let author = row.get_attr("author").ok().filter(|author| !author.is_undefined() && !author.is_none());
        let author = author.map(|author| match author.get_attr("name") {
            Ok(name) if !name.is_undefined() => name.to_string(),
            _ => named(site, view.from, "author", &author.to_string()),
        });
        match entry(site, page, (collection, record), author) {
            Ok(entry) => entries.push(entry),
            Err(fault) => faults.push(fault),
        }
    }
    let segment = plan::segment(view, list);
    let path = feed.path.value.fill(|_| segment);
    let title = feed.title.clone().unwrap_or_else(|| site.settings.site.name.clone());
    let title = match &view.group {
        Some(group) => {
            let label = label(site, view, list);
            format!("{title}: {}", named(site, view.from, &group.field.value, &label))
        }
        None => title,
    };
    let origin = ArtifactOrigin::Feed(u32::try_from(at).unwrap_or(u32::MAX));
    let artifact = |key: String, media_type, bytes: Vec<u8>| Artifact {
        key,
        media_type,
        cache: CacheClass::View,
        body: Body::Bytes(Arc::new(bytes)),
        origin,
    };
    let base = &site.settings.site.base_url;
    // What a feed follows is the page that it stands below, where there is one.
    let above = page_url(&page_key(path.rsplit_once('/').map_or("", |(above, _)| above)));
    let home = format!("{base}{}", if urls.contains(above.as_str()) { &above } else { "/" });
    let head = Head { own: format!("{base}{}", encode_path(&path)), home, title };
    let xml = in_atom(&head, &entries);
    let json = in_json(&head, &entries);
    let made = vec![
        artifact(format!("{path}.xml"), "application/atom+xml; charset=utf-8", xml.into_bytes()),
        artifact(format!("{path}.json"), "application/feed+json; charset=utf-8", json.into_bytes()),
    ];
    (made, faults)
}

/// The records of a list with their rows, by date: of one moment, in the order of the list; those without a date last.
fn newest<'c>(site: &Site<'_>, collection: &'c Collection, list: &List<'_>) -> Vec<(usize, &'c Record)> {
    let records = list.rows.records.iter().map(|at| &collection.records[*at as usize]);
    let mut newest: Vec<(usize, &Record)> = records.enumerate().collect();
    newest.sort_by_cached_key(|(_, record)| Reverse(moment(site, collection, record, "date")));
    newest
}

/// What the record of another collection is called whose key a member holds, where some view looks it up.
fn named(site: &Site<'_>, from: usize, field: &str, key: &str) -> String {
    let lookups = site.settings.views.iter().filter(|view| view.from == from).flat_map(|view| &view.lookup);
    let target =
        lookups.into_iter().find(|(name, _)| name.value == field).map(|(_, target)| &site.collections[*target]);
    let name = target.and_then(|target| {
        let record = target.find(key).filter(|record| record.hidden.is_none())?;
        let public = |name: &str| record.get(name).filter(|_| !target.is_private(name)).and_then(Value::as_text);
        public("name").or_else(|| public("title"))
    });
    name.unwrap_or(key).to_owned()
}

/// The attributes of elements that hold addresses, as the build writes them.
const ADDRESSES: [&str; 3] = [" href=\"", " poster=\"", " src=\""];

/// The text of a page with whole URLs: it is read far from the site.
fn whole(site: &Site<'_>, page: &str, html: &str) -> String {
    let info = &site.settings.site;
    let origin = info.base_url.strip_suffix(info.base_path()).unwrap_or(&info.base_url);
    let mut out = String::with_capacity(html.len() + html.len() / 8);
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        let (before, from) = rest.split_at(start);
        let (tag, after) = from.split_at(tag_end(from));
        out.push_str(before);
        addressed(tag, page, origin, &mut out);
        rest = after;
    }
    out + rest
}

/// Where a tag ends: values of attributes may hold its sign.
fn tag_end(tag: &str) -> usize {
    let mut quote = None;
    for (at, sign) in tag.char_indices() {
        match (quote, sign) {
            (None, '>') => return at + 1,
            (None, '"' | '\'') => quote = Some(sign),
            (Some(open), _) if open == sign => quote = None,
            _ => {}
        }
    }
    tag.len()
}

/// Writes a tag with whole addresses.
fn addressed(tag: &str, page: &str, origin: &str, out: &mut String) {
    let mut rest = tag;
    while let Some((at, name)) = ADDRESSES.iter().filter_map(|name| Some((rest.find(name)?, *name))).min() {
        let (before, value) = rest.split_at(at + name.len());
        out.push_str(before);
        if value.starts_with('#') {
            out.push_str(page);
        } else if value.starts_with('/') && !value.starts_with("//") {
            out.push_str(origin);
        }
        rest = value;
    }
    out.push_str(rest);
}

/// A member that may be shown.
fn text<'r>(collection: &Collection, record: &'r Record, name: &str) -> Option<&'r str> {
    let public = record.get(name).filter(|_| !collection.is_private(name));
    public.and_then(Value::as_text).filter(|text| !text.is_empty())
}

fn moment(site: &Site<'_>, collection: &Collection, record: &Record, name: &str) -> Option<Timestamp> {
    text(collection, record, name).and_then(|text| instant(text, &site.settings.site.time_zone).ok())
}

fn entry(
    site: &Site<'_>,
    page: &Page,
    (collection, record): (&Collection, &Record),
    author: Option<String>,
) -> Result<Entry, Diagnostic> {
    let text = |name: &str| text(collection, record, name).map(str::to_owned);
    let published = moment(site, collection, record, "date").ok_or_else(|| {
        let place = site.locate.locate(collection, record, "date", None);
        let message = format!("`{}` has no `date`, and an entry of a feed needs one", record.key);
        Diagnostic::error(code::MISSING_MEMBER, place, message).help("write it, or leave the record out of the list")
    })?;
    let path = path_of(page, collection, record).unwrap_or_default();
    let tags = match record.get("tags").filter(|_| !collection.is_private("tags")) {
        Some(Value::List(items)) => items.iter().filter_map(Value::label).collect(),
        _ => Vec::new(),
    };
    let url = format!("{}{}", site.settings.site.base_url, page_url(&page_key(&path)));
    Ok(Entry {
        title: text("title").or_else(|| text("name")).unwrap_or_else(|| record.key.clone()),
        summary: text("subtitle").or_else(|| text("excerpt")),
        html: record
            .get("html")
            .filter(|_| !collection.is_private("html"))
            .map(|html| whole(site, &url, &html.unescaped())),
        url,
        author,
        tags,
        published,
        updated: moment(site, collection, record, "updated").unwrap_or(published).max(published),
    })
}

fn in_atom(head: &Head, entries: &[Entry]) -> String {
    let at = |timestamp: Timestamp| timestamp.to_string().parse().unwrap_or_default();
    let link = |href: String, rel: &str, mime: &str| atom::Link {
        href,
        rel: rel.to_owned(),
        mime_type: Some(mime.to_owned()),
        ..atom::Link::default()
    };
    let person = |name: &str| atom::Person { name: name.to_owned(), ..atom::Person::default() };
    let own = format!("{}.xml", head.own);
    let entry = |entry: &Entry| atom::Entry {
        id: entry.url.clone(),
        title: atom::Text::plain(entry.title.clone()),
        updated: at(entry.updated),
        published: Some(at(entry.published)),
        authors: entry.author.iter().map(|name| person(name)).collect(),
        categories: entry
            .tags
            .iter()
            .map(|tag| atom::Category { term: tag.clone(), ..atom::Category::default() })
            .collect(),
        links: vec![link(entry.url.clone(), "alternate", "text/html")],
        summary: entry.summary.clone().map(atom::Text::plain),
        content: entry.html.as_ref().map(|html| atom::Content {
            base: Some(entry.url.clone()),
            value: Some(html.clone()),
            content_type: Some("html".to_owned()),
            ..atom::Content::default()
        }),
        ..atom::Entry::default()
    };
    let feed = atom::Feed {
        id: own.clone(),
        title: atom::Text::plain(head.title.clone()),
        // Of a feed without entries, an instant that no entry is older than.
        updated: at(entries.iter().map(|entry| entry.updated).max().unwrap_or(Timestamp::UNIX_EPOCH)),
        authors: vec![person(&head.title)],
        generator: Some(atom::Generator { value: GENERATOR.to_owned(), ..atom::Generator::default() }),
        links: vec![link(own, "self", "application/atom+xml"), link(head.home.clone(), "alternate", "text/html")],
        entries: entries.iter().map(entry).collect(),
        ..atom::Feed::default()
    };
    feed.to_string().replace(|sign| !is_xml(sign), "")
}

fn in_json(head: &Head, entries: &[Entry]) -> String {
    let item = |entry: &Entry| {
        let mut item = json!({
            "id": entry.url,
            "url": entry.url,
            "title": entry.title,
            "date_published": entry.published.to_string(),
            "date_modified": entry.updated.to_string(),
            // Every item has a content, in one of two forms.
            "content_html": entry.html.clone().unwrap_or_default(),
        });
        let mut add = |name: &str, value: Json| item[name] = value;
        if let Some(summary) = &entry.summary {
            add("summary", json!(summary));
        }
        if let Some(author) = &entry.author {
            add("authors", json!([{ "name": author }]));
        }
        if !entry.tags.is_empty() {
            add("tags", json!(entry.tags));
        }
        item
    };
    let feed = json!({
        "version": "https://jsonfeed.org/version/1.1",
        "title": head.title,
        "home_page_url": head.home,
        "feed_url": format!("{}.json", head.own),
        "items": entries.iter().map(item).collect::<Vec<_>>(),
    });
    format!("{feed:#}\n")
}
