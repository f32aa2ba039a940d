//! What came of each member, written down as it comes: an interrupted refresh goes on where it was.

#![allow(clippy::disallowed_methods, reason = "an I/O edge")]

use super::lock::folder;
use super::outcome::{Came, Outcome};
use crate::model::{Search, Source};
use anyhow::{Context, Result};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// What is older is asked again.
const FRESH: SignedDuration = SignedDuration::from_hours(24);

pub struct Journal {
    file: File,
    path: PathBuf,
    /// What came so far, by member: also what an earlier refresh wrote that was interrupted.
    pub outcomes: BTreeMap<String, Outcome>,
    pub search: Option<Search>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Begun {
        begun: Timestamp,
        of: String,
    },
    Came(Outcome),
    /// A page of a search: counts and how far it came are one line, for half of it would count posts twice.
    Page {
        page: Vec<Outcome>,
        search: Search,
    },
    Search {
        search: Search,
    },
}

impl Journal {
    /// Opens the journal of a source; takes up what stands in it, if it is of the same source and not of long ago.
    pub fn open(root: &Path, source: &Source, now: Timestamp) -> Result<Self> {
        let path = folder(root).join(format!("{}.ndjson", source.name));
        let of = format!("{:?} {:?} {}", source.kind, source.url, source.account.value);
        let text = fs::read_to_string(&path).unwrap_or_default();
        // The last line may be half of one.
        let mut lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        let begun = lines.next().and_then(|line| serde_json::from_str(line).ok());
        let fresh = matches!(begun, Some(Line::Begun { begun, of: ref was }) if *was == of && now.duration_since(begun) < FRESH);
        let mut open = OpenOptions::new();
        let open = if fresh { open.append(true) } else { open.write(true).create(true).truncate(true) };
        let file = open.open(&path).with_context(|| format!("cannot open {}", path.display()))?;
        let mut journal = Self { file, path, outcomes: BTreeMap::new(), search: None };
        if fresh {
            for line in lines.filter_map(|line| serde_json::from_str(line).ok()) {
                journal.keep(line);
            }
            // Who failed is asked again.
            journal.outcomes.retain(|_, outcome| !matches!(outcome.came, Came::Failed(_)));
            let torn = !text.ends_with('\n');
            if torn {
                journal.write(b"\n")?;
            }
        } else {
            journal.line(&Line::Begun { begun: now, of })?;
        }
        Ok(journal)
    }

    pub fn came(&mut self, outcome: Outcome) -> Result<()> {
        let line = Line::Came(outcome);
        self.line(&line)?;
        self.keep(line);
        Ok(())
    }

    pub fn page(&mut self, page: Vec<Outcome>, search: Search) -> Result<()> {
        let line = Line::Page { page, search };
        self.line(&line)?;
        self.keep(line);
        Ok(())
    }

    pub fn searched(&mut self, search: Search) -> Result<()> {
        let line = Line::Search { search };
        self.line(&line)?;
        self.keep(line);
        Ok(())
    }

    /// Everything that stands in it has become facts.
    pub fn end(self) -> Result<()> {
        fs::remove_file(&self.path).with_context(|| format!("cannot remove {}", self.path.display()))
    }

    fn keep(&mut self, line: Line) {
        match line {
            Line::Begun { .. } => {}
            Line::Search { search } => self.search = Some(search),
            Line::Page { page, search } => {
                page.into_iter().for_each(|outcome| self.add(outcome));
                self.search = Some(search);
            }
            Line::Came(outcome) => self.add(outcome),
        }
    }

    /// A search sees the same member on several pages.
    fn add(&mut self, outcome: Outcome) {
        let key = outcome.member.clone();
        match (self.outcomes.get_mut(&key).map(|known| (&mut known.came, &mut known.at)), outcome.came) {
            (Some((Came::Seen(known), at)), Came::Seen(more)) => {
                let mut days = std::mem::take(&mut known.days);
                days.extend(more.days.iter().cloned());
                *known = super::outcome::Seen { days, ..more };
                *at = outcome.at;
            }
            (_, came) => drop(self.outcomes.insert(key, Outcome { came, ..outcome })),
        }
    }

    fn line(&mut self, line: &Line) -> Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.write(&text)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).with_context(|| format!("cannot write {}", self.path.display()))
    }
}

/// Removes the journal of a source, if there is one.
pub fn discard(root: &Path, source: &Source) -> Result<()> {
    let path = folder(root).join(format!("{}.ndjson", source.name));
    match fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}
