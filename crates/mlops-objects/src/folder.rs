mod listing;

use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use mlops_core::ports::NameRange;
use mlops_core::ports::{ByteStream, Entry, ObjectStore, StoreError, StoreErrorKind};
use tokio_util::io::ReaderStream;

use listing::{Item, PAGE, UNFINISHED, Walk, failed};

/// Files up to this size are read in one go.
const SMALL_FILE_BYTES: u64 = 256 << 10;

/// A larger file arrives in chunks of this size.
const CHUNK_BYTES: usize = 64 << 10;

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
    fn walk(&self, prefix: &str) -> BoxStream<'_, Result<Entry, StoreError>> {
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
                let items = listing::items(&root, &folder)?;
                Ok((root, folder, items))
            })
            .await?
        };
        let paged = move |(root, folder, items)| {
            stream::try_unfold(
                (root, folder, items),
                move |(root, folder, mut items): (PathBuf, String, Vec<Item>)| async move {
                    blocking(move || {
                        if items.is_empty() {
                            return Ok(None);
                        }
                        let page = items.split_off(items.len().saturating_sub(PAGE)).into_iter();
                        let entries = page.rev().filter_map(|item| item.entry(&root));
                        let is_inside =
                            |entry: &Entry| names.contains(&entry.key()[folder.len()..]);
                        let entries: Vec<_> = entries.filter(is_inside).map(Ok).collect();
                        Ok(Some((stream::iter(entries), (root, folder, items))))
                    })
                    .await?
                },
            )
        };
        stream::once(opened).map_ok(paged).try_flatten().try_flatten().boxed()
    }

    fn lists_ranges(&self) -> bool {
        true
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
        let present = listing::meta(&self.root, key)?;
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
