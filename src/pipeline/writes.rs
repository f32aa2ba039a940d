//! The site with what members wrote. An accepted write never breaks a build: one that the site cannot be built with is
//! rejected, and told the one who wrote.

use super::Report;
use super::compute::{self, Computed, Site};
use super::trials::Trials;
use crate::content::{self, Accepted, Content, Moment, Places};
use crate::model::{Diagnostic, Inputs, Outcome};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What became of the writes of the inbox.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Writes {
    pub published: usize,
    /// By the build or by an editor.
    pub rejected: usize,
    /// For an editor.
    pub waiting: usize,
    /// Id, code and message of what is wrong with those that the build rejected.
    pub faults: Vec<(String, String, String)>,
}

impl Writes {
    pub fn are_there(&self) -> bool {
        *self != Self::default()
    }
}

/// What computations in this process leave to the next.
#[derive(Default)]
pub struct Caches {
    pub content: content::Kept,
    pub made: compute::Kept,
}

/// What a site is computed from.
pub struct Given<'a> {
    pub site: Site<'a>,
    pub inputs: Inputs,
    pub moment: Moment<'a>,
    /// What is wrong anyway.
    pub faults: Vec<Diagnostic>,
    /// What else may be wrong with what was computed.
    pub further: &'a dyn Fn(&Computed) -> Vec<Diagnostic>,
}

/// Computes the site with every write that it can be built with. Where there are errors, they are the site's own.
pub fn computed(given: Given<'_>, report: &mut Report, caches: Option<&mut Caches>) -> Computed {
    let Given { site, mut inputs, moment, mut faults, further } = given;
    let sound = !faults.iter().any(Diagnostic::is_error);
    let (mut accepted, wrong) = Accepted::take(site.settings, &mut inputs, sound);
    faults.extend(wrong);
    accepted.look_up(site.settings, &inputs, caches.as_deref().map(|caches| &caches.content));
    let trials = Trials::new(Given { site, inputs, moment, faults, further }, &accepted, caches);
    let mut settled = trials.settled();
    let (receipts, waiting) = accepted.receipts(&settled.rejected);
    let refused = |outcome: &Outcome| *outcome != Outcome::Published;
    let rejected = receipts.iter().filter(|receipt| refused(&receipt.outcome)).count();
    let mut told = Vec::new();
    for receipt in &receipts {
        let Outcome::Rejected { faults } = &receipt.outcome else { continue };
        told.extend(faults.iter().map(|fault| (receipt.id.clone(), fault.code.0.to_owned(), fault.message.clone())));
    }
    let writes = Writes { published: receipts.len() - rejected, rejected, waiting, faults: told };
    report.writes = site.settings.writes.are_there().then_some(writes);
    report.hidden = settled.report.hidden;
    report.collections = settled.report.collections;
    report.timings.append(&mut settled.report.timings);
    let mut computed = settled.computed;
    computed.receipts = receipts;
    // What members could have done better is no slip of those who build.
    computed.faults.retain(|fault| fault.is_error() || accepted.at(&fault.place.path).is_none());
    computed
}

/// The records as they are with what members wrote, for those who need no answers.
pub fn content(site: Site<'_>, mut inputs: Inputs, places: &Places<'_>, moment: Moment<'_>) -> Content {
    let (mut accepted, _) = Accepted::take(site.settings, &mut inputs, true);
    accepted.look_up(site.settings, &inputs, moment.kept);
    let mut rejected: BTreeSet<usize> = BTreeSet::new();
    loop {
        let effect = accepted.effect(site.settings, &|at| rejected.contains(&at));
        let content = content::read(site.settings, inputs.clone(), places, Moment { writes: Some(&effect), ..moment });
        let blamed: BTreeSet<usize> = effect.blamed(&content.diagnostics).iter().map(|blame| blame.write).collect();
        if blamed.is_empty() {
            return content;
        }
        rejected.extend(blamed);
    }
}
