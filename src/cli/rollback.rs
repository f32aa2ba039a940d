//! `precast rollback`: back to an earlier release, without building or uploading anything.

use super::{Listing, deployment::Where};

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
    /// Say what would be gone back to; nothing is changed
    #[arg(long)]
    dry_run: bool,
    /// How to print what was done
    #[arg(long, value_enum, default_value_t = Listing::Human)]
    format: Listing,
}

#[cfg(feature = "publish")]
mod run {
    use super::{Listing, Rollback};
    use crate::cli::deployment::{Opened, block_on, publisher, reporting};
    use crate::cli::{Outcome, human::plural, print};
    use crate::targets::{RolledBack, Target, rollback, short};
    use anyhow::{Result, anyhow};
    use serde_json::{Value as Json, json};
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
                let done = rollback(&target, self.release.as_deref(), &publisher, &report, self.dry_run).await?;
                if self.format == Listing::Human {
                    tell(&target, &done);
                }
                let mut replicas: Vec<(String, Result<RolledBack>)> = Vec::new();
                for (location, replica) in target.replicas(root, self.at.endpoint_url.as_deref()).await {
                    let back = match replica {
                        Ok(replica) => rollback(&replica, Some(&done.to), &publisher, &report, self.dry_run).await,
                        Err(error) => Err(error),
                    };
                    match &back {
                        Ok(back) => say!("replica {location}: {}", short(&back.to)),
                        Err(error) => say!("replica {location}: {error:#}"),
                    }
                    replicas.push((location, back));
                }
                if self.format == Listing::Json {
                    print(&format!("{:#}\n", document(&done, &replicas)));
                }
                match replicas.iter().filter(|(_, back)| back.is_err()).count() {
                    0 => Ok(Outcome::Done),
                    failed if self.dry_run => Err(anyhow!("{} cannot go back with it", plural(failed, "replica"))),
                    failed => {
                        Err(anyhow!("the release is live, but {} did not go back with it", plural(failed, "replica")))
                    }
                }
            })
        }
    }

    fn tell(target: &Target, done: &RolledBack) {
        let from = done.from.as_deref().map_or("nothing", short);
        let to = short(&done.to);
        match (&done.published, &done.plan) {
            (Some(published), _) => {
                let requests = published.cost.writes + published.cost.reads + published.edge_requests;
                say!("{from} -> {to}: live at {} ({requests} requests)", target.store.name());
            }
            (None, Some(plan)) => {
                say!("{from} -> {to}: {} objects to put back, {} to delete", plan.puts.len(), plan.deletes.len());
            }
            (None, None) => say!("{from} -> {to}: one switch"),
        }
    }

    fn document(done: &RolledBack, replicas: &[(String, Result<RolledBack>)]) -> Json {
        let replicas: Vec<Json> = replicas
            .iter()
            .map(|(location, back)| match back {
                Ok(back) => json!({ "location": location, "release": back.to }),
                Err(error) => json!({ "location": location, "error": format!("{error:#}") }),
            })
            .collect();
        json!({
            "from": done.from,
            "to": done.to,
            "plan": done.plan,
            "applied": done.published.is_some(),
            "spent": done.published.as_ref().map(|published| &published.cost),
            "edgeRequests": done.published.as_ref().map(|published| published.edge_requests),
            "seenFromOutside": done.published.as_ref().and_then(|published| published.seen),
            "replicas": replicas,
        })
    }
}
