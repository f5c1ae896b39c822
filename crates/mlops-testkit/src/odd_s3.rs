//! A bucket that behaves as unusual servers do: it lists in no order, repeats names, ends pages
//! early, and refuses or cuts single objects.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, server};
use hyper_util::rt::TokioIo;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// A server of one bucket, by any name, on a thread of its own.
#[derive(Debug)]
pub struct OddS3 {
    /// `http://127.0.0.1:PORT`.
    pub endpoint: String,
    state: Arc<Mutex<State>>,
    /// The server ends when this does.
    _stop: oneshot::Sender<()>,
}

/// The way in which the bucket lists.
#[derive(Debug, Clone, Copy)]
pub struct Listings {
    /// The most names of a page.
    pub page: usize,
    /// In an order that changes with each listing, across all pages.
    pub is_shuffled: bool,
    /// Every third name comes again, in another page.
    pub repeats: bool,
    /// Every second page is empty, and not the last.
    pub has_empty_pages: bool,
    /// The old version of every overwritten object is listed as well.
    pub shows_versions: bool,
}

impl Default for Listings {
    fn default() -> Self {
        Self {
            page: 1000,
            is_shuffled: true,
            repeats: true,
            has_empty_pages: false,
            shows_versions: false,
        }
    }
}

/// The fault of a request for one object.
#[derive(Debug, Clone, Copy)]
pub enum Refusal {
    /// Each is refused with this status and error code.
    Always(u16, &'static str),
    /// The answer ends after so many bytes, and a range is ignored: each starts at the first byte.
    CutWithoutRanges(usize),
    /// The first answer ends after so many bytes, and a range is ignored.
    CutOnceWithoutRanges(usize),
}

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<String, Vec<Bytes>>,
    listings: Listings,
    refusals: BTreeMap<String, Refusal>,
    cut: Vec<String>,
    /// The names of each listing that was begun.
    begun: Vec<Vec<Name>>,
    queries: Vec<String>,
}

/// A key with a version, or a folder.
#[derive(Debug, Clone)]
enum Name {
    Object(String, usize),
    Folder(String),
}

type Body = UnsyncBoxBody<Bytes, std::io::Error>;
type Answer = Response<Body>;

impl OddS3 {
    /// Starts a server of an empty bucket.
    pub fn start(listings: Listings) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State { listings, ..State::default() }));
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let served = state.clone();
        std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    () = serve(TcpListener::from_std(listener).unwrap(), served) => {}
                }
            });
        });
        Self { endpoint, state, _stop: stop }
    }

    /// Writes an object, with its whole key.
    pub fn put(&self, key: &str, body: impl Into<Bytes>) {
        self.state().objects.entry(key.to_owned()).or_default().push(body.into());
    }

    /// Removes an object.
    pub fn delete(&self, key: &str) {
        self.state().objects.remove(key);
    }

    /// Lets requests for one object fail; with an empty key, all listings.
    pub fn refuse(&self, key: &str, refusal: Refusal) {
        self.state().refusals.insert(key.to_owned(), refusal);
    }

    /// Ends the failures of one object.
    pub fn allow(&self, key: &str) {
        self.state().refusals.remove(key);
    }

    /// Returns the keys that are there.
    pub fn keys(&self) -> Vec<String> {
        self.state().objects.keys().cloned().collect()
    }

    /// Returns the queries of all listings so far.
    pub fn queries(&self) -> Vec<String> {
        self.state().queries.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(listener: TcpListener, state: Arc<Mutex<State>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let state = state.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| answer(state.clone(), request));
            drop(
                server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await,
            );
        });
    }
}

async fn answer(
    state: Arc<Mutex<State>>,
    request: Request<Incoming>,
) -> Result<Answer, std::io::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
    let path = percent_decode_str(head.uri.path()).decode_utf8_lossy().into_owned();
    let key = path.trim_start_matches('/').split_once('/').map_or("", |(_, key)| key).to_owned();
    let mut state = lock(&state);
    if key.is_empty() {
        if let Some(Refusal::Always(status, code)) = state.refusals.get("") {
            return Ok(error(*status, code));
        }
        return Ok(state.list(head.uri.query().unwrap_or_default()));
    }
    match head.method {
        Method::GET => {
            state.get(&key, head.headers.get("range").and_then(|range| range.to_str().ok()))
        }
        Method::PUT => {
            if let Some(Refusal::Always(status, code)) = state.refusals.get(&key) {
                return Ok(error(*status, code));
            }
            state.objects.insert(key, vec![body]);
            Ok(status(StatusCode::OK, ""))
        }
        _ => {
            state.objects.remove(&key);
            Ok(status(StatusCode::NO_CONTENT, ""))
        }
    }
}

impl State {
    /// An error ends the connection after what was sent.
    fn get(&mut self, key: &str, range: Option<&str>) -> Result<Answer, std::io::Error> {
        let Some(body) = self.objects.get(key).and_then(|versions| versions.last()).cloned() else {
            return Ok(error(404, "NoSuchKey"));
        };
        let cut = match self.refusals.get(key) {
            Some(Refusal::Always(status, code)) => return Ok(error(*status, code)),
            Some(Refusal::CutWithoutRanges(bytes)) => Some(*bytes),
            Some(Refusal::CutOnceWithoutRanges(bytes)) => {
                let is_first = !self.cut.iter().any(|cut| cut == key);
                self.cut.push(key.to_owned());
                Some(if is_first { *bytes } else { body.len() })
            }
            None => None,
        };
        let etag = format!("\"{}\"", self.objects[key].len());
        let mut answer = Response::builder().header("etag", etag);
        let from: Option<usize> =
            range.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
        let body = match (cut, from) {
            (Some(bytes), _) if bytes < body.len() => {
                answer = answer.header("content-length", body.len());
                cut_body(body.slice(..bytes))
            }
            (None, Some(from)) => {
                let range = format!("bytes {from}-{}/{}", body.len() - 1, body.len());
                answer = answer.status(206).header("content-range", range);
                whole(body.slice(from..))
            }
            _ => whole(body),
        };
        answer.body(body).map_err(std::io::Error::other)
    }

    fn list(&mut self, query: &str) -> Answer {
        self.queries.push(query.to_owned());
        let parameter = |name: &str| {
            let pair = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            pair.map(|value| percent_decode_str(value).decode_utf8_lossy().into_owned())
        };
        let (listing, from) = match parameter("continuation-token") {
            Some(token) => {
                let (listing, from) = token.split_once('-').unwrap();
                (listing.parse().unwrap(), from.parse().unwrap())
            }
            None => {
                let prefix = parameter("prefix").unwrap_or_default();
                let names =
                    self.names(&prefix, parameter("delimiter").is_some(), parameter("start-after"));
                self.begun.push(names);
                (self.begun.len() - 1, 0)
            }
        };
        let names = &self.begun[listing];
        // An odd position stands for the empty page before it.
        let is_empty_page = self.listings.has_empty_pages && from % 2 == 0;
        let start: usize = from / 2 * self.listings.page;
        let end = if is_empty_page { start } else { (start + self.listings.page).min(names.len()) };
        let next = if self.listings.has_empty_pages { from + 1 } else { from + 2 };
        let is_last = !is_empty_page && end == names.len();
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let mut xml = String::from(
            "<?xml version=\"1.0\"?><ListBucketResult><EncodingType>url</EncodingType>",
        );
        for name in &names[start.min(end)..end] {
            xml.push_str(&match name {
                Name::Object(key, version) => format!(
                    "<Contents><Key>{}</Key><Size>{}</Size><ETag>\"{version}\"</ETag>\
                     <LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>",
                    encoded(key),
                    self.objects
                        .get(key)
                        .and_then(|versions| versions.get(version - 1))
                        .map_or(0, Bytes::len)
                ),
                Name::Folder(prefix) => {
                    format!("<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>", encoded(prefix))
                }
            });
        }
        xml.push_str(&format!("<IsTruncated>{}</IsTruncated>", !is_last));
        if !is_last {
            xml.push_str(&format!(
                "<NextContinuationToken>{listing}-{next}</NextContinuationToken>"
            ));
        }
        xml.push_str("</ListBucketResult>");
        status(StatusCode::OK, &xml)
    }

    fn names(&self, prefix: &str, has_delimiter: bool, after: Option<String>) -> Vec<Name> {
        let mut names: Vec<Name> = Vec::new();
        for (key, versions) in &self.objects {
            if !key.starts_with(prefix) || after.as_ref().is_some_and(|after| key <= after) {
                continue;
            }
            let folder = key[prefix.len()..].find('/').filter(|_| has_delimiter);
            match folder {
                Some(end) => names.push(Name::Folder(key[..prefix.len() + end + 1].to_owned())),
                None => {
                    let newest = versions.len();
                    let oldest = if self.listings.shows_versions { 1 } else { newest };
                    names.extend(
                        (oldest..=newest).map(|version| Name::Object(key.clone(), version)),
                    );
                }
            }
        }
        // Folders come once for each key in them, where names are repeated.
        if !self.listings.repeats {
            names.dedup_by(|a, b| matches!((a, b), (Name::Folder(a), Name::Folder(b)) if a == b));
        } else {
            let again: Vec<Name> = names.iter().step_by(3).cloned().collect();
            names.extend(again);
        }
        if self.listings.is_shuffled {
            let mut seed = self.begun.len() as u64 + 1;
            for index in (1..names.len()).rev() {
                seed = seed
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                names.swap(index, (seed >> 33) as usize % (index + 1));
            }
        }
        names
    }
}

fn error(code: u16, name: &str) -> Answer {
    let body = format!(
        "<?xml version=\"1.0\"?><Error><Code>{name}</Code><Message>{name}</Message></Error>"
    );
    status(StatusCode::from_u16(code).unwrap(), &body)
}

fn status(status: StatusCode, body: &str) -> Answer {
    let mut answer = Response::new(whole(Bytes::from(body.to_owned())));
    *answer.status_mut() = status;
    answer
}

fn whole(body: Bytes) -> Body {
    Full::new(body).map_err(|never| match never {}).boxed_unsync()
}

/// The body, and then the end of the connection.
fn cut_body(body: Bytes) -> Body {
    let end = async {
        // What is not written by now is thrown away.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        Err(std::io::Error::other("the body is cut here"))
    };
    let frames = stream::once(async { Ok(Frame::data(body)) }).chain(stream::once(end));
    StreamBody::new(frames).boxed_unsync()
}
