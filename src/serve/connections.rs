//! Connections: how many, how large a head, and how slow a client may be.

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;

/// Open connections at once; further ones wait in the system's queue.
const CONNECTIONS: usize = 4096;
/// How many may wait there; the system may allow fewer. Whom it has no place for, it lets try again after seconds.
pub const WAITING: u32 = 4096;
/// The request line and headers together, in bytes: more is answered with 431.
const LARGEST_HEAD: usize = 64 * 1024;
/// How long a client may take to send them; an idle connection is closed after the same time.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// How long a client may read nothing of an answer.
const READ_WITHIN: Duration = Duration::from_secs(30);

/// Accepts until it is dropped.
pub async fn accept(listener: TcpListener, router: Router) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
        let Ok((stream, address)) = listener.accept().await else {
            // Too many open files, say: others will close theirs.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(READ_WITHIN));
        let io = TokioIo::new(Box::pin(stream));
        let service = TowerToHyperService::new(router.clone().layer(Extension(ConnectInfo(address))));
        tokio::spawn(async move {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_WITHIN)
                .max_buf_size(LARGEST_HEAD)
                .serve_connection(io, service);
            // A client that went away is no fault.
            let _ = connection.await;
            drop(permit);
        });
    }
}
