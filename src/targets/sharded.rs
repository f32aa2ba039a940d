//! Objects in immutable shards, and one switch: each reader sees all of one release. Nothing is replaced, so there is no
//! lock; who swaps the channel first has won.

use super::channel::{self, Live};
use super::cost::Cost;
use super::headers::{Phase, RULES};
use super::manifest::{Entry, Manifest};
use super::plan::{Origin, Plan, PlannedPut, Reason, Via, protections};
use super::put::{Puts, Report};
use super::sealed::Sealed;
use super::shards::Shards;
use super::{Publisher, Target, short, switch};
use crate::model::{CacheClass, Layout};
use crate::store::{Condition, PutError};
use anyhow::{Result, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a plan was made from.
#[derive(Clone)]
pub struct State {
    read: channel::Read,
    shards: Shards,
    /// The function of the release.
    code: Option<String>,
}

pub async fn plan(target: &Target, next: &Sealed) -> Result<(Plan, State)> {
    let read = channel::read(&target.store, Layout::Release, &target.environment.name).await?;
    let current = read.channel.current.clone();
    let live_release = current.as_ref().map(|live| live.release.as_str());
    let mut plan = Plan::new(&target.environment, target.store.name(), &next.manifest, live_release);
    if let Some((current, shards)) = current.as_ref().and_then(|live| Some((live, live.shards.clone()?)))
        && current.release == next.release()
        && current.rules == RULES
    {
        let code = if target.function().is_some() { Some(switch::code_of(target, current).await?) } else { None };
        plan.function = match (&code, target.function()) {
            (Some(code), Some((edge, name))) => edge.live_code(name).await? != *code,
            _ => false,
        };
        plan.unchanged = next.objects().len();
        return Ok((plan, State { read, shards, code }));
    }
    let live = match &current {
        Some(current) => target.manifest_of(current).await?.map(|(manifest, _)| manifest),
        None => None,
    };
    let last = current.as_ref().and_then(|live| live.shards.as_ref());
    let (shards, code) = divide(target, next, last).await?;
    plan.function = target.function().is_some();
    let there: BTreeSet<&str> = read.channel.releases().flat_map(shard_digests).collect();
    let from = current.as_ref().zip(live.as_ref());
    for (key, entry) in next.objects() {
        if there.contains(shards.of(key)) {
            plan.unchanged += 1;
        } else {
            plan.puts.push(planned(key, entry, &shards, from));
        }
    }
    plan.puts.extend(plain(next, live.as_ref()));
    if let Some(live) = &live {
        plan.refused = protections(&target.environment, live, &next.manifest, 0);
    }
    let lists = plan.puts.len().div_ceil(1000) + shards.digests.len();
    plan.cost.push(Cost::of(Layout::Release, (plan.puts.len() + lists + 2) as u64, 4));
    plan.cost.push(Cost::of(Layout::Flat, super::flat::changed(live.as_ref(), next) as u64 + 6, 6));
    Ok((plan, State { read, shards, code }))
}

fn shard_digests(live: &Live) -> impl Iterator<Item = &str> {
    live.shards.iter().flat_map(|shards| shards.digests.iter().map(String::as_str))
}

/// The shards of `next`, as many as its function has room for.
async fn divide(target: &Target, next: &Sealed, last: Option<&Shards>) -> Result<(Shards, Option<String>)> {
    let mut shards = Shards::of_release(&next.manifest, last.map(|last| &last.table));
    if target.function().is_none() {
        return Ok((shards, None));
    }
    loop {
        let code = switch::code(next, Some(&shards)).await?;
        if code.len() <= switch::LARGEST {
            return Ok((shards, Some(code)));
        }
        let Some(fewer) = shards.fewer(next.objects()) else {
            bail!(
                "the edge function would have {} bytes with the release's shards, and CloudFront takes {}: use the layout `flat`, or fewer views",
                code.len(),
                switch::LARGEST
            )
        };
        shards = fewer;
    }
}

fn planned(key: &Arc<str>, entry: &Entry, shards: &Shards, from: Option<(&Live, &Manifest)>) -> PlannedPut {
    let mut reason = Reason::New;
    let mut via = Via::Upload;
    if let Some((live, manifest)) = from
        && let Some(there) = manifest.objects.get(key)
    {
        let same_headers = live.rules == RULES && Layout::Release.headers(there) == Layout::Release.headers(entry);
        reason = match there.sha256 == entry.sha256 {
            false => Reason::Changed,
            true if !same_headers => Reason::Headers,
            true => Reason::Shard,
        };
        if there.sha256 == entry.sha256 {
            // The target has these bytes already: they need not be sent.
            let from = Layout::Release.object(key, live.shards.as_ref());
            via = Via::Copy(Box::new(Origin { from, version: None }));
        }
    }
    let object = Layout::Release.object(key, Some(shards)).into();
    PlannedPut { key: Arc::clone(key), object, bytes: entry.size, phase: Phase::of(entry), reason, via }
}

/// The bodies of a 404 stand at their own keys as well: a CDN fetches them without asking the edge function.
pub fn plain_keys(manifest_key: &str) -> [String; 2] {
    let folder = manifest_key.strip_suffix("manifest.json").unwrap_or_default();
    ["404.html".to_owned(), format!("{folder}errors/not-found.json")]
}

fn plain(next: &Sealed, live: Option<&Manifest>) -> Vec<PlannedPut> {
    let puts = plain_keys(&next.manifest_key).into_iter().filter_map(|key| {
        let (key, entry) = next.objects().get_key_value(key.as_str())?;
        let reason = match live.and_then(|live| live.objects.get(key)) {
            None => Reason::New,
            Some(there) if there == entry => return None,
            Some(_) => Reason::Changed,
        };
        let (object, key) = (Arc::clone(key), Arc::clone(key));
        Some(PlannedPut { key, object, bytes: entry.size, phase: Phase::Manifest, reason, via: Via::Upload })
    });
    puts.collect()
}

/// # Errors
/// When somebody else was faster, or the target fails: what is live stays live, and running it again finishes the work.
pub async fn apply(
    target: &Target,
    next: &Sealed,
    plan: &Plan,
    state: &State,
    publisher: &Publisher,
    report: &Report,
) -> Result<()> {
    let State { read, shards, code } = state;
    let mut read = read.clone();
    if plan.live.as_deref() == Some(next.release()) && plan.puts.is_empty() {
        let (Some(live), Some(code)) = (&read.channel.current, code) else { return Ok(()) };
        return switch::agree(target, live, code).await;
    }
    let is_plain = |put: &PlannedPut| put.object == put.key;
    let puts = Arc::new(Puts {
        store: target.store.clone(),
        next: next.clone(),
        headers: |put, entry| {
            if put.object == put.key { Layout::Flat.headers(entry) } else { Layout::Release.headers(entry) }
        },
        condition: |put| {
            if put.object == put.key && put.reason != Reason::New { Condition::Any } else { Condition::Absent }
        },
        pending: BTreeMap::new(),
        report: Arc::clone(report),
    });
    puts.all(plan.puts.iter().filter(|put| !is_plain(put))).await?;
    complete(target, plan.puts.iter().filter(|put| !is_plain(put))).await?;
    puts.all(plan.puts.iter().filter(|put| is_plain(put))).await?;
    let live = entry(next, publisher, read.channel.next_number(), shards.clone());
    let record = channel::record_key(Layout::Release, next.release());
    target.store.put_document(&record, serde_json::to_vec_pretty(&live)?, Condition::Any).await?;
    swap(&mut read, target, live.clone()).await?;
    match code {
        Some(code) => switch::agree(target, &live, code).await,
        None => Ok(()),
    }
}

/// Makes `live` current, where nobody else made another release current since the channel was read.
///
/// # Errors
/// When somebody did.
pub async fn swap(read: &mut channel::Read, target: &Target, live: Live) -> Result<()> {
    let next = read.channel.then(live.clone());
    match read.replace(&target.store, next).await {
        Ok(()) => Ok(()),
        Err(PutError::Failed(error)) => Err(error),
        Err(PutError::Precondition) => {
            let now = channel::read(&target.store, Layout::Release, &target.environment.name).await?.channel.current;
            if now.as_ref().is_some_and(|now| now.release == live.release && now.shards == live.shards) {
                return Ok(());
            }
            let (release, by) = now.map_or_else(Default::default, |live| (live.release, live.published_by));
            bail!(
                "{by} published release {} to {} while this publish was under way, and that one is live. Run it again to publish over it",
                short(&release),
                target.store.name()
            )
        }
    }
}

/// Holds the listing of every new shard against what was put.
async fn complete(target: &Target, puts: impl Iterator<Item = &PlannedPut>) -> Result<()> {
    let mut shards: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
    for put in puts {
        let shard = put.object.strip_suffix(&*put.key).unwrap_or(&put.object);
        shards.entry(shard).or_default().insert(&put.object, put.bytes);
    }
    for (shard, wanted) in shards {
        let listed = target.store.list(shard).await?;
        let there: BTreeMap<&str, u64> = listed.iter().map(|object| (object.key.as_str(), object.size)).collect();
        let missing = wanted.iter().find(|(object, bytes)| there.get(*object) != Some(bytes));
        if let Some((object, _)) = missing {
            bail!("{object} was put at {}, and is not there: nothing was switched. Run it again", target.store.name());
        }
    }
    Ok(())
}

fn entry(next: &Sealed, publisher: &Publisher, number: u64, shards: Shards) -> Live {
    Live {
        release: next.release().to_owned(),
        manifest_key: next.manifest_key.clone(),
        manifest: next.manifest_digest(),
        objects: next.objects().len(),
        bytes: next.manifest.bytes(),
        published_at: publisher.now.clone(),
        published_by: publisher.name.clone(),
        number,
        restored: None,
        read_at: next.read_at.clone(),
        rules: RULES,
        shards: Some(shards),
        version: None,
    }
}

/// How many objects a publish in this layout would put, besides what tells of the release.
pub fn changed(live: Option<&Manifest>, next: &Sealed) -> usize {
    let before = live.map(|live| Shards::of_release(live, None));
    let after = Shards::of_release(&next.manifest, before.as_ref().map(|before| &before.table));
    let there: BTreeSet<&str> = before.iter().flat_map(|before| before.digests.iter().map(String::as_str)).collect();
    let new = |(key, entry): &(&Arc<str>, &Entry)| entry.cache != CacheClass::Meta && !there.contains(after.of(key));
    next.objects().iter().filter(new).count()
}
