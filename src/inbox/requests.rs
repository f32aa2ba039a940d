//! Idempotency keys: a retried request is recognised, and what it did is not done again.

use super::versions::document;
use super::{Inbox, names};
use crate::store::{Condition, PutError};
use anyhow::{Context, Result};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

/// How long an idempotency key is remembered.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What an idempotency key stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// This request, whose entry has this id, whether it is there yet or not.
    Own { id: String },
    /// Another request.
    Taken,
}

impl Inbox {
    /// Claims an idempotency key of a subject for a request, which `fingerprint` tells from any other. `id` is the entry's
    /// that the request will add, if nobody claimed the key before.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn claim(&self, owner: &[&str], fingerprint: &str, id: &str, now: Timestamp) -> Result<Claim> {
        let object = format!("requests/{}.json", names::digest(owner));
        let body = format!("{}\n", json!({ "request": fingerprint, "id": id, "at": now.to_string() }));
        let mut condition = Condition::Absent;
        loop {
            match self.store.put_document(&object, body.clone().into_bytes(), condition).await {
                Ok(_) => return Ok(Claim::Own { id: id.to_owned() }),
                Err(PutError::Precondition) => {}
                Err(PutError::Failed(error)) => return Err(error),
            }
            let Some(found) = self.store.get(&object, None).await? else {
                condition = Condition::Absent;
                continue;
            };
            let known = document(&object, &found.body)?;
            let at: Option<Timestamp> = known["at"].as_str().and_then(|at| at.parse().ok());
            let at = at.with_context(|| format!("{object} says no time"))?;
            if now.duration_since(at) > REMEMBERED {
                condition = Condition::Unchanged(found.meta.etag);
                continue;
            }
            return Ok(match (known["request"].as_str(), known["id"].as_str()) {
                (Some(request), Some(id)) if request == fingerprint => Claim::Own { id: id.to_owned() },
                _ => Claim::Taken,
            });
        }
    }
}
