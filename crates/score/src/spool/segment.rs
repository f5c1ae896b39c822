use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;

use super::frames::Records;
use super::state::SpoolState;

/// The end of a segment's name.
const EXTENSION: &str = "segment";

/// A segment that nothing is added to any more.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    /// Sinks that do not have it yet.
    pub(super) wanted_by: AtomicUsize,
    pub(super) state: Arc<SpoolState>,
}

/// The name of a segment: its hour in UTC, who writes it, and a number. Its objects are named after
/// it.
pub(super) fn file_name(time: Timestamp, instance: &str, number: u64) -> String {
    format!("{}-{instance}-{number:06}.{EXTENSION}", time.strftime("%Y-%m-%dT%H"))
}

impl Segment {
    /// How the keys of its objects begin: `dt=2026-11-25/hh=18/INSTANCE-NUMBER`. The same whenever
    /// it is asked.
    pub(crate) fn key(&self) -> String {
        let name = self.path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let parts = name
            .split_at_checked(10)
            .and_then(|(date, rest)| Some((date, rest.get(1..3)?, rest.get(4..)?)));
        parts.map_or_else(
            || name.to_owned(),
            |(date, hour, rest)| format!("dt={date}/hh={hour}/{rest}"),
        )
    }

    /// Its bytes as they lie on the disk.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub(crate) async fn read(&self) -> io::Result<Contents> {
        let bytes = tokio::fs::read(&self.path).await?;
        Ok(Contents { bytes, path: self.path.clone() })
    }

    /// How many bytes it has.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// A sink has it. The last one's word deletes it.
    pub(crate) fn sent(&self) {
        if self.wanted_by.fetch_sub(1, Ordering::AcqRel) > 1 {
            return;
        }
        if let Err(error) = fs::remove_file(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            let path = self.path.display();
            tracing::error!(
                "the segment {path} is uploaded but cannot be deleted; it is uploaded again after a restart: {error}"
            );
        }
        self.state.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// The content of a segment.
pub(crate) struct Contents {
    bytes: Vec<u8>,
    path: PathBuf,
}

impl Contents {
    /// Its whole records. What is torn at its end was never answered for, and is passed over.
    pub(crate) fn records(&self) -> Vec<&[u8]> {
        let path = self.path.display();
        let Some(mut records) = Records::of(&self.bytes) else {
            if !self.bytes.is_empty() {
                tracing::error!(
                    "{path} is not a segment of a spool; its {} bytes are ignored",
                    self.bytes.len()
                );
            }
            return Vec::new();
        };
        let found: Vec<&[u8]> = records.by_ref().collect();
        let torn = records.rest();
        if torn.iter().any(|byte| *byte != 0) {
            let bytes = torn.len();
            tracing::warn!(
                segment.torn_bytes = bytes,
                "{path} ends in an incomplete record, which is removed"
            );
        }
        found
    }
}

/// The segments of earlier runs, the oldest first.
pub(super) fn left_over(
    folder: &Path,
    sinks: usize,
    state: &Arc<SpoolState>,
) -> io::Result<Vec<Arc<Segment>>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != EXTENSION) {
            continue;
        }
        let bytes = fs::metadata(&path)?.len();
        state.bytes.fetch_add(bytes, Ordering::Relaxed);
        found.push(Arc::new(Segment {
            path,
            bytes,
            wanted_by: AtomicUsize::new(sinks),
            state: state.clone(),
        }));
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}
