use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use mlops_core::table::{Kind, Rules};
use mlops_core::window::Window;
use mlops_detect::shift::{Chunk, Collected, Collector, FeatureSet, Split};
use mlops_job::{Context, UsageError};
use mlops_monitor::{LOG_TIME, LogColumns, LogReader, MAX_NEW_COLUMNS, Source};
use mlops_objects::Location;
use mlops_sql::Database;
use mlops_stats::profile::{ColumnProfile, Profile};

use crate::args::DataArgs;
use crate::reference::{check_segments, collect};

/// The production data.
pub(crate) struct Production {
    pub(crate) collected: Collected,
    /// Payloads without an `input` object, which an application may have written itself.
    pub(crate) without_input: u64,
    /// Columns that the reference does not have.
    pub(crate) new_columns: Vec<String>,
}

/// Files that production is read from.
pub(crate) struct Files(Vec<(Location, Source)>);

impl Files {
    /// Opens the locations of --production.
    pub(crate) async fn open(args: &DataArgs) -> Result<Self> {
        // Many cells of another kind are a finding, and no reason to find nothing.
        let rules = Rules { max_bad_cells: 1.0, ..args.rules() };
        let mut sources = Vec::new();
        for location in &args.production {
            let source =
                Source::open(location, &rules).await.context("reading the production data")?;
            sources.push((location.clone(), source));
        }
        Ok(Self(sources))
    }

    /// Returns the columns of all tables and profiles; `None` with logs, whose columns are unknown.
    pub(crate) fn columns(&self) -> Option<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        for (_, source) in &self.0 {
            match source {
                Source::Table(table) => {
                    names.extend(table.columns().map(|(name, _)| name.to_owned()))
                }
                Source::Profiles(profiles) => {
                    names.extend(profiles.whole.columns.iter().map(|column| column.name.clone()));
                }
                Source::Logs(_) => return None,
            }
        }
        Some(names)
    }
}

/// Reads the rows of `files`.
pub(crate) async fn read_files(
    args: &DataArgs,
    files: Files,
    features: &FeatureSet,
    window: Window,
    context: &Context,
) -> Result<Production> {
    let has = files.columns();
    let empty = match &has {
        Some(has) => features.empty_production(|name| has.contains(name)),
        None => features.empty_production(|name| features.reference.column(name).is_some()),
    };
    let split = Split { window, chunk: args.chunk, ..args.reference_split() };
    let mut collector = Collector::new(empty, split.clone());
    let mut new_columns: BTreeSet<String> =
        has.into_iter().flatten().filter(|name| !features.knows(name)).collect();
    let mut without_input = 0;
    for (location, source) in files.0 {
        match source {
            Source::Table(table) => {
                let needs_time = window != Window::default()
                    || matches!(args.chunk, Some(Chunk::Days | Chunk::Weeks));
                if needs_time && args.time.is_none() {
                    let message =
                        format!("{location} is a table; name its time column with --time");
                    return Err(UsageError::new(message).into());
                }
                collector.set_time(args.time.clone());
                collector =
                    collect(table, collector).await.context("reading the production data")?;
            }
            Source::Profiles(profiles) => {
                check_profile(&location, &split, window)?;
                check_segments(&location, &profiles, args.by.as_deref())?;
                collector
                    .join(profiles, |profile| features.select(profile))
                    .map_err(UsageError::because)?;
            }
            Source::Logs(location) => {
                collector.set_time(Some(LOG_TIME.to_owned()));
                let bar = context.progress.start("logged requests", None);
                let columns = log_columns(features, &split, args.prediction.as_deref());
                let mut reader = LogReader::new(columns, |batch: &_| collector.add(batch));
                reader
                    .read_objects(&location, &context.model, || bar.inc(1))
                    .await
                    .with_context(|| format!("reading the logs of {location}"))?;
                bar.finish_and_clear();
                let found = reader.finish();
                if found.bad > 0 {
                    tracing::warn!(records.bad = found.bad, %location, "lines that are not valid records are ignored");
                }
                without_input += found.without_input;
                new_columns.extend(found.new_columns);
            }
        }
    }
    let new_columns = new_columns.into_iter().take(MAX_NEW_COLUMNS).collect();
    Ok(Production { collected: collector.finish(), without_input, new_columns })
}

/// Reads the requests of `window` from the database.
pub(crate) async fn read_database(
    args: &DataArgs,
    features: &FeatureSet,
    window: Window,
    database: &Database,
    context: &Context,
) -> Result<Production> {
    let split =
        Split { chunk: args.chunk, time: Some(LOG_TIME.to_owned()), ..args.reference_split() };
    let columns = log_columns(features, &split, args.prediction.as_deref());
    let mut collector = Collector::new(
        features.empty_production(|name| features.reference.column(name).is_some()),
        split,
    );
    let bar = context.progress.start("logged requests", None);
    let mut reader = LogReader::new(columns, |batch: &_| collector.add(batch));
    reader.read_database(database, window, || bar.inc(1)).await?;
    bar.finish_and_clear();
    let found = reader.finish();
    let new_columns = found.new_columns.into_iter().collect();
    Ok(Production {
        collected: collector.finish(),
        without_input: found.without_input,
        new_columns,
    })
}

/// The features, whose row it is, and which segment's; the last two may be told by a field that is
/// no feature.
fn log_columns(features: &FeatureSet, split: &Split, prediction: Option<&str>) -> LogColumns {
    let mut columns: Vec<(String, Kind)> = features
        .reference
        .columns
        .iter()
        .map(|column| (column.name.clone(), column.kind()))
        .collect();
    for other in [&split.unit, &split.by].into_iter().flatten() {
        if columns.iter().all(|(name, _)| name != other) {
            columns.push((other.clone(), Kind::Categorical));
        }
    }
    let (outputs, inputs): (Vec<_>, Vec<_>) =
        columns.into_iter().partition(|(name, _)| Some(name.as_str()) == prediction);
    let outputs =
        outputs.into_iter().map(|(name, kind)| ("prediction".to_owned(), name, kind)).collect();
    let known = features.skipped.iter().map(|skipped| skipped.column.clone()).collect();
    LogColumns { inputs, outputs, known, ..LogColumns::default() }
}

/// Refuses a window and chunks for a profile, which has no rows.
fn check_profile(location: &Location, split: &Split, window: Window) -> Result<(), UsageError> {
    let asked = [(window != Window::default(), "a window"), (split.chunk.is_some(), "--chunk")];
    match asked.iter().find(|(asked, _)| *asked) {
        Some((_, what)) => Err(UsageError::new(format!(
            "{location} is a profile, which does not support {what}; name a table or logs"
        ))),
        None => Ok(()),
    }
}

/// The features of a segment, without the column that is the same in all of its rows.
pub(crate) fn without(profile: &Profile, column: &str) -> Profile {
    let columns = profile.columns.iter().filter(|other| other.name != column).cloned();
    Profile { rows: profile.rows, columns: columns.collect::<Vec<ColumnProfile>>() }
}

/// Refuses roles that a profile does not support.
pub(crate) fn check_levels(
    features: &FeatureSet,
    categorical: &[String],
) -> Result<(), UsageError> {
    let is_numeric = |name: &&String| {
        features
            .reference
            .column(name.as_str())
            .is_some_and(|column| column.kind() == Kind::Numeric)
    };
    match categorical.iter().find(is_numeric) {
        Some(name) => Err(UsageError::new(format!(
            "the profile has `{name}` as numbers; rebuild it with `drift profile --categorical {name}`"
        ))),
        None => Ok(()),
    }
}
