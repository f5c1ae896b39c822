use std::collections::{BTreeSet, HashMap, HashSet};

use crate::etl::{Batch, Commit, EndedObject, EtlStore, ObjectId};
use crate::ports::{StoreError, StoreErrorKind};
use crate::record::{Fingerprint, LogRecord, RecordKey};

/// A batch that met another writer this often is given up.
const ATTEMPTS: u32 = 12;

/// The result of writing a batch of records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inserted {
    /// Records that were written now.
    pub loaded: u64,
    /// Records that were there before with the same content, in the store or earlier in the batch.
    pub already_there: u64,
    /// The indices of records whose uid was there before with another content; what is there stays.
    pub conflicts: Vec<usize>,
    /// The partition that another run has claimed, where that ended it.
    pub fenced: Option<String>,
}

/// Writes each of the records once, and then enters the objects that they end.
///
/// `set_aside` is given the indices of conflicting records before anything is written, and again if
/// that is done again. It returns the objects that are not to be entered.
///
/// # Errors
///
/// What the store says; [`StoreErrorKind::Temporary`] where other writers of the same uids never
/// let it through.
pub async fn insert_new<S: EtlStore>(
    store: &S,
    pipeline: &str,
    records: &[LogRecord],
    ended: &[EndedObject],
    set_aside: &impl AsyncFn(&[usize]) -> Result<HashSet<ObjectId>, StoreError>,
) -> Result<Inserted, StoreError> {
    for attempt in 0..ATTEMPTS {
        // Most records are new, and a store that knows better says so.
        let is_guess = S::REFUSES_DUPLICATES && attempt == 0;
        let there = if is_guess { HashMap::new() } else { find(store, records).await? };
        let sorted = sort_out(store, records, &there);
        let mut incomplete = HashSet::new();
        if !sorted.conflicts.is_empty() {
            if is_guess {
                continue;
            }
            incomplete = set_aside(&sorted.conflicts).await?;
        }
        let is_complete = |object: &&EndedObject| !incomplete.contains(&object.id);
        let ended: Vec<EndedObject> = ended.iter().filter(is_complete).cloned().collect();
        let new: Vec<&LogRecord> = sorted.new.iter().map(|&index| &records[index]).collect();
        let fenced = match store.commit(Batch { pipeline, records: &new, ended: &ended }).await? {
            Commit::Raced => continue,
            Commit::Done => None,
            Commit::Fenced(partition) => Some(partition),
        };
        return Ok(Inserted {
            loaded: new.len() as u64,
            already_there: (records.len() - new.len() - sorted.conflicts.len()) as u64,
            conflicts: sorted.conflicts,
            fenced,
        });
    }
    let message = format!("another writer inserted the same uids {ATTEMPTS} times in between");
    Err(StoreError::new(StoreErrorKind::Temporary, message))
}

struct Sorted {
    new: Vec<usize>,
    conflicts: Vec<usize>,
}

async fn find<S: EtlStore>(
    store: &S,
    records: &[LogRecord],
) -> Result<HashMap<RecordKey, Fingerprint>, StoreError> {
    let keys: BTreeSet<&RecordKey> = records.iter().map(|record| &record.key).collect();
    let keys: Vec<&RecordKey> = keys.into_iter().collect();
    if keys.is_empty() { Ok(HashMap::new()) } else { store.find(&keys).await }
}

/// Which records are new, in the order of their keys, so that two writers lock rows in one order.
fn sort_out<S: EtlStore>(
    store: &S,
    records: &[LogRecord],
    there: &HashMap<RecordKey, Fingerprint>,
) -> Sorted {
    let mut order: Vec<usize> = (0..records.len()).collect();
    order.sort_by(|&a, &b| records[a].key.cmp(&records[b].key));
    let mut sorted = Sorted { new: Vec::new(), conflicts: Vec::new() };
    let mut first = 0;
    for (place, &index) in order.iter().enumerate() {
        let record = &records[index];
        if records[order[first]].key != record.key {
            first = place;
        }
        let known = there.get(&record.key).copied();
        let known =
            known.or_else(|| (place > first).then(|| store.fingerprint(&records[order[first]])));
        match known {
            None => sorted.new.push(index),
            Some(known) if known == store.fingerprint(record) => {}
            Some(_) => sorted.conflicts.push(index),
        }
    }
    sorted.conflicts.sort_unstable();
    sorted
}
