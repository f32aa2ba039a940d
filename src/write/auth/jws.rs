//! Signed tokens (RFC 7515, RFC 7519) as far as their signature: the claims come out only where it holds.

use super::keys::Key;
use super::{Denied, strict};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value as Json};

/// A token whose signature nobody has looked at yet.
pub struct Unverified<'a> {
    pub kid: String,
    pub algorithm: Algorithm,
    /// What is signed: the first two parts, as they were sent.
    message: &'a str,
    claims: Vec<u8>,
    signature: Vec<u8>,
}

/// Members of a header that bring a key along. A token does not say itself whom to believe.
const BROUGHT: [&str; 4] = ["jku", "jwk", "x5u", "x5c"];
/// The types of tokens that are meant for this (RFC 7519 §5.1, RFC 9068 §2.1), after `application/`.
const TYPES: [&str; 2] = ["jwt", "at+jwt"];
/// The longest name of a key, in bytes.
const LONGEST_KID: usize = 512;

impl<'a> Unverified<'a> {
    pub fn read(token: &'a str) -> Result<Self, Denied> {
        let parts: Vec<&str> = token.splitn(4, '.').collect();
        let [head, claims, signature] = parts[..] else {
            return Err(Denied::Invalid("the token has not three parts"));
        };
        let (header, claims, signature) = (decoded(head)?, decoded(claims)?, decoded(signature)?);
        let wrong = "the header of the token is no JSON object with each member once";
        let header = strict::object(&header).ok_or(Denied::Invalid(wrong))?;
        let message = token.rsplit_once('.').map_or(token, |(message, _)| message);
        let algorithm = algorithm(&header)?;
        check(&header)?;
        let kid = match header.get("kid") {
            Some(Json::String(kid)) if !kid.is_empty() && kid.len() <= LONGEST_KID => kid.clone(),
            _ => return Err(Denied::Invalid("the token names no key")),
        };
        Ok(Self { kid, algorithm, message, claims, signature })
    }

    /// The claims, where this key signed them.
    pub fn claims(&self, key: &Key) -> Result<Map<String, Json>, Denied> {
        if !key.has_signed(self.message.as_bytes(), &self.signature) {
            return Err(Denied::Invalid("the signature of the token is wrong"));
        }
        let wrong = "the claims of the token are no JSON object with each member once";
        strict::object(&self.claims).ok_or(Denied::Invalid(wrong))
    }
}

/// Base64url without padding, and in its one spelling.
fn decoded(part: &str) -> Result<Vec<u8>, Denied> {
    match URL_SAFE_NO_PAD.decode(part) {
        Ok(bytes) if !bytes.is_empty() => Ok(bytes),
        _ => Err(Denied::Invalid("a part of the token is not base64url, or empty")),
    }
}

fn algorithm(header: &Map<String, Json>) -> Result<Algorithm, Denied> {
    match header.get("alg").and_then(Json::as_str) {
        Some("RS256") => Ok(Algorithm::RS256),
        Some("ES256") => Ok(Algorithm::ES256),
        _ => Err(Denied::Invalid("the token is signed neither by RS256 nor by ES256")),
    }
}

/// What a header says besides its algorithm and its key.
fn check(header: &Map<String, Json>) -> Result<(), Denied> {
    if header.contains_key("crit") {
        return Err(Denied::Invalid("the token asks for an extension"));
    }
    if BROUGHT.iter().any(|name| header.contains_key(*name)) {
        return Err(Denied::Invalid("the token brings a key along"));
    }
    let is_fit = header.get("typ").is_none_or(|typ| {
        let typ = typ.as_str().unwrap_or_default().to_ascii_lowercase();
        TYPES.contains(&typ.strip_prefix("application/").unwrap_or(&typ))
    });
    if is_fit { Ok(()) } else { Err(Denied::Invalid("the token is of another type")) }
}
