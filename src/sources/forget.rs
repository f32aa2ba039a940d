//! Forgets a member: facts, checks, and what an interrupted refresh has left.

use super::facts::State;
use super::journal;
use super::member::same;
use crate::model::{Activity, Source};
use anyhow::Result;
use std::path::Path;

/// What was removed of one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forgotten {
    pub source: String,
    /// How many days were known.
    pub days: usize,
    pub facts: bool,
    pub checks: bool,
}

/// Removes what is known of a member from every source: under the key and those it had before, written in any case.
///
/// # Errors
/// When files cannot be read or written.
pub fn forget(root: &Path, sources: &[Source], keys: &[String]) -> Result<Vec<Forgotten>> {
    let mut forgotten = Vec::new();
    for source in sources {
        let mut state = State::load(root, source)?;
        let facts: Vec<Activity> =
            keys.iter().filter_map(|key| state.facts.0.remove(&key.to_ascii_lowercase())).collect();
        let before = state.checks.members.len();
        state.checks.members.retain(|key, _| !keys.iter().any(|forgotten| same(forgotten, key)));
        let checks = state.checks.members.len() < before;
        // What a journal holds of others is asked again.
        journal::discard(root, source)?;
        if !facts.is_empty() {
            state.facts.save(root, source)?;
        }
        if checks {
            state.save_checks(root, source)?;
        }
        if !facts.is_empty() || checks {
            let days = facts.iter().filter_map(|facts| facts.days().ok()).map(|days| days.len()).sum();
            forgotten.push(Forgotten { source: source.name.clone(), days, facts: !facts.is_empty(), checks });
        }
    }
    Ok(forgotten)
}
