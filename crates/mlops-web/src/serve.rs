use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower_http::add_extension::AddExtension;

use crate::lingering::Lingering;
use crate::open_files::connections_that_fit;

/// The limits of a service.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long a connection may take to send the head of its next request, idle time included.
    pub keep_alive: Duration,
    /// How long requests in flight may take after the service was asked to stop.
    pub drain: Duration,
}

/// Connections at once, if the limit of open files allows so many. Further connections wait to be
/// accepted.
const MAX_CONNECTIONS: usize = 16_384;

/// A longer head is refused with status 431.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// A failure to accept, such as too many open files, passes when other connections end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves HTTP/1.1 until `shutdown`. Then no request is accepted, and those in flight are answered.
///
/// Each request carries the client's address as [`ConnectInfo`]. The router limits the time and the
/// size of request bodies.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    shutdown: &CancellationToken,
) {
    let graceful = GracefulShutdown::new();
    let slots = Arc::new(Semaphore::new(connections_that_fit(MAX_CONNECTIONS)));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.keep_alive)
        .max_buf_size(MAX_HEAD_BYTES);
    loop {
        let accept = async {
            let slot = slots.clone().acquire_owned().await;
            (slot, listener.accept().await)
        };
        let (slot, accepted) = tokio::select! {
            accepted = accept => accepted,
            () = shutdown.cancelled() => break,
        };
        let (stream, client) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!("cannot accept a connection: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // A response is one write; it should not wait for another.
        drop(stream.set_nodelay(true));
        let service = AddExtension::new(router.clone(), ConnectInfo::<SocketAddr>(client));
        let service = TowerToHyperService::new(service);
        let connection =
            graceful.watch(http.serve_connection(TokioIo::new(Lingering::new(stream)), service));
        tokio::spawn(async move {
            // A client may close its connection at any time.
            drop(connection.await);
            drop(slot);
        });
    }
    drop(listener);
    if tokio::time::timeout(limits.drain, graceful.shutdown()).await.is_err() {
        let seconds = limits.drain.as_secs();
        tracing::warn!("some requests were not answered within {seconds} seconds and were aborted");
    }
}
