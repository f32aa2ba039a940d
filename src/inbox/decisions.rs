//! What editors decide of writes that wait for them.

use super::versions::document;
use super::{Inbox, wake::nonce};
use crate::store::{Condition, PutError};
use anyhow::{Result, anyhow};
use jiff::Timestamp;
use serde_json::json;
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Approved,
    Rejected,
}

/// A decision, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    pub decision: Decision,
    pub by: String,
    pub reason: Option<String>,
}

impl Decision {
    pub fn name(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        }
    }
}

impl Inbox {
    /// Decides of a write. Says whether this decision stands: the first one does.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn decide(&self, id: &str, decided: &Decided, now: Timestamp) -> Result<bool> {
        let mut body = json!({ "decision": decided.decision.name(), "by": decided.by, "at": now.to_string() });
        if let Some(reason) = &decided.reason {
            body["reason"] = json!(reason);
        }
        // Two editors who decide the same at one moment are still two.
        body["nonce"] = json!(nonce()?);
        let body = format!("{body}\n").into_bytes();
        match self.store.put_document(&format!("decisions/{id}.json"), body, Condition::Absent).await {
            Ok(_) => Ok(true),
            Err(PutError::Precondition) => Ok(false),
            Err(PutError::Failed(error)) => Err(error),
        }
    }

    /// Every decision, by the id of the write.
    ///
    /// # Errors
    /// When the store fails, or holds something that is no decision.
    pub async fn decisions(&self) -> Result<BTreeMap<String, Decided>> {
        let mut decisions = BTreeMap::new();
        for listed in self.store.list("decisions/").await? {
            let Some(found) = self.store.get(&listed.key, None).await? else { continue };
            let known = document(&listed.key, &found.body)?;
            let decision = match known["decision"].as_str() {
                Some("approved") => Decision::Approved,
                Some("rejected") => Decision::Rejected,
                _ => return Err(anyhow!("{} is no decision", listed.key)),
            };
            let text = |name: &str| known[name].as_str().map(str::to_owned);
            let decided = Decided { decision, by: text("by").unwrap_or_default(), reason: text("reason") };
            let id = listed.key.trim_start_matches("decisions/").trim_end_matches(".json");
            decisions.insert(id.to_owned(), decided);
        }
        Ok(decisions)
    }
}
