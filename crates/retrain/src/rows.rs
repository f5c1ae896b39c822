use anyhow::{Context as _, Result};
use mlops_core::table::{Column, Kind, Table};
use mlops_core::window::Window;
use mlops_job::{Context, UsageError};
use mlops_model::{FeatureKind, Schema};
use mlops_monitor::{
    LOG_TIME, LabelCounts, LogColumns, LogsAt, label, read_logged, read_outcomes, read_table,
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
}

/// Reads all sources of the arguments. Without other sources, logs have the columns of the current
/// model.
pub(crate) async fn read(
    args: &DataArgs,
    target: &str,
    database: Option<&Database>,
    present: Option<&Schema>,
    context: &Context,
) -> Result<Rows> {
    if args.data.is_empty() && args.table.is_none() && args.query.is_none() && args.logs.is_none() {
        let message = "--data (RETRAIN_DATA) is missing: name the training data, such as train.csv, or use --table, --query or --logs";
        return Err(UsageError::new(message).into());
    }
    let mut rows = Gathered::default();
    for location in &args.data {
        let table = read_table(location).await.with_context(|| format!("reading {location}"))?;
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
        rows.add(database.query(&database.select_all(table)).await?, format!("table {table}"))?;
    }
    if let Some(query) = &args.query {
        rows.add(from_database("--query")?.query(query).await?, format!("`{query}`"))?;
    }
    let mut labels = None;
    if let Some(source) = &args.logs {
        let columns = log_columns(rows.table.as_ref(), present, target, args)?;
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
    Ok(Rows { table: rows.table.unwrap_or_default(), source: rows.sources.join(", "), labels })
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

async fn read_logs(
    args: &DataArgs,
    source: &LogSource,
    columns: Vec<(String, Kind)>,
    database: Option<&Database>,
    context: &Context,
) -> Result<Table> {
    let outputs = args.outcomes.outcomes_of.outputs();
    let columns = LogColumns { inputs: columns, outputs, ..LogColumns::default() };
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
