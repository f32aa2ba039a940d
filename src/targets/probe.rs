//! Asking as a reader does, until the release answers.

use anyhow::{Context, Result, bail};
use std::time::{Duration, Instant};

/// How long a function may take to spread.
const PATIENCE: Duration = Duration::from_mins(3);
const PAUSE: Duration = Duration::from_secs(1);
/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(20);
/// A `status.json` is far smaller.
const LARGEST: u64 = 1024 * 1024;

/// Which release answers at `url`, the address of a `status.json`.
///
/// # Errors
/// When it does not answer, or with something else.
pub async fn release_at(url: &str) -> Result<String> {
    let url = url.to_owned();
    let body = tokio::task::spawn_blocking({
        let url = url.clone();
        move || -> Result<Vec<u8>> {
            let agent = ureq::Agent::config_builder().timeout_global(Some(ANSWER)).build().new_agent();
            let mut answer = agent.get(&url).header("cache-control", "no-cache").call()?;
            Ok(answer.body_mut().with_config().limit(LARGEST).read_to_vec()?)
        }
    })
    .await
    .context("the work was cut off")?
    .with_context(|| format!("{url} does not answer"))?;
    let status: serde_json::Value =
        serde_json::from_slice(&body).with_context(|| format!("{url} is no status.json"))?;
    let release = status["release"].as_str().with_context(|| format!("{url} is no status.json"))?;
    Ok(release.to_owned())
}

/// Asks until `release` answers.
///
/// # Errors
/// When it does not within three minutes.
pub async fn until(url: &str, release: &str) -> Result<()> {
    let start = Instant::now();
    loop {
        let seen = release_at(url).await;
        let seen = match seen {
            Ok(seen) if seen == release => return Ok(()),
            Ok(seen) => format!("it still answers with {}", super::short(&seen)),
            Err(error) => format!("{error:#}"),
        };
        if start.elapsed() > PATIENCE {
            bail!(
                "release {} is live at its target, but {url} does not show it after {} s: {seen}. Look at the distribution and its function, then run `precast status`",
                super::short(release),
                PATIENCE.as_secs()
            );
        }
        tokio::time::sleep(PAUSE).await;
    }
}
