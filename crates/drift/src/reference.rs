use anyhow::{Context as _, Result};
use mlops_core::table::Rules;
use mlops_detect::shift::{Collected, Collector, Roles, Split};
use mlops_job::UsageError;
use mlops_monitor::{Source, TableSource};
use mlops_objects::Location;
use mlops_stats::profile::{Profile, Profiles};

/// Reads the profiles of the training data.
pub(crate) async fn read_reference(
    location: &Location,
    rules: &Rules,
    roles: &Roles,
    split: Split,
) -> Result<Collected> {
    match Source::open(location, rules).await.context("reading the training data")? {
        Source::Logs(_) => {
            let message = format!(
                "--reference {location} is a folder of logs; name a CSV or Parquet file, or a profile"
            );
            Err(UsageError::new(message).into())
        }
        Source::Profiles(mut profiles) => {
            check_segments(location, &profiles, split.by.as_deref())?;
            if split.by.is_none() {
                profiles.segments.clear();
            }
            Ok(Collected::of(profiles))
        }
        Source::Table(table) => {
            let kinds = table.columns().map(|(name, kind)| (name, roles.kind(name, kind)));
            let collector = Collector::new(Profile::of_columns(kinds), split);
            Ok(collect(table, collector).await.context("reading the training data")?.finish())
        }
    }
}

/// Refuses --by for a profile without these segments.
pub(crate) fn check_segments(
    location: &Location,
    profiles: &Profiles,
    by: Option<&str>,
) -> Result<(), UsageError> {
    match by {
        Some(by) if profiles.by.as_deref() != Some(by) => {
            let message = format!(
                "{location} has no segments by {by}; rebuild it with `drift profile --by {by}`"
            );
            Err(UsageError::new(message))
        }
        _ => Ok(()),
    }
}

/// Adds the rows of a table to `collector`.
pub(crate) async fn collect(table: TableSource, collector: Collector) -> Result<Collector> {
    let split = collector.split();
    for (argument, column) in [("--time", &split.time), ("--by", &split.by)] {
        column.as_ref().map_or(Ok(()), |column| table.check_column(argument, column))?;
    }
    let wanted = table
        .columns()
        .map(|(name, _)| name.to_owned())
        .filter(|name| collector.wants(name))
        .collect();
    table.read(wanted, collector, |collector, batch| collector.add(&batch)).await
}
