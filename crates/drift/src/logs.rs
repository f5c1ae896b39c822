use std::collections::{BTreeSet, HashMap};

use anyhow::Result;
use futures_util::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use mlops_core::literal::Value;
use mlops_core::ports::{LogStore, ObjectMeta, ObjectStore, StoreError, StoreErrorKind, Window};
use mlops_core::record::{DEFAULT_MAX_RECORD_BYTES, LogRecord, parse_payload};
use mlops_core::shift::{Collector, FeatureSet};
use mlops_core::table::{Cell, Column, Kind, Table};
use mlops_objects::{Location, Objects, record_batches};

/// The name of the column that says when a request was logged.
pub(crate) const LOG_TIME: &str = "output.logging_timestamp";

/// New columns are named up to this many: a field whose name is data has no end of them.
pub(crate) const MAX_NEW_COLUMNS: usize = 50;

/// Fields of the request itself, which no model is trained on.
const REQUEST_FIELDS: [&str; 3] = ["uid", "client_id", "endpoint"];

/// Rows are handed on in tables of this many.
const BATCH_ROWS: usize = 8192;

/// Objects that are read at once.
const OBJECTS_AT_ONCE: usize = 32;

/// Turns logged requests into rows of the features. Fields that are no features are passed over.
pub(crate) struct LogReader<'a> {
    features: &'a FeatureSet,
    collector: Collector,
    /// Where each feature of the input stands.
    places: HashMap<String, usize>,
    /// Where the prediction of the output stands.
    prediction: Option<usize>,
    /// Where the time stands.
    time: usize,
    batch: Table,
    found: LogFindings,
}

/// What there was beside the features.
#[derive(Debug, Default)]
pub(crate) struct LogFindings {
    /// Payloads without an `input` object, which an application may have written itself.
    pub(crate) without_input: u64,
    /// Lines that are no records.
    pub(crate) bad: u64,
    /// Fields that the reference does not have.
    pub(crate) new_columns: BTreeSet<String>,
}

impl<'a> LogReader<'a> {
    pub(crate) fn new(features: &'a FeatureSet, collector: Collector, prediction: Option<&str>) -> Self {
        let columns = features.reference.columns.iter().map(|column| Column::new(&column.name, column.kind()));
        let mut columns: Vec<Column> = columns.collect();
        // Whose row it is and which segment's may be told by a field that is no feature.
        let split = collector.split();
        for other in [&split.unit, &split.by].into_iter().flatten() {
            if columns.iter().all(|column| column.name != *other) {
                columns.push(Column::new(other, Kind::Categorical));
            }
        }
        let names = columns.iter().enumerate();
        let mut places: HashMap<String, usize> = names.map(|(place, column)| (column.name.clone(), place)).collect();
        let prediction = prediction.and_then(|prediction| places.remove(prediction));
        let time = columns.len();
        columns.push(Column::new(LOG_TIME, Kind::Date));
        let batch = Table { columns };
        Self { features, collector, places, prediction, time, batch, found: LogFindings::default() }
    }

    /// Reads every request that the database has of `window`.
    pub(crate) async fn read_database(
        &mut self,
        database: &impl LogStore,
        window: Window,
        progress: impl Fn(),
    ) -> Result<(), StoreError> {
        let mut requests = database.requests(window);
        while let Some(request) = requests.try_next().await? {
            progress();
            self.take(request.logging_timestamp, &request.payload);
        }
        Ok(())
    }

    /// Reads every object below a location, or the one that it names.
    pub(crate) async fn read_objects(&mut self, location: &Location, progress: impl Fn()) -> Result<(), StoreError> {
        let (store, objects) = list(location).await?;
        // Objects are read side by side, and taken in the order of their keys.
        let records = futures_util::stream::iter(objects)
            .map(|object| {
                let store = &store;
                async move {
                    let batches = record_batches(store, &object.key, DEFAULT_MAX_RECORD_BYTES);
                    let mut read: (Vec<LogRecord>, u64) = Default::default();
                    let mut batches = std::pin::pin!(batches);
                    while let Some(batch) = batches.try_next().await? {
                        read.0.extend(batch.records.into_iter().map(|(_, record)| record));
                        read.1 += batch.bad.len() as u64;
                    }
                    Ok::<_, StoreError>(read)
                }
            })
            .buffered(OBJECTS_AT_ONCE);
        let mut records = std::pin::pin!(records);
        while let Some((records, bad)) = records.try_next().await? {
            self.found.bad += bad;
            for record in records {
                progress();
                self.take(record.logging_timestamp, &record.payload);
            }
        }
        Ok(())
    }

    /// What was collected, and what there was beside.
    pub(crate) fn finish(mut self) -> (Collector, LogFindings) {
        self.hand_on();
        (self.collector, self.found)
    }

    fn take(&mut self, time: Timestamp, payload: &str) {
        let payload = parse_payload(payload).ok();
        let Some(Value::Map(fields)) = payload.as_ref().and_then(|payload| payload.get("input")) else {
            self.found.without_input += 1;
            return;
        };
        let mut row = vec![Cell::Missing; self.batch.columns.len()];
        for (name, value) in fields {
            match self.places.get(name.as_ref()) {
                Some(&place) => row[place] = cell(value),
                None if self.found.new_columns.len() < MAX_NEW_COLUMNS
                    && !REQUEST_FIELDS.contains(&name.as_ref())
                    && !self.features.knows(name) =>
                {
                    self.found.new_columns.insert(name.clone().into_owned());
                }
                None => {}
            }
        }
        if let Some(place) = self.prediction
            && let Some(prediction) = payload.as_ref().and_then(|payload| payload.get("output")?.get("prediction"))
        {
            row[place] = cell(prediction);
        }
        row[self.time] = Cell::Time(time.as_microsecond());
        self.batch.columns.iter_mut().zip(row).for_each(|(column, cell)| column.push(cell));
        if self.batch.rows() == BATCH_ROWS {
            self.hand_on();
        }
    }

    fn hand_on(&mut self) {
        let empty = self.batch.columns.iter().map(|column| Column::new(&column.name, column.kind())).collect();
        let batch = std::mem::replace(&mut self.batch, Table { columns: empty });
        self.collector.add(&batch);
    }
}

/// The objects of a folder or prefix, or the one object that is named, with the store that has them.
async fn list(location: &Location) -> Result<(Objects, Vec<ObjectMeta>), StoreError> {
    let folder = Objects::open(location).await;
    let is_file = matches!(location, Location::Folder(path) if path.is_file());
    if !is_file {
        let below: Vec<ObjectMeta> = folder.list("").try_collect().await?;
        if !below.is_empty() {
            return Ok((folder, below));
        }
    }
    let nothing = || StoreError::new(StoreErrorKind::NotFound, format!("there are no logs at {location}"));
    let (place, name) = location.split_file().map_err(|_| nothing())?;
    let store = Objects::open(&place).await;
    let named: Vec<ObjectMeta> =
        store.list(&name).try_filter(|object| std::future::ready(object.key == name)).try_collect().await?;
    if named.is_empty() { Err(nothing()) } else { Ok((store, named)) }
}

fn cell<'v>(value: &'v Value<'_>) -> Cell<'v> {
    match value {
        Value::Null | Value::NonFinite(_) => Cell::Missing,
        Value::Bool(true) => Cell::Text("true"),
        Value::Bool(false) => Cell::Text("false"),
        Value::Number(text) | Value::String(text) => Cell::Text(text),
        Value::Surrogate { text, .. } => Cell::Text(text),
        Value::List(_) => Cell::Text("[…]"),
        Value::Map(_) => Cell::Text("{…}"),
    }
}
