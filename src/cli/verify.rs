//! `precast verify`: every live object held against the manifest.

use super::{Listing, deployment::Where};
use std::path::PathBuf;

#[derive(clap::Args)]
#[cfg_attr(
    not(feature = "publish"),
    allow(dead_code, reason = "the options are told even where the command is left out")
)]
pub struct Verify {
    #[command(flatten)]
    at: Where,
    /// Put what differs again: from the build's output, from a replica, or from the target that a replica follows
    #[arg(long)]
    repair: bool,
    /// Trust the checksums that the target keeps, instead of reading every body
    #[arg(long)]
    quick: bool,
    /// The folder that `build` wrote, to repair from [default: public, below the root]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How to print what was found
    #[arg(long, value_enum, default_value_t = Listing::Human)]
    format: Listing,
}

#[cfg(feature = "publish")]
mod run {
    use super::{Listing, Verify};
    use crate::cli::deployment::{Opened, block_on, reporting};
    use crate::cli::{Outcome, human::plural, print};
    use crate::targets::{Fault, Finding, Sealed, Target, Verified, short, verify};
    use anyhow::{Result, anyhow};
    use serde_json::json;
    use std::path::Path;

    /// How many objects of a kind are named to people.
    const SHOWN: usize = 50;

    impl Verify {
        pub fn run(self, root: &Path) -> Result<Outcome> {
            let environment = match self.at.environment(root)? {
                Opened::Open(environment) => environment,
                Opened::Ended(outcome) => return Ok(outcome),
            };
            block_on(async {
                let target = self.at.open(&environment, root).await?;
                let mut places: Vec<(String, Result<Target>)> =
                    vec![(target.store.name().to_owned(), Ok(target.clone()))];
                places.extend(target.replicas(root, self.at.endpoint_url.as_deref()).await);
                let sources = if self.repair { self.sources(root, &places).await } else { Vec::new() };
                let mut found = Vec::new();
                for (name, place) in places {
                    let report = reporting();
                    let verified = match place {
                        Ok(place) => verify(&place, self.quick, self.repair.then_some(&sources[..]), &report).await,
                        Err(error) => Err(error),
                    };
                    if self.format == Listing::Human {
                        tell(&name, &verified);
                    }
                    found.push((name, verified));
                }
                if self.format == Listing::Json {
                    let places: Vec<_> = found
                        .iter()
                        .map(|(name, verified)| match verified {
                            Ok(verified) => {
                                json!({ "target": name, "agrees": verified.agrees(), "verified": verified })
                            }
                            Err(error) => json!({ "target": name, "agrees": false, "error": format!("{error:#}") }),
                        })
                        .collect();
                    print(&format!("{:#}\n", json!({ "targets": places })));
                }
                let mut wrong =
                    found.into_iter().filter(|(_, verified)| !verified.as_ref().is_ok_and(Verified::agrees));
                let first = wrong.next();
                // Of several that could not be verified, the first is how the command ends.
                wrong
                    .filter_map(|(name, verified)| Some((name, verified.err()?)))
                    .for_each(|(name, error)| say!("{name}: {error:#}"));
                match first {
                    None => Ok(Outcome::Done),
                    Some((_, Err(error))) => Err(error),
                    Some((name, verified)) => {
                        let way = match verified {
                            Ok(verified) if verified.interrupted => {
                                ": a publish was interrupted, and is finished by running it again"
                            }
                            _ if self.repair => {
                                ", and neither the build nor a replica has the right bytes: publish that build again, or another"
                            }
                            _ => ": run `precast verify --repair`",
                        };
                        Err(anyhow!("{name} does not hold what was published{way}"))
                    }
                }
            })
        }

        /// Where right bytes may be had: the build's output, the target, its replicas.
        async fn sources(&self, root: &Path, places: &[(String, Result<Target>)]) -> Vec<Sealed> {
            let out = self.out.clone().unwrap_or_else(|| root.join("public"));
            let mut sources: Vec<Sealed> = Sealed::open(&out).into_iter().collect();
            for place in places.iter().filter_map(|(_, place)| place.as_ref().ok()) {
                sources.extend(place.live_release().await);
            }
            sources
        }
    }

    fn tell(name: &str, verified: &Result<Verified>) {
        // What keeps it from being verified is how the command ends.
        let Ok(verified) = verified else { return };
        for Finding { object, fault, repaired } in verified.findings.iter().take(SHOWN) {
            let what = match fault {
                Fault::Missing => "is missing",
                Fault::Bytes => "has other bytes than were published",
                Fault::Headers => "has other headers than were published",
                Fault::Foreign => "was put there by somebody else, and is left alone",
            };
            say!("  {object} {what}{}", if *repaired { ": put again" } else { "" });
        }
        if verified.findings.len() > SHOWN {
            say!("  … and {} more", verified.findings.len() - SHOWN);
        }
        let foreign = verified.findings.iter().filter(|finding| finding.fault == Fault::Foreign).count();
        if foreign > SHOWN {
            say!("{name}: {} of somebody else's", plural(foreign, "object"));
        }
        let wrong = verified.findings.iter().filter(|finding| finding.fault != Fault::Foreign);
        let (mended, open): (Vec<_>, Vec<_>) = wrong.partition(|finding| finding.repaired);
        let release = short(&verified.release);
        match (mended.len(), open.len()) {
            (0, 0) => say!("{name}: {} objects of release {release} stand there as they should", verified.objects),
            (mended, 0) => say!("{name}: {} of release {release} put again", plural(mended, "object")),
            (mended, open) => say!(
                "{name}: {} of release {release} differ{}",
                plural(open, "object"),
                if mended > 0 { format!(", {mended} put again") } else { String::new() }
            ),
        }
    }
}
