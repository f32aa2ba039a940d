//! One request to one answer from the release: status, headers and body as production gives them.

use super::events::with_script;
use super::live::Now;
use crate::contract::problems::{self, PROBLEM_JSON};
use crate::contract::{NOT_FOUND_PAGE, Resolution, headers};
use crate::model::{CacheClass, Sealed, hex};
use crate::pipeline::Served;
use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use std::ops::Range;
use std::sync::Arc;

/// What a client asks for.
pub struct Asked<'a> {
    pub method: &'a Method,
    pub path: &'a str,
    pub query: Option<&'a str>,
    pub headers: &'a HeaderMap,
}

/// Answers from the last good release.
pub fn answer(now: &Now, asked: &Asked<'_>) -> Response {
    let Some(served) = &now.served else { return no_release(now, asked) };
    let resolution = served.table.resolve(asked.method.as_str(), asked.path, asked.query);
    let on_surface = resolution.on_surface();
    match resolution {
        Resolution::Options => preflight(),
        Resolution::Refused { why, .. } => {
            let status = StatusCode::from_u16(why.status()).unwrap_or(StatusCode::BAD_REQUEST);
            let mut response = problem(status, why.body(&served.settings));
            if status == StatusCode::METHOD_NOT_ALLOWED {
                let allow = HeaderValue::from_static(crate::contract::METHODS);
                response.headers_mut().insert(header::ALLOW, allow);
            }
            response
        }
        Resolution::Key { key, .. } => match find(served, &key) {
            Some(sealed) => object(served, sealed, asked, StatusCode::OK),
            None if on_surface => not_found(served, problems::not_found_key(&served.settings).as_deref(), asked),
            None => not_found(served, Some(NOT_FOUND_PAGE), asked),
        },
    }
}

fn find<'s>(served: &'s Served, key: &str) -> Option<&'s Sealed> {
    let artifacts = &served.release.artifacts;
    let at = artifacts.binary_search_by(|sealed| sealed.artifact.key.as_str().cmp(key)).ok()?;
    artifacts.get(at)
}

/// The object that stands for a missing one.
fn not_found(served: &Served, key: Option<&str>, asked: &Asked<'_>) -> Response {
    match key.and_then(|key| find(served, key)) {
        Some(sealed) => object(served, sealed, asked, StatusCode::NOT_FOUND),
        None => problem(StatusCode::NOT_FOUND, plain_problem(StatusCode::NOT_FOUND, "There is nothing here")),
    }
}

fn object(served: &Served, sealed: &Sealed, asked: &Asked<'_>, status: StatusCode) -> Response {
    let artifact = &sealed.artifact;
    let page = artifact.media_type.starts_with("text/html");
    let (body, digest) = if page {
        let html = with_script(&artifact.body.to_vec(), &served.release.id());
        let digest = <[u8; 32]>::from(Sha256::digest(&html));
        (Some(Bytes::from(html)), digest)
    } else {
        (None, sealed.sha256)
    };
    let etag = format!("\"{}\"", &hex(&digest)[..32]);
    let mut reply = HeaderMap::new();
    set(&mut reply, header::CONTENT_TYPE, artifact.media_type);
    set(&mut reply, header::CACHE_CONTROL, cache_control(artifact.cache, status));
    set(&mut reply, header::VARY, "accept-encoding");
    if status != StatusCode::OK {
        return (status, reply, body.unwrap_or_else(|| bytes(&artifact.body))).into_response();
    }
    set(&mut reply, header::ETAG, &etag);
    set(&mut reply, header::ACCEPT_RANGES, "bytes");
    if is_known(asked.headers, &etag) {
        reply.remove(header::CONTENT_TYPE);
        return (StatusCode::NOT_MODIFIED, reply).into_response();
    }
    let body = body.unwrap_or_else(|| bytes(&artifact.body));
    let wanted =
        asked.headers.get(header::RANGE).filter(|_| *asked.method == Method::GET && same_range(asked.headers, &etag));
    match wanted.and_then(|range| range.to_str().ok()).map_or(Ranges::Whole, |range| ranges(range, body.len())) {
        Ranges::Whole => (StatusCode::OK, reply, body).into_response(),
        Ranges::Part(part) => {
            let bounds = format!("bytes {}-{}/{}", part.start, part.end - 1, body.len());
            set(&mut reply, header::CONTENT_RANGE, &bounds);
            (StatusCode::PARTIAL_CONTENT, reply, body.slice(part)).into_response()
        }
        Ranges::None => {
            let detail = format!("The answer has {} bytes", body.len());
            let body_text = plain_problem(StatusCode::RANGE_NOT_SATISFIABLE, &detail);
            let mut response = problem(StatusCode::RANGE_NOT_SATISFIABLE, body_text);
            set(response.headers_mut(), header::CONTENT_RANGE, &format!("bytes */{}", body.len()));
            response
        }
    }
}

/// The bytes of a body; those that are there already are shared, and not copied for each client.
fn bytes(body: &crate::model::Body) -> Bytes {
    struct Shared(Arc<Vec<u8>>);
    impl AsRef<[u8]> for Shared {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }
    match body {
        crate::model::Body::Bytes(bytes) => Bytes::from_owner(Shared(Arc::clone(bytes))),
        other => Bytes::from(other.to_vec()),
    }
}

fn cache_control(class: CacheClass, status: StatusCode) -> &'static str {
    if status == StatusCode::OK { headers::cache_control(class) } else { headers::UNCACHED }
}

/// What `Range` asks for.
#[derive(Debug, PartialEq, Eq)]
enum Ranges {
    /// No range, several, or none that is understood: the whole answer (RFC 9110 §14.2 allows it, and S3 does the same).
    Whole,
    Part(Range<usize>),
    /// Nothing of it is there.
    None,
}

fn ranges(text: &str, size: usize) -> Ranges {
    let Some((first, last)) = text.strip_prefix("bytes=").and_then(|range| range.trim().split_once('-')) else {
        return Ranges::Whole;
    };
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<usize>().ok()).flatten();
    match (first, last) {
        ("", last) => match number(last) {
            Some(0) => Ranges::None,
            Some(_) if size == 0 => Ranges::None,
            Some(length) => Ranges::Part(size.saturating_sub(length)..size),
            None => Ranges::Whole,
        },
        (first, last) => match (number(first), if last.is_empty() { Some(usize::MAX) } else { number(last) }) {
            (Some(first), Some(last)) if first <= last => {
                if first < size {
                    Ranges::Part(first..last.saturating_add(1).min(size))
                } else {
                    Ranges::None
                }
            }
            _ => Ranges::Whole,
        },
    }
}

/// Whether `If-None-Match` names what the answer would be (RFC 9110 §13.1.2: weakly compared).
fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let mut listed = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    listed.any(|list| {
        list.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == etag)
    })
}

/// Whether `If-Range` lets a range be answered (RFC 9110 §13.1.5: strongly compared).
fn same_range(headers: &HeaderMap, etag: &str) -> bool {
    headers.get(header::IF_RANGE).is_none_or(|value| value.as_bytes() == etag.as_bytes())
}

fn preflight() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    for (name, value) in headers::PREFLIGHT {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

fn problem(status: StatusCode, body: String) -> Response {
    let mut reply = HeaderMap::new();
    set(&mut reply, header::CONTENT_TYPE, PROBLEM_JSON);
    set(&mut reply, header::CACHE_CONTROL, headers::UNCACHED);
    (status, reply, body).into_response()
}

/// A problem that has no document of its own.
pub fn plain_problem(status: StatusCode, detail: &str) -> String {
    let title = status.canonical_reason().unwrap_or_default();
    serde_json::json!({ "type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail })
        .to_string()
}

/// The site never was without faults: there is nothing to fall back on.
fn no_release(now: &Now, asked: &Asked<'_>) -> Response {
    let wants_page = asked
        .headers
        .get(header::ACCEPT)
        .is_some_and(|kinds| kinds.to_str().is_ok_and(|kinds| kinds.contains("text/html")));
    let status = StatusCode::SERVICE_UNAVAILABLE;
    if !wants_page {
        let count = match now.faults.len() {
            1 => "a fault".to_owned(),
            count => format!("{count} faults"),
        };
        let detail = format!("The site has {count} and was never built; `precast check` lists what is wrong");
        return problem(status, plain_problem(status, &detail));
    }
    let page = with_script(b"<!doctype html>\n<title>Not built yet</title>\n<body>\n</body>\n", "");
    let mut reply = HeaderMap::new();
    set(&mut reply, header::CONTENT_TYPE, "text/html; charset=utf-8");
    set(&mut reply, header::CACHE_CONTROL, headers::UNCACHED);
    (status, reply, page).into_response()
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_understood() {
        assert_eq!(ranges("bytes=0-4", 10), Ranges::Part(0..5));
        assert_eq!(ranges("bytes=5-", 10), Ranges::Part(5..10));
        assert_eq!(ranges("bytes=-3", 10), Ranges::Part(7..10));
        assert_eq!(ranges("bytes=-30", 10), Ranges::Part(0..10));
        assert_eq!(ranges("bytes=8-99", 10), Ranges::Part(8..10));
        for none in ["bytes=10-", "bytes=10-12", "bytes=-0"] {
            assert_eq!(ranges(none, 10), Ranges::None, "{none}");
        }
        for whole in ["bytes=0-1,3-4", "bytes=4-2", "bytes=a-b", "bytes=-", "lines=0-4", "bytes"] {
            assert_eq!(ranges(whole, 10), Ranges::Whole, "{whole}");
        }
    }

    #[test]
    fn etags_are_compared_weakly() {
        let headers =
            |value: &'static str| HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_static(value))]);
        for known in ["\"a\"", "W/\"a\"", "\"b\", W/\"a\"", "*"] {
            assert!(is_known(&headers(known), "\"a\""), "{known}");
        }
        assert!(!is_known(&headers("\"b\""), "\"a\"") && !is_known(&HeaderMap::new(), "\"a\""));
    }
}
