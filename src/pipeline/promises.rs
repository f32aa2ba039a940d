//! What a build promised before, and what it promises of itself.

#![allow(clippy::disallowed_methods, reason = "an I/O edge")]

use super::Report;
use crate::content::settings;
use crate::contract::{self, Api, Change, RouteTable};
use crate::model::{Artifact, Diagnostic, Place, Release, Settings, code};
use rayon::prelude::*;
use serde_json::Value as Json;
use std::sync::Arc;
use std::time::Instant;

/// The changes since the OpenAPI document `old` that break clients, each where it is declared.
pub fn broken(settings: &Settings, old: &Json, artifacts: &[Artifact]) -> Vec<Diagnostic> {
    let key = settings.home_surface().map(|home| home.key("openapi.json")).unwrap_or_default();
    let document = artifacts.iter().find(|artifact| artifact.key == key);
    let Some(new) = document.and_then(|document| serde_json::from_slice::<Json>(&document.body.to_vec()).ok()) else {
        return Vec::new();
    };
    let changes = contract::contract_changes(old, &new);
    let told = |change: &Change| {
        let message = format!("this breaks clients: {}: {}", change.path, change.message);
        let there = settings.surfaces.iter().any(|surface| surface.name == change.surface);
        let help = if there {
            format!(
                "take it back, or raise `version` under `[surfaces.{}]` when its clients know of it",
                change.surface
            )
        } else {
            format!(
                "keep `[surfaces.{}]` until nobody asks it any more, and then build once without `--against`",
                change.surface
            )
        };
        Diagnostic::error(code::BREAKING_CHANGE, declared_at(settings, change), message).help(help)
    };
    contract::broken(&changes).map(told).collect()
}

/// The view that the change speaks of, else its surface, else the file.
fn declared_at(settings: &Settings, change: &Change) -> Place {
    let Some(surface) = settings.surfaces.iter().find(|surface| surface.name == change.surface) else {
        return Place::file(settings::PATH);
    };
    let below = change.path.strip_prefix(&surface.prefix).unwrap_or(&change.path).trim_start_matches('/');
    let list = below.split_once("/page/").map_or(below, |(list, _)| list);
    let view = settings.views.iter().find(|view| {
        let path = view.path.value.to_string();
        path == below || path == list
    });
    view.map_or_else(|| surface.at.clone(), |view| view.path.at.clone())
}

/// Checks the release against its own schemas, and follows the links of its pages; what does not pass is put into the
/// report.
pub fn verified(
    settings: &Settings,
    (api, table): (&Api, &RouteTable),
    release: &Release,
    report: &mut Report,
) -> bool {
    let start = Instant::now();
    let artifacts: Vec<&Artifact> = release.artifacts.iter().map(|sealed| &sealed.artifact).collect();
    let (passed, faults) = unkept(settings, (api, table), &artifacts, &|_| false);
    report.verified = faults.is_empty().then_some(passed);
    report.time("verify", start);
    let good = faults.is_empty();
    if !good {
        report.settle(faults);
    }
    good
}

/// How many of some artifacts, in order of key, pass their schemas; what does not, and the links that lead nowhere.
/// `known` are keys of what is not among them yet.
pub fn unkept(
    settings: &Settings,
    (api, table): (&Api, &RouteTable),
    artifacts: &[&Artifact],
    known: &(dyn Fn(&str) -> bool + Sync),
) -> (usize, Vec<Diagnostic>) {
    let verified = contract::verify(settings, api, artifacts.par_iter().copied());
    let told = |mismatch: &contract::Mismatch| {
        let at = match mismatch.view {
            Some(view) => settings.views[view].path.at.clone(),
            None => Place::file(&Arc::from(settings::PATH)),
        };
        let more = match mismatch.count {
            1 => String::new(),
            count => format!(" (and {} more like it)", count - 1),
        };
        let message = format!("`{}` is not what its schema says{more}: {}", mismatch.key, mismatch.message);
        Diagnostic::error(code::SCHEMA_MISMATCH, at, message)
            .help("correct what the collection's schema says of the member, or the expression that derives it")
    };
    let mut faults: Vec<Diagnostic> = verified.mismatches.iter().map(told).collect();
    faults.extend(super::links::broken(settings, table, artifacts, known));
    (verified.passed, faults)
}
