//! Whose records are that content files know. The endpoint knows the inbox alone, and lets anybody put one of them in their
//! own name; whether it is theirs is seen here.

use super::accepted::{Accepted, Standing, Write};
use super::rules::pointer;
use crate::content::formats::Step;
use crate::content::kept::Kept;
use crate::content::sources;
use crate::model::{Change, Entry, Field, Inputs, MemberFault, Settings, Value, WriteDecl, code, slug as slug_of};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

/// For each collection in which a member says whose a record is: what the sources say.
pub type Known = BTreeMap<usize, Records>;

pub struct Records {
    collection: String,
    /// The member that says whose a record is.
    member: String,
    /// By slug: who has the record, if anybody has.
    owners: HashMap<String, Somebody>,
    /// The slugs under which records are found, too, and their own.
    aliases: HashMap<String, String>,
}

/// A digest of a claim. `None` is nobody: what no claim can be compared with belongs to none.
type Somebody = Option<String>;

impl Accepted {
    /// Looks up whose the records are that members wrote of. The sources are read for it where some write depends on it.
    pub fn look_up(&mut self, settings: &Settings, inputs: &Inputs, kept: Option<&Kept>) {
        let depends = |write: &&Write| write.standing == Standing::Open && !write.by_consent;
        let wanted: BTreeSet<usize> = self.writes.iter().filter(depends).map(|write| write.collection).collect();
        for at in wanted {
            let owner = settings.writes.of(at).and_then(|WriteDecl { owner, .. }| owner.as_ref());
            let Some(member) = owner.and_then(|owner| owner.member.clone()) else { continue };
            let decl = &settings.collections[at];
            let (owners, aliases) = (HashMap::new(), HashMap::new());
            let mut records = Records { collection: decl.name.clone(), member, owners, aliases };
            for parsed in sources(settings, decl, inputs, kept).into_iter().flat_map(|read| read.records) {
                records.add(&parsed.fields, &decl.key.value);
            }
            self.known.insert(at, records);
        }
    }

    /// The writes of a key that are not their authors' to make. They say nothing, and so does what follows from them.
    pub(super) fn intruders(&self, chain: Range<usize>, is_rejected: &dyn Fn(usize) -> bool) -> BTreeSet<usize> {
        let mut intruders = BTreeSet::new();
        let Write { collection, slug, .. } = &self.writes[chain.start];
        let is_gone = self.tombstones.of(*collection).is_some_and(|removed| removed.has_slug(slug));
        let records = self.known.get(collection).filter(|_| !is_gone);
        let Some((records, of_sources)) = records.and_then(|known| Some((known, known.owner(slug)?))) else {
            return intruders;
        };
        let applied = chain.clone().rev().find(|at| self.writes[*at].standing == Standing::Applied);
        // `claim` is what the endpoint last heard, and held patches and deletions to.
        let (mut owner, mut claim) = (of_sources.clone(), None);
        for at in applied.map_or(chain.start, |last| last + 1)..chain.end {
            let Write { entry, standing, by_consent, .. } = &self.writes[at];
            let said = records.said(&entry.change);
            claim = entry.claim.clone().or_else(|| said.clone().flatten()).or(claim);
            if *standing != Standing::Open {
                continue;
            }
            let is_own = match &entry.change {
                Change::Put(_) => owner.is_some() && said.as_ref() == Some(&owner),
                _ => claim.is_none() || claim == owner,
            };
            if !by_consent && !is_own {
                intruders.insert(at);
                continue;
            }
            match (&entry.change, said) {
                _ if is_rejected(at) => {}
                // Whoever makes the record anew has it, and writes of that the endpoint knows.
                (Change::Delete, _) => break,
                (Change::Put(_), None) => owner.clone_from(of_sources),
                (_, Some(said)) => owner = said,
                _ => {}
            }
        }
        intruders
    }

    /// What is told somebody who wrote of what is not theirs.
    pub(super) fn not_theirs(&self, at: usize) -> MemberFault {
        let Write { entry, collection, .. } = &self.writes[at];
        let member = self.known.get(collection).map_or("", |records| &records.member);
        let steps = matches!(entry.change, Change::Put(_)).then(|| Step::Member(member.to_owned()));
        MemberFault {
            pointer: pointer(steps.as_slice()),
            code: code::NOT_YOURS,
            message: "this record is in the site already, and not known to be yours".to_owned(),
            help: Some("an editor can give it to you".to_owned()),
        }
    }
}

impl Records {
    /// An entry of a source: of several layers, the last one that has the member says whose the record is.
    fn add(&mut self, fields: &[Field], key: &str) {
        let get = |wanted: &str| fields.iter().find(|field| *field.name == *wanted).map(|field| &field.value);
        let Some(slug) = get(key).and_then(Value::label).and_then(|key| slug_of(&key).ok()) else { return };
        let said = get(&self.member).map(|value| self.somebody(value));
        let aliases = match get("aliases") {
            Some(Value::List(items)) => items,
            single => single.map_or(&[][..], std::slice::from_ref),
        };
        let aliases = aliases.iter().filter_map(|alias| slug_of(&alias.label()?).ok());
        self.aliases.extend(aliases.map(|alias| (alias, slug.clone())));
        let owner = self.owners.entry(slug).or_default();
        *owner = said.unwrap_or_else(|| owner.take());
    }

    /// Whose the record is that the sources have under a slug, if they have one.
    fn owner(&self, slug: &str) -> Option<&Somebody> {
        self.owners.get(slug).or_else(|| self.owners.get(self.aliases.get(slug)?))
    }

    /// Whose the record is by a write; `None` where it does not say.
    fn said(&self, change: &Change) -> Option<Somebody> {
        let (_, value) = change.members()?.iter().find(|(name, _)| **name == *self.member)?;
        Some(self.somebody(value))
    }

    fn somebody(&self, value: &Value) -> Somebody {
        value.label().map(|label| Entry::claimed(&self.collection, &label))
    }
}
