//! Collecting what no kept release needs: first condemned, and deleted a week later, if still nobody needs it.

use super::channel::{self, Channel, Live};
use super::shards::is_shard;
use super::{Publisher, Target};
use crate::model::{Keep, Layout};
use crate::store::{Condition, ETag, PutError};
use anyhow::{Context, Result, anyhow, bail};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How long something stands condemned before it is deleted, in seconds: a week.
const WAIT: i64 = 7 * 24 * 60 * 60;
const DAY: i64 = 24 * 60 * 60;
/// What is condemned, and since when.
const CONDEMNED: &str = "gc/condemned.json";

#[derive(Clone, Debug, Default, Serialize)]
pub struct Collected {
    /// Releases that can no longer be gone back to.
    pub forgotten: Vec<String>,
    /// Shards that no kept release needs, and that are deleted in a week at the earliest.
    pub condemned: Vec<String>,
    /// Shards that were condemned and are needed again.
    pub spared: Vec<String>,
    /// Objects that were deleted (or would be).
    pub deleted: usize,
    /// Objects that may be deleted, and are more than one run deletes.
    pub left: usize,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Condemned {
    /// Seconds since 1970, by shard.
    since: BTreeMap<String, i64>,
}

/// Forgets releases beyond what the environment keeps, condemns what nobody needs, and deletes what was condemned long
/// enough; never more than `max_delete` objects.
///
/// # Errors
/// When a publish is in the way, or the target fails.
pub async fn collect(target: &Target, publisher: &Publisher, dry_run: bool) -> Result<Collected> {
    let mut collected = Collected::default();
    let kept = forget(target, publisher, dry_run, &mut collected).await?;
    if target.layout() == Layout::Release {
        shards(target, publisher, dry_run.then_some(&kept), &mut collected).await?;
    }
    Ok(collected)
}

/// What stands at the target once releases are forgotten: what a dry run goes by.
struct Kept {
    channel: Channel,
    /// Keys of records that go.
    records: Vec<String>,
}

/// Takes the releases off the channel that are neither among the newest nor young, and then their records.
async fn forget(target: &Target, publisher: &Publisher, dry_run: bool, collected: &mut Collected) -> Result<Kept> {
    let layout = target.layout();
    let mut read = channel::read(&target.store, layout, &target.environment.name).await?;
    let Some(current) = read.channel.current.clone() else {
        bail!("nothing is published at {} yet", target.store.name())
    };
    let Keep { releases, days } = target.environment.keep;
    let days = i64::try_from(days).unwrap_or(i64::MAX / DAY);
    let is_young =
        |at: &str| at.parse::<jiff::Timestamp>().is_ok_and(|at| publisher.seconds - at.as_second() <= days * DAY);
    let mut next = read.channel.clone();
    let kept: Vec<Live> = next
        .previous
        .iter()
        .enumerate()
        .filter(|(place, live)| place + 1 < releases || is_young(&live.published_at))
        .map(|(_, live)| live.clone())
        .collect();
    next.previous = kept;
    let names = |channel: &Channel| channel.previous.iter().map(|live| live.release.clone()).collect::<BTreeSet<_>>();
    let (before, after) = (names(&read.channel), names(&next));
    collected.forgotten = before.difference(&after).cloned().collect();
    let changed = !collected.forgotten.is_empty();
    if changed && !dry_run {
        swap(&mut read, target, next.clone()).await?;
    }
    // Records of releases that the channel no longer tells of.
    let folder = channel::record_key(layout, "").trim_end_matches(".json").to_owned();
    let listed = target.store.list(&folder).await?;
    let is_kept = |key: &str, modified: i64| {
        let release = key.strip_prefix(&folder).and_then(|name| name.strip_suffix(".json")).unwrap_or_default();
        release == current.release || after.contains(release) || publisher.seconds - modified <= days * DAY
    };
    let old: Vec<String> =
        listed.into_iter().filter(|record| !is_kept(&record.key, record.modified)).map(|record| record.key).collect();
    if !dry_run && !old.is_empty() {
        target.store.delete(&old).await?;
    }
    collected.deleted += old.len();
    Ok(Kept { channel: next, records: old })
}

async fn swap(read: &mut channel::Read, target: &Target, next: Channel) -> Result<()> {
    match read.replace(&target.store, next).await {
        Ok(()) => Ok(()),
        Err(PutError::Failed(error)) => Err(error),
        Err(PutError::Precondition) => {
            Err(anyhow!("a publish to {} went on meanwhile: run `gc` again", target.store.name()))
        }
    }
}

async fn shards(
    target: &Target,
    publisher: &Publisher,
    dry_run: Option<&Kept>,
    collected: &mut Collected,
) -> Result<()> {
    let store = &target.store;
    let (mut condemned, etag) = read_condemned(target).await?;
    let needed = needed(target, dry_run).await?;
    let there: BTreeSet<String> = store.folders("s/").await?.into_iter().filter(|name| is_shard(name)).collect();
    collected.spared = condemned.since.keys().filter(|shard| needed.contains(*shard)).cloned().collect();
    condemned.since.retain(|shard, _| there.contains(shard) && !needed.contains(shard));
    for shard in there.difference(&needed) {
        if !condemned.since.contains_key(shard) {
            condemned.since.insert(shard.clone(), publisher.seconds);
            collected.condemned.push(shard.clone());
        }
    }
    if dry_run.is_none() {
        save(target, &condemned, etag).await?;
    }
    let due: Vec<String> = condemned
        .since
        .iter()
        .filter(|(_, since)| publisher.seconds - **since >= WAIT)
        .map(|(shard, _)| shard.clone())
        .collect();
    // What was condemned while a publish was about to use it stands in a channel since; no publish takes it up later.
    let now_needed = if due.is_empty() { BTreeSet::new() } else { self::needed(target, dry_run).await? };
    let mut room = target.environment.protect.max_delete;
    for shard in due.iter().filter(|shard| !now_needed.contains(*shard)) {
        let mut objects: Vec<String> =
            store.list(&format!("s/{shard}/")).await?.into_iter().map(|object| object.key).collect();
        if objects.len() > room {
            collected.left += objects.len() - room;
            objects.truncate(room);
        }
        room -= objects.len();
        collected.deleted += objects.len();
        if dry_run.is_none() && !objects.is_empty() {
            store.delete(&objects).await?;
        }
    }
    Ok(())
}

/// Every shard of every release that a channel or a record of this target names, or would name.
async fn needed(target: &Target, would: Option<&Kept>) -> Result<BTreeSet<String>> {
    let store = &target.store;
    let own = channel::key(target.layout(), &target.environment.name);
    let goes = |record: &String| would.is_some_and(|kept| kept.records.contains(record));
    let mut needed = BTreeSet::new();
    let mut take = |live: &Live| needed.extend(live.shards.iter().flat_map(|shards| shards.digests.iter().cloned()));
    let mut told = BTreeSet::new();
    for channel in store.list("channels/").await? {
        let Some(object) = store.get(&channel.key, None).await? else { continue };
        let channel = match would {
            Some(kept) if channel.key == own => kept.channel.clone(),
            _ => serde_json::from_slice::<Channel>(&object.body)
                .with_context(|| format!("{} is no channel: nothing was deleted", channel.key))?,
        };
        for live in channel.releases() {
            told.insert(live.release.clone());
            take(live);
        }
    }
    for record in store.list("manifests/").await? {
        let release =
            record.key.strip_prefix("manifests/").and_then(|name| name.strip_suffix(".json")).unwrap_or_default();
        if told.contains(release) || goes(&record.key) {
            continue;
        }
        let Some(object) = store.get(&record.key, None).await? else { continue };
        let live: Live = serde_json::from_slice(&object.body)
            .with_context(|| format!("{} is no record of a release: nothing was deleted", record.key))?;
        take(&live);
    }
    Ok(needed)
}

/// The shards that may be deleted at any time: a publish puts none there.
///
/// # Errors
/// When the target does not tell.
pub async fn condemned(target: &Target) -> Result<BTreeSet<String>> {
    Ok(read_condemned(target).await?.0.since.into_keys().collect())
}

async fn read_condemned(target: &Target) -> Result<(Condemned, Option<ETag>)> {
    let Some(object) = target.store.get(CONDEMNED, None).await? else { return Ok((Condemned::default(), None)) };
    let condemned = serde_json::from_slice(&object.body).with_context(|| {
        format!(
            "{CONDEMNED} at {} cannot be read: delete it, and what it names is condemned again",
            target.store.name()
        )
    })?;
    Ok((condemned, Some(object.meta.etag)))
}

async fn save(target: &Target, condemned: &Condemned, etag: Option<ETag>) -> Result<()> {
    if etag.is_none() && condemned.since.is_empty() {
        return Ok(());
    }
    let condition = etag.map_or(Condition::Absent, Condition::Unchanged);
    match target.store.put_document(CONDEMNED, serde_json::to_vec_pretty(condemned)?, condition).await {
        Ok(_) => Ok(()),
        Err(PutError::Precondition) => {
            bail!("another `gc` of {} is under way: run it again later", target.store.name())
        }
        Err(PutError::Failed(error)) => Err(error),
    }
}
