use std::collections::{BTreeSet, HashMap, HashSet};

use futures_util::TryStreamExt;
use mlops_core::literal::Value;
use mlops_core::ports::{LogStore, StoreError, Window};
use mlops_core::record::parse_payload;
use mlops_core::shift::FeatureSet;
use mlops_core::table::{Cell, Table, is_missing_text, level_name};

/// New columns are named up to this many: a field whose name is data has no end of them.
const MAX_NEW_COLUMNS: usize = 50;

/// Fields of the request itself, which no model is trained on.
const REQUEST_FIELDS: [&str; 3] = ["uid", "client_id", "endpoint"];

/// What production sent.
pub(crate) struct Production {
    pub(crate) table: Table,
    /// Payloads without an `input` object, which an application may have written itself.
    pub(crate) without_input: u64,
    /// Rows left out, as an earlier one is of the same unit.
    pub(crate) repeated: usize,
    /// Columns that the reference does not have.
    pub(crate) new_columns: Vec<String>,
}

impl Production {
    /// The columns of a file.
    pub(crate) fn of_table(mut table: Table, features: &FeatureSet, unit: Option<&str>) -> Self {
        let repeated = unit.map_or(0, |unit| table.keep_first_of_each(unit));
        let names = table.columns.iter().map(|column| column.name.as_str());
        let new_columns: Vec<String> =
            names.filter(|name| !features.knows(name)).take(MAX_NEW_COLUMNS).map(str::to_owned).collect();
        Self { table: features.align(table), without_input: 0, repeated, new_columns }
    }
}

/// Reads the features of logged requests. Fields that are no features are passed over.
pub(crate) struct LogReader<'a> {
    features: &'a FeatureSet,
    unit: Option<&'a str>,
    /// Where each feature of the input stands.
    places: HashMap<String, usize>,
    /// Where the prediction of the output stands.
    prediction: Option<usize>,
    units: HashSet<String>,
    new_columns: BTreeSet<String>,
    production: Production,
}

impl<'a> LogReader<'a> {
    pub(crate) fn new(features: &'a FeatureSet, unit: Option<&'a str>, prediction: Option<&str>) -> Self {
        let table = features.empty_production();
        let mut places: HashMap<String, usize> =
            table.columns.iter().enumerate().map(|(place, column)| (column.name.clone(), place)).collect();
        let prediction = prediction.and_then(|prediction| places.remove(prediction));
        let production = Production { table, without_input: 0, repeated: 0, new_columns: Vec::new() };
        Self { features, unit, places, prediction, units: HashSet::new(), new_columns: BTreeSet::new(), production }
    }

    /// Reads every request logged in `window`.
    pub(crate) async fn read(
        mut self,
        database: &impl LogStore,
        window: Window,
        progress: impl Fn(),
    ) -> Result<Production, StoreError> {
        let mut payloads = database.payloads(window);
        while let Some(payload) = payloads.try_next().await? {
            progress();
            self.take(parse_payload(&payload).ok().as_ref());
        }
        Ok(Production { new_columns: self.new_columns.into_iter().collect(), ..self.production })
    }

    fn take(&mut self, payload: Option<&Value<'_>>) {
        let Some(Value::Map(fields)) = payload.and_then(|payload| payload.get("input")) else {
            self.production.without_input += 1;
            return;
        };
        let mut row = vec![Cell::Missing; self.production.table.columns.len()];
        let mut unit = None;
        for (name, value) in fields {
            if self.unit == Some(name.as_ref()) {
                unit = cell_text(value);
            }
            match self.places.get(name.as_ref()) {
                Some(&place) => row[place] = cell(value),
                None if self.new_columns.len() < MAX_NEW_COLUMNS
                    && !REQUEST_FIELDS.contains(&name.as_ref())
                    && !self.features.knows(name) =>
                {
                    self.new_columns.insert(name.clone().into_owned());
                }
                None => {}
            }
        }
        if unit.is_some_and(|unit| !self.units.insert(unit)) {
            self.production.repeated += 1;
            return;
        }
        if let Some(place) = self.prediction
            && let Some(prediction) = payload.and_then(|payload| payload.get("output")?.get("prediction"))
        {
            row[place] = cell(prediction);
        }
        self.production.table.columns.iter_mut().zip(row).for_each(|(column, cell)| column.push(cell));
    }
}

/// The name of a unit; `None` where the request has none.
fn cell_text(value: &Value<'_>) -> Option<String> {
    match cell(value) {
        Cell::Text(text) if !is_missing_text(text) => Some(level_name(text).to_owned()),
        _ => None,
    }
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
