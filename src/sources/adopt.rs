//! Facts that stand under a key which their member no longer has.

use super::facts::State;
use super::journal::Journal;
use super::member::{Roster, same};
use crate::model::Activity;
use std::collections::BTreeMap;

/// Facts that stand under a key which no record has, by the id of their account.
pub type Orphans = BTreeMap<String, Activity>;

impl State {
    /// Moves what stands under a former key of a member to the key that it has now, unless something stands there
    /// already. Says whose facts were moved: the former key, and the one now.
    pub fn adopt(&mut self, roster: &Roster) -> Vec<(String, String)> {
        let mut moved = Vec::new();
        for member in &roster.members {
            let has_facts = self.facts.of(&member.key).is_some();
            let former = member.former.iter().find(|former| !has_facts && self.facts.of(former).is_some());
            if let Some(former) = former {
                self.rekey(former, &member.key);
                moved.push((former.clone(), member.key.clone()));
            }
            member.former.iter().for_each(|former| self.move_check(former, &member.key));
        }
        moved
    }

    /// Whom a member that turns up under another key may be.
    pub fn orphans(&self, roster: &Roster) -> Orphans {
        let mut orphans = Orphans::new();
        let last = |activity: &Activity| activity.days().ok().and_then(|days| days.last());
        for (_, activity) in self.facts.0.iter().filter(|(key, _)| !roster.taken.contains(*key)) {
            let Some(id) = &activity.id else { continue };
            // Of two that are of one account, the one that was known longer goes on.
            if orphans.get(id).is_none_or(|known| last(known) < last(activity)) {
                orphans.insert(id.clone(), activity.clone());
            }
        }
        orphans
    }

    /// Gives a member without facts those of its account, where they stand under a key which no record has. Says which
    /// key that was.
    pub fn inherit(&mut self, member: &str, id: Option<&String>, orphans: &Orphans) -> Option<String> {
        let former = &orphans.get(id?)?.member;
        if self.facts.of(member).is_some() || self.facts.of(former).is_none() {
            return None;
        }
        self.rekey(former, member);
        Some(former.clone())
    }

    fn rekey(&mut self, former: &str, key: &str) {
        if let Some(mut activity) = self.facts.0.remove(&former.to_ascii_lowercase()) {
            let was = std::mem::replace(&mut activity.member, key.to_owned());
            // An account without a name is called as its member.
            let account = activity.account.take().or_else(|| activity.id.is_some().then_some(was));
            activity.account = account.filter(|account| !same(account, key));
            self.facts.0.insert(key.to_ascii_lowercase(), activity);
        }
        self.move_check(former, key);
    }

    fn move_check(&mut self, former: &str, key: &str) {
        let spelt = self.checks.members.keys().find(|known| known.eq_ignore_ascii_case(former)).cloned();
        if let Some(check) = spelt.and_then(|spelt| self.checks.members.remove(&spelt)) {
            self.checks.members.entry(key.to_owned()).or_insert(check);
        }
    }
}

/// What an interrupted refresh learnt of a member under a former key is of the member now.
pub fn readdress(journal: &mut Journal, roster: &Roster) {
    for member in roster.members.iter().filter(|member| !member.former.is_empty()) {
        let is_former = |key: &String| member.former.iter().any(|former| same(former, key));
        let spelt = journal.outcomes.keys().find(|key| is_former(key)).cloned();
        if let Some(mut outcome) = spelt.and_then(|spelt| journal.outcomes.remove(&spelt)) {
            outcome.member.clone_from(&member.key);
            journal.outcomes.entry(member.key.clone()).or_insert(outcome);
        }
    }
}
