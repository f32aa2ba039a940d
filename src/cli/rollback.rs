//! `precast rollback`: back to an earlier release, without building or uploading anything.

use super::deployment::Where;

#[derive(clap::Args)]
#[cfg_attr(
    not(feature = "publish"),
    allow(dead_code, reason = "the options are told even where the command is left out")
)]
pub struct Rollback {
    /// The first digits of the release to go back to [default: the one before]
    release: Option<String>,
    #[command(flatten)]
    at: Where,
}

#[cfg(feature = "publish")]
mod run {
    use super::Rollback;
    use crate::cli::deployment::{Opened, block_on, publisher, reporting};
    use crate::cli::{Outcome, human::plural};
    use crate::targets::{rollback, short};
    use anyhow::{Result, anyhow};
    use std::path::Path;

    impl Rollback {
        pub fn run(self, root: &Path) -> Result<Outcome> {
            let environment = match self.at.environment(root)? {
                Opened::Open(environment) => environment,
                Opened::Ended(outcome) => return Ok(outcome),
            };
            let (publisher, report) = (publisher(), reporting());
            block_on(async {
                let target = self.at.open(&environment, root).await?;
                let done = rollback(&target, self.release.as_deref(), &publisher, &report).await?;
                let from = done.from.as_deref().map_or("nothing", short).to_owned();
                let cost = &done.published.cost;
                let requests = cost.writes + cost.reads + done.published.edge_requests;
                say!("{from} -> {}: live at {} ({requests} requests)", short(&done.to), target.store.name());
                let mut failed = 0;
                for (location, replica) in target.replicas(root, self.at.endpoint_url.as_deref()).await {
                    let back = match replica {
                        Ok(replica) => rollback(&replica, Some(&done.to), &publisher, &report).await,
                        Err(error) => Err(error),
                    };
                    match back {
                        Ok(_) => say!("replica {location}: {}", short(&done.to)),
                        Err(error) => {
                            failed += 1;
                            say!("replica {location}: {error:#}");
                        }
                    }
                }
                match failed {
                    0 => Ok(Outcome::Done),
                    _ => Err(anyhow!("the release is live, but {} did not go back with it", plural(failed, "replica"))),
                }
            })
        }
    }
}
