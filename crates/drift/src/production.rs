use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use futures_util::TryStreamExt;
use mlops_core::literal::Value;
use mlops_core::ports::{LogStore, StoreError, Window};
use mlops_core::record::parse_payload;
use mlops_core::shift::FeatureSet;
use mlops_core::table::{Cell, Table};

/// New columns are named up to this many: a field whose name is data has no end of them.
const MAX_NEW_COLUMNS: usize = 50;

/// Fields of the request itself, which no model is trained on.
const REQUEST_FIELDS: [&str; 3] = ["uid", "client_id", "endpoint"];

/// What production sent.
pub(crate) struct Production {
    pub(crate) table: Table,
    /// Payloads without an `input` object, which an application may have written itself.
    pub(crate) without_input: u64,
    /// Columns that the reference does not have.
    pub(crate) new_columns: Vec<String>,
}

impl Production {
    /// The columns of a file.
    pub(crate) fn of_table(table: Table, features: &FeatureSet) -> Self {
        let names = table.columns.iter().map(|column| column.name.as_str());
        let new_columns: Vec<String> =
            names.filter(|name| !features.knows(name)).take(MAX_NEW_COLUMNS).map(str::to_owned).collect();
        Self { table: features.align(table), without_input: 0, new_columns }
    }
}

/// Reads the features of every request logged in `window`. Fields that are no features are passed over.
pub(crate) async fn read_logs(
    database: &impl LogStore,
    window: Window,
    features: &FeatureSet,
    progress: impl Fn(),
) -> Result<Production, StoreError> {
    let mut table = features.empty_production();
    let places: HashMap<String, usize> =
        table.columns.iter().enumerate().map(|(place, column)| (column.name.clone(), place)).collect();
    let mut without_input = 0;
    let mut new_columns = BTreeSet::new();
    let mut payloads = database.payloads(window);
    while let Some(payload) = payloads.try_next().await? {
        progress();
        let parsed = parse_payload(&payload).ok();
        match parsed.as_ref().and_then(|payload| payload.get("input")) {
            Some(Value::Map(fields)) => push_row(&mut table, &places, fields, |name| {
                if new_columns.len() < MAX_NEW_COLUMNS && !REQUEST_FIELDS.contains(&name) && !features.knows(name) {
                    new_columns.insert(name.to_owned());
                }
            }),
            _ => without_input += 1,
        }
    }
    Ok(Production { table, without_input, new_columns: new_columns.into_iter().collect() })
}

fn push_row(
    table: &mut Table,
    places: &HashMap<String, usize>,
    fields: &[(Cow<'_, str>, Value<'_>)],
    mut other: impl FnMut(&str),
) {
    let mut row = vec![Cell::Missing; table.columns.len()];
    for (name, value) in fields {
        match places.get(name.as_ref()) {
            Some(&place) => row[place] = cell(value),
            None => other(name),
        }
    }
    table.columns.iter_mut().zip(row).for_each(|(column, cell)| column.push(cell));
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
