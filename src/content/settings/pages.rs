//! `[[pages]]`: what people read, declared as views are.

use super::form::{Form, Reader, quoted};
use crate::content::formats::{Kind, Node};
use crate::model::{Diagnostic, Page, PageOf, PathTemplate, Placed, Settings, View, code};

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
    let path = form.required_text("path").and_then(|text| path(reader, text));
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
fn path(reader: &Reader<'_>, text: Placed<String>) -> Option<Placed<PathTemplate>> {
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
        (None, Some(from)) => super::views::collection(reader, settings, &from).map(PageOf::Each),
        (None, None) if each => {
            refuse(form.place(), "`each` makes a page of each record, and no collection is named", "add `from`")
        }
        (None, None) => Some(PageOf::One),
    }
}

fn list(reader: &Reader<'_>, named: &Placed<String>, settings: &Settings) -> Option<usize> {
    let is_list = |view: &&View| !view.each;
    let found = settings.views.iter().position(|view| view.path.value.to_string() == named.value && is_list(&view));
    if found.is_none() {
        let known: Vec<String> =
            settings.views.iter().filter(is_list).map(|view| view.path.value.to_string()).collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let message = format!("there is no list `{}`", named.value);
        let fault = Diagnostic::error(code::BAD_OPTION, named.at.clone(), message);
        let all = format!("`view` names a list by its path: {}", quoted(&known));
        reader.report(fault.suggest(&named.value, known.iter().copied(), all));
    }
    found
}

/// The fields of a path are the value of the list's group, or members of the record.
fn check_fields(reader: &Reader<'_>, page: &Page, settings: &Settings) {
    let fields: Vec<&str> = page.path.value.fields().collect();
    let report = |message: String, help: String| {
        reader.report(Diagnostic::error(code::PATH_FIELD, page.path.at.clone(), message).help(help));
    };
    let path = &page.path.value;
    let wanted = match page.of {
        PageOf::One => None,
        PageOf::Rows(view) => settings.views[view].group.as_ref().map(|group| group.field.value.as_str()),
        PageOf::Each(from) => {
            if fields.is_empty() {
                let key = &settings.collections[from].key.value;
                report(
                    format!("`each` makes a page of each record, but the path `/{path}` is the same for all"),
                    format!("put a field into the path, such as `/{path}/{{{key}}}`"),
                );
            }
            return;
        }
    };
    if let Some(other) = fields.iter().find(|field| Some(**field) != wanted) {
        report(
            format!("nothing fills `{{{other}}}` in the path `/{path}`"),
            "a field in a path belongs to `each = true`, or to a `view` that is grouped by that very field".to_owned(),
        );
    } else if let Some(wanted) = wanted.filter(|_| fields.is_empty()) {
        report(format!("the path `/{path}` is the same for every group"), format!("put `{{{wanted}}}` into the path"));
    }
}
