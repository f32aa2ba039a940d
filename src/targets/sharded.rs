//! Objects in immutable shards, and one switch: each reader sees all of one release. Nothing is replaced, so there is no
//! lock; who swaps the channel first has won.

use super::channel::{self, Channel, Live, Plain};
use super::cost::Cost;
use super::headers::{Phase, RULES};
use super::manifest::{Entry, Manifest, unhex};
use super::plan::{Origin, Plan, PlannedPut, Reason, Via, protections, unknown};
use super::put::{Puts, Report};
use super::sealed::Sealed;
use super::shards::{Shards, renamed};
use super::{Publisher, Target, collect, short, switch};
use crate::model::{CacheClass, Layout, hex};
use crate::store::{Condition, Copy, Headers, PutError};
use anyhow::{Result, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a plan was made from.
#[derive(Clone)]
pub struct State {
    read: channel::Read,
    shards: Shards,
    /// The function of the release.
    pub(super) code: Option<String>,
}

pub async fn plan(target: &Target, next: &Sealed) -> Result<(Plan, State)> {
    let read = channel::read(&target.store, Layout::Release, &target.environment.name).await?;
    let current = read.channel.current.clone();
    let live_release = current.as_ref().map(|live| live.release.as_str());
    let mut plan = Plan::new(&target.environment, target.store.name(), &next.manifest, live_release);
    if let Some((current, shards)) = current.as_ref().and_then(|live| Some((live, live.shards.clone()?)))
        && current.is(next)
        && current.rules == RULES
        && read.channel.pending.is_empty()
    {
        // A function that names the release's shards is the release's.
        plan.function = match target.function() {
            Some((edge, name)) => !edge.live_code(name).await?.contains(&shards.digests.concat()),
            None => false,
        };
        let code = if plan.function { Some(switch::code_of(target, current).await?) } else { None };
        plan.unchanged = next.objects().len();
        return Ok((plan, State { read, shards, code }));
    }
    let live = match &current {
        Some(current) => target.manifest_of(current).await?.map(|(manifest, _)| manifest),
        None => None,
    };
    let last = current.as_ref().and_then(|live| live.shards.as_ref());
    let there: BTreeSet<&str> = read.channel.releases().flat_map(shard_digests).collect();
    let condemned = collect::condemned(target).await?;
    let (shards, code) = divide(target, next, last, |digest| shard_name(digest, &there, &condemned)).await?;
    // Whether there is one is better known before anything is put.
    plan.function = match (target.function(), &code) {
        (Some((edge, name)), Some(code)) => edge.live_code(name).await? != *code,
        _ => false,
    };
    let from = current.as_ref().zip(live.as_ref());
    for (key, entry) in next.objects() {
        if there.contains(shards.of(key)) {
            plan.unchanged += 1;
        } else {
            plan.puts.push(planned(key, entry, &shards, from));
        }
    }
    let objects = plain(next);
    yield_to_strangers(target, &read.channel, &objects).await?;
    plan.puts.extend(objects.iter().filter_map(|plain| planned_plain(next, plain, &shards, &read.channel)));
    plan.refused = match &live {
        Some(live) => protections(&target.environment, live, &next.manifest, 0),
        None if current.is_some() => vec![unknown()],
        None => Vec::new(),
    };
    let lists = plan.puts.len().div_ceil(1000) + shards.digests.len();
    plan.cost.push(Cost::of(Layout::Release, (plan.puts.len() + lists + 2) as u64, 4));
    plan.cost.push(super::flat::cost(target, live.as_ref(), next));
    Ok((plan, State { read, shards, code }))
}

fn shard_digests(live: &Live) -> impl Iterator<Item = &str> {
    live.shards.iter().flat_map(|shards| shards.digests.iter().map(String::as_str))
}

/// How a shard is called: by its digest; but a shard that is condemned may be deleted at any time, so that one of the
/// same objects gets another name.
fn shard_name(digest: &str, there: &BTreeSet<&str>, condemned: &BTreeSet<String>) -> String {
    let names = || std::iter::successors(Some(digest.to_owned()), |name| Some(renamed(name))).take(condemned.len() + 1);
    let known = names().find(|name| there.contains(name.as_str()));
    known.or_else(|| names().find(|name| !condemned.contains(name))).unwrap_or_else(|| digest.to_owned())
}

/// The shards of `next`, as many as its function has room for.
async fn divide(
    target: &Target,
    next: &Sealed,
    last: Option<&Shards>,
    name: impl Fn(&str) -> String,
) -> Result<(Shards, Option<String>)> {
    let mut shards = Shards::of_release(&next.manifest, last.map(|last| &last.table));
    loop {
        shards.digests.iter_mut().for_each(|digest| *digest = name(digest));
        if target.function().is_none() {
            return Ok((shards, None));
        }
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

fn plain(next: &Sealed) -> Vec<Plain> {
    let one = |key: String| {
        let (key, entry) = next.objects().get_key_value(key.as_str())?;
        Some(Plain { key: Arc::clone(key), sha256: hex(&entry.sha256), media_type: Arc::clone(&entry.media_type) })
    };
    plain_keys(&next.manifest_key).into_iter().filter_map(one).collect()
}

/// Copied from its shard, once the release is current.
fn planned_plain(next: &Sealed, plain: &Plain, shards: &Shards, channel: &Channel) -> Option<PlannedPut> {
    let there = channel.current.as_ref().and_then(|live| live.plain.iter().find(|there| there.key == plain.key));
    let reason = match there {
        _ if channel.pending.contains_key(&plain.key) => Reason::Interrupted,
        None => Reason::New,
        Some(there) if there == plain => return None,
        Some(_) => Reason::Changed,
    };
    let bytes = next.objects().get(&plain.key)?.size;
    let via = Via::Copy(Box::new(Origin { from: Layout::Release.object(&plain.key, Some(shards)), version: None }));
    let (key, object) = (Arc::clone(&plain.key), Arc::clone(&plain.key));
    Some(PlannedPut { key, object, bytes, phase: Phase::Manifest, reason, via })
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
    let in_shards = |put: &&PlannedPut| put.object != put.key;
    let current = read.channel.current.clone().filter(|live| live.is(next) && live.rules == RULES);
    let live = match current {
        Some(live) if !plan.puts.iter().any(|put| in_shards(&put)) => live,
        _ => {
            let puts = Arc::new(Puts {
                store: target.store.clone(),
                next: next.clone(),
                headers: |_, entry| Layout::Release.headers(entry),
                condition: |_| Condition::Absent,
                pending: BTreeMap::new(),
                report: Arc::clone(report),
            });
            puts.all(plan.puts.iter().filter(in_shards)).await?;
            complete(target, plan.puts.iter().filter(in_shards)).await?;
            let live = entry(next, publisher, read.channel.next_number(), shards.clone());
            yield_to_strangers(target, &read.channel, &live.plain).await?;
            let record = channel::record_key(Layout::Release, next.release());
            target.store.put_document(&record, serde_json::to_vec(&live)?, Condition::Any).await?;
            swap(&mut read, target, live.clone()).await?;
            live
        }
    };
    if let Some(code) = code {
        switch::agree(target, &live, code).await?;
    }
    follow(&mut read, target).await
}

/// # Errors
/// When somebody else's object stands where a plain one would.
async fn yield_to_strangers(target: &Target, channel: &Channel, next: &[Plain]) -> Result<()> {
    let known = |plain: &Plain| channel.releases().any(|live| live.plain.iter().any(|there| there.key == plain.key));
    for plain in next.iter().filter(|plain| !known(plain)) {
        let Some(there) = target.store.head(&plain.key).await? else { continue };
        if !there.is_own(|sha256| hex(sha256) == plain.sha256) {
            bail!(
                "{} at {} was put there by somebody else: move it away, or publish to another prefix. Nothing was switched",
                plain.key,
                target.store.name()
            );
        }
    }
    Ok(())
}

/// Copies the plain objects that are still those of another release than the current one.
///
/// # Errors
/// When the current release does not have them.
pub async fn follow(read: &mut channel::Read, target: &Target) -> Result<()> {
    let Some(live) = read.channel.current.clone().filter(|_| !read.channel.pending.is_empty()) else { return Ok(()) };
    for Plain { key, sha256, media_type } in
        live.plain.iter().filter(|plain| read.channel.pending.contains_key(&plain.key))
    {
        let from = Layout::Release.object(key, live.shards.as_ref());
        let headers = Headers { content_type: media_type.to_string(), cache_control: Layout::REPLACED.to_owned() };
        let to = Copy { key, sha256: unhex(sha256).unwrap_or_default(), headers: &headers };
        if target.store.copy(&from, None, to).await?.is_none() {
            bail!("{from} is not at {}: run `verify --repair`", target.store.name());
        }
    }
    let mut done = read.channel.clone();
    done.pending.clear();
    match read.replace(&target.store, done).await {
        // Who made another release current has read that this is pending, and does it.
        Ok(()) | Err(PutError::Precondition) => Ok(()),
        Err(PutError::Failed(error)) => Err(error),
    }
}

/// Makes `live` current, where nobody else made another release current since the channel was read.
///
/// # Errors
/// When somebody did.
pub async fn swap(read: &mut channel::Read, target: &Target, live: Live) -> Result<()> {
    let mut next = read.channel.then(live.clone());
    let there = read.channel.current.iter().flat_map(|current| &current.plain).collect::<Vec<_>>();
    let to_follow = live.plain.iter().filter(|plain| !there.contains(plain));
    next.pending.extend(to_follow.map(|plain| (Arc::clone(&plain.key), Some(Box::default()))));
    match read.replace(&target.store, next).await {
        Ok(()) => Ok(()),
        Err(PutError::Failed(error)) => Err(error),
        Err(PutError::Precondition) => {
            let there = channel::read(&target.store, Layout::Release, &target.environment.name).await?;
            let now = there.channel.current.clone();
            if now.as_ref().is_some_and(|now| now.release == live.release && now.shards == live.shards) {
                *read = there;
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
        plain: plain(next),
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
