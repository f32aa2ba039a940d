//! `/__precast/`: server-sent events (WHATWG HTML §9.2) for pages and for programs, and the script that pages get.

use super::live::{Event, Live};
use axum::http::header;
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::{Stream, StreamExt};

pub const EVENTS: &str = "/__precast/events";
pub const SCRIPT: &str = "/__precast/live.js";
/// Listens for all pages of a browser, which opens few connections to one host.
pub const WORKER: &str = "/__precast/worker.js";

/// How things stand, then each change.
pub fn stream(live: &Arc<Live>) -> Sse<impl Stream<Item = Result<sse::Event, Infallible>> + use<>> {
    let (first, receiver) = live.listen();
    let live = Arc::clone(live);
    // Who fell behind is told how things stand now.
    let further = BroadcastStream::new(receiver).map(move |event| event.unwrap_or_else(|_| live.listen().0));
    let all = tokio_stream::once(first).chain(further).map(|event| Ok(written(&event)));
    Sse::new(all).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}

fn written(event: &Event) -> sse::Event {
    sse::Event::default().event(event.name).data(event.data.to_string())
}

pub fn script() -> Response {
    javascript(include_str!("live.js"))
}

pub fn worker() -> Response {
    javascript(include_str!("worker.js"))
}

fn javascript(text: &'static str) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    (headers, text).into_response()
}

/// A page of this release with the script in it.
pub fn with_script(html: &[u8], release: &str) -> Vec<u8> {
    let tag = format!("<script src=\"{SCRIPT}\" data-release=\"{release}\" async></script>\n");
    let lower = html.to_ascii_lowercase();
    let end = lower.windows(7).rposition(|window| window == b"</body>").unwrap_or(html.len());
    [&html[..end], tag.as_bytes(), &html[end..]].concat()
}
