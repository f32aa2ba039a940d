//! How rows moved: the ranking as it was some days ago, made again from the records as they were.

use super::Context;
use super::arrange::Ranked;
use super::select::{self, Bucket};
use super::table::Table;
use crate::model::{Collection, View};
use std::collections::HashMap;

/// A row's rank some days ago, by the index of its record; of each group by its slug, of a plain list by an empty one.
pub type Before = HashMap<String, HashMap<u32, usize>>;

/// Ranks the past; `None` where the view does not tell how its rows moved. The faults of its expressions were told of
/// today's records.
pub fn before(context: &Context<'_>, view: &View) -> Option<Before> {
    let days = view.rank.as_ref()?.movement_days?;
    let past = context.collection(view).past.iter().find(|past| past.days_ago == days)?;
    let past: &Collection = &past.collection;
    let today = &context.collection(view).records;
    // Who is not published today has no place in what was, either.
    let rows = (0_u32..).zip(past.records.iter().zip(today));
    let rows =
        rows.filter(|(_, (then, now))| then.hidden.is_none() && now.hidden.is_none()).map(|(at, _)| at).collect();
    let rows = select::passing(context, view, past, rows, &mut Vec::new());
    let groups: Vec<(String, Vec<u32>)> = match &view.group {
        None => vec![(String::new(), rows)],
        Some(group) => {
            let buckets = select::buckets(context, past, &rows, &group.field.value, None, &mut Vec::new());
            buckets.into_iter().map(|Bucket { slug, members, .. }| (slug, members)).collect()
        }
    };
    let ranked = |(slug, rows): (String, Vec<u32>)| (slug, ranks(context, view, &Table::Records(past, rows)));
    Some(groups.into_iter().map(ranked).collect())
}

fn ranks(context: &Context<'_>, view: &View, table: &Table<'_>) -> HashMap<u32, usize> {
    let Ranked { order, ranks } = Ranked::of(context, view, table, &mut Vec::new());
    let (Some((_, standings)), Table::Records(_, rows)) = (ranks, table) else { return HashMap::new() };
    order.iter().zip(standings).map(|(row, standing)| (rows[*row as usize], standing.rank)).collect()
}
