//! Tokens that an authorization server is asked about.

use super::forge::{AUDIENCE, NOW, with};
use super::issuer::Issuer;
use super::scene::{Scene, subject};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use precast::model::{AuthMode, Role, RoleRule};
use precast::write::auth::{Denied, Secrets};
use serde_json::{Value as Json, json};
use std::sync::Arc;

const ISSUER: &str = "https://id.example/";
const UNAVAILABLE: Denied = Denied::Unavailable { retry_after: 5 };
const INACTIVE: Denied = Denied::Invalid("the token is not active");
const EXPIRED: Denied = Denied::Invalid("the token has expired");

fn client() -> (String, String) {
    ("the club: api".to_owned(), "s3cret%+/ü".to_owned())
}

/// A scene whose site names its issuer and its audience, or neither.
fn asking(names: bool, client: Option<(String, String)>) -> Scene {
    let issuer = Issuer::start();
    let named = |name: &str| names.then(|| name.to_owned());
    let url = format!("{}/introspect", issuer.url);
    let mode = AuthMode::Introspection { url, issuer: named(ISSUER), audience: named(AUDIENCE) };
    let rule = RoleRule { role: Role::Editor, claim: "scope".to_owned(), value: "records".to_owned() };
    Scene::of(issuer, mode, vec![rule], Secrets { introspection: client, local_token: None })
}

/// What the server says of a token that is active.
fn active() -> Json {
    json!({ "active": true, "iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": NOW + 3600, "scope": "records a" })
}

#[test]
fn the_server_is_asked_as_the_standards_say() {
    let scene = asking(true, Some(client()));
    scene.issuer.says("/introspect", &active());
    let caller = scene.admit("2YotnFZ.a-b_c~d+e/f==").expect("a caller");
    assert_eq!((caller.subject.as_str(), caller.is_local, caller.is_editor()), ("ada", false, true));
    assert_eq!(caller.claim("scope"), Some("records a"));
    let asked = scene.issuer.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].body, "token=2YotnFZ.a-b_c%7Ed%2Be%2Ff%3D%3D&token_type_hint=access_token");
    assert_eq!(asked[0].content_type, "application/x-www-form-urlencoded");
    let credentials = asked[0].authorization.strip_prefix("Basic ").expect("Basic");
    let credentials = STANDARD.decode(credentials).expect("base64");
    assert_eq!(String::from_utf8(credentials).expect("UTF-8"), "the+club%3A+api:s3cret%25%2B%2F%C3%BC");
}

#[test]
fn an_answer_is_believed_for_a_minute() {
    let scene = asking(true, Some(client()));
    scene.issuer.says("/introspect", &active());
    for _ in 0..1000 {
        assert_eq!(subject(scene.admit("one")), "ada");
    }
    assert_eq!(scene.issuer.asked().len(), 1);
    assert_eq!(subject(scene.admit("two")), "ada");
    assert_eq!(scene.issuer.asked().len(), 2);
    scene.issuer.says("/introspect", &json!({ "active": false }));
    scene.pass(59);
    assert_eq!(subject(scene.admit("one")), "ada");
    scene.pass(1);
    assert_eq!(scene.admit("one").unwrap_err(), INACTIVE);
    assert_eq!(scene.issuer.asked().len(), 3);
}

#[test]
fn no_answer_outlives_its_token() {
    let scene = asking(true, Some(client()));
    scene.issuer.says("/introspect", &with(&active(), &json!({ "exp": NOW + 20 })));
    assert_eq!(subject(scene.admit("one")), "ada");
    assert_eq!(scene.admit_at("one", NOW + 20).unwrap_err(), EXPIRED, "what is kept is looked at again");
    assert_eq!(scene.issuer.asked().len(), 1);
    scene.pass(19);
    assert_eq!(subject(scene.admit_at("one", NOW + 19)), "ada");
    scene.pass(1);
    assert_eq!(scene.admit_at("one", NOW + 20).unwrap_err(), EXPIRED);
    assert_eq!(scene.issuer.asked().len(), 2, "and is not kept for longer");
}

#[test]
fn a_refusal_is_believed_for_a_moment() {
    let scene = asking(true, Some(client()));
    scene.issuer.says("/introspect", &json!({ "active": false, "sub": "ada" }));
    for _ in 0..100 {
        assert_eq!(scene.admit("one").unwrap_err(), INACTIVE);
    }
    assert_eq!(scene.issuer.asked().len(), 1);
    scene.issuer.says("/introspect", &active());
    scene.pass(9);
    assert_eq!(scene.admit("one").unwrap_err(), INACTIVE);
    scene.pass(1);
    assert_eq!(subject(scene.admit("one")), "ada");
}

#[test]
fn who_cannot_be_asked_has_not_agreed() {
    let scene = asking(true, Some(client()));
    let long = with(&active(), &json!({ "filler": "a".repeat(300 * 1024) })).to_string();
    let wrong = [
        (500, ""),
        (401, r#"{"active":true}"#),
        (403, ""),
        (404, ""),
        (204, ""),
        (202, r#"{"active":true,"sub":"ada"}"#),
        (200, ""),
        (200, "active"),
        (200, "true"),
        (200, "[]"),
        (200, "{}"),
        (200, r#"{"active":"true","sub":"ada"}"#),
        (200, r#"{"active":1,"sub":"ada"}"#),
        (200, r#"{"active":null}"#),
        (200, r#"{"active":false,"active":true}"#),
        (200, r#"{"Active":true}"#),
        (200, r#"{"active":true"#),
        (200, long.as_str()),
    ];
    for (count, (status, body)) in wrong.into_iter().enumerate() {
        scene.issuer.replies("/introspect", status, "", body);
        assert_eq!(scene.admit("one").unwrap_err(), UNAVAILABLE, "{status} {body:.40}");
        assert_eq!(scene.issuer.asked().len(), count + 1, "nothing of it is kept");
    }
    let elsewhere = Issuer::start();
    elsewhere.says("/introspect", &active());
    for status in [301, 302, 303, 307, 308] {
        scene.issuer.replies("/introspect", status, &format!("location: {}/introspect\r\n", elsewhere.url), "");
        assert_eq!(scene.admit("one").unwrap_err(), UNAVAILABLE, "{status}");
    }
    assert_eq!(elsewhere.asked().len(), 0, "nobody follows");
    for client in [None, Some((String::new(), "secret".to_owned()))] {
        let scene = asking(true, client);
        scene.issuer.says("/introspect", &active());
        assert_eq!(scene.admit("one").unwrap_err(), UNAVAILABLE);
        assert_eq!(scene.issuer.asked().len(), 0);
    }
    // A port that nobody listens on any more.
    let url = std::net::TcpListener::bind("127.0.0.1:0").and_then(|gone| gone.local_addr()).expect("a port");
    let mode = AuthMode::Introspection { url: format!("http://{url}/"), issuer: None, audience: None };
    let secrets = Secrets { introspection: Some(client()), local_token: None };
    assert_eq!(Scene::of(Issuer::start(), mode, Vec::new(), secrets).admit("one").unwrap_err(), UNAVAILABLE);
}

#[test]
fn nobody_queues_behind_a_server_that_hangs() {
    let scene = asking(true, Some(client()));
    scene.issuer.says("/introspect", &active());
    scene.issuer.holds(true);
    let (sender, ended) = std::sync::mpsc::channel();
    let now = Timestamp::from_second(NOW).expect("a time");
    for number in 0..100 {
        let (gate, sender) = (Arc::clone(&scene.gate), sender.clone());
        scene.runtime.spawn(async move {
            let token = format!("Bearer t{number}");
            sender.send(gate.admit(&[token.as_bytes()], now).await).expect("a listener");
        });
    }
    let next = || ended.recv_timeout(std::time::Duration::from_mins(2)).expect("an end").map(|caller| caller.subject);
    for _ in 0..36 {
        assert_eq!(next(), Err(UNAVAILABLE), "64 ask already");
    }
    scene.issuer.holds(false);
    for _ in 0..64 {
        assert_eq!(next(), Ok("ada".to_owned()));
    }
}

#[test]
fn what_the_server_says_of_a_token_is_checked() {
    let other_type = "a claim of the token is of another type than it should be";
    let (issuer, audience) = ("the token is of another issuer", "the token is meant for somebody else");
    let subject_ = "the subject of the token is empty, too long or holds control characters";
    let wrong = [
        (json!({ "exp": NOW }), "the token has expired"),
        (json!({ "exp": NOW - 3600 }), "the token has expired"),
        (json!({ "exp": "2000000000" }), other_type),
        (json!({ "nbf": NOW + 31 }), "the token is not valid yet"),
        (json!({ "nbf": [] }), other_type),
        (json!({ "iat": NOW + 31 }), "the token is not valid yet"),
        (json!({ "iss": null }), issuer),
        (json!({ "iss": "https://id.example" }), issuer),
        (json!({ "iss": [ISSUER] }), other_type),
        (json!({ "aud": null }), audience),
        (json!({ "aud": "records" }), audience),
        (json!({ "aud": ["a", "b"] }), audience),
        (json!({ "aud": { AUDIENCE: 1 } }), other_type),
        (json!({ "sub": null }), "the token names no subject"),
        (json!({ "sub": "" }), subject_),
        (json!({ "sub": "a\r\nb" }), subject_),
        (json!({ "sub": 1 }), other_type),
        (json!({ "token_type": "refresh_token" }), "the token is no access token"),
        (json!({ "token_type": "DPoP" }), "the token is no access token"),
        (json!({ "token_use": "id" }), "the token is no access token"),
        (json!({ "token_type": 1 }), other_type),
        (json!({ "cnf": { "x5t#S256": "a" } }), "the token is bound to a key, and no bearer token"),
    ];
    let scene = asking(true, Some(client()));
    for (number, (changes, reason)) in wrong.into_iter().enumerate() {
        scene.issuer.says("/introspect", &with(&active(), &changes));
        assert_eq!(scene.admit(&format!("t{number}")).unwrap_err(), Denied::Invalid(reason), "{changes}");
    }
    for changes in [
        json!({ "exp": null, "aud": ["other", AUDIENCE], "token_type": "bearer" }),
        json!({ "exp": NOW + 1, "nbf": NOW + 30, "token_type": "Bearer", "token_use": "access_token" }),
    ] {
        scene.issuer.says("/introspect", &with(&active(), &changes));
        assert_eq!(subject(scene.admit(&changes.to_string().replace(|c: char| !c.is_ascii_alphanumeric(), ""))), "ada");
    }
    // What the site does not name, the server need not say.
    let scene = asking(false, Some(client()));
    scene.issuer.says("/introspect", &json!({ "active": true, "sub": "ada", "iss": "other", "aud": "other" }));
    assert_eq!(subject(scene.admit("one")), "ada");
    scene.issuer.says("/introspect", &json!({ "active": true, "sub": "bob" }));
    assert_eq!(subject(scene.admit("two")), "bob");
}
