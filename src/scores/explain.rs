//! How a member's numbers came about, term by term.

use super::{Counted, Members, Scores, Seen, count, fields};
use crate::model::{Days, Name, Number, Record, Score, Value};
use jiff::civil::Date;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

impl Scores<'_> {
    /// For each record, the scores that are computed for it.
    pub fn explain(&self, collection: usize, records: &[Record]) -> Vec<Value> {
        let private = &self.settings.collections[collection].private;
        let is_private = |field: &str| private.iter().any(|name| name.value == field);
        let scores: Vec<Term<'_>> = self
            .settings
            .scores_of(collection)
            .map(|score| Term {
                score,
                rule: json(&self.formula(score)),
                members: Members::read(self, score, records, &mut Vec::new()),
                is_private: &is_private,
                in_full: !score.fields().any(is_private),
                since: !is_private(&score.joined.value) && !is_private(&score.time_zone.value),
            })
            .filter(|term| term.in_full || score_fields(term).next().is_some())
            .collect();
        let one = |(at, record): (usize, &Record)| {
            Value::List(scores.iter().map(|term| self.one(term, at, record)).collect())
        };
        records.par_iter().enumerate().map(one).collect()
    }

    fn one(&self, term: &Term<'_>, at: usize, record: &Record) -> Value {
        let Term { score, rule, members, .. } = term;
        let (member, key) = (members.get(at), members.key(at, record));
        let facts = &self.facts[score.from];
        let mut out = Map::default();
        out.text("score", &score.name);
        out.value("rule", rule.clone());
        let checked = facts.checked.get(&key).and_then(|check| check.checked_at);
        out.maybe("checkedAt", checked.map(|at| at.to_string()));
        out.maybe("countsFrom", member.start.filter(|_| term.since).map(|day| day.to_string()));
        let Some(days) = member.days else {
            out.value("known", Value::Null);
            out.text(
                "why",
                "nothing is known of this member's activity yet: the numbers are those of the record, or 0",
            );
            return out.done();
        };
        let seen = Seen { days, today: member.today, start: member.start, is_past: false };
        let counted = count(score, seen);
        let mut known = Map::default();
        known.text("from", &days.from().to_string());
        known.maybe("to", days.last().map(|day| day.to_string()));
        out.value("known", known.done());
        if term.in_full && term.since {
            out.value("months", months(score, days, member));
            out.value("capped", pair([("days", counted.capped.0.into()), ("cut", counted.capped.1)]));
            let early = ("daysBeforeStart", counted.early.into());
            out.value("excluded", pair([early, ("daysUnknown", counted.unknown.into())]));
            out.value("streak", streak(&counted));
        }
        let mut gives = Map::default();
        let public = fields(score, &counted).into_iter().filter(|(field, _)| !(term.is_private)(field));
        public.for_each(|(field, value)| gives.value(field, value));
        out.value("gives", gives.done());
        out.done()
    }
}

/// A score that is explained.
struct Term<'a> {
    score: &'a Score,
    rule: Value,
    members: Members<'a>,
    is_private: &'a (dyn Fn(&str) -> bool + Sync),
    /// Whether all that it is put into is public: the terms of a private number would tell it.
    in_full: bool,
    /// Whether it may be told from which day a member counts, and what follows from that.
    since: bool,
}

fn score_fields<'t>(term: &'t Term<'_>) -> impl Iterator<Item = &'t str> {
    term.score.fields().filter(|field| !(term.is_private)(field))
}

/// What each month adds to the score: they sum up to it.
fn months(score: &Score, days: &Days, member: &super::Member<'_>) -> Value {
    let cap = score.daily_cap.unwrap_or(u32::MAX);
    let first = member.start.map_or(days.from(), |start| start.max(days.from()));
    let mut months: BTreeMap<(i16, i8), (u64, u64)> = BTreeMap::new();
    let mut day = days.from();
    for run in days.runs() {
        for _ in 0..run.days {
            if let Some(count @ 1..) = run.count
                && (first..=member.today).contains(&day)
            {
                let (sum, active) = months.entry((day.year(), day.month())).or_default();
                *sum += u64::from(count.min(cap));
                *active += 1;
            }
            day = day.tomorrow().unwrap_or(Date::MAX);
        }
    }
    let one = |((year, month), (sum, active)): ((i16, i8), (u64, u64))| {
        let mut out = Map::default();
        out.text("month", &format!("{year:04}-{month:02}"));
        out.number("counted", sum);
        out.number("days", active);
        out.done()
    };
    Value::List(months.into_iter().map(one).collect())
}

fn streak(counted: &Counted) -> Value {
    let mut out = Map::default();
    out.number("current", counted.streak.current.into());
    out.maybe("since", counted.since.filter(|_| counted.streak.current > 0).map(|day| day.to_string()));
    out.number("longest", counted.streak.longest.into());
    out.value("provisional", Value::Bool(counted.streak.provisional));
    out.done()
}

fn pair(members: [(&str, u64); 2]) -> Value {
    let mut out = Map::default();
    members.into_iter().for_each(|(name, number)| out.number(name, number));
    out.done()
}

fn json(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(flag) => Value::Bool(*flag),
        serde_json::Value::Number(number) => Value::Number(Number::from_json(&number.to_string())),
        serde_json::Value::String(text) => Value::text(text.as_str()),
        serde_json::Value::Array(items) => Value::List(items.iter().map(json).collect()),
        serde_json::Value::Object(members) => {
            Value::Map(members.iter().map(|(name, value)| (Name::from(name.as_str()), json(value))).collect())
        }
    }
}

/// An object under construction.
#[derive(Default)]
struct Map(Vec<(Name, Value)>);

impl Map {
    fn value(&mut self, name: &str, value: Value) {
        self.0.push((Arc::from(name), value));
    }

    fn text(&mut self, name: &str, text: &str) {
        self.value(name, Value::text(text));
    }

    fn maybe(&mut self, name: &str, text: Option<String>) {
        self.value(name, text.map_or(Value::Null, Value::text));
    }

    fn number(&mut self, name: &str, number: u64) {
        self.value(name, Value::Number(Number::Int(i64::try_from(number).unwrap_or(i64::MAX))));
    }

    fn done(self) -> Value {
        Value::Map(self.0.into())
    }
}
