//! Going back to an earlier release: nothing is uploaded, nothing is built.

use super::channel::{self, Channel, Live, Restored};
use super::plan::Plan;
use super::publish::{Published, apply as publish, plan as planned};
use super::put::{Progress, Report};
use super::sealed::Sealed;
use super::{Publisher, Target, cost::Cost, flat, probe, sharded, short, switch};
use crate::model::{Layout, encode_path};
use anyhow::{Context, Result, bail};

/// What going back to a release did.
pub struct RolledBack {
    pub from: Option<String>,
    pub to: String,
    pub published: Published,
}

/// Makes an earlier release current: the one that `wanted` starts, or the last one before.
///
/// # Errors
/// When there is none, or its objects are gone.
pub async fn rollback(
    target: &Target,
    wanted: Option<&str>,
    publisher: &Publisher,
    report: &Report,
) -> Result<RolledBack> {
    let read = channel::read(&target.store, target.layout(), &target.environment.name).await?;
    let current = read.channel.current.clone();
    let from = current.as_ref().map(|live| live.release.clone());
    // A publish that was interrupted is gone back from; a rollback that was is finished, not gone further with.
    let unfinished = current.as_ref().filter(|_| !read.channel.is_settled());
    let unfinished = match (&current, target.function()) {
        (Some(live), Some((edge, name))) if target.layout() == Layout::Release && live.restored.is_some() => {
            let shows = live.shards.as_ref().is_some_and(|shards| !shards.digests.is_empty());
            let code = if shows { edge.live_code(name).await? } else { String::new() };
            let digests = live.shards.as_ref().map_or_else(String::new, |shards| shards.digests.concat());
            current.as_ref().filter(|_| !code.contains(&digests))
        }
        _ => unfinished.filter(|live| target.layout() == Layout::Flat || live.restored.is_some()),
    };
    let mut live = match (unfinished, wanted) {
        (Some(live), None) => live.clone(),
        _ => earlier(target, &read.channel, wanted).await?,
    };
    let to = live.release.clone();
    if unfinished.is_none() && from.as_ref() == Some(&to) {
        bail!("release {} is live already", short(&to));
    }
    live.restored = Some(Restored { at: publisher.now.clone(), by: publisher.name.clone() });
    let published = match target.layout() {
        Layout::Release => switched(target, read, live, report).await?,
        Layout::Flat => restored(target, live, publisher, report).await?,
    };
    Ok(RolledBack { from, to, published })
}

/// An earlier release: of the channel, or of the records that are older than it tells of.
async fn earlier(target: &Target, channel: &Channel, wanted: Option<&str>) -> Result<Live> {
    let told = channel.earlier(wanted);
    if let (Err(_), Some(wanted), Layout::Release) = (&told, wanted, target.layout()) {
        let records = target.store.list(&format!("manifests/{wanted}")).await?;
        if let [one] = records.as_slice()
            && let Some(record) = target.store.get(&one.key, None).await?
        {
            return serde_json::from_slice(&record.body)
                .with_context(|| format!("{} is no record of a release", one.key));
        }
    }
    told.cloned()
}

/// One switch to the shards of the release.
async fn switched(target: &Target, mut read: channel::Read, live: Live, report: &Report) -> Result<Published> {
    let code = if target.function().is_some() {
        Some(switch::code_of(target, &live).await?)
    } else {
        let object = target.layout().object(&live.manifest_key, live.shards.as_ref());
        if target.store.head(&object).await?.is_none() {
            bail!("the objects of release {} are gone from {}", short(&live.release), target.store.name());
        }
        None
    };
    if read.channel.current.as_ref().is_none_or(|current| current.release != live.release) {
        sharded::swap(&mut read, target, live.clone()).await?;
    }
    if let Some(code) = code {
        switch::agree(target, &live, &code).await?;
    }
    sharded::follow(&mut read, target).await?;
    let status = live.manifest_key.strip_suffix("manifest.json").map(|folder| format!("{folder}status.json"));
    let mut seen = None;
    if let (Some(url), Some(status)) = (&target.environment.url, status) {
        let url = format!("{url}{}", encode_path(&status));
        report(Progress::Say(format!("waiting for {url} to show the release")));
        probe::until(&url, &live.release).await?;
        seen = Some(true);
    }
    let cost = Cost::spent(target.layout(), target.store.counts());
    Ok(Published { changed: true, cost, edge_requests: target.edge_requests(), seen })
}

/// Every object that differs is put back from the version that the bucket kept.
async fn restored(target: &Target, live: Live, publisher: &Publisher, report: &Report) -> Result<Published> {
    let Some(versions) = flat::versions_of(target, &live.release).await?.filter(|versions| !versions.is_empty()) else {
        bail!(
            "{} keeps no versions of release {}: turn on the bucket's versioning for the next time, or publish that build again",
            target.store.name(),
            short(&live.release)
        )
    };
    let found = target.earlier_manifest(&live).await?;
    let (manifest, body) = found.with_context(|| {
        format!("{} no longer has the manifest of release {}", target.store.name(), short(&live.release))
    })?;
    let next = Sealed::earlier(live, (manifest, body), (target.store.clone(), versions));
    let planned = planned(target, &next, publisher).await?;
    let Plan { puts, deletes, .. } = &planned.plan;
    report(Progress::Say(format!("{} objects to put back, {} to delete", puts.len(), deletes.len())));
    publish(target, &next, &planned, publisher, report).await
}
