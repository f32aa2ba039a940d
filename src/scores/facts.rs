//! `data/activity/<source>.ndjson` and its checks, read.

use crate::model::{
    Activity, Check, Checks, Days, Diagnostic, InputFile, Inputs, Place, Record, Removed, Source, code,
};
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What is known of the members of one source.
#[derive(Debug, Default)]
pub struct Facts {
    /// By the ASCII-lowered key of the member's record.
    pub days: HashMap<String, Days>,
    pub checks: Checks,
    /// When each member was last asked about, by the ASCII-lowered key.
    pub checked: HashMap<String, Check>,
}

impl Facts {
    /// Drops what is known of those who are gone.
    pub fn forget(&mut self, gone: &Removed) {
        self.days.retain(|member, _| !gone.has(member));
        self.checked.retain(|member, _| !gone.has(member));
    }
}

pub fn read(source: &Source, inputs: &Inputs, faults: &mut Vec<Diagnostic>) -> Facts {
    let mut facts = Facts::default();
    if let Some(bytes) = bytes(inputs, &source.facts()) {
        lines(&source.facts(), &bytes, &mut facts, faults);
    }
    if let Some(bytes) = bytes(inputs, &source.checks()) {
        match serde_json::from_slice(&bytes) {
            Ok(checks) => {
                let checks: Checks = checks;
                let checked = checks.members.iter().map(|(key, check)| (key.to_ascii_lowercase(), check.clone()));
                facts.checked = checked.collect();
                facts.checks = checks;
            }
            Err(error) => {
                let mut place = Place::file(&source.checks());
                (place.line, place.column) = (error.line().max(1), error.column().max(1));
                let message = format!("these are no checks of activity: {}", without_place(&error.to_string()));
                faults.push(Diagnostic::error(code::BAD_ACTIVITY, place, message).help(
                    "`precast refresh` writes this file: restore an earlier version of it, or delete it: then everybody is asked anew",
                ));
            }
        }
    }
    facts
}

/// Of records of which nothing is known under their own key: the former key under which something is, and which no
/// other record has. By the index of the record.
pub fn former(records: &[Record], is_known: impl Fn(&str) -> bool) -> HashMap<usize, String> {
    let lowered = |record: &Record| record.key.to_ascii_lowercase();
    let mut heirs = Vec::new();
    for (at, record) in records.iter().enumerate().filter(|(_, record)| record.get("aliases").is_some()) {
        let former: Vec<String> = record.aliases().into_iter().filter(|alias| is_known(alias)).collect();
        if !former.is_empty() && !is_known(&lowered(record)) {
            heirs.push((at, former));
        }
    }
    if heirs.is_empty() {
        return HashMap::new();
    }
    let mut taken: HashSet<String> = records.iter().map(lowered).collect();
    let free = |(at, former): (usize, Vec<String>)| {
        former.into_iter().find(|former| taken.insert(former.clone())).map(|former| (at, former))
    };
    heirs.into_iter().filter_map(free).collect()
}

fn bytes(inputs: &Inputs, path: &str) -> Option<Arc<Vec<u8>>> {
    match inputs.files.get(path) {
        Some(InputFile::Bytes(bytes)) => Some(Arc::clone(bytes)),
        _ => None,
    }
}

fn lines(path: &str, bytes: &[u8], facts: &mut Facts, faults: &mut Vec<Diagnostic>) {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    let read = |line: &&[u8]| -> Result<Option<(String, Days)>, String> {
        if line.trim_ascii().is_empty() {
            return Ok(None);
        }
        let activity = Activity::read(line)?;
        let days = activity.days()?;
        // Where nothing is known of any day, nothing is known.
        Ok(Some((activity.member.to_ascii_lowercase(), days)).filter(|(_, days)| !days.is_empty()))
    };
    let read: Vec<_> = lines.par_iter().map(read).collect();
    facts.days.reserve(read.len());
    for (at, line) in read.into_iter().enumerate() {
        match line {
            Ok(Some((member, days))) => {
                if facts.days.contains_key(&member) {
                    faults.push(fault(path, at + 1, &format!("`{member}` has a line already")));
                }
                facts.days.insert(member, days);
            }
            Ok(None) => {}
            Err(why) => faults.push(fault(path, at + 1, &why)),
        }
    }
}

/// The parser counts lines of what it was given.
fn without_place(why: &str) -> &str {
    why.split(" at line ").next().unwrap_or(why)
}

fn fault(path: &str, line: usize, why: &str) -> Diagnostic {
    let why = without_place(why);
    let mut place = Place::file(path);
    place.line = line.max(1);
    Diagnostic::error(code::BAD_ACTIVITY, place, format!("this is no activity of a member: {why}")).help(
        "`precast refresh` writes this file: restore an earlier version of it, or remove the line and refresh again",
    )
}
