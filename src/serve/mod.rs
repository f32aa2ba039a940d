//! The dev server: the release in memory, answered as production answers; watched, rebuilt, and told of.

#![allow(clippy::disallowed_methods, reason = "an I/O edge")]

mod answer;
mod connections;
mod events;
mod hosts;
mod live;
mod router;
mod watch;

pub use live::Told;

use crate::pipeline::Session;
use anyhow::{Context, Result};
use axum::extract::Request;
use axum::response::Response;
use jiff::Timestamp;
use live::Live;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpSocket};

/// How to serve.
pub struct Options {
    pub root: PathBuf,
    /// A name or an address to listen on.
    pub host: String,
    /// 0 takes any that is free.
    pub port: u16,
    /// The instant to show the site at; the clock's where it is `None`.
    pub now: Option<Timestamp>,
    /// Whether drafts are published.
    pub drafts: bool,
    /// Further names that requests may ask for.
    pub allowed_hosts: Vec<String>,
    /// What answers some requests instead of the site.
    pub mounted: Option<Mounted>,
}

/// Answers a request, or gives it back.
pub type Mounted = Arc<dyn Fn(Request) -> Result<Answering, Request> + Send + Sync>;
pub type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;

/// Serves until it is interrupted. `tell` hears of each build, and first of the address.
///
/// # Errors
/// When the address cannot be listened on, or the site's folder cannot be read or watched.
pub fn serve(options: Options, tell: impl Fn(Told<'_>) + Send + Sync + 'static) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start")?;
    let listener = runtime.block_on(listen(&options.host, options.port))?;
    let address = listener.local_addr().context("cannot tell the address")?;
    let live = Arc::new(Live::new(Box::new(tell)));
    let session = Session::new(options.root.clone(), options.drafts);
    let watching = watch::start(&options.root, options.now, session, Arc::clone(&live))?;
    live.tell(Told::Listening(address));
    let hosts = hosts::Hosts::new(&options.host, options.allowed_hosts);
    let router = router::router(live, hosts, options.mounted);
    runtime.block_on(async {
        tokio::select! {
            () = connections::accept(listener, router) => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    });
    drop(watching);
    // Event streams never end by themselves.
    runtime.shutdown_background();
    Ok(())
}

async fn listen(host: &str, port: u16) -> Result<TcpListener> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let addresses: Vec<SocketAddr> =
        tokio::net::lookup_host((bare, port)).await.with_context(|| format!("there is no host `{host}`"))?.collect();
    let mut failed = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match listen_on(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => failed = error,
        }
    }
    Err(failed).with_context(|| format!("cannot listen on {host}:{port}; choose another port with `--port`"))
}

fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Elsewhere it would let two programs listen on one port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(connections::WAITING)
}
