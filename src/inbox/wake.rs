//! When a build was last asked for: at most once a minute, whoever asks.

use super::Inbox;
use super::versions::document;
use crate::model::hex;
use crate::store::{Condition, PutError};
use anyhow::{Result, anyhow};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

const OBJECT: &str = "wake.json";
/// Writes within this time are built together.
const APART: SignedDuration = SignedDuration::from_secs(60);

impl Inbox {
    /// Whether it is this caller who asks for a build now: nobody did within the last minute, and nobody else does at the
    /// same moment.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn may_wake(&self, now: Timestamp) -> Result<bool> {
        let condition = match self.store.get(OBJECT, None).await? {
            None => Condition::Absent,
            Some(found) => {
                let known = document(OBJECT, &found.body)?;
                let last: Option<Timestamp> = known["at"].as_str().and_then(|at| at.parse().ok());
                // A time that is still to come is somebody's wrong clock.
                if last.is_some_and(|last| last <= now && now.duration_since(last) < APART) {
                    return Ok(false);
                }
                Condition::Unchanged(found.meta.etag)
            }
        };
        let body = json!({ "at": now.to_string(), "by": nonce()? });
        match self.store.put_document(OBJECT, format!("{body}\n").into_bytes(), condition).await {
            Ok(_) => Ok(true),
            Err(PutError::Precondition) => Ok(false),
            Err(PutError::Failed(error)) => Err(error),
        }
    }
}

/// 32 hexadecimal digits that nobody can guess.
///
/// # Errors
/// When the system gives no randomness.
pub fn nonce() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("the system gives no randomness: {error}"))?;
    Ok(hex(&bytes))
}
