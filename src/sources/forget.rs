//! Forgets a member: facts, checks, and what an interrupted refresh has left.

use super::facts::State;
use super::journal;
use crate::model::Source;
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

/// Removes what is known of the member from every source; the key may be written in any case.
///
/// # Errors
/// When files cannot be read or written.
pub fn forget(root: &Path, sources: &[Source], member: &str) -> Result<Vec<Forgotten>> {
    let mut forgotten = Vec::new();
    for source in sources {
        let mut state = State::load(root, source)?;
        let facts = state.facts.0.remove(&member.to_ascii_lowercase());
        let before = state.checks.members.len();
        state.checks.members.retain(|key, _| !key.eq_ignore_ascii_case(member));
        let checks = state.checks.members.len() < before;
        // What a journal holds of others is asked again.
        journal::discard(root, source)?;
        if facts.is_some() {
            state.facts.save(root, source)?;
        }
        if checks {
            state.save_checks(root, source)?;
        }
        if facts.is_some() || checks {
            let days = facts.as_ref().and_then(|facts| facts.days().ok()).map_or(0, |days| days.len());
            forgotten.push(Forgotten { source: source.name.clone(), days, facts: facts.is_some(), checks });
        }
    }
    Ok(forgotten)
}
