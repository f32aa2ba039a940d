//! One publisher at a time, in the layout where objects are replaced one by one. A lease is an object that its holder
//! touches again and again; one that nobody touches is taken over.

use crate::store::{Condition, ETag, PutError, Store};
use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

const KEY: &str = ".precast/lease.json";
/// How often the holder touches its lease.
const TOUCH: Duration = Duration::from_secs(4);
/// A lease that was not touched for so long, as the one who waits sees it, is nobody's. No clock is compared with another.
const DEAD: Duration = Duration::from_secs(15);

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    /// Who publishes; empty when nobody does.
    holder: String,
    since: String,
    token: String,
    touched: u64,
}

/// Held until it is given back, or until its holder dies.
pub struct Lease {
    store: Store,
    state: Arc<Mutex<(Document, ETag)>>,
    lost: Arc<AtomicBool>,
    touching: JoinHandle<()>,
}

impl Lease {
    /// Takes the lease. Where somebody seems to hold it, waits until that one touches it (and is alive) or does not.
    ///
    /// # Errors
    /// When somebody else holds it.
    pub async fn take(store: &Store, holder: &str, now: &str, waiting: impl Fn(&str)) -> Result<Self> {
        let spread = std::collections::hash_map::RandomState::new();
        let token = format!("{:016x}", std::hash::BuildHasher::hash_one(&spread, now));
        let mine = Document { holder: holder.to_owned(), since: now.to_owned(), token, touched: 0 };
        let mut condition = Condition::Absent;
        loop {
            match put(store, &mine, condition).await {
                Ok(etag) => return Ok(Self::hold(store.clone(), mine, etag)),
                Err(PutError::Failed(error)) => return Err(error),
                Err(PutError::Precondition) => {}
            }
            condition = Self::wait(store, &waiting).await?;
        }
    }

    /// The condition under which the lease that stands there may be taken.
    async fn wait(store: &Store, waiting: &impl Fn(&str)) -> Result<Condition> {
        let read = async || -> Result<Option<(Document, ETag)>> {
            let object = store.get(KEY, None).await?;
            Ok(object.and_then(|object| Some((serde_json::from_slice(&object.body).ok()?, object.meta.etag))))
        };
        let Some((first, etag)) = read().await? else { return Ok(Condition::Absent) };
        if first.holder.is_empty() {
            return Ok(Condition::Unchanged(etag));
        }
        waiting(&first.holder);
        let mut waited = Duration::ZERO;
        while waited < DEAD {
            tokio::time::sleep(Duration::from_secs(1)).await;
            waited += Duration::from_secs(1);
            match read().await? {
                None => return Ok(Condition::Absent),
                Some((now, etag)) if now.holder.is_empty() => return Ok(Condition::Unchanged(etag)),
                Some((_, now)) if now == etag => {}
                Some((now, _)) => {
                    bail!(
                        "{} is publishing to {} since {}: this publish did nothing. Run it again when that one is done",
                        now.holder,
                        store.name(),
                        now.since
                    )
                }
            }
        }
        Ok(Condition::Unchanged(etag))
    }

    fn hold(store: Store, document: Document, etag: ETag) -> Self {
        let state = Arc::new(Mutex::new((document, etag)));
        let lost = Arc::new(AtomicBool::new(false));
        let (theirs, mine, gone) = (store.clone(), Arc::clone(&state), Arc::clone(&lost));
        let touching = tokio::spawn(async move {
            loop {
                tokio::time::sleep(TOUCH).await;
                let mut held = mine.lock().await;
                held.0.touched += 1;
                match put(&theirs, &held.0, Condition::Unchanged(held.1.clone())).await {
                    Ok(etag) => held.1 = etag,
                    Err(PutError::Precondition) => return gone.store(true, Ordering::Relaxed),
                    // The next touch may get through; if none does, another publisher takes over and the next one tells.
                    Err(PutError::Failed(_)) => {}
                }
            }
        });
        Self { store, state, lost, touching }
    }

    /// # Errors
    /// When somebody took the lease over.
    pub fn still_held(&self) -> Result<()> {
        if self.lost.load(Ordering::Relaxed) {
            bail!(
                "another publish to {} took over, because this one was not heard of for {} seconds: run it again",
                self.store.name(),
                DEAD.as_secs()
            );
        }
        Ok(())
    }

    /// Gives the lease back. One that was lost is left to who has it.
    pub async fn give_back(self) {
        self.touching.abort();
        let held = self.state.lock().await;
        let free = Document { holder: String::new(), ..held.0.clone() };
        // Whoever comes next takes an untouched lease over in any case.
        let _ = put(&self.store, &free, Condition::Unchanged(held.1.clone())).await;
    }
}

async fn put(store: &Store, document: &Document, condition: Condition) -> Result<ETag, PutError> {
    let body = serde_json::to_vec(document).map_err(|error| PutError::Failed(error.into()))?;
    Ok(store.put_document(KEY, body, condition).await?.etag)
}
