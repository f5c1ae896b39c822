use std::path::Path;

use anyhow::Result;
use mlops_core::table::{Kind, Rules, Table};
use mlops_job::UsageError;
use mlops_objects::{LocalCopy, Location, local_copy};
use mlops_stats::profile::Profiles;
use mlops_table::{TableError, TableFile, read_profiles};

/// Endings of files with one JSON record a line, or one in all.
const LOG_ENDINGS: [&str; 3] = [".json", ".jsonl", ".ndjson"];

/// Endings of files that are tables or their profiles.
const FILE_ENDINGS: [&str; 5] = [".csv", ".tsv", ".parquet", ".pq", ".profile"];

/// The content of a location.
pub enum Source {
    /// Rows of columns.
    Table(TableSource),
    /// Profiles of rows, without the rows.
    Profiles(Profiles),
    /// JSON logs: a folder, or one object.
    Logs(Location),
}

/// A table, with its file if that was downloaded.
pub struct TableSource {
    location: Location,
    file: TableFile,
    _copy: LocalCopy,
}

impl Source {
    /// Finds out what a location holds: a file by its first bytes, logs by their name.
    ///
    /// # Errors
    ///
    /// [`UsageError`] for a file that cannot be read, and the failures of the store.
    pub async fn open(location: &Location, rules: &Rules) -> Result<Self> {
        if is_logs(location) {
            return Ok(Self::Logs(location.clone()));
        }
        let (copy, rules) = (local_copy(location).await?, rules.clone());
        let opened = tokio::task::spawn_blocking(move || {
            let path: &Path = copy.as_ref();
            Ok::<_, TableError>(match read_profiles(path)? {
                Some(profiles) => (copy, Err(profiles)),
                None => {
                    let file = TableFile::open(path, &rules)?;
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
    /// Its columns, with their kinds.
    pub fn columns(&self) -> impl Iterator<Item = (&str, Kind)> {
        self.file.columns()
    }

    /// Refuses a name that an argument gives and the table does not have.
    ///
    /// # Errors
    ///
    /// [`UsageError`], with the names that there are.
    pub fn check_column(&self, argument: &str, column: &str) -> Result<(), UsageError> {
        if self.file.has(column) {
            return Ok(());
        }
        let columns: Vec<&str> = self.columns().map(|(name, _)| name).collect();
        let location = &self.location;
        Err(UsageError::new(format!(
            "{argument} {column}: {location} has no such column; it has {}",
            columns.join(", ")
        )))
    }

    /// The rows of the `wanted` columns.
    ///
    /// # Errors
    ///
    /// As [`TableSource::read`].
    pub async fn read_columns(self, wanted: Vec<String>) -> Result<Table> {
        let reading = tokio::task::spawn_blocking(move || {
            self.file.read_columns(|name| wanted.iter().any(|it| it == name))
        });
        Ok(reading.await?.map_err(UsageError::because)?)
    }

    /// Hands the rows of the `wanted` columns to `take`, batch by batch, and gives back what `take`
    /// made of `state`. Reading takes long enough to hold up the runtime, and has a thread of its
    /// own.
    ///
    /// # Errors
    ///
    /// [`UsageError`], which names the file, and the line or the column.
    pub async fn read<T: Send + 'static>(
        self,
        wanted: Vec<String>,
        mut state: T,
        take: impl Fn(&mut T, Table) + Send + 'static,
    ) -> Result<T> {
        let reading = tokio::task::spawn_blocking(move || {
            self.file.read(
                |name| wanted.iter().any(|wanted| wanted == name),
                |batch| take(&mut state, batch),
            )?;
            Ok::<_, TableError>(state)
        });
        Ok(reading.await?.map_err(UsageError::because)?)
    }
}

/// The whole table of a CSV or Parquet file.
///
/// # Errors
///
/// [`UsageError`] for a file that cannot be read, and the failures of the store.
pub async fn read_table(location: &Location, rules: &Rules) -> Result<Table> {
    read_columns(location, rules, |_| true).await
}

/// The columns of a CSV or Parquet file that are wanted.
///
/// # Errors
///
/// As [`read_table`].
pub async fn read_columns(
    location: &Location,
    rules: &Rules,
    wanted: impl Fn(&str) -> bool + Send + 'static,
) -> Result<Table> {
    let (copy, rules) = (local_copy(location).await?, rules.clone());
    let read = tokio::task::spawn_blocking(move || {
        TableFile::open(copy.as_ref(), &rules)?.read_columns(wanted)
    });
    Ok(read.await?.map_err(UsageError::because)?)
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
