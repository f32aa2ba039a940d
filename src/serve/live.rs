//! What is being served, and who is told when it changes.

use crate::model::{Diagnostic, Sealed, encode_path};
use crate::pipeline::{Report, Served};
use serde_json::{Value as Json, json};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast;

/// How many changed answers an event names; the rest are counted.
const NAMED: usize = 200;

/// What the person at the terminal hears.
pub enum Told<'a> {
    Listening(SocketAddr),
    /// A build was done, with or without faults, after a change of these files (none for the first).
    Built {
        report: &'a Report,
        took: Duration,
        changed: &'a [String],
    },
    /// The disk failed; what was served goes on being served.
    Failed(&'a anyhow::Error),
}

/// What an answer is made from at one moment.
#[derive(Clone, Default)]
pub struct Now {
    /// The last good release.
    pub served: Option<Arc<Served>>,
    /// Counts the releases of this process.
    pub generation: u64,
    /// What is wrong with the site since then; none where nothing is.
    pub faults: Arc<[Diagnostic]>,
}

/// One server-sent event.
#[derive(Clone, Debug)]
pub struct Event {
    pub name: &'static str,
    pub data: Json,
}

pub struct Live {
    now: Mutex<Now>,
    events: broadcast::Sender<Event>,
    tell: Box<dyn Fn(Told<'_>) + Send + Sync>,
}

impl Live {
    pub fn new(tell: Box<dyn Fn(Told<'_>) + Send + Sync>) -> Self {
        Self { now: Mutex::default(), events: broadcast::channel(64).0, tell }
    }

    pub fn tell(&self, what: Told<'_>) {
        (self.tell)(what);
    }

    pub fn now(&self) -> Now {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The event that says how things stand, and those that follow it.
    pub fn listen(&self) -> (Event, broadcast::Receiver<Event>) {
        let now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let receiver = self.events.subscribe();
        (now.event(&[], 0), receiver)
    }

    /// Shows a new release.
    pub fn release(&self, served: Served) {
        let served = Arc::new(served);
        let before = self.now().served;
        if before.as_ref().is_some_and(|before| before.release.says_the_same(&served.release)) {
            return self.mended();
        }
        let (named, count) = changed(before.as_deref(), &served);
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *now = Now { served: Some(served), generation: now.generation + 1, faults: Arc::default() };
        // Nobody listening is no fault.
        let _ = self.events.send(now.event(&named, count));
    }

    /// Keeps the last good release, and says what is wrong.
    pub fn faults(&self, faults: Vec<Diagnostic>) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        now.faults = faults.into();
        let _ = self.events.send(now.event(&[], 0));
    }

    /// The site is again as it was served: the faults are mended.
    pub fn mended(&self) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        if !now.faults.is_empty() {
            now.faults = Arc::default();
            let _ = self.events.send(now.event(&[], 0));
        }
    }
}

impl Now {
    fn event(&self, changed: &[String], count: usize) -> Event {
        if !self.faults.is_empty() {
            let diagnostics: Vec<Json> = self.faults.iter().map(Diagnostic::json).collect();
            return Event { name: "faults", data: json!({ "diagnostics": diagnostics }) };
        }
        let release = self.served.as_ref().map(|served| served.release.id());
        let data = json!({
            "generation": self.generation,
            "release": release,
            "changed": changed,
            "changedCount": count
        });
        Event { name: "release", data }
    }
}

/// The URLs of answers that appeared, changed or vanished, the first of them named and all of them counted.
fn changed(before: Option<&Served>, after: &Served) -> (Vec<String>, usize) {
    let Some(before) = before else { return (Vec::new(), 0) };
    let (old, new) = (&before.release.artifacts, &after.release.artifacts);
    let (mut named, mut count) = (Vec::new(), 0);
    let mut report = |sealed: &Sealed| {
        count += 1;
        if named.len() < NAMED {
            named.push(encode_path(&sealed.artifact.key));
        }
    };
    let (mut a, mut b) = (0, 0);
    while a < old.len() || b < new.len() {
        let order = match (old.get(a), new.get(b)) {
            (Some(old), Some(new)) => old.artifact.key.cmp(&new.artifact.key),
            (Some(_), None) => std::cmp::Ordering::Less,
            _ => std::cmp::Ordering::Greater,
        };
        match order {
            std::cmp::Ordering::Less => report(&old[a]),
            std::cmp::Ordering::Greater => report(&new[b]),
            std::cmp::Ordering::Equal if old[a].sha256 != new[b].sha256 => report(&new[b]),
            std::cmp::Ordering::Equal => {}
        }
        a += usize::from(order.is_le());
        b += usize::from(order.is_ge());
    }
    (named, count)
}
