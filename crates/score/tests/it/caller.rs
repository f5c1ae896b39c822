//! Those who call the service: one call at a time, or many under load.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{HeaderMap, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::service::{PATIENCE, Service};
use crate::world::request;

/// Between two looks at what others do.
const PAUSE: Duration = Duration::from_millis(5);

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// One connection.
pub(crate) struct Caller(SendRequest<Full<Bytes>>);

impl Caller {
    pub(crate) async fn connect(address: &str) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        let (sender, connection) =
            handshake(TokioIo::new(stream)).await.map_err(std::io::Error::other)?;
        tokio::spawn(async { drop(connection.await) });
        Ok(Self(sender))
    }

    pub(crate) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Answer, hyper::Error> {
        self.0.ready().await?;
        let (head, body) = self.0.send_request(request).await?.into_parts();
        Ok(Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body: body.collect().await?.to_bytes(),
        })
    }

    pub(crate) async fn predict(&mut self, body: impl Into<Bytes>) -> Result<Answer, hyper::Error> {
        let request = Request::post("/predict")
            .header("host", "score")
            .header("content-type", "application/json");
        self.send(request.body(Full::new(body.into())).unwrap()).await
    }
}

impl Service {
    pub(crate) async fn call(&self, request: Request<Full<Bytes>>) -> Answer {
        Caller::connect(&self.address).await.unwrap().send(request).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Request::get(path).header("host", "score").body(Full::default()).unwrap()).await
    }

    pub(crate) async fn predict(&self, body: impl Into<Bytes>) -> Answer {
        Caller::connect(&self.address).await.unwrap().predict(body).await.unwrap()
    }

    /// Asks for `path` until the answer is as wanted.
    pub(crate) async fn wait_until(&self, path: &str, wanted: impl Fn(&Answer) -> bool) -> Answer {
        let since = Instant::now();
        loop {
            let answer = self.get(path).await;
            if wanted(&answer) {
                return answer;
            }
            assert!(since.elapsed() < PATIENCE, "{path} stays at {answer:?}");
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Callers that call as fast as they are answered.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    /// Calls answered with 200 so far.
    pub(crate) answered: Arc<AtomicUsize>,
    callers: JoinSet<Loaded>,
}

/// What callers saw.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// Of answers with 200, in order.
    pub(crate) uids: Vec<String>,
    /// Who answered.
    pub(crate) model_uids: Vec<String>,
    /// Other answers, by status.
    pub(crate) refused: Vec<u16>,
    /// Calls without an answer.
    pub(crate) cut: usize,
}

impl Load {
    /// Calls over so many connections, until it is stopped or nobody answers any more.
    pub(crate) fn start(address: &str, connections: usize) -> Self {
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let mut callers = JoinSet::new();
        for caller in 0..connections {
            callers.spawn(call_on(address.to_owned(), caller, stop.clone(), answered.clone()));
        }
        Self { stop, answered, callers }
    }

    /// Waits until so many more calls were answered.
    pub(crate) async fn more(&self, calls: usize) {
        let goal = self.answered.load(Ordering::Relaxed) + calls;
        let since = Instant::now();
        while self.answered.load(Ordering::Relaxed) < goal {
            assert!(
                since.elapsed() < PATIENCE,
                "{} calls were answered, not {goal}",
                self.answered.load(Ordering::Relaxed)
            );
            tokio::time::sleep(PAUSE).await;
        }
    }

    pub(crate) async fn stop(self) -> Loaded {
        self.stop.store(true, Ordering::Relaxed);
        self.end().await
    }

    /// Waits until nobody answers any more.
    pub(crate) async fn end(mut self) -> Loaded {
        let mut all = Loaded::default();
        while let Some(loaded) = self.callers.join_next().await {
            let loaded = loaded.unwrap();
            all.uids.extend(loaded.uids);
            all.model_uids.extend(loaded.model_uids);
            all.refused.extend(loaded.refused);
            all.cut += loaded.cut;
        }
        all.uids.sort_unstable();
        all
    }
}

async fn call_on(
    address: String,
    caller: usize,
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
) -> Loaded {
    let mut loaded = Loaded::default();
    let Ok(mut connection) = Caller::connect(&address).await else { return loaded };
    let mut client = caller * 1_000_000;
    while !stop.load(Ordering::Relaxed) {
        client += 1;
        match connection.predict(request(client).to_string()).await {
            Ok(answer) if answer.status == 200 => {
                let answer = answer.json();
                loaded.uids.push(answer["uid"].as_str().unwrap().to_owned());
                loaded.model_uids.push(answer["model_uid"].as_str().unwrap().to_owned());
                answered.fetch_add(1, Ordering::Relaxed);
            }
            Ok(answer) => loaded.refused.push(answer.status),
            Err(_) => {
                loaded.cut += 1;
                match Caller::connect(&address).await {
                    Ok(other) => connection = other,
                    Err(_) => break,
                }
            }
        }
    }
    loaded
}
