use anyhow::{Context as _, Result};
use bytes::Bytes;
use clap::ValueEnum;
use futures_util::{StreamExt, TryStreamExt, stream};
use mlops_core::ports::ObjectStore;
use mlops_objects::{Location, Objects};

use crate::spool::Segment;

/// Objects that are written at once.
const AT_ONCE: usize = 64;

/// How records become objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ObjectLayout {
    /// Many records an object, one a line.
    Batch,
    /// One object a request.
    Single,
}

/// A bucket or a folder.
pub(crate) struct ObjectsSink {
    location: Location,
    store: Objects,
    layout: ObjectLayout,
}

impl ObjectsSink {
    pub(crate) async fn open(location: &Location, layout: ObjectLayout) -> Self {
        Self { location: location.clone(), store: Objects::open(location).await, layout }
    }

    /// Keys are derived from the segment and the record's index: a second upload replaces the first.
    pub(super) async fn send(&self, segment: &Segment, records: &[&[u8]]) -> Result<()> {
        let key = segment.key();
        let failed = || format!("writing the log to {}", self.location);
        match self.layout {
            ObjectLayout::Batch if records.is_empty() => Ok(()),
            ObjectLayout::Batch => {
                let mut lines = records.join(&b'\n');
                lines.push(b'\n');
                self.store.put(&format!("{key}.ndjson"), lines.into()).await.with_context(failed)
            }
            ObjectLayout::Single => {
                let put = |(index, record): (usize, &&[u8])| {
                    let (key, body) =
                        (format!("{key}-{index:06}.json"), Bytes::copy_from_slice(record));
                    async move { self.store.put(&key, body).await }
                };
                let puts =
                    stream::iter(records.iter().enumerate().map(put)).buffer_unordered(AT_ONCE);
                puts.try_collect::<()>().await.with_context(failed)
            }
        }
    }
}
