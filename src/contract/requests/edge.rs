//! The edge function: the route table and `edge.js` as one CloudFront Function.

use super::problems::{PROBLEMS, type_prefix};
use super::resolve::METHODS;
use super::table::{RouteTable, TableSegment};
use super::{headers, problems};
use crate::model::{Artifact, ArtifactOrigin, Body, CacheClass, Settings, media_type};
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

/// The most that CloudFront takes, in bytes (its quota for functions).
pub const LARGEST: usize = 10 * 1024;

/// The function's place in the release; its code is known once every artifact is.
pub fn edge_artifact(settings: &Settings) -> Option<Artifact> {
    let key = settings.home_surface()?.key("edge.js");
    let media_type = media_type(&key);
    Some(Artifact { key, media_type, cache: CacheClass::View, body: Body::default(), origin: ArtifactOrigin::Build })
}

/// Puts the code into its place; where CloudFront would not take it, the release has no function.
pub fn put_edge(settings: &Settings, table: &RouteTable, artifacts: &mut Vec<Artifact>) {
    let Some(key) = settings.home_surface().map(|home| home.key("edge.js")) else { return };
    let is_edge = |artifact: &Artifact| artifact.key == key && artifact.origin == ArtifactOrigin::Build;
    let Some(at) = artifacts.iter().position(is_edge) else { return };
    match edge(settings, table) {
        Ok(code) => artifacts[at].body = Body::Bytes(Arc::new(code.into_bytes())),
        Err(_) => drop(artifacts.remove(at)),
    }
}

/// The code of the function.
///
/// # Errors
/// In words, when it would be larger than CloudFront takes.
pub fn edge(settings: &Settings, table: &RouteTable) -> Result<String, String> {
    let options: Map<String, Json> =
        headers::PREFLIGHT.iter().map(|(name, value)| ((*name).to_owned(), json!({ "value": value }))).collect();
    let code = slim(include_str!("edge.js"))
        .replace("{/*TABLE*/}", &document(settings, table).to_string())
        .replace("{/*OPTIONS*/}", &Json::Object(options).to_string());
    if code.len() <= LARGEST {
        return Ok(code);
    }
    Err(format!(
        "the edge function would be {} bytes, and CloudFront takes {LARGEST}: {} views, {} files at URLs of answers and {} keys that end in `.json` are more than it holds",
        code.len(),
        table.routes.len(),
        table.files.len(),
        table.dotted.len()
    ))
}

fn document(settings: &Settings, table: &RouteTable) -> Json {
    let segment = |segment: &TableSegment| match segment {
        TableSegment::Literal(text) => json!(text),
        TableSegment::Field => json!(0),
    };
    let routes = table.routes.iter().map(|route| {
        let segments: Vec<Json> = route.segments.iter().map(segment).collect();
        let mut row = vec![json!(segments), json!(route.max.unwrap_or(0))];
        if route.surfaces.len() < table.surfaces.len() {
            row.push(json!(route.surfaces));
        }
        Json::Array(row)
    });
    let refusals = PROBLEMS.iter().filter(|problem| problem.name != problems::NOT_FOUND);
    let refusals = refusals.map(|p| (p.name.to_owned(), json!([p.status, p.title, p.detail])));
    json!({
        "base": table.base,
        "surfaces": table.surfaces.iter().map(|surface| &surface.prefix).collect::<Vec<_>>(),
        "routes": routes.collect::<Vec<_>>(),
        "files": table.files,
        "dotted": table.dotted,
        "type": type_prefix(settings),
        "methods": METHODS,
        "problems": refusals.collect::<Map<_, _>>(),
    })
}

/// The script without indentation and without comments, but for those it opens with.
fn slim(script: &str) -> String {
    let (head, rest) = script.split_once("var T").unwrap_or(("", script));
    let lines = rest.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.fold(format!("{head}var T"), |mut out, line| {
        out.push_str(line);
        out.push('\n');
        out
    })
}
