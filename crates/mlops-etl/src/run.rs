use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use mlops_core::etl::{EtlStore, PartitionState, Settled, Watermark};
use mlops_core::etl::{Listing, Partition, Scope, TimeSpan};
use mlops_core::ports::StoreError;
use mlops_core::timestamp::to_sql_text;
use tokio::sync::{Semaphore, mpsc};

use crate::batcher::{Batcher, Written};
use crate::engine::Engine;
use crate::lease::Acquired;
use crate::partition::{Known, Pass, Readers};
use crate::report::{Partitions, RunReport};

/// Partitions listed at once.
const PASSES: usize = 16;

/// Partitions that are looked up, registered or claimed in one call.
const AT_ONCE: usize = 500;

/// Messages that wait between reading and writing.
const WAITING: usize = 16;

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
        let lease = match self.acquire().await? {
            Acquired::Mine(lease) => lease,
            Acquired::Held(lease) => return Ok(RunReport::left_to(lease.owner)),
        };
        tracing::info!(logs.location = %self.logs_location, pipeline.name = self.pipeline, "loading");
        let at_deadline = async {
            match self.args.deadline {
                Some(deadline) => tokio::time::sleep(deadline.unsigned_abs()).await,
                None => std::future::pending().await,
            }
            tracing::info!("the deadline has come; committing what is in flight");
            self.stop.cancel();
            std::future::pending::<StoreError>().await
        };
        let result = tokio::select! {
            result = self.load() => result,
            lost = self.hold(lease) => Err(lost),
            never = at_deadline => Err(never),
        };
        self.release().await;
        Ok(self.report(result?, started.elapsed()))
    }

    async fn load(self: &Arc<Self>) -> Result<Loaded, StoreError> {
        let old = self.retry.run(async || self.store.watermark(&self.pipeline).await).await?;
        let watermark = old.clone().unwrap_or_default();
        let audit = self.is_audit(&watermark);
        let (sender, receiver) = mpsc::channel(WAITING);
        let bar = self.progress.start("objects", Some(0));
        let permits = Arc::new(Semaphore::new(self.args.concurrency.into()));
        let readers = Readers { permits, sender, bar: bar.clone() };
        let reading = async {
            let passed = self.pass_all(&watermark, audit, &readers).await;
            drop(readers);
            passed
        };
        let (passed, written) =
            tokio::try_join!(reading, Batcher::new(self, bar.clone()).run(receiver))?;
        bar.finish_and_clear();
        if passed.partitions == Partitions::default() && !self.stop.is_cancelled() {
            tracing::warn!(logs.location = %self.logs_location, "no objects are there; are --logs and --prefix right?");
        }
        self.retry.run(async || self.store.settle(&self.pipeline, &passed.settled).await).await?;

        let is_done = !self.stop.is_cancelled();
        let moves = written.totals.objects > 0
            || passed.settled.iter().any(|settled| settled.seal)
            || passed.past_folders != watermark.past_folders
            || audit;
        let watermark = match moves || old.is_none() {
            true => {
                let audited = audit && is_done && self.args.prefix.is_empty();
                // What was passed over is known only if every folder was come to.
                let past_folders =
                    if is_done { passed.past_folders } else { watermark.past_folders };
                self.move_watermark(passed.newest_span, past_folders, audited).await?
            }
            false => watermark,
        };
        Ok(Loaded { written, partitions: passed.partitions, watermark })
    }

    /// Passes over every partition that is this process's part and may have something new.
    async fn pass_all(
        self: &Arc<Self>,
        watermark: &Watermark,
        audit: bool,
        readers: &Readers,
    ) -> Result<Passed, StoreError> {
        let open =
            self.retry.run(async || self.store.open_partitions(&self.pipeline).await).await?;
        let mut open = by_id(open);
        open.retain(|id, _| id.starts_with(&self.args.prefix));
        let was_split = split_folders(open.keys());
        let mut passed = Passed::default();
        let mut folders = vec![self.args.prefix.clone()];
        // Folders inside a range are seen by one process only, which does all that is in them.
        let mut are_all_mine = false;
        while !folders.is_empty() && !self.stop.is_cancelled() {
            let found = if are_all_mine {
                self.discover(std::mem::take(&mut folders), None, &was_split).await?
            } else {
                folders.clear();
                self.discover_window(watermark, audit, &was_split).await?
            };
            if !are_all_mine {
                passed.past_folders = found.past;
            }
            let is_mine = |id: &str| are_all_mine || self.is_mine(id);
            let mut partitions = found.partitions;
            if !are_all_mine {
                partitions.extend(gone(&mut open, &partitions, &found.split));
            }
            let states = self.states(&partitions, &mut open, is_mine).await?;
            let passes = states.into_iter().map(async |(partition, state)| {
                let pass = self.pass(&partition, state, audit, readers).await?;
                Ok::<_, StoreError>((partition, pass))
            });
            let mut passes = stream::iter(passes).buffer_unordered(PASSES);
            while let Some((partition, (pass, below))) = passes.try_next().await? {
                passed.count(&partition, pass);
                folders.extend(below);
            }
            are_all_mine = true;
        }
        Ok(passed)
    }

    /// The states of those partitions that are this process's part. Partitions that are new become
    /// known, also those that are another's part: the watermark must wait for them, even if that
    /// process never comes to them.
    async fn states(
        &self,
        partitions: &[Partition],
        open: &mut HashMap<String, PartitionState>,
        is_mine: impl Fn(&str) -> bool,
    ) -> Result<Vec<(Partition, Known)>, StoreError> {
        let mut states = Vec::new();
        let mut unseen: Vec<(Partition, String)> = Vec::new();
        for partition in partitions {
            let id = partition.id();
            match open.remove(&id) {
                Some(state) if is_mine(&id) => {
                    states.push((partition.clone(), Known { state, is_claimed: false }))
                }
                Some(_) => {}
                None => unseen.push((partition.clone(), id)),
            }
        }
        for part in unseen.chunks(AT_ONCE) {
            let ids: Vec<String> = part.iter().map(|(_, id)| id.clone()).collect();
            let known =
                self.retry.run(async || self.store.partitions(&self.pipeline, &ids).await).await?;
            let mut known = by_id(known);
            let new: Vec<String> = ids.into_iter().filter(|id| !known.contains_key(id)).collect();
            let mut claimed = HashMap::new();
            if !new.is_empty() {
                self.retry.run(async || self.store.register(&self.pipeline, &new).await).await?;
                let mine: Vec<String> = new.into_iter().filter(|id| is_mine(id)).collect();
                let claim = async || self.store.claim(&self.pipeline, &mine, &self.run_uid).await;
                claimed = by_id(self.retry.run(claim).await?);
            }
            for (partition, id) in part.iter().filter(|(_, id)| is_mine(id)) {
                let is_claimed = claimed.contains_key(id);
                if let Some(state) = claimed.remove(id).or_else(|| known.remove(id)) {
                    states.push((partition.clone(), Known { state, is_claimed }));
                }
            }
        }
        Ok(states)
    }

    fn report(&self, loaded: Loaded, took: Duration) -> RunReport {
        let Loaded { written, partitions, watermark } = loaded;
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
            max_bad_ratio: self.args.max_bad_ratio,
        }
    }
}

fn by_id(states: Vec<PartitionState>) -> HashMap<String, PartitionState> {
    states.into_iter().map(|state| (state.id.clone(), state)).collect()
}

/// What a run has loaded, and how far it has come.
struct Loaded {
    written: Written,
    partitions: Partitions,
    watermark: Watermark,
}

/// What the passes over all partitions came to.
#[derive(Default)]
struct Passed {
    settled: Vec<Settled>,
    partitions: Partitions,
    newest_span: Option<TimeSpan>,
    past_folders: Listing,
}

impl Passed {
    fn count(&mut self, partition: &Partition, pass: Pass) {
        if let Some(span) = partition.span()
            && self.newest_span.is_none_or(|newest| newest.to < span.to)
        {
            self.newest_span = Some(span);
        }
        match pass {
            Pass::Sealed => self.partitions.passed_over += 1,
            Pass::Unchanged(settled) => {
                self.partitions.unchanged += 1;
                if settled.seal {
                    self.partitions.sealed += 1;
                    self.settled.push(settled);
                }
            }
            Pass::Read { settled, is_whole } => {
                self.partitions.read += 1;
                if is_whole {
                    self.settled.push(settled);
                }
            }
        }
    }
}

/// The folders that have a range among these partitions.
fn split_folders<'i>(ids: impl Iterator<Item = &'i String>) -> HashSet<String> {
    let partitions = ids.filter_map(|id| Partition::from_id(id));
    partitions
        .filter(|partition| matches!(partition.scope, Scope::Range(_)))
        .map(|partition| partition.folder)
        .collect()
}

/// Open partitions that were not found again: their folders have gone, and they are settled as
/// empty.
///
/// A folder that is split now has no partition of its own any more; its ranges have all that is in
/// it.
fn gone(
    open: &mut HashMap<String, PartitionState>,
    found: &[Partition],
    split: &HashSet<String>,
) -> Vec<Partition> {
    let found: HashSet<String> = found.iter().map(Partition::id).collect();
    open.retain(|id, _| {
        let partition = Partition::from_id(id);
        !partition.is_some_and(|partition| {
            partition.scope == Scope::Direct && split.contains(&partition.folder)
        })
    });
    let gone =
        open.keys().filter(|id| !found.contains(*id)).filter_map(|id| Partition::from_id(id));
    let mut gone: Vec<Partition> = gone.collect();
    gone.sort_by_key(Partition::id);
    gone
}
