//! What changed for clients between two releases: answers by their digests, promises by their OpenAPI documents.

mod forms;
mod schema;
#[cfg(test)]
mod tests;

use serde::Serialize;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// A release as a client sees it.
#[derive(Debug, Default)]
pub struct Published {
    /// Key to digest, of everything but what names the release.
    pub answers: BTreeMap<String, String>,
    pub openapi: Json,
}

/// Everything that changed.
#[derive(Debug, Default, Serialize)]
pub struct Changes {
    pub answers: Answers,
    pub contract: Vec<Change>,
}

/// Keys.
#[derive(Debug, Default, Serialize)]
pub struct Answers {
    pub appeared: Vec<String>,
    pub vanished: Vec<String>,
    pub changed: Vec<String>,
}

/// A promise that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    pub kind: ChangeKind,
    pub surface: String,
    /// `/v1/users/{githubProfile}`
    pub path: String,
    pub message: String,
    /// Whether the surface's version was raised, which allows it.
    pub raised: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// A client that was written for the old release may fail.
    Breaking,
    /// A client need not know.
    Additive,
}

impl Changes {
    pub fn between(old: &Published, new: &Published) -> Self {
        Self { answers: answers(&old.answers, &new.answers), contract: contract(&old.openapi, &new.openapi) }
    }

    pub fn is_empty(&self) -> bool {
        let Answers { appeared, vanished, changed } = &self.answers;
        appeared.is_empty() && vanished.is_empty() && changed.is_empty() && self.contract.is_empty()
    }
}

/// The changes that nothing allows.
pub fn broken(changes: &[Change]) -> impl Iterator<Item = &Change> {
    changes.iter().filter(|change| change.kind == ChangeKind::Breaking && !change.raised)
}

fn answers(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Answers {
    Answers {
        appeared: new.keys().filter(|key| !old.contains_key(*key)).cloned().collect(),
        vanished: old.keys().filter(|key| !new.contains_key(*key)).cloned().collect(),
        changed: old
            .iter()
            .filter(|(key, digest)| new.get(*key).is_some_and(|n| n != *digest))
            .map(|(key, _)| key.clone())
            .collect(),
    }
}

/// What two OpenAPI documents promise differently.
pub fn contract(old: &Json, new: &Json) -> Vec<Change> {
    let (before, after) = (operations(old), operations(new));
    let mut changes = Vec::new();
    for (shape, (path, operation)) in &before {
        let surface = surface(operation);
        let raised = raised(old, new, &surface);
        let mut report = |kind, message: String| {
            changes.push(Change { kind, surface: surface.clone(), path: path.clone(), message, raised });
        };
        let Some((_, then)) = after.get(shape) else {
            report(ChangeKind::Breaking, "the route is gone".to_owned());
            continue;
        };
        parameters(operation, then, &mut report);
        let (a, b) = (answer(operation), answer(then));
        schema::compare((old, a), (new, b), &mut report);
    }
    for (path, operation) in after.iter().filter(|(shape, _)| !before.contains_key(*shape)).map(|(_, found)| found) {
        let surface = surface(operation);
        let raised = raised(old, new, &surface);
        changes.push(Change {
            kind: ChangeKind::Additive,
            surface,
            path: path.clone(),
            message: "the route is new".to_owned(),
            raised,
        });
    }
    changes.sort_by(|a, b| (a.kind, &a.path, &a.message).cmp(&(b.kind, &b.path, &b.message)));
    changes.dedup();
    changes
}

type Operations<'j> = BTreeMap<String, (String, &'j Map<String, Json>)>;

/// Every operation, by its path without the names of its fields.
fn operations(document: &Json) -> Operations<'_> {
    let paths = document.get("paths").and_then(Json::as_object);
    let get = |(path, methods): (&String, &'_ Json)| -> Option<(String, String)> {
        methods.get("get")?.as_object()?;
        let segments = path.split('/').map(|segment| if segment.starts_with('{') { "{}" } else { segment });
        Some((segments.collect::<Vec<_>>().join("/"), path.clone()))
    };
    let mut found = BTreeMap::new();
    for (path, methods) in paths.into_iter().flatten() {
        if let (Some((shape, path)), Some(operation)) = (get((path, methods)), methods["get"].as_object()) {
            found.insert(shape, (path, operation));
        }
    }
    found
}

fn surface(operation: &Map<String, Json>) -> String {
    let tag = operation.get("tags").and_then(|tags| tags.get(0)).and_then(Json::as_str);
    tag.unwrap_or_default().to_owned()
}

fn raised(old: &Json, new: &Json, surface: &str) -> bool {
    let version = |document: &Json| document["x-surfaces"][surface]["version"].as_u64();
    matches!((version(old), version(new)), (Some(old), Some(new)) if new > old)
}

fn answer(operation: &Map<String, Json>) -> &Json {
    let response = operation.get("responses").map_or(&Json::Null, |responses| &responses["200"]["content"]);
    let content = response.as_object().and_then(|content| content.values().next());
    content.map_or(&Json::Null, |content| &content["schema"])
}

fn parameters(old: &Map<String, Json>, new: &Map<String, Json>, report: &mut impl FnMut(ChangeKind, String)) {
    let named = |operation: &'_ Map<String, Json>, place: &str| -> Vec<(String, Json)> {
        let all = operation.get("parameters").and_then(Json::as_array).into_iter().flatten();
        all.filter(|parameter| parameter["in"] == place)
            .map(|parameter| (parameter["name"].as_str().unwrap_or_default().to_owned(), parameter["schema"].clone()))
            .collect()
    };
    for ((before, was), (after, is)) in named(old, "path").iter().zip(&named(new, "path")) {
        if before != after {
            // Another field has other values: every URL is another.
            report(ChangeKind::Breaking, format!("the path's `{before}` is now `{after}`"));
        }
        let values = |schema: &Json| schema["enum"].as_array().cloned();
        if let (Some(a), b) = (values(was), values(is)) {
            for value in a.iter().filter(|value| b.as_ref().is_some_and(|b| !b.contains(value))) {
                report(ChangeKind::Breaking, format!("the path's `{before}` is no longer {value}"));
            }
        }
    }
    let (before, after) = (named(old, "query"), named(new, "query"));
    for (name, was) in &before {
        let Some((_, is)) = after.iter().find(|(other, _)| other == name) else {
            report(ChangeKind::Breaking, format!("the parameter `{name}` is gone"));
            continue;
        };
        let (old, new) = (greatest(was), greatest(is));
        if new < old {
            report(ChangeKind::Breaking, format!("the greatest `{name}` was {old}, and is {new}"));
        } else if new > old {
            report(ChangeKind::Additive, format!("the greatest `{name}` was {old}, and is {new}"));
        }
        if was["default"] != is["default"] {
            report(
                ChangeKind::Breaking,
                format!("without `{name}` there were {} rows, and are {}", was["default"], is["default"]),
            );
        }
    }
    for (name, _) in after.iter().filter(|(name, _)| !before.iter().any(|(other, _)| other == name)) {
        report(ChangeKind::Additive, format!("the parameter `{name}` is new"));
    }
    let size = |operation: &Map<String, Json>| operation.get(PAGE_SIZE).cloned().unwrap_or_default();
    if size(old) != size(new) {
        report(ChangeKind::Breaking, format!("a page had {} rows, and has {}", size(old), size(new)));
    }
}

/// Where an operation says how many rows a page has.
pub const PAGE_SIZE: &str = "x-page-size";

/// The greatest whole number that a parameter takes.
fn greatest(schema: &Json) -> u64 {
    let all = schema["anyOf"].as_array().map_or_else(|| vec![schema], |all| all.iter().collect());
    all.into_iter().filter_map(|schema| schema["maximum"].as_u64()).max().unwrap_or_default()
}
