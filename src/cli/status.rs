//! `precast status`: whether everything shows the live release; one line for a cron job or an uptime check.

use super::{Listing, deployment::Where};

#[derive(clap::Args)]
#[cfg_attr(
    not(feature = "publish"),
    allow(dead_code, reason = "the options are told even where the command is left out")
)]
pub struct StatusOf {
    #[command(flatten)]
    at: Where,
    /// Fail when the live release was published longer ago: hours, such as `26h`, or days, such as `2d`
    #[arg(long, value_name = "AGE", value_parser = age)]
    max_age: Option<i64>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Listing::Human)]
    format: Listing,
}

/// Seconds.
fn age(text: &str) -> Result<i64, String> {
    let wrong = || format!("`{text}` is no age: write hours or days, such as `26h` or `2d`");
    let number = text.get(..text.len().saturating_sub(1)).and_then(|number| number.parse::<i64>().ok());
    let number = number.filter(|number| (1..=100_000).contains(number)).ok_or_else(wrong)?;
    match text.as_bytes().last() {
        Some(b'h') => Ok(number * 3600),
        Some(b'd') => Ok(number * 86400),
        _ => Err(wrong()),
    }
}

#[cfg(feature = "publish")]
mod run {
    use super::{Listing, StatusOf};
    use crate::cli::deployment::{Opened, block_on, publisher};
    use crate::cli::{Outcome, print};
    use crate::targets::{Status, short, status};
    use anyhow::{Result, anyhow};
    use serde_json::json;
    use std::path::Path;

    impl StatusOf {
        pub fn run(self, root: &Path) -> Result<Outcome> {
            let environment = match self.at.environment(root)? {
                Opened::Open(environment) => environment,
                Opened::Ended(outcome) => return Ok(outcome),
            };
            let now = publisher().seconds;
            block_on(async {
                let target = self.at.open(&environment, root).await?;
                let status = status(&target, root, self.at.endpoint_url.as_deref()).await?;
                let mut wrong: Vec<String> = status
                    .seen
                    .iter()
                    .filter_map(|seen| Some(format!("{}: {}", seen.place, seen.wrong.as_ref()?)))
                    .collect();
                wrong.extend(self.stale(&status, now));
                if self.format == Listing::Json {
                    print(&format!("{:#}\n", json!({ "whole": wrong.is_empty(), "wrong": wrong, "status": status })));
                }
                if !wrong.is_empty() {
                    return Err(anyhow!("{} is not whole: {}", status.environment, wrong.join("; ")));
                }
                if self.format == Listing::Human {
                    let places: Vec<&str> = status.seen.iter().map(|seen| seen.place.as_str()).collect();
                    let release = status.release.as_deref().map_or("nothing", short);
                    let read =
                        status.read_at.as_ref().map_or_else(String::new, |at| format!(", its sources read {at}"));
                    print(&format!(
                        "{}: release {release}, published {} by {}{read}; agreeing: {}\n",
                        status.environment,
                        status.published_at.as_deref().unwrap_or_default(),
                        status.published_by.as_deref().unwrap_or_default(),
                        places.join(", ")
                    ));
                }
                Ok(Outcome::Done)
            })
        }

        /// How the live release is too old.
        fn stale(&self, status: &Status, now: i64) -> Option<String> {
            let published: jiff::Timestamp = status.published_at.as_ref()?.parse().ok()?;
            let age = now - published.as_second();
            let most = self.max_age.filter(|most| age > *most)?;
            Some(format!("channel: published {} h ago, and at most {} h are wanted", age / 3600, most / 3600))
        }
    }
}
