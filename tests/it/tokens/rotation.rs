//! Keys that change, keys that cannot be fetched, and how often an issuer is asked for them.

use super::forge::{AUDIENCE, NOW, Signer, claims, es256, keys, with};
use super::issuer::Issuer;
use super::scene::{Scene, subject};
use jiff::Timestamp;
use jsonwebtoken::Algorithm;
use precast::model::AuthMode;
use precast::write::auth::{Caller, Denied, Secrets};
use serde_json::{Value as Json, json};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

const DISCOVERY: &str = "/.well-known/openid-configuration";
const UNKNOWN: Denied = Denied::Invalid("the issuer has no key of that name");

/// A token that names a key, signed by the issuer's own.
fn named(scene: &Scene, kid: &str) -> String {
    Signer::ec().sign(&with(&es256(), &json!({ "kid": kid })), &claims(&scene.issuer.url))
}

/// Many requests at once, each with its own token.
fn together(scene: &Scene, tokens: impl Iterator<Item = String>) -> Vec<Result<Caller, Denied>> {
    let now = Timestamp::from_second(NOW).expect("a time");
    let asking = tokens.map(|token| {
        let gate = Arc::clone(&scene.gate);
        scene.runtime.spawn(async move { gate.admit(&[format!("Bearer {token}").as_bytes()], now).await })
    });
    let asking: Vec<_> = asking.collect();
    scene.runtime.block_on(async {
        let mut all = Vec::new();
        for one in asking {
            all.push(one.await.expect("it ends"));
        }
        all
    })
}

#[test]
fn a_new_key_is_found_and_an_old_one_is_gone() {
    let scene = Scene::signed();
    assert_eq!(subject(scene.admit(&named(&scene, "ec"))), "ada");
    let new = Signer::of("ec-other.der", Algorithm::ES256);
    scene.issuer.says("/keys", &json!({ "keys": [new.jwk("new")] }));
    let token = new.sign(&with(&es256(), &json!({ "kid": "new" })), &claims(&scene.issuer.url));
    scene.pass(29);
    assert_eq!(scene.admit(&token).unwrap_err(), UNKNOWN, "the issuer was asked a moment ago");
    scene.pass(1);
    assert_eq!(subject(scene.admit(&token)), "ada");
    assert_eq!(scene.admit(&named(&scene, "ec")).unwrap_err(), UNKNOWN);
    assert_eq!(scene.issuer.count("/keys"), 2);
}

#[test]
fn keys_are_fetched_again_when_they_are_old() {
    let scene = Scene::signed();
    let token = named(&scene, "ec");
    for (passed, fetched) in [(0, 1), (599, 1), (1, 2), (599, 2), (1, 3)] {
        scene.pass(passed);
        assert_eq!(subject(scene.admit(&token)), "ada");
        assert_eq!(scene.issuer.count("/keys"), fetched);
    }
}

#[test]
fn strangers_do_not_make_the_issuer_work() {
    let scene = Scene::signed();
    let known = named(&scene, "ec");
    let strange = |start: usize, count: usize| {
        let scene = &scene;
        (start..start + count).map(move |number| named(scene, &format!("made-up-{number}")))
    };
    for token in strange(0, 1000) {
        assert_eq!(scene.admit(&token).unwrap_err(), UNKNOWN);
    }
    assert_eq!(scene.issuer.count("/keys"), 1);
    scene.pass(30);
    let all = together(&scene, strange(1000, 200).chain([known.clone()]));
    assert_eq!(all.iter().filter(|one| one.is_ok()).count(), 1);
    assert_eq!(scene.issuer.count("/keys"), 2);
    for token in strange(2000, 300) {
        scene.pass(1);
        let _ = scene.admit(&token);
    }
    assert_eq!(scene.issuer.count("/keys"), 12, "once in 30 seconds");
    assert_eq!(subject(scene.admit(&known)), "ada");
}

#[test]
fn many_wait_for_one_fetch() {
    let scene = Scene::signed();
    let token = named(&scene, "ec");
    assert!(together(&scene, (0..100).map(|_| token.clone())).iter().all(Result::is_ok));
    assert_eq!((scene.issuer.count(DISCOVERY), scene.issuer.count("/keys")), (1, 1));
}

#[test]
fn who_hangs_up_leaves_the_keys_to_the_others() {
    let scene = Scene::signed();
    let value = format!("Bearer {}", named(&scene, "ec"));
    let (header, now) = ([value.as_bytes()], Timestamp::from_second(NOW).expect("a time"));
    scene.runtime.block_on(async {
        {
            let mut first = pin!(scene.gate.admit(&header, now));
            let polled = std::future::poll_fn(|cx| Poll::Ready(first.as_mut().poll(cx).is_pending())).await;
            assert!(polled, "keys come over a wire");
        }
        assert_eq!(subject(scene.gate.admit(&header, now).await), "ada");
    });
    assert_eq!(scene.issuer.count("/keys"), 1);
}

#[test]
fn keys_outlive_an_issuer_that_is_down() {
    let scene = Scene::signed();
    let token = named(&scene, "ec");
    assert_eq!(subject(scene.admit(&token)), "ada");
    scene.issuer.fails("/keys", 500);
    scene.pass(600);
    for _ in 0..1000 {
        assert_eq!(subject(scene.admit(&token)), "ada");
    }
    assert_eq!(scene.issuer.count("/keys"), 2, "one more try, and then a pause");
    // It may be a new key, which nobody can say now.
    assert_eq!(scene.admit(&named(&scene, "new")).unwrap_err(), Denied::Unavailable { retry_after: 30 });
    scene.pass(20);
    assert_eq!(scene.admit(&named(&scene, "new")).unwrap_err(), Denied::Unavailable { retry_after: 10 });
    scene.pass(24 * 3600 - 620);
    assert_eq!(subject(scene.admit(&token)), "ada");
    scene.pass(1);
    assert!(matches!(scene.admit(&token), Err(Denied::Unavailable { .. })), "a day is over");
    scene.issuer.says("/keys", &keys());
    scene.pass(10);
    assert_eq!(subject(scene.admit(&token)), "ada");
}

#[test]
fn an_issuer_that_was_never_there_is_asked_now_and_then() {
    let scene = Scene::signed();
    let token = named(&scene, "ec");
    scene.issuer.fails(DISCOVERY, 503);
    for _ in 0..1000 {
        assert_eq!(scene.admit(&token).unwrap_err(), Denied::Unavailable { retry_after: 10 });
    }
    assert!(together(&scene, (0..100).map(|_| token.clone())).iter().all(Result::is_err));
    assert_eq!(scene.issuer.asked().len(), 1);
    scene.pass(9);
    assert_eq!(scene.admit(&token).unwrap_err(), Denied::Unavailable { retry_after: 1 });
    assert_eq!(scene.issuer.asked().len(), 1);
    scene.pass(1);
    assert_eq!(scene.admit(&token).unwrap_err(), Denied::Unavailable { retry_after: 10 });
    assert_eq!(scene.issuer.asked().len(), 2);
    scene
        .issuer
        .says(DISCOVERY, &json!({ "issuer": scene.issuer.url, "jwks_uri": format!("{}/keys", scene.issuer.url) }));
    scene.pass(10);
    assert_eq!(subject(scene.admit(&token)), "ada");
}

#[test]
fn an_issuer_without_keys_is_believed() {
    let scene = Scene::signed();
    scene.issuer.says("/keys", &json!({ "keys": [] }));
    assert_eq!(scene.admit(&named(&scene, "ec")).unwrap_err(), UNKNOWN);
}

#[test]
fn what_is_no_document_of_the_issuer_brings_no_keys() {
    let own = |scene: &Scene| format!("{}/keys", scene.issuer.url);
    let document = |scene: &Scene, changes: Json| {
        let document = json!({ "issuer": scene.issuer.url, "jwks_uri": own(scene) });
        scene.issuer.says(DISCOVERY, &with(&document, &changes));
    };
    let elsewhere = Issuer::start();
    elsewhere.says("/keys", &keys());
    let other = format!("{}/keys", elsewhere.url);
    let refused = |name: &str, change: &dyn Fn(&Scene)| {
        let scene = Scene::signed();
        change(&scene);
        let denied = scene.admit(&named(&scene, "ec")).map(|caller| caller.subject);
        assert_eq!(denied, Err(Denied::Unavailable { retry_after: 10 }), "{name}");
    };
    refused("another issuer", &|scene| document(scene, json!({ "issuer": "https://evil.example" })));
    refused("a slash more", &|scene| document(scene, json!({ "issuer": format!("{}/", scene.issuer.url) })));
    refused("no issuer", &|scene| document(scene, json!({ "issuer": null })));
    refused("issuers", &|scene| document(scene, json!({ "issuer": [scene.issuer.url] })));
    refused("no address of keys", &|scene| document(scene, json!({ "jwks_uri": null })));
    for url in ["http://id.example/keys", "http://127.0.0.1@id.example/", "file:///keys", "/keys", "", "data:,{}"] {
        refused(url, &|scene| document(scene, json!({ "jwks_uri": url })));
    }
    refused("twice", &|scene| {
        let text = format!(r#"{{"issuer":"a","issuer":"{}","jwks_uri":"{}"}}"#, scene.issuer.url, own(scene));
        scene.issuer.replies(DISCOVERY, 200, "", &text);
    });
    refused("no JSON", &|scene| scene.issuer.replies(DISCOVERY, 200, "", "<html>"));
    for status in [201, 204, 403, 410, 500] {
        refused(&status.to_string(), &|scene| scene.issuer.fails(DISCOVERY, status));
        refused(&format!("keys: {status}"), &|scene| scene.issuer.fails("/keys", status));
    }
    let location = format!("location: {other}\r\n");
    refused("led elsewhere", &|scene| scene.issuer.replies(DISCOVERY, 302, &location, ""));
    refused("keys led elsewhere", &|scene| scene.issuer.replies("/keys", 307, &location, ""));
    assert_eq!(elsewhere.asked().len(), 0, "nobody follows");
    let large = with(&keys(), &json!({ "filler": "a".repeat(300 * 1024) })).to_string();
    for keys in ["", "[]", "{}", "null", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#, r#"{"keys":["#, &large] {
        refused(&format!("keys: {keys:.30}"), &|scene| scene.issuer.replies("/keys", 200, "", keys));
    }
}

#[test]
fn keys_are_found_without_discovery_too() {
    let scene = Scene::signed();
    scene.issuer.fails(DISCOVERY, 404);
    scene.issuer.says("/.well-known/jwks.json", &keys());
    assert_eq!(subject(scene.admit(&named(&scene, "ec"))), "ada");
    let asked: Vec<String> = scene.issuer.asked().into_iter().map(|asked| asked.path).collect();
    assert_eq!(asked, [DISCOVERY, "/.well-known/jwks.json"]);
    let issuer = Issuer::start();
    issuer.says("/here", &keys());
    let jwks = Some(format!("{}/here", issuer.url));
    let mode = AuthMode::Jwt { issuer: "https://id.example/pool/".to_owned(), audience: AUDIENCE.to_owned(), jwks };
    let scene = Scene::of(issuer, mode, Vec::new(), Secrets::default());
    let token = Signer::ec().sign(&es256(), &claims("https://id.example/pool/"));
    assert_eq!(subject(scene.admit(&token)), "ada");
    assert_eq!(scene.admit(&named(&scene, "ec")).unwrap_err(), Denied::Invalid("the token is of another issuer"));
    assert_eq!(scene.issuer.asked().len(), 1);
}

#[test]
fn a_slash_at_the_end_is_part_of_the_issuer() {
    let issuer = Issuer::start();
    let name = format!("{}/pool/", issuer.url);
    issuer
        .says("/pool/.well-known/openid-configuration", &json!({ "issuer": name, "jwks_uri": format!("{name}keys") }));
    issuer.says("/pool/keys", &keys());
    let mode = AuthMode::Jwt { issuer: name.clone(), audience: AUDIENCE.to_owned(), jwks: None };
    let scene = Scene::of(issuer, mode, Vec::new(), Secrets::default());
    assert_eq!(subject(scene.admit(&Signer::ec().sign(&es256(), &claims(&name)))), "ada");
    let bare = Signer::ec().sign(&es256(), &claims(name.trim_end_matches('/')));
    assert_eq!(scene.admit(&bare).unwrap_err(), Denied::Invalid("the token is of another issuer"));
}
