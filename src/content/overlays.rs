//! Computed members, laid over what the sources say; and the records as they were some days ago, to rank them as of then.

use super::derive::derive;
use super::formats::Part;
use super::places::Places;
use super::schema::member;
use super::visibility::Hiding;
use crate::expr::Expression;
use crate::model::{
    Collection, CollectionDecl, Derived, Diagnostic, FieldOrigin, HiddenReason, Laid, Name, Overlay, Overlays, Past,
    Record, Settings,
};
use jiff::Timestamp;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What computes members, and of which collection they are.
#[derive(Clone, Copy)]
pub struct Over<'o> {
    pub overlays: &'o dyn Overlays,
    pub collection: usize,
    pub settings: &'o Settings,
}

/// What lay over the records so many days ago.
pub struct Then {
    days_ago: u32,
    names: Vec<Name>,
    members: Vec<Laid>,
}

impl Over<'_> {
    /// Lays the members of today over the records. What lay over them in the past is for [`Self::past`].
    pub fn lay(&self, collection: &mut Collection, places: &Places<'_>) -> (Vec<Diagnostic>, Vec<Then>) {
        let movements = self.movements();
        let days: Vec<u32> = std::iter::once(0).chain(movements.iter().copied()).collect();
        let Some(overlay) = self.overlays.over(self.collection, &collection.records, &days) else {
            return (Vec::new(), Vec::new());
        };
        let faults = overlay.unreadable.iter().map(|wrong| {
            let record = &collection.records[wrong.record];
            let at = places.of(collection, record, &member(&wrong.field), Part::Value);
            Diagnostic::error(wrong.code, at, wrong.message.clone()).help(wrong.help.clone())
        });
        let faults = faults.collect();
        let mut days = overlay.days.into_iter();
        set(collection, &overlay.names, days.next().unwrap_or_default(), |_| true);
        let then = |(days_ago, members)| Then { days_ago, names: overlay.names.clone(), members };
        (faults, movements.into_iter().zip(days).map(then).collect())
    }

    /// The records as they were, for every view that tells how its rows moved.
    pub fn past(&self, collection: &mut Collection, then: Vec<Then>, decl: &CollectionDecl, places: &Places<'_>) {
        for Then { days_ago, names, members } in then {
            let there: Vec<bool> = members.iter().map(|laid| laid.there).collect();
            let needed = self.needed(days_ago, decl);
            let is_needed = |name: &str| needed.contains(name);
            let records = collection.records.par_iter().map(|record| Record {
                key: record.key.clone(),
                fields: record.fields.iter().filter(|field| is_needed(&field.name)).cloned().collect(),
                origins: Vec::new(),
                hidden: record.hidden.clone(),
            });
            let mut past = Collection {
                name: collection.name.clone(),
                key: collection.key.clone(),
                records: records.collect(),
                names: collection.names.clone(),
                complete: collection.complete,
                closed: collection.closed,
                ..Collection::default()
            };
            set(&mut past, &names, members, is_needed);
            let derived: Vec<Derived> =
                decl.derive.iter().filter(|derived| is_needed(&derived.name)).cloned().collect();
            // What fails was told of today's records.
            drop(derive(&mut past, &derived, places));
            for (record, there) in past.records.iter_mut().zip(there) {
                if !there {
                    record.hidden = Some(HiddenReason::Unlisted);
                }
            }
            collection.past.push(Past { days_ago, collection: Arc::new(past) });
        }
    }

    /// The next instant at which a computed member changes.
    pub fn watch(&self, collection: &Collection, hiding: &mut Hiding) {
        let next = self.overlays.next_change(self.collection, &collection.records, &self.movements());
        hiding.next_change = hiding.next_change.into_iter().chain(next).min();
    }

    /// The members by which the past is ranked.
    fn needed(&self, days_ago: u32, decl: &CollectionDecl) -> BTreeSet<String> {
        let views = self.settings.views.iter().filter(|view| {
            view.from == self.collection && view.rank.as_ref().is_some_and(|rank| rank.movement_days == Some(days_ago))
        });
        let mut needed = BTreeSet::new();
        let mut take = |source: &str| {
            let names = Expression::compile(source).map(|expression| expression.variables().to_vec());
            needed.extend(names.unwrap_or_default());
        };
        for view in views {
            view.filter.iter().for_each(|filter| take(&filter.value));
            view.sort.iter().for_each(|sort| take(&sort.value.expression));
            view.rank.iter().for_each(|rank| take(&rank.by.value));
            view.group.iter().for_each(|group| take(&group.field.value));
        }
        // A derived member is made of what is declared above it.
        for derived in decl.derive.iter().rev() {
            if needed.contains(&derived.name)
                && let Ok(expression) = Expression::compile(&derived.expression.value)
            {
                needed.extend(expression.variables().iter().cloned());
            }
        }
        needed
    }

    fn movements(&self) -> Vec<u32> {
        let views = self.settings.views.iter().filter(|view| view.from == self.collection);
        let mut days: Vec<u32> = views.filter_map(|view| view.rank.as_ref()?.movement_days).collect();
        days.sort_unstable();
        days.dedup();
        days
    }
}

fn set(collection: &mut Collection, names: &[Name], members: Vec<Laid>, is_wanted: impl Fn(&str) -> bool + Sync) {
    collection.records.par_iter_mut().zip(members).for_each(|(record, laid)| {
        for (name, value) in names.iter().zip(laid.values) {
            if let Some(value) = value.filter(|_| is_wanted(name)) {
                record.set(Arc::clone(name), value, FieldOrigin::Built);
            }
        }
    });
}

/// Without sources of activity, nothing is computed.
pub struct Nothing;

impl Overlays for Nothing {
    fn over(&self, _: usize, _: &[Record], _: &[u32]) -> Option<Overlay> {
        None
    }

    fn next_change(&self, _: usize, _: &[Record], _: &[u32]) -> Option<Timestamp> {
        None
    }
}
