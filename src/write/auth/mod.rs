//! Who may write: signed tokens, which are checked here with the issuer's keys; tokens that the authorization server is
//! asked about; and the one token of a server on somebody's own machine. Whatever is not understood is refused, and
//! whoever cannot be asked has not agreed.

mod answers;
mod bearer;
mod claims;
mod clock;
mod http;
mod introspection;
mod jws;
mod keys;
mod ring;
mod roles;
mod strict;

pub use clock::Clock;

use crate::model::{Auth, AuthMode, Role, RoleRule};
use claims::Claims;
use introspection::{Expected, Introspection};
use jiff::Timestamp;
use jws::Unverified;
use ring::{Ring, Source};
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};
use std::fmt;

/// Decides who sent a request.
pub struct Gate {
    mode: Mode,
    /// Whom it asks.
    asked: String,
    roles: Vec<RoleRule>,
}

/// Who sent a request.
#[derive(Clone, Debug)]
pub struct Caller {
    pub subject: String,
    /// What the token says; nothing of the local token.
    pub claims: Map<String, Json>,
    pub roles: Vec<Role>,
    pub is_local: bool,
}

/// Why nobody is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// No token: 401.
    Missing,
    /// 401, with the reason in words that repeat nothing of the token. They fit an `error_description` (RFC 6750 §3).
    Invalid(&'static str),
    /// Whoever decides cannot be reached: 503, and when to try again, in seconds.
    Unavailable { retry_after: u64 },
    /// Nobody may write here: 503.
    Closed(&'static str),
}

/// What the site's settings do not hold.
#[derive(Clone, Default)]
pub struct Secrets {
    /// Who asks the authorization server: the client's id, and its secret.
    pub introspection: Option<(String, String)>,
    /// The token of the server on this machine.
    pub local_token: Option<String>,
}

enum Mode {
    Closed(&'static str),
    Signed {
        issuer: String,
        audience: String,
        ring: Ring,
    },
    Introspected(Introspection),
    /// The token's digest.
    Local([u8; 32]),
}

impl Gate {
    pub fn new(auth: Option<&Auth>, secrets: Secrets) -> Self {
        Self::with_clock(auth, secrets, clock::system())
    }

    /// With a clock by which keys and answers age.
    pub fn with_clock(auth: Option<&Auth>, secrets: Secrets, clock: Clock) -> Self {
        let mode = auth.map_or(Mode::Closed("the site does not say who may write"), |auth| mode(auth, secrets, clock));
        let asked = match auth.map(|auth| &auth.mode) {
            Some(AuthMode::Jwt { issuer, jwks, .. }) => jwks.clone().unwrap_or_else(|| issuer.clone()),
            Some(AuthMode::Introspection { url, .. }) => url.clone(),
            Some(AuthMode::Local) | None => String::new(),
        };
        Self { mode, asked, roles: auth.map_or_else(Vec::new, |auth| auth.roles.clone()) }
    }

    /// The address of whoever is asked about tokens; empty where nobody is.
    pub fn asked(&self) -> &str {
        &self.asked
    }

    /// Who sends a request with these values of its `Authorization` headers.
    ///
    /// # Errors
    /// When nobody is let in, or nobody with this token.
    pub async fn admit(&self, authorization: &[&[u8]], now: Timestamp) -> Result<Caller, Denied> {
        let token = bearer::token(authorization);
        let claims = match &self.mode {
            Mode::Closed(why) => return Err(Denied::Closed(why)),
            Mode::Local(digest) => return local(digest, token?),
            Mode::Introspected(server) => server.claims(token?, now).await?,
            Mode::Signed { issuer, audience, ring } => {
                let token = Unverified::read(token?)?;
                let key = ring.find(&token.kid, token.algorithm).await?;
                let claims = token.claims(&key)?;
                claims::signed(&claims, issuer, audience, now)?;
                claims
            }
        };
        self.caller(claims)
    }

    fn caller(&self, claims: Claims) -> Result<Caller, Denied> {
        let subject = claims::subject(&claims)?.to_owned();
        let roles = roles::roles(&self.roles, &claims);
        Ok(Caller { subject, claims, roles, is_local: false })
    }
}

fn mode(auth: &Auth, secrets: Secrets, clock: Clock) -> Mode {
    let (mode, asked) = match &auth.mode {
        AuthMode::Jwt { issuer, audience, jwks } => {
            let source = jwks.clone().map_or_else(|| Source::Issuer(issuer.clone()), Source::At);
            let asked = source.address().to_owned();
            let (issuer, audience, ring) = (issuer.clone(), audience.clone(), Ring::new(source, clock));
            (Mode::Signed { issuer, audience, ring }, asked)
        }
        AuthMode::Introspection { url, issuer, audience } => {
            let expected = Expected { url: url.clone(), issuer: issuer.clone(), audience: audience.clone() };
            (Mode::Introspected(Introspection::new(expected, secrets.introspection, clock)), url.clone())
        }
        AuthMode::Local => {
            let token = secrets.local_token.filter(|token| !token.is_empty());
            let closed = Mode::Closed("writing with a local token is for this machine alone");
            return token.map_or(closed, |token| Mode::Local(Sha256::digest(token).into()));
        }
    };
    http::refusal(&asked).map_or(mode, Mode::Closed)
}

/// Compares digests, each byte of them: how long it takes tells neither where they differ nor how long a token is.
fn local(expected: &[u8; 32], token: &str) -> Result<Caller, Denied> {
    let given: [u8; 32] = Sha256::digest(token).into();
    let differing = expected.iter().zip(&given).fold(0, |all, (a, b)| all | (a ^ b));
    if std::hint::black_box(differing) != 0 {
        return Err(Denied::Invalid("the token is not the one of this server"));
    }
    let roles = vec![Role::Editor, Role::Admin];
    Ok(Caller { subject: "local".to_owned(), claims: Map::new(), roles, is_local: true })
}

impl Caller {
    pub fn is_editor(&self) -> bool {
        self.roles.contains(&Role::Editor) || self.is_admin()
    }

    pub fn is_admin(&self) -> bool {
        self.roles.contains(&Role::Admin)
    }

    /// A claim that is a string.
    pub fn claim(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Json::as_str)
    }
}

/// Says which secrets there are, and none of them.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |is_given| if is_given { "given" } else { "missing" };
        f.debug_struct("Secrets")
            .field("introspection", &word(self.introspection.is_some()))
            .field("local_token", &word(self.local_token.is_some()))
            .finish()
    }
}
