//! Problem documents (RFC 9457): what each `type` of an error means, and the body of a 404.

use crate::model::{Artifact, ArtifactOrigin, Body, CacheClass, Settings};
use serde_json::json;

/// Name, status, title and what to do.
const PROBLEMS: &[(&str, u16, &str, &str)] = &[
    (
        "limit-out-of-range",
        400,
        "The limit is out of range",
        "`limit` is a whole number from 1 to the greatest that the list allows, or `all`: `?limit=5`.",
    ),
    ("limit-with-page", 400, "A limit and a page do not go together", "Ask for `?limit=5` or for `?page=2`."),
    (
        "not-found",
        404,
        "There is no such answer",
        "No answer stands at this path. The routes are listed in the documentation of the API.",
    ),
    ("page-out-of-range", 400, "The page is out of range", "`page` is a whole number from 1: `?page=2`."),
];

/// A document for each problem, under `errors/` of the home surface.
pub fn problems(settings: &Settings) -> Vec<Artifact> {
    let Some(surface) = settings.home_surface() else { return Vec::new() };
    let problem = |&(name, status, title, detail): &(&str, u16, &str, &str)| {
        let kind = format!("{}{}/errors/{name}", settings.site.base_url, surface.prefix);
        let document = json!({ "type": kind, "title": title, "status": status, "detail": detail });
        Artifact {
            key: surface.key(&format!("errors/{name}.json")),
            media_type: "application/problem+json",
            cache: CacheClass::View,
            body: Body::Bytes(format!("{document:#}\n").into_bytes().into()),
            origin: ArtifactOrigin::Build,
        }
    };
    PROBLEMS.iter().map(problem).collect()
}
