//! `precast edge`: the functions and headers that a CDN needs.

use super::{Outcome, human, print};
use crate::content::Moment;
use crate::contract;
use crate::pipeline;
use anyhow::Result;
use jiff::Timestamp;
use std::path::Path;

#[derive(clap::Args)]
pub struct Edge {
    /// Print the response-headers policy instead, as `aws cloudfront create-response-headers-policy` takes it
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "precast")]
    headers_policy: Option<String>,
    /// The instant to look at the site at (RFC 3339)
    #[arg(long, value_name = "RFC3339")]
    now: Option<Timestamp>,
}

impl Edge {
    pub fn run(self, root: &Path) -> Result<Outcome> {
        if let Some(name) = self.headers_policy {
            print(&format!("{:#}\n", contract::headers::policy(&name)));
            return Ok(Outcome::Done);
        }
        let moment = Moment::at(self.now.unwrap_or_else(Timestamp::now));
        let (report, site) = pipeline::load_site(root, moment)?;
        human::diagnostics(report.diagnostics.iter());
        let Some((settings, computed)) = site.filter(|_| report.errors() == 0) else { return Ok(Outcome::Faults) };
        match contract::edge(&settings, &computed.table) {
            Ok(code) => {
                print(&code);
                Ok(Outcome::Done)
            }
            Err(why) => {
                say!("error: {why}");
                Ok(Outcome::Faults)
            }
        }
    }
}
