//! Computed members, laid over what the sources of a collection say.

use super::diagnostic::Code;
use super::record::Record;
use super::value::{Name, Value};
use jiff::Timestamp;

/// What is laid over the records of a collection.
#[derive(Clone, Debug, Default)]
pub struct Overlay {
    pub names: Vec<Name>,
    /// For each day that was asked for, what is laid over each record, in their order.
    pub days: Vec<Vec<Laid>>,
    pub unreadable: Vec<Unreadable>,
}

/// A member of a record that should have told how to compute, and does not.
#[derive(Clone, Debug)]
pub struct Unreadable {
    pub record: usize,
    pub field: String,
    pub code: Code,
    pub message: String,
    pub help: String,
}

/// What is laid over one record.
#[derive(Clone, Debug, Default)]
pub struct Laid {
    /// By the overlay's names; `None` leaves the record as it is.
    pub values: Vec<Option<Value>>,
    /// Whether the member was there already, on the day that the overlay is of.
    pub there: bool,
}

/// Computes members of records from what is no part of them.
pub trait Overlays: Sync {
    /// What lies over the records of the collection (its index), as of each of so many days ago; `None` where nothing does.
    fn over(&self, collection: usize, records: &[Record], days_ago: &[u32]) -> Option<Overlay>;

    /// The next instant at which one of these members, or how it moved over so many days, changes by itself.
    fn next_change(&self, collection: usize, records: &[Record], movements: &[u32]) -> Option<Timestamp>;
}
