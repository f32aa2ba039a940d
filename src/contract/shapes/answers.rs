//! `schemas/answers/<operation>.json`: what each answer looks like, each document complete in itself.

use super::api::{Api, Operation, OperationKind};
use super::examples::{below, surface_of};
use super::schemas::{DIALECT, schema_artifact};
use crate::model::{Artifact, CacheClass, Settings};
use serde_json::{Map, Value as Json, json};

/// The schema of each operation's answer, under the home surface; and that of every problem document.
pub fn answer_schemas(settings: &Settings, api: &Api) -> Vec<Artifact> {
    let Some(surface) = settings.home_surface() else { return Vec::new() };
    let artifact = |name: &str, document: &Json| schema_artifact(surface.key(&schema_path(name)), document);
    let answers = api.operations.iter().map(|operation| artifact(&operation.id, &standalone(settings, api, operation)));
    let problem =
        api.components.get(PROBLEM).map(|schema| artifact(PROBLEM, &document(settings, api, PROBLEM, schema)));
    answers.chain(problem).collect()
}

const PROBLEM: &str = "Problem";

fn schema_path(name: &str) -> String {
    format!("schemas/answers/{name}.json")
}

/// The schema of an operation's answer as a document of its own.
pub fn standalone(settings: &Settings, api: &Api, operation: &Operation) -> Json {
    document(settings, api, &operation.id, &operation.answer)
}

/// The schema of problem documents.
pub fn problem_schema(settings: &Settings, api: &Api) -> Json {
    document(settings, api, PROBLEM, api.components.get(PROBLEM).unwrap_or(&Json::Bool(true)))
}

fn document(settings: &Settings, api: &Api, name: &str, answer: &Json) -> Json {
    let mut schema = Map::from_iter([("$schema".to_owned(), json!(DIALECT)), ("title".to_owned(), json!(name))]);
    if let Some(surface) = settings.home_surface().filter(|_| !settings.site.base_url.is_empty()) {
        let id = format!("{}{}/{}", settings.site.base_url, surface.prefix, schema_path(name));
        schema.insert("$id".to_owned(), json!(id));
    }
    if let Json::Object(keywords) = answer {
        schema.extend(keywords.iter().map(|(keyword, value)| (keyword.clone(), value.clone())));
    }
    let needed = api.needed_by([answer].into_iter());
    if !needed.is_empty() {
        schema.insert("$defs".to_owned(), json!(needed));
    }
    let mut schema = Json::Object(schema);
    super::rows::redirect(&mut schema, "#/components/schemas/", "#/$defs/");
    schema
}

/// The operation that an artifact answers; `None` where it is none's.
pub fn operation_of<'a>(settings: &Settings, api: &'a Api, artifact: &Artifact) -> Option<&'a Operation> {
    let Some(view) = artifact.origin.view() else {
        let own = |operation: &&Operation| match operation.kind {
            OperationKind::Meta => operation.path.trim_start_matches('/') == artifact.key,
            OperationKind::Receipt => {
                let (folder, _) = operation.path.split_once('{').unwrap_or_default();
                artifact.cache == CacheClass::Meta && artifact.key.starts_with(folder.trim_start_matches('/'))
            }
            _ => false,
        };
        return api.operations.iter().find(own);
    };
    let path = artifact.key.strip_suffix(".json")?;
    let surface = surface_of(settings, view, path)?;
    let mut further = below(settings, surface, path).split('/').skip(settings.views[view].path.value.segments.len());
    let paged = further.next() == Some("page");
    let mut operations = api.operations.iter().filter(|o| o.view == Some(view) && o.surface == surface);
    operations.find(|operation| matches!(operation.kind, OperationKind::Page { .. }) == paged)
}
