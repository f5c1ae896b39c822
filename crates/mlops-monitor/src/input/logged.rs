use anyhow::{Context as _, Result};
use mlops_core::table::Table;
use mlops_core::window::Window;
use mlops_job::Context;
use mlops_objects::Location;
use mlops_sql::Database;

use super::logs::{LOG_TIME, LogColumns, LogFindings, LogReader, rows_in_window};

/// The location of logged requests.
#[derive(Debug, Clone, Copy)]
pub enum LogsAt<'a> {
    /// In `model_logs`.
    Database(&'a Database),
    /// As objects, or in one of them.
    Objects(&'a Location),
}

/// Reads the logged requests of a window into one table, and warns of what is left out.
///
/// # Errors
///
/// The failures of the store, and an object or a folder that is not there.
pub async fn read_logged(
    location: LogsAt<'_>,
    columns: LogColumns,
    window: Window,
    context: &Context,
) -> Result<(Table, LogFindings)> {
    let bar = context.progress.start("logged requests", None);
    let mut table = Table::default();
    let mut reader = LogReader::new(columns, |batch: &Table| {
        table.append(&rows_in_window(batch, LOG_TIME, window))
    });
    match location {
        LogsAt::Database(database) => reader.read_database(database, window, || bar.inc(1)).await?,
        LogsAt::Objects(location) => {
            let read = reader.read_objects(location, &context.model, || bar.inc(1)).await;
            read.with_context(|| format!("reading the logs of {location}"))?;
        }
    }
    let found = reader.finish();
    bar.finish_and_clear();
    if found.bad + found.without_input > 0 {
        tracing::warn!(
            records.bad = found.bad,
            requests.without_input = found.without_input,
            "lines that are not valid records, and requests without an `input` object, are ignored"
        );
    }
    Ok((table, found))
}
