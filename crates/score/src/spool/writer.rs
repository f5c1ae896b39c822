use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

use super::frames::{Frames, MAGIC};
use super::policy::SpoolPolicy;
use super::segment::{Segment, file_name};
use super::state::{SpoolError, SpoolState};

/// Calls that wait at the same moment are written together, up to so many bytes.
const GROUP_BYTES: usize = 4 << 20;

/// Without `--durable`, what was written is on the disk after this time.
const SYNC_EVERY: Duration = Duration::from_millis(500);

/// Files that may wait to be brought to the disk.
const WAITING_FILES: usize = 16;

/// The records of one call, and who waits for them.
pub(super) struct Write {
    pub(super) frames: Frames,
    pub(super) done: oneshot::Sender<Result<(), SpoolError>>,
}

/// Writes segments, in a thread of its own.
pub(super) struct Writer {
    policy: SpoolPolicy,
    sinks: Vec<UnboundedSender<Arc<Segment>>>,
    state: Arc<SpoolState>,
    /// Tells this process's segments from those of every other.
    instance: String,
    number: u64,
    open: Option<Open>,
    /// Brings files to the disk beside this thread.
    syncing: SyncSender<Arc<File>>,
    group: Vec<u8>,
}

/// The segment that is written to.
struct Open {
    path: PathBuf,
    file: Arc<File>,
    hour: i64,
    bytes: u64,
    opened: Instant,
    unsynced_since: Option<Instant>,
}

impl Writer {
    pub(super) fn new(
        policy: SpoolPolicy,
        sinks: Vec<UnboundedSender<Arc<Segment>>>,
        state: Arc<SpoolState>,
    ) -> Self {
        let instance = uuid::Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, 0, 0))
            .simple()
            .to_string();
        // The last twelve digits of it are random.
        let instance = instance[20..].to_owned();
        let (syncing, files) = sync_channel::<Arc<File>>(WAITING_FILES);
        // Ends with the writer, whose end of the channel it is.
        let spawned = std::thread::Builder::new().name("spool-sync".to_owned()).spawn(move || {
            for file in files {
                if let Err(error) = file.sync_data() {
                    tracing::error!("logged records may not be on the disk: {error}");
                }
            }
        });
        if let Err(error) = spawned {
            tracing::error!(
                "cannot start the thread that syncs the spool; the system writes it to disk later: {error}"
            );
        }
        Self { policy, sinks, state, instance, number: 0, open: None, syncing, group: Vec::new() }
    }

    /// Writes until all senders are closed, then closes the last segment.
    pub(super) fn run(mut self, writes: &Receiver<Write>) {
        loop {
            let first = match self.next_chore() {
                None => writes.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(wait) => writes.recv_timeout(wait),
            };
            match first {
                Ok(first) => {
                    let mut bytes = first.frames.bytes.len();
                    let mut group = vec![first];
                    while bytes < GROUP_BYTES
                        && let Ok(next) = writes.try_recv()
                    {
                        bytes += next.frames.bytes.len();
                        group.push(next);
                    }
                    self.write(group);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.do_chores();
        }
        self.close();
    }

    /// How long until the open segment is to be closed or brought to the disk.
    fn next_chore(&self) -> Option<Duration> {
        let open = self.open.as_ref()?;
        let close = self.policy.segment_age.saturating_sub(open.opened.elapsed());
        let sync = open.unsynced_since.map(|since| SYNC_EVERY.saturating_sub(since.elapsed()));
        Some(sync.map_or(close, |sync| sync.min(close)))
    }

    fn do_chores(&mut self) {
        let Some(open) = &mut self.open else { return };
        if open.opened.elapsed() >= self.policy.segment_age {
            return self.close();
        }
        if open.unsynced_since.is_some_and(|since| since.elapsed() >= SYNC_EVERY) {
            // Where the thread is still busy with the last time, the next chore is due at once; it
            // is the disk that is slow.
            open.unsynced_since =
                self.syncing.try_send(open.file.clone()).is_err().then(Instant::now);
        }
    }

    /// Writes what calls wait for, hour by hour, and tells each of them.
    fn write(&mut self, mut group: Vec<Write>) {
        while !group.is_empty() {
            let time = group[0].frames.time;
            let hour = hour_of(time);
            let others = group
                .iter()
                .position(|write| hour_of(write.frames.time) != hour)
                .unwrap_or(group.len());
            let rest = group.split_off(others);
            let result = self.append(&group, time);
            match &result {
                Ok(()) => self.state.succeeded(),
                Err(error) => self.state.failed(error),
            }
            for write in group {
                // A caller that has left has nobody to tell; its record is logged all the same.
                drop(write.done.send(result.clone()));
            }
            group = rest;
        }
    }

    fn append(&mut self, writes: &[Write], time: Timestamp) -> Result<(), SpoolError> {
        self.group.clear();
        writes.iter().for_each(|write| self.group.extend_from_slice(&write.frames.bytes));
        let bytes = self.group.len() as u64;
        if self.state.bytes.load(Ordering::Relaxed) + bytes > self.policy.max_bytes {
            // What is in the open segment can be sent away only if it is closed.
            self.close();
            return Err(SpoolError::Full);
        }
        let is_done = |open: &Open| {
            open.hour != hour_of(time)
                || open.bytes + bytes > self.policy.segment_bytes.max(bytes + MAGIC.len() as u64)
        };
        if self.open.as_ref().is_some_and(is_done) {
            self.close();
        }
        let disk = |error: io::Error| SpoolError::Disk(error.to_string());
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.begin(time).map_err(disk)?,
        };
        let mut written = (&*open.file).write_all(&self.group);
        if self.policy.durable && written.is_ok() {
            written = open.file.sync_data();
        }
        if let Err(error) = written {
            // What was written of it is cut; should that fail too, it ends the segment for every
            // reader.
            drop(open.file.set_len(open.bytes));
            self.hand_on(open);
            return Err(disk(error));
        }
        open.bytes += bytes;
        self.state.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.state.records.add(writes.iter().map(|write| write.frames.records).sum());
        if !self.policy.durable {
            open.unsynced_since = open.unsynced_since.or_else(|| Some(Instant::now()));
        }
        self.open = Some(open);
        Ok(())
    }

    /// A new segment.
    fn begin(&mut self, time: Timestamp) -> io::Result<Open> {
        self.number += 1;
        let path = self.policy.folder.join(file_name(time, &self.instance, self.number));
        let mut file = File::options().create_new(true).append(true).open(&path)?;
        let begun = file.write_all(MAGIC).and_then(|()| match self.policy.durable {
            true => sync_folder(&self.policy.folder),
            false => Ok(()),
        });
        if let Err(error) = begun {
            drop(fs::remove_file(&path));
            return Err(error);
        }
        let bytes = MAGIC.len() as u64;
        self.state.bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(Open {
            path,
            file: Arc::new(file),
            hour: hour_of(time),
            bytes,
            opened: Instant::now(),
            unsynced_since: None,
        })
    }

    fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        if open.unsynced_since.is_some() {
            // Until it is sent away it has to outlast this machine's fall.
            drop(self.syncing.try_send(open.file.clone()));
        }
        self.hand_on(open);
    }

    /// Gives a segment to the sinks; one without records has nothing to give.
    fn hand_on(&self, open: Open) {
        let Open { path, bytes, .. } = open;
        let wanted_by = AtomicUsize::new(self.sinks.len().max(1));
        let segment = Arc::new(Segment { path, bytes, wanted_by, state: self.state.clone() });
        if bytes == MAGIC.len() as u64 {
            segment.wanted_by.store(1, Ordering::Relaxed);
            segment.sent();
            return;
        }
        // The sinks' tasks end after this thread.
        self.sinks.iter().for_each(|sink| drop(sink.send(segment.clone())));
    }
}

fn hour_of(time: Timestamp) -> i64 {
    time.as_second().div_euclid(3600)
}

/// A file's name is on the disk only when its folder is.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
