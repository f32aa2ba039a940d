//! Asking for a build: signed, at most once a minute, and never in the way of a write.

use jiff::Timestamp;
use precast::inbox::Inbox;
use precast::model::Wake;
use precast::store::{Memory, Store};
use precast::write::{Secret, Waker};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

/// A request as it came: its line, its headers in lower case, its body.
type Call = (String, BTreeMap<String, String>, String);

/// Answers every request with a status.
fn listener(status: &'static str) -> (String, Receiver<Call>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (sender, calls) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
            let mut lines = Vec::new();
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 || line.trim().is_empty() {
                    break;
                }
                lines.push(line.trim().to_owned());
            }
            let headers: BTreeMap<String, String> = lines
                .iter()
                .skip(1)
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect();
            let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
            let mut body = vec![0; length];
            reader.read_exact(&mut body).expect("a body");
            let _ = sender.send((lines[0].clone(), headers, String::from_utf8(body).expect("UTF-8")));
            let _ = (&stream)
                .write_all(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").as_bytes());
        }
    });
    (url, calls)
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime").block_on(work)
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_255_200 + second).expect("a time")
}

#[test]
fn a_webhook_hears_of_writes_once_a_minute() {
    let (url, calls) = listener("202 Accepted");
    let inbox = Inbox::new(Store::memory(Memory::default()));
    let wake = || Some(Wake::Webhook { url: format!("{url}/hook") });
    let waker = Waker::new(wake(), Some(Secret("key".to_owned())));
    run(async {
        for second in [0, 1, 59, 60, 61] {
            waker.wake(&inbox, at(second)).await.expect("it is heard");
        }
        // Without a secret, nobody is woken.
        Waker::new(wake(), None).wake(&inbox, at(900)).await.expect("nobody is asked");
    });
    let calls: Vec<Call> = calls.try_iter().collect();
    assert_eq!(calls.len(), 2);
    let (line, headers, body) = &calls[0];
    assert_eq!(
        (line.as_str(), body.as_str()),
        ("POST /hook HTTP/1.1", r#"{"at":"2026-11-21T10:00:00Z","event":"precast-write"}"#)
    );
    assert_eq!(headers["x-precast-timestamp"], "1795255200");
    // printf %s '1795255200.{"at":"2026-11-21T10:00:00Z","event":"precast-write"}' | openssl dgst -sha256 -hmac key
    assert_eq!(headers["x-precast-signature-256"], SIGNED);
}

const SIGNED: &str = "sha256=12953fb458fbbce5651f034b137daa382f1a17d79f346a0b5d045f50ea165bb9";

#[test]
fn nobody_hearing_it_is_told_and_not_repeated_at_once() {
    let inbox = Inbox::new(Store::memory(Memory::default()));
    let (url, calls) = listener("500 Broken");
    let waker = Waker::new(Some(Wake::Webhook { url }), Some(Secret("key".to_owned())));
    run(async {
        let told = waker.wake(&inbox, at(0)).await.expect_err("it is not heard").to_string();
        assert!(told.contains("answered with 500") && !told.contains("key"), "{told}");
        waker.wake(&inbox, at(30)).await.expect("the next minute catches up");
        waker.wake(&inbox, at(60)).await.expect_err("it is not heard");
        let nobody = Wake::Webhook { url: "http://127.0.0.1:1/".to_owned() };
        let waker = Waker::new(Some(nobody), Some(Secret("key".to_owned())));
        waker.wake(&inbox, at(200)).await.expect_err("nobody is there");
    });
    assert_eq!(calls.try_iter().count(), 2);
}

#[cfg(feature = "github")]
#[test]
fn a_repository_hears_of_writes() {
    let (url, calls) = listener("204 No Content");
    let inbox = Inbox::new(Store::memory(Memory::default()));
    let wake = Wake::Github {
        owner: "nimbus".to_owned(),
        repository: "site".to_owned(),
        event: "precast-write".to_owned(),
        url: Some(url),
    };
    run(async {
        Waker::new(Some(wake), Some(Secret("tok".to_owned()))).wake(&inbox, at(0)).await.expect("it is heard");
    });
    let (line, headers, body) = calls.try_recv().expect("a request");
    assert_eq!(line, "POST /repos/nimbus/site/dispatches HTTP/1.1");
    assert_eq!(headers["authorization"], "Bearer tok");
    assert_eq!(body, r#"{"client_payload":{},"event_type":"precast-write"}"#);
}
