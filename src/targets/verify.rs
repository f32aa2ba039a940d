//! Every live object held against the manifest: bytes and headers, and what nobody put there.

use super::channel::{self, Live};
use super::headers::RULES;
use super::manifest::Entry;
use super::put::{Progress, Report};
use super::sealed::Sealed;
use super::shards::is_shard;
use super::{Target, flat, short};
use crate::model::Layout;
use crate::store::{Condition, Headers, Meta, Put};
use anyhow::{Context, Result, bail};
use futures_util::StreamExt as _;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::Arc;

/// An object that is not as it was published.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    pub object: String,
    pub fault: Fault,
    pub repaired: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    Missing,
    /// Other bytes than the manifest says.
    Bytes,
    /// The right bytes with other headers.
    Headers,
    /// Put there by somebody else; never touched.
    Foreign,
}

#[derive(Clone, Debug, Serialize)]
pub struct Verified {
    pub release: String,
    pub objects: usize,
    /// Whether a publish was interrupted: the next one finishes it.
    pub interrupted: bool,
    pub findings: Vec<Finding>,
}

impl Verified {
    /// Whether readers get what was published. Somebody else's objects do not change that.
    pub fn agrees(&self) -> bool {
        self.findings.iter().all(|finding| finding.repaired || finding.fault == Fault::Foreign)
    }
}

/// Reads every object of the live release; `quick` trusts the checksums that the target keeps instead of reading bodies. Where
/// `sources` are given, what differs is put again from the first of them that has the right bytes.
///
/// # Errors
/// When nothing is published, or the target fails.
pub async fn verify(target: &Target, quick: bool, sources: Option<&[Sealed]>, report: &Report) -> Result<Verified> {
    let read = channel::read(&target.store, target.layout(), &target.environment.name).await?;
    let Some(live) = &read.channel.current else {
        bail!("nothing is published at {} yet: run `precast publish`", target.store.name())
    };
    let release = release(target, live, sources).await?;
    let objects = expected(target, live, &release);
    report(Progress::Start { objects: objects.len(), bytes: live.bytes });
    let known: BTreeSet<String> = objects.iter().map(|expected| expected.object.clone()).collect();
    let sources: Arc<[Sealed]> = sources.unwrap_or_default().into();
    let check =
        Arc::new(Check { target: target.clone(), live: live.clone(), quick, sources, report: Arc::clone(report) });
    let count = objects.len();
    let work = objects.into_iter().map(|expected| {
        let check = Arc::clone(&check);
        async move { tokio::spawn(async move { check.one(&expected).await }).await.context("the work was cut off")? }
    });
    let mut findings: Vec<Finding> = Vec::new();
    let mut done = futures_util::stream::iter(work).buffer_unordered(target.store.parallel());
    while let Some(found) = done.next().await {
        findings.extend(found?);
    }
    let strangers = foreign(target, &read.channel, &known).await?;
    findings.extend(strangers.into_iter().map(|object| Finding { object, fault: Fault::Foreign, repaired: false }));
    findings.sort_unstable();
    let interrupted = !read.channel.is_settled();
    Ok(Verified { release: live.release.clone(), objects: count, interrupted, findings })
}

/// An object that should be there.
struct Expected {
    object: String,
    key: Arc<str>,
    entry: Entry,
    headers: Headers,
}

fn expected(target: &Target, live: &Live, release: &Sealed) -> Vec<Expected> {
    let layout = target.layout();
    let one = |key: &Arc<str>, entry: &Entry, object: String, layout: Layout| Expected {
        object,
        key: Arc::clone(key),
        entry: entry.clone(),
        headers: layout.headers(entry),
    };
    let all = release.objects().iter();
    let mut objects: Vec<Expected> =
        all.map(|(key, entry)| one(key, entry, layout.object(key, live.shards.as_ref()), layout)).collect();
    if layout == Layout::Release {
        let plain = super::sharded::plain_keys(&live.manifest_key);
        let plain = plain.iter().filter_map(|key| release.objects().get_key_value(key.as_str()));
        objects.extend(plain.map(|(key, entry)| one(key, entry, key.to_string(), Layout::Flat)));
    }
    objects
}

/// The live release by its manifest: the target's own, or that of a source with the same manifest.
async fn release(target: &Target, live: &Live, sources: Option<&[Sealed]>) -> Result<Sealed> {
    if let Some((manifest, body)) = target.manifest_of(live).await? {
        let from = (target.store.clone(), target.layout(), live.shards.clone());
        return Ok(Sealed::live(manifest, live.manifest_key.clone(), body, live.read_at.clone(), from));
    }
    let same = |source: &&Sealed| source.manifest_digest() == live.manifest;
    let source = sources.unwrap_or_default().iter().find(same);
    source.cloned().with_context(|| {
        format!(
            "the manifest of release {} at {} is not the one that was published: run `verify --repair` where that build is, or with a replica that has it",
            short(&live.release),
            target.store.name()
        )
    })
}

struct Check {
    target: Target,
    live: Live,
    quick: bool,
    sources: Arc<[Sealed]>,
    report: Report,
}

impl Check {
    async fn one(&self, expected: &Expected) -> Result<Option<Finding>> {
        let fault = self.look(expected).await?;
        (self.report)(Progress::Done { bytes: expected.entry.size });
        let Some(fault) = fault else { return Ok(None) };
        let repaired = self.repair(expected).await?;
        Ok(Some(Finding { object: expected.object.clone(), fault, repaired }))
    }

    async fn look(&self, expected: &Expected) -> Result<Option<Fault>> {
        let Expected { object, entry, .. } = expected;
        let store = &self.target.store;
        if self.quick {
            match store.head(object).await? {
                None => return Ok(Some(Fault::Missing)),
                Some(Meta { sha256: Some(sha256), size, headers, .. }) => {
                    let same = sha256 == entry.sha256 && size == entry.size;
                    return Ok(if same { self.headers(headers.as_ref(), expected) } else { Some(Fault::Bytes) });
                }
                // The target keeps no checksum of it.
                Some(_) => {}
            }
        }
        let Some(found) = store.get(object, None).await? else { return Ok(Some(Fault::Missing)) };
        if <[u8; 32]>::from(Sha256::digest(&found.body)) != entry.sha256 {
            return Ok(Some(Fault::Bytes));
        }
        Ok(self.headers(found.meta.headers.as_ref(), expected))
    }

    fn headers(&self, kept: Option<&Headers>, expected: &Expected) -> Option<Fault> {
        let same = kept.is_none_or(|kept| self.live.rules != RULES || *kept == expected.headers);
        (!same).then_some(Fault::Headers)
    }

    async fn repair(&self, expected: &Expected) -> Result<bool> {
        let Expected { object, key, entry, headers } = expected;
        for source in self.sources.iter() {
            if source.objects().get(key).is_none_or(|there| there.sha256 != entry.sha256) {
                continue;
            }
            let Ok(content) = source.content(key, entry).await else { continue };
            let put = Put { key: object, content, sha256: entry.sha256, headers, condition: Condition::Any };
            self.target.store.put(put).await?;
            return Ok(true);
        }
        Ok(false)
    }
}

/// Objects that no release and no record of this tool accounts for.
async fn foreign(target: &Target, channel: &channel::Channel, expected: &BTreeSet<String>) -> Result<Vec<String>> {
    let ours = |key: &str| match target.layout() {
        Layout::Flat => key.starts_with(".precast/") || channel.condemned.contains_key(key),
        Layout::Release => match key.strip_prefix("s/").and_then(|rest| rest.split_once('/')) {
            // Of another release than the live one; of one that is no longer kept, `gc` takes care.
            Some((shard, _)) => is_shard(shard) && !in_live(channel, shard),
            None => ["manifests/", "channels/", "gc/", ".precast/"].iter().any(|folder| key.starts_with(folder)),
        },
    };
    let listed = target.store.list("").await?.into_iter().map(|object| object.key);
    let mut foreign = Vec::new();
    for key in listed.filter(|key| !expected.contains(key)) {
        // A publish that was interrupted may have put it, or have stopped because it stood in the way.
        let begun = target.layout() == Layout::Flat && channel.pending.contains_key(&*key);
        let is_ours = if begun { flat::is_own(target, &key, &channel.pending).await? } else { ours(&key) };
        if !is_ours {
            foreign.push(key);
        }
    }
    Ok(foreign)
}

fn in_live(channel: &channel::Channel, shard: &str) -> bool {
    let shards = channel.current.as_ref().and_then(|live| live.shards.as_ref());
    shards.is_some_and(|shards| shards.digests.iter().any(|digest| digest == shard))
}
