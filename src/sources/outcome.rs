//! What came of asking about a member.

use crate::model::Days;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A line of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub member: String,
    pub at: Timestamp,
    pub came: Came,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Came {
    Seen(Seen),
    /// There is no such account.
    Missing,
    /// Nothing was learnt, and why.
    Failed(String),
}

/// What was seen of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Seen {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// As the service calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// As the record calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written: Option<String>,
    /// Whether it is another account than the one that facts are known of.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub anew: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    pub days: Vec<Stretch>,
}

/// Days in a row, as facts write them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    from: Date,
    days: String,
}

impl Stretch {
    pub fn new(from: Date, counts: &[Option<u32>]) -> Self {
        let mut days = Days::none(from);
        days.learn(from, counts);
        Self { from: days.from(), days: days.to_string() }
    }

    /// Its first day, and the count of each.
    pub fn counts(&self) -> (Date, Vec<Option<u32>>) {
        let days = Days::parse(self.from, &self.days).unwrap_or_else(|_| Days::none(self.from));
        let counts = days.runs().iter().flat_map(|run| std::iter::repeat_n(run.count, run.days as usize)).collect();
        (days.from(), counts)
    }
}
