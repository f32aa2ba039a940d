//! `precast check`: every diagnostic, nothing written.

use super::{Outcome, Reading, report};
use crate::pipeline;
use anyhow::Result;
use std::path::Path;

#[derive(clap::Args)]
pub struct Check {
    #[command(flatten)]
    reading: Reading,
}

impl Check {
    pub fn run(self, root: &Path) -> Result<Outcome> {
        let now = self.reading.now();
        let done = self.reading.on_threads(|| pipeline::check(root, now))?;
        report::finish(&self.reading, root, done, None)
    }
}
