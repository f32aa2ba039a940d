//! Tokens at the gate: what lets somebody in, and all that does not. No test waits: the clock is the test's.

mod bad;
mod bad_claims;
mod forge;
mod introspection;
mod issuer;
mod rotation;
mod scene;

use bad::Bad;
use forge::{AUDIENCE, NOW, Signer, claims, es256, rs256, with};
use jiff::Timestamp;
use precast::model::{Auth, AuthMode, Place, Role, RoleRule};
use precast::write::auth::{Denied, Gate, Secrets};
use scene::{Scene, subject};
use serde_json::json;
use std::collections::BTreeSet;

#[test]
fn bad_tokens_let_nobody_in() {
    let scene = Scene::signed();
    let tables = [
        bad::requests,
        bad::algorithms,
        bad::keys,
        bad::headers,
        bad::parts,
        bad::signatures,
        bad_claims::strangers,
        bad_claims::times,
        bad_claims::subjects,
        bad_claims::shapes,
    ];
    let all: Vec<Bad> = tables.iter().flat_map(|table| table(&scene.issuer.url)).collect();
    let mut names = BTreeSet::new();
    let again: Vec<&str> = all.iter().map(|bad| bad.name.as_str()).filter(|name| !names.insert(*name)).collect();
    assert!(again.is_empty(), "several are called {again:?}");
    assert!(all.len() >= 200, "{} bad tokens", all.len());
    let mut wrong = Vec::new();
    for Bad { name, headers, reason } in &all {
        let headers: Vec<&[u8]> = headers.iter().map(Vec::as_slice).collect();
        let denied = scene.sent(&headers, NOW).map(|caller| caller.subject);
        if denied != Err(Denied::Invalid(reason)) {
            wrong.push(format!("{name}: {denied:?} instead of {reason}"));
        }
        // RFC 6750 §3 says what an `error_description` may hold.
        assert!(reason.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'"' && b != b'\\'), "{reason}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(scene.sent(&[], NOW).map(|caller| caller.subject), Err(Denied::Missing));
    assert_eq!(scene.issuer.asked().len(), 2, "all that is asked of the issuer is its keys, once");
}

#[test]
fn good_tokens_let_somebody_in() {
    let scene = Scene::signed();
    let (rsa, ec) = (Signer::rsa(), Signer::ec());
    let claims = claims(&scene.issuer.url);
    let said = |changes| ec.sign(&es256(), &with(&claims, &changes));
    let typed = |typ: &str| ec.sign(&with(&es256(), &json!({ "typ": typ })), &claims);
    let good = [
        ("RS256", rsa.sign(&rs256(), &claims)),
        ("ES256", ec.sign(&es256(), &claims)),
        ("a key that says little", ec.sign(&with(&es256(), &json!({ "kid": "bare" })), &claims)),
        ("no typ", ec.sign(&with(&es256(), &json!({ "typ": null })), &claims)),
        ("typ at+jwt", typed("at+jwt")),
        ("typ AT+JWT", typed("AT+JWT")),
        ("typ application/at+jwt", typed("application/at+jwt")),
        ("typ jwt", typed("jwt")),
        ("further members of the header", ec.sign(&with(&es256(), &json!({ "x5t": "a", "cty": "a" })), &claims)),
        ("several audiences", said(json!({ "aud": ["other", AUDIENCE] }))),
        ("of Cognito", said(json!({ "aud": null, "client_id": AUDIENCE, "token_use": "access" }))),
        ("token_use access", said(json!({ "token_use": "access", "client_id": "web" }))),
        ("expired within the leeway", said(json!({ "exp": NOW - 29 }))),
        ("half seconds", said(json!({ "exp": 1_780_000_300.5, "iat": 1_779_999_999.25 }))),
        ("far expiry", said(json!({ "exp": 1e12 }))),
        ("nbf within the leeway", said(json!({ "nbf": NOW + 30, "iat": NOW + 30 }))),
        ("no iat", said(json!({ "iat": null }))),
        ("further claims", said(json!({ "scope": 1, "groups": [null], "name": "Ada" }))),
    ];
    for (name, token) in good {
        let caller = scene.admit(&token).unwrap_or_else(|denied| panic!("{name}: {denied:?}"));
        assert_eq!((caller.subject.as_str(), caller.roles.len(), caller.is_local), ("ada", 0, false), "{name}");
    }
    for sub in ["a".repeat(255), "Ада".to_owned(), "google-oauth2|1".to_owned(), " ".to_owned()] {
        assert_eq!(subject(scene.admit(&said(json!({ "sub": sub })))), sub);
    }
    let token = said(json!({}));
    for value in [format!("bearer {token}"), format!("BEARER {token}"), format!("Bearer   {token}")] {
        assert_eq!(subject(scene.sent(&[value.as_bytes()], NOW)), "ada");
    }
}

#[test]
fn an_environment_does_not_take_the_tokens_of_another() {
    let (staging, production) = (Scene::signed(), Scene::signed());
    let token = Signer::ec().sign(&es256(), &claims(&staging.issuer.url));
    assert_eq!(subject(staging.admit(&token)), "ada");
    // Both sign by one key of one name, and yet.
    assert_eq!(production.admit(&token).unwrap_err(), Denied::Invalid("the token is of another issuer"));
}

#[test]
fn roles_come_from_claims() {
    let rule = |role, claim: &str, value: &str| RoleRule { role, claim: claim.to_owned(), value: value.to_owned() };
    let scene = Scene::with_roles(vec![
        rule(Role::Editor, "cognito:groups", "editors"),
        rule(Role::Admin, "scope", "records:admin"),
    ]);
    let of = |changes| {
        let token = Signer::ec().sign(&es256(), &with(&claims(&scene.issuer.url), &changes));
        scene.admit(&token).expect("a caller")
    };
    let member = of(json!({ "name": "Ada", "scope": "records", "groups": ["editors"] }));
    assert!(!member.is_editor() && !member.is_admin());
    assert_eq!((member.claim("name"), member.claim("groups"), member.claim("exp")), (Some("Ada"), None, None));
    let editor = of(json!({ "cognito:groups": ["editors", "others"] }));
    assert!(editor.is_editor() && !editor.is_admin());
    let admin = of(json!({ "scope": "openid records:admin" }));
    assert!(admin.is_editor() && admin.is_admin());
}

#[test]
fn a_local_token_is_for_this_machine() {
    let auth = Auth { at: Place::file("site/site.toml"), mode: AuthMode::Local, roles: Vec::new() };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let secret = |token: Option<&str>| Secrets { local_token: token.map(ToOwned::to_owned), ..Secrets::default() };
    let now = Timestamp::from_second(NOW).expect("a time");
    let gate = Gate::new(Some(&auth), secret(Some("a-local-token")));
    let admit = |gate: &Gate, value: &str| runtime.block_on(gate.admit(&[value.as_bytes()], now));
    let caller = admit(&gate, "Bearer a-local-token").expect("a caller");
    assert_eq!((caller.subject.as_str(), caller.is_local, caller.claims.len()), ("local", true, 0));
    assert!(caller.is_editor() && caller.is_admin());
    for other in ["a-local-toke", "a-local-token1", "A-local-token", "b"] {
        let refused = Denied::Invalid("the token is not the one of this server");
        assert_eq!(admit(&gate, &format!("Bearer {other}")).unwrap_err(), refused, "{other}");
    }
    assert!(matches!(admit(&gate, "Basic a-local-token"), Err(Denied::Invalid(_))));
    assert_eq!(runtime.block_on(gate.admit(&[], now)).unwrap_err(), Denied::Missing);
    for closed in [
        Gate::new(Some(&auth), secret(None)),
        Gate::new(Some(&auth), secret(Some(""))),
        Gate::new(None, secret(Some("a"))),
    ] {
        assert!(matches!(admit(&closed, "Bearer a"), Err(Denied::Closed(_))));
        assert!(matches!(runtime.block_on(closed.admit(&[], now)), Err(Denied::Closed(_))));
    }
}

#[test]
fn nobody_asks_over_what_could_be_changed_on_its_way() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let gate = |issuer: &str, jwks: Option<&str>| {
        let (issuer, jwks) = (issuer.to_owned(), jwks.map(ToOwned::to_owned));
        let mode = AuthMode::Jwt { issuer, audience: AUDIENCE.to_owned(), jwks };
        Gate::new(Some(&Auth { at: Place::file("site/site.toml"), mode, roles: Vec::new() }), Secrets::default())
    };
    let asked = |gate: Gate| runtime.block_on(gate.admit(&[], Timestamp::UNIX_EPOCH)).unwrap_err();
    assert!(matches!(asked(gate("http://id.example", None)), Denied::Closed(_)));
    assert!(matches!(asked(gate("https://id.example", Some("http://id.example/keys"))), Denied::Closed(_)));
    let sealed = asked(gate("https://id.example", None));
    if cfg!(feature = "https") {
        assert_eq!(sealed, Denied::Missing);
    } else {
        let why = "the issuer is asked over HTTPS, and this program was built without it";
        assert_eq!(sealed, Denied::Closed(why));
    }
    assert_eq!(asked(gate("https://id.example", Some("http://127.0.0.1:1/keys"))), Denied::Missing);
}

#[test]
fn secrets_are_not_printed() {
    let secrets = Secrets {
        introspection: Some(("client-a".to_owned(), "secret-b".to_owned())),
        local_token: Some("secret-c".to_owned()),
    };
    let printed = format!("{secrets:?}");
    assert!(printed.contains("given") && !printed.contains("secret-") && !printed.contains("client-a"), "{printed}");
}
