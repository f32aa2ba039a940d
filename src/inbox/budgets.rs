//! Counters of requests that every instance of the endpoint sees.

use super::versions::document;
use super::{Inbox, names};
use crate::store::{Condition, PutError};
use anyhow::Result;
use jiff::Timestamp;
use serde_json::json;

/// How often a counter that others change meanwhile is tried again.
const TRIES: usize = 16;

impl Inbox {
    /// Counts a request of somebody in this minute, and says whether it is within the budget. Where many requests of one
    /// come at the same moment, so that none of them can be counted, it is not.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn spend(&self, whose: &str, budget: usize, now: Timestamp) -> Result<bool> {
        let minute = now.as_second().div_euclid(60);
        let object = format!("budgets/{minute}/{}.json", names::digest(&[whose]));
        for _ in 0..TRIES {
            let (count, condition) = match self.store.get(&object, None).await? {
                None => (0, Condition::Absent),
                Some(found) => {
                    let count = document(&object, &found.body)?["count"].as_u64().unwrap_or(u64::MAX);
                    (count, Condition::Unchanged(found.meta.etag))
                }
            };
            if count >= budget as u64 {
                return Ok(false);
            }
            // The body must differ from what another writer of this moment puts: equal bodies are taken for one retry.
            let body = json!({ "count": count + 1, "by": super::wake::nonce()? });
            match self.store.put_document(&object, format!("{body}\n").into_bytes(), condition).await {
                Ok(_) => return Ok(true),
                Err(PutError::Precondition) => {}
                Err(PutError::Failed(error)) => return Err(error),
            }
        }
        Ok(false)
    }
}
