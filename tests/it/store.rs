//! One contract for every kind of place that holds objects: memory, a folder, and the S3-compatible server that
//! `PRECAST_TEST_S3` names (with credentials in the environment, and a bucket `contract`).

use crate::support::Site;
use precast::model::Location;
use precast::store::{Condition, Content, Copy, ETag, Headers, Memory, Options, Put, PutError, Store};
use sha2::{Digest, Sha256};
use std::fs;

const JSON: &str = "application/json";

fn headers(cache: &str) -> Headers {
    Headers { content_type: JSON.to_owned(), cache_control: cache.to_owned() }
}

async fn put(store: &Store, key: &str, body: &str, condition: Condition) -> Result<ETag, PutError> {
    let headers = headers("no-cache");
    let content = Content::Bytes(body.as_bytes().to_vec().into());
    let sha256 = Sha256::digest(body).into();
    Ok(store.put(Put { key, content, sha256, headers: &headers, condition }).await?.etag)
}

fn to<'a>(key: &'a str, body: &str, headers: &'a Headers) -> Copy<'a> {
    Copy { key, sha256: Sha256::digest(body).into(), headers }
}

async fn body(store: &Store, key: &str) -> Option<String> {
    let object = store.get(key, None).await.expect("an answer")?;
    Some(String::from_utf8(object.body).expect("text"))
}

fn refused(done: &Result<ETag, PutError>) -> bool {
    matches!(done, Err(PutError::Precondition))
}

async fn keeps_the_contract(store: &Store) {
    assert_eq!(body(store, "a/b.json").await, None);
    assert!(store.head("a/b.json").await.expect("an answer").is_none());
    let first = put(store, "a/b.json", "one", Condition::Absent).await.expect("there is none");
    assert!(refused(&put(store, "a/b.json", "two", Condition::Absent).await), "there is one");
    let second = put(store, "a/b.json", "two", Condition::Unchanged(first.clone())).await.expect("it is that one");
    assert!(refused(&put(store, "a/b.json", "three", Condition::Unchanged(first)).await), "it is another one");
    assert!(refused(&put(store, "gone", "x", Condition::Unchanged(second)).await), "there is none");
    put(store, "a/b.json", "four", Condition::Any).await.expect("no condition");
    assert_eq!(body(store, "a/b.json").await.as_deref(), Some("four"));

    let meta = store.head("a/b.json").await.expect("an answer").expect("it is there");
    assert_eq!((meta.size, meta.sha256), (4, Some(Sha256::digest("four").into())));
    assert_eq!(meta.headers.is_some(), store.keeps_headers());
    assert!(meta.headers.is_none_or(|kept| kept == headers("no-cache")));

    let wrong = Put {
        key: "wrong",
        content: Content::Bytes(b"body".to_vec().into()),
        sha256: Sha256::digest("another").into(),
        headers: &headers("no-cache"),
        condition: Condition::Any,
    };
    assert!(matches!(store.put(wrong).await, Err(PutError::Failed(_))), "a body that is not the announced one");
    assert_eq!(body(store, "wrong").await, None);

    for key in ["s/1/x", "s/1/y", "s/2/ü & +.json", "t"] {
        put(store, key, key, Condition::Any).await.expect("it takes any key");
        assert_eq!(body(store, key).await.as_deref(), Some(key));
    }
    let keys = |listed: Vec<precast::store::Listed>| listed.into_iter().map(|one| one.key).collect::<Vec<_>>();
    assert_eq!(keys(store.list("s/").await.expect("a list")), ["s/1/x", "s/1/y", "s/2/ü & +.json"]);
    let kept = headers("no-cache");
    assert_eq!(store.folders("s/").await.expect("a list"), ["1", "2"]);
    store
        .copy("s/2/ü & +.json", None, to("s/3/copy", "s/2/ü & +.json", &kept))
        .await
        .expect("a copy")
        .expect("it is there");
    assert_eq!(body(store, "s/3/copy").await.as_deref(), Some("s/2/ü & +.json"));
    assert!(store.copy("nothing", None, to("s/3/nothing", "", &kept)).await.expect("an answer").is_none());

    store.delete(&["s/1/x".to_owned(), "not there".to_owned()]).await.expect("gone");
    assert_eq!(keys(store.list("s/1/").await.expect("a list")), ["s/1/y"]);
    versions_come_back(store).await;
    one_of_many_wins(store).await;
}

async fn versions_come_back(store: &Store) {
    let headers = headers("no-store");
    let one = |text: &str| Put {
        key: "v",
        content: Content::Bytes(text.as_bytes().to_vec().into()),
        sha256: Sha256::digest(text).into(),
        headers: &headers,
        condition: Condition::Any,
    };
    let Some(old) = store.put(one("old")).await.expect("put").version else { return };
    store.put(one("new")).await.expect("put");
    store.delete(&["v".to_owned()]).await.expect("gone");
    assert_eq!(body(store, "v").await, None);
    let found = store.get("v", Some(&old)).await.expect("an answer").expect("that version is kept");
    assert_eq!(found.body, b"old");
    store.copy("v", Some(&old), to("v", "old", &headers)).await.expect("a copy").expect("that version is kept");
    assert_eq!(body(store, "v").await.as_deref(), Some("old"));
    let meta = store.head("v").await.expect("an answer").expect("it is there");
    assert_eq!((meta.headers, meta.sha256), (Some(headers), Some(Sha256::digest("old").into())), "as it was put");
}

async fn one_of_many_wins(store: &Store) {
    let tries = (0..16).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move { put(&store, "race", &writer.to_string(), Condition::Absent).await.is_ok() })
    });
    let mut won = 0;
    for one in tries.collect::<Vec<_>>() {
        won += usize::from(one.await.expect("an end"));
    }
    assert_eq!(won, 1, "of 16 writers");
}

fn run(work: impl Future<Output = ()>) {
    tokio::runtime::Runtime::new().expect("a runtime").block_on(work);
}

#[test]
fn memory_keeps_the_contract() {
    run(keeps_the_contract(&Store::memory(Memory::default())));
}

#[test]
fn a_folder_keeps_the_contract() {
    let site = Site::empty();
    run(keeps_the_contract(&Store::folder(site.path("objects"))));
}

#[test]
#[ignore = "it needs an S3-compatible server, which tests/outside/publish/check starts"]
fn a_bucket_keeps_the_contract() {
    let endpoint = std::env::var("PRECAST_TEST_S3").expect("PRECAST_TEST_S3 names a server");
    run(async {
        let options = Options { endpoint: Some(endpoint), ..Options::default() };
        for location in ["s3://contract", "s3://contract/with/a prefix"] {
            let location = Location::parse(location).expect("a location");
            keeps_the_contract(&Store::open(&location, &options).await.expect("a store")).await;
        }
    });
}

/// A key may come out of a document that somebody else wrote.
#[test]
fn no_key_leaves_a_folder() {
    let site = Site::empty();
    let store = Store::folder(site.path("objects"));
    run(async {
        for key in ["../out", "a/../../out", "/out", "a//b", ""] {
            assert!(matches!(put(&store, key, "x", Condition::Any).await, Err(PutError::Failed(_))), "{key}");
            assert!(store.get(key, None).await.is_err(), "{key}");
        }
    });
    assert!(!site.path("out").exists());
}

/// What a killed process has left half written may be linked to an object already.
#[test]
fn what_nobody_works_on_is_swept() {
    let site = Site::empty();
    let store = Store::folder(site.path("objects"));
    run(async { drop(put(&store, "a", "one", Condition::Absent).await.expect("there is none")) });
    let left = site.path("objects/.precast/put");
    fs::hard_link(site.path("objects/a"), left.join("left")).expect("a link");
    let busy = fs::File::create(left.join("busy")).expect("a file");
    busy.lock().expect("a lock");
    store.sweep();
    let names = || fs::read_dir(&left).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    assert_eq!(names().collect::<Vec<_>>(), ["busy"]);
    drop(busy);
    store.sweep();
    assert_eq!(names().count(), 0);
    assert_eq!(fs::read_to_string(site.path("objects/a")).expect("a file"), "one");
}
