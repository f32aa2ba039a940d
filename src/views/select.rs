//! `where`, `group` and `count`: which records an answer is made of.

use super::Context;
use super::table::Table;
use crate::model::{Collection, Diagnostic, Place, Placed, Record, Value, View, code, slug};
use std::collections::HashMap;

/// The records of one value of a group.
pub struct Bucket {
    /// The value as first spelt, or as the closed set spells it.
    pub label: String,
    pub slug: String,
    /// The record that first has it, and the item in its list.
    pub first: Option<(u32, Option<usize>)>,
    pub members: Vec<u32>,
}

/// The published records that the view's `where` lets through, in source order.
pub fn records(context: &Context<'_>, view: &View, faults: &mut Vec<Diagnostic>) -> Vec<u32> {
    let collection = context.collection(view);
    let published = (0_u32..).zip(&collection.records).filter(|(_, record)| record.hidden.is_none()).map(|(at, _)| at);
    passing(context, view, collection, published.collect(), faults)
}

/// Those of a collection's `rows` that the view's `where` lets through.
pub fn passing(
    context: &Context<'_>,
    view: &View,
    collection: &Collection,
    rows: Vec<u32>,
    faults: &mut Vec<Diagnostic>,
) -> Vec<u32> {
    let Some(filter) = &view.filter else { return rows };
    let table = Table::Records(collection, rows);
    let passes = context.column(&table, &filter.at, &filter.value, faults);
    let Table::Records(_, rows) = &table else { return Vec::new() };
    let kept = rows.iter().zip(&passes).filter(|(_, value)| value.as_ref().is_some_and(|v| is_true(v)));
    kept.map(|(row, _)| *row).collect()
}

fn is_true(value: &Value) -> bool {
    minijinja::Value::from(value).is_true()
}

/// Divides `rows` by the values of `field`: a list counts once for each of its items, without regard to ASCII case.
/// The buckets stand in the order of the closed set, or in the order in which their values first appear.
pub fn buckets(
    context: &Context<'_>,
    collection: &Collection,
    rows: &[u32],
    field: &str,
    closed: Option<&[Placed<String>]>,
    faults: &mut Vec<Diagnostic>,
) -> Vec<Bucket> {
    let mut buckets = Buckets {
        context,
        collection,
        field,
        all: Vec::new(),
        by_label: HashMap::new(),
        by_slug: HashMap::new(),
        faults,
    };
    for value in closed.unwrap_or_default() {
        buckets.open(&value.value, None, &|| value.at.clone());
    }
    for &row in rows {
        let record = &collection.records[row as usize];
        match record.get(field) {
            None | Some(Value::Null) => {}
            Some(Value::List(items)) => {
                for (i, item) in items.iter().enumerate() {
                    buckets.add(row, record, item, Some(i), closed);
                }
            }
            Some(value) => buckets.add(row, record, value, None, closed),
        }
    }
    buckets.all
}

struct Buckets<'a, 'f> {
    context: &'a Context<'a>,
    collection: &'a Collection,
    field: &'a str,
    all: Vec<Bucket>,
    by_label: HashMap<String, usize>,
    by_slug: HashMap<String, usize>,
    faults: &'f mut Vec<Diagnostic>,
}

impl Buckets<'_, '_> {
    fn add(
        &mut self,
        row: u32,
        record: &Record,
        value: &Value,
        item: Option<usize>,
        closed: Option<&[Placed<String>]>,
    ) {
        let place = || self.context.locate.locate(self.collection, record, self.field, item);
        let Some(label) = value.label() else {
            if *value != Value::Null {
                let message = format!("`{}` holds {}, which names no group", self.field, value.kind());
                let fault = Diagnostic::error(code::WRONG_TYPE, place(), message);
                self.faults.push(fault);
            }
            return;
        };
        let lowered = label.to_ascii_lowercase();
        let index = match (self.by_label.get(&lowered), closed) {
            (Some(index), _) => Some(*index),
            (None, Some(closed)) => {
                let message = format!("`{label}` is not among the values of `{}` that the view allows", self.field);
                let known: Vec<&str> = closed.iter().map(|v| v.value.as_str()).collect();
                let all = format!("they are {}", known.join(", "));
                self.faults.push(Diagnostic::error(code::OUTSIDE_VALUES, place(), message).suggest(&label, known, all));
                None
            }
            (None, None) => {
                let (context, collection, field) = (self.context, self.collection, self.field);
                self.open(&label, Some((row, item)), &|| context.locate.locate(collection, record, field, item))
            }
        };
        if let Some(index) = index {
            let bucket = &mut self.all[index];
            bucket.first.get_or_insert((row, item));
            if bucket.members.last() != Some(&row) {
                bucket.members.push(row);
            }
        }
    }

    fn open(&mut self, label: &str, first: Option<(u32, Option<usize>)>, at: &dyn Fn() -> Place) -> Option<usize> {
        let lowered = label.to_ascii_lowercase();
        let slug = match slug(label) {
            Ok(slug) => slug,
            Err(why) => {
                let message =
                    format!("the value `{}` of `{}` {why}, so it has no URL", label.escape_debug(), self.field);
                self.faults.push(Diagnostic::error(code::BAD_KEY, at(), message));
                return None;
            }
        };
        if let Some(&other) = self.by_slug.get(&slug) {
            let other = &self.all[other];
            let message =
                format!("the values `{}` and `{label}` of `{}` have one URL form, `{slug}`", other.label, self.field);
            let mut fault = Diagnostic::error(code::SLUG_COLLISION, at(), message);
            if let Some((row, item)) = other.first {
                let record = &self.collection.records[row as usize];
                let there = self.context.locate.locate(self.collection, record, self.field, item);
                fault = fault.help(format!("`{}` stands at {there}: spell both the same", other.label));
            }
            self.faults.push(fault);
            return None;
        }
        self.by_slug.insert(slug.clone(), self.all.len());
        self.by_label.insert(lowered, self.all.len());
        self.all.push(Bucket { label: label.to_owned(), slug, first, members: Vec::new() });
        Some(self.all.len() - 1)
    }
}
