//! Pages of which origins may write (Fetch standard, CORS). Tokens are sent by scripts alone, never by the browser itself, so
//! there is nothing that a foreign page could do in somebody's name.

use super::answer::Refusal;
use crate::model::Settings;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Methods of the endpoint.
pub const METHODS: &str = "PUT, POST, PATCH, DELETE, OPTIONS";
const SENT: &str = "authorization, content-type, if-match, if-none-match, idempotency-key";
const EXPOSED: &str = "ETag, Location, Retry-After, X-Request-Id";

/// The origin to allow; `None` where the request comes from no page. `more` are those of the site beside its `base_url`.
pub fn allowed(settings: &Settings, more: &[String], headers: &HeaderMap) -> Result<Option<HeaderValue>, Refusal> {
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(None) };
    let text = origin.to_str().unwrap_or_default().to_ascii_lowercase();
    let own = text.split_once("://").map(|(_, host)| host);
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).map(str::to_ascii_lowercase);
    let site = settings.site.base_url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/").to_ascii_lowercase();
    let is_own = own.is_some() && own == host.as_deref() || !site.is_empty() && text == site;
    if is_own || more.contains(&text) || settings.writes.endpoint.origins.contains(&text) {
        return Ok(Some(origin.clone()));
    }
    Err(Refusal::new("origin-not-allowed"))
}

/// Says to the browser that the page may read the answer.
pub fn allow(response: &mut Response, origin: Option<HeaderValue>) {
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
}

/// The answer to `OPTIONS`.
pub fn preflight() -> Response {
    let say = |name: HeaderName, value: &'static str| (name, HeaderValue::from_static(value));
    let headers = [
        say(header::ALLOW, METHODS),
        say(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        say(header::ACCESS_CONTROL_ALLOW_HEADERS, SENT),
        say(header::ACCESS_CONTROL_MAX_AGE, "600"),
        say(header::CACHE_CONTROL, "no-store"),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// Whether the endpoint takes the method at all.
pub fn is_method(method: &Method) -> bool {
    [Method::PUT, Method::POST, Method::PATCH, Method::DELETE].contains(method)
}
