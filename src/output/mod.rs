//! A release to a folder: only what changed is written, and what the tool did not make is never touched.

#![allow(clippy::disallowed_methods, reason = "an I/O edge")]

mod folders;
mod plan;
mod state;
mod write;

use state::State;
pub use write::{Written, write};

use anyhow::Result;
use std::path::Path;

/// What the tool knows of an output folder from earlier builds.
pub struct Output<'a> {
    path: &'a Path,
    state: Option<State>,
    /// Keys that an interrupted build was about to write or remove.
    journal: Vec<String>,
    /// How the state and the journal were found, to notice another build.
    marks: state::Marks,
}

impl<'a> Output<'a> {
    /// # Errors
    /// When the folder is there and cannot be read. A damaged state counts as none.
    pub fn open(path: &'a Path) -> Result<Self> {
        let marks = state::marks(path);
        Ok(Self { path, state: State::load(path)?, journal: state::load_journal(path)?, marks })
    }

    /// What the last build wrote of itself, if that build was finished.
    pub fn header(&self) -> Option<&str> {
        self.state.as_ref().filter(|_| self.journal.is_empty()).map(|state| state.header.as_str())
    }

    /// How many files the last build left, if every one is still as it left it.
    pub fn intact(&self) -> Option<usize> {
        let state = self.state.as_ref()?;
        plan::all_there(self.path, state).then_some(state.entries.len())
    }
}
