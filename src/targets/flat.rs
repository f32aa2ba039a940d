//! Every object at its own key: any bucket, any static host, a folder. Objects are replaced one by one, new ones first
//! and what tells of the release last, under a lease; an interrupted publish is finished by the next one.

use super::channel::{self, Invalidate, Live, Pending};
use super::cost::Cost;
use super::headers::{Phase, RULES};
use super::invalidation;
use super::manifest::{Entry, Manifest, is_key};
use super::plan::{Plan, PlannedDelete, PlannedPut, Reason, protections, unknown};
use super::put::{Progress, Puts, Report, Versions};
use super::sealed::Sealed;
use super::{Publisher, Target, lease::Lease, switch};
use crate::model::{CacheClass, Layout, hex};
use crate::store::{Condition, Meta};
use anyhow::{Context, Result, bail};
use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How long a file whose name changes with its bytes outlives the pages that name it, in seconds: a day.
const GRACE: i64 = 24 * 60 * 60;

/// So many new keys are asked for one by one; more are looked for in a listing.
const ASKED_ONE_BY_ONE: usize = 20;

/// What a plan was made from.
#[derive(Clone)]
pub struct State {
    read: channel::Read,
    /// The bytes of the channel's manifest, where they are what was published.
    live: Option<Manifest>,
}

/// What is recorded of a release, so that one can go back to it.
#[derive(Default, Serialize, Deserialize)]
struct Record {
    release: String,
    /// The version of each object.
    versions: BTreeMap<String, String>,
}

pub async fn plan(target: &Target, next: &Sealed, publisher: &Publisher) -> Result<(Plan, State)> {
    let read = channel::read(&target.store, Layout::Flat, &target.environment.name).await?;
    let current = read.channel.current.clone();
    let live_release = current.as_ref().map(|live| live.release.as_str());
    let mut plan = Plan::new(&target.environment, target.store.name(), &next.manifest, live_release);
    plan.function = switch::differs(target, next, None).await?;
    if read.channel.is_settled() && current.as_ref().is_some_and(|live| live.is(next) && live.rules == RULES) {
        plan.unchanged = next.objects().len();
        return Ok((plan, State { read, live: None }));
    }
    let live = match &current {
        Some(current) => target.manifest_of(current).await?.map(|(manifest, _)| manifest),
        None => None,
    };
    let same_rules = current.as_ref().is_some_and(|live| live.rules == RULES);
    puts(&mut plan, next, &read, live.as_ref(), same_rules)?;
    deletes(&mut plan, next, &read, live.as_ref(), publisher.seconds);
    // What tells of the release is asked for anew each time.
    let kept = |put: &&PlannedPut| put.phase != Phase::Manifest;
    let touched = plan.puts.iter().filter(kept).filter(|put| put.reason != Reason::New).map(|put| &*put.object);
    let touched: BTreeSet<&str> = touched.chain(plan.deletes.iter().map(|delete| delete.object.as_str())).collect();
    if !target.environment.distributions.is_empty() && (!plan.puts.is_empty() || !plan.deletes.is_empty()) {
        // A key that was not there may be kept as a 404.
        let new = plan.puts.iter().filter(kept).filter(|put| put.reason == Reason::New && current.is_some());
        plan.invalidate = invalidation::paths(touched.into_iter().chain(new.map(|put| &*put.object)));
    }
    if let Some(left) = &read.channel.invalidate {
        // Of an interrupted publish; told apart, they would be more than they need be.
        plan.invalidate
            .extend(left.paths.iter().filter(|path| !plan.invalidate.contains(path)).cloned().collect::<Vec<_>>());
    }
    plan.refused = match &live {
        Some(live) => protections(&target.environment, live, &next.manifest, plan.deletes.len()),
        None if current.is_some() && read.channel.pending.is_empty() => vec![unknown()],
        None => Vec::new(),
    };
    obstacles(target, next, &plan, &read.channel.pending).await?;
    plan.cost.push(Cost::of(Layout::Flat, plan.puts.len() as u64 + 6, 6).invalidating(plan.invalidate.len()));
    let sharded = super::sharded::changed(live.as_ref(), next) as u64;
    plan.cost.push(Cost::of(Layout::Release, sharded + sharded.div_ceil(1000) + 10, 4));
    Ok((plan, State { read, live }))
}

fn puts(plan: &mut Plan, next: &Sealed, read: &channel::Read, live: Option<&Manifest>, same_rules: bool) -> Result<()> {
    for (key, entry) in next.objects() {
        let reason = match live.and_then(|live| live.objects.get(key)) {
            None => Reason::New,
            Some(_) if read.channel.pending.contains_key(&**key) => Reason::Interrupted,
            Some(there) if there.sha256 != entry.sha256 => Reason::Changed,
            Some(there) if !same_rules || Layout::Flat.headers(there) != Layout::Flat.headers(entry) => Reason::Headers,
            Some(_) => {
                plan.unchanged += 1;
                continue;
            }
        };
        let (via, phase) = (next.via(key)?, Phase::of(entry));
        let (object, key) = (Arc::clone(key), Arc::clone(key));
        plan.puts.push(PlannedPut { key, object, bytes: entry.size, phase, reason, via });
    }
    // What nobody names yet goes first: if somebody else's object is in the way, readers have seen nothing.
    plan.puts.sort_by_key(|put| (put.phase == Phase::Manifest, put.reason != Reason::New, put.phase));
    Ok(())
}

/// Whether somebody else's object stands where a new one would: known before anything changes. What an interrupted
/// publish has announced is looked at when it is put.
async fn obstacles(target: &Target, next: &Sealed, plan: &Plan, pending: &Pending) -> Result<()> {
    let new = |put: &&PlannedPut| put.reason == Reason::New && !pending.contains_key(&put.object);
    let mut puts: Vec<&PlannedPut> = plan.puts.iter().filter(new).collect();
    if puts.len() > ASKED_ONE_BY_ONE {
        let there: BTreeSet<String> = target.store.list("").await?.into_iter().map(|object| object.key).collect();
        puts.retain(|put| there.contains(&*put.object));
    }
    let asked = puts.into_iter().map(|put| async move { (put, target.store.head(&put.object).await) });
    let mut asked = futures_util::stream::iter(asked).buffer_unordered(target.store.parallel());
    while let Some((put, there)) = asked.next().await {
        let there: Option<Meta> = there?;
        let wanted = next.objects().get(&put.key).map(|entry| entry.sha256);
        if there.is_some_and(|there| !there.is_own(|sha256| Some(*sha256) == wanted)) {
            bail!(
                "{} at {} was put there by somebody else: move it away, or publish to another prefix. Nothing was changed",
                put.object,
                target.store.name()
            );
        }
    }
    Ok(())
}

fn deletes(plan: &mut Plan, next: &Sealed, read: &channel::Read, live: Option<&Manifest>, now: i64) {
    let needed = |key: &str| next.objects().contains_key(key);
    let listed = live.into_iter().flat_map(|live| &live.objects);
    let gone = listed.filter(|(_, entry)| entry.cache != CacheClass::Immutable).map(|(key, _)| key);
    let mut objects: BTreeMap<String, &'static str> =
        gone.filter(|key| !needed(key)).map(|key| (key.to_string(), "gone")).collect();
    let unfinished = read.channel.pending.keys().filter(|key| !needed(key) && is_key(key));
    objects.extend(unfinished.map(|key| (key.to_string(), "interrupted")));
    let old =
        read.channel.condemned.iter().filter(|(key, since)| !needed(key) && is_key(key) && now - **since >= GRACE);
    objects.extend(old.map(|(key, _)| (key.clone(), "no release names it any more")));
    plan.deletes = objects.into_iter().map(|(object, reason)| PlannedDelete { object, reason }).collect();
}

/// # Errors
/// When somebody else publishes, or the target fails; running it again finishes the work.
pub async fn apply(
    target: &Target,
    next: &Sealed,
    plan: &Plan,
    state: &State,
    publisher: &Publisher,
    report: &Report,
) -> Result<()> {
    let waiting = |holder: &str| {
        (report)(Progress::Say(format!("waiting: {holder} seems to publish to {}", target.store.name())));
    };
    let lease = Lease::take(&target.store, &publisher.name, &publisher.now, waiting).await?;
    let done = replace(target, next, plan, state, publisher, report, &lease).await;
    lease.give_back().await;
    done
}

async fn replace(
    target: &Target,
    next: &Sealed,
    plan: &Plan,
    state: &State,
    publisher: &Publisher,
    report: &Report,
    lease: &Lease,
) -> Result<()> {
    let store = &target.store;
    let mut read = channel::read(store, Layout::Flat, &target.environment.name).await?;
    if read.etag != state.read.etag {
        bail!(
            "another publish to {} finished while this one was planned: this one did nothing. Run it again to publish over it",
            store.name()
        );
    }
    let puts = Arc::new(Puts {
        store: store.clone(),
        next: next.clone(),
        headers: |_, entry| Layout::Flat.headers(entry),
        condition: |put| if put.reason == Reason::New { Condition::Absent } else { Condition::Any },
        pending: read.channel.pending.clone(),
        report: Arc::clone(report),
    });
    let mut pending = read.channel.clone();
    pending.pending.extend(announced(target, next, plan));
    pending.invalidate = to_invalidate(plan, &read.channel);
    lease.still_held()?;
    swap(&mut read, target, pending).await?;
    make_way(target, plan).await?;
    let written = upload(target, next, plan, &puts, lease).await?;
    if !written.is_empty() {
        record(target, next, &read, &written).await?;
    }
    read.channel.pending.clear();
    let is_live = read.channel.current.as_ref().is_some_and(|live| live.is(next));
    let mut after = if plan.puts.is_empty() && is_live {
        read.channel.clone()
    } else {
        let mut live = entry(next, publisher, read.channel.next_number());
        live.version = written.get(&*next.manifest_key).cloned();
        if let Some(again) = &next.again {
            let Live { published_at, published_by, number, restored, .. } = again.clone();
            live = Live { published_at, published_by, number, restored, ..live };
        }
        read.channel.then(live)
    };
    condemn(&mut after, next, state.live.as_ref(), publisher.seconds);
    after.pending = plan.deletes.iter().map(|delete| (delete.object.as_str().into(), None)).collect();
    lease.still_held()?;
    swap(&mut read, target, after).await?;
    finish(target, plan, &mut read, &state.read.channel.pending).await
}

/// In a folder, what is gone may stand where the release needs a folder, or be a folder where it needs a file.
async fn make_way(target: &Target, plan: &Plan) -> Result<()> {
    if target.store.path().is_none() {
        return Ok(());
    }
    let below = |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
    let puts: BTreeSet<&str> = plan.puts.iter().map(|put| &*put.object).collect();
    let meets = |gone: &str| {
        let folder = format!("{gone}/");
        puts.range(folder.as_str()..).next().is_some_and(|put| below(put, gone))
            || gone.match_indices('/').any(|(end, _)| puts.contains(&gone[..end]))
    };
    let first: Vec<String> = plan
        .deletes
        .iter()
        .filter(|delete| delete.reason == "gone" && meets(&delete.object))
        .map(|delete| delete.object.clone())
        .collect();
    target.store.delete(&first).await
}

/// Puts step by step: new objects, then those that are replaced; the function; what tells of the release last.
async fn upload(target: &Target, next: &Sealed, plan: &Plan, puts: &Arc<Puts>, lease: &Lease) -> Result<Versions> {
    let step = |put: &PlannedPut| (put.reason != Reason::New, put.phase);
    // They are in this order.
    let (others, manifest) = plan.puts.split_at(plan.puts.partition_point(|put| put.phase != Phase::Manifest));
    let mut written = Versions::new();
    for now in others.chunk_by(|a, b| step(a) == step(b)) {
        lease.still_held()?;
        written.extend(puts.all(now.iter()).await?);
    }
    switch::to(target, next, None).await?;
    lease.still_held()?;
    written.extend(puts.all(manifest.iter()).await?);
    Ok(written)
}

/// What was left to forget, or what this plan adds to it, under a name of its own: the same paths of another publish are
/// another request.
fn to_invalidate(plan: &Plan, channel: &channel::Channel) -> Option<Invalidate> {
    match &channel.invalidate {
        Some(left) if left.paths == plan.invalidate => Some(left.clone()),
        _ if plan.invalidate.is_empty() => None,
        _ => {
            let step = format!("{} {} {}", channel.nonce, channel.next_number(), plan.release);
            let reference = invalidation::reference(&step, &plan.invalidate);
            Some(Invalidate { reference, paths: plan.invalidate.clone() })
        }
    }
}

/// Whether an interrupted publish put this object: it may have been somebody else's, in its way.
///
/// # Errors
/// When the target does not tell.
pub async fn is_own(target: &Target, object: &str, begun: &Pending) -> Result<bool> {
    let Some(there) = target.store.head(object).await? else { return Ok(false) };
    let announced = begun.get(object).and_then(|sha256| sha256.as_deref());
    Ok(there.is_own(|sha256| announced == Some(hex(sha256).as_str())))
}

/// Deletes what the release no longer has, when nothing names it any more, and has the caches forget what changed.
async fn finish(target: &Target, plan: &Plan, read: &mut channel::Read, begun: &Pending) -> Result<()> {
    if read.channel.is_settled() {
        return Ok(());
    }
    let mut objects = BTreeSet::new();
    for PlannedDelete { object, reason } in &plan.deletes {
        if *reason != "interrupted" || is_own(target, object, begun).await? {
            objects.insert(object.clone());
        }
    }
    if !objects.is_empty() {
        target.store.delete(&objects.iter().cloned().collect::<Vec<_>>()).await?;
    }
    if let (Some(edge), Some(Invalidate { reference, paths })) = (&target.edge, &read.channel.invalidate) {
        for distribution in &target.environment.distributions {
            edge.invalidate(distribution, paths, reference).await?;
        }
    }
    let mut done = read.channel.clone();
    done.pending.clear();
    done.invalidate = None;
    done.condemned.retain(|key, _| !objects.contains(key));
    swap(read, target, done).await
}

async fn swap(read: &mut channel::Read, target: &Target, next: channel::Channel) -> Result<()> {
    let replaced = read.replace(&target.store, next).await;
    replaced.map_err(anyhow::Error::from).with_context(|| {
        format!("the record of what is live at {} was changed by somebody else: run it again", target.store.name())
    })
}

/// What is about to be touched. Where objects say whose they are, their digests need not be kept.
fn announced(target: &Target, next: &Sealed, plan: &Plan) -> Pending {
    let told = target.store.keeps_headers();
    let sha256 = |key: &str| match next.objects().get(key) {
        Some(entry) if !told => hex(&entry.sha256).into(),
        _ => Box::default(),
    };
    let puts = plan.puts.iter().map(|put| (Arc::clone(&put.object), Some(sha256(&put.key))));
    puts.chain(plan.deletes.iter().map(|delete| (delete.object.as_str().into(), None))).collect()
}

/// Files whose names change with their bytes stay for a while: a page that is still open names them.
fn condemn(after: &mut channel::Channel, next: &Sealed, live: Option<&Manifest>, now: i64) {
    after.condemned.retain(|key, _| !next.objects().contains_key(key.as_str()));
    let immutable = live.into_iter().flat_map(|live| &live.objects).filter(|(_, e)| e.cache == CacheClass::Immutable);
    for (key, _) in immutable.filter(|(key, _)| !next.objects().contains_key(*key)) {
        after.condemned.entry(key.to_string()).or_insert(now);
    }
}

async fn record(target: &Target, next: &Sealed, read: &channel::Read, written: &Versions) -> Result<()> {
    let mut versions = match &read.channel.current {
        Some(live) => versions_of(target, &live.release).await?.unwrap_or_default(),
        None => BTreeMap::new(),
    };
    versions.retain(|key, _| next.objects().contains_key(key.as_str()));
    versions.extend(written.iter().map(|(key, version)| (key.to_string(), version.clone())));
    let record = Record { release: next.release().to_owned(), versions };
    let key = channel::record_key(Layout::Flat, next.release());
    target.store.put_document(&key, serde_json::to_vec(&record)?, Condition::Any).await?;
    Ok(())
}

/// The version of each object of an earlier release, where they were recorded.
pub async fn versions_of(target: &Target, release: &str) -> Result<Option<BTreeMap<String, String>>> {
    let found = target.store.get(&channel::record_key(Layout::Flat, release), None).await?;
    let record = found.and_then(|object| serde_json::from_slice::<Record>(&object.body).ok());
    Ok(record.filter(|record| record.release == release).map(|record| record.versions))
}

fn entry(next: &Sealed, publisher: &Publisher, number: u64) -> Live {
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
        shards: None,
        plain: Vec::new(),
        version: None,
    }
}

/// What a publish in this layout would cost.
pub fn cost(target: &Target, live: Option<&Manifest>, next: &Sealed) -> Cost {
    let same = |(key, entry): &(&Arc<str>, &Entry)| live.and_then(|live| live.objects.get(*key)) == Some(*entry);
    let changed: Vec<&str> = next.objects().iter().filter(|object| !same(object)).map(|(key, _)| &**key).collect();
    let cost = Cost::of(Layout::Flat, changed.len() as u64 + 6, 6);
    let known = target.environment.distributions.is_empty() || live.is_none();
    cost.invalidating(if known { 0 } else { invalidation::paths(changed.into_iter()).len() })
}
