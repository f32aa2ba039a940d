//! `openapi.json`: an OpenAPI 3.1 document, made from the operations, with examples taken from the release.

mod written;

use super::requests::problems::PROBLEM_JSON;
use super::shapes::{self, Api, Example, Examples, Operation, OperationKind, reference};
use crate::content::Content as Site;
use crate::model::{Artifact, ArtifactOrigin, Body, CacheClass, LONGEST_SLUG, Settings, Shape, slug};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// The media type of the document (RFC 9512 registers the YAML one; JSON documents are served as JSON).
const JSON: &str = "application/json";

#[derive(Serialize)]
struct Document<'a> {
    openapi: &'static str,
    info: Json,
    servers: Vec<Json>,
    security: [(); 0],
    tags: Vec<Json>,
    paths: BTreeMap<&'a str, Methods<'a>>,
    components: Json,
    #[serde(rename = "x-surfaces")]
    surfaces: Json,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Methods<'a> {
    Read { get: Box<Get> },
    Write(&'a Json),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Get {
    operation_id: String,
    summary: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    tags: [String; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parameters: Vec<Json>,
    responses: BTreeMap<&'static str, Response>,
    #[serde(rename = "x-page-size", skip_serializing_if = "Option::is_none")]
    page_size: Option<usize>,
}

#[derive(Serialize)]
struct Response {
    description: &'static str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<&'static str, Json>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    content: BTreeMap<&'static str, Content>,
}

#[derive(Serialize)]
struct Content {
    schema: Json,
    #[serde(skip_serializing_if = "Option::is_none")]
    example: Option<Box<RawValue>>,
}

/// The document, under the home surface. `artifacts` are the answers, in order of key.
pub fn openapi(settings: &Settings, content: &Site, api: &Api, artifacts: &[Artifact]) -> Option<Artifact> {
    let surface = settings.home_surface()?;
    let examples = Examples::new(settings, artifacts);
    let paths = api.operations.iter().map(|operation| {
        let example = examples.of(settings, operation);
        (operation.path.as_str(), Methods::Read { get: Box::new(get(settings, operation, example)) })
    });
    let shapes = shapes::writes(settings, content, api);
    let written = written::paths(settings, api, &shapes);
    let written = written.iter().map(|(path, methods)| (path.as_str(), Methods::Write(methods)));
    let mut components =
        json!({ "schemas": api.components.iter().chain(&shapes.components).collect::<BTreeMap<_, _>>() });
    if settings.writes.are_there() {
        components["responses"] = written::refusals();
        components["securitySchemes"] = written::security();
    }
    let document = Document {
        openapi: "3.1.0",
        info: info(settings),
        servers: servers(settings),
        security: [],
        tags: tags(settings, api),
        paths: written.chain(paths).collect(),
        components,
        surfaces: settings
            .surfaces
            .iter()
            .map(|s| (s.name.clone(), json!({ "prefix": s.prefix, "shape": s.shape.name(), "version": s.version })))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    };
    let text = serde_json::to_string_pretty(&document).unwrap_or_default() + "\n";
    Some(Artifact {
        key: surface.key("openapi.json"),
        media_type: JSON,
        cache: CacheClass::View,
        body: Body::Bytes(text.into_bytes().into()),
        origin: ArtifactOrigin::Build,
    })
}

fn info(settings: &Settings) -> Json {
    let declared = &settings.openapi;
    let title = [&declared.title, &settings.site.name].into_iter().find(|title| !title.is_empty());
    let version = settings.home_surface().map_or(1, |surface| surface.version);
    let mut info = json!({
        "title": title.map_or("API", String::as_str),
        "version": version.to_string(),
    });
    if !declared.description.is_empty() {
        info["description"] = json!(declared.description);
    }
    info["license"] = if declared.license.is_empty() {
        json!({ "name": "No license is stated", "identifier": "LicenseRef-none-stated" })
    } else {
        json!({ "name": declared.license, "identifier": declared.license })
    };
    info
}

fn servers(settings: &Settings) -> Vec<Json> {
    let base = settings.site.base_path();
    let here = json!({ "url": if base.is_empty() { "/" } else { base }, "description": "the host of this document" });
    let canonical = Some(&settings.site.base_url).filter(|url| !url.is_empty());
    let canonical = canonical.map(|url| json!({ "url": url, "description": "the published site" }));
    [here].into_iter().chain(canonical).collect()
}

fn tags(settings: &Settings, api: &Api) -> Vec<Json> {
    let used = settings.surfaces.iter().enumerate().filter(|(at, _)| api.operations.iter().any(|o| o.surface == *at));
    let about = |shape| match shape {
        Shape::Bare => "bare arrays and objects",
        Shape::Envelope => "answers in an envelope of `data`, `meta` and `links`",
    };
    let used = used.map(|(_, surface)| json!({ "name": surface.name, "description": about(surface.shape) }));
    used.chain(settings.writes.are_there().then(written::tag)).collect()
}

fn get(settings: &Settings, operation: &Operation, example: Option<Example>) -> Get {
    let (slugs, body) = example.map_or_else(Default::default, |example| (example.fields, example.body));
    let mut parameters: Vec<Json> = operation
        .fields
        .iter()
        .enumerate()
        .map(|(at, field)| {
            let mut parameter = path_parameter(field, slugs.get(at), &taken(settings, operation, at));
            if operation.kind == OperationKind::Receipt {
                parameter = receipt_parameter(field);
            }
            if let Some(values) = closed(settings, operation, field) {
                parameter["schema"] = json!({ "type": "string", "enum": values });
            }
            parameter
        })
        .collect();
    parameters.extend(rows_parameter(operation));
    let mut responses = BTreeMap::new();
    responses.insert("200", done(operation, body));
    let not_modified =
        Response { description: "What the client has is still the answer", headers: etag(), content: BTreeMap::new() };
    responses.insert("304", not_modified);
    responses.insert("404", problem("There is no such answer"));
    // What stands in the path may be no part of one.
    if !operation.kind.is_meta() || !operation.fields.is_empty() {
        responses.insert("400", problem("The request is refused"));
    }
    Get {
        operation_id: operation.id.clone(),
        summary: operation.summary.clone(),
        description: description(operation),
        tags: [settings.surfaces[operation.surface].name.clone()],
        parameters,
        responses,
        page_size: match operation.kind {
            OperationKind::Page { size } => Some(size),
            _ => None,
        },
    }
}

fn description(operation: &Operation) -> String {
    let path = &operation.path;
    match (operation.kind, &operation.parameter) {
        (OperationKind::List { default, max }, Some(parameter)) => {
            let rows = default.map_or_else(|| "all rows".to_owned(), |rows| format!("{rows} rows"));
            format!(
                "Without `limit`: {rows}. With it exactly as many, up to {max}, or as many as there are. \
                 The same rows stand at `{path}/limit/{{{parameter}}}`, for hosts that serve plain files."
            )
        }
        (OperationKind::Page { size }, _) => format!("Pages have {size} rows; the first is always there."),
        (OperationKind::Receipt, _) => {
            "Not there until a release was made with the write, or without it, and not any more when its record is deleted."
                .to_owned()
        }
        _ => String::new(),
    }
}

fn path_parameter(name: &str, example: Option<&String>, taken: &[String]) -> Json {
    let elsewhere = match taken {
        [] => String::new(),
        // Said in words: a `not` in the schema would lead tools to ask for it, and they would get the other answer.
        taken => format!(
            " (not {}, which is a path of its own)",
            taken.iter().map(|t| format!("`{t}`")).collect::<Vec<_>>().join(", ")
        ),
    };
    let description = format!("`{name}` in its URL form; letter case does not matter{elsewhere}");
    let mut parameter =
        json!({ "name": name, "in": "path", "required": true, "description": description, "schema": segment() });
    if let Some(example) = example {
        parameter["example"] = json!(example);
    }
    parameter
}

/// What a segment of a path may be.
fn segment() -> Json {
    json!({
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST_SLUG,
        // No slash, no control character, and no dot to begin with.
        "pattern": "^[^./\\\\\\u0000-\\u001f\\u007f-\\u009f][^/\\\\\\u0000-\\u001f\\u007f-\\u009f]*$"
    })
}

/// The id that the endpoint answers a write with.
fn receipt_parameter(name: &str) -> Json {
    let schema = json!({ "type": "string", "pattern": "^[0-9a-f]{32}$" });
    let description = "the id that the write was answered with";
    json!({ "name": name, "in": "path", "required": true, "description": description, "schema": schema })
}

/// The slugs of a group whose values are listed: it answers for those and for no other.
fn closed(settings: &Settings, operation: &Operation, field: &str) -> Option<Vec<String>> {
    let group = settings.views[operation.view?].group.as_ref().filter(|group| group.field.value == field)?;
    let values = group.values.as_ref().filter(|values| !values.is_empty())?;
    let mut slugs: Vec<String> = values.iter().filter_map(|value| slug(&value.value).ok()).collect();
    slugs.sort_unstable();
    slugs.dedup();
    Some(slugs)
}

/// Values of a field that another operation answers, such as `recent` beside `users/{githubProfile}`.
fn taken(settings: &Settings, operation: &Operation, field: usize) -> Vec<String> {
    use crate::model::Segment;
    let Some(view) = operation.view else { return Vec::new() };
    let own = &settings.views[view].path.value.segments;
    let position = own.iter().enumerate().filter(|(_, s)| matches!(s, Segment::Field(_))).nth(field).map(|(at, _)| at);
    let Some(position) = position else { return Vec::new() };
    let others = settings.views.iter().filter(|other| other.surfaces.contains(&operation.surface));
    let mut taken: Vec<String> = others
        .filter_map(|other| {
            let segments = &other.path.value.segments;
            let alike = segments.len() == own.len()
                && segments.iter().zip(own).enumerate().all(|(at, (theirs, ours))| at == position || theirs == ours);
            match segments.get(position) {
                Some(Segment::Literal(text)) if alike => Some(text.to_ascii_lowercase()),
                _ => None,
            }
        })
        .collect();
    taken.sort_unstable();
    taken.dedup();
    taken
}

fn rows_parameter(operation: &Operation) -> Option<Json> {
    let name = operation.parameter.as_ref()?;
    Some(match operation.kind {
        OperationKind::List { default, max } => json!({
            // In the query it is called `limit` whatever the path's fields are called.
            "name": "limit",
            "in": "query",
            "description": "how many rows",
            "schema": {
                "anyOf": [{ "type": "integer", "minimum": 1, "maximum": max }, { "const": "all" }],
                "default": default.map_or_else(|| json!("all"), |rows| json!(rows))
            },
            "example": max.min(5)
        }),
        _ => json!({
            "name": name,
            "in": "path",
            "required": true,
            "description": "which page, from 1",
            "schema": { "type": "integer", "minimum": 1, "maximum": 999_999_999 },
            "example": 1
        }),
    })
}

fn done(operation: &Operation, example: Option<Box<RawValue>>) -> Response {
    let content = BTreeMap::from([(JSON, Content { schema: operation.answer.clone(), example })]);
    Response { description: "The answer", headers: etag(), content }
}

fn etag() -> BTreeMap<&'static str, Json> {
    let schema = json!({ "description": "names these bytes", "schema": { "type": "string" } });
    BTreeMap::from([("ETag", schema)])
}

fn problem(description: &'static str) -> Response {
    let content = BTreeMap::from([(PROBLEM_JSON, Content { schema: reference("Problem"), example: None })]);
    Response { description, headers: BTreeMap::new(), content }
}
