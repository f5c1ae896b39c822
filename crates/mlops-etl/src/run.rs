use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use mlops_core::etl::{EtlStore, Unreadable, Watermark};
use mlops_core::ports::{StoreError, StoreErrorKind};
use mlops_core::timestamp::to_sql_text;
use tokio::sync::{Semaphore, mpsc};

use crate::batcher::{Batcher, Written};
use crate::engine::Engine;
use crate::lease::Acquired;
use crate::object::Readers;
use crate::passes::Passed;
use crate::report::{LeftOut, Outliers, Partitions, RunReport};
use crate::unreadable::{UnreadableObjects, counted, shown};

/// Messages that wait between reading and writing.
const WAITING: usize = 16;

/// The time in which a run ends once it is asked to stop, whatever the servers do.
pub(crate) const GRACE: Duration = Duration::from_secs(7);

impl<S: EtlStore + 'static> Engine<S> {
    /// Loads what is new. A second run finds nothing to do and only lists; a run beside another
    /// leaves it to that.
    ///
    /// # Errors
    ///
    /// The first failure of a store that is not mended by trying again. What was committed until
    /// then stays, and the next run goes on from there.
    pub(crate) async fn run(self: Arc<Self>) -> Result<RunReport, StoreError> {
        let started = Instant::now();
        let at_deadline = async {
            match self.deadline {
                Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
                None => std::future::pending().await,
            }
            tracing::info!("the deadline has come; committing what is in flight");
            self.stop.cancel();
            std::future::pending::<StoreError>().await
        };
        let result = tokio::select! {
            result = self.load_alone() => result,
            never = at_deadline => Err(never),
            silent = self.stopped_without_end() => Err(silent),
        };
        match result {
            Ok(Loading::Done(loaded)) => {
                self.release().await;
                Ok(self.report(*loaded, started.elapsed()))
            }
            Ok(Loading::LeftTo(owner)) => Ok(RunReport::left_to(owner)),
            Err(error) => {
                self.release().await;
                Err(error)
            }
        }
    }

    /// Loads what is new while it holds the lease.
    async fn load_alone(self: &Arc<Self>) -> Result<Loading, StoreError> {
        let lease = match self.acquire().await? {
            Acquired::Mine(lease) => lease,
            Acquired::Held(lease) => return Ok(Loading::LeftTo(lease.owner)),
        };
        tracing::info!(logs.location = %self.logs_location, pipeline.name = self.pipeline, "loading");
        tokio::select! {
            result = self.load() => result.map(|loaded| Loading::Done(Box::new(loaded))),
            lost = self.hold(lease) => Err(lost),
        }
    }

    /// Ends when the run was asked to stop and could not within the grace period: a server is
    /// silent. What was committed by then stays.
    async fn stopped_without_end(&self) -> StoreError {
        self.stop.cancelled().await;
        tokio::time::sleep(GRACE).await;
        let seconds = GRACE.as_secs();
        silent(&format!("the run could not end within {seconds} s: a server does not answer"))
    }

    async fn load(self: &Arc<Self>) -> Result<Loaded, StoreError> {
        let old = self.retry.run(async || self.store.watermark(&self.pipeline).await).await?;
        let known = self.retry.run(async || self.store.unreadable(&self.pipeline).await).await?;
        let unreadable = Arc::new(UnreadableObjects::new(known, self.started));
        unreadable.forget(|key| self.filter.leaves_out(key));
        let watermark = old.clone().unwrap_or_default();
        let audit = self.is_audit().await?;
        let (sender, receiver) = mpsc::channel(WAITING);
        let bar = self.progress.start("objects", Some(0));
        let permits = Arc::new(Semaphore::new(self.args.concurrency.into()));
        let readers = Readers { permits, sender, bar: bar.clone(), unreadable: unreadable.clone() };
        let reading = async {
            let passed = self.pass_all(&watermark, audit, &readers).await;
            drop(readers);
            passed
        };
        let writing = Batcher::new(self, bar.clone(), unreadable.clone()).run(receiver);
        let (mut passed, written) = tokio::try_join!(reading, writing)?;
        bar.finish_and_clear();
        if !self.stop.is_cancelled() {
            self.warn_of_nothing(&passed);
        }
        // The dead letters of a conflict may have failed after the partition was read.
        passed.settled.retain(|settled| !unreadable.has_failed_in(&settled.claim.id));
        self.retry.run(async || self.store.settle(&self.pipeline, &passed.settled).await).await?;
        let still_unreadable = self.enter_unreadable(&unreadable).await?;
        let blocked = still_unreadable.iter().map(|object| object.partition.clone()).collect();

        let is_done = !self.stop.is_cancelled();
        let audited = audit && is_done && self.args.prefix.is_empty();
        if audited {
            let shard = self.shard.to_string();
            let note = async || self.store.note_audit(&self.pipeline, &shard, self.started).await;
            self.retry.run(note).await?;
        }
        let moves = written.totals.objects > 0
            || passed.settled.iter().any(|settled| settled.seal)
            || passed.past_folders != watermark.past_folders
            || audit;
        let watermark = match moves || old.is_none() {
            true => {
                // What was passed over is known only if every folder was listed.
                let past_folders =
                    if is_done { passed.past_folders } else { watermark.past_folders };
                self.move_watermark(passed.newest_span, past_folders, audited, &blocked).await?
            }
            false => watermark,
        };
        Ok(Loaded {
            written,
            partitions: passed.partitions,
            watermark,
            unreadable: still_unreadable,
            left_out: passed.left_out,
        })
    }

    /// Warns where the arguments leave nothing to load.
    fn warn_of_nothing(&self, passed: &Passed) {
        let Passed { partitions, listed, left_out, .. } = passed;
        let location = &self.logs_location;
        if !left_out.is_empty() && *listed == 0 && partitions.passed_over == 0 {
            tracing::warn!(logs.location = %location, "everything is left out ({left_out}); check --include and --exclude");
        } else if left_out.is_empty() && *partitions == Partitions::default() {
            tracing::warn!(logs.location = %location, "no objects found; check --logs and --prefix");
        }
    }

    /// Writes down which objects could not be read, and returns all that still cannot be.
    async fn enter_unreadable(
        &self,
        unreadable: &UnreadableObjects,
    ) -> Result<Vec<Unreadable>, StoreError> {
        let (failed, removed) = unreadable.changed();
        let (store, pipeline) = (&self.store, &self.pipeline);
        self.retry.run(async || store.put_unreadable(pipeline, &failed).await).await?;
        self.retry.run(async || store.remove_unreadable(pipeline, &removed).await).await?;
        self.unreadable().await
    }

    fn report(&self, loaded: Loaded, took: Duration) -> RunReport {
        let Loaded { written, partitions, watermark, unreadable, left_out } = loaded;
        let counted = counted(&unreadable);
        let newest = watermark.totals.newest.max(written.totals.newest);
        let bad = written.totals.bad + written.conflicts;
        RunReport {
            objects: written.totals.objects,
            records: written.loaded
                + written.already_there
                + written.conflicts
                + written.totals.bad,
            loaded: written.loaded,
            already_there: written.already_there,
            bad,
            conflicts: written.conflicts,
            bytes: written.totals.bytes,
            seconds: took.as_secs_f64(),
            watermark: newest.map(to_sql_text),
            lag_seconds: newest.map(|newest| self.started.duration_since(newest).as_secs_f64()),
            partitions,
            dead_letters: (bad > 0).then(|| self.dead_letters_location.to_string()),
            lease_held_by: None,
            stopped_early: self.stop.is_cancelled(),
            unreadable: counted.len() as u64,
            unreadable_objects: shown(&counted),
            outliers: Outliers {
                future: self.outliers.future.load(Ordering::Relaxed),
                past: self.outliers.past.load(Ordering::Relaxed),
            },
            left_out,
            max_bad_ratio: self.args.max_bad_ratio,
            max_unreadable: self.args.max_unreadable,
        }
    }
}

/// Returns the error of a run that a silent server kept from its end.
pub(crate) fn silent(what: &str) -> StoreError {
    let message = format!("{what}; check the database and the logs, and run again");
    StoreError::new(StoreErrorKind::Temporary, message)
}

/// How loading ended.
enum Loading {
    Done(Box<Loaded>),
    /// Another run, with this name, is at work.
    LeftTo(String),
}

/// The result of a run.
struct Loaded {
    written: Written,
    partitions: Partitions,
    watermark: Watermark,
    /// All objects that still cannot be read.
    unreadable: Vec<Unreadable>,
    left_out: LeftOut,
}
