//! Doing the puts of a plan: many at once, in phases, each with the condition that keeps other people's objects.

use super::channel::Pending;
use super::manifest::Entry;
use super::plan::{Origin, PlannedPut, Via};
use super::sealed::Sealed;
use crate::model::hex;
use crate::store::{Condition, Copy, Headers, Meta, Put, PutError, Store, Written};
use anyhow::{Context, Result, anyhow};
use futures_util::StreamExt as _;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is told while a publish is under way.
#[derive(Clone, Debug)]
pub enum Progress {
    /// So many objects and bytes are to come.
    Start {
        objects: usize,
        bytes: u64,
    },
    Done {
        bytes: u64,
    },
    Say(String),
}

/// Takes what is told.
pub type Report = Arc<dyn Fn(Progress) + Send + Sync>;

/// The version that each put left, by key, where the place keeps versions.
pub type Versions = BTreeMap<Arc<str>, String>;

/// What puts have in common.
pub struct Puts {
    pub store: Store,
    pub next: Sealed,
    /// The headers of each object, and the condition under which it is put.
    pub headers: fn(&PlannedPut, &Entry) -> Headers,
    pub condition: fn(&PlannedPut) -> Condition,
    /// What an unfinished publish was about to put: key at the target, and SHA-256 in hexadecimal.
    pub pending: Pending,
    pub report: Report,
}

impl Puts {
    /// Does `puts`, all at once; what each left, by its key at the target.
    pub async fn all<'p>(self: &Arc<Self>, puts: impl Iterator<Item = &'p PlannedPut>) -> Result<Versions> {
        let work = puts.map(|put| {
            let (puts, put) = (Arc::clone(self), put.clone());
            async move {
                let task = tokio::spawn(async move {
                    let written = puts.one(&put).await?;
                    (puts.report)(Progress::Done { bytes: put.bytes });
                    Ok((put.key, written.version))
                });
                // Dropped with its task when another one fails.
                AbortOnDrop(task).join().await
            }
        });
        let mut done = futures_util::stream::iter(work).buffer_unordered(self.store.parallel());
        let mut versions = Versions::new();
        while let Some(one) = done.next().await {
            if let (key, Some(version)) = one? {
                versions.insert(key, version);
            }
        }
        Ok(versions)
    }

    async fn one(&self, put: &PlannedPut) -> Result<Written> {
        let entry = self.next.objects().get(&put.key).with_context(|| format!("the release has no {}", put.key))?;
        let headers = (self.headers)(put, entry);
        if let Via::Copy(origin) = &put.via {
            let Origin { from, version } = &**origin;
            let to = Copy { key: &put.object, sha256: entry.sha256, headers: &headers };
            if let Some(written) = self.store.copy(from, version.as_deref(), to).await? {
                return Ok(written);
            }
            if version.is_some() {
                return Err(anyhow!(
                    "{} no longer has the version of {from} that this release needs: publish that build again",
                    self.store.name()
                ));
            }
        }
        let content = self.next.content(&put.key, entry).await?;
        let upload = |condition| Put {
            key: &put.object,
            content: content.clone(),
            sha256: entry.sha256,
            headers: &headers,
            condition,
        };
        match self.store.put(upload((self.condition)(put))).await {
            Err(PutError::Precondition) => {}
            other => return Ok(other?),
        }
        // Something stands there already: our own try whose answer was lost, what an interrupted publish left, or
        // somebody else's.
        let Some(there) = self.store.head(&put.object).await? else {
            return Ok(self.store.put(upload(Condition::Any)).await?);
        };
        if there.sha256 == Some(entry.sha256) && there.headers.as_ref().is_none_or(|kept| *kept == headers) {
            return Ok(Written { etag: there.etag, version: there.version });
        }
        if !self.is_ours(&put.object, &there, entry).await? {
            return Err(anyhow!(
                "{} at {} was put there by somebody else: move it away, or publish to another prefix. Nothing that stood there was changed",
                put.object,
                self.store.name()
            ));
        }
        match self.store.put(upload(Condition::Unchanged(there.etag))).await {
            Err(PutError::Precondition) => {
                Err(anyhow!("{} changes while it is published: somebody else writes there too", put.object))
            }
            other => Ok(other?),
        }
    }

    /// Whether this tool put the object there, or somebody else the very same bytes.
    async fn is_ours(&self, object: &str, there: &Meta, entry: &Entry) -> Result<bool> {
        let pending = self.pending.get(object).and_then(|sha256| sha256.as_deref());
        let is_meant = |sha256: &[u8; 32]| *sha256 == entry.sha256 || pending == Some(hex(sha256).as_str());
        match there.sha256 {
            _ if there.is_own(is_meant) => Ok(true),
            Some(_) => Ok(false),
            None => {
                let found = self.store.get(object, None).await?;
                Ok(found.is_none_or(|found| is_meant(&Sha256::digest(&found.body).into())))
            }
        }
    }
}

struct AbortOnDrop<T>(tokio::task::JoinHandle<Result<T>>);

impl<T> AbortOnDrop<T> {
    async fn join(mut self) -> Result<T> {
        (&mut self.0).await.context("the work was cut off")?
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
