//! The dev server over HTTP: answers as production gives them, and what it does when files change.

use crate::server::Server;
use crate::support::{NOW, Site};
use serde_json::{Value, json};
use std::fs;

const SETTINGS: &str = r#"
[collections.users]
sources = ["content/users", "data/users.yaml"]
key = "handle"

[surfaces.api]
prefix = "/api"

[surfaces.v1]
prefix = "/v1"
shape = "envelope"

[[views]]
path = "board"
from = "users"
sort = ["-score"]
limit = { default = 2, max = 50 }
page = { size = 2 }

[[views]]
path = "users/{handle}"
from = "users"
each = true
"#;

fn site() -> Site {
    let rows: String = (1..=5).fold(String::new(), |all, n| {
        format!("{all}- {{ handle: u{n}, score: {n}, about: \"{}\" }}\n", "text ".repeat(60))
    });
    Site::empty()
        .file("site/site.toml", SETTINGS)
        .file("data/users.yaml", rows)
        .file("content/users/ann.md", "---\nhandle: ann\nscore: 9\n---\nHello.\n")
        .file("content/users/bo.md", "---\nhandle: bo\nscore: 8\ndraft: true\n---\nNot yet.\n")
        .file("site/static/about.html", "<!doctype html><title>About</title><body><p>Us</p></body>")
        .file("site/static/logo.png", [0x89, 0x50, 0x4e, 0x47])
}

/// Every vector of the shipped site over HTTP: status, problem, and the very bytes of the plain file.
#[test]
fn answers_are_the_files_of_the_plain_tree() {
    let site = Site::shipped();
    site.build();
    let public = site.public();
    let server = Server::of(&site);
    let run = site.ends(0, &["routes", "--vectors", "--now", NOW]);
    let document: Value = serde_json::from_str(&run.stdout).expect("JSON");
    // Each connection costs more than its answer: every seventh is asked for.
    for vector in document["vectors"].as_array().expect("a list").iter().step_by(7) {
        let (method, url) = (vector["method"].as_str().expect("a method"), vector["url"].as_str().expect("a URL"));
        let answer = server.ask(method, url, &[]);
        assert_eq!(Value::from(answer.status), vector["status"], "{vector}");
        match (vector["key"].as_str(), answer.status) {
            (Some(key), 200) if method == "GET" && !answer.header("content-type").starts_with("text/html") => {
                assert!(answer.body == public[key], "{vector}");
                assert_ne!(answer.header("etag"), "", "{vector}");
            }
            (_, 400 | 405) if method != "HEAD" => {
                assert_eq!(answer.header("content-type"), "application/problem+json", "{vector}");
                let kind = answer.json()["type"].as_str().and_then(|kind| kind.rsplit('/').next()).map(str::to_owned);
                assert_eq!(kind.as_deref(), vector["problem"].as_str(), "{vector}");
            }
            _ => {}
        }
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{vector}");
    }
}

#[test]
fn a_missing_answer_is_a_problem_on_a_surface_and_a_page_elsewhere() {
    let site = site();
    let server = Server::of(&site);
    for url in ["/api/nothing", "/v1/users/nobody", "/v1/board?page=99", "/api/board/limit/5/x", "/v1"] {
        let answer = server.get(url);
        assert_eq!((answer.status, answer.header("content-type")), (404, "application/problem+json"), "{url}");
        assert_eq!(answer.json()["status"], 404, "{url}");
    }
    for url in ["/nothing", "/nothing/at/all", "/logo.gif", "/board"] {
        let answer = server.get(url);
        assert_eq!((answer.status, answer.header("content-type")), (404, "text/html; charset=utf-8"), "{url}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{url}");
    }
    site.build();
    assert_eq!(
        server.get("/api/nothing").body,
        site.public()["v1/errors/not-found.json"],
        "the body that a CDN has too"
    );
}

#[test]
fn pages_and_files_are_served_as_they_are() {
    let server = Server::of(&site());
    let page = server.get("/about");
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.text().contains("<p>Us</p><script src=\"/__precast/live.js\""), "{}", page.text());
    for same in ["/about/", "/about.html"] {
        assert_eq!(server.get(same).body, page.body, "{same}");
    }
    let logo = server.get("/logo.png");
    assert_eq!((logo.header("content-type"), logo.body.len()), ("image/png", 4));
    let index = server.get("/").text();
    assert!(index.contains("href=\"/api/board\"") && index.contains("href=\"/v1/users/ann\""), "{index}");
    assert!(server.get("/__precast/live.js").text().contains("EventSource"));
}

#[test]
fn a_known_answer_is_not_sent_again() {
    let server = Server::of(&site());
    let first = server.get("/v1/board");
    let etag = first.header("etag").to_owned();
    assert!(etag.starts_with('"') && etag.ends_with('"'), "a strong one: {etag}");
    assert!(first.header("cache-control").starts_with("public, max-age=0"));
    for known in [etag.clone(), format!("W/{etag}"), format!("\"other\", {etag}"), "*".to_owned()] {
        let again = server.ask("GET", "/v1/board", &[("If-None-Match", &known)]);
        assert_eq!((again.status, again.body.len()), (304, 0), "{known}");
        assert_eq!(
            (again.header("etag"), again.header("cache-control")),
            (etag.as_str(), first.header("cache-control"))
        );
    }
    assert_eq!(server.ask("GET", "/v1/board", &[("If-None-Match", "\"other\"")]).status, 200);
    assert_eq!(server.ask("HEAD", "/v1/board", &[("If-None-Match", &etag)]).status, 304);
}

#[test]
fn head_says_what_get_would() {
    let server = Server::of(&site());
    for url in ["/v1/board", "/about", "/logo.png", "/v1/nothing", "/nothing", "/v1/board?limit=0"] {
        let (get, head) = (server.get(url), server.ask("HEAD", url, &[]));
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{url}");
        let said = |answer: &crate::server::Answer| {
            let mut headers = answer.headers.clone();
            headers.remove("date");
            headers
        };
        assert_eq!(said(&head), said(&get), "{url}");
        assert_eq!(head.header("content-length"), get.body.len().to_string(), "{url}");
    }
}

#[test]
fn options_and_other_methods_are_answered() {
    let server = Server::of(&site());
    for url in ["/v1/board", "/about", "/v1/nothing"] {
        let asked = [
            ("Origin", "https://elsewhere.example"),
            ("Access-Control-Request-Method", "GET"),
            ("Access-Control-Request-Headers", "if-none-match"),
        ];
        let answer = server.ask("OPTIONS", url, &asked);
        assert_eq!((answer.status, answer.body.len()), (204, 0), "{url}");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.header("access-control-allow-methods"), "GET, HEAD, OPTIONS");
        assert_eq!(
            (answer.header("access-control-allow-headers"), answer.header("allow")),
            ("*", "GET, HEAD, OPTIONS")
        );
    }
    for method in ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"] {
        let answer = server.ask(method, "/v1/board", &[]);
        assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD, OPTIONS"), "{method}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{method}");
    }
}

#[test]
fn parts_of_an_answer() {
    let server = Server::of(&site());
    let whole = server.get("/v1/board?limit=all");
    let size = whole.body.len();
    let part = server.ask("GET", "/v1/board?limit=all", &[("Range", "bytes=2-5")]);
    assert_eq!((part.status, &part.body[..]), (206, &whole.body[2..6]));
    assert_eq!(part.header("content-range"), format!("bytes 2-5/{size}"));
    let tail = server.ask("GET", "/v1/board?limit=all", &[("Range", "bytes=-3"), ("Accept-Encoding", "gzip")]);
    assert_eq!((tail.status, &tail.body[..], tail.header("content-encoding")), (206, &whole.body[size - 3..], ""));
    let beyond = server.ask("GET", "/v1/board?limit=all", &[("Range", &format!("bytes={size}-"))]);
    assert_eq!((beyond.status, beyond.header("content-range")), (416, format!("bytes */{size}").as_str()));
    for (range, condition) in [("bytes=0-1,4-5", ""), ("bytes=5-2", ""), ("bytes=0-1", "\"other\"")] {
        let answer = server.ask(
            "GET",
            "/v1/board?limit=all",
            &[("Range", range), ("If-Range", condition)][..=usize::from(!condition.is_empty())],
        );
        assert_eq!((answer.status, answer.body.len()), (200, size), "{range} {condition}");
    }
}

#[test]
fn answers_are_compressed_where_it_pays() {
    let server = Server::of(&site());
    let plain = server.get("/v1/board?limit=all");
    for coding in ["gzip", "br"] {
        let answer = server.ask("GET", "/v1/board?limit=all", &[("Accept-Encoding", coding)]);
        assert_eq!((answer.status, answer.header("content-encoding")), (200, coding));
        assert!(answer.body.len() < plain.body.len() / 2, "{coding}: {}", answer.body.len());
        assert_eq!(answer.header("etag"), format!("W/{}", plain.header("etag")), "other bytes, the same answer");
        assert!(answer.header("vary").to_ascii_lowercase().contains("accept-encoding"));
        let known = server.ask("GET", "/v1/board?limit=all", &[("If-None-Match", answer.header("etag"))]);
        assert_eq!(known.status, 304);
    }
    for (url, coding) in [("/logo.png", "gzip"), ("/v1/users/ann", "gzip"), ("/v1/board?limit=all", "identity")] {
        let answer = server.ask("GET", url, &[("Accept-Encoding", coding)]);
        assert_eq!((answer.status, answer.header("content-encoding")), (200, ""), "{url}");
    }
}

#[test]
fn a_host_that_is_not_known_is_refused() {
    let site = site();
    let server = Server::with(&site, &["--now", NOW, "--allow-host", "dev.example"]);
    let ask = |host: &str| server.raw(format!("GET /v1/board HTTP/1.1\r\n{host}Connection: close\r\n\r\n").as_bytes());
    for good in ["Host: localhost:8080\r\n", "Host: 127.0.0.1\r\n", "Host: [::1]:80\r\n", "Host: DEV.example\r\n"] {
        assert_eq!(ask(good).status, 200, "{good}");
    }
    for bad in ["Host: evil.example\r\n", "Host: localhost.evil.example\r\n"] {
        let answer = ask(bad);
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (421, ""), "{bad}");
        assert!(!answer.text().contains("score"), "nothing leaks: {}", answer.text());
    }
    for none in ["", "Host: localhost\r\nHost: evil.example\r\n"] {
        assert_eq!(ask(none).status, 400, "{none}");
    }
    let elsewhere =
        server.raw(b"GET http://evil.example/v1/board HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_eq!(elsewhere.status, 421);
}

#[test]
fn what_could_escape_is_refused() {
    let server = Server::of(&site());
    for path in [
        "/../../etc/passwd",
        "/v1/../../site/site.toml",
        "/%2e%2e/site/site.toml",
        "/..%2fsite%2fsite.toml",
        "/v1/%5c..%5csite",
        "/v1/board%00",
        "/v1/%ff",
    ] {
        assert_eq!(server.get(path).status, 400, "{path}");
    }
    for path in ["/site/site.toml", "/content/users/ann.md", "/.precast/state", "/v1/.precast/state", "/etc/passwd"] {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
    let header = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(1_000_000));
    let mut stream = server.connect();
    // The server may hang up before all of it is sent.
    let _ = std::io::Write::write_all(&mut stream, header.as_bytes());
    let mut answer = Vec::new();
    let _ = std::io::Read::read_to_end(&mut stream, &mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    assert_eq!(server.get("/v1/board").status, 200, "others are answered");
}

#[test]
fn an_edit_is_live_and_told() {
    let site = site();
    let server = Server::of(&site);
    let mut events = server.events();
    let (name, first) = events.next();
    assert_eq!((name.as_str(), &first["generation"]), ("release", &json!(1)));
    site.write("content/users/ann.md", "---\nhandle: ann\nscore: 10\n---\nHello.\n");
    let (name, second) = events.next();
    assert_eq!((name.as_str(), &second["generation"]), ("release", &json!(2)));
    assert_ne!(first["release"], second["release"]);
    let changed: Vec<&str> = second["changed"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert!(changed.contains(&"/api/users/ann.json") && !changed.contains(&"/api/users/u1.json"), "{changed:?}");
    assert_eq!(server.get("/api/users/ann").json()["score"], 10);
    // An editor writes beside the file and renames over it.
    site.write("content/users/.ann.md.swp", "---\nhandle: ann\nscore: 11\n---\nHello.\n");
    fs::rename(site.path("content/users/.ann.md.swp"), site.path("content/users/ann.md")).expect("renamed");
    assert_eq!(events.next().1["generation"], 3);
    assert_eq!(server.get("/api/users/ann").json()["score"], 11);
    site.write("content/users/cy.md", "---\nhandle: cy\nscore: 1\n---\nNew.\n");
    assert_eq!(events.next().1["generation"], 4);
    assert_eq!(server.get("/api/users/cy").status, 200);
    fs::remove_file(site.path("content/users/cy.md")).expect("removed");
    assert_eq!(events.next().1["generation"], 5);
    assert_eq!(server.get("/api/users/cy").status, 404);
    site.write("site/site.toml", SETTINGS.replace("max = 50", "max = 60"));
    assert_eq!(events.next().1["generation"], 6);
    assert_eq!(server.get("/api/board?limit=60").status, 200);
}

#[test]
fn a_fault_keeps_the_last_good_release() {
    let site = site();
    let server = Server::of(&site);
    let mut events = server.events();
    events.next();
    let before = server.get("/api/board").body;
    site.write("content/users/ann.md", "---\nhandle: ann\nscore: [9\n---\nHello.\n");
    let (name, told) = events.next();
    assert_eq!(name, "faults");
    let fault = &told["diagnostics"][0];
    assert_eq!((&fault["path"], &fault["line"]), (&json!("content/users/ann.md"), &json!(3)), "{told:#}");
    assert!(fault["column"].is_u64() && fault["message"].is_string() && fault["code"] == "syntax", "{told:#}");
    assert_eq!(server.get("/api/board").body, before, "the last good one");
    let (name, _) = server.events().next();
    assert_eq!(name, "faults", "who comes later is told too");
    site.write("content/users/ann.md", "---\nhandle: ann\nscore: 9\n---\nHello.\n");
    let (name, mended) = events.next();
    assert_eq!((name.as_str(), &mended["generation"]), ("release", &json!(1)), "it is the same again");
    assert_eq!(server.get("/api/board").body, before);
}

#[test]
fn a_site_that_is_broken_from_the_start_recovers() {
    let site = site();
    site.write("site/site.toml", "[site\n");
    let server = Server::of(&site);
    assert_eq!(server.events().next().0, "faults");
    let answer = server.get("/v1/board");
    assert_eq!((answer.status, answer.header("content-type")), (503, "application/problem+json"));
    let page = server.ask("GET", "/", &[("Accept", "text/html")]);
    assert!(page.status == 503 && page.text().contains("/__precast/live.js"), "{}", page.text());
    let mut events = server.events();
    events.next();
    site.write("site/site.toml", SETTINGS);
    assert_eq!(events.next().0, "release");
    assert_eq!(server.get("/v1/board").status, 200);
}

#[test]
fn drafts_and_other_days_can_be_looked_at() {
    let site = site();
    site.write("content/users/di.md", "---\nhandle: di\nscore: 2\ndate: 2027-01-01\n---\nLater.\n");
    let server = Server::of(&site);
    assert_eq!((server.get("/api/users/bo").status, server.get("/api/users/di").status), (404, 404));
    let server = Server::with(&site, &["--drafts", "--now", "2027-02-01T00:00:00Z"]);
    assert_eq!((server.get("/api/users/bo").status, server.get("/api/users/di").status), (200, 200));
}

#[test]
fn a_port_that_is_taken_is_told() {
    let server = Server::of(&site());
    let port = server.address.rsplit(':').next().expect("a port");
    let run = site().ends(3, &["serve", "--port", port]);
    assert!(run.stderr.contains("--port") && run.stderr.contains(port), "{}", run.stderr);
}

#[test]
fn events_are_not_for_pages_of_other_sites() {
    let server = Server::of(&site());
    let answer = server.ask("GET", "/__precast/events", &[("Origin", "https://evil.example")]);
    assert_eq!((answer.status, answer.header("content-type")), (403, "application/problem+json"));
    assert_eq!(server.ask("GET", "/v1/board", &[("Origin", "https://evil.example")]).status, 200, "answers are public");
}

/// `git checkout`, a restored backup: another folder in the same place.
#[test]
fn a_site_that_is_replaced_as_a_whole_is_noticed() {
    let place = Site::empty();
    let fill = |score: u32| {
        let from = site();
        for part in ["site/site.toml", "data/users.yaml", "site/static/about.html"] {
            place.write(&format!("club/{part}"), from.text(part));
        }
        place.write("club/content/users/ann.md", format!("---\nhandle: ann\nscore: {score}\n---\nHello.\n"));
    };
    fill(9);
    let server = Server::with(&place, &["--root", "club", "--now", NOW]);
    let mut events = server.events();
    events.next();
    fs::remove_dir_all(place.path("club")).expect("removed");
    fill(12);
    while server.get("/api/users/ann").json()["score"] != 12 {
        events.next();
    }
    place.write("club/content/users/ann.md", "---\nhandle: ann\nscore: 13\n---\nHello.\n");
    while server.get("/api/users/ann").json()["score"] != 13 {
        events.next();
    }
}
