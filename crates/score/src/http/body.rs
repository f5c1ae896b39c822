use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Problem;

/// The bytes of request bodies that may be in memory at once, over all connections.
pub(crate) struct BodyBytes(Arc<Semaphore>);

/// The answer if the service has as much to do as it may.
pub(super) fn busy() -> Problem {
    Problem::unavailable("too many calls at once; see --max-in-flight", 1)
}

impl BodyBytes {
    /// Room for `calls` bodies of the longest kind.
    pub(crate) fn new(calls: u32, max_body_bytes: u32) -> Self {
        let bytes = (calls as usize).saturating_mul(max_body_bytes as usize);
        Self(Arc::new(Semaphore::new(bytes.min(Semaphore::MAX_PERMITS))))
    }

    /// Reads a whole body. Its bytes count as held until the second value is dropped.
    ///
    /// # Errors
    ///
    /// The answer to a body that is longer than `max_bytes`, that breaks off, or for which there is
    /// no room.
    pub(super) async fn read(
        &self,
        mut body: Body,
        headers: &HeaderMap,
        max_bytes: usize,
    ) -> Result<(Bytes, Option<OwnedSemaphorePermit>), Problem> {
        let told = headers
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        if told.is_some_and(|length| length > max_bytes) {
            return Err(too_long(max_bytes));
        }
        let mut bytes = BytesMut::new();
        let mut held: Option<OwnedSemaphorePermit> = None;
        while let Some(frame) = body.frame().await {
            let broken = |_| Problem::new(StatusCode::BAD_REQUEST, "the body is incomplete");
            let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
            if bytes.len() + data.len() > max_bytes {
                return Err(too_long(max_bytes));
            }
            // A body is at most 15 MiB.
            let permits = self.0.clone().try_acquire_many_owned(data.len() as u32);
            let permits = permits.map_err(|_| busy())?;
            match &mut held {
                Some(held) => held.merge(permits),
                None => held = Some(permits),
            }
            bytes.extend_from_slice(&data);
        }
        Ok((bytes.freeze(), held))
    }
}

fn too_long(max_bytes: usize) -> Problem {
    let detail = format!("the body is longer than {max_bytes} bytes; send fewer rows at once");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
}
