//! Asking for a build when something was accepted.

use crate::inbox::Inbox;
use crate::model::{Wake, hex};
use anyhow::{Context, Result, bail};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::json;
use sha2::Sha256;
use std::fmt;
use std::time::Duration;

/// How long whoever is woken may take to say so.
const WITHIN: Duration = Duration::from_secs(3);
/// The event that a webhook tells of.
const EVENT: &str = "precast-write";

/// Asks for a build, at most once a minute whoever asks.
#[derive(Debug, Default)]
pub struct Waker {
    wake: Option<(Wake, Secret)>,
}

/// A secret of the environment. It is never shown.
#[derive(Clone)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Waker {
    /// Wakes with this secret: a token of GitHub, or the key that a webhook's body is signed with. Without one nobody is
    /// woken, and the schedule of builds has to do.
    pub fn new(wake: Option<Wake>, secret: Option<Secret>) -> Self {
        Self { wake: wake.zip(secret.filter(|secret| !secret.0.is_empty())) }
    }

    /// Asks for a build, unless one was asked for a moment ago: the next write, or the schedule, catches up then.
    ///
    /// # Errors
    /// When nobody hears it. The write is kept all the same.
    pub async fn wake(&self, inbox: &Inbox, now: Timestamp) -> Result<()> {
        let Some((wake, secret)) = &self.wake else { return Ok(()) };
        if !inbox.may_wake(now).await? {
            return Ok(());
        }
        match wake {
            Wake::Webhook { url } => {
                let call = webhook(url.clone(), secret, now);
                tokio::task::spawn_blocking(move || call.send()).await.context("the request was cut off")?
            }
            Wake::Github { owner, repository, event, url } => {
                let route = format!("/repos/{owner}/{repository}/dispatches");
                let (url, event, secret) = (url.clone(), event.clone(), secret.clone());
                // octocrab's client does not go from thread to thread.
                let told = move || {
                    tokio::runtime::Handle::current().block_on(async {
                        let told = github::dispatch(url.as_deref(), route, &event, &secret);
                        tokio::time::timeout(WITHIN, told).await.context("GitHub does not answer")?
                    })
                };
                tokio::task::spawn_blocking(told).await.context("the request was cut off")?
            }
        }
    }
}

/// `repository_dispatch` of GitHub's REST API.
#[cfg(feature = "github")]
mod github {
    use super::Secret;
    use anyhow::{Context, Result};
    use octocrab::Octocrab;
    use serde_json::json;

    pub async fn dispatch(api: Option<&str>, route: String, event: &str, token: &Secret) -> Result<()> {
        let mut builder = Octocrab::builder().personal_token(token.0.clone());
        if let Some(api) = api {
            builder = builder.base_uri(api).context("the address of GitHub is none")?;
        }
        let client = builder.build().context("cannot set up HTTPS")?;
        let body = json!({ "event_type": event, "client_payload": {} });
        let answer = client._post(&*route, Some(&body)).await.context("GitHub does not answer")?;
        anyhow::ensure!(answer.status().is_success(), "GitHub answered with {}", answer.status().as_u16());
        Ok(())
    }
}

#[cfg(not(feature = "github"))]
mod github {
    use super::Secret;
    use anyhow::{Result, bail};

    pub async fn dispatch(_: Option<&str>, _: String, _: &str, _: &Secret) -> Result<()> {
        bail!("this build knows no GitHub: build it with `--features github`")
    }
}

/// A request that wakes somebody.
struct Call {
    url: String,
    headers: Vec<(&'static str, String)>,
    body: String,
}

/// A body with the time in it, signed as webhooks are: HMAC-SHA-256 of the time, a dot and the body.
fn webhook(url: String, secret: &Secret, now: Timestamp) -> Call {
    let body = json!({ "event": EVENT, "at": now.to_string() }).to_string();
    let time = now.as_second().to_string();
    let signature = signature(secret, &format!("{time}.{body}"));
    let headers = vec![("x-precast-timestamp", time), ("x-precast-signature-256", format!("sha256={signature}"))];
    Call { url, headers, body }
}

fn signature(secret: &Secret, text: &str) -> String {
    // A key of any length is a key of HMAC (RFC 2104).
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.0.as_bytes()) else { return String::new() };
    mac.update(text.as_bytes());
    hex(&mac.finalize().into_bytes())
}

impl Call {
    fn send(self) -> Result<()> {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(WITHIN))
            .max_redirects(0)
            .http_status_as_error(false)
            .build()
            .new_agent();
        let mut request =
            agent.post(&self.url).header("content-type", "application/json").header("user-agent", "precast");
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let answer = request.send(&self.body).with_context(|| format!("{} does not answer", self.url))?;
        match answer.status().as_u16() {
            200..=299 => Ok(()),
            status => bail!("{} answered with {status}", self.url),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_is_signed() {
        let now = "2026-11-21T10:00:00Z".parse().expect("a time");
        let call = webhook("http://127.0.0.1/".to_owned(), &Secret("key".to_owned()), now);
        assert_eq!(call.body, r#"{"at":"2026-11-21T10:00:00Z","event":"precast-write"}"#);
        // printf %s '1795255200.{"at":…}' | openssl dgst -sha256 -hmac key
        assert_eq!(call.headers[0].1, "1795255200");
        assert_eq!(
            signature(&Secret("key".to_owned()), "The quick brown fox jumps over the lazy dog"),
            "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
        );
        assert_eq!(format!("{:?}", Secret("key".to_owned())), "…");
    }
}
