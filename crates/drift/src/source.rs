use std::path::Path;

use anyhow::{Context as _, Result};
use mlops_core::profile::{Profile, Profiles};
use mlops_core::shift::{Collected, Collector, Roles, Split};
use mlops_core::table::Kind;
use mlops_job::UsageError;
use mlops_objects::{LocalCopy, Location, local_copy};
use mlops_table::{TableFile, read_profiles};

/// Endings of files with one JSON record a line, or one in all.
const LOG_ENDINGS: [&str; 3] = [".json", ".jsonl", ".ndjson"];

/// Endings of files that are tables or their profiles.
const FILE_ENDINGS: [&str; 5] = [".csv", ".tsv", ".parquet", ".pq", ".profile"];

/// What a location holds.
pub(crate) enum Source {
    Table(TableSource),
    Profiles(Profiles),
    /// JSON logs: a folder, or one object.
    Logs(Location),
}

/// A table, with its file if that was downloaded.
pub(crate) struct TableSource {
    location: Location,
    file: TableFile,
    _copy: LocalCopy,
}

impl Source {
    pub(crate) async fn open(location: &Location) -> Result<Self> {
        if is_logs(location) {
            return Ok(Self::Logs(location.clone()));
        }
        let copy = local_copy(location).await?;
        let opened = tokio::task::spawn_blocking(move || {
            let path: &Path = copy.as_ref();
            Ok::<_, mlops_table::TableError>(match read_profiles(path)? {
                Some(profiles) => (copy, Err(profiles)),
                None => {
                    let file = TableFile::open(path)?;
                    (copy, Ok(file))
                }
            })
        });
        let (copy, opened) = opened.await?.map_err(UsageError::because)?;
        Ok(match opened {
            Ok(file) => Self::Table(TableSource { location: location.clone(), file, _copy: copy }),
            Err(profiles) => Self::Profiles(profiles),
        })
    }
}

impl TableSource {
    pub(crate) fn columns(&self) -> impl Iterator<Item = (&str, Kind)> {
        self.file.columns()
    }

    /// Adds the rows to what `collector` has. Reading takes long enough to hold up the runtime, and has a thread of its own.
    pub(crate) async fn read(self, mut collector: Collector) -> Result<Collector> {
        let split = collector.split();
        let named = [("--time", &split.time), ("--by", &split.by)];
        for (argument, column) in named.into_iter().filter_map(|(argument, column)| Some((argument, column.as_ref()?)))
        {
            if !self.file.has(column) {
                let columns: Vec<&str> = self.columns().map(|(name, _)| name).collect();
                let message =
                    format!("{argument} {column}: {} has no such column; it has {}", self.location, columns.join(", "));
                return Err(UsageError::new(message).into());
            }
        }
        let reading = tokio::task::spawn_blocking(move || {
            let wanted: Vec<String> = self.columns().map(|(name, _)| name.to_owned()).collect();
            let wanted: Vec<String> = wanted.into_iter().filter(|name| collector.wants(name)).collect();
            self.file.read(|name| wanted.iter().any(|wanted| wanted == name), |batch| collector.add(&batch))?;
            Ok::<_, mlops_table::TableError>(collector)
        });
        Ok(reading.await?.map_err(UsageError::because)?)
    }
}

/// The training data's profiles.
pub(crate) async fn read_reference(location: &Location, roles: &Roles, split: Split) -> Result<Collected> {
    match Source::open(location).await.context("reading the training data")? {
        Source::Logs(_) => {
            let message = format!("--reference {location} is no table; name a CSV or Parquet file, or a profile");
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
            Ok(table.read(collector).await.context("reading the training data")?.finish())
        }
    }
}

/// Segments cannot be had of a profile that was made without them.
pub(crate) fn check_segments(location: &Location, profiles: &Profiles, by: Option<&str>) -> Result<(), UsageError> {
    match by {
        Some(by) if profiles.by.as_deref() != Some(by) => {
            let message = format!("{location} was made without --by {by}; make it anew with `drift profile --by {by}`");
            Err(UsageError::new(message))
        }
        _ => Ok(()),
    }
}

fn is_logs(location: &Location) -> bool {
    let (name, is_folder) = match location {
        Location::S3 { prefix, .. } => (prefix.trim_end_matches('/').to_ascii_lowercase(), false),
        Location::Folder(path) => (path.to_string_lossy().to_ascii_lowercase(), path.is_dir()),
    };
    let plain = name.strip_suffix(".gz").or(name.strip_suffix(".zst")).unwrap_or(&name);
    let ends = |endings: &[&str], name: &str| endings.iter().any(|ending| name.ends_with(ending));
    let is_prefix = matches!(location, Location::S3 { .. }) && !ends(&FILE_ENDINGS, &name);
    is_folder || is_prefix || ends(&LOG_ENDINGS, plain)
}
