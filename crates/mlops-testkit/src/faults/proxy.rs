use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_LENGTH};
use hyper::service::service_fn;
use hyper::{Request, StatusCode, client, server};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};

use super::answers::{self, Answer, Error};
use super::batch::Batch;
use super::cut::{Line, cut};
use super::operation::{is_dynamo, operation};
use super::rules::{Calls, Fault, Rules};

/// A proxy on the loopback that stands before an S3 or DynamoDB endpoint, and passes everything on
/// as it came, signatures included, but for the faults that were injected.
///
/// It has a thread of its own, so that it answers while a test waits for a program.
#[derive(Debug)]
pub struct Faults {
    /// `http://127.0.0.1:PORT`.
    pub endpoint: String,
    rules: Arc<Rules>,
    /// The proxy ends when this does.
    _stop: oneshot::Sender<()>,
}

impl Faults {
    /// Stands before `target`, which is `http://HOST:PORT`.
    pub fn start(target: &str) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let target = target.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let rules = Arc::new(Rules::default());
        let relay = Arc::new(Relay { target, rules: rules.clone() });
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    () = serve(TcpListener::from_std(listener).unwrap(), relay) => {}
                }
            });
        });
        Self { endpoint, rules, _stop: stop }
    }

    /// Lets these calls of an operation fail so. The operation has its name at AWS (`GetObject`,
    /// `BatchWriteItem`); `*` is any. Of several faults that meet a call, it has the one injected
    /// first.
    pub fn inject(&self, operation: &str, calls: Calls, fault: Fault) {
        self.rules.add(operation, calls, fault);
    }

    /// How many calls of an operation there were, whatever came of them; of all with `*`.
    pub fn calls(&self, operation: &str) -> u64 {
        self.rules.calls(operation)
    }

    /// Ends all faults, and counts anew.
    pub fn clear(&self) {
        self.rules.clear();
    }
}

/// The state of each connection of the proxy.
#[derive(Debug)]
struct Relay {
    target: String,
    rules: Arc<Rules>,
}

async fn serve(listener: TcpListener, relay: Arc<Relay>) {
    while let Ok((stream, _)) = listener.accept().await {
        let relay = relay.clone();
        tokio::spawn(async move {
            let flushed = Arc::new(Notify::new());
            let line = Line { stream, flushed: flushed.clone() };
            let service = service_fn(|request| relay.answer(request, flushed.clone()));
            // A connection that is cut ends in an error.
            drop(
                server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(line), service)
                    .await,
            );
        });
    }
}

impl Relay {
    /// An error ends the connection without an answer.
    async fn answer(
        &self,
        request: Request<Incoming>,
        flushed: Arc<Notify>,
    ) -> Result<Answer, Error> {
        // Read in full even if it goes nowhere: a client that is answered before may not read the
        // answer.
        let (head, body) = request.into_parts();
        let request = Request::from_parts(head, body.collect().await?.to_bytes());
        match self.rules.next(operation(&request)) {
            None => self.forward(request).await,
            Some(Fault::SlowDown) => Ok(answers::slow_down()),
            Some(Fault::InternalError) => Ok(answers::internal_error(is_dynamo(&request))),
            Some(Fault::Throttled) => Ok(answers::throttled()),
            Some(Fault::Unprocessed { written }) => {
                self.forward_part(Batch::Write, request, written).await
            }
            Some(Fault::UnprocessedKeys { read }) => {
                self.forward_part(Batch::Get, request, read).await
            }
            Some(Fault::CutBody { bytes }) => {
                Ok(self.forward(request).await?.map(|body| cut(body, bytes, flushed)))
            }
            Some(Fault::Drop) => Err("the connection is dropped".into()),
            Some(Fault::LandThenFail) => {
                let is_dynamo = is_dynamo(&request);
                self.forward(request).await?.collect().await?;
                Ok(answers::internal_error(is_dynamo))
            }
            Some(Fault::Delay(time)) => {
                tokio::time::sleep(time).await;
                self.forward(request).await
            }
        }
    }

    async fn forward(&self, request: Request<Bytes>) -> Result<Answer, Error> {
        let stream = TcpStream::connect(&self.target).await?;
        let (mut target, connection) = client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let mut answer = target.send_request(request.map(Full::new)).await?;
        // It speaks of the connection to the target.
        answer.headers_mut().remove(CONNECTION);
        Ok(answer.map(|body| body.map_err(Error::from).boxed_unsync()))
    }

    /// Forwards the first `kept` parts of a batch, and answers that the others are unprocessed.
    ///
    /// The signature does not fit the shorter body, which neither emulator notices; AWS itself
    /// would.
    async fn forward_part(
        &self,
        batch: Batch,
        request: Request<Bytes>,
        kept: usize,
    ) -> Result<Answer, Error> {
        let (mut head, body) = request.into_parts();
        let mut body: Value = serde_json::from_slice(&body)?;
        let held_back = batch.hold_back(&mut body, kept);
        let mut answer = batch.empty_answer();
        if kept > 0 {
            let body = Bytes::from(body.to_string());
            head.headers.insert(CONTENT_LENGTH, body.len().into());
            let given = self.forward(Request::from_parts(head, body)).await?;
            if given.status() != StatusCode::OK {
                return Ok(given);
            }
            answer = serde_json::from_slice(&given.collect().await?.to_bytes())?;
        }
        batch.give_back(&mut answer, held_back);
        Ok(answers::json(StatusCode::OK, &answer))
    }
}
