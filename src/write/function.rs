//! The endpoint as a function behind a CDN. What it goes by is read once, when it starts. Where that is not whole, nobody
//! may write: every request is answered 503, and the log says why.

use super::answer::Refusal;
use super::auth::{Gate, Secrets};
use super::{Book, Budgets, Desk, Secret, Shelf, Waker, router};
use crate::contract::problems::{self, PROBLEM_JSON};
use crate::inbox::{Inbox, nonce};
use crate::model::{AuthMode, Diagnostic, Location, Settings};
use crate::pipeline;
use crate::store::{Options, Store};
use anyhow::{Context, Error, Result, bail, ensure};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Request, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use lambda_http::RequestExt;
use lambda_http::request::RequestContext;
use serde_json::json;
use std::convert::Infallible;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tower::ServiceExt;

/// By this header CloudFront tells the viewer's address. It is believed because CloudFront's secret comes with it.
const ADDRESS: HeaderName = HeaderName::from_static("cloudfront-viewer-address");
/// The secrets of the CDN that hold at once: one, and while it is replaced the next.
const SECRETS: usize = 2;
/// The shortest secret, in bytes: shorter ones can be guessed.
const SHORTEST: usize = 24;
/// How long before its end an invocation is answered, whatever is still under way.
const MARGIN: Duration = Duration::from_millis(700);

type Log = Arc<dyn Fn(&str) + Send + Sync>;
/// What a variable of the environment says.
type Variables<'a> = &'a (dyn Fn(&str) -> Option<String> + Sync);

/// The endpoint, or nobody who may write.
struct Function {
    router: Option<Router>,
    /// Where the problems of this site are described, as far as that could be read.
    settings: Option<Settings>,
    log: Log,
}

/// Answers requests until the function's time is over.
pub fn main() -> ExitCode {
    let log: Log = Arc::new(|line| {
        // That nobody hears it keeps nobody from writing.
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    });
    let told = Arc::clone(&log);
    std::panic::set_hook(Box::new(move |panic| say(&told, "panic", &panic.to_string())));
    let variables = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let run = async {
        let function = Function::new(&variables, Arc::clone(&log)).await;
        let answer = |request| async { Ok::<_, Infallible>(function.answer(request).await) };
        lambda_http::run(lambda_http::service_fn(answer)).await
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Into::into);
    match runtime.and_then(|runtime| runtime.block_on(run)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&log, "ended", &error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// Tells the log of what belongs to no request.
fn say(log: &Log, outcome: &str, cause: &str) {
    log(&json!({ "at": Timestamp::now().to_string(), "outcome": outcome, "cause": cause }).to_string());
}

impl Function {
    async fn new(variables: Variables<'_>, log: Log) -> Self {
        let mut settings = None;
        let router = match desk(variables, &mut settings, &log).await {
            Ok(desk) => Some(router(Arc::new(desk))),
            Err(error) => {
                say(&log, "closed", &format!("{error:#}"));
                None
            }
        };
        Self { router, settings, log }
    }

    async fn answer(&self, request: lambda_http::Request) -> Response {
        let left = left(&request);
        let Some(router) = &self.router else { return self.closed(request.method().as_str()) };
        let request = match as_sent(request) {
            Ok(request) => request,
            Err(method) => return self.refused(&method, "malformed-path", None),
        };
        let method = request.method().to_string();
        match tokio::time::timeout(left, router.clone().oneshot(request)).await {
            Ok(Ok(response)) => response,
            // Better than the CDN's own answer, which says nothing: whoever asks can send it again.
            Err(_) => self.refused(&method, "unavailable", Some("the time of the function is over")),
        }
    }

    fn closed(&self, method: &str) -> Response {
        let mut response = self.refused(method, "closed", None);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("300"));
        response
    }

    /// An answer that does not need the endpoint.
    fn refused(&self, method: &str, problem: &'static str, cause: Option<&str>) -> Response {
        let id = nonce().unwrap_or_default();
        let mut response = match &self.settings {
            Some(settings) => Refusal::new(problem).response(settings),
            None => nameless(problem),
        };
        for (name, value) in [("x-request-id", id.as_str()), ("x-content-type-options", "nosniff")] {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
        let line = json!({
            "at": Timestamp::now().to_string(),
            "request": id,
            "method": method,
            "status": response.status().as_u16(),
            "outcome": problem,
            "cause": cause,
        });
        (self.log)(&line.to_string());
        response
    }
}

/// A problem of a site of which nothing is known.
fn nameless(name: &str) -> Response {
    let problem = problems::find(name);
    let status = problem.and_then(|problem| StatusCode::from_u16(problem.status).ok());
    let status = status.unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let title = problem.map_or("", |problem| problem.title);
    let body = json!({ "type": "about:blank", "title": title, "status": status.as_u16() });
    let headers = [(header::CONTENT_TYPE, PROBLEM_JSON), (header::CACHE_CONTROL, "no-store")];
    (status, headers, body.to_string()).into_response()
}

/// How long the answer may still take.
fn left(request: &lambda_http::Request) -> Duration {
    let deadline =
        request.lambda_context_ref().map(|context| SystemTime::UNIX_EPOCH + Duration::from_millis(context.deadline));
    let left = deadline.and_then(|deadline| deadline.duration_since(SystemTime::now()).ok()).unwrap_or_default();
    left.saturating_sub(MARGIN)
}

/// The request with its path as it was sent. (The runtime takes it for the path of a URL, where `%2e%2e` leads upwards.)
fn as_sent(request: lambda_http::Request) -> Result<Request<Body>, String> {
    let raw = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(_)) => request.raw_http_path().to_owned(),
        _ => return Err(request.method().to_string()),
    };
    // As a part of a path these stand encoded: decoded, they would end it.
    if raw.contains(['#', '?']) {
        return Err(request.method().to_string());
    }
    let (mut parts, body) = request.into_parts();
    parts.uri = raw.parse::<Uri>().map_err(|_| parts.method.to_string())?;
    Ok(Request::from_parts(parts, Body::from(body.to_vec())))
}

/// What the function works with.
async fn desk(variables: Variables<'_>, known: &mut Option<Settings>, log: &Log) -> Result<Desk> {
    let root = PathBuf::from(variables("LAMBDA_TASK_ROOT").context("LAMBDA_TASK_ROOT does not say where the site is")?);
    let (settings, faults) = pipeline::load_settings(&root)?;
    known.clone_from(&settings);
    if let Some(fault) = faults.iter().find(|fault| fault.is_error()) {
        bail!("the settings have faults: {}", described(fault));
    }
    let (settings, rules) = pipeline::load_rules(&root)?.context("there are no settings")?;
    ensure!(!settings.writes.collections.is_empty(), "the settings let nothing be written");
    for (decl, _) in settings.writes.collections.iter().zip(&rules).filter(|(_, rules)| rules.is_none()) {
        say(log, "closed", &format!("the schema {} of `{}` is missing, or has faults", decl.schema.value, decl.name));
    }
    let auth = settings.writes.auth.as_ref().context("the settings do not say who may write")?;
    ensure!(auth.mode != AuthMode::Local, "`mode = \"local\"` is for a server on somebody's own machine");
    let client = variables("PRECAST_INTROSPECTION_ID").zip(variables("PRECAST_INTROSPECTION_SECRET"));
    let is_missing = matches!(auth.mode, AuthMode::Introspection { .. }) && client.is_none();
    ensure!(!is_missing, "PRECAST_INTROSPECTION_ID and PRECAST_INTROSPECTION_SECRET do not say who asks about tokens");
    let origin_secrets = origin_secrets(variables)?;
    let inbox = inbox(variables).await?;
    let gate = Gate::new(Some(auth), Secrets { introspection: client, local_token: None });
    let waker = Waker::new(settings.writes.endpoint.wake.clone(), variables("PRECAST_WAKE_SECRET").map(Secret));
    let shelf = Shelf::default();
    shelf.put(Book { settings, rules, gate, waker });
    let log = Arc::clone(log);
    Ok(Desk {
        shelf: Arc::new(shelf),
        inbox,
        budgets: Budgets::Inbox,
        read_only: variables("PRECAST_READ_ONLY").is_some(),
        origin_secrets,
        origins: origins(variables)?,
        address_header: Some(ADDRESS),
        log: Box::new(move |line| log(line)),
    })
}

fn described(fault: &Diagnostic) -> String {
    format!("{}: {}", fault.place.path, fault.message)
}

/// What CloudFront sends along: without it everybody could go around CloudFront, and say who they are.
fn origin_secrets(variables: Variables<'_>) -> Result<Vec<String>> {
    let text = variables("PRECAST_ORIGIN_SECRETS").context("PRECAST_ORIGIN_SECRETS does not say what the CDN sends")?;
    let mut secrets: Vec<String> = text.split(',').map(|secret| secret.trim().to_owned()).collect();
    secrets.dedup();
    ensure!(secrets.len() <= SECRETS, "PRECAST_ORIGIN_SECRETS holds more than {SECRETS} secrets");
    let are_long = secrets.iter().all(|secret| secret.len() >= SHORTEST);
    ensure!(are_long, "PRECAST_ORIGIN_SECRETS holds a secret of less than {SHORTEST} characters");
    Ok(secrets)
}

/// The addresses of the site's pages in this environment: its settings name those of one.
fn origins(variables: Variables<'_>) -> Result<Vec<String>> {
    let text = variables("PRECAST_ORIGINS").unwrap_or_default().to_ascii_lowercase();
    let origins: Vec<String> =
        text.split(',').map(|origin| origin.trim().to_owned()).filter(|o| !o.is_empty()).collect();
    let is_origin = |origin: &String| origin.strip_prefix("https://").is_some_and(|host| !host.contains('/'));
    ensure!(origins.iter().all(is_origin), "PRECAST_ORIGINS holds something else than https:// and a host");
    Ok(origins)
}

/// The bucket's part where writes are kept. The function may get and put there, and not list.
async fn inbox(variables: Variables<'_>) -> Result<Inbox> {
    let text = variables("PRECAST_INBOX").context("PRECAST_INBOX does not say where writes are kept")?;
    let location = Location::parse(&text).map_err(Error::msg).context("PRECAST_INBOX")?;
    ensure!(
        matches!(location, Location::S3 { .. }),
        "PRECAST_INBOX is no bucket: what a function keeps by itself is gone with it"
    );
    let options = Options { endpoint: variables("PRECAST_ENDPOINT_URL"), region: None, unlisted: true };
    Ok(Inbox::new(Store::open(&location, &options).await?))
}
