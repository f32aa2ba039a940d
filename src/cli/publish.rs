//! `precast publish`: makes the sealed output of a build live.

#[cfg(feature = "publish")]
use super::deployment::{Opened, block_on, publisher, reporting, told_bytes};
use super::{Listing, deployment::Where};
use std::path::PathBuf;

#[derive(clap::Args)]
#[cfg_attr(
    not(feature = "publish"),
    allow(dead_code, reason = "the options are told even where the command is left out")
)]
pub struct Publish {
    #[command(flatten)]
    pub at: Where,
    /// The folder that `build` wrote [default: public, below the root]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    pub how: How,
}

/// How a publish is done and told.
#[derive(clap::Args)]
#[cfg_attr(
    not(feature = "publish"),
    allow(dead_code, reason = "the options are told even where the command is left out")
)]
pub struct How {
    /// Print the plan; nothing is changed
    #[arg(long)]
    dry_run: bool,
    /// Publish although more records vanished than `max_shrink` of the environment says
    #[arg(long)]
    accept_shrink: bool,
    /// Publish although more objects are deleted than `max_delete` of the environment says
    #[arg(long)]
    accept_deletes: bool,
    /// How to print the plan and what was done
    #[arg(long, value_enum, default_value_t = Listing::Human)]
    format: Listing,
}

#[cfg(feature = "publish")]
mod run {
    use super::{How, Listing, Opened, Publish, block_on, publisher, reporting, told_bytes};
    use crate::cli::{Outcome, human::plural, print};
    use crate::model::Layout;
    use crate::targets::{
        Accepted, Plan, Published, Publisher, Reason, Report, Sealed, Target, Via, apply, plan, short,
    };
    use anyhow::{Result, anyhow};
    use serde_json::{Value as Json, json};
    use std::path::Path;

    /// How many objects of a plan are named to people.
    const SHOWN: usize = 20;

    impl Publish {
        pub fn run(self, root: &Path) -> Result<Outcome> {
            let environment = match self.at.environment(root)? {
                Opened::Open(environment) => environment,
                Opened::Ended(outcome) => return Ok(outcome),
            };
            let out = self.out.clone().unwrap_or_else(|| root.join("public"));
            let next = Sealed::open(&out)?;
            block_on(async {
                let target = self.at.open(&environment, root).await?;
                if target.store.path().is_some_and(|path| same_folder(path, &out)) {
                    return Ok(Outcome::Usage(format!("{} is what is published: name another target", out.display())));
                }
                self.how.publish(&target, &next, root, self.at.endpoint_url.as_deref()).await
            })
        }
    }

    fn same_folder(a: &Path, b: &Path) -> bool {
        matches!((std::fs::canonicalize(a), std::fs::canonicalize(b)), (Ok(a), Ok(b)) if a.starts_with(&b) || b.starts_with(&a))
    }

    impl How {
        /// Publishes to the target, and then to its replicas.
        pub async fn publish(
            &self,
            target: &Target,
            next: &Sealed,
            root: &Path,
            endpoint: Option<&str>,
        ) -> Result<Outcome> {
            let (publisher, report) = (publisher(), reporting());
            let accepted = Accepted { shrink: self.accept_shrink, deletes: self.accept_deletes };
            let planned = plan(target, next, &publisher).await?;
            let described = &planned.plan;
            if self.format == Listing::Human {
                say_plan(described, target);
            }
            let barred: Vec<String> =
                described.barred(accepted).iter().map(|r| format!("{} ({})", r.message, r.accept)).collect();
            if self.dry_run || !barred.is_empty() {
                if self.format == Listing::Json {
                    print(&format!("{:#}\n", json!({ "plan": described, "applied": false })));
                }
                for message in &barred {
                    say!("refused: {message}");
                }
                return Ok(if barred.is_empty() { Outcome::Done } else { Outcome::Faults });
            }
            let published = apply(target, next, &planned, &publisher, &report).await?;
            if self.format == Listing::Human {
                say_published(next, target, &published);
            }
            let replicas = replicas(target, next, (root, endpoint), (&publisher, &report)).await;
            let failed = replicas.iter().filter(|(_, done)| done.is_err()).count();
            if self.format == Listing::Json {
                print(&format!("{:#}\n", document(described, &published, &replicas)));
            }
            if failed > 0 {
                return Err(anyhow!(
                    "the release is live, but {} could not be brought up to date: run the same command again",
                    plural(failed, "replica")
                ));
            }
            Ok(Outcome::Done)
        }
    }

    /// The same release at every replica; one that fails does not keep the others.
    async fn replicas(
        target: &Target,
        next: &Sealed,
        (root, endpoint): (&Path, Option<&str>),
        (publisher, report): (&Publisher, &Report),
    ) -> Vec<(String, Result<Published>)> {
        let mut done = Vec::new();
        for (location, replica) in target.replicas(root, endpoint).await {
            let published = match replica {
                Ok(replica) => match plan(&replica, next, publisher).await {
                    Ok(planned) => apply(&replica, next, &planned, publisher, report).await,
                    Err(error) => Err(error),
                },
                Err(error) => Err(error),
            };
            match &published {
                Ok(published) if published.changed => say!("replica {location}: release {}", short(next.release())),
                Ok(_) => say!("replica {location}: nothing to do"),
                Err(error) => say!("replica {location}: {error:#}"),
            }
            done.push((location, published));
        }
        done
    }

    fn say_plan(plan: &Plan, target: &Target) {
        let live = plan.live.as_deref().map_or_else(|| "nothing".to_owned(), |live| short(live).to_owned());
        say!("{} ({}): {live} -> {}", plan.target, plan.layout.name(), short(&plan.release));
        if plan.is_empty() {
            return say!("nothing to do: {} objects stand there as they should", plan.unchanged);
        }
        for put in plan.puts.iter().take(SHOWN) {
            let (sign, why) = match put.reason {
                Reason::New => ('+', "new"),
                Reason::Changed => ('~', "changed"),
                Reason::Headers => ('~', "other headers"),
                Reason::Interrupted => ('~', "an interrupted publish may have touched it"),
                Reason::Shard => ('=', "its shard changed"),
            };
            say!("  {sign} {} ({why}{})", put.object, if put.via == Via::Upload { "" } else { ", copied" });
        }
        if plan.puts.len() > SHOWN {
            say!("  … and {} more", plan.puts.len() - SHOWN);
        }
        for delete in plan.deletes.iter().take(SHOWN) {
            say!("  - {} ({})", delete.object, delete.reason);
        }
        if plan.deletes.len() > SHOWN {
            say!("  … and {} more", plan.deletes.len() - SHOWN);
        }
        say!(
            "{} to upload ({}), {} to copy, {} to delete, {} unchanged, {} to invalidate{}",
            plan.uploads(),
            told_bytes(plan.sent()),
            plan.copies(),
            plan.deletes.len(),
            plan.unchanged,
            plural(plan.invalidate.len(), "path"),
            if plan.function { ", a new edge function" } else { "" }
        );
        if plan.layout == Layout::Release && target.store.is_bucket() && target.environment.function.is_none() {
            say!("  no `function` is named: nothing switches readers to this release");
        }
        for cost in plan.cost.iter().filter(|_| target.store.is_bucket()) {
            let here = if cost.layout == plan.layout { "" } else { " (would be)" };
            let monthly = match plan.live {
                Some(_) => format!("; such a publish every hour: ${:.2} a month", cost.hourly()),
                None => String::new(),
            };
            say!(
                "  layout {}{here}: {} writes, {} reads, ${:.4}{monthly}",
                cost.layout.name(),
                cost.writes,
                cost.reads,
                cost.dollars
            );
        }
    }

    fn say_published(next: &Sealed, target: &Target, published: &Published) {
        let cost = &published.cost;
        let asked = if target.store.is_bucket() {
            format!(
                " ({} writes and {} reads of the bucket, {} requests of CloudFront, ${:.4})",
                cost.writes, cost.reads, published.edge_requests, cost.dollars
            )
        } else {
            String::new()
        };
        if published.changed {
            let seen = if published.seen == Some(true) { ", and answers from outside" } else { "" };
            say!("release {} is live at {}{seen}{asked}", short(next.release()), target.store.name());
        } else {
            say!("release {} is live at {} already{asked}", short(next.release()), target.store.name());
        }
    }

    fn document(plan: &Plan, published: &Published, replicas: &[(String, Result<Published>)]) -> Json {
        let replicas: Vec<Json> = replicas
            .iter()
            .map(|(location, done)| match done {
                Ok(done) => json!({ "location": location, "changed": done.changed }),
                Err(error) => json!({ "location": location, "error": format!("{error:#}") }),
            })
            .collect();
        json!({
            "plan": plan,
            "applied": true,
            "changed": published.changed,
            "spent": published.cost,
            "edgeRequests": published.edge_requests,
            "seenFromOutside": published.seen,
            "replicas": replicas,
        })
    }
}
