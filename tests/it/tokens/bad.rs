//! Tokens that let nobody in, and why: their requests, algorithms, keys, parts and signatures.

use super::forge::{Signer, claims, decoded, encoded, es256, fixture, rs256, with};
use jsonwebtoken::Algorithm;
use serde_json::{Value as Json, json};

/// One that is refused: its name, the values of its `Authorization` headers, and the reason that is given.
pub struct Bad {
    pub name: String,
    pub headers: Vec<Vec<u8>>,
    pub reason: &'static str,
}

const SCHEME: &str = "the Authorization header has another scheme than Bearer";
const NO_TOKEN: &str = "the Authorization header holds no token";
const ALGORITHM: &str = "the token is signed neither by RS256 nor by ES256";
const UNNAMED: &str = "the token names no key";
const UNKNOWN: &str = "the issuer has no key of that name";
const UNFIT: &str = "the key that the token names is for another algorithm";
const SIGNATURE: &str = "the signature of the token is wrong";
const PARTS: &str = "the token has not three parts";
const ENCODING: &str = "a part of the token is not base64url, or empty";
const HEADER: &str = "the header of the token is no JSON object with each member once";
const BROUGHT: &str = "the token brings a key along";
const TYPE: &str = "the token is of another type";
const EXTENSION: &str = "the token asks for an extension";

/// A token in one header.
pub fn bad(name: &str, token: &str, reason: &'static str) -> Bad {
    Bad { name: name.to_owned(), headers: vec![format!("Bearer {token}").into_bytes()], reason }
}

/// Requests whose header is wrong, around a token that is good.
pub fn requests(issuer: &str) -> Vec<Bad> {
    let good = Signer::ec().sign(&es256(), &claims(issuer));
    let sent = |name: &str, value: String, reason| Bad { name: name.to_owned(), headers: vec![value.into()], reason };
    let (signed, signature) = good.rsplit_once('.').expect("three parts");
    let twice = "the request has more than one Authorization header";
    let mut all = vec![
        sent("Basic scheme", format!("Basic {good}"), SCHEME),
        sent("DPoP scheme", format!("DPoP {good}"), SCHEME),
        sent("no scheme", good.clone(), SCHEME),
        sent("nothing", String::new(), SCHEME),
        sent("a tab for a space", format!("Bearer\t{good}"), SCHEME),
        sent("a space before the scheme", format!(" Bearer {good}"), SCHEME),
        sent("Bearer alone", "Bearer".to_owned(), NO_TOKEN),
        sent("Bearer with nothing", "Bearer  ".to_owned(), NO_TOKEN),
        sent("Bearer with padding", "Bearer ==".to_owned(), NO_TOKEN),
        sent("two tokens in one header", format!("Bearer {good}, Bearer {good}"), NO_TOKEN),
        sent("a token and a parameter", format!("Bearer {good} realm=a"), NO_TOKEN),
        sent("a space after the token", format!("Bearer {good} "), NO_TOKEN),
        sent("quoted", format!("Bearer \"{good}\""), NO_TOKEN),
        sent("a space in the token", format!("Bearer {signed}. {signature}"), NO_TOKEN),
        sent("a line break in the token", format!("Bearer {signed}.\n{signature}"), NO_TOKEN),
        sent("a zero byte after the token", format!("Bearer {good}\0"), NO_TOKEN),
        sent("beyond ASCII", format!("Bearer {good}é"), NO_TOKEN),
        sent("9 KB", format!("Bearer {good}{}", "A".repeat(9 * 1024)), "the Authorization header is too long"),
    ];
    let value = format!("Bearer {good}").into_bytes();
    let headers = |name: &str, headers| Bad { name: name.to_owned(), headers, reason: twice };
    all.push(headers("two headers", vec![value.clone(), value.clone()]));
    all.push(headers("a second header that is empty", vec![value.clone(), Vec::new()]));
    let broken = [b"Bearer \xff".as_slice(), &value[7..]].concat();
    all.push(Bad { name: "no UTF-8".to_owned(), headers: vec![broken], reason: SCHEME });
    all
}

/// Tokens that say another algorithm than the two, or the wrong one of them.
pub fn algorithms(issuer: &str) -> Vec<Bad> {
    let claims = claims(issuer);
    let (rsa, ec) = (Signer::rsa(), Signer::ec());
    let mut all = Vec::new();
    for alg in [
        json!("none"),
        json!("None"),
        json!("NONE"),
        json!("nOnE"),
        json!("none "),
        json!(""),
        json!("rs256"),
        json!("RS256 "),
        json!("es256"),
        json!("ES256K"),
        json!(["ES256"]),
        json!({ "ES256": 1 }),
        json!(0),
        json!(true),
    ] {
        let mut header = es256();
        header["alg"] = alg.clone();
        let signed = ec.sign(&header, &claims);
        let message = signed.rsplit_once('.').expect("three parts").0;
        all.push(bad(&format!("alg {alg}"), &signed, ALGORITHM));
        all.push(bad(&format!("alg {alg}, a made-up signature"), &format!("{message}.{}", encoded("none")), ALGORITHM));
    }
    all.push(bad("no alg", &ec.sign(&with(&es256(), &json!({ "alg": null })), &claims), ALGORITHM));
    all.push(bad("alg null", &ec.sign_text(r#"{"alg":null,"kid":"ec"}"#, claims.to_string()), ALGORITHM));
    let n = rsa.jwk("rsa")["n"].as_str().expect("a text").to_owned();
    for (what, secret) in [
        ("the public key as PEM", fixture("rsa.public.pem")),
        ("the public key as PEM, without its last line break", fixture("rsa.public.pem").trim_ascii().to_vec()),
        ("the public key as DER", fixture("rsa.public.der")),
        ("n", decoded(&n)),
        ("n as base64url", n.into_bytes()),
        ("nothing", Vec::new()),
    ] {
        let forged = |alg: &str, algorithm| {
            let header = with(&rs256(), &json!({ "alg": alg }));
            Signer::secret(&secret, algorithm).sign(&header, &claims)
        };
        all.push(bad(&format!("HS256 with {what}"), &forged("HS256", Algorithm::HS256), ALGORITHM));
        all.push(bad(&format!("HS256 with {what}, called RS256"), &forged("RS256", Algorithm::HS256), SIGNATURE));
    }
    let oct = Signer::secret(b"a secret that everybody can read", Algorithm::HS256);
    all.push(bad(
        "HS256 with a published secret",
        &oct.sign(&json!({ "alg": "HS256", "kid": "oct" }), &claims),
        ALGORITHM,
    ));
    all.extend(other_algorithms(&claims));
    all
}

fn other_algorithms(claims: &Json) -> Vec<Bad> {
    let (rsa, ec) = (Signer::rsa(), Signer::ec());
    let signed = |file: &str, algorithm, alg: &str, kid: &str| {
        Signer::of(file, algorithm).sign(&json!({ "alg": alg, "kid": kid }), claims)
    };
    vec![
        bad("RS384", &signed("rsa.der", Algorithm::RS384, "RS384", "rsa"), ALGORITHM),
        bad("RS512", &signed("rsa.der", Algorithm::RS512, "RS512", "rsa"), ALGORITHM),
        bad("PS256", &signed("rsa.der", Algorithm::PS256, "PS256", "rsa"), ALGORITHM),
        bad("ES384", &signed("ec-384.der", Algorithm::ES384, "ES384", "p384"), ALGORITHM),
        bad("EdDSA", &signed("ed.der", Algorithm::EdDSA, "EdDSA", "ed"), ALGORITHM),
        bad("RS384, called RS256", &signed("rsa.der", Algorithm::RS384, "RS256", "rsa"), SIGNATURE),
        bad("PS256, called RS256", &signed("rsa.der", Algorithm::PS256, "RS256", "rsa"), SIGNATURE),
        bad("RS256 by the EC key", &ec.sign(&json!({ "alg": "RS256", "kid": "ec" }), claims), UNFIT),
        bad("RS256 by the EC key, with the name of the RSA key", &ec.sign(&rs256(), claims), SIGNATURE),
        bad("ES256 by the RSA key", &rsa.sign(&json!({ "alg": "ES256", "kid": "rsa" }), claims), UNFIT),
        bad("ES256 by the RSA key, with the name of the EC key", &rsa.sign(&es256(), claims), SIGNATURE),
    ]
}

/// Tokens that name no key that may be used, or the wrong one, or bring their own.
pub fn keys(issuer: &str) -> Vec<Bad> {
    let claims = claims(issuer);
    let (rsa, ec) = (Signer::rsa(), Signer::ec());
    let mut all = Vec::new();
    for kid in [
        "unknown",
        "EC",
        "ec ",
        "../../keys/ec",
        "/dev/null",
        "' OR 1=1 --",
        "https://evil.example/k",
        "*",
        "é",
        "nameless",
    ] {
        all.push(bad(&format!("kid `{kid}`"), &ec.sign(&with(&es256(), &json!({ "kid": kid })), &claims), UNKNOWN));
    }
    for kid in [json!(["ec"]), json!({ "ec": 1 }), json!(0), json!(true), json!(""), json!("k".repeat(600))] {
        let named = ec.sign(&with(&es256(), &json!({ "kid": kid })), &claims);
        all.push(bad(&format!("kid {kid:.20}"), &named, UNNAMED));
    }
    all.push(bad("no kid", &ec.sign(&with(&es256(), &json!({ "kid": null })), &claims), UNNAMED));
    all.push(bad("kid null", &ec.sign_text(r#"{"alg":"ES256","kid":null}"#, claims.to_string()), UNNAMED));
    for kid in ["sign-only", "for-es384", "wrong-curve", "k1", "off-curve", "published", "p384", "ed", "oct", "half"] {
        let signed = ec.sign(&with(&es256(), &json!({ "kid": kid })), &claims);
        all.push(bad(&format!("the key `{kid}`"), &signed, UNKNOWN));
    }
    for kid in ["enc", "for-ps256", "for-a-number", "exponent"] {
        let signed = rsa.sign(&with(&rs256(), &json!({ "kid": kid })), &claims);
        all.push(bad(&format!("the key `{kid}`"), &signed, UNKNOWN));
    }
    let weak = Signer::of("rsa-weak.der", Algorithm::RS256);
    all.push(bad("a key of 1024 bits", &weak.sign(&with(&rs256(), &json!({ "kid": "weak" })), &claims), UNKNOWN));
    let (other_rsa, other_ec) =
        (Signer::of("rsa-other.der", Algorithm::RS256), Signer::of("ec-other.der", Algorithm::ES256));
    all.push(bad("another RSA key of the same name", &other_rsa.sign(&rs256(), &claims), SIGNATURE));
    all.push(bad("another EC key of the same name", &other_ec.sign(&es256(), &claims), SIGNATURE));
    let own = other_ec.jwk("mine");
    let evil = "https://evil.example/keys";
    for (name, more) in [
        ("its own key as jwk", json!({ "jwk": own })),
        ("its own key as jwk, under another name", json!({ "jwk": own, "kid": "mine" })),
        ("jku", json!({ "jku": evil, "kid": "mine" })),
        ("jku of the issuer", json!({ "jku": format!("{issuer}/keys") })),
        ("x5u", json!({ "x5u": evil })),
        ("x5c", json!({ "x5c": ["MIIB"] })),
    ] {
        all.push(bad(name, &other_ec.sign(&with(&es256(), &more), &claims), BROUGHT));
        all.push(bad(&format!("{name}, signed well"), &ec.sign(&with(&es256(), &more), &claims), BROUGHT));
    }
    all
}

/// Tokens whose header is well signed, and not what it should be.
pub fn headers(issuer: &str) -> Vec<Bad> {
    let claims = claims(issuer);
    let ec = Signer::ec();
    let mut all = Vec::new();
    for (name, more, reason) in [
        ("crit", json!({ "crit": ["exp"] }), EXTENSION),
        ("crit that is empty", json!({ "crit": [] }), EXTENSION),
        ("crit with b64", json!({ "crit": ["b64"], "b64": false }), EXTENSION),
        ("a logout token", json!({ "typ": "logout+jwt" }), TYPE),
        ("a proof of DPoP", json!({ "typ": "dpop+jwt" }), TYPE),
        ("an authorization request", json!({ "typ": "application/oauth-authz-req+jwt" }), TYPE),
        ("typ JWS", json!({ "typ": "JOSE" }), TYPE),
        ("typ that is empty", json!({ "typ": "" }), TYPE),
        ("typ twice application", json!({ "typ": "application/application/jwt" }), TYPE),
        ("typ as a list", json!({ "typ": ["JWT"] }), TYPE),
        ("typ as a number", json!({ "typ": 1 }), TYPE),
    ] {
        all.push(bad(name, &ec.sign(&with(&es256(), &more), &claims), reason));
    }
    let claims = claims.to_string();
    for (name, header) in [
        ("alg twice", r#"{"alg":"ES256","kid":"ec","alg":"ES256"}"#),
        ("alg twice, none first", r#"{"alg":"none","kid":"ec","alg":"ES256"}"#),
        ("kid twice", r#"{"alg":"ES256","kid":"ec","kid":"ec"}"#),
        ("kid twice, once in disguise", r#"{"alg":"ES256","kid":"ec","\u006bid":"rsa"}"#),
        ("a member of the header twice, deep", r#"{"alg":"ES256","kid":"ec","a":{"b":1,"b":2}}"#),
        ("a header that is a list", r#"["ES256","ec"]"#),
        ("a header that is a text", r#""ES256""#),
        ("a header with something behind", r#"{"alg":"ES256","kid":"ec"} {}"#),
        ("a header with a comment", r#"{"alg":"ES256",/**/"kid":"ec"}"#),
        ("a header with a mark before", "\u{feff}{\"alg\":\"ES256\",\"kid\":\"ec\"}"),
        ("a header that breaks off", r#"{"alg":"ES256","kid":"ec""#),
        ("a header that is no JSON", "ES256"),
    ] {
        all.push(bad(name, &ec.sign_text(header, &claims), HEADER));
    }
    all.push(bad("a header that is no UTF-8", &ec.sign_text(b"{\"alg\":\"ES256\",\"kid\":\"\xff\"}", &claims), HEADER));
    all
}

/// Tokens that are not put together as they should be.
pub fn parts(issuer: &str) -> Vec<Bad> {
    let good = Signer::ec().sign(&es256(), &claims(issuer));
    let parts: Vec<&str> = good.split('.').collect();
    let [head, body, signature] = parts[..] else { panic!("three parts") };
    let other = Signer::ec().sign(&es256(), &with(&claims(issuer), &json!({ "sub": "bob" })));
    let others: Vec<&str> = other.split('.').collect();
    let jwe = encoded(json!({ "alg": "RSA-OAEP", "enc": "A256GCM", "kid": "rsa" }).to_string());
    let loose = loosened(signature);
    let standard = format!("{head}.{body}.{}+/{}", &signature[..10], &signature[12..]);
    vec![
        bad("one part", head, PARTS),
        bad("two parts", &format!("{head}.{body}"), PARTS),
        bad("an extra part", &format!("{good}.{signature}"), PARTS),
        bad("an extra part that is empty", &format!("{good}."), PARTS),
        bad("JWE, five parts", &format!("{jwe}.a2V5.aXY.dGV4dA.dGFn"), PARTS),
        bad("dots alone", "..", ENCODING),
        bad("no signature", &format!("{head}.{body}."), ENCODING),
        bad("no claims", &format!("{head}..{signature}"), ENCODING),
        bad("no header", &format!(".{body}.{signature}"), ENCODING),
        bad("padding", &format!("{good}=="), ENCODING),
        bad("the other alphabet", &standard, ENCODING),
        bad("bits that are left over", &format!("{head}.{body}.{loose}"), ENCODING),
        bad("a character too much", &format!("{head}.{body}.{signature}AAA"), ENCODING),
        bad("a tilde", &format!("{head}.{body}.~{}", &signature[1..]), ENCODING),
        bad("the signature of another token", &format!("{head}.{body}.{}", others[2]), SIGNATURE),
        bad("the claims of another token", &format!("{head}.{}.{signature}", others[1]), SIGNATURE),
        bad(
            "the header of another token",
            &format!("{}.{body}.{signature}", encoded(with(&es256(), &json!({ "typ": null })).to_string())),
            SIGNATURE,
        ),
        bad(
            "claims that are changed",
            &format!("{head}.{}.{signature}", encoded(with(&claims(issuer), &json!({ "sub": "root" })).to_string())),
            SIGNATURE,
        ),
    ]
}

/// The last character with another of the bits that stand for nothing.
fn loosened(part: &str) -> String {
    let (start, last) = part.split_at(part.len() - 1);
    let next = match last {
        "A" => "B",
        "Q" => "R",
        "g" => "h",
        _ => "x",
    };
    format!("{start}{next}")
}

/// Signatures that are none.
pub fn signatures(issuer: &str) -> Vec<Bad> {
    let ec = Signer::ec().sign(&es256(), &claims(issuer));
    let rsa = Signer::rsa().sign(&rs256(), &claims(issuer));
    let (ec_message, ec_signature) = ec.rsplit_once('.').map(|(m, s)| (m, decoded(s))).expect("three parts");
    let (rsa_message, rsa_signature) = rsa.rsplit_once('.').map(|(m, s)| (m, decoded(s))).expect("three parts");
    let (r, s) = ec_signature.split_at(32);
    let zero = [0_u8; 32];
    let order = decoded("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE");
    let mut flipped = rsa_signature.clone();
    flipped[100] ^= 1;
    let by_ec = [
        ("ES256 in DER", der(r, s)),
        ("r = s = 0", [zero, zero].concat()),
        ("r = 0", [&zero, s].concat()),
        ("s = 0", [r, &zero].concat()),
        ("r = s = the order", [order.as_slice(), &order].concat()),
        ("r and s the other way around", [s, r].concat()),
        ("r alone", r.to_vec()),
        ("a byte too much", [&ec_signature, [0].as_slice()].concat()),
        ("a zero before", [[0].as_slice(), &ec_signature].concat()),
        ("a byte too few", ec_signature[..63].to_vec()),
        ("one byte", vec![1]),
    ];
    let by_rsa = [
        ("RSA: zeros", vec![0; 256]),
        ("RSA: one", [vec![0; 255], vec![1]].concat()),
        ("RSA: a bit flipped", flipped),
        ("RSA: a zero before", [[0].as_slice(), &rsa_signature].concat()),
        ("RSA: a byte too few", rsa_signature[..255].to_vec()),
        ("RSA: ones", vec![255; 256]),
    ];
    let ec = by_ec.into_iter().map(|(name, signature)| (name, ec_message, signature));
    let rsa = by_rsa.into_iter().map(|(name, signature)| (name, rsa_message, signature));
    ec.chain(rsa)
        .map(|(name, message, signature)| bad(name, &format!("{message}.{}", encoded(signature)), SIGNATURE))
        .collect()
}

/// A signature as X.509 has it: a sequence of two integers.
fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    let integer = |bytes: &[u8]| {
        let bytes = if bytes[0] >= 128 { [&[0], bytes].concat() } else { bytes.to_vec() };
        [&[2, u8::try_from(bytes.len()).expect("short")], bytes.as_slice()].concat()
    };
    let both = [integer(r), integer(s)].concat();
    [&[0x30, u8::try_from(both.len()).expect("short")], both.as_slice()].concat()
}
