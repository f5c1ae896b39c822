use std::collections::HashSet;
use std::sync::Arc;

use futures_util::stream::{BoxStream, TryStreamExt};
use mlops_core::etl::{
    Claim, EtlStore, Listing, ObjectId, Partition, PartitionState, Scope, Seen, Settled,
};
use mlops_core::ports::NameRange;
use mlops_core::ports::{Entry, ObjectMeta, ObjectStore, StoreError};
use tokio::task::JoinSet;

use crate::engine::{Engine, before};
use crate::filter::Choice;
use crate::object::{Read, Readers};
use crate::unreadable::Attempt;

/// A larger object counts for several: it takes more memory to read.
const BYTES_A_PERMIT: u64 = 16 << 10;
const MAX_PERMITS: u64 = 8;

/// The factor by which decompression is assumed to enlarge an object.
const EXPANSION: u64 = 10;

/// The result of a pass over a partition.
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

/// A partition to look into.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    pub(crate) partition: Partition,
    /// The folders beside its objects are found with them.
    pub(crate) shows_folders: bool,
}

/// One thing in the listing of a partition.
#[derive(Debug)]
pub(crate) enum Listed {
    Object(ObjectMeta, ObjectId),
    /// An object that is not loaded, and why.
    LeftOut(ObjectMeta, ObjectId, Choice),
    Folder(String),
    /// A file or folder that cannot be listed, and why.
    Unreadable(String, ObjectId, String),
}

/// The listing of a partition.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// The objects that are loaded.
    pub(crate) listing: Listing,
    /// These with the objects that --include and --exclude leave out, and with all that are left
    /// out: what a run with other globs, or of an earlier release, loaded.
    wider: [Listing; 2],
    pub(crate) folders: Vec<String>,
    pub(crate) has_unreadable: bool,
}

impl Survey {
    pub(crate) fn add(&mut self, object: &ObjectMeta, id: ObjectId, choice: Choice) {
        let [without_globs, all] = &mut self.wider;
        all.add(object, id);
        if choice != Choice::LeftOutByDefault {
            without_globs.add(object, id);
        }
        if choice == Choice::Loaded {
            self.listing.add(object, id);
        }
    }

    /// Returns whether everything here was loaded when the partition had this listing.
    pub(crate) fn is_loaded_by(&self, listing: &Listing) -> bool {
        self.listing == *listing || self.wider.contains(listing)
    }

    /// Returns the number of objects that are left out.
    pub(crate) fn left_out(&self) -> u64 {
        self.wider[1].objects - self.listing.objects
    }
}

impl<S: EtlStore + 'static> Engine<S> {
    /// Reads what is listed in a partition and not in its ledger. Also gives what the listing
    /// shows.
    pub(crate) async fn pass(
        self: &Arc<Self>,
        look: &Look,
        known: Known,
        audit: bool,
        readers: &Readers,
    ) -> Result<(Pass, Survey), StoreError> {
        if known.state.sealed && !audit {
            return Ok((Pass::Sealed, Survey::default()));
        }
        let id = look.partition.id();
        if let Some(listed) = known.state.listing {
            let survey = self.survey(look).await?;
            let listing = survey.listing;
            let is_loaded = match known.state.sealed {
                true => survey.is_loaded_by(&listed),
                false => listing == listed,
            };
            let is_same = is_loaded && !survey.has_unreadable;
            // Sealed by a rule that took more folders for dated ones.
            let is_misdated = known.state.sealed && self.span(&look.partition).is_none();
            if self.stop.is_cancelled() || (is_same && known.state.sealed && !is_misdated) {
                return Ok((Pass::Sealed, survey));
            }
            if is_same && !known.state.sealed {
                let claim = Claim { id, fence: known.state.fence };
                let seal = self.is_past(&look.partition);
                return Ok((Pass::Unchanged(Settled { claim, listing, seal }), survey));
            }
            if known.state.sealed {
                tracing::warn!(partition.id = id, "loading a sealed partition again");
                self.retry.run(async || self.store.reopen(&self.pipeline, &id).await).await?;
            }
        }
        let state = if known.is_claimed {
            known.state
        } else {
            let ids = [id.clone()];
            let claim = async || self.store.claim(&self.pipeline, &ids, &self.run_uid).await;
            let Some(state) = self.retry.run(claim).await?.pop() else {
                return Ok((Pass::Sealed, Survey::default()));
            };
            state
        };
        // The first claim finds nothing loaded.
        let ledger = if state.fence > 1 { self.loaded(&state).await? } else { HashSet::new() };
        let claim = Claim { id, fence: state.fence };
        let (survey, is_whole) = self.read_new(look, &ledger, &claim, readers).await?;
        let settled = Settled { claim, listing: survey.listing, seal: false };
        Ok((Pass::Read { settled, is_whole }, survey))
    }

    /// Returns the ledger of a partition.
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
        look: &Look,
        ledger: &HashSet<ObjectId>,
        claim: &Claim,
        readers: &Readers,
    ) -> Result<(Survey, bool), StoreError> {
        let newest = before(self.started, self.args.settle).filter(|_| !self.args.settle.is_zero());
        let unreadable = &readers.unreadable;
        let mut survey = Survey::default();
        let mut is_whole = true;
        let mut reading: JoinSet<Result<Read, StoreError>> = JoinSet::new();
        self.walk(look, async |listed| {
            let (object, id) = match listed {
                Listed::Object(object, id) => (object, id),
                Listed::LeftOut(object, id, choice) => {
                    survey.add(&object, id, choice);
                    return Ok(());
                }
                Listed::Folder(folder) => {
                    survey.folders.push(folder);
                    return Ok(());
                }
                Listed::Unreadable(key, id, reason) => {
                    if unreadable.attempt(id) != Attempt::Never {
                        unreadable.note(&claim.id, id, &key, &reason);
                        is_whole = false;
                    }
                    return Ok(());
                }
            };
            if newest.is_some_and(|newest| object.last_modified > newest) {
                is_whole = false;
                return Ok(());
            }
            survey.add(&object, id, Choice::Loaded);
            if ledger.contains(&id) {
                return Ok(());
            }
            match unreadable.attempt(id) {
                Attempt::Now => {}
                Attempt::Later => {
                    is_whole = false;
                    return Ok(());
                }
                Attempt::Never => return Ok(()),
            }
            readers.bar.inc_length(1);
            let wanted = permits(&object).min(self.args.concurrency.into());
            let permits = readers.permits.clone().acquire_many_owned(wanted);
            let permits = permits.await.expect("the semaphore is never closed");
            let (engine, claim, readers) = (self.clone(), claim.clone(), readers.clone());
            reading.spawn(async move {
                let read = engine.read(&object, id, claim, &readers).await;
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
        if !self.stop.is_cancelled() {
            unreadable.drop_unlisted(&claim.id);
        }
        Ok((survey, is_whole && !self.stop.is_cancelled()))
    }

    /// Lists a partition without reading its objects.
    pub(crate) async fn survey(&self, look: &Look) -> Result<Survey, StoreError> {
        let mut survey = Survey::default();
        self.walk(look, async |listed| {
            match listed {
                Listed::Object(object, id) => survey.add(&object, id, Choice::Loaded),
                Listed::LeftOut(object, id, choice) => survey.add(&object, id, choice),
                Listed::Folder(folder) => survey.folders.push(folder),
                Listed::Unreadable(..) => survey.has_unreadable = true,
            }
            Ok(())
        })
        .await?;
        Ok(survey)
    }

    /// Gives what is listed in a partition, each thing once, in any order. Of two versions of a key,
    /// both are given.
    ///
    /// Ends early when the job is to stop.
    pub(crate) async fn walk(
        &self,
        look: &Look,
        mut take: impl AsyncFnMut(Listed) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if self.filter.leaves_out_folder(&look.partition.folder) {
            return Ok(());
        }
        // Kept when the listing fails and begins again.
        let mut seen = Seen::default();
        let mut seen_names: HashSet<String> = HashSet::new();
        self.logs_retry
            .run(async || {
                let mut entries = self.entries(&look.partition);
                while let Some(entry) = entries.try_next().await? {
                    if self.stop.is_cancelled() {
                        return Ok(());
                    }
                    let listed = match entry {
                        Entry::Object(object) => {
                            let id = ObjectId::of(&object);
                            if !seen.add(&object.key, id) {
                                continue;
                            }
                            match self.filter.choose(&object.key) {
                                Choice::Loaded => Listed::Object(object, id),
                                choice => Listed::LeftOut(object, id, choice),
                            }
                        }
                        Entry::Folder(folder) => {
                            if !look.shows_folders || !seen_names.insert(folder.clone()) {
                                continue;
                            }
                            Listed::Folder(folder)
                        }
                        Entry::Unreadable { key, reason } => {
                            if self.filter.leaves_out(&key) || !seen_names.insert(key.clone()) {
                                continue;
                            }
                            let id = ObjectId::of_unlisted(&key);
                            Listed::Unreadable(key, id, reason)
                        }
                    };
                    take(listed).await?;
                }
                Ok(())
            })
            .await
    }

    fn entries(&self, partition: &Partition) -> BoxStream<'_, Result<Entry, StoreError>> {
        match partition.scope {
            Scope::Below => self.logs.walk(&partition.folder),
            Scope::Direct => self.logs.browse(&partition.folder, NameRange::default()),
            Scope::Range(range) => self.logs.browse(&partition.folder, Partition::RANGES[range].1),
        }
    }
}

fn permits(object: &ObjectMeta) -> u32 {
    let is_compressed =
        [".gz", ".zst", ".zstd", ".bz2", ".zip"].iter().any(|end| object.key.ends_with(end));
    let bytes = object.size_bytes.saturating_mul(if is_compressed { EXPANSION } else { 1 });
    (bytes / BYTES_A_PERMIT).clamp(1, MAX_PERMITS) as u32
}

/// Returns whether an object was read whole.
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
