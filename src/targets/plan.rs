//! What a publish is about to do, as a value: printed by `--dry-run`, and applied as it stands.

use super::cost::Cost;
use super::headers::Phase;
use super::manifest::Manifest;
use crate::model::{Environment, Layout};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    pub environment: String,
    pub target: String,
    pub layout: Layout,
    pub release: String,
    /// The release that is live before.
    pub live: Option<String>,
    /// In the order in which they are done.
    pub puts: Vec<PlannedPut>,
    pub deletes: Vec<PlannedDelete>,
    /// Objects that stand there as they should.
    pub unchanged: usize,
    /// Paths that the caches of the distributions are asked to forget.
    pub invalidate: Vec<String>,
    /// Whether the edge function is replaced.
    pub function: bool,
    /// Why this plan is not applied unless it is asked for.
    pub refused: Vec<Refusal>,
    pub cost: Vec<Cost>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedPut {
    /// The key in the release.
    pub key: Arc<str>,
    /// The key at the target.
    pub object: Arc<str>,
    pub bytes: u64,
    pub phase: Phase,
    pub reason: Reason,
    #[serde(flatten)]
    pub via: Via,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The live release has no such key.
    New,
    /// Other bytes.
    Changed,
    /// The same bytes with other headers.
    Headers,
    /// An unfinished publish may have touched it.
    Interrupted,
    /// Another object of its shard changed.
    Shard,
}

/// How the bytes come to the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "via")]
pub enum Via {
    Upload,
    /// From another object of the target, or from an earlier version of one.
    Copy(Box<Origin>),
}

/// What is copied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Origin {
    pub from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct PlannedDelete {
    pub object: String,
    pub reason: &'static str,
}

/// A protection, and how to say that it is meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    pub message: String,
    /// The option that accepts it.
    pub accept: &'static str,
}

impl Plan {
    /// An empty plan.
    pub fn new(environment: &Environment, target: &str, next: &Manifest, live: Option<&str>) -> Self {
        Self {
            environment: environment.name.clone(),
            target: target.to_owned(),
            layout: environment.layout,
            release: next.release.clone(),
            live: live.map(str::to_owned),
            puts: Vec::new(),
            deletes: Vec::new(),
            unchanged: 0,
            invalidate: Vec::new(),
            function: false,
            refused: Vec::new(),
            cost: Vec::new(),
        }
    }

    /// Bytes that are sent.
    pub fn sent(&self) -> u64 {
        self.puts.iter().filter(|put| put.via == Via::Upload).map(|put| put.bytes).sum()
    }

    pub fn uploads(&self) -> usize {
        self.puts.iter().filter(|put| put.via == Via::Upload).count()
    }

    pub fn copies(&self) -> usize {
        self.puts.len() - self.uploads()
    }
}

/// What the environment protects against, of going from `live` to `next`.
pub fn protections(environment: &Environment, live: &Manifest, next: &Manifest, deletes: usize) -> Vec<Refusal> {
    let mut refused = Vec::new();
    let protect = environment.protect;
    for (collection, before) in counted(live) {
        let after = next.records.get(&collection).copied().unwrap_or_default().min(before);
        let vanished = before - after;
        if vanished * 100 > before * protect.max_shrink as u64 {
            refused.push(Refusal {
                message: format!(
                    "{vanished} of {before} {collection} would vanish, and `max_shrink` of environment `{}` is {} %",
                    environment.name, protect.max_shrink
                ),
                accept: "--accept-shrink",
            });
        }
    }
    if deletes > protect.max_delete {
        refused.push(Refusal {
            message: format!(
                "{deletes} objects would be deleted, and `max_delete` of environment `{}` is {}",
                environment.name, protect.max_delete
            ),
            accept: "--accept-deletes",
        });
    }
    refused
}

/// Nothing can be compared with a release whose manifest is gone.
pub fn unknown() -> Refusal {
    Refusal {
        message: "the manifest of the live release is not the one that was published, so nobody knows what would vanish: run `precast verify --repair`".to_owned(),
        accept: "--accept-shrink",
    }
}

/// The records of a release; of one that does not count them, its answers.
fn counted(manifest: &Manifest) -> BTreeMap<String, u64> {
    manifest
        .records
        .iter()
        .filter(|(_, records)| **records > 0)
        .map(|(name, records)| (name.clone(), *records))
        .collect()
}
