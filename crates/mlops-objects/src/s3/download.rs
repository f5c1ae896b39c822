use std::io;
use std::time::{Duration, Instant};

use aws_smithy_types::byte_stream::ByteStream as Body;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use mlops_core::ports::{ByteStream, StoreError, StoreErrorKind};
use tokio::time::timeout;

use super::bucket::S3;

/// The number of times that a cut body is resumed without a byte in between.
const RESUMES: u32 = 4;

/// How long a server may send nothing, or next to nothing.
const PATIENCE: Duration = Duration::from_secs(40);

/// A slower body is as good as none.
const LEAST_BYTES_PER_SECOND: u64 = 1000;

/// A body that is resumed where it was cut.
pub(super) struct Download {
    store: S3,
    key: String,
    etag: Option<String>,
    offset: u64,
    /// Bytes to drop, from a server that answers with the whole object again.
    repeated: u64,
    resumes_left: u32,
    body: Body,
    pace: Pace,
}

/// The time that was spent waiting for the body, and the bytes that came in it.
#[derive(Default)]
struct Pace {
    waited: Duration,
    bytes: usize,
}

impl Download {
    pub(super) async fn start(store: S3, key: &str) -> Result<ByteStream, StoreError> {
        let opened = store.open(key, 0, None).await?;
        let download = Self {
            store,
            key: key.to_owned(),
            etag: opened.e_tag,
            offset: 0,
            repeated: 0,
            resumes_left: RESUMES,
            body: opened.body,
            pace: Pace::default(),
        };
        Ok(stream::try_unfold(download, |mut download| async move {
            Ok(download.next_in_time().await?.map(|chunk| (chunk, download)))
        })
        .boxed())
    }

    /// Returns the next bytes, unless the server is silent or nearly so.
    async fn next_in_time(&mut self) -> Result<Option<Bytes>, StoreError> {
        let asked = Instant::now();
        let Ok(next) = timeout(PATIENCE, self.next()).await else {
            let why = format!("no byte came for {} s", PATIENCE.as_secs());
            return Err(self.silent(&why));
        };
        let chunk = next?;
        self.pace.waited += asked.elapsed();
        self.pace.bytes += chunk.as_ref().map_or(0, Bytes::len);
        if self.pace.waited > PATIENCE {
            let pace = std::mem::take(&mut self.pace);
            if (pace.bytes as u64) < LEAST_BYTES_PER_SECOND * PATIENCE.as_secs() {
                let why = format!("fewer than {LEAST_BYTES_PER_SECOND} bytes came in a second");
                return Err(self.silent(&why));
            }
        }
        Ok(chunk)
    }

    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        loop {
            match self.body.next().await {
                None if self.repeated > 0 => {
                    return Err(self.failed("it is shorter than before", None));
                }
                None => return Ok(None),
                Some(Ok(mut chunk)) => {
                    let repeated =
                        chunk.len().min(usize::try_from(self.repeated).unwrap_or(usize::MAX));
                    drop(chunk.split_to(repeated));
                    self.repeated -= repeated as u64;
                    if chunk.is_empty() {
                        continue;
                    }
                    self.offset += chunk.len() as u64;
                    self.resumes_left = RESUMES;
                    return Ok(Some(chunk));
                }
                Some(Err(error)) if self.resumes_left == 0 => {
                    let message = format!("the answer was cut at byte {}", self.offset);
                    return Err(self.failed(&message, Some(error.into())));
                }
                Some(Err(error)) => {
                    self.resumes_left -= 1;
                    tracing::debug!(
                        object.key = self.key,
                        offset = self.offset,
                        "resuming a cut answer: {error}"
                    );
                    self.resume().await?;
                }
            }
        }
    }

    /// Asks for the rest. A server that does not know ranges gives the whole object, whose
    /// beginning is then dropped.
    async fn resume(&mut self) -> Result<(), StoreError> {
        let opened = self.store.open(&self.key, self.offset, self.etag.as_deref()).await?;
        if opened.e_tag != self.etag {
            return Err(self.failed("it was replaced while it was read", None));
        }
        let first = format!("bytes {}-", self.offset);
        let is_rest = opened.content_range.is_some_and(|range| range.starts_with(&first));
        self.repeated = if is_rest { 0 } else { self.offset };
        self.body = opened.body;
        Ok(())
    }

    fn silent(&self, why: &str) -> StoreError {
        let cause = io::Error::new(io::ErrorKind::TimedOut, "the endpoint is silent");
        self.failed(&format!("{why}; check the network and try again"), Some(cause.into()))
    }

    fn failed(
        &self,
        why: &str,
        cause: Option<Box<dyn std::error::Error + Send + Sync>>,
    ) -> StoreError {
        let message =
            format!("reading s3://{}/{}: {why}", self.store.bucket, self.store.key(&self.key));
        StoreError { kind: StoreErrorKind::Temporary, message, source: cause }
    }
}
