//! `precast openapi`: the document that a build publishes.

use super::{Outcome, human, print};
use crate::content::Moment;
use crate::pipeline;
use anyhow::Result;
use jiff::Timestamp;
use std::path::Path;

#[derive(clap::Args)]
pub struct Openapi {
    /// The instant to look at the site at (RFC 3339)
    #[arg(long, value_name = "RFC3339")]
    now: Option<Timestamp>,
}

impl Openapi {
    pub fn run(self, root: &Path) -> Result<Outcome> {
        let moment = Moment::at(self.now.unwrap_or_else(Timestamp::now));
        let (report, site) = pipeline::load_site(root, moment)?;
        human::diagnostics(report.diagnostics.iter());
        let Some((settings, computed)) = site.filter(|_| report.errors() == 0) else { return Ok(Outcome::Faults) };
        let key = settings.home_surface().map(|surface| surface.key("openapi.json")).unwrap_or_default();
        let document = computed.artifacts.iter().find(|artifact| artifact.key == key);
        if let Some(document) = document {
            print(&String::from_utf8_lossy(&document.body.to_vec()));
        }
        Ok(Outcome::Done)
    }
}
