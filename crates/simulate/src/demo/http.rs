//! HTTP requests to a service on this machine.

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Sends one HTTP request, and returns the body of the response.
///
/// # Errors
///
/// Fails if the service does not respond, or if the status is not 2xx.
pub(super) async fn call(address: &str, method: &str, path: &str, body: Vec<u8>) -> Result<Bytes> {
    let doing = || format!("calling http://{address}{path}");
    let stream = TcpStream::connect(address).await.with_context(doing)?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.with_context(doing)?;
    // The error of the request says more than the error of the connection.
    tokio::spawn(async move { drop(connection.await) });
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", address)
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body)))?;
    let answer = sender.send_request(request).await.with_context(doing)?;
    let status = answer.status();
    let body = answer.into_body().collect().await.with_context(doing)?.to_bytes();
    if !status.is_success() {
        bail!("{}: {status}: {}", doing(), String::from_utf8_lossy(&body));
    }
    Ok(body)
}
