//! A view's rows in order, ranked and written.

use super::order;
use super::project::{self, Projection};
use super::table::{Column, Table};
use super::{Context, shares_rows};
use crate::model::{Before, Collection, Diagnostic, Placed, Rendered, Sort, Standing, View};
use std::collections::HashMap;
use std::sync::Arc;

/// Rows in order.
pub struct Arranged {
    /// Indices into what was written.
    pub order: Vec<u32>,
    /// Indices into the collection's records; empty where rows are counts.
    pub records: Vec<u32>,
    /// Where the record of each row stands; empty where nothing is ranked.
    pub standings: Vec<Standing>,
}

/// The rows of a table as a view orders and ranks them.
pub struct Ranked<'t> {
    /// Indices into the table's rows.
    pub order: Vec<u32>,
    /// What each row of the table is ranked by, and the standing of each row of `order`; `None` where the view does not
    /// rank.
    pub ranks: Option<(Column<'t>, Vec<Standing>)>,
}

impl<'t> Ranked<'t> {
    pub fn of(context: &Context<'_>, view: &View, table: &'t Table<'_>, faults: &mut Vec<Diagnostic>) -> Self {
        let mut column =
            |key: &Placed<Sort>| (context.column(table, &key.at, &key.value.expression, faults), key.value.descending);
        let columns: Vec<(Column<'_>, bool)> = view.sort.iter().map(&mut column).collect();
        let order = order::sorted(table.len(), &columns);
        let ranks = view.rank.as_ref().map(|rank| {
            let by = context.column(table, &rank.by.at, &rank.by.value, faults);
            let standings = order::ranked(&order, &by, is_descending(view), rank.method);
            (by, standings)
        });
        Self { order, ranks }
    }
}

/// Sorts, ranks and writes; `before` is the rank of each record some days ago, where the view tells how it moved.
pub fn arrange(
    context: &Context<'_>,
    view: &View,
    table: &Table<'_>,
    before: Option<&HashMap<u32, usize>>,
    faults: &mut Vec<Diagnostic>,
) -> (Arc<Rendered>, Arranged) {
    let Ranked { order, ranks } = Ranked::of(context, view, table, faults);
    let standings = ranks.map(|(_, mut standings)| {
        if let (Some(before), Table::Records(_, rows)) = (before, table) {
            for (row, standing) in order.iter().zip(&mut standings) {
                standing.before = before.get(&rows[*row as usize]).map_or(Before::New, |rank| Before::Rank(*rank));
            }
        }
        standings
    });
    match table {
        Table::Records(collection, rows) => {
            let records = order.iter().map(|row| rows[*row as usize]).collect();
            arrange_records(context, view, collection, records, standings.unwrap_or_default())
        }
        Table::Counts { label, rows } => {
            let fields: Option<Vec<String>> =
                view.fields.as_ref().map(|fields| fields.iter().map(|field| field.value.clone()).collect());
            let rendered = project::render(rows.len(), |at, out| {
                let (value, count) = &rows[order[at] as usize];
                let standing = standings.as_ref().map(|standings| standings[at]);
                project::count_row(out, fields.as_deref(), (label, value), *count, standing)
            });
            (Arc::new(rendered), Arranged { order: all(rows.len()), records: Vec::new(), standings: Vec::new() })
        }
    }
}

/// Whether the greatest value is ranked first: as the list is sorted by it.
fn is_descending(view: &View) -> bool {
    let by = view.rank.as_ref().map_or("", |rank| rank.by.value.trim());
    let same = |sort: &&Placed<Sort>| sort.value.expression.trim() == by;
    view.sort.iter().find(same).is_none_or(|sort| sort.value.descending)
}

fn arrange_records(
    context: &Context<'_>,
    view: &View,
    collection: &Collection,
    records: Vec<u32>,
    standings: Vec<Standing>,
) -> (Arc<Rendered>, Arranged) {
    let projection = Projection::of(view, collection);
    if let Some(rendered) = context.projections.get(&projection).filter(|_| shares_rows(view)) {
        return (Arc::clone(rendered), Arranged { order: records.clone(), records, standings });
    }
    let rendered = project::render(records.len(), |at, out| {
        let record = &collection.records[records[at] as usize];
        projection.write(out, record, context.collections, &context.projections, standings.get(at).copied())
    });
    (Arc::new(rendered), Arranged { order: all(records.len()), records, standings })
}

/// The indices of rows that were written in the order in which they are shown.
fn all(rows: usize) -> Vec<u32> {
    (0_u32..).take(rows).collect()
}
