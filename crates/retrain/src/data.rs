use std::collections::HashSet;

use anyhow::Result;
use mlops_core::table::{Column, Table, Values};
use mlops_job::{Context, UsageError};
use mlops_model::{Schema, Target};
use mlops_monitor::LabelCounts;
use mlops_sql::Database;
use sha2::{Digest, Sha256};

use crate::args::DataArgs;
use crate::rows::{self, Rows};

/// Minimum number of rows of either outcome, in the training rows and in the held-out rows.
const MIN_OUTCOMES: usize = 20;

/// Training rows and held-out rows with outcomes.
pub(crate) struct Data {
    pub(crate) source: String,
    pub(crate) train: Part,
    pub(crate) test: Part,
    pub(crate) schema: Schema,
    pub(crate) left_out: LeftOut,
    /// The first and the last time of the training rows, in microseconds since 1970.
    pub(crate) span: Option<(i64, i64)>,
}

/// Numbers of rows that are neither training rows nor held-out rows.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LeftOut {
    pub(crate) without_outcome: usize,
    /// Exact duplicates of earlier rows.
    pub(crate) duplicates: usize,
    /// Counts of the logged requests, if any were read.
    pub(crate) logged: Option<LabelCounts>,
}

/// Rows with their outcomes.
pub(crate) struct Part {
    pub(crate) table: Table,
    pub(crate) labels: Vec<bool>,
}

impl Part {
    fn of(table: &Table, labels: &[bool], rows: &[usize]) -> Self {
        Self { table: table.take(rows), labels: rows.iter().map(|row| labels[*row]).collect() }
    }

    pub(crate) fn positives(&self) -> usize {
        self.labels.iter().filter(|label| **label).count()
    }
}

/// Reads the rows, checks that they suffice for a model, and splits them into training rows and
/// held-out rows.
pub(crate) async fn read(
    args: &DataArgs,
    segment: Option<&str>,
    database: Option<&Database>,
    present: Option<&Schema>,
    context: &Context,
) -> Result<Data> {
    let target = args.target.clone();
    let target = target.ok_or_else(|| {
        UsageError::new(
            "--target (RETRAIN_TARGET) is missing: name the target column, such as churn",
        )
    })?;
    let rows = rows::read(args, &target, database, present, context).await?;
    check_columns(&rows.table, args, segment)?;
    let args = args.clone();
    tokio::task::spawn_blocking(move || split(rows, &target, &args)).await?
}

fn check_columns(table: &Table, args: &DataArgs, segment: Option<&str>) -> Result<(), UsageError> {
    let named = args.id.iter().map(|id| ("--id", id.as_str()));
    let named = named.chain(args.time.as_deref().map(|time| ("--time", time)));
    for (argument, name) in named.chain(segment.map(|segment| ("--segment", segment))) {
        if table.column(name).is_none() {
            let columns: Vec<&str> =
                table.columns.iter().map(|column| column.name.as_str()).collect();
            let message = format!(
                "{argument} {name}: the training data have no such column; their columns are {}",
                columns.join(", ")
            );
            return Err(UsageError::new(message));
        }
    }
    Ok(())
}

fn split(rows: Rows, target: &str, args: &DataArgs) -> Result<Data> {
    let Rows { table, source, labels: logged } = rows;
    let (table, duplicates) =
        if args.id.is_empty() { (table, 0) } else { without_duplicates(table) };
    let outcomes =
        table.column(target).map_or(table.rows(), |column| column.len() - column.missing());
    if outcomes < args.min_rows {
        let least = args.min_rows;
        let mut message =
            format!("{outcomes} rows have an outcome, at least {least} are needed (--min-rows)");
        if let Some(logged) = logged {
            message.push_str(&format!(" ({})", logged.text()));
        }
        return Err(UsageError::new(message).into());
    }
    let (table, labels, without_outcome) = with_outcome(table, target)?;
    let left_out: Vec<String> = args.id.iter().chain(&args.time).cloned().collect();
    let schema = Schema::of(&table, target, &left_out).map_err(UsageError::because)?;
    let times = args.time.as_ref().and_then(|time| table.column(time)).map(|column| column.times());
    let held_out = hold_out(&table, times.as_deref(), args)?;
    let rows = |inside: bool| -> Vec<usize> {
        (0..labels.len()).filter(|row| held_out[*row] == inside).collect()
    };
    let (train, test) = (rows(false), rows(true));
    let span = times.and_then(|times| {
        let known = || train.iter().filter_map(|row| times[*row]);
        Some((known().min()?, known().max()?))
    });
    let data = Data {
        source,
        train: Part::of(&table, &labels, &train),
        test: Part::of(&table, &labels, &test),
        schema,
        left_out: LeftOut { without_outcome, duplicates, logged },
        span,
    };
    for (part, what) in [(&data.train, "training"), (&data.test, "held-out")] {
        let positives = part.positives();
        if positives < MIN_OUTCOMES || part.labels.len() - positives < MIN_OUTCOMES {
            let message = format!(
                "of the {} {what} rows, {positives} are {}; at least {MIN_OUTCOMES} rows of each outcome are needed",
                part.labels.len(),
                data.schema.target.positive
            );
            return Err(UsageError::new(message).into());
        }
    }
    Ok(data)
}

/// Removes exact duplicates of rows with an ID: they could be in both the training rows and the
/// held-out rows. Returns the number of removed rows too.
fn without_duplicates(table: Table) -> (Table, usize) {
    let columns: Vec<&Column> = table.columns.iter().collect();
    let mut seen = HashSet::with_capacity(table.rows());
    let kept: Vec<usize> =
        (0..table.rows()).filter(|row| seen.insert(digest(&columns, *row))).collect();
    let duplicates = table.rows() - kept.len();
    if duplicates == 0 { (table, 0) } else { (table.take(&kept), duplicates) }
}

/// Returns the rows with an outcome, their outcomes, and the number of rows without one.
fn with_outcome(table: Table, target: &str) -> Result<(Table, Vec<bool>, usize)> {
    if let Some(column) = table.column(target)
        && let Values::Numeric(values) = &column.values
        && column.unreadable.is_empty()
        && values.iter().any(|value| !value.is_nan() && *value != 0.0 && *value != 1.0)
    {
        let message = format!(
            "--target {target} holds numbers; a target has two values, such as 0 and 1, or yes and no"
        );
        return Err(UsageError::new(message).into());
    }
    let labels = Target::of(&table, target)
        .and_then(|target| target.labels(&table))
        .map_err(UsageError::because)?;
    let known: Vec<usize> = (0..labels.len()).filter(|row| labels[*row].is_some()).collect();
    let without = labels.len() - known.len();
    let labels: Vec<bool> = labels.into_iter().flatten().collect();
    let table = if without == 0 { table } else { table.take(&known) };
    Ok((table, labels, without))
}

/// Returns whether each row is held out: the newest rows, or the rows with the smallest digests.
///
/// The digest is of the --id columns, or of the whole row without --id, and is the same in every run.
/// So the current model was not trained on the held-out rows of the next run, and the rows of one
/// customer are never split.
fn hold_out(table: &Table, times: Option<&[Option<i64>]>, args: &DataArgs) -> Result<Vec<bool>> {
    let share = args.test_share;
    if !(0.05..=0.5).contains(&share) {
        return Err(UsageError::new(format!(
            "--test-share is {share}; use a share from 0.05 to 0.5"
        ))
        .into());
    }
    let Some(times) = times else {
        let least = (share * f64::from(u32::MAX)) as u32;
        let is_named = |column: &&Column| args.id.is_empty() || args.id.contains(&column.name);
        let columns: Vec<&Column> = table.columns.iter().filter(is_named).collect();
        let first_digits = |row| {
            let digest = digest(&columns, row);
            u32::from_le_bytes([digest[0], digest[1], digest[2], digest[3]])
        };
        return Ok((0..table.rows()).map(|row| first_digits(row) <= least).collect());
    };
    let mut known: Vec<i64> = times.iter().flatten().copied().collect();
    if known.len() < times.len() {
        let message = format!(
            "{} of {} rows have no time in --time {}; remove these rows, or omit --time",
            times.len() - known.len(),
            times.len(),
            args.time.as_deref().unwrap_or_default()
        );
        return Err(UsageError::new(message).into());
    }
    known.sort_unstable();
    let first_held_out = known[((1.0 - share) * known.len() as f64) as usize];
    Ok(times.iter().map(|time| *time >= Some(first_held_out)).collect())
}

/// Returns the SHA-256 digest of the cells of a row.
fn digest(columns: &[&Column], row: usize) -> [u8; 32] {
    let mut digest = Sha256::new();
    for column in columns {
        match &column.values {
            Values::Numeric(values) => digest.update((values[row] + 0.0).to_le_bytes()),
            Values::Date(times) => digest.update(times[row].unwrap_or(i64::MIN).to_le_bytes()),
            Values::Categorical { levels, codes } => {
                digest.update(codes[row].map_or("", |code| levels.names()[code as usize].as_str()));
            }
        }
        digest.update([0]);
    }
    digest.finalize().into()
}
