use std::collections::{BTreeSet, HashMap, HashSet};

use futures_util::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use mlops_core::model_name::ModelName;
use mlops_core::ports::{LogStore, ObjectMeta, ObjectStore, StoreError, StoreErrorKind};
use mlops_core::record::LogRecord;
use mlops_core::table::{Cell, Column, Form, Kind, Table};
use mlops_core::window::Window;
use mlops_objects::{Location, Objects, ReadOptions, record_batches};
use mlops_record::literal::Value;
use mlops_record::parse_payload;

/// The name of the column that says when a request was logged.
pub const LOG_TIME: &str = "output.logging_timestamp";

/// New columns are named up to this many: a field whose name is data has no end of them.
pub const MAX_NEW_COLUMNS: usize = 50;

/// Fields of the request itself, which no model is trained on.
const REQUEST_FIELDS: [&str; 3] = ["uid", "client_id", "endpoint"];

/// Rows are handed on in tables of this many.
const BATCH_ROWS: usize = 8192;

/// Objects that are read at once.
const OBJECTS_AT_ONCE: usize = 32;

/// Which columns the rows of logged requests have.
#[derive(Debug, Clone, Default)]
pub struct LogColumns {
    /// Fields of the input.
    pub inputs: Vec<(String, Kind)>,
    /// Fields of the output, each with the column that it becomes.
    pub outputs: Vec<(String, String, Kind)>,
    /// The forms of texts of the input, such as of `1.234,50 €`.
    pub forms: HashMap<String, Form>,
    /// Fields of the input that are known and not wanted; any other is a new column.
    pub known: HashSet<String>,
}

/// Turns logged requests into rows, and hands them on in batches. The column [`LOG_TIME`] comes
/// last.
pub struct LogReader<S> {
    /// The column index of each input field.
    inputs: HashMap<String, usize>,
    /// The column index of each output field.
    outputs: Vec<(String, usize)>,
    known: HashSet<String>,
    batch: Table,
    sink: S,
    found: LogFindings,
}

/// Findings beside the rows.
#[derive(Debug, Default)]
pub struct LogFindings {
    /// Payloads without an `input` object, which an application may have written itself.
    pub without_input: u64,
    /// Lines that are no records.
    pub bad: u64,
    /// Fields of the input that are no columns.
    pub new_columns: BTreeSet<String>,
}

impl<S: FnMut(&Table)> LogReader<S> {
    /// Starts with no rows.
    pub fn new(columns: LogColumns, sink: S) -> Self {
        let LogColumns { inputs, outputs, forms, known } = columns;
        let of_inputs = inputs.iter().map(|(name, kind)| {
            let column = Column::new(name, *kind);
            Column { form: forms.get(name).copied().unwrap_or(column.form), ..column }
        });
        let of_outputs = outputs.iter().map(|(_, name, kind)| Column::new(name, *kind));
        let time = Column::new(LOG_TIME, Kind::Date);
        let batch = Table { columns: of_inputs.chain(of_outputs).chain([time]).collect() };
        let first_output = inputs.len();
        Self {
            inputs: inputs.into_iter().map(|(name, _)| name).zip(0..).collect(),
            outputs: outputs.into_iter().map(|(field, ..)| field).zip(first_output..).collect(),
            known,
            batch,
            sink,
            found: LogFindings::default(),
        }
    }

    /// Reads every request that the database has of `window`.
    ///
    /// # Errors
    ///
    /// The failures of the database.
    pub async fn read_database(
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

    /// Reads the requests of a model in every object below a location, or in the one that it names.
    ///
    /// # Errors
    ///
    /// The failures of the store; [`StoreErrorKind::NotFound`] where there is no object.
    pub async fn read_objects(
        &mut self,
        location: &Location,
        model: &ModelName,
        progress: impl Fn(),
    ) -> Result<(), StoreError> {
        let (store, objects) = list(location).await?;
        let options = ReadOptions::default().of_model(model.clone());
        // Objects are read side by side, and taken in the order of their keys.
        let records = futures_util::stream::iter(objects)
            .map(|object| {
                let (store, options) = (&store, &options);
                async move {
                    let batches = record_batches(store, &object.key, options);
                    let mut read: (Vec<LogRecord>, u64) = Default::default();
                    let mut batches = std::pin::pin!(batches);
                    while let Some(batch) = batches.try_next().await? {
                        let records = batch.records.into_iter().map(|(_, record)| record);
                        read.0.extend(records.filter(|record| record.key.model_name == *model));
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

    /// Hands on the last rows, and tells what there was beside.
    pub fn finish(mut self) -> LogFindings {
        self.hand_on();
        self.found
    }

    fn take(&mut self, time: Timestamp, payload: &str) {
        let payload = parse_payload(payload).ok();
        let Some(Value::Map(fields)) = payload.as_ref().and_then(|payload| payload.get("input"))
        else {
            self.found.without_input += 1;
            return;
        };
        let mut row = vec![Cell::Missing; self.batch.columns.len()];
        for (name, value) in fields {
            match self.inputs.get(name.as_ref()) {
                Some(&index) => row[index] = cell(value),
                None if self.found.new_columns.len() < MAX_NEW_COLUMNS
                    && !REQUEST_FIELDS.contains(&name.as_ref())
                    && !self.known.contains(name.as_ref()) =>
                {
                    self.found.new_columns.insert(name.clone().into_owned());
                }
                None => {}
            }
        }
        let output = payload.as_ref().and_then(|payload| payload.get("output"));
        for (field, index) in &self.outputs {
            if let Some(value) = output.and_then(|output| output.get(field)) {
                row[*index] = cell(value);
            }
        }
        row[self.batch.columns.len() - 1] = Cell::Time(time.as_microsecond());
        self.batch.columns.iter_mut().zip(row).for_each(|(column, cell)| column.push(cell));
        if self.batch.rows() == BATCH_ROWS {
            self.hand_on();
        }
    }

    fn hand_on(&mut self) {
        let empty = self
            .batch
            .columns
            .iter()
            .map(|column| Column { form: column.form, ..Column::new(&column.name, column.kind()) })
            .collect();
        let batch = std::mem::replace(&mut self.batch, Table { columns: empty });
        (self.sink)(&batch);
    }
}

/// The rows whose time, in a column, lies in a window; all of them where the window is open.
pub fn rows_in_window(table: &Table, column: &str, window: Window) -> Table {
    if window == Window::default() {
        return table.clone();
    }
    let times = table.column(column).map(Column::times).unwrap_or_default();
    let is_inside = |row: &usize| {
        let time = times
            .get(*row)
            .copied()
            .flatten()
            .and_then(|time| Timestamp::from_microsecond(time).ok());
        time.is_some_and(|time| window.contains(time))
    };
    table.take(&(0..table.rows()).filter(is_inside).collect::<Vec<usize>>())
}

/// The objects of a folder or prefix, or the one object that is named, with the store that has
/// them.
async fn list(location: &Location) -> Result<(Objects, Vec<ObjectMeta>), StoreError> {
    let folder = Objects::open(location).await;
    let is_file = matches!(location, Location::Folder(path) if path.is_file());
    if !is_file {
        let below: Vec<ObjectMeta> = folder.list("").try_collect().await?;
        if !below.is_empty() {
            return Ok((folder, below));
        }
    }
    let nothing = || StoreError::new(StoreErrorKind::NotFound, format!("no logs at {location}"));
    let (index, name) = location.split_file().map_err(|_| nothing())?;
    let store = Objects::open(&index).await;
    let named: Vec<ObjectMeta> = store
        .list(&name)
        .try_filter(|object| std::future::ready(object.key == name))
        .try_collect()
        .await?;
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
