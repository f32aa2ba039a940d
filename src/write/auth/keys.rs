//! The keys of an issuer (RFC 7517): those that can check a signature of RS256 or ES256, and are meant to.

use super::strict;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Map, Value as Json};

/// The keys that an issuer publishes.
pub struct Keys(Vec<Key>);

/// A key that checks one kind of signatures.
#[derive(Clone)]
pub struct Key {
    kid: String,
    algorithm: Algorithm,
    numbers: DecodingKey,
}

/// RSA keys have from 2048 bits (RFC 7518 §3.3) to what the verifier can bear.
const BITS: std::ops::RangeInclusive<usize> = 2048..=4096;
/// The bytes of a coordinate on P-256.
const COORDINATE: usize = 32;

impl Keys {
    /// Keys that cannot be used are passed over, as RFC 7517 §5 wants it. `None` where this is no set of keys at all.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let set = strict::object(bytes)?;
        let Some(Json::Array(keys)) = set.get("keys") else { return None };
        Some(Self(keys.iter().filter_map(Json::as_object).filter_map(Key::read).collect()))
    }

    pub fn has(&self, kid: &str) -> bool {
        self.0.iter().any(|key| key.kid == kid)
    }

    pub fn find(&self, kid: &str, algorithm: Algorithm) -> Option<&Key> {
        self.0.iter().find(|key| key.kid == kid && key.algorithm == algorithm)
    }
}

impl Key {
    fn read(jwk: &Map<String, Json>) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Json::as_str);
        let kid = text("kid").filter(|kid| !kid.is_empty())?.to_owned();
        let (algorithm, name, numbers) = match text("kty")? {
            "RSA" => (Algorithm::RS256, "RS256", rsa(text("n")?, text("e")?)?),
            "EC" if text("crv") == Some("P-256") => (Algorithm::ES256, "ES256", ec(text("x")?, text("y")?)?),
            _ => return None,
        };
        let is_meant = jwk.get("alg").is_none_or(|alg| alg == name)
            && jwk.get("use").is_none_or(|used| used == "sig")
            && jwk
                .get("key_ops")
                .is_none_or(|ops| ops.as_array().is_some_and(|ops| ops.iter().any(|op| op == "verify")));
        // Everybody can sign by a key whose private half is published.
        let is_secret = !jwk.contains_key("d");
        let key = Self { kid, algorithm, numbers };
        (is_meant && is_secret && key.verifier().is_some()).then_some(key)
    }

    pub fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        self.verifier().is_some_and(|verifier| verifier.verify(message, &signature.to_vec()).is_ok())
    }

    /// `None` where the key is none, such as a point that is not on the curve. The provider is named: the one of the
    /// process depends on what else is in the build.
    fn verifier(&self) -> Option<Box<dyn jsonwebtoken::crypto::JwtVerifier>> {
        (DEFAULT_PROVIDER.verifier_factory)(&self.algorithm, &self.numbers).ok()
    }
}

fn rsa(n: &str, e: &str) -> Option<DecodingKey> {
    let (n, e) = (number(n)?, number(e)?);
    let bits = n.len() * 8 - usize::try_from(n.first()?.leading_zeros()).ok()?;
    let is_odd = |number: &[u8]| number.last().is_some_and(|byte| byte % 2 == 1);
    let is_fit = BITS.contains(&bits) && is_odd(&n) && is_odd(&e) && e.len() <= 4 && e != [1];
    is_fit.then(|| DecodingKey::from_rsa_raw_components(&n, &e))
}

fn ec(x: &str, y: &str) -> Option<DecodingKey> {
    let (x, y) = (URL_SAFE_NO_PAD.decode(x).ok()?, URL_SAFE_NO_PAD.decode(y).ok()?);
    let is_fit = x.len() == COORDINATE && y.len() == COORDINATE;
    // The point as SEC 1 writes it uncompressed.
    is_fit.then(|| DecodingKey::from_ec_der(&[&[4], x.as_slice(), y.as_slice()].concat()))
}

/// The bytes of a positive number, the highest first, without zeros before them.
fn number(text: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let start = bytes.iter().position(|byte| *byte != 0)?;
    Some(bytes[start..].to_vec())
}
