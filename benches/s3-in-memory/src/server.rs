use std::io::Write;
use std::time::Duration;

use anyhow::Context;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tokio::net::TcpListener;

use crate::service::S3;
use crate::store::Store;

/// Answers each request after the latency, any number of them at once; says `ready` on stdout
/// before the first.
pub async fn serve(store: Store, port: u16, latency: Duration) -> anyhow::Result<()> {
    let mut s3 = S3ServiceBuilder::new(S3 { store });
    s3.set_auth(SimpleAuth::from_single("test", "test"));
    let s3 = s3.build();
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .with_context(|| format!("listening at port {port}"))?;
    writeln!(std::io::stdout(), "ready")?;
    loop {
        let (connection, _) = listener.accept().await.context("accepting a connection")?;
        // Otherwise a small answer waits for the client's delayed acknowledgement, 40 ms.
        connection.set_nodelay(true).context("setting TCP_NODELAY")?;
        let s3 = s3.clone();
        let answer = service_fn(move |request| {
            let s3 = s3.clone();
            async move {
                if !latency.is_zero() {
                    tokio::time::sleep(latency).await;
                }
                Service::call(&s3, request).await
            }
        });
        // A client that hangs up is no matter of ours.
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(connection), answer));
    }
}
