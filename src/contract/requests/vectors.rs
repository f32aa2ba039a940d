//! Route vectors: requests of a site with what answers them, to hold every implementation of the routes to one account.

use super::problems::NOT_FOUND;
use super::resolve::Resolution;
use super::table::{RouteTable, TableRoute};
use crate::model::{Artifact, encode_path};
use std::collections::{BTreeMap, BTreeSet};

/// A request, and what it is answered with.
#[derive(Debug)]
pub struct Vector {
    pub method: &'static str,
    /// Path and query as they are sent: ASCII, percent-encoded.
    pub url: String,
    pub status: u16,
    /// The key that the request is mapped to. There is an object at it exactly when the status is 200.
    pub key: Option<String>,
    /// The last segment of the problem's `type`.
    pub problem: Option<&'static str>,
}

/// How many answers of one view are asked for on one surface.
const ANSWERS: usize = 1000;
/// For how many of them every odd form is tried.
const ODD: usize = 3;

/// Vectors of a site whose release has these artifacts (in order of key), and what seals them: the keys of what names the
/// release.
pub fn vectors(table: &RouteTable, artifacts: &[Artifact], seal: &[String]) -> Vec<Vector> {
    let mut urls = BTreeSet::new();
    for (route, paths) in answers(table, artifacts) {
        // Spread over all of them, rather than the first: they are in order of key.
        let step = paths.len().div_ceil(ANSWERS).max(1);
        for path in paths.iter().step_by(step) {
            plain_forms(path, &table.routes[route], &mut urls);
        }
        for path in paths.iter().step_by(paths.len().div_ceil(ODD).max(1)) {
            odd_forms(path, &table.routes[route], &mut urls);
        }
    }
    for artifact in artifacts.iter().filter(|a| a.origin.view().is_none()).take(ANSWERS) {
        urls.insert(encode_path(&artifact.key));
    }
    elsewhere(&mut urls);
    urls.extend(seal.iter().take(ANSWERS).map(|key| encode_path(key)));
    let there = |key: &str| {
        seal.iter().any(|own| own == key)
            || artifacts.binary_search_by(|artifact| artifact.key.as_str().cmp(key)).is_ok()
    };
    let get = urls.iter().map(|url| vector(table, "GET", url, &there));
    let some: Vec<&String> = urls.iter().step_by(urls.len().div_ceil(40).max(1)).collect();
    let methods = ["HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    let other = methods.into_iter().flat_map(|method| some.iter().map(move |url| (method, *url)));
    get.chain(other.map(|(method, url)| vector(table, method, url, &there))).collect()
}

fn vector(table: &RouteTable, method: &'static str, url: &str, there: &impl Fn(&str) -> bool) -> Vector {
    let (path, query) = url.split_once('?').map_or((url, None), |(path, query)| (path, Some(query)));
    let (status, key, problem) = match table.resolve(method, path, query) {
        Resolution::Options => (204, None, None),
        Resolution::Refused { why, .. } => (why.status(), None, Some(why.name())),
        Resolution::Key { key, .. } if there(&key) => (200, Some(key), None),
        Resolution::Key { key, .. } => (404, Some(key), Some(NOT_FOUND)),
    };
    Vector { method, url: url.to_owned(), status, key, problem }
}

/// The paths of the default answers of each route, percent-encoded.
fn answers(table: &RouteTable, artifacts: &[Artifact]) -> BTreeMap<usize, Vec<String>> {
    let mut found: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for artifact in artifacts.iter().filter(|a| a.origin.view().is_some()) {
        let Some(path) = artifact.key.strip_suffix(".json") else { continue };
        let url = encode_path(path);
        if let Resolution::Key { key, route: Some(route), surface: Some(surface) } = table.resolve("GET", &url, None)
            && key == artifact.key
            && path.split('/').count() == table.surfaces[surface].prefix.len() + table.routes[route].segments.len()
        {
            found.entry(route).or_default().push(url);
        }
    }
    found
}

/// What a well-meaning client asks.
fn plain_forms(path: &str, route: &TableRoute, urls: &mut BTreeSet<String>) {
    let mut forms = vec!["", "/", ".json"];
    if route.max.is_some() {
        forms.extend(["?limit=1", "/?limit=1", "/limit/1", "/limit/1.json", "?limit=all", "?page=1", "/page/1"]);
    }
    urls.extend(forms.iter().map(|form| format!("{path}{form}")));
}

/// Every odd form of a request.
fn odd_forms(path: &str, route: &TableRoute, urls: &mut BTreeSet<String>) {
    let max = route.max.unwrap_or(20);
    for value in [0, max, max + 1] {
        let forms = [format!("?limit={value}"), format!("/limit/{value}"), format!("/limit/{value}.json")];
        urls.extend(forms.iter().map(|form| format!("{path}{form}")));
    }
    urls.extend(include_str!("odd_forms.txt").lines().map(|form| format!("{path}{form}")));
    let long = "5".repeat(10_000);
    urls.extend([format!("{path}?limit={long}"), format!("{path}?{long}=5&limit=5"), format!("{path}/{long}")]);
    urls.extend([path.to_ascii_uppercase(), format!("/{path}"), path.replace('/', "//")]);
    urls.extend(with_an_escape(path));
    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent).trim_start_matches('/');
    let around = ["", "/", "/.", "/..", "/%2e%2e", "/nobody-of-this-name", "/nobody-of-this-name?limit=5"];
    urls.extend(around.iter().map(|form| format!("/{parent}{form}")));
}

/// The path with its last letter or digit escaped, where that is no part of an escape itself.
fn with_an_escape(path: &str) -> Option<String> {
    let (at, c) = path.char_indices().rfind(|(_, c)| c.is_ascii_alphanumeric())?;
    let escaped = path.get(at.saturating_sub(2)..at).is_some_and(|before| before.contains('%'));
    (!escaped).then(|| format!("{}%{:02x}{}", &path[..at], u32::from(c), &path[at + 1..]))
}

/// Requests for what no view answers.
fn elsewhere(urls: &mut BTreeSet<String>) {
    urls.extend(include_str!("odd_requests.txt").lines().map(str::to_owned));
    urls.extend([format!("/{}", "a".repeat(10_000)), format!("/{}", "a/".repeat(2000))]);
}
