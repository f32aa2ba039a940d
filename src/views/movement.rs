//! How rows moved: the ranking as it was some days ago, made again from the records as they were.

use super::Context;
use super::order;
use super::select::{self, Bucket};
use super::table::{Column, Table};
use crate::model::{Collection, Value, View};
use std::collections::HashMap;

/// A row's rank some days ago, by the index of its record; of each group by its slug, of a plain list by an empty one.
pub type Before = HashMap<String, HashMap<u32, usize>>;

/// Ranks the past; `None` where the view does not tell how its rows moved.
pub fn before(context: &Context<'_>, view: &View) -> Option<Before> {
    let days = view.rank.as_ref()?.movement_days?;
    let past = context.collection(view).past.iter().find(|past| past.days_ago == days)?;
    let past: &Collection = &past.collection;
    let today = &context.collection(view).records;
    // Who is not published today has no place in what was, either.
    let rows = (0_u32..).zip(past.records.iter().zip(today));
    let rows =
        rows.filter(|(_, (then, now))| then.hidden.is_none() && now.hidden.is_none()).map(|(at, _)| at).collect();
    let rows = filtered(context, view, &Table::Records(past, rows));
    let groups: Vec<(String, Vec<u32>)> = match &view.group {
        None => vec![(String::new(), rows)],
        Some(group) => {
            // What is wrong with a value was told of today's records.
            let buckets = select::buckets(context, past, &rows, &group.field.value, None, &mut Vec::new());
            buckets.into_iter().map(|Bucket { slug, members, .. }| (slug, members)).collect()
        }
    };
    let ranked = |(slug, rows): (String, Vec<u32>)| (slug, ranks(context, view, &Table::Records(past, rows)));
    Some(groups.into_iter().map(ranked).collect())
}

fn filtered(context: &Context<'_>, view: &View, table: &Table<'_>) -> Vec<u32> {
    let passes = view.filter.as_ref().map(|filter| column(context, table, &filter.value));
    let Table::Records(_, rows) = table else { return Vec::new() };
    let is_true = |value: &Value| minijinja::Value::from(value).is_true();
    let passed = |at: usize| passes.as_ref().is_none_or(|all| all[at].as_ref().is_some_and(|value| is_true(value)));
    rows.iter().enumerate().filter(|(at, _)| passed(*at)).map(|(_, row)| *row).collect()
}

fn ranks(context: &Context<'_>, view: &View, table: &Table<'_>) -> HashMap<u32, usize> {
    let (Some(rank), Table::Records(_, rows)) = (&view.rank, table) else { return HashMap::new() };
    let columns: Vec<(Column<'_>, bool)> =
        view.sort.iter().map(|sort| (column(context, table, &sort.value.expression), sort.value.descending)).collect();
    let order = order::sorted(table.len(), &columns);
    let by = column(context, table, &rank.by.value);
    let standings = order::ranked(&order, &by, super::arrange::is_descending(view), rank.method);
    order.iter().zip(standings).map(|(row, standing)| (rows[*row as usize], standing.rank)).collect()
}

/// The faults of an expression were told of today's records.
fn column<'t>(context: &Context<'_>, table: &'t Table<'_>, source: &str) -> Column<'t> {
    context.column(table, &crate::model::Place::file(""), source, &mut Vec::new())
}
