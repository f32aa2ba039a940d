//! Activity to scores: sums, streaks and windows of the facts in `data/activity/`, as of any day. Pure: the same facts
//! and the same instant give the same numbers.

mod change;
mod count;
mod explain;
mod facts;
mod freshness;
mod known;
mod member;
mod shown;
mod streak;

pub use count::{Counted, Seen, count};
pub use freshness::Freshness;
pub use known::{Known, Stretch};
pub use streak::{Course, Streak, streak};

use crate::model::{
    Diagnostic, Inputs, Laid, Name, Number, Overlay, Overlays, Record, Removed, Score, Settings, Source, Value,
};
use facts::Facts;
use jiff::Timestamp;
use member::{Member, Members};
use rayon::prelude::*;
use std::sync::Arc;

/// How a score is made of counts. It is part of the output: another rule has another name.
pub const FORMULA: &str = "capped-days-1";

/// The facts of every source, at one instant.
pub struct Scores<'a> {
    settings: &'a Settings,
    facts: Arc<Vec<Facts>>,
    now: Timestamp,
}

impl<'a> Scores<'a> {
    /// Reads the facts; what is no fact is told. Of members whom `gone` knows (by the index of their collection) nothing is
    /// kept.
    pub fn read(
        settings: &'a Settings,
        inputs: &Inputs,
        now: Timestamp,
        gone: &dyn Fn(usize) -> Option<&'a Removed>,
    ) -> (Self, Vec<Diagnostic>) {
        let mut faults = Vec::new();
        let read = |source: &Source| {
            let mut facts = facts::read(source, inputs, &mut faults);
            if let Some(gone) = gone(source.members).filter(|gone| !gone.is_empty()) {
                facts.forget(gone);
            }
            facts
        };
        let facts = settings.sources.iter().map(read).collect();
        (Self { settings, facts: Arc::new(facts), now }, faults)
    }

    fn laid(scores: &[(&Score, Members<'_>)], at: usize, record: &Record, days_ago: u32) -> Laid {
        let (mut values, mut there) = (Vec::new(), true);
        for (score, members) in scores {
            let member = members.get(at);
            let counted = member.counted(score, days_ago);
            there &= member.is_there(score, days_ago);
            // What nobody has looked at stays as it is written.
            let unseen = counted.is_none();
            let zero = || Counted { windows: vec![0; score.windows.len()], ..Counted::default() };
            let mut counted = counted.unwrap_or_else(zero);
            counted.streak.provisional |= unseen;
            for (field, value) in fields(score, &counted) {
                let keeps = unseen && record.get(field).is_some_and(|value| *value != Value::Null);
                values.push((!keeps).then_some(value));
            }
        }
        Laid { values, there }
    }
}

/// The members that a score computes, and their values.
fn fields<'s>(score: &'s Score, counted: &Counted) -> Vec<(&'s str, Value)> {
    let number = |number: u64| Value::Number(Number::Int(i64::try_from(number).unwrap_or(i64::MAX)));
    let into = &score.into;
    let fixed = [
        (&into.score, number(counted.score)),
        (&into.streak, number(counted.streak.current.into())),
        (&into.longest, number(counted.streak.longest.into())),
        (&into.active, number(counted.active.into())),
        (&into.provisional, Value::Bool(counted.streak.provisional)),
    ];
    let fixed = fixed.into_iter().filter_map(|(field, value)| Some((field.as_deref()?, value)));
    let windows = score.windows.iter().zip(&counted.windows).map(|((field, _), sum)| (field.as_str(), number(*sum)));
    fixed.chain(windows).collect()
}

impl Overlays for Scores<'_> {
    fn over(&self, collection: usize, records: &[Record], days_ago: &[u32]) -> Option<Overlay> {
        let mut unreadable = Vec::new();
        let scores: Vec<(&Score, Members<'_>)> = self
            .settings
            .scores_of(collection)
            .map(|score| (score, Members::read(self, score, records, &mut unreadable)))
            .collect();
        if scores.is_empty() {
            return None;
        }
        let names: Vec<Name> = scores.iter().flat_map(|(score, _)| score.fields()).map(Arc::from).collect();
        let of = |days_ago: &u32| {
            let each = records.par_iter().enumerate();
            each.map(|(at, record)| Self::laid(&scores, at, record, *days_ago)).collect()
        };
        Some(Overlay { names, days: days_ago.iter().map(of).collect(), unreadable })
    }

    fn next_change(&self, collection: usize, records: &[Record], movements: &[u32]) -> Option<Timestamp> {
        self.next_midnight(collection, records, movements)
    }
}
