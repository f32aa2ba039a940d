//! Answers of the endpoint: what was accepted, and refusals as problem documents (RFC 9457).

use crate::content::MemberFault;
use crate::contract::problems::{self, PROBLEM_JSON};
use crate::inbox::nameless;
use crate::model::{Entry, Settings};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value as Json, json};

/// How many faults of a body are told: together they are longer than what they speak of.
const TOLD: usize = 100;

/// Why a request is refused.
#[derive(Debug)]
pub struct Refusal {
    /// The name of the problem: the last segment of its `type`.
    pub problem: &'static str,
    /// What is said instead of the problem's own detail.
    detail: Option<String>,
    faults: Vec<MemberFault>,
    /// The current version of the record.
    version: Option<u64>,
    /// After how many seconds another try makes sense.
    retry_after: Option<u64>,
    headers: Vec<(HeaderName, String)>,
    status: Option<StatusCode>,
    /// What went wrong on our side, for the log.
    pub cause: Option<String>,
}

/// A write that is kept, and how it is answered.
#[derive(Debug)]
pub struct Accepted {
    pub status: StatusCode,
    pub entry: Entry,
    /// Whether an editor decides first.
    pub waits: bool,
    /// Whether this request added it, rather than an earlier one.
    pub is_new: bool,
}

impl Refusal {
    pub fn new(problem: &'static str) -> Self {
        Self {
            problem,
            detail: None,
            faults: Vec::new(),
            version: None,
            retry_after: None,
            headers: Vec::new(),
            status: None,
            cause: None,
        }
    }

    /// The store or another service failed.
    pub fn failed(error: &anyhow::Error) -> Self {
        Self::new("unavailable").because(nameless(&format!("{error:#}"))).retry_after(5)
    }

    pub fn invalid(mut faults: Vec<MemberFault>) -> Self {
        let count = faults.len();
        faults.truncate(TOLD);
        let refusal = Self { faults, ..Self::new("not-valid") };
        if count <= TOLD {
            return refusal;
        }
        refusal.detail(format!("The first {TOLD} of {count} faults stand under `errors`, each with a JSON Pointer"))
    }

    pub fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// What went wrong on our side, for the log.
    pub fn because(self, cause: String) -> Self {
        Self { cause: Some(cause), ..self }
    }

    pub fn at_version(self, version: u64) -> Self {
        Self { version: Some(version), ..self }
    }

    pub fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    pub fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn status(&self) -> StatusCode {
        let status = problems::find(self.problem).and_then(|problem| StatusCode::from_u16(problem.status).ok());
        self.status.or(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub fn response(self, settings: &Settings) -> Response {
        let status = self.status();
        let known: Result<Json, _> = serde_json::from_str(&problems::body(settings, self.problem, None, None));
        let mut body = known.ok().and_then(|body| body.as_object().cloned()).unwrap_or_default();
        if let Some(detail) = self.detail {
            body.insert("detail".to_owned(), Json::String(detail));
        }
        if let Some(version) = self.version {
            body.insert("version".to_owned(), json!(version));
        }
        if !self.faults.is_empty() {
            body.insert("errors".to_owned(), self.faults.iter().map(fault).collect());
        }
        let mut response = document(status, PROBLEM_JSON, &body);
        let headers = response.headers_mut();
        let retry = self.retry_after.map(|seconds| (header::RETRY_AFTER, seconds.to_string()));
        let tag = self.version.map(|version| (header::ETAG, format!("\"{version}\"")));
        for (name, value) in self.headers.into_iter().chain(retry).chain(tag) {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
        response
    }
}

impl Accepted {
    pub fn response(&self, settings: &Settings) -> Response {
        let receipt = receipt(settings, &self.entry.id);
        let mut body = Map::new();
        body.insert("id".to_owned(), json!(self.entry.id));
        body.insert("collection".to_owned(), json!(self.entry.collection));
        body.insert("key".to_owned(), json!(self.entry.key));
        body.insert("version".to_owned(), json!(self.entry.version));
        body.insert("status".to_owned(), json!(if self.waits { "waiting" } else { "accepted" }));
        body.insert("receipt".to_owned(), json!(receipt));
        let mut response = document(self.status, "application/json", &body);
        let headers = response.headers_mut();
        for (name, value) in [(header::LOCATION, receipt), (header::ETAG, format!("\"{}\"", self.entry.version))] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
        response
    }
}

/// Where the next build publishes what became of a write.
fn receipt(settings: &Settings, id: &str) -> String {
    let prefix = settings.home_surface().map_or("", |surface| surface.prefix.as_str());
    format!("{}{prefix}/writes/{id}.json", settings.site.base_path())
}

fn fault(fault: &MemberFault) -> Json {
    let mut told = json!({ "pointer": fault.pointer, "code": fault.code.0, "detail": fault.message });
    if let Some(help) = &fault.help {
        told["help"] = json!(help);
    }
    told
}

fn document(status: StatusCode, kind: &'static str, body: &Map<String, Json>) -> Response {
    let text = serde_json::to_string(body).unwrap_or_default();
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")];
    (status, headers, text).into_response()
}
