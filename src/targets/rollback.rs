//! Going back to an earlier release: nothing is uploaded, nothing is built.

use super::channel::{self, Channel, Live, Restored};
use super::plan::Plan;
use super::publish::{Published, apply as publish, plan as planned};
use super::put::{Progress, Report};
use super::sealed::Sealed;
use super::{Publisher, Target, cost::Cost, flat, probe, sharded, short, switch};
use crate::model::{Layout, encode_path};
use anyhow::{Context, Result, bail};

/// What going back to a release does, or did.
pub struct RolledBack {
    pub from: Option<String>,
    pub to: String,
    /// What is put back, at keys of their own; one switch needs no plan.
    pub plan: Option<Plan>,
    /// `None` for a dry run.
    pub published: Option<Published>,
}

/// Makes an earlier release current: the one that `wanted` starts, or the last one before. A dry run changes nothing.
///
/// # Errors
/// When there is none, or its objects are gone.
pub async fn rollback(
    target: &Target,
    wanted: Option<&str>,
    publisher: &Publisher,
    report: &Report,
    dry_run: bool,
) -> Result<RolledBack> {
    let wanted = wanted.map(str::to_ascii_lowercase);
    let wanted = wanted.as_deref();
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
    let mut back = RolledBack { from, to, plan: None, published: None };
    match target.layout() {
        Layout::Release => {
            let code = code_of(target, &live).await?;
            if !dry_run {
                back.published = Some(switched(target, read, live, code, report).await?);
            }
        }
        Layout::Flat => {
            let next = versions(target, live).await?;
            let planned = planned(target, &next, publisher).await?;
            if !dry_run {
                let Plan { puts, deletes, .. } = &planned.plan;
                report(Progress::Say(format!("{} objects to put back, {} to delete", puts.len(), deletes.len())));
                back.published = Some(publish(target, &next, &planned, publisher, report).await?);
            }
            back.plan = Some(planned.plan);
        }
    }
    Ok(back)
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

/// The function of a release whose shards are still there.
async fn code_of(target: &Target, live: &Live) -> Result<Option<String>> {
    if target.function().is_some() {
        return Ok(Some(switch::code_of(target, live).await?));
    }
    let object = target.layout().object(&live.manifest_key, live.shards.as_ref());
    if target.store.head(&object).await?.is_none() {
        bail!("the objects of release {} are gone from {}", short(&live.release), target.store.name());
    }
    Ok(None)
}

/// One switch to the shards of the release.
async fn switched(
    target: &Target,
    mut read: channel::Read,
    live: Live,
    code: Option<String>,
    report: &Report,
) -> Result<Published> {
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

/// The release as the bucket kept it, in versions of its objects.
async fn versions(target: &Target, live: Live) -> Result<Sealed> {
    let Some(versions) = flat::versions_of(target, &live.release).await?.filter(|versions| !versions.is_empty()) else {
        bail!(
            "{} keeps no versions of release {}: publish that build again; for the next time, {}",
            target.store.name(),
            short(&live.release),
            if target.store.is_bucket() { "turn on the bucket's versioning" } else { "use the layout `release`" }
        )
    };
    let found = target.earlier_manifest(&live).await?;
    let (manifest, body) = found.with_context(|| {
        format!("{} no longer has the manifest of release {}", target.store.name(), short(&live.release))
    })?;
    Ok(Sealed::earlier(live, (manifest, body), (target.store.clone(), versions)))
}
