//! How many requests somebody may make in a minute.

use super::answer::Refusal;
use crate::inbox::Inbox;
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Requests a minute of one subject, where the site does not say.
pub const OF_A_SUBJECT: usize = 60;
/// Requests a minute of one address, where the site does not say.
pub const OF_AN_ADDRESS: usize = 300;
/// How many are counted at once: further ones share a counter.
const COUNTED: usize = 100_000;

/// Where requests are counted.
pub enum Budgets {
    /// By one process.
    Memory(Mutex<Minute>),
    /// By all instances together.
    Inbox,
}

/// The counters of one minute.
#[derive(Default)]
pub struct Minute {
    /// Minutes since 1970.
    minute: i64,
    counts: HashMap<String, usize>,
}

impl Budgets {
    pub fn memory() -> Self {
        Self::Memory(Mutex::default())
    }

    /// Counts a request.
    pub async fn spend(&self, inbox: &Inbox, whose: &str, budget: usize, now: Timestamp) -> Result<(), Refusal> {
        let within = match self {
            Self::Memory(minute) => minute.lock().unwrap_or_else(PoisonError::into_inner).spend(whose, budget, now),
            Self::Inbox => inbox.spend(whose, budget, now).await.map_err(|error| Refusal::failed(&error))?,
        };
        let next = u64::try_from(60 - now.as_second().rem_euclid(60)).unwrap_or(60);
        if within { Ok(()) } else { Err(Refusal::new("too-many-requests").retry_after(next)) }
    }
}

impl Minute {
    fn spend(&mut self, whose: &str, budget: usize, now: Timestamp) -> bool {
        let minute = now.as_second().div_euclid(60);
        if self.minute != minute {
            *self = Self { minute, counts: HashMap::new() };
        }
        let whose = if self.counts.len() < COUNTED || self.counts.contains_key(whose) { whose } else { "" };
        let count = self.counts.entry(whose.to_owned()).or_default();
        *count += 1;
        *count <= budget
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_for_a_minute() {
        let mut minute = Minute::default();
        let at = |second| Timestamp::from_second(second).expect("a time");
        assert!(minute.spend("a", 2, at(60)) && minute.spend("a", 2, at(119)));
        assert!(!minute.spend("a", 2, at(119)) && minute.spend("b", 2, at(119)));
        assert!(minute.spend("a", 2, at(120)));
    }

    #[test]
    fn memory_is_bounded() {
        let mut minute = Minute::default();
        for i in 0..COUNTED + 10 {
            minute.spend(&i.to_string(), 5, Timestamp::UNIX_EPOCH);
        }
        assert!(minute.counts.len() <= COUNTED + 1);
        assert!(!minute.spend("new", 5, Timestamp::UNIX_EPOCH));
    }
}
