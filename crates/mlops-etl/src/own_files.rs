//! The job's own files that lie below the logs.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use mlops_job::UsageError;
use mlops_objects::Location;

/// The suffixes of the files of an SQLite database.
const DATABASE_SUFFIXES: [&str; 4] = ["", "-wal", "-shm", "-journal"];

/// Returns the keys of the dead letters' folder and of the database's files below the logs, and
/// names them in the log: they are not loaded.
pub(crate) fn own_files(
    logs: &Location,
    dead_letters: &Location,
    database: Option<&Path>,
) -> Result<Vec<String>, UsageError> {
    let letters = keys_below(logs, dead_letters);
    if letters.iter().any(String::is_empty) {
        let message = format!(
            "--dead-letters {dead_letters} is --logs itself, where the next run would load them; choose another location"
        );
        return Err(UsageError::new(message));
    }
    if let Some(key) = letters.first() {
        tracing::info!(object.key = key, "the dead letters lie in --logs; they are left out");
    }
    let database = database.map(|path| keys_below(logs, &Location::Folder(path.to_owned())));
    let database = database.unwrap_or_default();
    if let Some(key) = database.first() {
        tracing::info!(object.key = key, "the database lies in --logs; its files are left out");
    }
    let letters = letters.iter().map(|key| format!("{}/", key.trim_end_matches('/')));
    let files = database.iter();
    let files = files.flat_map(|key| DATABASE_SUFFIXES.map(|suffix| format!("{key}{suffix}")));
    Ok(letters.chain(files).collect())
}

/// Returns the keys that a location has below another: by its path as it is written, and with links
/// followed.
fn keys_below(logs: &Location, other: &Location) -> Vec<String> {
    match (logs, other) {
        (
            Location::S3 { bucket, prefix },
            Location::S3 { bucket: other_bucket, prefix: other_prefix },
        ) if bucket == other_bucket => {
            other_prefix.strip_prefix(prefix).map(str::to_owned).into_iter().collect()
        }
        (Location::Folder(logs), Location::Folder(other)) => {
            let (logs, other) = (plain(logs), plain(other));
            let mut keys: Vec<String> = [(resolved(&logs), resolved(&other)), (logs, other)]
                .iter()
                .filter_map(|(logs, other)| {
                    Some(other.strip_prefix(logs).ok()?.to_str()?.to_owned())
                })
                .collect();
            keys.dedup();
            keys
        }
        _ => Vec::new(),
    }
}

/// Returns the absolute path without `..`, as it is written.
pub(crate) fn plain(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut plain = PathBuf::new();
    for part in absolute.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}

/// Returns a path with links followed, as far as it exists.
fn resolved(path: &Path) -> PathBuf {
    let mut missing: Vec<OsString> = Vec::new();
    for ancestor in path.ancestors() {
        if let Ok(found) = ancestor.canonicalize() {
            return missing.iter().rev().fold(found, |path, name| path.join(name));
        }
        missing.extend(ancestor.file_name().map(OsString::from));
    }
    path.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(logs: &str, dead_letters: &str, keys: &[&str]) {
        let own = own_files(&logs.parse().unwrap(), &dead_letters.parse().unwrap(), None);
        assert_eq!(own.unwrap(), keys, "{logs} {dead_letters}");
    }

    #[test]
    fn dead_letters_below_the_logs_are_known() {
        check("s3://b/logs", "s3://b/logs/bad", &["bad/"]);
        check("s3://b", "s3://b/bad", &["bad/"]);
        check("s3://b/logs", "s3://b/logs-bad", &[]);
        check("s3://b/logs", "s3://c/logs/bad", &[]);
        check("s3://b/logs/a", "s3://b/logs", &[]);
        check("/data/logs", "/data/logs/a/bad/", &["a/bad/"]);
        check("/data/logs/", "/data/x/../logs/bad", &["bad/"]);
        check("logs", "./logs/bad", &["bad/"]);
        check("/data/logs", "/data/logs-bad", &[]);
        assert!(own_files(&"logs".parse().unwrap(), &"./logs/".parse().unwrap(), None).is_err());
    }

    #[test]
    fn links_are_followed() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("real/data")).unwrap();
        std::os::unix::fs::symlink(root.join("real"), root.join("link")).unwrap();
        let logs = Location::Folder(root.join("link"));
        let database = root.join("real/data/new/mlops.db");
        let own = own_files(&logs, &Location::Folder(root.join("bad")), Some(&database)).unwrap();
        let files = ["", "-wal", "-shm", "-journal"];
        assert_eq!(own, files.map(|suffix| format!("data/new/mlops.db{suffix}")));
    }
}
