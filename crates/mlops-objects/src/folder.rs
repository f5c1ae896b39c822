use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use jiff::Timestamp;
use mlops_core::ports::NameRange;
use mlops_core::ports::{ByteStream, Entry, ObjectMeta, ObjectStore, StoreError, StoreErrorKind};
use tokio_util::io::ReaderStream;

/// Files up to this size are read in one go.
const SMALL_FILE_BYTES: u64 = 256 << 10;

/// A larger file arrives in chunks of this size.
const CHUNK_BYTES: usize = 64 << 10;

/// As many objects are listed in one go as S3 gives in a page.
const PAGE: usize = 1000;

/// What is being written, and is not there yet.
const UNFINISHED: &str = ".unfinished-";

/// A folder whose files are the objects; a key is the path below it, with `/`.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The folder at `root`; it is created by the first write.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    fn path(&self, key: &str) -> Result<PathBuf, StoreError> {
        let relative = Path::new(key);
        if key.is_empty() || !relative.components().all(|part| matches!(part, Component::Normal(_)))
        {
            let message = format!("the key `{key}` names no file below {}", self.root.display());
            return Err(StoreError::new(StoreErrorKind::Configuration, message));
        }
        Ok(self.root.join(relative))
    }
}

impl ObjectStore for Folder {
    fn list(&self, prefix: &str) -> BoxStream<'_, Result<ObjectMeta, StoreError>> {
        let walk = Walk::new(self.root.clone(), prefix.to_owned());
        stream::try_unfold(walk, |mut walk| async move {
            let (walk, page) = blocking(move || {
                let page = walk.page();
                (walk, page)
            })
            .await?;
            let page = page?;
            Ok((!page.is_empty()).then(|| (stream::iter(page.into_iter().map(Ok)), walk)))
        })
        .try_flatten()
        .boxed()
    }

    fn browse(&self, folder: &str, names: NameRange) -> BoxStream<'_, Result<Entry, StoreError>> {
        let (root, folder) = (self.root.clone(), folder.to_owned());
        let opened = async move {
            blocking(move || {
                let inside = |key: &str, _| names.contains(&key[folder.len()..]);
                let keys = sorted_entries(&root, &folder, inside)?;
                Ok((root, keys))
            })
            .await?
        };
        let paged = |(root, keys)| {
            stream::try_unfold(
                (root, keys),
                |(root, mut keys): (PathBuf, Vec<(String, bool)>)| async {
                    blocking(move || {
                        if keys.is_empty() {
                            return Ok(None);
                        }
                        let page =
                            keys.split_off(keys.len().saturating_sub(PAGE)).into_iter().rev();
                        let entries = page.filter_map(|(key, is_folder)| match is_folder {
                            true => Some(Ok(Entry::Folder(key))),
                            false => {
                                meta(&root, key).map(|meta| meta.map(Entry::Object)).transpose()
                            }
                        });
                        let entries = entries.collect::<Result<Vec<_>, _>>()?;
                        Ok(Some((stream::iter(entries.into_iter().map(Ok)), (root, keys))))
                    })
                    .await?
                },
            )
        };
        stream::once(opened).map_ok(paged).try_flatten().try_flatten().boxed()
    }

    async fn get(&self, key: &str) -> Result<ByteStream, StoreError> {
        let path = self.path(key)?;
        let opened = path.clone();
        let read = blocking(move || -> io::Result<_> {
            let file = std::fs::File::open(&opened)?;
            let size = file.metadata()?.len();
            if size > SMALL_FILE_BYTES {
                return Ok(Err(file));
            }
            let mut body = Vec::with_capacity(size as usize);
            io::Read::read_to_end(&mut &file, &mut body)?;
            Ok(Ok(Bytes::from(body)))
        })
        .await?;
        match read.map_err(|error| failed("reading", &path, error))? {
            Ok(body) => Ok(stream::once(async { Ok(body) }).boxed()),
            Err(file) => {
                Ok(ReaderStream::with_capacity(tokio::fs::File::from_std(file), CHUNK_BYTES)
                    .map_err(move |error| failed("reading", &path, error))
                    .boxed())
            }
        }
    }

    async fn put(&self, key: &str, body: Bytes) -> Result<(), StoreError> {
        static WRITES: AtomicU64 = AtomicU64::new(0);
        let path = self.path(key)?;
        let unfinished = path.with_file_name(format!(
            "{UNFINISHED}{}-{}",
            std::process::id(),
            WRITES.fetch_add(1, Ordering::Relaxed)
        ));
        let written = path.clone();
        let result = blocking(move || {
            match std::fs::write(&unfinished, &body) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    written.parent().map_or(Ok(()), std::fs::create_dir_all)?;
                    std::fs::write(&unfinished, &body)?;
                }
                result => result?,
            }
            std::fs::rename(&unfinished, &written)
        })
        .await?;
        result.map_err(|error| failed("writing", &path, error))
    }

    /// Programs that write the same object at once are kept apart by a lock on a file beside it.
    async fn put_if(
        &self,
        key: &str,
        body: Bytes,
        version: Option<&str>,
    ) -> Result<bool, StoreError> {
        let path = self.path(key)?;
        let lock_path = path.with_file_name(format!("{UNFINISHED}lock"));
        let locked = lock_path.clone();
        let lock = blocking(move || -> io::Result<_> {
            locked.parent().map_or(Ok(()), std::fs::create_dir_all)?;
            let file = std::fs::File::create(&locked)?;
            file.lock()?;
            Ok(file)
        })
        .await?;
        let lock = lock.map_err(|error| failed("locking", &lock_path, error))?;
        let present = meta(&self.root, key.to_owned())?;
        let is_known = present.as_ref().map(|present| present.version.as_str()) == version;
        if is_known {
            self.put(key, body).await?;
        }
        drop(lock);
        Ok(is_known)
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let path = self.path(key)?;
        match tokio::fs::remove_file(&path).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(failed("deleting", &path, error))
            }
            _ => Ok(()),
        }
    }
}

/// File calls block; this runs them beside the runtime's workers.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        StoreError::caused(StoreErrorKind::Other, "a file operation did not end", error)
    })
}

fn failed(doing: &str, path: &Path, error: io::Error) -> StoreError {
    let kind = match error.kind() {
        io::ErrorKind::NotFound => StoreErrorKind::NotFound,
        io::ErrorKind::PermissionDenied => StoreErrorKind::Denied,
        io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => StoreErrorKind::Configuration,
        io::ErrorKind::Interrupted | io::ErrorKind::TimedOut => StoreErrorKind::Temporary,
        _ => StoreErrorKind::Other,
    };
    StoreError::caused(kind, format!("{doing} {}", path.display()), error)
}

/// A walk over the files below a folder, in the byte order of their keys.
struct Walk {
    root: PathBuf,
    prefix: String,
    /// For each open folder what is left of it, the next one last: key, and whether it is a folder.
    open: Vec<Vec<(String, bool)>>,
    started: bool,
}

impl Walk {
    fn new(root: PathBuf, prefix: String) -> Self {
        Self { root, prefix, open: Vec::new(), started: false }
    }

    fn page(&mut self) -> Result<Vec<ObjectMeta>, StoreError> {
        if !self.started {
            self.started = true;
            let folder = self.prefix.rfind('/').map_or("", |end| &self.prefix[..=end]).to_owned();
            self.enter(&folder)?;
        }
        let mut page = Vec::new();
        while page.len() < PAGE {
            let Some(folder) = self.open.last_mut() else { break };
            match folder.pop() {
                None => drop(self.open.pop()),
                Some((key, true)) => self.enter(&key)?,
                Some((key, false)) => page.extend(meta(&self.root, key)?),
            }
        }
        Ok(page)
    }

    fn enter(&mut self, folder: &str) -> Result<(), StoreError> {
        let may_match = |key: &str, is_folder| {
            key.starts_with(&self.prefix) || (is_folder && self.prefix.starts_with(key))
        };
        let keys = sorted_entries(&self.root, folder, may_match)?;
        self.open.push(keys);
        Ok(())
    }
}

/// The keys directly in `folder`, with whether each is a folder, for those that `keep` wants; the
/// last one first.
fn sorted_entries(
    root: &Path,
    folder: &str,
    keep: impl Fn(&str, bool) -> bool,
) -> Result<Vec<(String, bool)>, StoreError> {
    let path = root.join(folder);
    let entries = match std::fs::read_dir(&path) {
        Ok(entries) => entries,
        // Below the root a folder that is not there holds nothing, as a prefix in a bucket.
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
                && !folder.is_empty()
                && root.is_dir() =>
        {
            return Ok(Vec::new());
        }
        Err(error) => return Err(failed("listing", &path, error)),
    };
    let mut keys = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| failed("listing", &path, error))?;
        let kind = entry.file_type().map_err(|error| failed("listing", &path, error))?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            let message =
                format!("the file name {name:?} in {} is not UTF-8; rename it", path.display());
            return Err(StoreError::new(StoreErrorKind::Configuration, message));
        };
        // A folder sorts with its slash, as its keys do. A link is what it leads to, but a link to
        // a folder may lead in a circle.
        let is_folder = kind.is_dir();
        let key = if is_folder { format!("{folder}{name}/") } else { format!("{folder}{name}") };
        if keep(&key, is_folder) && !name.starts_with(UNFINISHED) {
            keys.push((key, is_folder));
        }
    }
    keys.sort_unstable_by(|a, b| b.cmp(a));
    Ok(keys)
}

/// `None` for a file that has gone since its folder was read, and for a link to a folder.
fn meta(root: &Path, key: String) -> Result<Option<ObjectMeta>, StoreError> {
    let path = root.join(&key);
    let metadata = match std::fs::metadata(&path) {
        Ok(metadata) if metadata.is_file() => metadata,
        Ok(_) => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("listing", &path, error)),
    };
    let modified = metadata.modified().map_err(|error| failed("listing", &path, error))?;
    let last_modified = Timestamp::try_from(modified).map_err(|error| {
        StoreError::caused(StoreErrorKind::Other, format!("listing {}", path.display()), error)
    })?;
    // A file that is written anew within a tick of the system's clock is still another file.
    let version =
        format!("{}-{}-{}", last_modified.as_nanosecond(), metadata.len(), metadata.ino());
    Ok(Some(ObjectMeta { key, size_bytes: metadata.len(), last_modified, version }))
}
