//! Whose activity is fetched.

use super::lookups::read_content;
use crate::model::{Collection, Record, Settings};
use crate::sources::{Member, Roster};
use anyhow::Result;
use jiff::civil::Date;
use std::path::Path;

/// The member of a record with the day from which activity counts, where no score says another.
const JOINED: &str = "dateJoined";

/// The members of each source, or the faults that keep them from being known.
pub enum Members {
    Known(Vec<Roster>),
    Faults(Vec<crate::model::Diagnostic>),
}

/// The published members of every source's collection, in the order of the sources. Who is hidden (a draft, or not
/// listed) is nobody to ask about.
///
/// # Errors
/// When the disk fails.
pub fn members(root: &Path, settings: &Settings) -> Result<Members> {
    let content = read_content(root, settings)?;
    let whole = |at: usize| content.collections.get(at).is_some_and(|collection| collection.complete);
    if !settings.sources.iter().all(|source| whole(source.members)) {
        return Ok(Members::Faults(content.diagnostics));
    }
    let of = |at: usize| {
        let source = &settings.sources[at];
        let collection = &content.collections[source.members];
        let records = collection.records.iter().filter(|record| record.hidden.is_none());
        let members = records.map(|record| member(settings, at, collection, record)).collect();
        Roster { members, taken: collection.index.keys().cloned().collect() }
    };
    Ok(Members::Known((0..settings.sources.len()).map(of).collect()))
}

/// Where a member is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    pub collection: String,
    pub files: Vec<String>,
    /// The key of the record, and those it had before.
    pub keys: Vec<String>,
}

/// The records of a member, by the key or an alias.
///
/// # Errors
/// When the disk fails.
pub fn mentions(root: &Path, settings: &Settings, key: &str) -> Result<Vec<Mention>> {
    let content = read_content(root, settings)?;
    let mut found = Vec::new();
    for source in &settings.sources {
        let Some(collection) = content.collections.get(source.members) else { continue };
        let Some(record) = collection.find(key) else { continue };
        let keys = std::iter::once(record.key.clone()).chain(former(collection, record)).collect();
        let mention = Mention { collection: collection.name.clone(), files: files(collection, record), keys };
        if !found.contains(&mention) {
            found.push(mention);
        }
    }
    Ok(found)
}

/// The aliases of a record that are no other's, nor were of somebody who is gone.
fn former(collection: &Collection, record: &Record) -> Vec<String> {
    let is_own = |alias: &String| {
        !collection.removed.has(alias)
            && collection.find(alias).is_some_and(|owner| owner.key == record.key)
            && !record.key.eq_ignore_ascii_case(alias)
    };
    record.aliases().into_iter().filter(is_own).collect()
}

fn files(collection: &Collection, record: &Record) -> Vec<String> {
    let path = |file: u32| collection.files.get(file as usize).map(|file| file.path.to_string());
    record.origins.iter().filter_map(|origin| path(origin.file)).collect()
}

fn member(settings: &Settings, source: usize, collection: &Collection, record: &Record) -> Member {
    let fields = record.fields.iter().filter_map(|field| Some((field.name.to_string(), field.value.label()?)));
    let fields: std::collections::BTreeMap<String, String> = fields.collect();
    let day = |name: &str| fields.get(name)?.get(..10)?.parse::<Date>().ok();
    let mut scores = settings.scores.iter().filter(|score| score.from == source).peekable();
    let joined = if scores.peek().is_none() {
        day(JOINED)
    } else {
        // The earliest day that some score counts; `None` where one counts from the beginning.
        scores.map(|score| day(&score.joined.value).max(score.since)).min().flatten()
    };
    let account = fields.get(&settings.sources[source].account.value).filter(|account| !account.trim().is_empty());
    let former = former(collection, record);
    let private = collection.private.iter().cloned().collect();
    Member { key: record.key.clone(), former, account: account.cloned(), joined, fields, private }
}
