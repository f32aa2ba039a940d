//! `[[badges]]`: a small picture for each record, to be shown elsewhere.

use super::form::{Form, Reader, quoted};
use super::pages::{check_surfaces, path};
use super::{check_expression, views};
use crate::content::formats::{Kind, Node};
use crate::model::{Badge, BadgeStyle, Diagnostic, Placed, Settings, View, code};

/// The colour of what a badge says where the site names none.
const COLOR: &str = "2d62c9";

pub fn read(reader: &Reader<'_>, form: &Form<'_>, settings: &Settings) -> Vec<Badge> {
    let Some(node) = form.node("badges") else { return Vec::new() };
    let Kind::List(items) = &node.kind else {
        reader.wrong(node, "`badges`", "a list of tables, each headed `[[badges]]`");
        return Vec::new();
    };
    let mut badges: Vec<Badge> = Vec::new();
    for badge in items.iter().filter_map(|item| badge(reader, item, settings)) {
        if let Some(other) = badges.iter().find(|other| other.path.value.shape() == badge.path.value.shape()) {
            let message = format!("two badges stand on the path `/{}`", badge.path.value);
            let fault = Diagnostic::error(code::DUPLICATE_PATH, badge.path.at.clone(), message);
            reader.report(fault.help(format!("the other is `/{}` at {}", other.path.value, other.path.at)));
        }
        badges.push(badge);
    }
    badges
}

fn badge(reader: &Reader<'_>, node: &Node, settings: &Settings) -> Option<Badge> {
    let form = reader.form(node, "a badge")?;
    let path = form.required_text("path").and_then(|text| path(reader, &text));
    let from = form.required_text("from").and_then(|name| views::collection(reader, settings, &name));
    let label = form.required_text("label").map(|label| label.value);
    let message = form.required_text("message");
    if let Some(message) = &message {
        check_expression(reader, &message.value, &message.at, 0);
    }
    let color = form.text("color").map_or_else(|| Some(COLOR.to_owned()), |color| self::color(reader, &color));
    let view = form.text("view").map(|view| ranked(reader, &view, settings, from));
    let styles = form.texts("styles").unwrap_or_default();
    let styles: Vec<BadgeStyle> = styles.iter().filter_map(|style| self::style(reader, style)).collect();
    form.finish();
    let (path, from) = (path?, from?);
    if path.value.fields().next().is_none() {
        let key = &settings.collections[from].key.value;
        let message = format!("there is a badge for each record, but the path `/{}` is the same for all", path.value);
        let fault = Diagnostic::error(code::PATH_FIELD, path.at.clone(), message);
        reader.report(fault.help(format!("put a field into the path, such as `/{}/{{{key}}}`", path.value)));
        return None;
    }
    check_surfaces(reader, &path, settings);
    Some(Badge {
        path,
        from,
        label: label?,
        message: message?,
        color: color?,
        view: view.map_or(Some(None), |view| view.map(Some))?,
        styles,
    })
}

/// A colour as CSS writes it in hexadecimal digits.
fn color(reader: &Reader<'_>, color: &Placed<String>) -> Option<String> {
    let digits = color.value.strip_prefix('#').unwrap_or(&color.value);
    if matches!(digits.len(), 3 | 6) && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Some(digits.to_ascii_lowercase());
    }
    let fault = Diagnostic::error(code::BAD_OPTION, color.at.clone(), format!("`{}` is no colour", color.value));
    reader.report(fault.help("write one such as `#2d62c9`"));
    None
}

fn style(reader: &Reader<'_>, style: &Placed<String>) -> Option<BadgeStyle> {
    let found = BadgeStyle::ALL.into_iter().find(|known| known.name() == style.value);
    if found.is_none() {
        let names = BadgeStyle::ALL.map(BadgeStyle::name);
        let fault = Diagnostic::error(code::BAD_OPTION, style.at.clone(), format!("`{}` is no style", style.value));
        reader.report(fault.suggest(&style.value, names, format!("the styles are {}", quoted(&names))));
    }
    found
}

/// The ranked list that tells where a record stands.
fn ranked(reader: &Reader<'_>, named: &Placed<String>, settings: &Settings, from: Option<usize>) -> Option<usize> {
    let fits = |view: &View| view.is_ranking() && from.is_none_or(|from| view.from == from);
    views::named(reader, named, &settings.views, fits, ("ranked list of these records", "`view` names one by its path"))
}
