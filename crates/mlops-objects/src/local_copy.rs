use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use futures_util::TryStreamExt;
use mlops_core::ports::{ObjectStore, StoreError, StoreErrorKind};
use rustix::fs::{MemfdFlags, memfd_create};
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
    /// A copy of an object in memory, where no temporary file can be made: in a container whose
    /// files are read-only.
    Held {
        /// The system's name for it.
        path: PathBuf,
        /// It is there as long as this is open.
        memory: File,
    },
}

impl AsRef<Path> for LocalCopy {
    fn as_ref(&self) -> &Path {
        match self {
            Self::Original(path) => path,
            Self::Downloaded(path) => path,
            Self::Held { path, .. } => path,
        }
    }
}

/// The file that `location` names, on this machine.
///
/// # Errors
///
/// [`StoreErrorKind::Configuration`] where it names no file, [`StoreErrorKind::NotFound`] where
/// there is none.
pub async fn local_copy(location: &Location) -> Result<LocalCopy, StoreError> {
    let (root, key) = location.split_file().map_err(|error| {
        StoreError::caused(StoreErrorKind::Configuration, "opening a file", error)
    })?;
    if let Location::Folder(path) = location {
        if !path.exists() {
            return Err(StoreError::new(
                StoreErrorKind::NotFound,
                format!("there is no file {}", path.display()),
            ));
        }
        return Ok(LocalCopy::Original(path.clone()));
    }
    let mut body = Objects::open(&root).await.get(&key).await?;
    let failed = |error: std::io::Error| {
        StoreError::caused(
            StoreErrorKind::Other,
            format!("copying {location} to a temporary file"),
            error,
        )
    };
    let (file, copy) = new_copy().map_err(failed)?;
    let mut file = tokio::fs::File::from_std(file);
    while let Some(chunk) = body.try_next().await? {
        file.write_all(&chunk).await.map_err(failed)?;
    }
    file.flush().await.map_err(failed)?;
    Ok(copy)
}

fn new_copy() -> io::Result<(File, LocalCopy)> {
    match tempfile::NamedTempFile::new() {
        Ok(file) => {
            let (file, path) = file.into_parts();
            Ok((file, LocalCopy::Downloaded(path)))
        }
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::NotFound | ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied
            ) =>
        {
            in_memory()
        }
        Err(error) => Err(error),
    }
}

fn in_memory() -> io::Result<(File, LocalCopy)> {
    let memory = File::from(memfd_create("object", MemfdFlags::CLOEXEC)?);
    // Who opens this gets a view of its own, from the first byte on.
    let path = PathBuf::from(format!("/proc/self/fd/{}", memory.as_raw_fd()));
    Ok((memory.try_clone()?, LocalCopy::Held { path, memory }))
}

/// Writes the one object that `location` names.
///
/// # Errors
///
/// [`StoreErrorKind::Configuration`] where it names no file, and the failures of the store.
pub async fn write_file(location: &Location, bytes: Vec<u8>) -> Result<(), StoreError> {
    let (root, key) = location.split_file().map_err(|error| {
        StoreError::caused(StoreErrorKind::Configuration, "writing a file", error)
    })?;
    Objects::open(&root).await.put(&key, bytes.into()).await
}
