//! `precast gc`: collects what no kept release needs.

use super::{Listing, deployment::Where};

#[derive(clap::Args)]
#[cfg_attr(
    not(feature = "publish"),
    allow(dead_code, reason = "the options are told even where the command is left out")
)]
pub struct Gc {
    #[command(flatten)]
    at: Where,
    /// Say what would be collected; nothing is changed
    #[arg(long)]
    dry_run: bool,
    /// How to print what was done
    #[arg(long, value_enum, default_value_t = Listing::Human)]
    format: Listing,
}

#[cfg(feature = "publish")]
mod run {
    use super::{Gc, Listing};
    use crate::cli::deployment::{Opened, block_on, publisher};
    use crate::cli::{Outcome, human::plural, print};
    use crate::targets::collect;
    use anyhow::Result;
    use serde_json::json;
    use std::path::Path;

    impl Gc {
        pub fn run(self, root: &Path) -> Result<Outcome> {
            let environment = match self.at.environment(root)? {
                Opened::Open(environment) => environment,
                Opened::Ended(outcome) => return Ok(outcome),
            };
            let publisher = publisher();
            block_on(async {
                let target = self.at.open(&environment, root).await?;
                let mut places = vec![(target.store.name().to_owned(), Ok(target.clone()))];
                places.extend(target.replicas(root, self.at.endpoint_url.as_deref()).await);
                let mut documents = Vec::new();
                for (name, place) in places {
                    let done = collect(&place?, &publisher, self.dry_run).await?;
                    let would = if self.dry_run { "would be " } else { "" };
                    if self.format == Listing::Human {
                        say!(
                            "{name}: {} {would}forgotten, {} {would}condemned, {} {would}deleted{}",
                            plural(done.forgotten.len(), "release"),
                            plural(done.condemned.len(), "shard"),
                            plural(done.deleted, "object"),
                            if done.left > 0 {
                                format!("; {} more are due: run it again", plural(done.left, "object"))
                            } else {
                                String::new()
                            }
                        );
                    }
                    documents.push(json!({ "target": name, "collected": done }));
                }
                if self.format == Listing::Json {
                    print(&format!("{:#}\n", json!({ "applied": !self.dry_run, "targets": documents })));
                }
                Ok(Outcome::Done)
            })
        }
    }
}
