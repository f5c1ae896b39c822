use anyhow::{Context as _, Result};
use mlops_core::table::{Column, Kind, Table};
use mlops_core::window::Window;
use mlops_job::{Context, UsageError};
use mlops_model::{FeatureKind, Schema};
use mlops_monitor::{
    LOG_TIME, LabelCounts, LogColumns, LogsAt, label, read_logged, read_outcomes, read_table,
};
use mlops_sql::Database;

use crate::args::{DataArgs, LogPlace};

/// The field of a logged request that says whose it is.
const CLIENT_ID: &str = "client_id";

/// The rows of all sources, one after another, with columns matched by name.
pub(crate) struct Rows {
    pub(crate) table: Table,
    /// Where they are from, in words.
    pub(crate) source: String,
    /// What became of the logged requests, if any were read.
    pub(crate) labels: Option<LabelCounts>,
}

/// Reads every source that the arguments name. Logs alone have the columns of the present model.
pub(crate) async fn read(
    args: &DataArgs,
    target: &str,
    database: Option<&Database>,
    present: Option<&Schema>,
    context: &Context,
) -> Result<Rows> {
    if args.data.is_empty() && args.table.is_none() && args.query.is_none() && args.logs.is_none() {
        let message = "--data (RETRAIN_DATA) is missing: name the training data, such as train.csv, or a --table, a --query or --logs";
        return Err(UsageError::new(message).into());
    }
    let mut rows = Gathered::default();
    for location in &args.data {
        let table = read_table(location).await.with_context(|| format!("reading {location}"))?;
        rows.add(table, location.to_string())?;
    }
    let from_database = |argument: &str| {
        database.ok_or_else(|| {
            UsageError::new(format!("{argument} needs --database (MLOPS_DATABASE), which has it"))
        })
    };
    if let Some(table) = &args.table {
        let database = from_database("--table")?;
        rows.add(database.query(&database.select_all(table)).await?, format!("the table {table}"))?;
    }
    if let Some(query) = &args.query {
        rows.add(from_database("--query")?.query(query).await?, format!("`{query}`"))?;
    }
    let mut labels = None;
    if let Some(place) = &args.logs {
        let columns = log_columns(rows.table.as_ref(), present, target, args)?;
        let logged = read_logs(args, place, columns, database, context).await?;
        let outcomes = read_outcomes(&args.outcomes, database).await?;
        let logged = args.outcomes.outcomes_of.keep(&logged);
        let labelled =
            label(&logged, CLIENT_ID, target, &outcomes, args.outcomes.absent_outcome.as_deref());
        labels = Some(labelled.counts);
        let source = match place {
            LogPlace::Database => "model_logs".to_owned(),
            LogPlace::Objects(location) => location.to_string(),
        };
        rows.add(
            with_time(labelled.table, args.time.as_deref()),
            format!("{source} with outcomes"),
        )?;
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
            tracing::warn!("{source}: there are no rows");
        }
        match &mut self.table {
            // The first source says what columns there are, and an empty query has none.
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
                "{source} has no column `{}`, as the first source has",
                column.name
            ))
        })?;
        column.append(&more.clone().into_kind(column.kind()));
    }
    Ok(())
}

/// The columns that logged requests are to have: those of the rows that were read before, or of the
/// present model.
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
            let message = "--logs alone do not say what the features are; name training data with --data or --table too, at least for the first model";
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
    place: &LogPlace,
    columns: Vec<(String, Kind)>,
    database: Option<&Database>,
    context: &Context,
) -> Result<Table> {
    let outputs = args.outcomes.outcomes_of.outputs();
    let columns = LogColumns { inputs: columns, outputs, ..LogColumns::default() };
    let place = match place {
        LogPlace::Database => LogsAt::Database(database.ok_or_else(|| {
            UsageError::new("--logs model_logs needs --database (MLOPS_DATABASE)")
        })?),
        LogPlace::Objects(location) => LogsAt::Objects(location),
    };
    let (table, _) =
        read_logged(place, columns, Window { from: args.since, to: None }, context).await?;
    Ok(table)
}

/// A request whose input does not say its time by which rows are held out has that of its logging.
fn with_time(mut table: Table, time: Option<&str>) -> Table {
    let logged = table
        .columns
        .iter()
        .position(|column| column.name == LOG_TIME)
        .map(|place| table.columns.remove(place));
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
