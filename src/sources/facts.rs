//! Facts on disk, and what outcomes make of them.

#![allow(clippy::disallowed_methods, reason = "an I/O edge")]

use super::adopt::Orphans;
use super::member::{Asking, Member, same};
use super::outcome::{Came, Outcome, Seen, Stretch};
use super::summary::Summary;
use crate::model::{Activity, Check, Checks, Days, Missing, Source};
use anyhow::{Context, Result};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::Path;

/// An account is called gone after so many misses over so long a time: services err.
const MISSES: u32 = 3;
const MISSED_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Files that are not as they should be: where and why.
#[derive(Debug)]
pub struct Faulty(pub Vec<String>);

impl std::fmt::Display for Faulty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Faulty {}

/// What is known from one source, by the key of the member in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts(pub BTreeMap<String, Activity>);

impl Facts {
    /// # Errors
    /// [`Faulty`] when a line holds no facts; else when the disk fails.
    pub fn load(root: &Path, source: &Source) -> Result<Self> {
        let path = source.facts();
        let Some(text) = read(root, &path)? else { return Ok(Self::default()) };
        let (mut facts, mut wrong) = (BTreeMap::new(), Vec::new());
        for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
            let read = Activity::read(line.as_bytes());
            match read.and_then(|activity| activity.days().map(|_| activity)) {
                Ok(activity) if facts.contains_key(&activity.member.to_ascii_lowercase()) => {
                    wrong
                        .push(format!("{path}:{number}: `{}` has a line already: delete one of them", activity.member));
                }
                Ok(activity) => drop(facts.insert(activity.member.to_ascii_lowercase(), activity)),
                Err(why) => wrong.push(format!(
                    "{path}:{number}: {why}: put the line right, or delete it to have its facts fetched anew"
                )),
            }
        }
        if wrong.is_empty() { Ok(Self(facts)) } else { Err(Faulty(wrong).into()) }
    }

    pub fn of(&self, member: &str) -> Option<&Activity> {
        self.0.get(&member.to_ascii_lowercase())
    }

    /// The sum of all counts.
    pub fn sum(&self) -> u64 {
        let days = self.0.values().filter_map(|activity| activity.days().ok());
        days.map(|days| {
            days.runs().iter().map(|run| u64::from(run.days) * u64::from(run.count.unwrap_or(0))).sum::<u64>()
        })
        .sum()
    }

    /// Replaces the file, if it would change.
    pub fn save(&self, root: &Path, source: &Source) -> Result<bool> {
        let mut members: Vec<&Activity> = self.0.values().collect();
        members.sort_by(|a, b| a.member.cmp(&b.member));
        let mut text = String::new();
        for activity in members {
            text.push_str(&serde_json::to_string(activity)?);
            text.push('\n');
        }
        let known = read(root, &source.facts())?;
        if known.as_deref() == Some(&text) || known.is_none() && text.is_empty() {
            return Ok(false);
        }
        replace(root, &source.facts(), &text)?;
        Ok(true)
    }

    /// Takes over what was seen; whether anything changed.
    fn learn(&mut self, member: &str, seen: &Seen) -> bool {
        let known = self.0.get(&member.to_ascii_lowercase()).cloned();
        let mut days = match &known {
            Some(known) if !seen.anew => known.days().ok(),
            _ => None,
        };
        for (from, counts) in seen.days.iter().map(Stretch::counts) {
            if counts.iter().any(Option::is_some) {
                days.get_or_insert_with(|| Days::none(from)).learn(from, &counts);
            }
        }
        // Of whom nothing is known, nothing is written; what is known of another account is not kept for this one.
        let Some(days) = days.filter(|days| !days.is_empty()) else {
            return self.0.remove(&member.to_ascii_lowercase()).is_some();
        };
        let mut activity = known.clone().unwrap_or_else(|| Activity::new(member.to_owned(), &days));
        activity.set_days(&days);
        if seen.id.is_some() {
            activity.id.clone_from(&seen.id);
        }
        if let Some(account) = &seen.account {
            activity.account = Some(account.clone()).filter(|account| !same(account, &activity.member));
            activity.written.clone_from(&seen.written);
        }
        let changed = known.as_ref() != Some(&activity);
        self.0.insert(member.to_ascii_lowercase(), activity);
        changed
    }
}

/// The state of a source as a refresh changes it.
pub struct State {
    pub facts: Facts,
    pub checks: Checks,
}

impl State {
    pub fn load(root: &Path, source: &Source) -> Result<Self> {
        let path = source.checks();
        let checks = match read(root, &path)? {
            None => Checks::default(),
            Some(text) => serde_json::from_str(&text).map_err(|error| {
                Faulty(vec![format!("{path}:{}: {error}: put it right, or delete the file", error.line())])
            })?,
        };
        Ok(Self { facts: Facts::load(root, source)?, checks })
    }

    pub fn save_checks(&self, root: &Path, source: &Source) -> Result<()> {
        let text = format!("{:#}\n", serde_json::to_value(&self.checks)?);
        if read(root, &source.checks())?.as_deref() == Some(&text) {
            Ok(())
        } else {
            replace(root, &source.checks(), &text)
        }
    }

    /// Whom to ask, who was asked longest ago first.
    pub fn asking(&self, members: &[Member]) -> Vec<Asking> {
        let mut asking: Vec<Asking> = members
            .iter()
            .filter_map(|member| {
                Some(Asking {
                    key: member.key.clone(),
                    account: member.account.clone()?,
                    joined: member.joined,
                    fields: member.fields.clone(),
                    private: member.private.clone(),
                    known: self.facts.of(&member.key).cloned(),
                    check: self.checks.members.get(&member.key).cloned().unwrap_or_default(),
                })
            })
            .collect();
        asking.sort_by_key(|member| (member.check.checked_at.max(member.check.tried_at), member.key.clone()));
        asking
    }

    /// Makes facts and checks of what came, and counts it.
    pub fn apply(&mut self, outcomes: &BTreeMap<String, Outcome>, orphans: &Orphans, summary: &mut Summary) {
        for Outcome { member, at, came } in outcomes.values() {
            if let Came::Seen(seen) = came {
                let former = self.inherit(member, seen.id.as_ref(), orphans);
                summary.moved.extend(former.map(|former| (former, member.clone())));
            }
            let check = self.checks.members.entry(member.clone()).or_default();
            match came {
                Came::Failed(why) => {
                    check.tried_at = Some(*at);
                    summary.failed.push((member.clone(), why.clone()));
                }
                Came::Missing => {
                    summary.missing += 1;
                    miss(check, *at);
                    let missing = check.missing.as_ref();
                    if missing.is_some_and(|m| m.times >= MISSES && at.duration_since(m.since) >= MISSED_FOR) {
                        summary.gone.push(member.clone());
                    }
                }
                Came::Seen(seen) => {
                    *check = Check { checked_at: Some(*at), mark: seen.mark.clone(), ..Check::default() };
                    let before = self
                        .facts
                        .of(member)
                        .map(|known| known.account.clone().unwrap_or_else(|| known.member.clone()));
                    let changed = self.facts.learn(member, seen);
                    *(if changed { &mut summary.fetched } else { &mut summary.unchanged }) += 1;
                    match (before, &seen.account) {
                        (Some(_), _) if seen.anew => summary.anew.push(member.clone()),
                        (Some(before), Some(now)) if !same(&before, now) => {
                            summary.renamed.push((member.clone(), now.clone()));
                        }
                        _ => {}
                    }
                }
            }
        }
    }

    /// Notes who was asked in vain, where nothing else is to change.
    pub fn note_failures(&mut self, outcomes: &BTreeMap<String, Outcome>) {
        for outcome in outcomes.values().filter(|outcome| matches!(outcome.came, Came::Failed(_))) {
            self.checks.members.entry(outcome.member.clone()).or_default().tried_at = Some(outcome.at);
        }
    }
}

/// A miss that was counted already is not counted twice: an interrupted refresh may tell it again.
fn miss(check: &mut Check, at: Timestamp) {
    let counted = check.missing.is_some() && check.checked_at == Some(at);
    check.checked_at = Some(at);
    check.tried_at = None;
    let missing = check.missing.get_or_insert(Missing { since: at, times: 0 });
    missing.times += u32::from(!counted);
}

pub fn read(root: &Path, path: &str) -> Result<Option<String>> {
    match fs::read_to_string(root.join(path)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {path}")),
    }
}

/// Writes beside the file, and puts it into the file's place once it is on the disk.
pub fn replace(root: &Path, path: &str, text: &str) -> Result<()> {
    let full = root.join(path);
    let beside = full.with_extension("part");
    let written = (|| {
        if let Some(folder) = full.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = File::create(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, &full)?;
        // The new name is durable once the folder is.
        match full.parent() {
            Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
            _ => Ok(()),
        }
    })();
    written.with_context(|| format!("cannot write {path}"))
}
