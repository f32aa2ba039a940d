//! Which pages there are, and what each is made of.

use super::answers::{Answers, List};
use super::functions::Shared;
use super::records::object;
use super::{Site, each};
use crate::model::{
    ArtifactOrigin, Collection, Diagnostic, Page, PageOf, Record, Rows, Settings, View, code, page_key, page_url, slug,
};
use minijinja::Value;
use std::ops::Range;
use std::sync::Arc;

/// A page to be rendered.
pub struct Job<'a> {
    pub key: String,
    /// Its path, without the path that the site is hosted under.
    pub url: String,
    pub template: String,
    pub origin: ArtifactOrigin,
    pub title: Option<String>,
    pub description: Option<String>,
    pub indexed: bool,
    pub of: Of<'a>,
}

pub enum Of<'a> {
    One,
    Rows {
        key: String,
        rows: &'a Arc<Rows>,
        group: Option<Value>,
        range: Range<usize>,
        pager: Pager,
    },
    Record {
        collection: &'a Arc<Collection>,
        at: u32,
    },
    /// Another name of the page at this URL.
    Alias(String),
}

/// Where a page stands among the pages of one list.
pub struct Pager {
    number: usize,
    pages: usize,
    /// The URL of the first page.
    first: String,
}

impl Job<'_> {
    /// The record that the page is about, and its collection.
    pub fn record(&self) -> Option<(&Collection, &Record)> {
        let Of::Record { collection, at } = &self.of else { return None };
        Some((&**collection, collection.records.get(*at as usize)?))
    }

    /// What the template is rendered with.
    pub fn context(&self, shared: &Shared<'_>) -> Value {
        let info = &shared.settings.site;
        let text = |text: &Option<String>| text.as_deref().map_or(Value::from(()), Value::from);
        let page = [
            ("path", Value::from(self.url.as_str())),
            ("url", Value::from(format!("{}{}", info.base_path(), self.url))),
            ("canonical", Value::from(format!("{}{}", info.base_url, self.url))),
            ("title", text(&self.title)),
            ("description", text(&self.description)),
            ("indexed", Value::from(self.indexed)),
        ];
        let page: Value = object(page);
        let mut members = vec![("page", page)];
        match &self.of {
            Of::One | Of::Alias(_) => {}
            Of::Rows { key, rows, group, range, pager } => {
                members.push(("rows", shared.answers.rows(key, rows, range.clone())));
                members.push(("offset", Value::from(range.start)));
                members.push(("total", Value::from(rows.len())));
                members.push(("group", group.clone().unwrap_or(Value::from(()))));
                members.push(("pager", pager.value(info.base_path())));
            }
            Of::Record { collection, at } => {
                members.push(("record", shared.records.show(collection, *at).unwrap_or_default()));
            }
        }
        object(members)
    }
}

impl Pager {
    fn value(&self, base: &str) -> Value {
        let url = |number: usize| Value::from(format!("{base}{}", self.path(number)));
        let there = |number: usize| (1..=self.pages).contains(&number);
        let near = |number: usize| if there(number) { url(number) } else { Value::from(()) };
        let members = [
            ("number", Value::from(self.number)),
            ("pages", Value::from(self.pages)),
            ("first", url(1)),
            ("prev", near(self.number.wrapping_sub(1))),
            ("next", near(self.number + 1)),
            ("last", url(self.pages)),
        ];
        object(members)
    }

    fn path(&self, number: usize) -> String {
        match (number, self.first.as_str()) {
            (1, first) => first.to_owned(),
            (_, "/") => format!("/page/{number}"),
            (_, first) => format!("{}/page/{number}", first.strip_suffix(".html").unwrap_or(first)),
        }
    }
}

/// Every page, in the order of declaration, then those of files.
pub fn jobs<'a>(site: &'a Site<'_>, answers: &'a Answers) -> (Vec<Job<'a>>, Vec<Diagnostic>) {
    let (mut jobs, mut faults) = (Vec::new(), Vec::new());
    for (at, page) in site.settings.pages.iter().enumerate() {
        if !site.templates.has(&page.template.value) {
            faults.push(site.templates.missing(&page.template));
            continue;
        }
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        match page.of {
            PageOf::One => {
                jobs.push(job(page, page_key(&page.path.value.to_string()), ArtifactOrigin::Page(at), Of::One));
            }
            PageOf::Rows(view) => {
                let declared = &site.settings.views[view];
                for list in answers.lists(view, declared) {
                    of_list(site, page, (at, declared), &list, &mut jobs);
                }
            }
            PageOf::Each(from) => faults.extend(each::of_records(site, (at, page), &site.collections[from], &mut jobs)),
        }
    }
    if let Some(plain) = site.plain {
        faults.extend(each::of_files(site, plain, &mut jobs));
    }
    (jobs, faults)
}

/// What is wrong where the answers and the pages are more than the site allows.
pub fn too_many(settings: &Settings, answers: usize, pages: usize) -> Option<Diagnostic> {
    let (allowed, total) = (settings.site.max_artifacts, answers.saturating_add(pages));
    let first = settings.pages.first().filter(|_| total > allowed)?;
    let message =
        format!("this site would make {total} artifacts, more than the {allowed} it allows: {pages} are pages");
    let help = "show more rows on a page with `page.size` of its view, or raise `max_artifacts` under `[site]`";
    Some(Diagnostic::error(code::TOO_MANY_ARTIFACTS, first.path.at.clone(), message).help(help))
}

/// The page of a 404 is found at no URL of its own.
pub const NOT_FOUND: &str = "404.html";

pub fn job<'a>(page: &Page, key: String, origin: ArtifactOrigin, of: Of<'a>) -> Job<'a> {
    Job {
        url: page_url(&key),
        indexed: page.indexed && key != NOT_FOUND,
        key,
        template: page.template.value.clone(),
        origin,
        title: page.title.clone(),
        description: page.description.clone(),
        of,
    }
}

/// The pages of one list: the first at the path itself.
fn of_list<'a>(site: &Site<'_>, page: &Page, (at, view): (u32, &View), list: &List<'a>, jobs: &mut Vec<Job<'a>>) {
    let segment = segment(view, list);
    let path = page.path.value.fill(|_| segment);
    let label = view.group.as_ref().map(|_| label(site, view, list));
    let group = label.as_deref().map(|label| object([("label", Value::from(label)), ("slug", Value::from(segment))]));
    let total = list.rows.len();
    let size = view.page.unwrap_or(total).max(1);
    let pages = total.div_ceil(size).max(1);
    let first = page_url(&page_key(&path));
    for number in 1..=pages {
        let pager = Pager { number, pages, first: first.clone() };
        let below = if path.is_empty() { format!("page/{number}") } else { format!("{path}/page/{number}") };
        let key = page_key(if number == 1 { &path } else { &below });
        let range = (number - 1) * size..(number * size).min(total);
        let of = Of::Rows { key: list.key.to_owned(), rows: list.rows, group: group.clone(), range, pager };
        let mut made = job(page, key, ArtifactOrigin::Page(at), of);
        made.title = made.title.or_else(|| label.clone());
        jobs.push(made);
    }
}

/// The segment of a list's path that is its group's.
pub fn segment<'l>(view: &View, list: &List<'l>) -> &'l str {
    let field = view.group.as_ref().map(|group| group.field.value.as_str());
    let at = view.path.value.fields_at().iter().position(|name| name.is_some() && *name == field);
    at.and_then(|at| list.path.split('/').nth(at)).unwrap_or_default()
}

/// What the group of a list is called.
pub fn label(site: &Site<'_>, view: &View, list: &List<'_>) -> String {
    let Some(group) = &view.group else { return String::new() };
    let segment = segment(view, list);
    let label = if let ArtifactOrigin::Group { record, item, .. } = list.origin {
        let record = site.collections[view.from].records.get(record as usize);
        record.and_then(|record| record.get(&group.field.value)?.item(item).label())
    } else {
        let mut closed = group.values.iter().flatten().map(|value| &value.value);
        closed.find(|value| slug(value).is_ok_and(|slug| slug == segment)).cloned()
    };
    label.unwrap_or_else(|| segment.to_owned())
}
