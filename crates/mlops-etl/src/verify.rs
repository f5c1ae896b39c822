use std::collections::{HashMap, HashSet};

use futures_util::TryStreamExt;
use futures_util::stream::{self, StreamExt};
use mlops_core::etl::{EtlStore, ObjectId};
use mlops_core::ports::{ObjectMeta, StoreError, StoreErrorKind};
use mlops_core::record::{Fingerprint, LogRecord, RecordKey};
use mlops_job::{Exit, Report, grid, number};
use mlops_objects::record_batches;
use mlops_record::{Origin, Position};
use serde::Serialize;

use crate::dead_letters::set_aside_conflicts;
use crate::engine::Engine;
use crate::partition::{Listed, Look};
use crate::report::LeftOut;
use crate::unreadable::{
    Attempt, UnreadableObject, UnreadableObjects, counted, is_of_object, lines, reason, shown,
};

/// Records compared at once.
const BATCH_ROWS: usize = 500;

/// Or of this size.
const BATCH_BYTES: usize = 256 << 10;

/// Objects read and compared at once, each over a connection of its own. More would wait for one,
/// as long as a record of megabytes takes.
const OBJECTS: usize = 8;

/// Partitions shown of those with a difference, and uids of these.
const SHOWN: usize = 20;

/// Whether the store has what the source has.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct VerifyReport {
    /// Everything together.
    #[serde(flatten)]
    pub all: Compared,
    /// How many partitions were compared.
    pub partitions: u64,
    /// Those in which something is missing or different.
    pub differing: Vec<Differing>,
    /// The number of objects that cannot be read, without the ignored ones.
    pub unreadable: u64,
    /// The first of them.
    pub unreadable_objects: Vec<UnreadableObject>,
    /// Numbers of what was listed and is not loaded.
    pub left_out: LeftOut,
    #[serde(skip)]
    max_unreadable: u64,
}

/// Counts of a comparison.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// Objects read.
    pub objects: u64,
    /// Records found in them, good and bad.
    pub records: u64,
    /// Records that are in the store with the same content.
    pub equal: u64,
    /// Records that are not in the store.
    pub missing: u64,
    /// Records that are in the store with another content.
    pub different: u64,
    /// Records that are bad, or that the store refuses.
    pub bad: u64,
    /// Missing and different records that were written now.
    pub repaired: u64,
}

/// A partition in which something is missing or different.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Differing {
    /// Its name.
    pub partition: String,
    /// Counts in the partition.
    #[serde(flatten)]
    pub compared: Compared,
    /// The first uids that are missing or different.
    pub uids: Vec<String>,
}

/// A comparison, and the treatment of differences.
#[derive(Clone, Copy)]
struct Comparing<'c> {
    look: &'c Look,
    repair: bool,
    overwrite: bool,
    unreadable: &'c UnreadableObjects,
}

#[derive(Default)]
struct Comparison {
    compared: Compared,
    uids: Vec<String>,
    left_out: u64,
}

impl Comparison {
    fn add(&mut self, other: Self) {
        self.compared.add(other.compared);
        self.uids.extend(other.uids);
        self.uids.truncate(SHOWN);
    }
}

impl Compared {
    fn add(&mut self, other: Self) {
        self.objects += other.objects;
        self.records += other.records;
        self.equal += other.equal;
        self.missing += other.missing;
        self.different += other.different;
        self.bad += other.bad;
        self.repaired += other.repaired;
    }
}

impl<S: EtlStore + 'static> Engine<S> {
    /// Reads every object again and looks every record up. With `repair`, writes what is missing;
    /// with `overwrite` also, the source's content over what differs.
    pub(crate) async fn verify(
        &self,
        repair: bool,
        overwrite: bool,
    ) -> Result<VerifyReport, StoreError> {
        let bar = self.progress.start("objects", Some(0));
        let mut report =
            VerifyReport { max_unreadable: self.args.max_unreadable, ..VerifyReport::default() };
        let unreadable = UnreadableObjects::new(self.unreadable().await?, self.started);
        let mut folders = vec![self.args.prefix.clone()];
        let mut are_all_mine = false;
        while !folders.is_empty() && !self.stop.is_cancelled() {
            let mut found =
                self.discover(std::mem::take(&mut folders), None, &Default::default()).await?;
            found.note_unreadable(&unreadable);
            report.left_out.folders += found.left_out;
            for partition in std::mem::take(&mut found.partitions) {
                if !are_all_mine && !self.is_mine(&partition.id()) {
                    continue;
                }
                let look = found.look(partition);
                let comparing =
                    Comparing { look: &look, repair, overwrite, unreadable: &unreadable };
                let comparison = self.compare(comparing, &mut folders, &bar).await?;
                let partition = look.partition;
                report.partitions += 1;
                report.left_out.objects += comparison.left_out;
                report.all.add(comparison.compared);
                if comparison.compared.missing + comparison.compared.different > 0 {
                    let Comparison { compared, uids, .. } = comparison;
                    report.differing.push(Differing { partition: partition.id(), compared, uids });
                }
            }
            are_all_mine = true;
        }
        bar.finish_and_clear();
        let (failed, _) = unreadable.changed();
        let failed = counted(&failed);
        report.unreadable = failed.len() as u64;
        report.unreadable_objects = shown(&failed);
        Ok(report)
    }

    async fn compare(
        &self,
        comparing: Comparing<'_>,
        folders: &mut Vec<String>,
        bar: &indicatif::ProgressBar,
    ) -> Result<Comparison, StoreError> {
        let Comparing { look, unreadable, .. } = comparing;
        let partition = look.partition.id();
        let mut comparison = Comparison::default();
        let mut part: Vec<(ObjectMeta, ObjectId)> = Vec::new();
        let compare_part = async |part: Vec<(ObjectMeta, ObjectId)>| {
            bar.inc_length(part.len() as u64);
            let compared = part.into_iter().map(async |(object, id)| {
                match self.compare_object(&object, comparing).await {
                    Err(error) if is_of_object(&error, || unreadable.is_known(id)) => {
                        unreadable.note(&partition, id, &object.key, &reason(&error));
                        Ok(Comparison::default())
                    }
                    compared => compared,
                }
            });
            let mut compared = stream::iter(compared).buffer_unordered(OBJECTS);
            let mut sum = Comparison::default();
            while let Some(one) = compared.try_next().await? {
                bar.inc(1);
                sum.add(one);
            }
            Ok::<_, StoreError>(sum)
        };
        self.walk(look, async |listed| {
            match listed {
                Listed::Folder(folder) => folders.push(folder),
                Listed::LeftOut(..) => comparison.left_out += 1,
                Listed::Object(object, id) => {
                    if unreadable.attempt(id) != Attempt::Never {
                        part.push((object, id));
                    }
                }
                Listed::Unreadable(key, id, reason) => {
                    unreadable.note(&partition, id, &key, &reason)
                }
            }
            if part.len() >= 1000 {
                comparison.add(compare_part(std::mem::take(&mut part)).await?);
            }
            Ok(())
        })
        .await?;
        comparison.add(compare_part(part).await?);
        Ok(comparison)
    }

    async fn compare_object(
        &self,
        object: &ObjectMeta,
        comparing: Comparing<'_>,
    ) -> Result<Comparison, StoreError> {
        self.logs_retry
            .run(async || {
                let mut comparison = Comparison::default();
                let mut records = Vec::new();
                let mut bytes = 0;
                let mut batches =
                    std::pin::pin!(record_batches(&self.logs, &object.key, &self.read_options));
                loop {
                    let batch = match batches.try_next().await {
                        Ok(Some(batch)) => batch,
                        Ok(None) => break,
                        Err(error) if error.kind == StoreErrorKind::NotFound => {
                            return Ok(Comparison::default());
                        }
                        Err(error) => return Err(error),
                    };
                    comparison.compared.records += (batch.records.len() + batch.bad.len()) as u64;
                    comparison.compared.bad += batch.bad.len() as u64;
                    for (origin, record) in batch.records {
                        let record = self.under_stored_uid(&origin, record).await?;
                        if self.store.refuses(&record).is_some() {
                            comparison.compared.bad += 1;
                            continue;
                        }
                        bytes += record.payload.len();
                        records.push((origin, record));
                        if records.len() >= BATCH_ROWS || bytes >= BATCH_BYTES {
                            let compared =
                                self.compare_records(&object.key, &records, comparing).await?;
                            comparison.add(compared);
                            records.clear();
                            bytes = 0;
                        }
                    }
                }
                comparison.add(self.compare_records(&object.key, &records, comparing).await?);
                comparison.compared.objects = 1;
                Ok(comparison)
            })
            .await
    }

    async fn compare_records(
        &self,
        object: &str,
        records: &[(Origin, LogRecord)],
        Comparing { repair, overwrite, .. }: Comparing<'_>,
    ) -> Result<Comparison, StoreError> {
        let mut comparison = Comparison::default();
        if records.is_empty() {
            return Ok(comparison);
        }
        let mut keys: Vec<&RecordKey> = records.iter().map(|(_, record)| &record.key).collect();
        keys.sort_unstable();
        keys.dedup();
        let there: HashMap<RecordKey, Fingerprint> =
            self.retry.run(async || self.store.find(&keys).await).await?;
        let mut missing: Vec<(Origin, LogRecord)> = Vec::new();
        for (origin, record) in records {
            match there.get(&record.key) {
                Some(found) if *found == self.store.fingerprint(record) => {
                    comparison.compared.equal += 1;
                    continue;
                }
                Some(_) => {
                    comparison.compared.different += 1;
                    if overwrite {
                        self.retry.run(async || self.store.replace(record).await).await?;
                        comparison.compared.repaired += 1;
                    }
                }
                None => {
                    comparison.compared.missing += 1;
                    missing.push((origin.clone(), record.clone()));
                }
            }
            comparison.uids.push(record.key.uid.clone());
        }
        comparison.uids.truncate(SHOWN);
        if repair && !missing.is_empty() {
            comparison.compared.repaired += self.insert(object, &missing).await?;
        }
        Ok(comparison)
    }

    /// Writes records outside of the ledger, which has their object, or will have it. Tells how
    /// many were new.
    pub(crate) async fn insert(
        &self,
        object: &str,
        located: &[(Origin, LogRecord)],
    ) -> Result<u64, StoreError> {
        let records: Vec<LogRecord> = located.iter().map(|(_, record)| record.clone()).collect();
        let set_aside = async |conflicts: &[usize]| {
            let kept = |key: &RecordKey| {
                let is_kept =
                    |index: &usize| records[*index].key == *key && !conflicts.contains(index);
                let index = (0..records.len()).find(is_kept)?;
                Some((object.to_owned(), located[index].0.position.line))
            };
            let keys: Vec<&RecordKey> =
                conflicts.iter().map(|&index| &records[index].key).collect();
            let reasons = self.conflict_reasons(&keys, kept).await?;
            let conflicting: Vec<(&Position, &LogRecord, String)> = conflicts
                .iter()
                .zip(reasons)
                .map(|(&index, reason)| (&located[index].0.position, &records[index], reason))
                .collect();
            set_aside_conflicts(&self.dead_letters, object, &conflicting).await?;
            Ok(HashSet::new())
        };
        let insert = async || {
            mlops_core::etl::insert_new(
                self.store.as_ref(),
                &self.pipeline,
                &records,
                &[],
                &set_aside,
            )
            .await
        };
        Ok(self.retry.run(insert).await?.loaded)
    }
}

impl VerifyReport {
    fn is_equal(&self) -> bool {
        self.all.missing + self.all.different == self.all.repaired
    }
}

impl Report for VerifyReport {
    fn human(&self) -> String {
        let all = &self.all;
        let rows = [
            ("partitions", number(self.partitions)),
            ("objects", number(all.objects)),
            ("records", number(all.records)),
            ("equal", number(all.equal)),
            ("missing", number(all.missing)),
            ("different", number(all.different)),
            ("bad", number(all.bad)),
            ("repaired", number(all.repaired)),
        ];
        let mut text = grid(
            &["source and destination", ""],
            &rows.map(|(name, value)| vec![name.to_owned(), value]),
        );
        for differing in self.differing.iter().take(SHOWN) {
            let Differing { partition, compared, uids } = differing;
            let first: Vec<&str> = uids.iter().take(3).map(String::as_str).collect();
            text.push_str(&format!(
                "\n\n{partition}: {} missing, {} different; {}",
                number(compared.missing),
                number(compared.different),
                first.join(", ")
            ));
        }
        text.push_str(&self.left_out.line());
        text.push_str(&lines(self.unreadable, &self.unreadable_objects));
        if self.unreadable > self.max_unreadable && self.is_equal() {
            text.push_str(
                "\n\nINCOMPLETE: what could be read is there; the rest cannot be compared",
            );
            return text;
        }
        text.push_str(match (self.is_equal(), all.repaired) {
            (true, 0) => "\n\nEQUAL: every good record of the source is there, with its content",
            (true, _) => "\n\nREPAIRED: every good record of the source is there now, with its content",
            (false, _) => "\n\nDIFFERENT: load what is missing with --repair, and with --overwrite also what differs",
        });
        text
    }

    fn exit(&self) -> Exit {
        match self.is_equal() {
            false => Exit::Failed,
            true if self.unreadable > self.max_unreadable => Exit::BadInput,
            true => Exit::Done,
        }
    }
}
