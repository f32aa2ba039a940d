//! What a refresh of one source did.

use super::driver::Spent;
use std::time::Duration;

#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Members whose facts changed.
    pub fetched: usize,
    pub unchanged: usize,
    pub missing: usize,
    /// Members, and why nothing was learnt of them.
    pub failed: Vec<(String, String)>,
    /// Members, and what their accounts are called now.
    pub renamed: Vec<(String, String)>,
    /// Keys that members had before, and the ones they have now: their facts went with them.
    pub moved: Vec<(String, String)>,
    /// Members whose accounts are other ones than before.
    pub anew: Vec<String>,
    /// Members whose accounts have been missing for long.
    pub gone: Vec<String>,
    /// What else is to be told.
    pub notes: Vec<String>,
    /// How many members have no account here.
    pub without: usize,
    /// How many were asked by a refresh that was interrupted.
    pub resumed: usize,
    pub spent: Spent,
    pub time: Duration,
}

impl Summary {
    /// How many members something came of.
    pub fn asked(&self) -> usize {
        self.fetched + self.unchanged + self.missing + self.failed.len()
    }
}
