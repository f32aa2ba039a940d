//! The way of a request, from its first line to the answer.

use super::accept::{Conditions, Proposal};
use super::answer::{Accepted, Refusal};
use super::auth::{Caller, Denied};
use super::budgets::{self, Budgets};
use super::request::{self, Target};
use super::{Book, Shelf, body, origins, rights};
use crate::content::{Rules, members};
use crate::inbox::{Inbox, nameless, nonce};
use crate::model::{AuthMode, Change, Members, Settings, WriteDecl};
use anyhow::anyhow;
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What the endpoint works with.
pub struct Desk {
    pub shelf: Arc<Shelf>,
    pub inbox: Inbox,
    pub budgets: Budgets,
    /// Whether nothing is accepted, whatever the settings say.
    pub read_only: bool,
    /// The values of `x-precast-origin` of which a request must have one; none where anybody may ask.
    pub origin_secrets: Vec<String>,
    /// Origins of the site's own pages beside that of its settings, in lower case.
    pub origins: Vec<String>,
    /// The header by which whoever stands in front tells the client's address.
    pub address_header: Option<HeaderName>,
    /// Hears of each request: one JSON document, without tokens, keys and bodies.
    pub log: Box<dyn Fn(&str) + Send + Sync>,
}

/// What is told of a request in the log.
#[derive(Default)]
struct Told {
    collection: Option<String>,
    outcome: &'static str,
    cause: Option<String>,
    write: Option<String>,
}

/// The endpoint by itself: it answers for every path, since which are its own depends on the site.
pub fn router(desk: Arc<Desk>) -> Router {
    Router::new().fallback(answer).with_state(desk)
}

async fn answer(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    super::answered(desk, request).await
}

impl Desk {
    /// Whether a request is for this endpoint: it answers for its paths where the site lets something be written.
    pub fn claims(&self, request: &Request) -> bool {
        let claims = |settings: &Settings| {
            !settings.writes.collections.is_empty()
                && request::below(settings.site.base_path(), request.uri().path()).is_some()
        };
        self.shelf.book().is_some_and(|book| claims(&book.settings))
    }

    /// Answers a request, and tells the log of it.
    pub(super) async fn answer(&self, request: Request) -> Response {
        let start = Instant::now();
        let id = nonce().unwrap_or_default();
        let (parts, body) = request.into_parts();
        let mut told = Told::default();
        let mut response = if let Some(book) = self.shelf.book() {
            self.respond(&book, &parts, body, &mut told).await
        } else {
            told.outcome = "unavailable";
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], "").into_response()
        };
        if let Ok(value) = HeaderValue::try_from(id.as_str()) {
            response.headers_mut().insert(HeaderName::from_static("x-request-id"), value);
        }
        response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        let line = serde_json::json!({
            "at": Timestamp::now().to_string(),
            "request": id,
            "method": parts.method.as_str(),
            "collection": told.collection,
            "status": response.status().as_u16(),
            "outcome": told.outcome,
            "write": told.write,
            "cause": told.cause,
            "ms": u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
        (self.log)(&line.to_string());
        response
    }

    async fn respond(&self, book: &Book, parts: &Parts, body: Body, told: &mut Told) -> Response {
        let origin = origins::allowed(&book.settings, &self.origins, &parts.headers);
        let mut rest = Some(body);
        let done = match &origin {
            Err(_) => Err(Refusal::new("origin-not-allowed")),
            Ok(_) if parts.method == Method::OPTIONS => Ok(None),
            Ok(_) => self.write(book, parts, &mut rest, told).await.map(Some),
        };
        if let Some(body) = rest {
            body::discard(body, &parts.headers).await;
        }
        let mut response = match done {
            Ok(None) => {
                told.outcome = "preflight";
                origins::preflight()
            }
            Ok(Some(accepted)) => {
                told.outcome = if accepted.is_new { "accepted" } else { "known" };
                told.write = Some(accepted.entry.id.clone());
                accepted.response(&book.settings)
            }
            Err(refusal) => {
                told.outcome = refusal.problem;
                told.cause.clone_from(&refusal.cause);
                refusal.response(&book.settings)
            }
        };
        origins::allow(&mut response, origin.ok().flatten());
        response
    }

    /// Everything up to the answer. `body` is taken where it is read.
    async fn write(
        &self,
        book: &Book,
        parts: &Parts,
        body: &mut Option<Body>,
        told: &mut Told,
    ) -> Result<Accepted, Refusal> {
        self.behind_its_front(parts)?;
        let target = Target::of(book.settings.site.base_path(), parts.uri.path());
        if !origins::is_method(&parts.method) {
            return Err(Refusal::new("method-not-allowed").detail(NO_READS).with(header::ALLOW, origins::METHODS));
        }
        let target = target?;
        let (decl, rules) = book.of(&target.collection).ok_or(Refusal::new("not-writable"))?;
        told.collection = Some(target.collection.clone());
        if self.read_only || book.settings.writes.endpoint.read_only {
            return Err(Refusal::new("read-only").retry_after(300));
        }
        let now = Timestamp::now();
        let caller = self.admit(book, parts, now).await?;
        allowed(decl, parts, &target)?;
        let rules =
            rules.ok_or_else(|| Refusal::new("unavailable").detail("The schema of these records has faults"))?;
        let read = if parts.method == Method::DELETE {
            None
        } else {
            request::is_json(&parts.method, &parts.headers)?;
            let most = book.settings.writes.endpoint.max_bytes;
            let sent = body.take().unwrap_or_default();
            match body::read(sent, &parts.headers, most).await {
                Ok(read) => Some(read),
                Err((refusal, unread)) => {
                    *body = Some(unread);
                    return Err(refusal);
                }
            }
        };
        let desk = Window { desk: self, decl, rules, caller: &caller, now };
        let accepted = in_time(desk.accept(parts, &target, read.as_deref())).await?;
        if tokio::time::timeout(PATIENCE, self.after(book, &accepted, now, told)).await.is_err() {
            told.cause = Some("what follows a write took too long, and is done later".to_owned());
        }
        Ok(accepted)
    }

    /// Whoever stands in front of the endpoint says so.
    fn behind_its_front(&self, parts: &Parts) -> Result<(), Refusal> {
        let said = parts.headers.get("x-precast-origin").map(HeaderValue::as_bytes);
        let is_known = |said: &[u8]| self.origin_secrets.iter().any(|secret| is_same(secret.as_bytes(), said));
        if self.origin_secrets.is_empty() || said.is_some_and(is_known) {
            return Ok(());
        }
        Err(Refusal::new("not-yours").detail("Ask at the address of the site"))
    }

    async fn admit(&self, book: &Book, parts: &Parts, now: Timestamp) -> Result<Caller, Refusal> {
        let endpoint = &book.settings.writes.endpoint;
        let is_local = book.settings.writes.auth.as_ref().is_some_and(|auth| auth.mode == AuthMode::Local);
        let usual = |usual: usize| Some(usual).filter(|_| !is_local);
        let address = self.address(parts);
        if self.address_header.is_some() && address.is_none() {
            return Err(Refusal::new("unavailable").because("the address of the client is not told".to_owned()));
        }
        if let (Some(budget), Some(address)) = (endpoint.per_address.or(usual(budgets::OF_AN_ADDRESS)), address)
            && (endpoint.per_address.is_some() || !is_loopback(&address))
        {
            in_time(self.budgets.spend(&self.inbox, &format!("address {address}"), budget, now)).await?;
        }
        let tokens: Vec<&[u8]> =
            parts.headers.get_all(header::AUTHORIZATION).iter().map(HeaderValue::as_bytes).collect();
        let caller = book.gate.admit(&tokens, now).await.map_err(|why| denied(why, book.gate.asked()))?;
        if let Some(budget) = endpoint.per_subject.or(usual(budgets::OF_A_SUBJECT)) {
            in_time(self.budgets.spend(&self.inbox, &format!("subject {}", caller.subject), budget, now)).await?;
        }
        Ok(caller)
    }

    /// The client's address: the one that whoever stands in front tells, else that of the connection.
    fn address(&self, parts: &Parts) -> Option<String> {
        let Some(header) = &self.address_header else {
            return parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|from| counted(&from.0.ip().to_string()));
        };
        let told = parts.headers.get(header)?.to_str().ok()?;
        // With a port, as CloudFront tells it.
        Some(counted(told.rsplit_once(':').map_or(told, |(address, _)| address)))
    }

    /// What follows a write that is kept; nothing of it can undo that. Whoever answered a deletion first may have been cut
    /// off before everything was forgotten: a retry sees to it.
    async fn after(&self, book: &Book, accepted: &Accepted, now: Timestamp, told: &mut Told) {
        let entry = &accepted.entry;
        // What waits for an editor has not happened yet: whoever approves it sees to the rest.
        if entry.change == Change::Delete
            && !accepted.waits
            && let Err(error) = self.inbox.forget_before(&entry.collection, &entry.key, entry.version).await
        {
            told.cause = Some(nameless(&format!("what was written before is not forgotten yet: {error:#}")));
        }
        if accepted.is_new
            && !accepted.waits
            && let Err(error) = book.waker.wake(&self.inbox, now).await
        {
            told.cause = Some(nameless(&format!("no build was asked for: {error:#}")));
        }
    }
}

/// What is counted for an address: of IPv6 its first 64 bits, for whoever has one has all of these.
fn counted(address: &str) -> String {
    match address.trim_matches(['[', ']']).parse() {
        Ok(IpAddr::V6(address)) if address.to_ipv4_mapped().is_none() && !address.is_loopback() => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Ok(address) => address.to_canonical().to_string(),
        Err(_) => address.to_owned(),
    }
}

/// How long the inbox may take. Whether a write is kept is not known then; a retry tells.
const PATIENCE: Duration = Duration::from_secs(15);
const NO_READS: &str = "Records are written here with PUT, POST, PATCH and DELETE, and read from the site";

/// One collection, one caller, one moment.
struct Window<'a> {
    desk: &'a Desk,
    decl: &'a WriteDecl,
    rules: &'a Rules,
    caller: &'a Caller,
    now: Timestamp,
}

impl Window<'_> {
    async fn accept(&self, parts: &Parts, target: &Target, body: Option<&[u8]>) -> Result<Accepted, Refusal> {
        let headers = &parts.headers;
        let if_match = request::if_match(headers)?;
        let only_new = request::only_new(headers)?;
        if only_new && (parts.method == Method::PATCH || parts.method == Method::DELETE) {
            return Err(
                Refusal::new("malformed-header").detail("`if-none-match` is for what is made anew, with PUT or POST")
            );
        }
        let sent = body.map(read).transpose()?;
        let idempotency_key = (parts.method == Method::POST).then(|| request::idempotency_key(headers)).transpose()?;
        let key = match (&target.key, &sent) {
            (Some(key), _) => key.clone(),
            (None, Some(members)) => {
                let key = self.rules.key_of(members).map_err(|fault| Refusal::invalid(vec![fault]))?;
                request::good_key(&key)?
            }
            (None, None) => return Err(Refusal::new("malformed-path")),
        };
        let (change, judged) = match (sent, parts.method == Method::PATCH) {
            (None, _) => (Change::Delete, self.owns((&target.collection, &key), &Change::Delete).await?),
            (Some(members), is_patch) => self.valid((&target.collection, &key), members, is_patch).await?,
        };
        let proposal = Proposal {
            inbox: &self.desk.inbox,
            collection: &target.collection,
            key: &key,
            change,
            judged,
            subject: &self.caller.subject,
            by_editor: self.caller.is_editor(),
            claim: rights::claimed(self.caller, self.decl, &target.collection),
            now: self.now,
            review: self.decl.review,
            allow: self.decl.allow,
        };
        match (parts.method.as_str(), idempotency_key, if_match) {
            ("POST", Some(idempotency_key), if_match) => proposal.post(&idempotency_key, if_match.as_ref()).await,
            ("PATCH", _, Some(if_match)) => proposal.patch(&if_match).await,
            ("PATCH", _, None) => Err(Refusal::new("if-match-required")),
            ("DELETE", _, if_match) => proposal.delete(if_match.as_ref()).await,
            (_, _, if_match) => proposal.put(&Conditions { if_match, only_new }).await,
        }
    }

    /// The change that is meant, if it is the caller's to make and keeps to the schema; and the version by which that was judged.
    async fn valid(
        &self,
        record: (&str, &str),
        members: Members,
        is_patch: bool,
    ) -> Result<(Change, Option<u64>), Refusal> {
        let (_, key) = record;
        let faults = if is_patch { self.rules.check_patch(key, &members) } else { self.rules.check(key, &members) };
        let members = self.rules.without_key(members);
        let change = if is_patch { Change::Patch(members) } else { Change::Put(members) };
        // Whose it is comes first: what is wrong with it is nobody else's business.
        let judged = self.owns(record, &change).await?;
        if faults.is_empty() { Ok((change, judged)) } else { Err(Refusal::invalid(faults)) }
    }

    async fn owns(&self, record: (&str, &str), change: &Change) -> Result<Option<u64>, Refusal> {
        rights::owns(self.caller, self.decl, &self.desk.inbox, record, change).await
    }
}

fn read(body: &[u8]) -> Result<Members, Refusal> {
    members(body).map_err(|wrong| {
        let place = format!("line {}, column {}: {}", wrong.line, wrong.column, wrong.message);
        Refusal::new("malformed-body").detail(place)
    })
}

/// Whether the site lets this be done with its records at all.
fn allowed(decl: &WriteDecl, parts: &Parts, target: &Target) -> Result<(), Refusal> {
    let allow = decl.allow;
    let (at_key, may) = match parts.method.as_str() {
        "POST" => (false, allow.create),
        "PUT" => (true, allow.create || allow.update),
        "PATCH" => (true, allow.update),
        _ => (true, allow.delete),
    };
    if at_key == target.key.is_some() && may {
        return Ok(());
    }
    let at_key = target.key.is_some();
    let methods = [
        ("PUT", at_key && (allow.create || allow.update)),
        ("PATCH", at_key && allow.update),
        ("DELETE", at_key && allow.delete),
        ("POST", !at_key && allow.create),
        ("OPTIONS", true),
    ];
    let methods: Vec<&str> = methods.into_iter().filter(|(_, may)| *may).map(|(method, _)| method).collect();
    let methods = methods.join(", ");
    Err(Refusal::new("method-not-allowed").detail(format!("Here are {methods}")).with(header::ALLOW, methods))
}

fn denied(denied: Denied, asked: &str) -> Refusal {
    let challenge = |said: &str| Refusal::new("unauthenticated").with(header::WWW_AUTHENTICATE, said);
    match denied {
        Denied::Missing => challenge("Bearer"),
        Denied::Invalid(why) => challenge(&format!("Bearer error=\"invalid_token\", error_description=\"{why}\""))
            .detail(format!("The token is refused: {why}")),
        Denied::Unavailable { retry_after } => {
            let cause = format!("{asked} gives no good answer about tokens");
            let refusal = Refusal::new("unavailable").because(cause).retry_after(retry_after);
            refusal.detail("Tokens cannot be checked for the moment")
        }
        Denied::Closed(why) => Refusal::new("closed").detail(why),
    }
}

/// Waits for the inbox, which may try for minutes: whoever asks, or stands in front, hears of it before they give up.
async fn in_time<T>(work: impl Future<Output = Result<T, Refusal>>) -> Result<T, Refusal> {
    let late = || Err(Refusal::failed(&anyhow!("the inbox does not answer in {} s", PATIENCE.as_secs())));
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| late())
}

/// Compares without telling by the time it takes how much is the same.
fn is_same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

fn is_loopback(address: &str) -> bool {
    address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
