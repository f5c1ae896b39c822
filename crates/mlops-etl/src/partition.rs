use std::collections::HashSet;
use std::sync::Arc;

use futures_util::stream::{BoxStream, StreamExt, TryStreamExt};
use indicatif::ProgressBar;
use mlops_core::etl::{Claim, EtlStore, PartitionState, Settled};
use mlops_core::etl::{Listing, ObjectId, Partition, Scope};
use mlops_core::ports::NameRange;
use mlops_core::ports::{Entry, ObjectMeta, ObjectStore, StoreError};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use crate::engine::{Engine, before};
use crate::object::{Message, Read};

/// A larger object counts for several: it takes more memory to read.
const BYTES_A_PERMIT: u64 = 16 << 10;
const MOST_PERMITS: u64 = 8;

/// What compressed objects may grow to, as far as memory goes.
const EXPANSION: u64 = 10;

/// What the passes over partitions share.
#[derive(Clone)]
pub(crate) struct Readers {
    pub(crate) permits: Arc<Semaphore>,
    pub(crate) sender: mpsc::Sender<Message>,
    pub(crate) bar: ProgressBar,
}

/// What a pass over a partition came to.
#[derive(Debug)]
pub(crate) enum Pass {
    /// Nothing has changed since nothing was left to do.
    Unchanged(Settled),
    /// New objects were read; in a whole pass, all that are listed.
    Read { settled: Settled, is_whole: bool },
    /// It is sealed.
    Sealed,
}

/// A partition's state, and whether this run has claimed it already.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) state: PartitionState,
    pub(crate) is_claimed: bool,
}

impl<S: EtlStore + 'static> Engine<S> {
    /// Reads what is listed in a partition and not in its ledger. Also gives the folders that a
    /// range shows.
    pub(crate) async fn pass(
        self: &Arc<Self>,
        partition: &Partition,
        known: Known,
        audit: bool,
        readers: &Readers,
    ) -> Result<(Pass, Vec<String>), StoreError> {
        let mut folders = Vec::new();
        if known.state.sealed && !audit {
            return Ok((Pass::Sealed, folders));
        }
        let id = partition.id();
        if let Some(listed) = known.state.listing {
            let listing = self.survey(partition, &mut folders).await?;
            let is_same = listing == listed;
            if self.stop.is_cancelled() || (is_same && known.state.sealed) {
                return Ok((Pass::Sealed, folders));
            }
            if is_same {
                let claim = Claim { id, fence: known.state.fence };
                return Ok((
                    Pass::Unchanged(Settled { claim, listing, seal: self.is_past(partition) }),
                    folders,
                ));
            }
            if known.state.sealed {
                tracing::warn!(
                    partition.id = id,
                    "a sealed partition has changed; loading it again"
                );
                self.retry.run(async || self.store.reopen(&self.pipeline, &id).await).await?;
            }
        }
        let state = if known.is_claimed {
            known.state
        } else {
            let ids = [id.clone()];
            let claim = async || self.store.claim(&self.pipeline, &ids, &self.run_uid).await;
            let Some(state) = self.retry.run(claim).await?.pop() else {
                return Ok((Pass::Sealed, folders));
            };
            state
        };
        // The first claim finds nothing loaded.
        let ledger = if state.fence > 1 { self.loaded(&state).await? } else { HashSet::new() };
        let claim = Claim { id, fence: state.fence };
        let (listing, is_whole) =
            self.read_new(partition, &ledger, &claim, &mut folders, readers).await?;
        Ok((Pass::Read { settled: Settled { claim, listing, seal: false }, is_whole }, folders))
    }

    /// The ledger of a partition.
    pub(crate) async fn loaded(
        &self,
        state: &PartitionState,
    ) -> Result<HashSet<ObjectId>, StoreError> {
        let ledger =
            self.retry.run(async || self.store.ledger(&self.pipeline, &state.id).await).await?;
        Ok(ledger.into_iter().collect())
    }

    async fn read_new(
        self: &Arc<Self>,
        partition: &Partition,
        ledger: &HashSet<ObjectId>,
        claim: &Claim,
        folders: &mut Vec<String>,
        readers: &Readers,
    ) -> Result<(Listing, bool), StoreError> {
        let newest = before(self.started, self.args.settle).filter(|_| !self.args.settle.is_zero());
        let mut listing = Listing::default();
        let mut is_whole = true;
        let mut reading: JoinSet<Result<Read, StoreError>> = JoinSet::new();
        self.walk(partition, async |entry| {
            let object = match entry {
                Entry::Object(object) => object,
                Entry::Folder(folder) => {
                    folders.push(folder);
                    return Ok(());
                }
            };
            if newest.is_some_and(|newest| object.last_modified > newest) {
                is_whole = false;
                return Ok(());
            }
            let id = ObjectId::of(&object);
            listing.add(&object, id);
            if ledger.contains(&id) {
                return Ok(());
            }
            readers.bar.inc_length(1);
            let wanted = permits(&object).min(self.args.concurrency.into());
            let permits = readers.permits.clone().acquire_many_owned(wanted);
            let permits = permits.await.expect("the semaphore is never closed");
            let (engine, claim, sender) = (self.clone(), claim.clone(), readers.sender.clone());
            reading.spawn(async move {
                let read = engine.read(&object, claim, &sender).await;
                drop(permits);
                read
            });
            while let Some(ended) = reading.try_join_next() {
                is_whole &= whole(ended)?;
            }
            Ok(())
        })
        .await?;
        while let Some(ended) = reading.join_next().await {
            is_whole &= whole(ended)?;
        }
        Ok((listing, is_whole && !self.stop.is_cancelled()))
    }

    /// What is listed in a partition.
    pub(crate) async fn survey(
        &self,
        partition: &Partition,
        folders: &mut Vec<String>,
    ) -> Result<Listing, StoreError> {
        let mut listing = Listing::default();
        self.walk(partition, async |entry| {
            match entry {
                Entry::Object(object) => listing.add(&object, ObjectId::of(&object)),
                Entry::Folder(folder) => folders.push(folder),
            }
            Ok(())
        })
        .await?;
        Ok(listing)
    }

    /// Gives the objects of a partition, and the folders in the range of one, in the order of their
    /// names, each once.
    ///
    /// Ends early when the job is to stop.
    pub(crate) async fn walk(
        &self,
        partition: &Partition,
        mut take: impl AsyncFnMut(Entry) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut last = String::new();
        self.logs_retry
            .run(async || {
                let mut entries = self.entries(partition);
                while let Some(entry) = entries.try_next().await? {
                    if self.stop.is_cancelled() {
                        return Ok(());
                    }
                    let name = match &entry {
                        Entry::Object(object) => &object.key,
                        Entry::Folder(folder) => folder,
                    };
                    // Seen before the listing failed and began again.
                    if *name <= last {
                        continue;
                    }
                    last.clone_from(name);
                    take(entry).await?;
                }
                Ok(())
            })
            .await
    }

    fn entries(&self, partition: &Partition) -> BoxStream<'_, Result<Entry, StoreError>> {
        match partition.scope {
            Scope::Below => self.logs.list(&partition.folder).map_ok(Entry::Object).boxed(),
            Scope::Direct => {
                let entries = self.logs.browse(&partition.folder, NameRange::default());
                entries
                    .try_filter(|entry| std::future::ready(matches!(entry, Entry::Object(_))))
                    .boxed()
            }
            Scope::Range(range) => self.logs.browse(&partition.folder, Partition::RANGES[range].1),
        }
    }
}

fn permits(object: &ObjectMeta) -> u32 {
    let is_compressed = [".gz", ".zst"].iter().any(|end| object.key.ends_with(end));
    let bytes = object.size_bytes.saturating_mul(if is_compressed { EXPANSION } else { 1 });
    (bytes / BYTES_A_PERMIT).clamp(1, MOST_PERMITS) as u32
}

/// Whether an object was read whole.
fn whole(
    ended: Result<Result<Read, StoreError>, tokio::task::JoinError>,
) -> Result<bool, StoreError> {
    match ended {
        Ok(read) => read.map(|read| read == Read::Whole),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Ok(false),
        },
    }
}
