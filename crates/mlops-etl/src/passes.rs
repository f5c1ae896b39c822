//! The passes over all partitions of a run, each once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};
use mlops_core::etl::{
    EtlStore, Listing, Partition, PartitionState, Scope, Settled, TimeSpan, Watermark,
};
use mlops_core::ports::StoreError;

use crate::discover::Found;
use crate::engine::Engine;
use crate::object::Readers;
use crate::partition::{Known, Pass};
use crate::report::{LeftOut, Partitions};

/// Partitions listed at once.
const PASSES: usize = 16;

/// Partitions that are looked up, registered or claimed in one call.
const AT_ONCE: usize = 500;

/// The result of the passes over all partitions.
#[derive(Default)]
pub(crate) struct Passed {
    pub(crate) settled: Vec<Settled>,
    pub(crate) partitions: Partitions,
    pub(crate) newest_span: Option<TimeSpan>,
    pub(crate) past_folders: Listing,
    /// The number of objects that are listed and not left out.
    pub(crate) listed: u64,
    pub(crate) left_out: LeftOut,
}

impl Passed {
    fn count(&mut self, span: Option<TimeSpan>, pass: Pass) {
        if let Some(span) = span
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

/// The partitions that a run has come to, and what they gave.
struct Progress<'r> {
    audit: bool,
    readers: &'r Readers,
    /// Open partitions that the run has not come to.
    open: HashMap<String, PartitionState>,
    /// The names of the partitions that the run has come to.
    known: HashSet<String>,
    passed: Passed,
}

impl<S: EtlStore + 'static> Engine<S> {
    /// Passes over every partition that is this process's part and may have something new.
    pub(crate) async fn pass_all(
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
        let folders = readers.unreadable.folders().map(|object| object.key.clone());
        let was_unreadable: Vec<String> =
            folders.filter(|key| key.starts_with(&self.args.prefix)).collect();
        let mut progress =
            Progress { audit, readers, open, known: HashSet::new(), passed: Passed::default() };
        let first = self.discover_window(watermark, audit, &was_split, &was_unreadable).await?;
        progress.passed.past_folders = first.past;
        let mut folders = self
            .pass_found(&first, &mut progress, |partition| self.is_mine(&partition.id()))
            .await?;
        // Folders beside many objects are seen by one process only, which does all that is in them.
        while !folders.is_empty() && !self.stop.is_cancelled() {
            let found = self.discover(std::mem::take(&mut folders), None, &was_split).await?;
            folders = self.pass_found(&found, &mut progress, |_| true).await?;
        }
        if !self.stop.is_cancelled() {
            let gone = Found { partitions: gone(&progress.open, &was_split), ..Found::default() };
            let is_mine = |partition: &Partition| {
                let finder = first.finder(&partition.folder);
                self.is_mine(&finder.unwrap_or_else(|| partition.id()))
            };
            self.pass_found(&gone, &mut progress, is_mine).await?;
        }
        Ok(progress.passed)
    }

    /// Passes over partitions that were found, and returns the folders that they show.
    async fn pass_found(
        self: &Arc<Self>,
        found: &Found,
        progress: &mut Progress<'_>,
        is_mine: impl Fn(&Partition) -> bool,
    ) -> Result<Vec<String>, StoreError> {
        let unreadable = &progress.readers.unreadable;
        found.note_unreadable(unreadable);
        progress.passed.left_out.folders += found.left_out;
        let new = found.partitions.iter();
        let new: Vec<Partition> =
            new.filter(|partition| progress.known.insert(partition.id())).cloned().collect();
        let (audit, readers) = (progress.audit, progress.readers);
        let states = self.states(&new, &mut progress.open, is_mine).await?;
        let passes = states.into_iter().map(async |(partition, state)| {
            let span = self.span(&partition);
            let pass = self.pass(&found.look(partition), state, audit, readers).await?;
            Ok::<_, StoreError>((span, pass))
        });
        let mut folders = Vec::new();
        let mut passes = stream::iter(passes).buffer_unordered(PASSES);
        while let Some(pass) = passes.next().await {
            let (span, (pass, survey)) = pass?;
            progress.passed.count(span, pass);
            progress.passed.listed += survey.listing.objects;
            progress.passed.left_out.objects += survey.left_out();
            folders.extend(survey.folders);
        }
        Ok(folders)
    }

    /// Returns the states of those partitions that are this process's part. New partitions are
    /// registered, also those of another process: the watermark must wait for them, even if that
    /// process never comes to them.
    async fn states(
        &self,
        partitions: &[Partition],
        open: &mut HashMap<String, PartitionState>,
        is_mine: impl Fn(&Partition) -> bool,
    ) -> Result<Vec<(Partition, Known)>, StoreError> {
        let mut states = Vec::new();
        let mut unseen: Vec<(Partition, String)> = Vec::new();
        for partition in partitions {
            let id = partition.id();
            match open.remove(&id) {
                Some(state) if is_mine(partition) => {
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
                let mine =
                    part.iter().filter(|(partition, id)| is_mine(partition) && new.contains(id));
                let mine: Vec<String> = mine.map(|(_, id)| id.clone()).collect();
                let claim = async || self.store.claim(&self.pipeline, &mine, &self.run_uid).await;
                claimed = by_id(self.retry.run(claim).await?);
            }
            for (partition, id) in part.iter().filter(|(partition, _)| is_mine(partition)) {
                let is_claimed = claimed.contains_key(id);
                if let Some(state) = claimed.remove(id).or_else(|| known.remove(id)) {
                    states.push((partition.clone(), Known { state, is_claimed }));
                }
            }
        }
        Ok(states)
    }
}

fn by_id(states: Vec<PartitionState>) -> HashMap<String, PartitionState> {
    states.into_iter().map(|state| (state.id.clone(), state)).collect()
}

/// The folders that have a range among these partitions.
fn split_folders<'i>(ids: impl Iterator<Item = &'i String>) -> HashSet<String> {
    let partitions = ids.filter_map(|id| Partition::from_id(id));
    partitions
        .filter(|partition| matches!(partition.scope, Scope::Range(_)))
        .map(|partition| partition.folder)
        .collect()
}

/// Returns the open partitions that were not found again: their folders are gone, and they are
/// settled as empty.
///
/// A folder that was split in an earlier release may have a partition of its own beside its ranges,
/// which have all that is in it.
fn gone(open: &HashMap<String, PartitionState>, split: &HashSet<String>) -> Vec<Partition> {
    let is_replaced = |partition: &Partition| {
        partition.scope == Scope::Direct && split.contains(&partition.folder)
    };
    let open = open.keys().filter_map(|id| Partition::from_id(id));
    let mut gone: Vec<Partition> = open.filter(|partition| !is_replaced(partition)).collect();
    gone.sort_by_key(Partition::id);
    gone
}
