use std::collections::HashMap;

use futures_util::TryStreamExt;
use mlops_core::literal::Value;
use mlops_core::ports::{LogStore, StoreError, Window};
use mlops_core::record::parse_payload;
use mlops_core::shift::FeatureSet;
use mlops_core::table::{Cell, Table};

/// The logged inputs, and how many payloads had none.
pub(crate) struct Production {
    pub(crate) table: Table,
    /// Payloads without an `input` object, which an application may have written itself.
    pub(crate) without_input: u64,
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
    let mut payloads = database.payloads(window);
    while let Some(payload) = payloads.try_next().await? {
        progress();
        let parsed = parse_payload(&payload).ok();
        match parsed.as_ref().and_then(|payload| payload.get("input")) {
            Some(Value::Map(fields)) => push_row(&mut table, &places, fields),
            _ => without_input += 1,
        }
    }
    Ok(Production { table, without_input })
}

fn push_row(table: &mut Table, places: &HashMap<String, usize>, fields: &[(std::borrow::Cow<'_, str>, Value<'_>)]) {
    let mut row = vec![Cell::Missing; table.columns.len()];
    for (name, value) in fields {
        if let Some(&place) = places.get(name.as_ref()) {
            row[place] = cell(value);
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
