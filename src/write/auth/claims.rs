//! What a token says, once it is known who says it. A claim of another type than it should be is refused rather than
//! passed over: whoever wrote it meant something by it.

use super::Denied;
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

pub type Claims = Map<String, Json>;

/// How far the clocks of the issuer and of this machine may differ, in seconds.
const LEEWAY: f64 = 30.0;
/// The longest subject, in bytes (its specification has 255 characters).
const LONGEST_SUBJECT: usize = 255;
/// How authorization servers call the tokens that are meant for this.
const ACCESS: [&str; 3] = ["bearer", "access", "access_token"];

const OTHER_TYPE: Denied = Denied::Invalid("a claim of the token is of another type than it should be");
const OTHER_ISSUER: Denied = Denied::Invalid("the token is of another issuer");
const OTHER_AUDIENCE: Denied = Denied::Invalid("the token is meant for somebody else");
const EXPIRED: Denied = Denied::Invalid("the token has expired");
const NOT_YET: Denied = Denied::Invalid("the token is not valid yet");
const BOUND: Denied = Denied::Invalid("the token is bound to a key, and no bearer token");
const NO_ACCESS: Denied = Denied::Invalid("the token is no access token");

/// Checks the claims of a signed token.
pub fn signed(claims: &Claims, issuer: &str, audience: &str, now: Timestamp) -> Result<(), Denied> {
    let now = seconds(now);
    if text(claims, "iss")? != Some(issuer) {
        return Err(OTHER_ISSUER);
    }
    let used = text(claims, "token_use")?;
    if used.is_some_and(|used| used != "access") {
        return Err(NO_ACCESS);
    }
    let client = text(claims, "client_id")?;
    match claims.get("aud") {
        Some(aud) => meant(aud, audience)?,
        // Access tokens of Amazon Cognito name their client instead.
        None if used.is_some() && client == Some(audience) => {}
        None => return Err(OTHER_AUDIENCE),
    }
    let Some(expires) = number(claims, "exp")? else {
        return Err(Denied::Invalid("the token says not when it expires"));
    };
    if now >= expires + LEEWAY {
        return Err(EXPIRED);
    }
    begun(claims, now)?;
    common(claims)
}

/// Checks what an authorization server answers of a token that it calls active.
pub fn introspected(
    claims: &Claims,
    issuer: Option<&str>,
    audience: Option<&str>,
    now: Timestamp,
) -> Result<(), Denied> {
    let now = seconds(now);
    if text(claims, "iss")?.filter(|_| issuer.is_some()) != issuer {
        return Err(OTHER_ISSUER);
    }
    match (audience, claims.get("aud")) {
        (None, _) => {}
        (Some(audience), Some(aud)) => meant(aud, audience)?,
        (Some(_), None) => return Err(OTHER_AUDIENCE),
    }
    // The server's own clock has said that it is active: nothing is left to be lenient about.
    if number(claims, "exp")?.is_some_and(|expires| now >= expires) {
        return Err(EXPIRED);
    }
    // Refresh tokens are active as well (RFC 7662 §2.2), and tokens of other types want a proof besides.
    let is_access = |word: &str| ACCESS.iter().any(|access| word.eq_ignore_ascii_case(access));
    for name in ["token_type", "token_use"] {
        if text(claims, name)?.is_some_and(|word| !is_access(word)) {
            return Err(NO_ACCESS);
        }
    }
    begun(claims, now)?;
    common(claims)
}

/// Who the token is of. One that could be mistaken for another, or break a line of a log, is nobody.
pub fn subject(claims: &Claims) -> Result<&str, Denied> {
    match text(claims, "sub")? {
        None => Err(Denied::Invalid("the token names no subject")),
        Some(sub) if sub.is_empty() || sub.len() > LONGEST_SUBJECT || sub.contains(char::is_control) => {
            Err(Denied::Invalid("the subject of the token is empty, too long or holds control characters"))
        }
        Some(sub) => Ok(sub),
    }
}

/// When the token expires, in seconds since 1970.
pub fn expiry(claims: &Claims) -> Option<f64> {
    claims.get("exp")?.as_f64()
}

pub fn seconds(now: Timestamp) -> f64 {
    now.as_duration().as_secs_f64()
}

/// What is said alike of signed tokens and of others.
fn common(claims: &Claims) -> Result<(), Denied> {
    text(claims, "jti")?;
    if claims.contains_key("cnf") {
        // RFC 7800: whoever sends it has to prove that the key is theirs, and a bearer proves nothing.
        return Err(BOUND);
    }
    subject(claims).map(|_| ())
}

fn begun(claims: &Claims, now: f64) -> Result<(), Denied> {
    for name in ["nbf", "iat"] {
        if number(claims, name)?.is_some_and(|begins| begins > now + LEEWAY) {
            return Err(NOT_YET);
        }
    }
    Ok(())
}

/// Whether an audience, a string or several (RFC 7519 §4.1.3), holds this one.
fn meant(aud: &Json, audience: &str) -> Result<(), Denied> {
    let is_held = match aud {
        Json::String(one) => one == audience,
        Json::Array(all) if all.iter().all(Json::is_string) => all.iter().any(|one| one == audience),
        _ => return Err(OTHER_TYPE),
    };
    if is_held { Ok(()) } else { Err(OTHER_AUDIENCE) }
}

fn text<'a>(claims: &'a Claims, name: &str) -> Result<Option<&'a str>, Denied> {
    claims.get(name).map(|claim| claim.as_str().ok_or(OTHER_TYPE)).transpose()
}

fn number(claims: &Claims, name: &str) -> Result<Option<f64>, Denied> {
    let finite = |claim: &Json| claim.as_f64().filter(|number| number.is_finite()).ok_or(OTHER_TYPE);
    claims.get(name).map(finite).transpose()
}
