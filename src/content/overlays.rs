//! Computed members, laid over what the sources say; and the records as they were some days ago, to rank them as of then.

use super::derive::derive;
use super::formats::Part;
use super::places::Places;
use super::schema::member;
use super::visibility::Hiding;
use crate::model::{
    Collection, CollectionDecl, Diagnostic, FieldOrigin, HiddenReason, Overlay, Overlays, Past, Settings, code,
};
use jiff::Timestamp;
use rayon::prelude::*;
use std::sync::Arc;

/// What computes members, and of which collection they are.
#[derive(Clone, Copy)]
pub struct Over<'o> {
    pub overlays: &'o dyn Overlays,
    pub collection: usize,
    pub settings: &'o Settings,
}

impl Over<'_> {
    /// Lays the members of today over the records.
    pub fn lay(&self, collection: &mut Collection, places: &Places<'_>) -> Vec<Diagnostic> {
        let Some(overlay) = self.overlays.over(self.collection, &collection.records, 0) else { return Vec::new() };
        let faults = overlay.unreadable.iter().map(|wrong| {
            let record = &collection.records[wrong.record];
            let at = places.of(collection, record, &member(&wrong.field), Part::Value);
            Diagnostic::error(code::BAD_DATE, at, wrong.message.clone()).help(wrong.help.clone())
        });
        let faults = faults.collect();
        set(collection, overlay);
        faults
    }

    /// The records as they were, for every view that tells how its rows moved.
    pub fn past(&self, collection: &mut Collection, decl: &CollectionDecl, places: &Places<'_>) {
        for days_ago in self.movements() {
            let Some(overlay) = self.overlays.over(self.collection, &collection.records, days_ago) else { continue };
            let there: Vec<bool> = overlay.members.iter().map(|laid| laid.there).collect();
            let mut past = Collection {
                name: collection.name.clone(),
                key: collection.key.clone(),
                records: collection.records.clone(),
                names: collection.names.clone(),
                complete: collection.complete,
                closed: collection.closed,
                ..Collection::default()
            };
            set(&mut past, overlay);
            // What fails was told of today's records.
            drop(derive(&mut past, &decl.derive, places));
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

    fn movements(&self) -> Vec<u32> {
        let views = self.settings.views.iter().filter(|view| view.from == self.collection);
        let mut days: Vec<u32> = views.filter_map(|view| view.rank.as_ref()?.movement_days).collect();
        days.sort_unstable();
        days.dedup();
        days
    }
}

fn set(collection: &mut Collection, overlay: Overlay) {
    let Overlay { names, members, .. } = overlay;
    collection.records.par_iter_mut().zip(members).for_each(|(record, laid)| {
        for (name, value) in names.iter().zip(laid.values) {
            if let Some(value) = value {
                record.set(Arc::clone(name), value, FieldOrigin::Built);
            }
        }
    });
}

/// Without sources of activity, nothing is computed.
pub struct Nothing;

impl Overlays for Nothing {
    fn over(&self, _: usize, _: &[crate::model::Record], _: u32) -> Option<Overlay> {
        None
    }

    fn next_change(&self, _: usize, _: &[crate::model::Record], _: &[u32]) -> Option<Timestamp> {
        None
    }
}
