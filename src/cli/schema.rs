//! `precast schema`: what a published record looks like.

use super::{Outcome, human, print};
use crate::content::settings::quoted;
use crate::pipeline;
use anyhow::Result;
use std::path::Path;

#[derive(clap::Args)]
pub struct Schema {
    /// The collection
    collection: String,
}

impl Schema {
    pub fn run(self, root: &Path) -> Result<Outcome> {
        let (settings, mut faults) = pipeline::load_settings(root)?;
        let document = match &settings {
            Some(settings) if faults.is_empty() => {
                if let Some(index) = settings.collection(&self.collection) {
                    let (schema, wrong) = pipeline::load_schema(root, settings, index)?;
                    faults.extend(wrong);
                    schema
                } else {
                    let known: Vec<&str> = settings.collections.iter().map(|c| c.name.as_str()).collect();
                    return Ok(Outcome::Usage(format!(
                        "there is no collection `{}`; the collections are {}",
                        self.collection,
                        quoted(&known)
                    )));
                }
            }
            _ => None,
        };
        match document {
            Some(document) if faults.is_empty() => {
                print(&format!("{document:#}\n"));
                Ok(Outcome::Done)
            }
            _ => {
                human::diagnostics(faults.iter());
                Ok(Outcome::Faults)
            }
        }
    }
}
