//! `precast releases`: what is live, and what one can go back to.

use super::{Listing, deployment::Where};

#[derive(clap::Args)]
#[cfg_attr(
    not(feature = "publish"),
    allow(dead_code, reason = "the options are told even where the command is left out")
)]
pub struct Releases {
    #[command(flatten)]
    at: Where,
    /// How to print the releases
    #[arg(long, value_enum, default_value_t = Listing::Human)]
    format: Listing,
}

#[cfg(feature = "publish")]
mod run {
    use super::{Listing, Releases};
    use crate::cli::deployment::{Opened, block_on, told_bytes};
    use crate::cli::{Outcome, print};
    use crate::targets::{Channel, Live, short};
    use anyhow::Result;
    use serde_json::{Value as Json, json};
    use std::fmt::Write as _;
    use std::path::Path;

    impl Releases {
        pub fn run(self, root: &Path) -> Result<Outcome> {
            let environment = match self.at.environment(root)? {
                Opened::Open(environment) => environment,
                Opened::Ended(outcome) => return Ok(outcome),
            };
            block_on(async {
                let target = self.at.open(&environment, root).await?;
                let channel = target.channel().await?;
                let mut replicas = Vec::new();
                for (location, replica) in target.replicas(root, self.at.endpoint_url.as_deref()).await {
                    let theirs = match replica {
                        Ok(replica) => replica.channel().await,
                        Err(error) => Err(error),
                    };
                    replicas.push((location, theirs));
                }
                match self.format {
                    Listing::Json => print(&format!("{:#}\n", document(&channel, &replicas))),
                    Listing::Human => print(&text(&channel, &replicas)),
                }
                Ok(Outcome::Done)
            })
        }
    }

    type Replicas = [(String, Result<Channel>)];

    /// How many releases a replica is behind; `None` where it holds one that is not known here.
    fn lag(channel: &Channel, replica: &Channel) -> Option<usize> {
        let theirs = &replica.current.as_ref()?.release;
        channel.current.iter().chain(&channel.previous).position(|live| live.release == *theirs)
    }

    fn document(channel: &Channel, replicas: &Replicas) -> Json {
        let one = |live: &Live| {
            json!({
                "release": live.release,
                "number": live.number,
                "publishedAt": live.published_at,
                "publishedBy": live.published_by,
                "restored": live.restored,
                "readAt": live.read_at,
                "objects": live.objects,
                "bytes": live.bytes,
                "restorable": channel.keeps(live),
            })
        };
        let replicas: Vec<Json> = replicas
            .iter()
            .map(|(location, theirs)| match theirs {
                Ok(theirs) => json!({
                    "location": location,
                    "release": theirs.current.as_ref().map(|live| &live.release),
                    "behind": lag(channel, theirs),
                }),
                Err(error) => json!({ "location": location, "error": format!("{error:#}") }),
            })
            .collect();
        json!({
            "environment": channel.environment,
            "current": channel.current.as_ref().map(one),
            "previous": channel.previous.iter().map(one).collect::<Vec<_>>(),
            "interrupted": !channel.is_settled(),
            "replicas": replicas,
        })
    }

    fn text(channel: &Channel, replicas: &Replicas) -> String {
        let mut out = String::new();
        let lines = channel.current.iter().map(|live| ("* ", live));
        for (mark, live) in lines.chain(channel.previous.iter().map(|live| ("  ", live))) {
            let lost = mark == "  " && !channel.keeps(live);
            let _ = writeln!(
                out,
                "{mark}{}  {}  by {}  {} objects, {}{}{}",
                short(&live.release).escape_debug(),
                live.published_at.escape_debug(),
                live.published_by.escape_debug(),
                live.objects,
                told_bytes(live.bytes),
                live.restored.as_ref().map_or_else(String::new, |r| format!("  (gone back to {} by {})", r.at, r.by)),
                if lost { "  (no versions are kept: to go back, publish that build again)" } else { "" }
            );
        }
        if channel.current.is_none() {
            out.push_str("nothing is published here yet\n");
        }
        if !channel.is_settled() {
            out.push_str("a publish was interrupted: run `precast publish` again, and it is finished\n");
        }
        for (location, theirs) in replicas {
            let state = match theirs {
                Err(error) => format!("{error:#}"),
                Ok(theirs) => match (&theirs.current, lag(channel, theirs)) {
                    (None, _) => "nothing is published there yet".to_owned(),
                    (Some(live), Some(0)) => format!("{} (the same)", short(&live.release)),
                    (Some(live), Some(behind)) => format!("{} ({behind} behind)", short(&live.release)),
                    (Some(live), None) => format!("{} (unknown here)", short(&live.release)),
                },
            };
            let _ = writeln!(out, "replica {location}: {state}");
        }
        out
    }
}
