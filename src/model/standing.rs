//! Where rows stand in a ranking.

/// A row's place in a ranking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub rank: usize,
    /// Unique, from 1, in the order of the list.
    pub position: usize,
    /// Whether another row has the same value.
    pub tied: bool,
    pub before: Before,
}

/// A row's rank some days ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// The view does not tell of it.
    Untold,
    /// The row was not there.
    New,
    Rank(usize),
}
