//! Tokens that are well signed and let nobody in: what they say is wrong.

use super::bad::{Bad, bad};
use super::forge::{AUDIENCE, NOW, Signer, claims, es256, with};
use serde_json::{Value as Json, json};

const CLAIMS: &str = "the claims of the token are no JSON object with each member once";
const TYPE: &str = "a claim of the token is of another type than it should be";
const ISSUER: &str = "the token is of another issuer";
const AUDIENCE_: &str = "the token is meant for somebody else";
const EXPIRED: &str = "the token has expired";
const NOT_YET: &str = "the token is not valid yet";
const NO_ACCESS: &str = "the token is no access token";
const SUBJECT: &str = "the subject of the token is empty, too long or holds control characters";
const BOUND: &str = "the token is bound to a key, and no bearer token";

fn changed(issuer: &str, all: Vec<(&str, Json, &'static str)>) -> Vec<Bad> {
    let ec = Signer::ec();
    let made = all
        .into_iter()
        .map(|(name, changes, reason)| bad(name, &ec.sign(&es256(), &with(&claims(issuer), &changes)), reason));
    made.collect()
}

/// Claims by which the token is of somebody else, or meant for somebody else.
pub fn strangers(issuer: &str) -> Vec<Bad> {
    let access = json!({ "aud": null, "client_id": AUDIENCE, "token_use": "access" });
    let cognito = |changes: &Json| {
        let mut all = access.clone();
        all.as_object_mut().expect("an object").extend(changes.as_object().expect("an object").clone());
        all
    };
    changed(
        issuer,
        vec![
            ("iss with a slash", json!({ "iss": format!("{issuer}/") }), ISSUER),
            ("iss in other letters", json!({ "iss": issuer.to_uppercase() }), ISSUER),
            ("iss of another environment", json!({ "iss": format!("{issuer}/staging") }), ISSUER),
            ("iss with a space", json!({ "iss": format!("{issuer} ") }), ISSUER),
            ("iss that begins alike", json!({ "iss": issuer[..issuer.len() - 1] }), ISSUER),
            ("iss by a name", json!({ "iss": issuer.replace("127.0.0.1", "localhost") }), ISSUER),
            ("iss that is empty", json!({ "iss": "" }), ISSUER),
            ("no iss", json!({ "iss": null }), ISSUER),
            ("iss as a list", json!({ "iss": [issuer] }), TYPE),
            ("iss as an object", json!({ "iss": { "url": issuer } }), TYPE),
            ("aud that holds more", json!({ "aud": format!("{AUDIENCE}-v2") }), AUDIENCE_),
            ("aud that holds less", json!({ "aud": AUDIENCE[..AUDIENCE.len() - 1] }), AUDIENCE_),
            ("aud in other letters", json!({ "aud": AUDIENCE.to_uppercase() }), AUDIENCE_),
            ("aud with spaces", json!({ "aud": format!("other {AUDIENCE}") }), AUDIENCE_),
            ("aud that is empty", json!({ "aud": "" }), AUDIENCE_),
            ("aud of others", json!({ "aud": ["other", "records"] }), AUDIENCE_),
            ("aud of nobody", json!({ "aud": [] }), AUDIENCE_),
            ("no aud", json!({ "aud": null }), AUDIENCE_),
            ("no aud, a client", json!({ "aud": null, "client_id": AUDIENCE }), AUDIENCE_),
            ("aud with a number", json!({ "aud": [AUDIENCE, 1] }), TYPE),
            ("aud in a list of lists", json!({ "aud": [[AUDIENCE]] }), TYPE),
            ("aud as an object", json!({ "aud": { AUDIENCE: true } }), TYPE),
            ("aud as a number", json!({ "aud": 0 }), TYPE),
            ("another aud than the client", cognito(&json!({ "aud": "other" })), AUDIENCE_),
            ("another client", cognito(&json!({ "client_id": "other" })), AUDIENCE_),
            ("a client as a list", cognito(&json!({ "client_id": [AUDIENCE] })), TYPE),
            ("no client", cognito(&json!({ "client_id": null })), AUDIENCE_),
            ("an ID token", json!({ "token_use": "id" }), NO_ACCESS),
            ("an ID token of the client", cognito(&json!({ "token_use": "id" })), NO_ACCESS),
            ("a refresh token", json!({ "token_use": "refresh" }), NO_ACCESS),
            ("token_use in other letters", json!({ "token_use": "Access" }), NO_ACCESS),
            ("token_use as a list", json!({ "token_use": ["access"] }), TYPE),
            ("bound to a key", json!({ "cnf": { "jkt": "a" } }), BOUND),
            ("jti as a number", json!({ "jti": 1 }), TYPE),
        ],
    )
}

/// Claims by which the token is not valid now.
pub fn times(issuer: &str) -> Vec<Bad> {
    changed(
        issuer,
        vec![
            ("expired", json!({ "exp": NOW - 3600 }), EXPIRED),
            ("expired by the leeway", json!({ "exp": NOW - 30 }), EXPIRED),
            (
                "expired by the leeway and less",
                json!({ "exp": f64::from(i32::try_from(NOW).expect("32 bits")) - 30.5 }),
                EXPIRED,
            ),
            ("exp 0", json!({ "exp": 0 }), EXPIRED),
            ("exp before all time", json!({ "exp": -1e300 }), EXPIRED),
            ("exp as a small number", json!({ "exp": i64::MIN }), EXPIRED),
            ("exp as a string", json!({ "exp": (NOW + 300).to_string() }), TYPE),
            ("exp as a date", json!({ "exp": "2036-01-01T00:00:00Z" }), TYPE),
            ("exp as a list", json!({ "exp": [NOW + 300] }), TYPE),
            ("exp true", json!({ "exp": true }), TYPE),
            ("no exp", json!({ "exp": null }), "the token says not when it expires"),
            ("nbf to come", json!({ "nbf": NOW + 3600 }), NOT_YET),
            ("nbf beyond the leeway", json!({ "nbf": NOW + 31 }), NOT_YET),
            ("nbf after all time", json!({ "nbf": 1e300 }), NOT_YET),
            ("nbf as a string", json!({ "nbf": (NOW - 10).to_string() }), TYPE),
            ("nbf false", json!({ "nbf": false }), TYPE),
            ("iat to come", json!({ "iat": NOW + 3600 }), NOT_YET),
            ("iat beyond the leeway", json!({ "iat": NOW + 31 }), NOT_YET),
            ("iat as a string", json!({ "iat": NOW.to_string() }), TYPE),
            ("iat as an object", json!({ "iat": {} }), TYPE),
        ],
    )
}

/// Claims that say of nobody whose the token is.
pub fn subjects(issuer: &str) -> Vec<Bad> {
    changed(
        issuer,
        vec![
            ("no sub", json!({ "sub": null }), "the token names no subject"),
            ("sub as a list", json!({ "sub": ["ada"] }), TYPE),
            ("sub as a number", json!({ "sub": 1 }), TYPE),
            ("sub as an object", json!({ "sub": { "ada": 1 } }), TYPE),
            ("sub false", json!({ "sub": false }), TYPE),
            ("sub that is empty", json!({ "sub": "" }), SUBJECT),
            ("sub of 256 bytes", json!({ "sub": "a".repeat(256) }), SUBJECT),
            ("sub of 256 bytes in fewer characters", json!({ "sub": "é".repeat(128) }), SUBJECT),
            ("sub with a line break", json!({ "sub": "ada\nroot" }), SUBJECT),
            ("sub with a zero byte", json!({ "sub": "ada\0" }), SUBJECT),
            ("sub with an escape", json!({ "sub": "\u{1b}[2Jada" }), SUBJECT),
            ("sub with DEL", json!({ "sub": "ada\u{7f}" }), SUBJECT),
            ("sub with a control character beyond ASCII", json!({ "sub": "ada\u{85}" }), SUBJECT),
        ],
    )
}

/// Claims that are not what claims are.
pub fn shapes(issuer: &str) -> Vec<Bad> {
    let good = claims(issuer).to_string();
    let members = good.trim_start_matches('{').trim_end_matches('}');
    let (ec, header) = (Signer::ec(), es256().to_string());
    let mut all = Vec::new();
    for (name, text) in [
        ("sub twice", format!(r#"{{{members},"sub":"ada"}}"#)),
        ("sub twice, another first", format!(r#"{{"sub":"root",{members}}}"#)),
        ("sub twice, once in disguise", format!(r#"{{{members},"\u0073ub":"root"}}"#)),
        ("exp twice", format!(r#"{{{members},"exp":9999999999}}"#)),
        ("a member twice, deep", format!(r#"{{{members},"a":[{{"b":1,"b":1}}]}}"#)),
        ("exp beyond numbers", good.replace(&(NOW + 300).to_string(), "1e999")),
        ("exp NaN", good.replace(&(NOW + 300).to_string(), "NaN")),
        ("exp in hexadecimal", good.replace(&(NOW + 300).to_string(), "0xffffffff")),
        ("claims in a list", format!("[{good}]")),
        ("claims as a text", serde_json::to_string(&good).expect("JSON")),
        ("claims as a number", "1".to_owned()),
        ("claims null", "null".to_owned()),
        ("claims with something behind", format!("{good},{good}")),
        ("claims that break off", good.trim_end_matches('}').to_owned()),
        ("claims with half a character", good.replace("\"ada\"", r#""\ud800""#)),
        ("claims with a mark before", format!("\u{feff}{good}")),
        ("claims that are a token", ec.sign(&es256(), &claims(issuer))),
        ("claims too deep", format!(r#"{{{members},"a":{}{}}}"#, "[".repeat(200), "]".repeat(200))),
    ] {
        all.push(bad(name, &ec.sign_text(&header, text), CLAIMS));
    }
    let null = |name: &str| good.replacen('{', &format!(r#"{{"{name}":null,"#), 1);
    for name in ["nbf", "client_id", "token_use", "jti"] {
        all.push(bad(&format!("{name} null"), &ec.sign_text(&header, null(name)), TYPE));
    }
    let broken = [b"{\"sub\":\"\xff\",".as_slice(), &good.as_bytes()[1..]].concat();
    all.push(bad("claims that are no UTF-8", &ec.sign_text(&header, broken), CLAIMS));
    all
}
