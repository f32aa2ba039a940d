//! One publish: a plan, its protections, the work, and a look from outside.

use super::cost::Cost;
use super::plan::Plan;
use super::put::{Progress, Report};
use super::sealed::Sealed;
use super::{Publisher, Target, flat, probe, sharded, switch};
use crate::model::Layout;
use anyhow::{Result, bail};

/// What the one who publishes accepts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Accepted {
    pub shrink: bool,
    pub deletes: bool,
}

/// A plan, and what it was made from.
pub struct Planned {
    pub plan: Plan,
    state: State,
}

enum State {
    Flat(flat::State),
    Sharded(sharded::State),
}

/// What a publish did.
#[derive(Debug)]
pub struct Published {
    /// Whether anything was to be done.
    pub changed: bool,
    /// Requests made of the target, and their price.
    pub cost: Cost,
    /// Requests made of CloudFront.
    pub edge_requests: u64,
    /// Whether the release was seen from outside; `None` where the environment has no `url`.
    pub seen: Option<bool>,
}

/// # Errors
/// When the target does not tell what is live.
pub async fn plan(target: &Target, next: &Sealed, publisher: &Publisher) -> Result<Planned> {
    match target.layout() {
        Layout::Flat => {
            let (plan, state) = flat::plan(target, next, publisher).await?;
            Ok(Planned { plan, state: State::Flat(state) })
        }
        Layout::Release => {
            let (plan, state) = sharded::plan(target, next).await?;
            Ok(Planned { plan, state: State::Sharded(state) })
        }
    }
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.puts.is_empty()
            && self.deletes.is_empty()
            && self.invalidate.is_empty()
            && !self.function
            && self.live.as_deref() == Some(&self.release)
    }

    /// The protections that stand in the way.
    pub fn barred(&self, accepted: Accepted) -> Vec<&super::Refusal> {
        let accepts = |option: &str| match option {
            "--accept-shrink" => accepted.shrink,
            _ => accepted.deletes,
        };
        self.refused.iter().filter(|refusal| !accepts(refusal.accept)).collect()
    }
}

/// Does what the plan says, and waits until it is seen from outside.
///
/// # Errors
/// When somebody else publishes, the target fails, or the release does not appear.
pub async fn apply(
    target: &Target,
    next: &Sealed,
    planned: &Planned,
    publisher: &Publisher,
    report: &Report,
) -> Result<Published> {
    let Planned { plan, state } = planned;
    let changed = !plan.is_empty();
    if changed {
        ready(target, next, planned).await?;
        report(Progress::Start { objects: plan.puts.len(), bytes: plan.puts.iter().map(|put| put.bytes).sum() });
        match state {
            State::Flat(state) => flat::apply(target, next, plan, state, publisher, report).await?,
            State::Sharded(state) => sharded::apply(target, next, plan, state, publisher, report).await?,
        }
    }
    let seen = look(target, next, report).await?;
    Ok(Published {
        changed,
        cost: Cost::spent(target.layout(), target.store.counts()),
        edge_requests: target.edge_requests(),
        seen,
    })
}

/// Looks for what would stop the work half-way, while nothing has changed yet.
async fn ready(target: &Target, next: &Sealed, planned: &Planned) -> Result<()> {
    let Planned { plan, state } = planned;
    if let Some(edge) = &target.edge {
        let code = match (state, plan.function) {
            (_, false) => None,
            (State::Flat(_), true) => Some(switch::code(next, None).await?),
            (State::Sharded(state), true) => state.code.clone(),
        };
        let function = target.environment.function.as_deref().zip(code.as_deref());
        edge.may_change(function, &target.environment.distributions).await?;
    }
    // Shards are complete before anybody reads them; objects at their own keys are replaced one by one.
    match state {
        State::Flat(_) if plan.live.is_some() => next.intact(plan.puts.iter().map(|put| &*put.key)).await,
        _ => Ok(()),
    }
}

/// Asks at the environment's address until the release answers.
async fn look(target: &Target, next: &Sealed, report: &Report) -> Result<Option<bool>> {
    let Some(url) = target.status_url(next) else { return Ok(None) };
    if next.manifest.status_key().is_none() {
        bail!("the release has no status.json to look for at {url}");
    }
    report(Progress::Say(format!("waiting for {url} to show the release")));
    probe::until(&url, next.release()).await?;
    Ok(Some(true))
}

impl Target {
    /// Where readers find `status.json`.
    fn status_url(&self, next: &Sealed) -> Option<String> {
        let key = next.manifest.status_key()?;
        self.environment.url.as_ref().map(|url| format!("{url}{}", crate::model::encode_path(key)))
    }
}
