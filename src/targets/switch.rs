//! The edge function of an environment: what every viewer's request runs through.

use super::channel::{self, Live};
use super::sealed::Sealed;
use super::shards::Shards;
use super::{Target, short};
use crate::model::Layout;
use anyhow::{Context, Result, bail};

/// CloudFront's quota for the code of a function, in bytes.
pub const LARGEST: usize = 10 * 1024;
/// How often the channel may change under a switch.
const ROUNDS: usize = 20;

/// The code for a release, in shards or not.
///
/// # Errors
/// When the release has no function.
pub async fn code(next: &Sealed, shards: Option<&Shards>) -> Result<String> {
    let code = next.function().await?.context(
        "this release has no edge function: it would be larger than CloudFront takes (`precast edge` tells why)",
    )?;
    match shards {
        None => Ok(code),
        Some(shards) => shards.in_function(&code).context("this release was built by an older precast: build again"),
    }
}

/// Whether viewers' requests run through something else than the code of `next`.
///
/// # Errors
/// When CloudFront does not tell.
pub async fn differs(target: &Target, next: &Sealed, shards: Option<&Shards>) -> Result<bool> {
    let Some((edge, name)) = target.function() else { return Ok(false) };
    Ok(edge.live_code(name).await? != code(next, shards).await?)
}

/// Makes viewers' requests run through the code of `next`.
///
/// # Errors
/// When CloudFront refuses, or somebody else changes the function again and again.
pub async fn to(target: &Target, next: &Sealed, shards: Option<&Shards>) -> Result<()> {
    let Some((edge, name)) = target.function() else { return Ok(()) };
    let code = code(next, shards).await?;
    if edge.live_code(name).await? == code {
        return Ok(());
    }
    for _ in 0..ROUNDS {
        if edge.publish(name, &code).await? {
            return Ok(());
        }
    }
    bail!("somebody else changes the function {name} again and again")
}

/// Makes viewers' requests run through the code of whatever release the channel names, until both agree. `known` is the
/// code of the release that was just made current.
///
/// # Errors
/// When the target or CloudFront refuses.
pub async fn agree(target: &Target, made: &Live, known: &str) -> Result<()> {
    let Some((edge, name)) = target.function() else { return Ok(()) };
    let (mut wanted, mut code) = (made.clone(), known.to_owned());
    for _ in 0..ROUNDS {
        let published = edge.publish(name, &code).await?;
        let channel = channel::read(&target.store, Layout::Release, &target.environment.name).await?.channel;
        let Some(current) = channel.current else { bail!("the channel of {} is gone", target.store.name()) };
        let same = current.release == wanted.release && current.shards == wanted.shards;
        if published && same {
            return Ok(());
        }
        if !same {
            code = code_of(target, &current).await?;
            wanted = current;
        }
    }
    bail!("other publishes of {} went on and on: `precast status` tells what is live", target.environment.name)
}

/// The code of a release that stands at its target.
///
/// # Errors
/// When its objects are not there.
pub async fn code_of(target: &Target, live: &Live) -> Result<String> {
    let Some(shards) = &live.shards else { bail!("release {} stands in no shards", short(&live.release)) };
    let folder = live.manifest_key.strip_suffix("manifest.json").unwrap_or_default();
    let object = Layout::Release.object(&format!("{folder}edge.js"), Some(shards));
    let found = target.store.get(&object, None).await?;
    let body = found.with_context(|| format!("{} has no {object}: run `verify --repair`", target.store.name()))?.body;
    let code = String::from_utf8(body).with_context(|| format!("{object} is no text"))?;
    shards.in_function(&code).with_context(|| format!("{object} is no edge function of a release"))
}
