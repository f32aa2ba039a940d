//! Every emitted JSON document against the schema that is published for it.

use super::requests::problems::PROBLEM_JSON;
use super::shapes::{Api, operation_of, problem_schema, standalone};
use crate::model::{Artifact, ArtifactOrigin, Settings};
use jsonschema::Validator;
use rayon::prelude::*;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// What was compared.
#[derive(Debug, Default)]
pub struct Verified {
    /// Documents that pass their schema.
    pub passed: usize,
    /// JSON files that have none: the site's own, below `site/static/`.
    pub without: usize,
    /// The first document of each kind that does not, in order of key.
    pub mismatches: Vec<Mismatch>,
}

/// A document that is not what its schema says.
#[derive(Debug)]
pub struct Mismatch {
    pub key: String,
    /// Index into the settings' views.
    pub view: Option<usize>,
    pub message: String,
    /// How many documents of the same kind do not pass.
    pub count: usize,
}

enum Outcome {
    Passed,
    Without,
    Failed { kind: String, view: Option<usize>, message: String },
}

/// Checks `artifacts`, the whole release, in parallel.
pub fn verify<'a>(settings: &Settings, api: &Api, artifacts: impl ParallelIterator<Item = &'a Artifact>) -> Verified {
    let compile = |schema: &Json| jsonschema::options().should_validate_formats(true).build(schema);
    let validators: BTreeMap<&str, Result<Validator, String>> = api
        .operations
        .iter()
        .map(|operation| {
            (operation.id.as_str(), compile(&standalone(settings, api, operation)).map_err(|e| e.to_string()))
        })
        .collect();
    let problems = compile(&problem_schema(settings, api)).map_err(|e| e.to_string());
    let judge = |artifact: &Artifact| {
        if !artifact.media_type.ends_with("json") {
            return None;
        }
        Some((artifact.key.clone(), outcome(settings, api, &validators, &problems, artifact)))
    };
    let mut outcomes: Vec<(String, Outcome)> = artifacts.filter_map(judge).collect();
    outcomes.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut verified = Verified::default();
    let mut first: BTreeMap<String, usize> = BTreeMap::new();
    for (key, outcome) in outcomes {
        match outcome {
            Outcome::Passed => verified.passed += 1,
            Outcome::Without => verified.without += 1,
            Outcome::Failed { kind, view, message } => {
                let at = *first.entry(kind).or_insert_with(|| {
                    verified.mismatches.push(Mismatch { key, view, message, count: 0 });
                    verified.mismatches.len() - 1
                });
                verified.mismatches[at].count += 1;
            }
        }
    }
    verified
}

fn outcome(
    settings: &Settings,
    api: &Api,
    validators: &BTreeMap<&str, Result<Validator, String>>,
    problems: &Result<Validator, String>,
    artifact: &Artifact,
) -> Outcome {
    let operation = operation_of(settings, api, artifact);
    let own = artifact.origin == ArtifactOrigin::Build;
    let kind = operation.map_or(artifact.media_type, |operation| operation.id.as_str()).to_owned();
    let view = operation.and_then(|operation| operation.view);
    let failed = |message: String| Outcome::Failed { kind: kind.clone(), view, message };
    let document: Json = match serde_json::from_slice(&artifact.body.to_vec()) {
        Ok(document) => document,
        Err(error) if operation.is_some() || own => return failed(format!("it is no JSON: {error}")),
        Err(_) => return Outcome::Without,
    };
    let validator = match operation {
        Some(operation) => validators.get(operation.id.as_str()),
        None if own && artifact.media_type == PROBLEM_JSON => Some(problems),
        None if own && artifact.media_type == "application/schema+json" => {
            return match jsonschema::meta::validate(&document) {
                Ok(()) => Outcome::Passed,
                Err(error) => failed(format!("it is no JSON Schema: {error}")),
            };
        }
        None => None,
    };
    match validator {
        None => Outcome::Without,
        Some(Err(error)) => failed(format!("its schema cannot be used: {error}")),
        Some(Ok(validator)) => match validator.iter_errors(&document).next() {
            None => Outcome::Passed,
            Some(error) => failed(format!("{} at `{}`", error, error.instance_path())),
        },
    }
}
