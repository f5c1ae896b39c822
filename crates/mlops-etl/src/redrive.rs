use std::sync::Arc;

use futures_util::TryStreamExt;
use mlops_core::etl::{EtlStore, Unreadable};
use mlops_core::ports::{ObjectStore, StoreError, StoreErrorKind};
use mlops_core::record::LogRecord;
use mlops_job::{Exit, Report, grid, number};
use mlops_objects::{RecordBatch, record_batches};
use mlops_record::{Naming, Origin, Position, RecordReader};
use serde::Serialize;

use crate::dead_letters::DeadLetter;
use crate::engine::Engine;
use crate::unreadable::{UnreadableObject, lines};

/// Counts over the dead letters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RedriveReport {
    /// Dead letters read.
    pub dead_letters: u64,
    /// Records that were written now.
    pub loaded: u64,
    /// Records that were there already.
    pub already_there: u64,
    /// Records that are still bad, and stay dead letters.
    pub still_bad: u64,
    /// Records of objects that are left out now; they stay dead letters.
    pub left_out: u64,
    /// Files among the dead letters that hold none, and were not changed.
    pub unreadable: Vec<String>,
    /// Objects that could not be read before and were read now.
    pub objects_read: u64,
    /// The first objects that still cannot be read.
    pub unreadable_objects: Vec<UnreadableObject>,
    #[serde(skip)]
    is_over_limit: bool,
}

/// The result of loading a dead letter again.
enum Replayed {
    Good {
        is_new: bool,
    },
    Bad,
    /// A run does not load its object.
    LeftOut,
}

impl<S: EtlStore + 'static> Engine<S> {
    /// Tries every dead letter again: its bytes, which a person may have mended in place, and else
    /// its line in the object that it came from. What is good now is loaded and leaves the dead
    /// letters; a second run finds only the rest.
    ///
    /// Unreadable objects are tried again by a run, whatever the time of their next attempt.
    pub(crate) async fn redrive(self: Arc<Self>) -> Result<RedriveReport, StoreError> {
        let mut report = self.redrive_letters().await?;
        let due: Vec<Unreadable> = self
            .unreadable()
            .await?
            .into_iter()
            .filter(|object| object.ignored.is_none())
            .map(|object| Unreadable { next_attempt: self.started, ..object })
            .collect();
        if !due.is_empty() && !self.stop.is_cancelled() {
            let put = async || self.store.put_unreadable(&self.pipeline, &due).await;
            self.retry.run(put).await?;
            let run = self.clone().run().await?;
            report.is_over_limit = run.unreadable > self.args.max_unreadable;
            report.objects_read = run.objects;
            report.unreadable_objects = run.unreadable_objects;
        }
        Ok(report)
    }

    async fn redrive_letters(&self) -> Result<RedriveReport, StoreError> {
        let mut report = RedriveReport::default();
        let listed = self.dead_letters.list("").map_ok(|object| object.key).try_collect().await;
        let keys: Vec<String> = match listed {
            Ok(keys) => keys,
            // Nothing was ever set aside.
            Err(error) if error.kind == StoreErrorKind::NotFound => return Ok(report),
            Err(error) => return Err(error),
        };
        let bar = self.progress.start("files", Some(keys.len() as u64));
        for key in keys {
            if self.stop.is_cancelled() {
                break;
            }
            self.redrive_file(&key, &mut report).await?;
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(report)
    }

    async fn redrive_file(&self, key: &str, report: &mut RedriveReport) -> Result<(), StoreError> {
        let body = self
            .logs_retry
            .run(async || {
                let chunks: Vec<bytes::Bytes> =
                    self.dead_letters.get(key).await?.try_collect().await?;
                Ok(chunks.concat())
            })
            .await?;
        let lines = body.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
        let letters: Result<Vec<DeadLetter>, _> = lines.map(serde_json::from_slice).collect();
        let Ok(letters) = letters else {
            tracing::warn!(object.key = key, "no file of dead letters; it is left as it is");
            report.unreadable.push(key.to_owned());
            return Ok(());
        };
        let mut rest = Vec::new();
        let mut kept = 0;
        for letter in &letters {
            report.dead_letters += 1;
            let stays = match self.replay(letter).await? {
                Replayed::Good { is_new: true } => {
                    report.loaded += 1;
                    continue;
                }
                Replayed::Good { is_new: false } => {
                    report.already_there += 1;
                    continue;
                }
                Replayed::Bad => &mut report.still_bad,
                Replayed::LeftOut => &mut report.left_out,
            };
            *stays += 1;
            kept += 1;
            letter.write(&mut rest);
        }
        // Loaded first and taken away then: a run that is killed in between finds the records
        // there.
        self.logs_retry
            .run(async || match kept {
                0 => self.dead_letters.delete(key).await,
                all if all == letters.len() as u64 => Ok(()),
                _ => self.dead_letters.put(key, rest.clone().into()).await,
            })
            .await
    }

    async fn replay(&self, letter: &DeadLetter) -> Result<Replayed, StoreError> {
        if self.filter.leaves_out(&letter.object) {
            return Ok(Replayed::LeftOut);
        }
        let from_bytes = letter.bytes().and_then(|bytes| self.sole_record(&bytes));
        let found = match from_bytes {
            Some(record) => {
                Some((Origin { position: letter.position(), former_uids: Vec::new() }, record))
            }
            None => self.record_at(&letter.object, &letter.position()).await?,
        };
        let Some((origin, record)) = found else { return Ok(Replayed::Bad) };
        let stored = async || self.under_stored_uid(&origin, record.clone()).await;
        let record = self.retry.run(stored).await?;
        if self.store.refuses(&record).is_some() {
            return Ok(Replayed::Bad);
        }
        let there = self.retry.run(async || self.store.find(&[&record.key]).await).await?;
        match there.get(&record.key) {
            Some(found) if *found == self.store.fingerprint(&record) => {
                Ok(Replayed::Good { is_new: false })
            }
            Some(_) => Ok(Replayed::Bad),
            None => {
                self.insert(&letter.object, &[(origin, record)]).await?;
                Ok(Replayed::Good { is_new: true })
            }
        }
    }

    /// The record of these bytes, if it has a uid of its own.
    fn sole_record(&self, bytes: &[u8]) -> Option<LogRecord> {
        let mut found = RecordBatch::default();
        // The record cannot take its uid from its object, whose only one it may not be.
        let mut reader = RecordReader::new(Naming::none(), self.args.max_record_bytes)
            .of_model(self.model.clone());
        reader.push(bytes, &mut found);
        reader.finish(&mut found);
        match (found.records.pop(), found.records.is_empty() && found.bad.is_empty()) {
            (Some((_, record)), true) => Some(record),
            _ => None,
        }
    }

    /// Returns the record at a position in an object, if the object still exists.
    async fn record_at(
        &self,
        object: &str,
        position: &Position,
    ) -> Result<Option<(Origin, LogRecord)>, StoreError> {
        self.logs_retry
            .run(async || {
                let mut batches =
                    std::pin::pin!(record_batches(&self.logs, object, &self.read_options));
                loop {
                    match batches.try_next().await {
                        Ok(Some(batch)) => {
                            let mut records = batch.records.into_iter();
                            let found = records.find(|(origin, _)| origin.position == *position);
                            if found.is_some() {
                                return Ok(found);
                            }
                        }
                        Ok(None) => return Ok(None),
                        Err(error) if error.kind == StoreErrorKind::NotFound => return Ok(None),
                        Err(error) => return Err(error),
                    }
                }
            })
            .await
    }
}

impl Report for RedriveReport {
    fn human(&self) -> String {
        let rows = [
            ("dead letters", number(self.dead_letters)),
            ("loaded", number(self.loaded)),
            ("already there", number(self.already_there)),
            ("still bad", number(self.still_bad)),
            ("left out", number(self.left_out)),
            ("objects read", number(self.objects_read)),
        ];
        let mut text =
            grid(&["redriven", ""], &rows.map(|(name, value)| vec![name.to_owned(), value]));
        if !self.unreadable.is_empty() {
            text.push_str(&format!("\n\nno dead letters: {}", self.unreadable.join(", ")));
        }
        text + &lines(self.unreadable_objects.len() as u64, &self.unreadable_objects)
    }

    fn exit(&self) -> Exit {
        if self.is_over_limit { Exit::BadInput } else { Exit::Done }
    }
}
