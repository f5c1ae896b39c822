use std::path::{Path, PathBuf};

use futures_util::TryStreamExt;
use mlops_core::ports::{ObjectStore, StoreError, StoreErrorKind};
use tempfile::TempPath;
use tokio::io::AsyncWriteExt;

use crate::{Location, Objects};

/// A file on this machine; a downloaded one goes when this is dropped.
#[derive(Debug)]
pub enum LocalCopy {
    /// The file itself, where it lies.
    Original(PathBuf),
    /// A copy of an object.
    Downloaded(TempPath),
}

impl AsRef<Path> for LocalCopy {
    fn as_ref(&self) -> &Path {
        match self {
            Self::Original(path) => path,
            Self::Downloaded(path) => path,
        }
    }
}

/// The file that `location` names, on this machine.
///
/// # Errors
///
/// [`StoreErrorKind::Configuration`] where it names no file, [`StoreErrorKind::NotFound`] where there is none.
pub async fn local_copy(location: &Location) -> Result<LocalCopy, StoreError> {
    let (root, key) = location
        .split_file()
        .map_err(|error| StoreError::caused(StoreErrorKind::Configuration, "opening a file", error))?;
    if let Location::Folder(path) = location {
        if !path.exists() {
            return Err(StoreError::new(StoreErrorKind::NotFound, format!("there is no file {}", path.display())));
        }
        return Ok(LocalCopy::Original(path.clone()));
    }
    let mut body = Objects::open(&root).await.get(&key).await?;
    let failed = |error: std::io::Error| {
        StoreError::caused(StoreErrorKind::Other, format!("copying {location} to a temporary file"), error)
    };
    let (file, path) = tempfile::NamedTempFile::new().map_err(failed)?.into_parts();
    let mut file = tokio::fs::File::from_std(file);
    while let Some(chunk) = body.try_next().await? {
        file.write_all(&chunk).await.map_err(failed)?;
    }
    file.flush().await.map_err(failed)?;
    Ok(LocalCopy::Downloaded(path))
}

/// Writes the one object that `location` names.
///
/// # Errors
///
/// [`StoreErrorKind::Configuration`] where it names no file, and the failures of the store.
pub async fn write_file(location: &Location, bytes: Vec<u8>) -> Result<(), StoreError> {
    let (root, key) = location
        .split_file()
        .map_err(|error| StoreError::caused(StoreErrorKind::Configuration, "writing a file", error))?;
    Objects::open(&root).await.put(&key, bytes.into()).await
}
