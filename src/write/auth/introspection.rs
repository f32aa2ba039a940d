//! Tokens that say nothing by themselves: the authorization server is asked about them (RFC 7662).

use super::answers::{Answer, Answers, Digest};
use super::claims::{self, Claims};
use super::clock::Clock;
use super::{Denied, http, strict};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

pub struct Introspection {
    expected: Expected,
    /// `None` where the server would not answer anyway: nobody has said who asks.
    authorization: Option<String>,
    agent: ureq::Agent,
    clock: Clock,
    answers: Mutex<Answers>,
    /// How many may ask at once.
    askers: Arc<Semaphore>,
}

/// What the site says of its authorization server.
pub struct Expected {
    pub url: String,
    pub issuer: Option<String>,
    pub audience: Option<String>,
}

/// How long a token that is active is believed to be.
const ACTIVE: Duration = Duration::from_mins(1);
/// Likewise one that is not: it may become so.
const INACTIVE: Duration = Duration::from_secs(10);
/// How many answers are kept.
const CAPACITY: usize = 10_000;
/// The most that an answer has which is kept, in bytes.
const LARGEST_KEPT: usize = 8 * 1024;
const AT_ONCE: usize = 64;
/// When it may be worth a try again, in seconds.
const RETRY: u64 = 5;

const UNAVAILABLE: Denied = Denied::Unavailable { retry_after: RETRY };

impl Introspection {
    pub fn new(expected: Expected, client: Option<(String, String)>, clock: Clock) -> Self {
        let client = client.filter(|(id, _)| !id.is_empty());
        let authorization = client.map(|(id, secret)| {
            // RFC 6749 §2.3.1: encoded as in a form first, as either may hold a colon.
            format!("Basic {}", STANDARD.encode(format!("{}:{}", form_word(&id), form_word(&secret))))
        });
        let agent = http::agent(&expected.url);
        let (answers, askers) = (Mutex::new(Answers::new(CAPACITY)), Arc::new(Semaphore::new(AT_ONCE)));
        Self { expected, authorization, agent, clock, answers, askers }
    }

    /// What the server says of an active token.
    pub async fn claims(&self, token: &str, now: Timestamp) -> Result<Claims, Denied> {
        let digest: Digest = Sha256::digest(token).into();
        let start = (self.clock)();
        let known = self.answers().get(&digest, start).cloned();
        let answer = match known {
            Some(answer) => answer,
            None => self.ask(token, digest, start, now).await?,
        };
        let Some(claims) = answer else { return Err(Denied::Invalid("the token is not active")) };
        let Expected { issuer, audience, .. } = &self.expected;
        claims::introspected(&claims, issuer.as_deref(), audience.as_deref(), now)?;
        Ok(claims)
    }

    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, token: &str, digest: Digest, start: Instant, now: Timestamp) -> Result<Answer, Denied> {
        let authorization = self.authorization.clone().ok_or(UNAVAILABLE)?;
        // Nobody queues: behind a server that hangs, a queue would only grow.
        let asker = Arc::clone(&self.askers).try_acquire_owned().map_err(|_| UNAVAILABLE)?;
        let (agent, url) = (self.agent.clone(), self.expected.url.clone());
        let form = format!("token={}&token_type_hint=access_token", form_word(token));
        let asking = tokio::task::spawn_blocking(move || {
            let answer = http::post(&agent, &url, &authorization, &form);
            // Only now: who hung up has not stopped asking.
            drop(asker);
            answer
        });
        let Ok(Some(http::Answer::Body(body))) = asking.await else { return Err(UNAVAILABLE) };
        let answer = read(&body).ok_or(UNAVAILABLE)?;
        if body.len() <= LARGEST_KEPT {
            self.answers().keep(digest, answer.clone(), start + lifetime(&answer, now));
        }
        Ok(answer)
    }
}

/// `None` where this is no answer of an authorization server.
fn read(body: &[u8]) -> Option<Answer> {
    let claims = strict::object(body)?;
    let is_active = claims.get("active")?.as_bool()?;
    Some(is_active.then_some(claims))
}

/// How long an answer is believed: never longer than the token lives.
fn lifetime(answer: &Answer, now: Timestamp) -> Duration {
    let Some(claims) = answer else { return INACTIVE };
    let left = claims::expiry(claims).map(|expires| expires - claims::seconds(now));
    left.map_or(ACTIVE, |left| Duration::try_from_secs_f64(left.max(0.0)).unwrap_or(ACTIVE).min(ACTIVE))
}

/// A text as a form has it (application/x-www-form-urlencoded).
fn form_word(text: &str) -> String {
    let mut word = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => word.push(char::from(byte)),
            b' ' => word.push('+'),
            _ => {
                let _ = write!(word, "%{byte:02X}");
            }
        }
    }
    word
}
