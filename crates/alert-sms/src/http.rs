//! One request to a JSON API over the TLS of the workspace.

use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Request, StatusCode};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use mlops_alert::SendError;
use rustls::crypto::aws_lc_rs;
use serde_json::Value;

/// The longest answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 4 << 20;

/// A client with a time limit.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    client: Client<hyper_rustls::HttpsConnector<HttpConnector>, Full<Bytes>>,
    timeout: Duration,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// The wait of the header `Retry-After`.
    pub(crate) retry_after: Option<Duration>,
    /// The body; null if it is not JSON.
    pub(crate) json: Value,
}

impl Http {
    /// Creates a client that trusts the system's certificates, or those of `SSL_CERT_FILE`.
    pub(crate) fn new(timeout: Duration) -> Result<Self> {
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(aws_lc_rs::default_provider())
            .context("reading the system's certificates")?;
        let connector = connector.https_or_http().enable_http1().build();
        Ok(Self { client: Client::builder(TokioExecutor::new()).build(connector), timeout })
    }

    /// Sends a request and reads the answer.
    ///
    /// # Errors
    ///
    /// [`SendError::Temporary`] if nothing was sent, and [`SendError::Unclear`] if the answer is
    /// missing.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Result<Answer, SendError> {
        let host = request.uri().authority().map_or_else(String::new, ToString::to_string);
        let exchange = async {
            let answer =
                self.client.request(request).await.map_err(|error| match error.is_connect() {
                    true => {
                        SendError::Temporary { why: format!("{host} is unreachable"), after: None }
                    }
                    false => SendError::Unclear(format!("{host} closed the connection")),
                })?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES).collect().await;
            let body = body
                .map_err(|_| SendError::Unclear(format!("the answer of {host} is incomplete")))?
                .to_bytes();
            let seconds = headers
                .get("retry-after")
                .and_then(|value| value.to_str().ok()?.trim().parse().ok());
            Ok(Answer {
                status,
                retry_after: seconds.map(Duration::from_secs),
                json: serde_json::from_slice(&body).unwrap_or(Value::Null),
            })
        };
        let in_time = tokio::time::timeout(self.timeout, exchange).await;
        in_time.unwrap_or_else(|_| Err(SendError::Unclear(format!("{host} timed out"))))
    }
}
