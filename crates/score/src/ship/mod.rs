//! From the spool to where the log is kept.

mod database;
mod objects;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;

use crate::metrics::Counter;
use crate::spool::Segment;

pub(crate) use database::DatabaseSink;
pub(crate) use objects::{ObjectLayout, ObjectsSink};

/// Between two attempts, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const PAUSES: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(FIRST_PAUSE)
    .with_max_delay(LONGEST_PAUSE)
    .without_max_times();

/// The destination of records.
pub(crate) enum Sink {
    Objects(ObjectsSink),
    Database(Box<DatabaseSink>),
}

/// How a sink is doing, for those who ask.
#[derive(Debug)]
pub(crate) struct SinkState {
    /// `objects` or `database`.
    pub(crate) name: &'static str,
    /// The records it has taken.
    pub(crate) records: Counter,
    pub(crate) failures: Counter,
    /// Bytes of closed segments that it does not have yet.
    waiting_bytes: AtomicU64,
    /// Whether the last attempt failed.
    is_failing: AtomicBool,
}

/// A sink with its queue.
pub(crate) struct Shipper {
    sink: Sink,
    queue: UnboundedReceiver<Arc<Segment>>,
    pub(crate) state: Arc<SinkState>,
}

impl Shipper {
    /// A sink, and where segments for it are sent to.
    pub(crate) fn new(sink: Sink) -> (UnboundedSender<Arc<Segment>>, Self) {
        let (sender, queue) = unbounded_channel();
        let name = match &sink {
            Sink::Objects(_) => "objects",
            Sink::Database(_) => "database",
        };
        let state = SinkState {
            name,
            records: Counter::default(),
            failures: Counter::default(),
            waiting_bytes: AtomicU64::new(0),
            is_failing: AtomicBool::new(false),
        };
        (sender, Self { sink, queue, state: Arc::new(state) })
    }

    /// Sends segment after segment, each until it is taken, and ends after the last one. Once
    /// `draining` it does not wait long.
    pub(crate) async fn run(mut self, draining: CancellationToken) {
        let (counted, queue) = unbounded_channel();
        let state = self.state.clone();
        // Counts what waits, also while one segment is tried again and again.
        let counting = async move {
            while let Some(segment) = self.queue.recv().await {
                state.waiting_bytes.fetch_add(segment.bytes(), Ordering::Relaxed);
                drop(counted.send(segment));
            }
        };
        tokio::join!(counting, send_all(&mut self.sink, queue, &self.state, &draining));
    }
}

async fn send_all(
    sink: &mut Sink,
    mut queue: UnboundedReceiver<Arc<Segment>>,
    state: &SinkState,
    draining: &CancellationToken,
) {
    while let Some(segment) = queue.recv().await {
        let mut pauses = PAUSES.build();
        loop {
            let error = match sink.send(&segment).await {
                Ok(records) => {
                    state.records.add(records);
                    break;
                }
                Err(error) => error,
            };
            state.failures.add(1);
            if !state.is_failing.swap(true, Ordering::Relaxed) {
                let error = format!("{error:#}");
                tracing::warn!(
                    log.sink = state.name,
                    error,
                    "the log cannot be uploaded; records stay in the spool"
                );
            }
            if draining.is_cancelled() {
                tokio::time::sleep(FIRST_PAUSE).await;
                continue;
            }
            tokio::select! {
                () = tokio::time::sleep(pauses.next().unwrap_or(LONGEST_PAUSE)) => {}
                () = draining.cancelled() => {}
            }
        }
        if state.is_failing.swap(false, Ordering::Relaxed) {
            tracing::info!(log.sink = state.name, "the upload of the log works again");
        }
        state.waiting_bytes.fetch_sub(segment.bytes(), Ordering::Relaxed);
        segment.sent();
    }
}

impl Sink {
    /// Sends a segment whole; a second time changes nothing.
    async fn send(&mut self, segment: &Segment) -> Result<u64> {
        let contents = match segment.read().await {
            Ok(contents) => contents,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                tracing::error!(
                    "the segment {} was deleted before it was sent; its records are lost",
                    segment.key()
                );
                return Ok(0);
            }
            Err(error) => return Err(error.into()),
        };
        let records = contents.records();
        match self {
            Self::Objects(sink) => sink.send(segment, &records).await?,
            Self::Database(sink) => sink.send(&records).await?,
        }
        Ok(records.len() as u64)
    }
}

impl SinkState {
    /// Whether the last attempt failed, so that the log waits in the spool.
    pub(crate) fn is_spooling(&self) -> bool {
        self.is_failing.load(Ordering::Relaxed)
    }

    pub(crate) fn waiting_bytes(&self) -> u64 {
        self.waiting_bytes.load(Ordering::Relaxed)
    }
}
