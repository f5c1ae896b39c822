use std::collections::HashSet;

use anyhow::Result;
use mlops_core::table::{Column, Kind, Table, Values};
use mlops_job::{Context, UsageError};
use mlops_model::identifiers::identifiers;
use mlops_model::leaks::{Alone, alone};
use mlops_model::split::{Groups, Part as Side, hold_out, hold_out_newest};
use mlops_model::{ChosenTarget, ModelError, PositiveBy, Schema, Target};
use mlops_monitor::{BadCells, LabelCounts};
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
    /// Rows of customers that have rows in the other part.
    pub(crate) unused: Part,
    pub(crate) schema: Schema,
    /// The reason why the positive outcome is the positive one.
    pub(crate) positive_by: PositiveBy,
    /// The ID columns, and the column with the times of the rows.
    pub(crate) ids: Vec<String>,
    pub(crate) time: Option<String>,
    /// The column with the weights of the rows.
    pub(crate) weight: Option<String>,
    /// Columns that identify rows although they are no `--id`. They are no features.
    pub(crate) identifiers: Vec<String>,
    /// How well each feature predicts the outcome of the training rows alone.
    pub(crate) alone: Vec<Alone>,
    pub(crate) left_out: LeftOut,
    /// Values that are missing since they are not of their column's kind.
    pub(crate) bad_cells: Vec<BadCells>,
}

/// Numbers of rows that are neither training rows nor held-out rows.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LeftOut {
    pub(crate) without_outcome: usize,
    /// Exact duplicates of earlier rows.
    pub(crate) duplicates: usize,
    /// Rows of customers that have rows in the other part.
    pub(crate) of_both_parts: usize,
    /// Counts of the logged requests, if any were read.
    pub(crate) logged: Option<LabelCounts>,
}

/// Returns a sentence about columns that were left out since they identify rows.
pub(crate) fn left_out_identifiers(identifiers: &[String]) -> Option<String> {
    (!identifiers.is_empty()).then(|| {
        format!(
            "left out {}: nearly all values differ, as of an ID; name IDs with --id, or keep a column with --allow-leak",
            identifiers.join(", ")
        )
    })
}

/// Rows with their outcomes.
pub(crate) struct Part {
    pub(crate) table: Table,
    pub(crate) labels: Vec<bool>,
    /// The customer of each row.
    pub(crate) groups: Groups,
}

impl Part {
    fn take(&self, rows: &[usize]) -> Self {
        Self {
            table: self.table.take(rows),
            labels: rows.iter().map(|row| self.labels[*row]).collect(),
            groups: self.groups.take(rows),
        }
    }

    /// Returns the rows of both.
    pub(crate) fn followed_by(mut self, other: Self) -> Self {
        self.labels.extend(other.labels);
        self.groups.extend(&other.groups);
        Self { table: self.table.followed_by(other.table), ..self }
    }

    /// Returns the weights of the rows, if a column has them. A missing weight is NaN.
    pub(crate) fn weights(&self, column: Option<&str>) -> Option<Vec<f64>> {
        let column = self.table.column(column?)?.clone().into_kind(Kind::Numeric);
        match column.values {
            Values::Numeric(weights) => Some(weights),
            _ => None,
        }
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
    new_schema: bool,
    context: &Context,
) -> Result<Data> {
    let target = args.target.clone();
    let target = target.ok_or_else(|| {
        UsageError::new(
            "--target (RETRAIN_TARGET) is missing: name the target column, such as churn",
        )
    })?;
    let kept = present.filter(|_| !new_schema);
    let rows = rows::read(args, &target, database, present, kept, context).await?;
    check_columns(&rows.table, args, segment)?;
    let args = args.clone();
    let current = present.map(|schema| schema.target.clone());
    let choose = move || {
        let chosen = Target::choose(
            &rows.table,
            &target,
            args.columns.positive.as_deref(),
            current.as_ref(),
        );
        let chosen = chosen.map_err(|error| match error {
            ModelError::UnknownPositive { .. } => UsageError::new(format!("--positive: {error}")),
            error => UsageError::because(error),
        })?;
        split(rows, chosen, &args)
    };
    tokio::task::spawn_blocking(choose).await?
}

fn check_columns(table: &Table, args: &DataArgs, segment: Option<&str>) -> Result<(), UsageError> {
    let named = args.id.iter().map(|id| ("--id", id.as_str()));
    let named = named.chain(args.columns.weight.as_deref().map(|weight| ("--weight", weight)));
    let named = named.chain(args.time.as_deref().map(|time| ("--time", time)));
    let named = named.chain(args.allow_leak.iter().map(|leak| ("--allow-leak", leak.as_str())));
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

fn split(rows: Rows, chosen: ChosenTarget, args: &DataArgs) -> Result<Data> {
    let ChosenTarget { target, by: positive_by } = chosen;
    let Rows { table, source, labels: logged, bad_cells } = rows;
    let (table, duplicates) =
        if args.id.is_empty() { (table, 0) } else { without_duplicates(table, &args.id) };
    let outcomes =
        table.column(&target.name).map_or(table.rows(), |column| column.len() - column.missing());
    if outcomes < args.min_rows {
        let least = args.min_rows;
        let mut message =
            format!("{outcomes} rows have an outcome, at least {least} are needed (--min-rows)");
        if let Some(logged) = logged {
            message.push_str(&format!(" ({})", logged.text()));
        }
        return Err(UsageError::new(message).into());
    }
    let (table, labels, without_outcome) = with_outcome(table, &target)?;
    let groups = Groups::of(&table, &args.id, &target.name);
    let mut left_out: Vec<String> =
        args.id.iter().chain(&args.time).chain(&args.columns.weight).cloned().collect();
    let is_new = |name: &String| {
        *name != target.name && !left_out.contains(name) && !args.allow_leak.contains(name)
    };
    let identifiers: Vec<String> =
        identifiers(&table, &groups).into_iter().filter(is_new).collect();
    left_out.extend_from_slice(&identifiers);
    let schema = Schema::with_target(&table, target, &left_out).map_err(UsageError::because)?;
    let schema = Schema { time: args.time.clone(), ..schema };
    let times = args.time.as_ref().and_then(|time| table.column(time)).map(|column| column.times());
    let sides = sides(&groups, times.as_deref(), args)?;
    let rows = |wanted: Side| -> Vec<usize> {
        (0..labels.len()).filter(|row| sides[*row] == wanted).collect()
    };
    let (train, test, unused) = (rows(Side::Training), rows(Side::HeldOut), rows(Side::Unused));
    let all = Part { table, labels, groups };
    let train = all.take(&train);
    let data = Data {
        source,
        test: all.take(&test),
        unused: all.take(&unused),
        alone: alone(&train.table, &train.labels, &train.groups, &schema),
        train,
        schema,
        positive_by,
        ids: args.id.clone(),
        time: args.time.clone(),
        weight: args.columns.weight.clone(),
        identifiers,
        left_out: LeftOut { without_outcome, duplicates, of_both_parts: unused.len(), logged },
        bad_cells,
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
/// held-out rows. Rows without an ID are different customers. Returns the number of removed rows too.
fn without_duplicates(table: Table, ids: &[String]) -> (Table, usize) {
    let columns: Vec<&Column> = table.columns.iter().collect();
    let names: Vec<Vec<Option<String>>> =
        ids.iter().filter_map(|id| table.column(id)).map(Column::names).collect();
    let has_id = |row: usize| names.iter().any(|names| names[row].is_some());
    let mut seen = HashSet::with_capacity(table.rows());
    let kept: Vec<usize> = (0..table.rows())
        .filter(|row| !has_id(*row) || seen.insert(digest(&columns, *row)))
        .collect();
    let duplicates = table.rows() - kept.len();
    if duplicates == 0 { (table, 0) } else { (table.take(&kept), duplicates) }
}

/// Returns the rows with an outcome, their outcomes, and the number of rows without one.
fn with_outcome(table: Table, target: &Target) -> Result<(Table, Vec<bool>, usize)> {
    let labels = target.labels(&table).map_err(UsageError::because)?;
    let known: Vec<usize> = (0..labels.len()).filter(|row| labels[*row].is_some()).collect();
    let without = labels.len() - known.len();
    let labels: Vec<bool> = labels.into_iter().flatten().collect();
    let table = if without == 0 { table } else { table.take(&known) };
    Ok((table, labels, without))
}

/// Returns the part that each row belongs to. With --time the newest rows are held out, else random
/// customers, or random rows without --id.
fn sides(groups: &Groups, times: Option<&[Option<i64>]>, args: &DataArgs) -> Result<Vec<Side>> {
    let share = args.test_share;
    if !(0.05..=0.5).contains(&share) {
        return Err(UsageError::new(format!(
            "--test-share is {share}; use a share from 0.05 to 0.5"
        ))
        .into());
    }
    let Some(times) = times else { return Ok(hold_out(groups, share)) };
    let known: Vec<i64> = times.iter().flatten().copied().collect();
    if known.len() < times.len() {
        let message = format!(
            "{} of {} rows have no time in --time {}; remove these rows, or omit --time",
            times.len() - known.len(),
            times.len(),
            args.time.as_deref().unwrap_or_default()
        );
        return Err(UsageError::new(message).into());
    }
    Ok(hold_out_newest(groups, &known, share))
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
