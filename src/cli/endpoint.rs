//! The endpoint for writes, as `serve` runs it.

use crate::content::settings;
use crate::inbox::nonce;
use crate::model::AuthMode;
use crate::pipeline;
use crate::serve::Mounted;
use crate::write::auth::{Gate, Secrets};
use crate::write::{Book, Budgets, Desk, Secret, Shelf, Waker, answered};
use anyhow::Result;
use std::env;
use std::net::ToSocketAddrs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Keeps the endpoint at what the site says.
pub struct Endpoint {
    root: PathBuf,
    shelf: Arc<Shelf>,
    /// The token of this machine; `None` where others can reach the server.
    token: Option<String>,
    /// What it was last read from: the settings, and the schemas that they name.
    read: Mutex<Vec<Option<Vec<u8>>>>,
}

impl Endpoint {
    /// The endpoint of the site at `root`. `host` is what the server listens on.
    pub fn new(root: &Path, host: &str) -> Result<Self> {
        let token = match is_loopback(host) {
            false => None,
            true => Some(variable("PRECAST_LOCAL_TOKEN").map_or_else(nonce, Ok)?),
        };
        let endpoint = Self { root: root.to_owned(), shelf: Arc::default(), token, read: Mutex::default() };
        endpoint.reread()?;
        Ok(endpoint)
    }

    /// Reads the settings anew, where they or a schema that they name are others than before: keys of an issuer and answers
    /// about tokens are remembered as long as they are not. Settings that cannot be read leave the endpoint as it was.
    pub fn reread(&self) -> Result<()> {
        let Some((settings, rules)) = pipeline::load_rules(&self.root)? else { return Ok(()) };
        let schemas = settings.writes.collections.iter().map(|decl| decl.schema.value.as_str());
        let files = std::iter::once(settings::PATH).chain(schemas);
        let files: Vec<Option<Vec<u8>>> = files.map(|path| std::fs::read(self.root.join(path)).ok()).collect();
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if *read == files {
            return Ok(());
        }
        *read = files;
        let client = variable("PRECAST_INTROSPECTION_ID").zip(variable("PRECAST_INTROSPECTION_SECRET"));
        let secrets = Secrets { introspection: client, local_token: self.token.clone() };
        let gate = Gate::new(settings.writes.auth.as_ref(), secrets);
        let waker = Waker::new(settings.writes.endpoint.wake.clone(), variable("PRECAST_WAKE_SECRET").map(Secret));
        self.shelf.put(Book { settings, rules, gate, waker });
        Ok(())
    }

    /// What the server is to ask before the site. Writes are kept in `inbox`, or in the site's folder for them.
    pub fn mounted(&self, inbox: Option<&str>, endpoint_url: Option<&str>) -> Result<Mounted> {
        let desk = Arc::new(Desk {
            shelf: Arc::clone(&self.shelf),
            inbox: super::inbox::open(&self.root, inbox, endpoint_url)?,
            budgets: Budgets::memory(),
            read_only: variable("PRECAST_READ_ONLY").is_some(),
            origin_secrets: Vec::new(),
            origins: Vec::new(),
            address_header: None,
            log: Box::new(|line| say!("{line}")),
        });
        Ok(Arc::new(move |request| {
            if !desk.claims(&request) {
                return Err(request);
            }
            Ok(Box::pin(answered(Arc::clone(&desk), request)))
        }))
    }

    /// The token to tell whoever started the server, where the site takes it.
    pub fn token_to_tell(&self) -> Result<Option<&str>> {
        let (settings, _) = pipeline::load_settings(&self.root)?;
        let is_local = settings
            .filter(|settings| !settings.writes.collections.is_empty())
            .and_then(|settings| settings.writes.auth)
            .is_some_and(|auth| auth.mode == AuthMode::Local);
        Ok(self.token.as_deref().filter(|_| is_local))
    }
}

/// A variable of the environment that says something.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether nobody but this machine reaches a server that listens here.
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let Ok(addresses) = (bare, 0).to_socket_addrs() else { return false };
    let mut addresses = addresses.peekable();
    addresses.peek().is_some() && addresses.all(|address| address.ip().is_loopback())
}
