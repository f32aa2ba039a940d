//! Answers of the last build: a view whose collections did not change answers as it did.

use super::project::Projection;
use crate::model::{Artifact, Collection, Rendered, View};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The collections that something was computed from. They are known by their allocation.
type Sources = Vec<Arc<Collection>>;

/// Answers and rows, from one build to the next. To be forgotten when the settings change.
#[derive(Default)]
pub struct Kept {
    views: BTreeMap<usize, (Sources, Vec<Artifact>)>,
    rows: BTreeMap<Projection, (Sources, Arc<Rendered>)>,
}

impl Kept {
    /// The answers of the view, if it would give them again.
    pub(super) fn view(&self, index: usize, view: &View, collections: &[Arc<Collection>]) -> Option<&[Artifact]> {
        let (sources, artifacts) = self.views.get(&index)?;
        same(sources, &of_view(view, collections)).then_some(artifacts)
    }

    pub(super) fn keep_view(
        &mut self,
        index: usize,
        view: &View,
        collections: &[Arc<Collection>],
        artifacts: &[Artifact],
    ) {
        if self.view(index, view, collections).is_none() {
            self.views.insert(index, (of_view(view, collections), artifacts.to_vec()));
        }
    }

    /// The rows of a projection, if they would be written so again.
    pub(super) fn rows(&self, projection: &Projection, collections: &[Arc<Collection>]) -> Option<Arc<Rendered>> {
        let (sources, rows) = self.rows.get(projection)?;
        same(sources, &of_projection(projection, collections)).then(|| Arc::clone(rows))
    }

    pub(super) fn keep_rows(&mut self, projection: &Projection, collections: &[Arc<Collection>], rows: &Arc<Rendered>) {
        self.rows.insert(projection.clone(), (of_projection(projection, collections), Arc::clone(rows)));
    }
}

fn same(a: &[Arc<Collection>], b: &[Arc<Collection>]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| Arc::ptr_eq(a, b))
}

fn of_view(view: &View, collections: &[Arc<Collection>]) -> Sources {
    let targets = view.lookup.iter().map(|(_, target)| *target);
    [view.from].into_iter().chain(targets).map(|at| Arc::clone(&collections[at])).collect()
}

fn of_projection(projection: &Projection, collections: &[Arc<Collection>]) -> Sources {
    let targets = projection.lookup.iter().map(|(_, target)| *target);
    [projection.collection].into_iter().chain(targets).map(|at| Arc::clone(&collections[at])).collect()
}
