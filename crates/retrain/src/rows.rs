use std::collections::HashMap;

use anyhow::{Context as _, Result};
use mlops_core::ports::StoreError;
use mlops_core::table::{Column, Form, Kind, ReadingError, Rules, Table};
use mlops_core::window::Window;
use mlops_job::{Context, UsageError};
use mlops_model::{FeatureKind, Schema};
use mlops_monitor::{
    BadCells, LOG_TIME, LabelCounts, LogColumns, LogsAt, label, read_logged, read_outcomes,
    read_table,
};
use mlops_sql::Database;

use crate::args::{DataArgs, LogSource};

/// Field of a logged request with the ID of the customer.
const CLIENT_ID: &str = "client_id";

/// The rows of all sources in their order, with columns matched by name.
pub(crate) struct Rows {
    pub(crate) table: Table,
    /// The sources: files, tables, logs.
    pub(crate) source: String,
    /// Counts of the logged requests, if any were read.
    pub(crate) labels: Option<LabelCounts>,
    /// Values that are missing since they are not of their column's kind.
    pub(crate) bad_cells: Vec<BadCells>,
}

/// Reads all sources of the arguments. Without other sources, logs have the columns of the current
/// model. Categorical features of the `kept` schema stay so.
pub(crate) async fn read(
    args: &DataArgs,
    target: &str,
    database: Option<&Database>,
    present: Option<&Schema>,
    kept: Option<&Schema>,
    context: &Context,
) -> Result<Rows> {
    if args.data.is_empty() && args.table.is_none() && args.query.is_none() && args.logs.is_none() {
        let message = "--data (RETRAIN_DATA) is missing: name the training data, such as train.csv, or use --table, --query or --logs";
        return Err(UsageError::new(message).into());
    }
    let rules = rules(args, kept);
    let mut rows = Gathered::default();
    for location in &args.data {
        let table =
            read_table(location, &rules).await.with_context(|| format!("reading {location}"))?;
        rows.add(table, location.to_string())?;
    }
    let from_database = |argument: &str| {
        database.ok_or_else(|| {
            UsageError::new(format!(
                "{argument} needs --database (MLOPS_DATABASE), the database to read from"
            ))
        })
    };
    if let Some(table) = &args.table {
        let database = from_database("--table")?;
        let read = database.query(&database.select_all(table), &rules).await;
        rows.add(read.map_err(of_user)?, format!("table {table}"))?;
    }
    if let Some(query) = &args.query {
        let read = from_database("--query")?.query(query, &rules).await;
        rows.add(read.map_err(of_user)?, format!("`{query}`"))?;
    }
    let mut labels = None;
    if let Some(source) = &args.logs {
        let columns = log_columns(rows.table.as_ref(), present, target, args)?;
        let columns = LogColumns {
            inputs: columns,
            forms: forms(rows.table.as_ref(), present),
            ..LogColumns::default()
        };
        let logged = read_logs(args, source, columns, database, context).await?;
        let outcomes = read_outcomes(&args.outcomes, database).await?;
        let logged = args.outcomes.outcomes_of.keep(&logged);
        let labelled =
            label(&logged, CLIENT_ID, target, &outcomes, args.outcomes.absent_outcome.as_deref());
        labels = Some(labelled.counts);
        let name = match source {
            LogSource::Database => "model_logs".to_owned(),
            LogSource::Objects(location) => location.to_string(),
        };
        rows.add(with_time(labelled.table, args.time.as_deref()), format!("{name} with outcomes"))?;
    }
    let table = rows.table.unwrap_or_default();
    let bad_cells = BadCells::check(&table, args.columns.reading.max_bad_cells)?;
    Ok(Rows { table, source: rows.sources.join(", "), labels, bad_cells })
}

/// Returns how columns are read: IDs as texts, and categorical features of the kept schema as levels.
fn rules(args: &DataArgs, kept: Option<&Schema>) -> Rules {
    let features = kept.iter().flat_map(|schema| &schema.features);
    let levels = features.filter(|it| matches!(it.kind, FeatureKind::Categorical { .. }));
    let levels =
        levels.map(|feature| &feature.name).chain(&args.columns.categorical).cloned().collect();
    let client = CLIENT_ID.to_owned();
    Rules { levels, ..args.columns.reading.rules(args.id.iter().chain([&client])) }
}

/// The error of a query; cells that cannot be read are the user's.
fn of_user(error: StoreError) -> anyhow::Error {
    match std::error::Error::source(&error) {
        Some(source) if source.is::<ReadingError>() => UsageError::because(error).into(),
        _ => error.into(),
    }
}

#[derive(Default)]
struct Gathered {
    table: Option<Table>,
    sources: Vec<String>,
}

impl Gathered {
    fn add(&mut self, table: Table, source: String) -> Result<()> {
        if table.rows() == 0 {
            tracing::warn!("{source} has no rows");
        }
        match &mut self.table {
            // The columns are those of the first source. The result of an empty query has none.
            Some(all) if !table.columns.is_empty() => append(all, &table, &source)?,
            Some(_) => {}
            None => self.table = Some(table),
        }
        self.sources.push(source);
        Ok(())
    }
}

fn append(all: &mut Table, table: &Table, source: &str) -> Result<(), UsageError> {
    for column in &mut all.columns {
        let more = table.column(&column.name).ok_or_else(|| {
            UsageError::new(format!(
                "{source} has no column `{}`, which the first source has; all sources need the same columns",
                column.name
            ))
        })?;
        column.append(&more.clone().into_kind(column.kind()));
    }
    Ok(())
}

/// Returns the columns to read from logged requests: those of the earlier sources, or else of the
/// current model.
fn log_columns(
    before: Option<&Table>,
    present: Option<&Schema>,
    target: &str,
    args: &DataArgs,
) -> Result<Vec<(String, Kind)>, UsageError> {
    let mut columns: Vec<(String, Kind)> = match (before, present) {
        (Some(table), _) => {
            table.columns.iter().map(|column| (column.name.clone(), column.kind())).collect()
        }
        (None, Some(schema)) => {
            let kind = |kind: &FeatureKind| match kind {
                FeatureKind::Numeric => Kind::Numeric,
                FeatureKind::Categorical { .. } => Kind::Categorical,
                FeatureKind::Date => Kind::Date,
            };
            let features =
                schema.features.iter().map(|feature| (feature.name.clone(), kind(&feature.kind)));
            let ids = args.id.iter().map(|id| (id.clone(), Kind::Categorical));
            features
                .chain(ids)
                .chain(args.time.iter().map(|time| (time.clone(), Kind::Date)))
                .collect()
        }
        (None, None) => {
            let message = "--logs alone do not say what the features are: for the first model, add training data with --data or --table";
            return Err(UsageError::new(message));
        }
    };
    columns.retain(|(name, _)| name != target);
    if columns.iter().all(|(name, _)| name != CLIENT_ID) {
        columns.push((CLIENT_ID.to_owned(), Kind::Categorical));
    }
    Ok(columns)
}

/// Returns the forms of texts: those of the earlier sources, or else of the current model.
fn forms(before: Option<&Table>, present: Option<&Schema>) -> HashMap<String, Form> {
    match (before, present) {
        (Some(table), _) => {
            table.columns.iter().map(|column| (column.name.clone(), column.form)).collect()
        }
        (None, Some(schema)) => {
            let features = schema.features.iter();
            features.map(|feature| (feature.name.clone(), feature.form)).collect()
        }
        (None, None) => HashMap::new(),
    }
}

async fn read_logs(
    args: &DataArgs,
    source: &LogSource,
    columns: LogColumns,
    database: Option<&Database>,
    context: &Context,
) -> Result<Table> {
    let columns = LogColumns { outputs: args.outcomes.outcomes_of.outputs(), ..columns };
    let logs = match source {
        LogSource::Database => LogsAt::Database(database.ok_or_else(|| {
            UsageError::new("--logs model_logs needs --database (MLOPS_DATABASE)")
        })?),
        LogSource::Objects(location) => LogsAt::Objects(location),
    };
    let (table, _) =
        read_logged(logs, columns, Window { from: args.since, to: None }, context).await?;
    Ok(table)
}

/// Fills missing values of the column --time with the time of logging.
fn with_time(mut table: Table, time: Option<&str>) -> Table {
    let logged = table
        .columns
        .iter()
        .position(|column| column.name == LOG_TIME)
        .map(|index| table.columns.remove(index));
    if let (Some(time), Some(logged)) = (time, logged)
        && let Some(column) = table.columns.iter_mut().find(|column| column.name == time)
    {
        let merged =
            column.times().into_iter().zip(logged.times()).map(|(own, logged)| own.or(logged));
        let mut of_rows = Column::new(time, Kind::Date);
        merged.for_each(|time| {
            of_rows
                .push(time.map_or(mlops_core::table::Cell::Missing, mlops_core::table::Cell::Time))
        });
        *column = of_rows;
    }
    table
}
