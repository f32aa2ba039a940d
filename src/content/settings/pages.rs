//! `[[pages]]`: what people read, declared as views are.

use super::form::{Form, Reader};
use super::views;
use crate::content::formats::{Kind, Node};
use crate::model::{Diagnostic, Feed, Group, Page, PageOf, PathTemplate, Placed, Settings, code};

/// How many entries a feed has where it does not say.
const ENTRIES: usize = 20;
/// Where the index for searching is published where the site does not say: where the library looks for it.
const SEARCH: &str = "/pagefind";

pub fn read(reader: &Reader<'_>, form: &Form<'_>, settings: &Settings) -> Vec<Page> {
    let mut pages: Vec<Page> = Vec::new();
    let Some(node) = form.node("pages") else { return pages };
    let Kind::List(items) = &node.kind else {
        reader.wrong(node, "`pages`", "a list of tables, each headed `[[pages]]`");
        return pages;
    };
    for item in items {
        let Some(page) = page(reader, item, settings) else { continue };
        if let Some(other) = pages.iter().find(|other| other.path.value.shape() == page.path.value.shape()) {
            let message = format!("two pages stand on the path `/{}`", page.path.value);
            let fault = Diagnostic::error(code::DUPLICATE_PATH, page.path.at.clone(), message);
            reader.report(fault.help(format!("the other is `/{}` at {}", other.path.value, other.path.at)));
        }
        pages.push(page);
    }
    pages
}

fn page(reader: &Reader<'_>, node: &Node, settings: &Settings) -> Option<Page> {
    let form = reader.form(node, "a page")?;
    let path = form.required_text("path").and_then(|text| path(reader, &text));
    let template = form.required_text("template");
    let text = |name| form.text(name).map(|text| text.value);
    let (title, description) = (text("title"), text("description"));
    let indexed = form.flag("indexed").unwrap_or(true);
    let of = of(reader, &form, settings);
    form.finish();
    let page = Page { path: path?, template: template?, title, description, indexed, of: of? };
    check_fields(reader, &page, settings);
    Some(page)
}

/// `/leaderboard`, and `/` for the root.
pub(super) fn path(reader: &Reader<'_>, text: &Placed<String>) -> Option<Placed<PathTemplate>> {
    let refuse = |why: String, range: std::ops::Range<usize>, help: &str| {
        let fault = Diagnostic::error(code::BAD_PATH, text.at.inside_quotes(range), why);
        reader.report(fault.help(help));
    };
    let help = "write a path such as `/leaderboard` or `/users/{name}`";
    let Some(below) = text.value.strip_prefix('/') else {
        refuse("the path of a page begins with a slash".to_owned(), 0..text.value.len(), help);
        return None;
    };
    if below.is_empty() {
        return Some(Placed { value: PathTemplate { segments: Vec::new() }, at: text.at.clone() });
    }
    if let Some(stem) = below.strip_suffix(".html") {
        refuse(
            "a page's path has no extension".to_owned(),
            stem.len() + 1..text.value.len(),
            "the build puts the page at this path with `.html` behind it",
        );
        return None;
    }
    match PathTemplate::parse(below) {
        Ok(value) => Some(Placed { value, at: text.at.clone() }),
        Err((why, range)) => {
            refuse(why, range.start + 1..range.end + 1, help);
            None
        }
    }
}

/// `view = "leaderboard"`, or `from = "users"` with `each = true`, or neither.
fn of(reader: &Reader<'_>, form: &Form<'_>, settings: &Settings) -> Option<PageOf> {
    let (view, from) = (form.text("view"), form.text("from"));
    let each = form.flag("each").unwrap_or(false);
    let refuse = |at, message: &str, help: &str| {
        reader.report(Diagnostic::error(code::BAD_OPTION, at, message).help(help));
        None
    };
    match (view, from) {
        (Some(_), Some(from)) => refuse(
            from.at,
            "a page shows the rows of a `view`, or a record `from` a collection, not both",
            "remove one of the two; a template can look up more with `view(…)` and `record(…)`",
        ),
        (Some(view), None) if each => {
            refuse(view.at, "`each` makes a page of each record `from` a collection", "name the collection with `from`")
        }
        (Some(view), None) => list(reader, &view, settings).map(PageOf::Rows),
        (None, Some(from)) if !each => {
            refuse(from.at, "a page `from` a collection is one for each record", "write `each = true` beside it")
        }
        (None, Some(from)) => views::collection(reader, settings, &from).map(PageOf::Each),
        (None, None) if each => {
            refuse(form.place(), "`each` makes a page of each record, and no collection is named", "add `from`")
        }
        (None, None) => Some(PageOf::One),
    }
}

fn list(reader: &Reader<'_>, name: &Placed<String>, settings: &Settings) -> Option<usize> {
    views::named(reader, name, &settings.views, |view| !view.each, ("list", "`view` names a list by its path"))
}

/// The fields of a path are the value of the list's group, or members of the record.
fn check_fields(reader: &Reader<'_>, page: &Page, settings: &Settings) {
    match page.of {
        PageOf::One => check_group(reader, &page.path, None),
        PageOf::Rows(view) => check_group(reader, &page.path, settings.views[view].group.as_ref()),
        PageOf::Each(from) if page.path.value.fields().next().is_none() => {
            let (path, key) = (&page.path.value, &settings.collections[from].key.value);
            let message = format!("`each` makes a page of each record, but the path `/{path}` is the same for all");
            let fault = Diagnostic::error(code::PATH_FIELD, page.path.at.clone(), message);
            reader.report(fault.help(format!("put a field into the path, such as `/{path}/{{{key}}}`")));
        }
        PageOf::Each(_) => {}
    }
    check_surfaces(reader, &page.path, settings);
}

fn check_group(reader: &Reader<'_>, path: &Placed<PathTemplate>, group: Option<&Group>) {
    let report = |message: String, help: String| {
        reader.report(Diagnostic::error(code::PATH_FIELD, path.at.clone(), message).help(help));
    };
    let wanted = group.map(|group| group.field.value.as_str());
    let text = &path.value;
    if let Some(other) = text.fields().find(|field| Some(*field) != wanted) {
        report(
            format!("nothing fills `{{{other}}}` in the path `/{text}`"),
            "a field in a path belongs to `each = true`, or to a `view` that is grouped by that very field".to_owned(),
        );
    } else if let Some(wanted) = wanted.filter(|_| text.fields().next().is_none()) {
        report(format!("the path `/{text}` is the same for every group"), format!("put `{{{wanted}}}` into the path"));
    }
}

/// What stands below the prefix of a surface is an answer of the API.
pub(super) fn check_surfaces(reader: &Reader<'_>, path: &Placed<PathTemplate>, settings: &Settings) {
    let own = path.value.to_string();
    if let Some(surface) = settings.surface_of(&own) {
        reader.report(surface.hides(&own, path.at.clone()));
    }
}

/// `[search]`: an index of the pages, at a path of its own.
pub fn search(reader: &Reader<'_>, form: &Form<'_>, settings: &Settings) -> Option<Placed<PathTemplate>> {
    let table = form.table("search")?;
    let given = table.text("path");
    table.finish();
    let refuse = |at, message: &str, help: &str| {
        reader.report(Diagnostic::error(code::BAD_OPTION, at, message).help(help));
        None
    };
    if settings.pages.is_empty() {
        return refuse(
            table.place(),
            "there is nothing to search: the site declares no pages",
            "declare one with `[[pages]]`, or remove the table",
        );
    }
    let given = given.unwrap_or_else(|| Placed { value: SEARCH.to_owned(), at: table.place() });
    let path = path(reader, &given)?;
    if path.value.segments.is_empty() || path.value.fields().next().is_some() {
        let message =
            format!("the index for searching stands in a folder of its own, and `{}` names none", given.value);
        return refuse(path.at, &message, "write a path such as `/pagefind`");
    }
    check_surfaces(reader, &path, settings);
    Some(path)
}

/// `[[feeds]]`: the newest rows of a list, for programs that follow a site.
pub fn feeds(reader: &Reader<'_>, form: &Form<'_>, settings: &Settings) -> Vec<Feed> {
    let Some(node) = form.node("feeds") else { return Vec::new() };
    let Kind::List(items) = &node.kind else {
        reader.wrong(node, "`feeds`", "a list of tables, each headed `[[feeds]]`");
        return Vec::new();
    };
    items.iter().filter_map(|item| feed(reader, item, settings)).collect()
}

fn feed(reader: &Reader<'_>, node: &Node, settings: &Settings) -> Option<Feed> {
    let form = reader.form(node, "a feed")?;
    let path = form.required_text("path").and_then(|text| path(reader, &text));
    let view = form.required_text("view");
    let found = view.as_ref().and_then(|view| list(reader, view, settings));
    let title = form.text("title").map(|text| text.value);
    let limit = form.positive("limit").map_or(ENTRIES, |limit| limit.value);
    form.finish();
    let (path, view) = (path?, Placed { value: found?, at: view?.at });
    let declared = &settings.views[view.value];
    let refuse = |message: String, help: &str| {
        reader.report(Diagnostic::error(code::BAD_OPTION, view.at.clone(), message).help(help));
    };
    if declared.count.is_some() {
        refuse(format!("`{}` counts: its rows are no entries", declared.path.value), "name a list of records");
    } else if !settings.pages.iter().any(|page| page.of == PageOf::Each(declared.from)) {
        let name = &settings.collections[declared.from].name;
        refuse(
            format!("the entries of a feed lead to pages, and no page is made of each of `{name}`"),
            "declare a `[[pages]]` with `from` and `each = true` above",
        );
    }
    if settings.site.base_url.is_empty() {
        refuse("a feed names its entries by whole URLs".to_owned(), "set `base_url` under `[site]`");
    }
    check_group(reader, &path, declared.group.as_ref());
    check_surfaces(reader, &path, settings);
    Some(Feed { path, view, title, limit })
}
