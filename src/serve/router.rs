//! Requests to answers.

use super::Mounted;
use super::answer::{self, Asked};
use super::events;
use super::hosts::Hosts;
use super::live::Live;
use crate::contract::headers;
use axum::extract::{Request, State};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use std::sync::Arc;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};

/// CloudFront compresses from here on, in bytes.
const WORTH_COMPRESSING: u64 = 1000;

/// The site, the tool's own paths under `/__precast/`, and what is mounted besides.
pub fn router(live: Arc<Live>, hosts: Hosts, mounted: Option<Mounted>) -> Router {
    let hosts = Arc::new(hosts);
    let compression = CompressionLayer::new()
        .gzip(true)
        .br(true)
        .quality(tower_http::CompressionLevel::Fastest)
        .compress_when(SizeAbove::new(WORTH_COMPRESSING).and(compressible as fn(_, _, &_, &_) -> bool));
    Router::new()
        .route(events::EVENTS, get(events_for))
        .route(events::SCRIPT, get(async || events::script()))
        .route(events::WORKER, get(async || events::worker()))
        .fallback(site)
        .layer(compression)
        .layer(middleware::map_response(finish))
        .with_state(live)
        .layer(middleware::from_fn_with_state(mounted, elsewhere))
        .layer(Extension(Arc::clone(&hosts)))
        .layer(middleware::from_fn_with_state(hosts, known_host))
}

/// Requests that something else answers, headers and all.
async fn elsewhere(State(mounted): State<Option<Mounted>>, request: Request, next: Next) -> Response {
    let given = match mounted {
        Some(mounted) => mounted(request),
        None => Err(request),
    };
    match given {
        Ok(answer) => answer.await,
        Err(request) => next.run(request).await,
    }
}

/// Events tell of drafts, and faults quote what is written: they are for pages of this machine and for programs.
async fn events_for(
    State(live): State<Arc<Live>>,
    Extension(hosts): Extension<Arc<Hosts>>,
    headers: HeaderMap,
) -> Response {
    let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or_default());
    match text(header::ORIGIN) {
        Some(origin) if !hosts.allow_origin(origin, text(header::HOST).unwrap_or_default()) => {
            let detail = "Events are not for pages of other sites; `--allow-host` lets them";
            refused(StatusCode::FORBIDDEN, detail, &Method::GET)
        }
        _ => events::stream(&live).into_response(),
    }
}

async fn site(State(live): State<Arc<Live>>, request: Request) -> Response {
    let now = live.now();
    let uri = request.uri();
    let asked = Asked { method: request.method(), path: uri.path(), query: uri.query(), headers: request.headers() };
    answer::answer(&now, &asked)
}

/// What CloudFront compresses: text, JSON, scripts, and not what is compressed already.
fn compressible(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    let text = kind.starts_with("text/") && kind != "text/event-stream";
    text || kind.ends_with("json")
        || kind.ends_with("xml")
        || matches!(
            kind,
            "application/javascript" | "application/typescript" | "application/wasm" | "image/vnd.microsoft.icon"
        )
}

/// What every answer carries; a compressed body is not the bytes that a strong `ETag` names.
async fn finish(mut response: Response) -> Response {
    let encoded = response.headers().contains_key(header::CONTENT_ENCODING);
    let headers = response.headers_mut();
    if encoded
        && let Some(etag) =
            headers.get(header::ETAG).and_then(|etag| etag.to_str().ok()).filter(|e| !e.starts_with("W/"))
        && let Ok(weak) = HeaderValue::try_from(format!("W/{etag}"))
    {
        headers.insert(header::ETAG, weak);
    }
    for (name, value) in headers::ALWAYS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

async fn known_host(State(hosts): State<Arc<Hosts>>, request: Request, next: Next) -> Response {
    let mut named = request.headers().get_all(header::HOST).iter();
    let host = match (request.uri().authority(), named.next(), named.next()) {
        (Some(authority), _, None) => Some(authority.as_str().to_owned()),
        (None, Some(host), None) => host.to_str().ok().map(str::to_owned),
        _ => None,
    };
    match host {
        Some(host) if hosts.allow(&host) => next.run(request).await,
        Some(_) => refused(
            StatusCode::MISDIRECTED_REQUEST,
            "This server does not answer for that host; `--allow-host` lets it",
            request.method(),
        ),
        None => refused(StatusCode::BAD_REQUEST, "A request names one host", request.method()),
    }
}

fn refused(status: StatusCode, detail: &str, method: &Method) -> Response {
    let body = answer::plain_problem(status, detail);
    let body = if method == Method::HEAD { String::new() } else { body };
    (status, [(header::CONTENT_TYPE, crate::contract::problems::PROBLEM_JSON)], body).into_response()
}
