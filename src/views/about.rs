//! Documents about records: where one stands in a ranking, and how its numbers came about.

use super::arrange::{Arranged, Ranked};
use super::project::{self, Cut};
use super::table::Table;
use super::{Context, select};
use crate::expr::Expression;
use crate::model::{Collection, Name, Number, Record, Rendered, Standing, Value, View, write_value};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

/// How many rows are shown above and below one's own.
const NEIGHBOURS: usize = 2;

/// A row of a ranking: the record, what it is ranked by, and where it stands.
struct Row {
    record: u32,
    value: Option<Value>,
    standing: Standing,
}

/// A ranking, and the place of each record in it.
struct Ranking<'a> {
    view: &'a View,
    collection: &'a Collection,
    rows: Vec<Row>,
    place: HashMap<u32, usize>,
    /// For each rank, a row of the next better one.
    better: HashMap<usize, usize>,
    /// Whether the rows are ranked by what may be shown, and chosen by it.
    shows: (bool, bool),
}

impl<'a> Ranking<'a> {
    fn of(context: &Context<'a>, view: &'a View) -> Self {
        // Its faults are told where the view itself is computed.
        let faults = &mut Vec::new();
        let collection = context.collection(view);
        let table = Table::Records(collection, select::records(context, view, faults));
        let Ranked { order, ranks } = Ranked::of(context, view, &table, faults);
        let is_public = |source: Option<&str>| {
            let names = source.and_then(|source| Some(Expression::compile(source).ok()?.variables().to_vec()));
            names.unwrap_or_default().iter().all(|name| !collection.is_private(name))
        };
        let shows = (
            is_public(view.rank.as_ref().map(|rank| rank.by.value.as_str())),
            is_public(view.filter.as_ref().map(|filter| filter.value.as_str())),
        );
        let mut rows = Vec::with_capacity(order.len());
        if let (Some((by, standings)), Table::Records(_, records)) = (ranks, &table) {
            rows.extend(order.iter().zip(standings).map(|(at, standing)| Row {
                record: records[*at as usize],
                value: by[*at as usize].as_deref().cloned().filter(|_| shows.0),
                standing,
            }));
        }
        let place = (0..).zip(&rows).map(|(at, row)| (row.record, at)).collect();
        let ranks: BTreeMap<usize, usize> = (0..).zip(&rows).map(|(at, row)| (row.standing.rank, at)).collect();
        let better = ranks.keys().skip(1).zip(ranks.values()).map(|(rank, at)| (*rank, *at)).collect();
        Self { view, collection, rows, place, better, shows }
    }

    /// Why a record that is published is not ranked.
    fn why_not(&self) -> String {
        match &self.view.filter {
            Some(filter) if self.shows.1 => format!("`{}` is not true of it", filter.value),
            Some(_) => "the list's `where` is not true of it".to_owned(),
            None => "it is not among the rows".to_owned(),
        }
    }

    /// The next better rank, and how far it is.
    fn next(&self, row: &Row) -> Value {
        let Some(better) = self.better.get(&row.standing.rank).map(|at| &self.rows[*at]) else { return Value::Null };
        let points = match (&better.value, &row.value) {
            (Some(Value::Number(theirs)), Some(Value::Number(own))) => difference(theirs, own),
            _ => None,
        };
        map(vec![
            ("rank", Value::int(better.standing.rank)),
            ("value", better.value.clone().unwrap_or(Value::Null)),
            ("points", points.map_or(Value::Null, |points| Value::Number(Number::from_json(&points.to_string())))),
        ])
    }

    fn neighbours(&self, range: Range<usize>) -> Value {
        let one = |row: &Row| {
            let record = &self.collection.records[row.record as usize];
            map(vec![
                (self.collection.key.as_str(), record.get(&self.collection.key).cloned().unwrap_or(Value::Null)),
                ("rank", Value::int(row.standing.rank)),
                ("value", row.value.clone().unwrap_or(Value::Null)),
            ])
        };
        Value::List(self.rows[range].iter().map(one).collect())
    }

    fn standing(&self, record: u32) -> Vec<(&'static str, Value)> {
        let Some(&at) = self.place.get(&record) else {
            return vec![("ranked", Value::Bool(false)), ("why", Value::text(self.why_not()))];
        };
        let row = &self.rows[at];
        vec![
            ("ranked", Value::Bool(true)),
            ("rank", Value::int(row.standing.rank)),
            ("position", Value::int(row.standing.position)),
            ("tied", Value::Bool(row.standing.tied)),
            ("of", Value::int(self.rows.len())),
            ("value", row.value.clone().unwrap_or(Value::Null)),
        ]
    }
}

fn difference(a: &Number, b: &Number) -> Option<i128> {
    a.as_i128()?.checked_sub(b.as_i128()?).map(i128::abs)
}

fn map(members: Vec<(&str, Value)>) -> Value {
    Value::Map(members.into_iter().map(|(name, value)| (Name::from(name), value)).collect())
}

/// Where each record stands in the ranking of another view.
pub fn standings(context: &Context<'_>, view: &View, of: &View) -> (Arc<Rendered>, Arranged) {
    let ranking = Ranking::of(context, of);
    documents(context, view, |record, at| {
        let mut members = vec![key(&ranking.collection.key, record), ("list", Value::text(of.path.value.to_string()))];
        members.extend(ranking.standing(at));
        if let Some(&place) = ranking.place.get(&at) {
            let all = ranking.rows.len();
            members.push(("next", ranking.next(&ranking.rows[place])));
            members.push(("above", ranking.neighbours(place.saturating_sub(NEIGHBOURS)..place)));
            members.push(("below", ranking.neighbours(place + 1..all.min(place + 1 + NEIGHBOURS).max(place + 1))));
        }
        map(members)
    })
}

/// How the numbers of each record came about; `explained` are the scores of each, in the collection's order.
pub fn explanations(context: &Context<'_>, view: &View, explained: &[Value]) -> (Arc<Rendered>, Arranged) {
    let lists = context.settings.views.iter().filter(|other| other.from == view.from && other.is_ranking());
    let rankings: Vec<Ranking<'_>> = lists.map(|list| Ranking::of(context, list)).collect();
    let collection = context.collection(view);
    let derived = &context.settings.collections[view.from].derive;
    documents(context, view, |record, at| {
        let shown = derived.iter().filter(|derived| !collection.is_private(&derived.name)).map(|derived| {
            map(vec![
                ("name", Value::text(derived.name.as_str())),
                ("expression", Value::text(derived.expression.value.as_str())),
                ("value", record.get(&derived.name).cloned().unwrap_or(Value::Null)),
            ])
        });
        let lists = rankings.iter().map(|ranking| {
            let mut members = vec![("list", Value::text(ranking.view.path.value.to_string()))];
            members.extend(ranking.standing(at));
            map(members)
        });
        map(vec![
            key(&collection.key, record),
            ("scores", explained.get(at as usize).cloned().unwrap_or(Value::List(Box::default()))),
            ("derived", Value::List(shown.collect())),
            ("rankings", Value::List(lists.collect())),
        ])
    })
}

fn key<'k>(key: &'k str, record: &Record) -> (&'k str, Value) {
    (key, record.get(key).cloned().unwrap_or(Value::Null))
}

/// One document for each published record, in source order.
fn documents(
    context: &Context<'_>,
    view: &View,
    write: impl Fn(&Record, u32) -> Value + Sync,
) -> (Arc<Rendered>, Arranged) {
    let collection = context.collection(view);
    let records: Vec<u32> =
        (0_u32..).zip(&collection.records).filter(|(_, record)| record.hidden.is_none()).map(|(at, _)| at).collect();
    let rendered = project::render(records.len(), |row, out| {
        let at = records[row];
        write_value(out, &write(&collection.records[at as usize], at));
        Cut::at(out.len() - 1)
    });
    let order = (0_u32..).take(records.len()).collect();
    (Arc::new(rendered), Arranged { order, records, standings: Vec::new() })
}
