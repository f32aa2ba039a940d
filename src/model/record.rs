//! Records: what the site knows of one member, one article, one anything.

use super::removed::Removed;
use super::text::{Place, Span};
use super::value::{Name, Value};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One entity. Its members stand in the order in which the layers brought them.
#[derive(Clone, Debug)]
pub struct Record {
    /// The key as first spelt, as text.
    pub key: String,
    pub fields: Vec<Field>,
    /// The entries this record was merged from, first layer first.
    pub origins: Vec<Origin>,
    pub hidden: Option<HiddenReason>,
}

#[derive(Clone, Debug)]
pub struct Field {
    pub name: Name,
    pub value: Value,
    pub origin: FieldOrigin,
}

/// Where a member comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldOrigin {
    /// Written by an editor: the index into [`Record::origins`].
    Written(u16),
    /// Added by the build: Markdown's members and derived ones.
    Built,
}

/// The place of an entry among the inputs; line and column are found from it when a fault needs them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The collection's layer, counted from 0.
    pub layer: u16,
    /// The file, as an index into [`Collection::files`].
    pub file: u32,
    /// The entry within the file, counted from 0.
    pub entry: u32,
}

/// Why a record is not published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HiddenReason {
    Draft,
    /// Its `date` is still to come: seconds since 1970-01-01T00:00Z.
    Scheduled(i64),
    /// Its `expires` is past: seconds since 1970-01-01T00:00Z.
    Expired(i64),
    /// The member opted out: `listed: false`.
    Unlisted,
}

/// Records of one kind, unique by key, in source order.
#[derive(Clone, Debug, Default)]
pub struct Collection {
    pub name: String,
    /// The member that is the key.
    pub key: String,
    pub private: Vec<String>,
    pub records: Vec<Record>,
    /// Key and aliases, ASCII-lowered, to the record's index.
    pub index: BTreeMap<String, u32>,
    /// The files read, in source order.
    pub files: Vec<SourceFile>,
    /// Whether every file could be read: if not, nothing may be concluded from what is missing.
    pub complete: bool,
    /// The names of all members that some record has or may have, sorted, private ones included.
    pub names: Vec<String>,
    /// Whether a schema says which members there are.
    pub closed: bool,
    /// The records as they were, for views that tell how their rows moved.
    pub past: Vec<Past>,
    /// Those that are no longer there, and to which references may still lead.
    pub removed: Removed,
}

/// The same records, in the same order, as they were so many days ago.
#[derive(Clone, Debug)]
pub struct Past {
    pub days_ago: u32,
    pub collection: Arc<Collection>,
}

/// A file that records were read from.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Relative to the root.
    pub path: Arc<str>,
    /// Whether the source is a folder that holds the file, rather than the file itself.
    pub in_folder: bool,
    /// The member of the file's object that holds the record: a member wrote it, and it came through the inbox.
    pub within: Option<&'static str>,
}

/// Finds where a member of a record is written.
pub trait Locate: Sync {
    /// The place of the value of `field`, or of its item `item`, or of the record where it has no such member.
    fn locate(&self, collection: &Collection, record: &Record, field: &str, item: Option<usize>) -> Place;

    /// The place of a range of bytes of a file.
    fn span(&self, path: &str, span: &Span) -> Place;

    /// What a member wrote last of a record, where members wrote of it.
    fn last_write(&self, collection: &Collection, record: &Record) -> Option<Place>;
}

/// A record that the build leaves out, for the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hidden {
    pub collection: String,
    pub key: String,
    pub path: String,
    pub reason: HiddenReason,
}

impl Record {
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.field(name).map(|field| &field.value)
    }

    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| &*field.name == name)
    }

    /// The other keys under which it answers, as it lists them in `aliases`, ASCII-lowered.
    pub fn aliases(&self) -> Vec<String> {
        self.written_aliases().into_iter().map(|(_, alias)| alias.to_ascii_lowercase()).collect()
    }

    /// The same as they are written, each with its place in the list.
    pub fn written_aliases(&self) -> Vec<(u32, String)> {
        let labels = match self.get("aliases") {
            Some(Value::List(items)) => items.iter().map(Value::label).collect(),
            Some(alias) => vec![alias.label()],
            None => Vec::new(),
        };
        (0..).zip(labels).filter_map(|(item, alias)| Some((item, alias?))).collect()
    }

    /// Sets a member, in its place if there is one of that name, else at the end.
    pub fn set(&mut self, name: Name, value: Value, origin: FieldOrigin) {
        match self.fields.iter_mut().find(|field| field.name == name) {
            Some(field) => {
                field.value = value;
                field.origin = origin;
            }
            None => self.fields.push(Field { name, value, origin }),
        }
    }
}

impl Collection {
    pub fn find(&self, key: &str) -> Option<&Record> {
        self.position(key).map(|i| &self.records[i as usize])
    }

    /// The index of the record with this key or alias, in any ASCII letter case.
    pub fn position(&self, key: &str) -> Option<u32> {
        self.index.get(&key.to_ascii_lowercase()).copied()
    }

    /// The last of the record's entries that came through the inbox.
    pub fn last_write(&self, record: &Record) -> Option<Origin> {
        record.origins.iter().rev().find(|origin| self.is_write(**origin)).copied()
    }

    /// Whether an entry came through the inbox.
    pub fn is_write(&self, origin: Origin) -> bool {
        self.files.get(origin.file as usize).is_some_and(|file| file.within.is_some())
    }

    pub fn is_private(&self, field: &str) -> bool {
        self.private.iter().any(|name| name == field)
    }

    /// Whether a name that no record has can be called unknown.
    pub fn knows_its_names(&self) -> bool {
        self.complete && (self.closed || !self.records.is_empty())
    }

    pub fn has_name(&self, name: &str) -> bool {
        self.names.binary_search_by(|known| known.as_str().cmp(name)).is_ok()
    }
}
