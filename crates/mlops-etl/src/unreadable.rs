use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use mlops_core::etl::{EtlStore, ObjectId, Unreadable};
use mlops_core::ports::{StoreError, StoreErrorKind};
use mlops_core::text::chain;
use serde::Serialize;

use crate::engine::Engine;

/// The wait before the second attempt; it doubles with each further one.
const FIRST_WAIT: SignedDuration = SignedDuration::from_mins(10);
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(24);

/// Unreadable objects shown in a report.
pub(crate) const SHOWN: usize = 20;

const DEFAULT_REMEDY: &str =
    "mend the object and run `redrive`, or take it out of the count with `ignore`";

/// An unreadable object, as reports show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnreadableObject {
    /// The key, relative to the logs.
    pub key: String,
    /// Why it cannot be read.
    pub reason: String,
    /// The remedy for the operator.
    pub remedy: String,
}

impl From<&Unreadable> for UnreadableObject {
    fn from(object: &Unreadable) -> Self {
        let Unreadable { key, reason, remedy, .. } = object.clone();
        Self { key, reason, remedy }
    }
}

/// The decision about an object that is listed and not loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// It is to be read now.
    Now,
    /// An earlier run could not read it; it is tried again later.
    Later,
    /// The operator decided that it is not loaded.
    Never,
}

/// The unreadable objects of a pipeline, during one run.
#[derive(Debug)]
pub(crate) struct UnreadableObjects {
    known: BTreeMap<ObjectId, Unreadable>,
    now: Timestamp,
    changes: Mutex<Changes>,
}

#[derive(Debug, Default)]
struct Changes {
    failed: BTreeMap<ObjectId, Unreadable>,
    /// Known ones that were read now, or are not there any more.
    removed: BTreeSet<ObjectId>,
    /// Known ones that were listed and not tried.
    seen: BTreeSet<ObjectId>,
}

impl UnreadableObjects {
    pub(crate) fn new(known: Vec<Unreadable>, now: Timestamp) -> Self {
        let known = known.into_iter().map(|object| (object.object, object)).collect();
        Self { known, now, changes: Mutex::default() }
    }

    /// Decides about an object, and notes that it is listed.
    pub(crate) fn attempt(&self, id: ObjectId) -> Attempt {
        let Some(known) = self.known.get(&id) else { return Attempt::Now };
        self.changes().seen.insert(id);
        match &known.ignored {
            Some(_) => Attempt::Never,
            None if known.next_attempt <= self.now => Attempt::Now,
            None => Attempt::Later,
        }
    }

    /// Returns whether an earlier run could not read the object.
    pub(crate) fn is_known(&self, id: ObjectId) -> bool {
        self.known.contains_key(&id)
    }

    /// Notes an object that cannot be read now. The text is a reason, and after `; ` a remedy.
    pub(crate) fn note(&self, partition: &str, id: ObjectId, key: &str, text: &str) {
        let attempts = self.known.get(&id).map_or(0, |known| known.attempts) + 1;
        let doublings = u32::try_from(attempts - 1).unwrap_or(u32::MAX).min(20);
        let wait = FIRST_WAIT.checked_mul(1 << doublings).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
        let (reason, remedy) = text.split_once("; ").unwrap_or((text, DEFAULT_REMEDY));
        tracing::warn!(object.key = key, "cannot read it: {reason}; {remedy}");
        let object = Unreadable {
            partition: partition.to_owned(),
            object: id,
            key: key.to_owned(),
            reason: reason.to_owned(),
            remedy: remedy.to_owned(),
            attempts,
            next_attempt: self.now.checked_add(wait).unwrap_or(Timestamp::MAX),
            ignored: self.known.get(&id).and_then(|known| known.ignored.clone()),
        };
        self.changes().failed.insert(id, object);
    }

    /// Notes that an object was read after all.
    pub(crate) fn was_read(&self, id: ObjectId) {
        if self.is_known(id) {
            self.changes().removed.insert(id);
        }
    }

    /// Drops the known objects that are left out now.
    pub(crate) fn forget(&self, is_left_out: impl Fn(&str) -> bool) {
        let left_out = self.known.values().filter(|object| is_left_out(&object.key));
        self.changes().removed.extend(left_out.map(|object| object.object));
    }

    /// Drops the known objects of a partition that its listing no longer showed.
    pub(crate) fn drop_unlisted(&self, partition: &str) {
        let mut changes = self.changes();
        for (id, object) in &self.known {
            let is_listed = changes.seen.contains(id) || changes.failed.contains_key(id);
            if object.partition == partition && !is_listed {
                changes.removed.insert(*id);
            }
        }
    }

    /// Returns the folders that an earlier run could not list.
    pub(crate) fn folders(&self) -> impl Iterator<Item = &Unreadable> {
        self.known.values().filter(|object| object.key.ends_with('/') && object.ignored.is_none())
    }

    /// Returns whether an object could not be read now, or not whole.
    pub(crate) fn has_failed(&self, id: ObjectId) -> bool {
        self.changes().failed.contains_key(&id)
    }

    /// Returns whether an object of this partition could not be read now.
    pub(crate) fn has_failed_in(&self, partition: &str) -> bool {
        self.changes().failed.values().any(|object| object.partition == partition)
    }

    /// Returns what to write to the store: the objects that failed, and those to remove.
    pub(crate) fn changed(&self) -> (Vec<Unreadable>, Vec<Unreadable>) {
        let changes = self.changes();
        let failed = changes.failed.values().cloned().collect();
        let removed = changes.removed.iter().filter(|id| !changes.failed.contains_key(id));
        (failed, removed.filter_map(|id| self.known.get(id)).cloned().collect())
    }

    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: EtlStore + 'static> Engine<S> {
    /// Returns the objects that could not be read, without those that are left out now.
    pub(crate) async fn unreadable(&self) -> Result<Vec<Unreadable>, StoreError> {
        let mut objects =
            self.retry.run(async || self.store.unreadable(&self.pipeline).await).await?;
        objects.retain(|object| !self.filter.leaves_out(&object.key));
        Ok(objects)
    }
}

/// Returns the objects that count: all but the ignored ones.
pub(crate) fn counted(objects: &[Unreadable]) -> Vec<&Unreadable> {
    objects.iter().filter(|object| object.ignored.is_none()).collect()
}

/// Returns the first unreadable objects for a report.
pub(crate) fn shown(objects: &[&Unreadable]) -> Vec<UnreadableObject> {
    objects.iter().take(SHOWN).map(|object| UnreadableObject::from(*object)).collect()
}

/// Returns the lines of a report about unreadable objects; empty without any.
pub(crate) fn lines(count: u64, objects: &[UnreadableObject]) -> String {
    let mut text = String::new();
    if count > 0 {
        text.push_str(&format!("\n\n{} unreadable:", mlops_job::number(count)));
    }
    for UnreadableObject { key, reason, remedy } in objects {
        text.push_str(&format!("\n  {key:?}: {reason}; {remedy}"));
    }
    text
}

/// Returns whether an error is about one object, and others may still be read. Of a temporary error
/// only the caller knows whether the object fails alone.
pub(crate) fn is_of_object(error: &StoreError, fails_alone: impl FnOnce() -> bool) -> bool {
    match error.kind {
        StoreErrorKind::Configuration => false,
        StoreErrorKind::Temporary => fails_alone(),
        _ => true,
    }
}

/// Returns an error as a reason with its causes, and after `; ` the remedy.
pub(crate) fn reason(error: &StoreError) -> String {
    match error.message.split_once("; ") {
        None => chain(error),
        Some((message, remedy)) => {
            let causes = chain(error).split_off(error.message.len());
            format!("{}{}; {remedy}", message, causes.replace("; ", ", "))
        }
    }
}
