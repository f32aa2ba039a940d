//! A gate, the issuer that it trusts, and a clock that only the test moves.

use super::forge::{AUDIENCE, NOW, keys};
use super::issuer::Issuer;
use jiff::Timestamp;
use precast::model::{Auth, AuthMode, Place, RoleRule};
use precast::write::auth::{Caller, Clock, Denied, Gate, Secrets};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

pub struct Scene {
    pub issuer: Issuer,
    pub gate: Arc<Gate>,
    /// Seconds since the scene began.
    hands: Arc<AtomicI64>,
    pub runtime: Runtime,
}

impl Scene {
    /// Signed tokens of an issuer whose keys are [`keys`], found by discovery.
    pub fn signed() -> Self {
        Self::with_roles(Vec::new())
    }

    pub fn with_roles(roles: Vec<RoleRule>) -> Self {
        let issuer = Issuer::start();
        let keys_at = format!("{}/keys", issuer.url);
        let document = serde_json::json!({ "issuer": issuer.url, "jwks_uri": keys_at });
        issuer.says("/.well-known/openid-configuration", &document);
        issuer.says("/keys", &keys());
        let mode = AuthMode::Jwt { issuer: issuer.url.clone(), audience: AUDIENCE.to_owned(), jwks: None };
        Self::of(issuer, mode, roles, Secrets::default())
    }

    pub fn of(issuer: Issuer, mode: AuthMode, roles: Vec<RoleRule>, secrets: Secrets) -> Self {
        let hands = Arc::new(AtomicI64::new(0));
        let (start, moved) = (Instant::now(), Arc::clone(&hands));
        let clock: Clock = Arc::new(move || {
            start + Duration::from_secs(moved.load(Ordering::SeqCst).try_into().expect("a clock goes forward"))
        });
        let auth = Auth { at: Place::file("site/site.toml"), mode, roles };
        let gate = Arc::new(Gate::with_clock(Some(&auth), secrets, clock));
        Self { issuer, gate, hands, runtime: Runtime::new().expect("a runtime") }
    }

    /// Lets keys and answers age. The calendar is told apart.
    pub fn pass(&self, seconds: i64) {
        self.hands.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Looks at a token at [`NOW`].
    pub fn admit(&self, token: &str) -> Result<Caller, Denied> {
        self.admit_at(token, NOW)
    }

    /// Looks at a token at another time.
    pub fn admit_at(&self, token: &str, now: i64) -> Result<Caller, Denied> {
        self.sent(&[format!("Bearer {token}").as_bytes()], now)
    }

    /// Sends these values of `Authorization` headers.
    pub fn sent(&self, headers: &[&[u8]], now: i64) -> Result<Caller, Denied> {
        let now = Timestamp::from_second(now).expect("a time");
        self.runtime.block_on(self.gate.admit(headers, now))
    }
}

pub fn subject(admitted: Result<Caller, Denied>) -> String {
    admitted.expect("a caller").subject
}
