//! The keys of the issuer as they are known here: fetched when they are wanted, kept, and fetched again when they are
//! old or one is missing. Nobody can make this server ask more often than that.

use super::clock::Clock;
use super::http::{self, Answer};
use super::keys::{Key, Keys};
use super::{Denied, strict};
use jsonwebtoken::Algorithm;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub struct Ring(Arc<Inner>);

/// Where the keys are.
pub enum Source {
    At(String),
    /// Found from the issuer: discovery (§4), or where Amazon Cognito and its kin have them.
    Issuer(String),
}

struct Inner {
    source: Source,
    clock: Clock,
    /// Who has it fetches; the others wait for it.
    turn: tokio::sync::Mutex<()>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    keys: Option<(Keys, Instant)>,
    /// When keys were last asked for, and whether they came.
    tried: Option<(Instant, bool)>,
}

/// How long keys are taken for the issuer's without asking again.
const FRESH: Duration = Duration::from_mins(10);
/// How long they are used while the issuer does not answer.
const USABLE: Duration = Duration::from_hours(24);
/// How long after one fetch the next waits.
const PAUSE: Duration = Duration::from_secs(30);
/// Likewise where there are no keys, and so nobody can write.
const SHORT_PAUSE: Duration = Duration::from_secs(10);

impl Ring {
    pub fn new(source: Source, clock: Clock) -> Self {
        let (turn, known) = (tokio::sync::Mutex::default(), Mutex::default());
        Self(Arc::new(Inner { source, clock, turn, known }))
    }

    pub async fn find(&self, kid: &str, algorithm: Algorithm) -> Result<Key, Denied> {
        if self.0.is_due(kid) {
            // A task of its own: whoever asked may hang up, and others wait for the same keys.
            let refreshing = Arc::clone(&self.0).refresh(kid.to_owned());
            // A task that broke has settled nothing, and the answer says so.
            let _ = tokio::spawn(refreshing).await;
        }
        self.0.find(kid, algorithm)
    }
}

impl Inner {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_due(&self, kid: &str) -> bool {
        self.known().is_due(kid, (self.clock)())
    }

    fn find(&self, kid: &str, algorithm: Algorithm) -> Result<Key, Denied> {
        self.known().find(kid, algorithm, (self.clock)())
    }

    async fn refresh(self: Arc<Self>, kid: String) {
        let _turn = self.turn.lock().await;
        // Who had the turn before may have brought it.
        if !self.is_due(&kid) {
            return;
        }
        let inner = Arc::clone(&self);
        let fetched = tokio::task::spawn_blocking(move || inner.source.fetch()).await.ok().flatten();
        let now = (self.clock)();
        self.known().settle(fetched, now);
    }
}

impl Known {
    /// The keys that may be used, and whether they are old.
    fn usable(&self, now: Instant) -> Option<(&Keys, bool)> {
        let (keys, fetched) = self.keys.as_ref()?;
        let age = now.saturating_duration_since(*fetched);
        (age <= USABLE).then_some((keys, age >= FRESH))
    }

    /// How long nobody asks from now on.
    fn pause(&self, now: Instant) -> Duration {
        let pause = if self.usable(now).is_some() { PAUSE } else { SHORT_PAUSE };
        self.tried.map_or(Duration::ZERO, |(tried, _)| pause.saturating_sub(now.saturating_duration_since(tried)))
    }

    fn is_due(&self, kid: &str, now: Instant) -> bool {
        let is_wanted = self.usable(now).is_none_or(|(keys, old)| old || !keys.has(kid));
        is_wanted && self.pause(now).is_zero()
    }

    fn find(&self, kid: &str, algorithm: Algorithm, now: Instant) -> Result<Key, Denied> {
        let failed = self.tried.is_none_or(|(_, came)| !came);
        let unavailable = || Denied::Unavailable { retry_after: self.pause(now).as_secs().max(1) };
        let Some((keys, _)) = self.usable(now) else { return Err(unavailable()) };
        match keys.find(kid, algorithm) {
            Some(key) => Ok(key.clone()),
            None if keys.has(kid) => Err(Denied::Invalid("the key that the token names is for another algorithm")),
            // It may be a new one, which only the issuer knows.
            None if failed => Err(unavailable()),
            None => Err(Denied::Invalid("the issuer has no key of that name")),
        }
    }

    fn settle(&mut self, fetched: Option<Keys>, now: Instant) {
        self.tried = Some((now, fetched.is_some()));
        if let Some(keys) = fetched {
            self.keys = Some((keys, now));
        }
    }
}

impl Source {
    /// The address that is asked first.
    pub fn address(&self) -> &str {
        match self {
            Self::At(url) | Self::Issuer(url) => url,
        }
    }

    fn fetch(&self) -> Option<Keys> {
        match http::get(&self.keys()?)? {
            Answer::Body(body) => Keys::read(&body),
            Answer::Status(_) => None,
        }
    }

    /// The address of the keys.
    fn keys(&self) -> Option<String> {
        let issuer = match self {
            Self::At(url) => return Some(url.clone()),
            Self::Issuer(issuer) => issuer,
        };
        let base = issuer.trim_end_matches('/');
        match http::get(&format!("{base}/.well-known/openid-configuration"))? {
            Answer::Body(body) => {
                let document = strict::object(&body)?;
                // A document of somebody else would bring somebody else's keys.
                let is_own = document.get("issuer")?.as_str() == Some(issuer.as_str());
                let url = document.get("jwks_uri")?.as_str()?;
                (is_own && http::refusal(url).is_none()).then(|| url.to_owned())
            }
            Answer::Status(404) => Some(format!("{base}/.well-known/jwks.json")),
            Answer::Status(_) => None,
        }
    }
}
