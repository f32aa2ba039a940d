//! Which writes a site can be built with: found by computing it without those that it cannot.

use super::Report;
use super::compute::{Computed, compute};
use super::writes::{Caches, Given};
use crate::content::{Accepted, Effect, Moment, Rejected, told_elsewhere};
use crate::model::{Code, Diagnostic, Inputs};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// So many writes of one key are rejected one by one for what is wrong with a member; then all of it that are left.
const ROUNDS: usize = 16;
/// So many culprits are looked for one by one; then whoever wrote one of them is heard no more, and if that is not enough a
/// site takes what was written before the next one, and nothing after.
const SEARCHES: usize = 8;

/// A computation whose errors, if there are any, are the site's own.
pub struct Settled {
    pub computed: Computed,
    pub report: Report,
    pub rejected: Rejected,
}

/// Computations of one site, each without some writes.
pub struct Trials<'a> {
    given: Given<'a>,
    accepted: &'a Accepted,
    caches: Option<&'a mut Caches>,
    /// What is kept from the second computation on, where nobody keeps anything.
    own: Caches,
    count: usize,
    timings: Vec<(&'static str, Duration)>,
}

/// What tells one error from another, however often it is met.
type Identity = (Code, Arc<str>, usize, usize);

fn identity(fault: &Diagnostic) -> Identity {
    (fault.code, Arc::clone(&fault.place.path), fault.place.line, fault.place.column)
}

/// A key of a collection, by index and slug.
type Key<'s> = (usize, &'s str);

impl Settled {
    fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.computed.faults.iter().filter(|fault| fault.is_error())
    }
}

impl<'a> Trials<'a> {
    pub fn new(given: Given<'a>, accepted: &'a Accepted, caches: Option<&'a mut Caches>) -> Self {
        Self { given, accepted, caches, own: Caches::default(), count: 0, timings: Vec::new() }
    }

    /// The site with every write that it can be built with.
    pub fn settled(mut self) -> Settled {
        let mut settled = if self.effect(&Rejected::new()).is_empty() {
            // There is but one computation, and nobody needs the files after it.
            let inputs = std::mem::take(&mut self.given.inputs);
            self.compute(inputs, Rejected::new())
        } else {
            self.without_culprits()
        };
        settled.report.timings = self.timings;
        settled
    }

    /// Errors that speak of writes reject these. Where others remain that the site does not have by itself, the writes that
    /// brought them about are found by halving.
    fn without_culprits(&mut self) -> Settled {
        let mut settled = self.settle(Rejected::new());
        let mut own: Option<BTreeSet<Identity>> = None;
        let mut found: Vec<usize> = Vec::new();
        for searches in 1.. {
            if settled.errors().next().is_none() {
                break;
            }
            let own = own.get_or_insert_with(|| {
                let all = self.accepted.queue(&|_| false).into_iter().map(|at| (at, Vec::new()));
                self.compute(self.given.inputs.clone(), all.collect()).errors().map(identity).collect()
            });
            let Some(fault) = settled.errors().filter(|fault| !own.contains(&identity(fault))).min().cloned() else {
                break;
            };
            let queue = self.accepted.queue(&|at| settled.rejected.contains_key(&at));
            let more = self.theirs(&found, &queue, searches > SEARCHES);
            if !more.is_empty() {
                settled = self.settle(with(settled.rejected, &more, &fault));
                continue;
            }
            let one = identity(&fault);
            let is_last = searches > SEARCHES;
            let is_bad = |trial: &Settled| {
                trial.errors().map(identity).any(|found| if is_last { !own.contains(&found) } else { found == one })
            };
            // With the first `good` writes of the queue it is not there, with the first `bad` it is.
            let (mut good, mut bad) = (0, queue.len());
            while bad > good + 1 {
                let middle = good + (bad - good) / 2;
                let later = queue[middle..].iter().map(|at| (*at, Vec::new()));
                let rejected = settled.rejected.clone().into_iter().chain(later).collect();
                if is_bad(&self.settle(rejected)) {
                    bad = middle;
                } else {
                    good = middle;
                }
            }
            let culprits = if is_last { &queue[good..] } else { &queue[good..bad] };
            found.push(queue[good]);
            settled = self.settle(with(settled.rejected, culprits, &fault));
        }
        settled
    }

    /// What goes without a search where culprits were found before: of a key that had two of them, all that followed; and at
    /// last all that their authors wrote. One member whose writes are many takes nobody else's with them.
    fn theirs(&self, found: &[usize], queue: &[usize], authors: bool) -> Vec<usize> {
        let is_theirs = |at: &usize| {
            let same = |one: &&usize| **one < *at && self.accepted.key(**one) == self.accepted.key(*at);
            let by = |one: &usize| &self.accepted.all()[*one].entry.by;
            found.iter().filter(same).count() > 1 || authors && found.iter().any(|one| by(one) == by(at))
        };
        queue.iter().copied().filter(is_theirs).collect()
    }

    /// Rejects the writes that errors speak of, until none does.
    fn settle(&mut self, mut rejected: Rejected) -> Settled {
        let (mut rounds, mut searches) = (BTreeMap::new(), 0);
        loop {
            let settled = self.compute(self.given.inputs.clone(), rejected);
            let more = self.blamed(&settled, &mut rounds, &mut searches);
            if more.is_empty() {
                return settled;
            }
            rejected = settled.rejected;
            for (at, faults) in more {
                rejected.entry(at).or_default().extend(faults);
            }
        }
    }

    /// The writes that errors speak of, and what is wrong with them.
    fn blamed(&mut self, trial: &Settled, rounds: &mut BTreeMap<Key<'a>, usize>, searches: &mut usize) -> Rejected {
        let effect = self.effect(&trial.rejected);
        let mut more = Rejected::new();
        let mut whole: BTreeMap<Key<'a>, Rejected> = BTreeMap::new();
        for blame in effect.blamed(&trial.computed.faults) {
            let to =
                if blame.pointer.is_some() { &mut more } else { whole.entry(key(&effect, blame.write)).or_default() };
            to.entry(blame.write).or_default().push(blame.told(&effect.write(blame.write).entry));
        }
        for (at, faults) in more.clone() {
            let key = key(&effect, at);
            whole.remove(&key);
            let round = rounds.entry(key).or_insert(0_usize);
            *round += 1;
            if *round > ROUNDS {
                more.extend(effect.writes_of(key).iter().map(|at| (*at, faults.clone())));
            }
        }
        for (key, blamed) in whole {
            let faults: Vec<_> = blamed.into_values().flatten().collect();
            let writes = effect.writes_of(key);
            if writes.len() > 1 && *searches < SEARCHES {
                *searches += 1;
                more.insert(self.first_bad(key, &trial.rejected), faults);
            } else {
                more.extend(writes.iter().map(|at| (*at, faults.clone())));
            }
        }
        for faults in more.values_mut() {
            faults.sort_unstable();
            faults.dedup();
        }
        more
    }

    /// The first write of a key with which an error speaks of it.
    fn first_bad(&mut self, wanted: Key<'a>, rejected: &Rejected) -> usize {
        let mut writes = self.accepted.queue(&|at| rejected.contains_key(&at));
        writes.retain(|at| self.accepted.key(*at) == wanted);
        let (mut good, mut bad) = (0, writes.len());
        while bad > good + 1 {
            let middle = good + (bad - good) / 2;
            let later = writes[middle..].iter().map(|at| (*at, Vec::new()));
            let trial = self.compute(self.given.inputs.clone(), rejected.clone().into_iter().chain(later).collect());
            let effect = self.effect(&trial.rejected);
            if effect.blamed(&trial.computed.faults).iter().any(|blame| key(&effect, blame.write) == wanted) {
                bad = middle;
            } else {
                good = middle;
            }
        }
        writes[good]
    }

    fn effect(&self, rejected: &Rejected) -> Effect<'a> {
        self.accepted.effect(self.given.site.settings, &|at| rejected.contains_key(&at))
    }

    fn compute(&mut self, inputs: Inputs, rejected: Rejected) -> Settled {
        let effect = self.effect(&rejected);
        let Given { site, moment, faults, further, .. } = &self.given;
        let mut report = Report::default();
        let caches = self.caches.as_deref_mut().or((self.count > 0).then_some(&mut self.own));
        let (kept, made) = caches.map(|caches| (&mut caches.content, &mut caches.made)).unzip();
        let moment = Moment { writes: Some(&effect), kept: kept.as_deref(), ..*moment };
        let mut computed = compute(*site, inputs, moment, faults.clone(), &mut report, made);
        if let Some(kept) = kept {
            kept.turn();
        }
        computed.faults.extend(further(&computed));
        self.count += 1;
        for (stage, time) in std::mem::take(&mut report.timings) {
            match self.timings.iter_mut().find(|(known, _)| *known == stage) {
                Some((_, sum)) => *sum += time,
                None => self.timings.push((stage, time)),
            }
        }
        Settled { computed, report, rejected }
    }
}

/// These writes rejected, too, for one fault.
fn with(rejected: Rejected, more: &[usize], fault: &Diagnostic) -> Rejected {
    rejected.into_iter().chain(more.iter().map(|at| (*at, vec![told_elsewhere(fault)]))).collect()
}

fn key<'a>(effect: &Effect<'a>, write: usize) -> Key<'a> {
    let write = effect.write(write);
    (write.collection, &write.slug)
}
