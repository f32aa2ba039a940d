//! Requests over the network, through octocrab's client: the one HTTP stack of all sources.

use super::request::{Answer, Request};
use super::token::Token;
use anyhow::{Context, Result};
use http_body_util::{BodyExt, Limited};
use octocrab::{OctoBody, Octocrab};
use std::time::Duration;

/// How long an answer may take.
pub const USUAL_LIMIT: Duration = Duration::from_secs(30);
/// How long an answer may be: twenty members and a year of days are a few hundred kilobytes.
const LONGEST: usize = 32 * 1024 * 1024;
const REDIRECTS: usize = 5;

pub struct Http {
    client: Octocrab,
    limit: Duration,
}

/// Why there is no answer.
pub enum Broken {
    TimedOut(Duration),
    Other(String),
}

impl Http {
    /// # Errors
    /// When the system's certificates cannot be read.
    pub fn new(limit: Duration) -> Result<Self> {
        // It names itself to servers as octocrab; a name of our own would stand beside that one, not in its place.
        let client = Octocrab::builder().build();
        Ok(Self { client: client.context("cannot set up HTTPS")?, limit })
    }

    /// Sends the request, with the token where it is to be signed. The token comes back in no part of the answer.
    pub async fn send(&self, request: &Request, token: Option<&Token>) -> Result<Answer, Broken> {
        let hidden = |text: String| token.map_or(text.clone(), |token| token.hide(text));
        let answered = tokio::time::timeout(self.limit, self.follow(request, token)).await;
        let mut answer = match answered {
            Err(_) => return Err(Broken::TimedOut(self.limit)),
            Ok(Err(why)) => return Err(Broken::Other(hidden(why))),
            Ok(Ok(answer)) => answer,
        };
        if let Some(token) = token {
            answer.body = token.hide_bytes(answer.body);
            answer.headers = answer.headers.into_iter().map(|(name, value)| (name, token.hide(value))).collect();
        }
        Ok(answer)
    }

    /// A page that has moved is read where it is now; what is signed or posted goes where it was meant to go or nowhere.
    async fn follow(&self, request: &Request, token: Option<&Token>) -> Result<Answer, String> {
        let mut request = request.clone();
        for _ in 0..REDIRECTS {
            let answer = self.exchange(&request, token.filter(|_| request.signed)).await?;
            let moved = matches!(answer.status, 301 | 302 | 303 | 307 | 308);
            match answer.header("location") {
                Some(to) if moved && request.body.is_none() && !request.signed => {
                    request.url = joined(&request.url, to).ok_or("it is redirected to what is no address")?;
                }
                _ => return Ok(answer),
            }
        }
        Err(format!("it is redirected more than {REDIRECTS} times"))
    }

    async fn exchange(&self, request: &Request, token: Option<&Token>) -> Result<Answer, String> {
        let method = if request.body.is_some() { ::http::Method::POST } else { ::http::Method::GET };
        let mut built = ::http::Request::builder().method(method).uri(&request.url);
        if request.body.is_some() {
            built = built.header(::http::header::CONTENT_TYPE, "application/json");
        }
        if let Some(header) = token.and_then(Token::header) {
            built = built.header(::http::header::AUTHORIZATION, header);
        }
        let body = request.body.clone().map_or_else(OctoBody::empty, OctoBody::from);
        let sent = built.body(body).map_err(|_| "that is no address".to_owned())?;
        let response = self.client.send(sent).await.map_err(|error| told(&error))?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, LONGEST).collect().await.map_err(|error| told(&*error))?.to_bytes();
        let text = |value: &::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = parts.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
        Ok(Answer { status: parts.status.as_u16(), headers, body: body.to_vec() })
    }
}

/// The innermost reason: the outer ones say where in the client it happened.
fn told(error: &(dyn std::error::Error + 'static)) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    super::request::shortened(&inner.to_string())
}

/// Where a redirection leads, seen from `base`; nowhere but to the web.
fn joined(base: &str, to: &str) -> Option<String> {
    let whole = |url: &str| url.starts_with("https://") || url.starts_with("http://");
    if whole(to) {
        // What was asked for securely is not asked for in the open.
        return (!base.starts_with("https://") || to.starts_with("https://")).then(|| to.to_owned());
    }
    let (scheme, rest) = base.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    match to {
        to if to.starts_with("//") => Some(format!("{scheme}:{to}")),
        to if to.starts_with('/') => Some(format!("{scheme}://{host}{to}")),
        to if to.contains("://") => None,
        to => {
            let path = rest.split(['?', '#']).next()?;
            let folder = path.rsplit_once('/').map_or(path, |(folder, _)| folder);
            Some(format!("{scheme}://{folder}/{to}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn redirections_stay_on_the_web_and_secure() {
        let to = |base, to| joined(base, to);
        assert_eq!(to("https://a.org/x/feed", "/y").as_deref(), Some("https://a.org/y"));
        assert_eq!(to("https://a.org/x/feed?z", "y").as_deref(), Some("https://a.org/x/y"));
        assert_eq!(to("http://a.org/x", "https://b.org/").as_deref(), Some("https://b.org/"));
        assert_eq!(to("https://a.org/x", "//b.org/").as_deref(), Some("https://b.org/"));
        assert_eq!(to("https://a.org/x", "http://b.org/"), None);
        assert_eq!(to("https://a.org/x", "file:///etc/passwd"), None);
    }
}
