//! One answer of the release for each operation.

use super::api::{Operation, OperationKind};
use crate::model::{Artifact, ArtifactOrigin, Segment, Settings};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// A longer answer is no example that somebody reads.
const LONGEST: usize = 8 * 1024;
/// Of how many documents the first that is short enough is looked for.
const LOOKED_AT: usize = 50;

/// Bodies of answers, found by view and surface.
pub struct Examples<'a> {
    artifacts: &'a [Artifact],
    /// View and surface to the paths (keys without `.json`) of the first default answers.
    paths: BTreeMap<(usize, usize), Vec<&'a str>>,
}

/// What an operation is asked and answers.
pub struct Example {
    /// The slug in place of each field of the path.
    pub fields: Vec<String>,
    pub body: Option<Box<RawValue>>,
}

impl<'a> Examples<'a> {
    /// `artifacts` are in order of key.
    pub fn new(settings: &Settings, artifacts: &'a [Artifact]) -> Self {
        let mut paths: BTreeMap<(usize, usize), Vec<&str>> = BTreeMap::new();
        for artifact in artifacts {
            let view = match artifact.origin {
                ArtifactOrigin::View(view)
                | ArtifactOrigin::Group { view, .. }
                | ArtifactOrigin::Record { view, .. } => view as usize,
                _ => continue,
            };
            let Some(path) = artifact.key.strip_suffix(".json") else { continue };
            let Some(surface) = surface_of(settings, view, path) else { continue };
            let below = below(settings, surface, path);
            if below.split('/').count() == settings.views[view].path.value.segments.len() {
                let paths = paths.entry((view, surface)).or_default();
                if paths.len() < LOOKED_AT {
                    paths.push(path);
                }
            }
        }
        Self { artifacts, paths }
    }

    pub fn of(&self, settings: &Settings, operation: &Operation) -> Option<Example> {
        let view = operation.view?;
        let paths = self.paths.get(&(view, operation.surface))?;
        let suffixes: &[&str] = match operation.kind {
            OperationKind::Document | OperationKind::Meta | OperationKind::Receipt => &[".json"],
            OperationKind::List { .. } => &["/limit/2.json", "/limit/1.json"],
            OperationKind::Page { .. } => &["/page/1.json"],
        };
        let found = paths.iter().find_map(|path| {
            let body = suffixes.iter().find_map(|suffix| self.body(&format!("{path}{suffix}")))?;
            Some((*path, body))
        });
        let (path, body) = match found {
            Some((path, body)) => (path, Some(body)),
            None => (*paths.first()?, None),
        };
        let below = below(settings, operation.surface, path);
        let segments = settings.views[view].path.value.segments.iter().zip(below.split('/'));
        let fields =
            segments.filter(|(segment, _)| matches!(segment, Segment::Field(_))).map(|(_, slug)| slug.to_owned());
        Some(Example { fields: fields.collect(), body })
    }

    fn body(&self, key: &str) -> Option<Box<RawValue>> {
        let at = self.artifacts.binary_search_by(|artifact| artifact.key.as_str().cmp(key)).ok()?;
        let body = &self.artifacts[at].body;
        let mut size = 0;
        body.each_piece(|piece| size += piece.len());
        let text = String::from_utf8(body.to_vec()).ok().filter(|_| size <= LONGEST)?;
        RawValue::from_string(text).ok()
    }
}

/// The surface of the view's answer at `path`: of those with its prefix, the one with the longest.
pub fn surface_of(settings: &Settings, view: usize, path: &str) -> Option<usize> {
    let prefix = |surface: &usize| settings.surfaces[*surface].prefix.trim_start_matches('/');
    let on = |surface: &&usize| {
        let prefix = prefix(surface);
        prefix.is_empty() || path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'))
    };
    settings.views[view].surfaces.iter().filter(on).max_by_key(|surface| prefix(surface).len()).copied()
}

/// What follows the surface's prefix.
pub fn below<'p>(settings: &Settings, surface: usize, path: &'p str) -> &'p str {
    let prefix = settings.surfaces[surface].prefix.trim_start_matches('/');
    path.strip_prefix(prefix).unwrap_or(path).trim_start_matches('/')
}
