//! Tokens, as an issuer signs them and as somebody forges them. The keys stand in `tests/fixtures/tokens`; they sign
//! nothing else.

use crate::support::fixtures;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value as Json, json};
use std::fs;

/// When every token is looked at, in seconds since 1970.
pub const NOW: i64 = 1_780_000_000;
pub const AUDIENCE: &str = "records-api";

/// What signs: a key of the fixtures, by an algorithm.
pub struct Signer {
    key: EncodingKey,
    algorithm: Algorithm,
}

impl Signer {
    pub fn of(file: &str, algorithm: Algorithm) -> Self {
        let der = fixture(file);
        let key = match file.split(['-', '.']).next() {
            Some("rsa") => EncodingKey::from_rsa_der(&der),
            Some("ec") => EncodingKey::from_ec_der(&der),
            _ => EncodingKey::from_ed_der(&der),
        };
        Self { key, algorithm }
    }

    pub fn rsa() -> Self {
        Self::of("rsa.der", Algorithm::RS256)
    }

    pub fn ec() -> Self {
        Self::of("ec.der", Algorithm::ES256)
    }

    /// One who takes a public key for a secret.
    pub fn secret(secret: &[u8], algorithm: Algorithm) -> Self {
        Self { key: EncodingKey::from_secret(secret), algorithm }
    }

    pub fn sign(&self, header: &Json, claims: &Json) -> String {
        self.sign_text(header.to_string(), claims.to_string())
    }

    /// Whatever the parts are.
    pub fn sign_text(&self, header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>) -> String {
        let message = format!("{}.{}", encoded(header), encoded(claims));
        let signature = crypto::sign(message.as_bytes(), &self.key, self.algorithm).expect("a signature");
        format!("{message}.{signature}")
    }

    /// What an issuer publishes of the key.
    pub fn jwk(&self, kid: &str) -> Json {
        let jwk = Jwk::from_encoding_key(&self.key, self.algorithm).expect("a key");
        let mut jwk = serde_json::to_value(jwk).expect("JSON");
        jwk["kid"] = json!(kid);
        jwk["use"] = json!("sig");
        jwk
    }
}

pub fn fixture(file: &str) -> Vec<u8> {
    fs::read(fixtures().join("tokens").join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

pub fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn decoded(part: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(part).expect("base64url")
}

/// A header of the RSA key.
pub fn rs256() -> Json {
    json!({ "alg": "RS256", "kid": "rsa", "typ": "JWT" })
}

/// A header of the EC key.
pub fn es256() -> Json {
    json!({ "alg": "ES256", "kid": "ec", "typ": "JWT" })
}

/// What a good token of this issuer says.
pub fn claims(issuer: &str) -> Json {
    json!({ "iss": issuer, "aud": AUDIENCE, "sub": "ada", "iat": NOW - 10, "exp": NOW + 300 })
}

/// The JSON with further members, or others; `null` takes one away.
pub fn with(base: &Json, changes: &Json) -> Json {
    let mut changed = base.clone();
    let members = changed.as_object_mut().expect("an object");
    for (name, value) in changes.as_object().expect("an object") {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    changed
}

/// The keys that the issuer of the tests publishes: two good ones, and all kinds that must not be used.
pub fn keys() -> Json {
    let (rsa, ec) = (Signer::rsa(), Signer::ec());
    let set = [
        rsa.jwk("rsa"),
        ec.jwk("ec"),
        with(&ec.jwk("bare"), &json!({ "alg": null, "use": null, "key_ops": ["verify"] })),
        with(&rsa.jwk("enc"), &json!({ "use": "enc" })),
        with(&ec.jwk("sign-only"), &json!({ "use": null, "key_ops": ["sign"] })),
        with(&ec.jwk("for-es384"), &json!({ "alg": "ES384" })),
        with(&rsa.jwk("for-ps256"), &json!({ "alg": "PS256" })),
        with(&rsa.jwk("for-a-number"), &json!({ "alg": 256 })),
        with(&ec.jwk("wrong-curve"), &json!({ "crv": "P-384" })),
        with(&ec.jwk("k1"), &json!({ "crv": "secp256k1" })),
        with(&ec.jwk("off-curve"), &json!({ "y": encoded([7; 32]) })),
        with(&ec.jwk("published"), &json!({ "d": encoded([1; 32]) })),
        with(&rsa.jwk("exponent"), &json!({ "e": "AQ" })),
        Signer::of("rsa-weak.der", Algorithm::RS256).jwk("weak"),
        Signer::of("ec-384.der", Algorithm::ES384).jwk("p384"),
        Signer::of("ed.der", Algorithm::EdDSA).jwk("ed"),
        json!({ "kty": "oct", "kid": "oct", "alg": "HS256", "k": encoded(b"a secret that everybody can read") }),
        json!({ "kty": "RSA", "kid": "half", "n": 1 }),
        json!("no key"),
        with(&rsa.jwk("nameless"), &json!({ "kid": null })),
    ];
    json!({ "keys": set })
}
