//! `site/environments.toml`: where releases are published to.

use super::form::{Form, Reader};
use crate::content::formats::{self, Format};
use crate::model::{Diagnostic, Environment, Keep, Layout, Placed, Protect, SourceText, code};
use std::sync::Arc;

/// Where the environments stand, below the root.
pub const PATH: &str = "site/environments.toml";

/// Reads the environments, in the order in which they are declared.
pub fn read(text: &str) -> (Vec<Environment>, Vec<Diagnostic>) {
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
    let environments = match &node {
        Some(node) if !broken => reader.form(node, "the environments").map(|form| all(&reader, &form)),
        _ => None,
    };
    (environments.unwrap_or_default(), reader.into_faults())
}

fn all(reader: &Reader<'_>, form: &Form<'_>) -> Vec<Environment> {
    let tables = form.entries().iter().filter_map(|entry| {
        let table = reader.form(&entry.node, format!("environment `{}`", entry.name))?;
        if !is_name(&entry.name) {
            let message = format!("`{}` is no name of an environment", entry.name);
            let fault = Diagnostic::error(code::BAD_OPTION, reader.place(&entry.name_span), message);
            reader.report(fault.help("use lower-case letters, digits and dashes"));
        }
        environment(reader, &table, &entry.name)
    });
    tables.collect()
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

fn environment(reader: &Reader<'_>, table: &Form<'_>, name: &str) -> Option<Environment> {
    let texts =
        |name| table.texts(name).unwrap_or_default().into_iter().map(|text: Placed<String>| text.value).collect();
    let text = |name| table.text(name).map(|text| text.value);
    let target = table.required_text("target");
    let environment = Environment {
        name: name.to_owned(),
        at: table.place(),
        target: target.as_ref().map_or_else(String::new, |target| target.value.clone()),
        layout: table.text("layout").map_or(Layout::Flat, |layout| self::layout(reader, &layout)),
        distributions: texts("distribution"),
        function: text("function"),
        url: table.text("url").and_then(|url| self::url(reader, &url)),
        replicas: texts("replicas"),
        keep: table.table("keep").map_or_else(Keep::default, |form| keep(&form)),
        protect: table.table("protect").map_or_else(Protect::default, |form| protect(reader, &form)),
        region: text("region"),
        endpoint: table.text("endpoint").and_then(|url| self::url(reader, &url)),
    };
    table.finish();
    target.map(|_| environment)
}

fn layout(reader: &Reader<'_>, text: &Placed<String>) -> Layout {
    match text.value.as_str() {
        "flat" => Layout::Flat,
        "release" => Layout::Release,
        other => {
            let fault = Diagnostic::error(code::BAD_OPTION, text.at.clone(), format!("there is no layout `{other}`"));
            let options = "the layouts are `flat` and `release`";
            reader.report(fault.suggest(other, ["flat", "release"], options.to_owned()));
            Layout::Flat
        }
    }
}

fn url(reader: &Reader<'_>, text: &Placed<String>) -> Option<String> {
    let rest = text.value.strip_prefix("https://").or_else(|| text.value.strip_prefix("http://"));
    if rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && !rest.contains(['?', '#', ' '])) {
        return Some(text.value.trim_end_matches('/').to_owned());
    }
    let fault = Diagnostic::error(code::BAD_OPTION, text.at.clone(), format!("`{}` is no URL", text.value));
    reader.report(fault.help("write one such as `https://100daysofcloud.example`"));
    None
}

fn keep(form: &Form<'_>) -> Keep {
    let usual = Keep::default();
    let keep = Keep {
        releases: form.positive("releases").map_or(usual.releases, |n| n.value),
        days: form.positive("days").map_or(usual.days, |n| n.value),
    };
    form.finish();
    keep
}

fn protect(reader: &Reader<'_>, form: &Form<'_>) -> Protect {
    let usual = Protect::default();
    let shrink = form.text("max_shrink").and_then(|text| {
        let hundredths = text.value.strip_suffix('%').and_then(|number| number.trim().parse().ok());
        let within = hundredths.filter(|hundredths| *hundredths <= 100);
        if within.is_none() {
            let message = format!("`max_shrink` is a share from `0%` to `100%`, not `{}`", text.value);
            reader.report(Diagnostic::error(code::BAD_OPTION, text.at, message));
        }
        within
    });
    let protect = Protect {
        max_shrink: shrink.unwrap_or(usual.max_shrink),
        max_delete: form.positive("max_delete").map_or(usual.max_delete, |n| n.value),
    };
    form.finish();
    protect
}
