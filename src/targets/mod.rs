//! Releases at their targets. A plan is made from what is live and what was built; applying it makes the release live
//! for everybody, in one of two layouts: [`flat`](crate::model::Layout::Flat), where every object stands at its own key, or
//! [`release`](crate::model::Layout::Release), where they stand in immutable shards and one switch changes them all.

#![allow(clippy::disallowed_methods, reason = "an I/O edge")]

mod channel;
mod cloudfront;
mod collect;
mod cost;
mod flat;
mod headers;
mod invalidation;
mod lease;
mod manifest;
mod plan;
mod probe;
mod publish;
mod put;
mod rollback;
mod sealed;
mod sharded;
mod shards;
mod status;
mod switch;
mod verify;

pub use channel::{Channel, Live};
pub use collect::{Collected, collect};
pub use cost::Cost;
pub use plan::{Origin, Plan, PlannedDelete, PlannedPut, Reason, Refusal, Via};
pub use publish::{Accepted, Planned, Published, apply, plan};
pub use put::{Progress, Report};
pub use rollback::{RolledBack, rollback};
pub use sealed::{Sealed, short};
pub use shards::Shards;
pub use status::{Seen, Status, status};
pub use verify::{Fault, Finding, Verified, verify};

use crate::model::{Environment, Layout};
use crate::store::{Options, Store};
use anyhow::{Context, Result, bail};
use cloudfront::CloudFront;
use manifest::Manifest;
use sha2::{Digest, Sha256};
use std::path::Path;

/// An environment, opened.
#[derive(Clone)]
pub struct Target {
    pub environment: Environment,
    pub store: Store,
    /// Where the environment has a function or distributions.
    edge: Option<CloudFront>,
}

/// Who publishes, and when.
#[derive(Clone, Debug)]
pub struct Publisher {
    pub name: String,
    /// RFC 3339.
    pub now: String,
    /// Seconds since 1970.
    pub seconds: i64,
}

impl Target {
    /// Opens an environment; a relative folder is below `root`. `endpoint` stands before the environment's own.
    ///
    /// # Errors
    /// When there is no region.
    pub async fn open(environment: &Environment, root: &Path, endpoint: Option<&str>) -> Result<Self> {
        let options = Options {
            endpoint: endpoint.map(str::to_owned).or_else(|| environment.endpoint.clone()),
            region: environment.region.clone(),
            unlisted: false,
        };
        let store = Store::open(&environment.target.below(root), &options).await?;
        let has_edge = environment.function.is_some() || !environment.distributions.is_empty();
        let edge = if has_edge { Some(CloudFront::open(&options).await?) } else { None };
        Ok(Self { environment: environment.clone(), store, edge })
    }

    /// A target over a store of one's own, without an edge.
    pub fn over(environment: Environment, store: Store) -> Self {
        Self { environment, store, edge: None }
    }

    /// The replicas, each as an environment without edge and address; `Err` for one that cannot be opened.
    pub async fn replicas(&self, root: &Path, endpoint: Option<&str>) -> Vec<(String, Result<Self>)> {
        let mut replicas = Vec::new();
        for location in &self.environment.replicas {
            let environment = Environment {
                target: location.clone(),
                distributions: Vec::new(),
                function: None,
                url: None,
                replicas: Vec::new(),
                ..self.environment.clone()
            };
            replicas.push((location.to_string(), Self::open(&environment, root, endpoint).await));
        }
        replicas
    }

    fn layout(&self) -> Layout {
        self.environment.layout
    }

    fn function(&self) -> Option<(&CloudFront, &str)> {
        Some((self.edge.as_ref()?, self.environment.function.as_deref()?))
    }

    /// Requests made of CloudFront.
    pub fn edge_requests(&self) -> u64 {
        self.edge.as_ref().map_or(0, CloudFront::requests)
    }

    /// What is live, and what was.
    pub async fn channel(&self) -> Result<Channel> {
        Ok(channel::read(&self.store, self.layout(), &self.environment.name).await?.channel)
    }

    /// The manifest of the current release, and its bytes; `None` where it is not the one that was published.
    async fn manifest_of(&self, live: &Live) -> Result<Option<(Manifest, Vec<u8>)>> {
        self.manifest_at(live, None).await
    }

    /// The manifest of an earlier release, which may be an earlier version of the object.
    async fn earlier_manifest(&self, live: &Live) -> Result<Option<(Manifest, Vec<u8>)>> {
        match self.manifest_at(live, live.version.as_deref()).await? {
            None => self.manifest_at(live, None).await,
            found => Ok(found),
        }
    }

    async fn manifest_at(&self, live: &Live, version: Option<&str>) -> Result<Option<(Manifest, Vec<u8>)>> {
        let object = self.layout().object(&live.manifest_key, live.shards.as_ref());
        let body = self.store.get(&object, version).await?.map(|object| object.body);
        let body = body.filter(|body| crate::model::hex(&Sha256::digest(body)) == live.manifest);
        body.map(|body| Ok((Manifest::parse(&body, &live.manifest_key)?, body))).transpose()
    }

    /// The release that is live here, to be published elsewhere.
    ///
    /// # Errors
    /// When nothing is live, or its manifest is not what was published.
    pub async fn live_release(&self) -> Result<Sealed> {
        let channel = self.channel().await?;
        let Some(live) = channel.current else { bail!("nothing is published at {} yet", self.store.name()) };
        let found = self.manifest_of(&live).await?;
        let (manifest, body) = found.with_context(|| {
            format!("the manifest at {} is not the one that was published: run `verify --repair`", self.store.name())
        })?;
        let from = (self.store.clone(), self.layout(), live.shards);
        Ok(Sealed::live(manifest, live.manifest_key, body, live.read_at, from))
    }
}
