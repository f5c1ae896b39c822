use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use futures_util::stream::{self, StreamExt};
use mlops_core::etl::{EtlStore, Partition};
use mlops_core::ports::{ObjectMeta, StoreError, StoreErrorKind};
use mlops_job::{Report, grid, number};
use mlops_objects::record_batches;
use serde::Serialize;

use crate::engine::Engine;
use crate::filter::Choice;
use crate::partition::{Listed, Look, Survey};
use crate::report::LeftOut;

/// Objects that are read to see what an object holds.
const SAMPLE: usize = 32;

/// Partitions listed at once.
const LISTINGS: usize = 16;

/// Keys of a page of a listing.
const PAGE: u64 = 1000;

// AWS's list prices in us-east-1, in dollars a million: S3 Standard's GET and LIST requests, and
// DynamoDB's write request units on demand (aws.amazon.com/s3/pricing,
// aws.amazon.com/dynamodb/pricing/on-demand, November 2026).
const GET_DOLLARS: f64 = 0.40;
const LIST_DOLLARS: f64 = 5.00;
const WRITE_UNIT_DOLLARS: f64 = 0.625;

/// Records that one process parses and writes in a second, at most; measured for rows of a
/// kilobyte.
const RECORDS_A_SECOND: f64 = 20_000.0;

/// The expected work of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct PlanReport {
    /// Partitions with something new.
    pub partitions: u64,
    /// Objects to read.
    pub objects: u64,
    /// Bytes to read, as stored.
    pub bytes: u64,
    /// Records in them, as far as a sample tells.
    pub records: u64,
    /// Requests that list.
    pub list_requests: u64,
    /// Requests that read.
    pub get_requests: u64,
    /// Write units of DynamoDB; 0 for another store.
    pub write_units: u64,
    /// How long it would take, very roughly.
    pub seconds: f64,
    /// The price of the requests and write units at AWS, in dollars, at list prices.
    pub dollars: f64,
    /// Numbers of what was listed and would not be loaded.
    pub left_out: LeftOut,
}

/// Counts over a sample of objects.
#[derive(Default)]
struct Sample {
    objects: u64,
    records: u64,
    write_units: u64,
    elapsed: Duration,
}

impl<S: EtlStore + 'static> Engine<S> {
    /// Says what a run would do. Writes nothing, and takes no lease.
    pub(crate) async fn plan(&self) -> Result<PlanReport, StoreError> {
        let watermark = self.store.watermark(&self.pipeline).await?.unwrap_or_default();
        let audit = self.is_audit().await?;
        let mut plan = PlanReport::default();
        let mut sampled: Vec<ObjectMeta> = Vec::new();
        let mut folders = vec![self.args.prefix.clone()];
        let mut are_all_mine = false;
        while !folders.is_empty() {
            let found = if are_all_mine {
                self.discover(std::mem::take(&mut folders), None, &Default::default()).await?
            } else {
                folders.clear();
                self.discover_window(&watermark, audit, &Default::default(), &[]).await?
            };
            plan.list_requests += found.listings;
            plan.left_out.folders += found.left_out;
            let all = are_all_mine;
            let is_mine = |partition: &&Partition| all || self.is_mine(&partition.id());
            let looks = found.partitions.iter().filter(is_mine).cloned();
            let looks = looks.map(|partition| self.new_in(found.look(partition), audit));
            let mut looks = stream::iter(looks).buffer_unordered(LISTINGS);
            while let Some(look) = looks.try_next().await? {
                plan.left_out.objects += look.survey.left_out();
                let listed = look.survey.listing.objects + look.survey.left_out();
                plan.list_requests += listed.div_ceil(PAGE).max(1);
                folders.extend(look.survey.folders);
                plan.partitions += u64::from(look.new > 0);
                plan.objects += look.new;
                plan.bytes += look.bytes;
                // One of each partition, as long as there is room.
                sampled.extend(look.sample.into_iter().take(if sampled.len() < SAMPLE {
                    2
                } else {
                    0
                }));
            }
            are_all_mine = true;
        }
        let sample = self.sample(&sampled).await?;
        let scale = plan.objects as f64 / sample.objects.max(1) as f64;
        plan.records = (sample.records as f64 * scale) as u64;
        plan.write_units = (sample.write_units as f64 * scale) as u64;
        plan.get_requests = plan.objects;
        let one_object = sample.elapsed.as_secs_f64() / sample.objects.max(1) as f64;
        let reading = plan.objects as f64 * one_object / f64::from(self.args.concurrency);
        plan.seconds = reading.max(plan.records as f64 / RECORDS_A_SECOND);
        plan.dollars = (plan.get_requests as f64 * GET_DOLLARS
            + plan.list_requests as f64 * LIST_DOLLARS
            + plan.write_units as f64 * WRITE_UNIT_DOLLARS)
            / 1e6;
        Ok(plan)
    }

    async fn new_in(&self, look_at: Look, audit: bool) -> Result<New, StoreError> {
        let mut look = New::default();
        let id = look_at.partition.id();
        let state = self.store.partitions(&self.pipeline, &[id]).await?.pop();
        let state = match state {
            Some(state) if state.sealed && !audit => return Ok(look),
            state => state,
        };
        let ledger = match &state {
            Some(state) if !state.sealed => self.loaded(state).await?,
            _ => Default::default(),
        };
        let sealed = state.filter(|state| state.sealed).and_then(|state| state.listing);
        self.walk(&look_at, async |listed| {
            match listed {
                Listed::Folder(folder) => look.survey.folders.push(folder),
                Listed::Unreadable(..) => {}
                Listed::LeftOut(object, id, choice) => look.survey.add(&object, id, choice),
                Listed::Object(object, id) => {
                    look.survey.add(&object, id, Choice::Loaded);
                    if !ledger.contains(&id) {
                        look.new += 1;
                        look.bytes += object.size_bytes;
                        if look.sample.len() < 2 {
                            look.sample.push(object);
                        }
                    }
                }
            }
            Ok(())
        })
        .await?;
        if sealed.is_some_and(|listing| look.survey.is_loaded_by(&listing)) {
            (look.new, look.bytes) = (0, 0);
            look.sample.clear();
        }
        Ok(look)
    }

    /// Reads a few objects one after another.
    async fn sample(&self, objects: &[ObjectMeta]) -> Result<Sample, StoreError> {
        let mut sample = Sample::default();
        let started = Instant::now();
        for object in objects {
            let mut batches =
                std::pin::pin!(record_batches(&self.logs, &object.key, &self.read_options));
            loop {
                let batch = match batches.try_next().await {
                    Ok(Some(batch)) => batch,
                    Ok(None) => break,
                    Err(error) if error.kind == StoreErrorKind::Temporary => return Err(error),
                    Err(error) => {
                        tracing::warn!(object.key = object.key, "not in the sample: {error}");
                        break;
                    }
                };
                sample.records += (batch.records.len() + batch.bad.len()) as u64;
                sample.write_units += batch
                    .records
                    .iter()
                    .map(|(_, record)| self.store.write_units(record))
                    .sum::<u64>();
            }
            sample.objects += 1;
        }
        sample.elapsed = started.elapsed();
        Ok(sample)
    }
}

/// New objects of a partition.
#[derive(Default)]
struct New {
    survey: Survey,
    new: u64,
    bytes: u64,
    sample: Vec<ObjectMeta>,
}

impl Report for PlanReport {
    fn human(&self) -> String {
        let rows = [
            ("partitions with something new", number(self.partitions)),
            ("objects to read", number(self.objects)),
            ("bytes", number(self.bytes)),
            ("records, about", number(self.records)),
            ("list requests", number(self.list_requests)),
            ("get requests", number(self.get_requests)),
            ("write units", number(self.write_units)),
            ("seconds, about", format!("{:.0}", self.seconds.ceil())),
            ("dollars, about", format!("{:.4}", self.dollars)),
        ];
        let rows = rows.map(|(name, value)| vec![name.to_owned(), value]);
        grid(&["a run would take", ""], &rows) + &self.left_out.line()
    }
}
