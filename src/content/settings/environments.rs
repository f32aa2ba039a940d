//! `site/environments.toml`: where releases are published to.

use super::form::{Form, Reader};
use crate::content::formats::{self, Format};
use crate::model::{Diagnostic, Environment, Keep, Layout, Location, Placed, Protect, SourceText, code};
use std::path::PathBuf;
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
    let environments: Vec<Environment> = tables.collect();
    for (place, environment) in environments.iter().enumerate() {
        let same = |other: &&Environment| {
            other.target.overlaps(&environment.target)
                && other.endpoint == environment.endpoint
                && (other.layout == Layout::Flat || environment.layout == Layout::Flat)
        };
        if let Some(other) = environments[..place].iter().find(same) {
            let message =
                format!("`{}` and `{}` publish over each other: their targets overlap", other.name, environment.name);
            let fault = Diagnostic::error(code::BAD_OPTION, environment.at.clone(), message);
            reader.report(fault.help("give each a bucket, a prefix or a folder of its own"));
        }
    }
    environments
}

fn location(reader: &Reader<'_>, text: &Placed<String>) -> Option<Location> {
    match Location::parse(&text.value) {
        Ok(location) => Some(location),
        Err(wrong) => {
            reader.report(Diagnostic::error(code::BAD_OPTION, text.at.clone(), wrong));
            None
        }
    }
}

/// The replicas, each of which stands apart from the target and from the others.
fn replicas(reader: &Reader<'_>, target: Option<&Location>, texts: &[Placed<String>]) -> Vec<Location> {
    let mut replicas: Vec<Location> = Vec::new();
    for text in texts {
        let Some(replica) = location(reader, text) else { continue };
        if let Some(other) = target.into_iter().chain(&replicas).find(|other| other.overlaps(&replica)) {
            let message = format!("the replica {replica} overlaps with {other}");
            let fault = Diagnostic::error(code::BAD_OPTION, text.at.clone(), message);
            reader.report(fault.help("a replica has a bucket, a prefix or a folder of its own"));
        }
        replicas.push(replica);
    }
    replicas
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

fn environment(reader: &Reader<'_>, table: &Form<'_>, name: &str) -> Option<Environment> {
    let texts = |name| -> Vec<Placed<String>> { table.texts(name).unwrap_or_default() };
    let text = |name| table.text(name).map(|text| text.value);
    let target = table.required_text("target").and_then(|target| location(reader, &target));
    let replicas = replicas(reader, target.as_ref(), &texts("replicas"));
    let environment = Environment {
        name: name.to_owned(),
        at: table.place(),
        target: target.clone().unwrap_or_else(|| Location::Folder(PathBuf::new())),
        layout: table.text("layout").map_or(Layout::Flat, |layout| self::layout(reader, &layout)),
        distributions: texts("distribution").into_iter().map(|text| text.value).collect(),
        function: text("function"),
        url: table.text("url").and_then(|url| self::url(reader, &url)),
        replicas,
        keep: table.table("keep").map_or_else(Keep::default, |form| keep(&form)),
        protect: table.table("protect").map_or_else(Protect::default, |form| protect(reader, &form)),
        inbox: table.text("inbox").and_then(|inbox| location(reader, &inbox)),
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

pub(super) fn url(reader: &Reader<'_>, text: &Placed<String>) -> Option<String> {
    let rest = text.value.strip_prefix("https://").or_else(|| text.value.strip_prefix("http://"));
    let authority = rest.and_then(|rest| rest.split('/').next());
    if authority.is_some_and(|authority| authority.contains('@')) {
        let fault = Diagnostic::error(code::BAD_OPTION, text.at.clone(), "this URL holds a name and a password");
        reader.report(fault.help("leave out what stands before the `@`: secrets have no place in the settings"));
        return None;
    }
    if rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && !rest.contains(['?', '#', ' '])) {
        return Some(text.value.trim_end_matches('/').to_owned());
    }
    let fault = Diagnostic::error(code::BAD_OPTION, text.at.clone(), format!("`{}` is no URL", text.value));
    reader.report(fault.help("write one such as `https://100daysofcloud.example`"));
    None
}

/// Whether nobody on the way can read or change what is said there: it is encrypted, or stays on this machine.
pub(super) fn is_sealed(url: &str) -> bool {
    let host = url.strip_prefix("http://").map(|rest| rest.split('/').next().unwrap_or_default());
    let host =
        host.map(|host| host.rsplit_once(':').filter(|(name, _)| !name.ends_with(':')).map_or(host, |(name, _)| name));
    host.is_none_or(|host| matches!(host, "127.0.0.1" | "localhost" | "[::1]"))
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
