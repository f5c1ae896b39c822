//! The files below a folder, as objects.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use jiff::Timestamp;
use mlops_core::ports::{Entry, ObjectMeta, StoreError, StoreErrorKind};
use mlops_core::text::chain;

/// As many objects are listed in one go as S3 gives in a page.
pub(super) const PAGE: usize = 1000;

/// The prefix of files that are being written.
pub(super) const UNFINISHED: &str = ".unfinished-";

/// One name in a folder.
pub(super) enum Item {
    File(String),
    Folder(String),
    Unreadable { key: String, reason: String },
}

impl Item {
    /// Returns the entry of a listing; `None` for a file that has gone since its folder was read.
    pub(super) fn entry(self, root: &Path) -> Option<Entry> {
        match self {
            Self::File(key) => match meta(root, &key) {
                Ok(object) => object.map(Entry::Object),
                Err(error) => {
                    let reason = format!("{}; make it readable, or remove it", chain(&error));
                    Some(Entry::Unreadable { key, reason })
                }
            },
            Self::Folder(key) => Some(Entry::Folder(key)),
            Self::Unreadable { key, reason } => Some(Entry::Unreadable { key, reason }),
        }
    }

    fn key(&self) -> &str {
        match self {
            Self::File(key) | Self::Folder(key) | Self::Unreadable { key, .. } => key,
        }
    }
}

/// A walk over everything below a folder.
pub(super) struct Walk {
    root: std::path::PathBuf,
    prefix: String,
    /// The rest of each open folder, the next item last.
    open: Vec<Vec<Item>>,
    started: bool,
}

impl Walk {
    pub(super) fn new(root: std::path::PathBuf, prefix: String) -> Self {
        Self { root, prefix, open: Vec::new(), started: false }
    }

    /// Returns the next entries; none at the end.
    pub(super) fn page(&mut self) -> Result<Vec<Entry>, StoreError> {
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
                Some(Item::Folder(key)) => self.enter(&key)?,
                Some(item) => page.extend(item.entry(&self.root)),
            }
        }
        Ok(page)
    }

    fn enter(&mut self, folder: &str) -> Result<(), StoreError> {
        let mut items = items(&self.root, folder)?;
        items.retain(|item| {
            let is_folder = matches!(item, Item::Folder(_));
            item.key().starts_with(&self.prefix)
                || (is_folder && self.prefix.starts_with(item.key()))
        });
        self.open.push(items);
        Ok(())
    }
}

/// Returns what stands directly in `folder`, the last name first. A folder below the root that
/// cannot be read is the one item of itself.
pub(super) fn items(root: &Path, folder: &str) -> Result<Vec<Item>, StoreError> {
    let path = root.join(folder);
    let listed = std::fs::read_dir(&path).and_then(|entries| {
        let items = entries.map(|entry| item(root, folder, &entry?));
        items.filter_map(Result::transpose).collect::<io::Result<Vec<_>>>()
    });
    match listed {
        Ok(mut items) => {
            items.sort_unstable_by(|a, b| b.key().cmp(a.key()));
            Ok(items)
        }
        Err(error) if folder.is_empty() || !root.is_dir() => Err(failed("listing", &path, error)),
        // A folder that does not exist holds nothing, as a prefix in a bucket.
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            Ok(Vec::new())
        }
        Err(error) => {
            let reason = format!("{error}; make the folder readable");
            Ok(vec![Item::Unreadable { key: folder.to_owned(), reason }])
        }
    }
}

fn item(root: &Path, folder: &str, entry: &std::fs::DirEntry) -> io::Result<Option<Item>> {
    let name = entry.file_name();
    let key = format!("{folder}{}", name.to_string_lossy());
    if name.to_str().is_none() {
        let reason = "the name is not UTF-8; rename it".to_owned();
        return Ok(Some(Item::Unreadable { key, reason }));
    }
    let mut kind = entry.file_type()?;
    let is_link = kind.is_symlink();
    if is_link {
        match std::fs::metadata(entry.path()) {
            Ok(target) => kind = target.file_type(),
            Err(error) => {
                let reason =
                    format!("the link leads nowhere: {error}; remove it, or mend its target");
                return Ok(Some(Item::Unreadable { key, reason }));
            }
        }
    }
    // A folder sorts with its slash, as its keys do.
    Ok(if kind.is_dir() {
        let is_followed = !is_link || leads_out(root, folder, &entry.path());
        is_followed.then(|| Item::Folder(format!("{key}/")))
    } else {
        let is_object = kind.is_file() && !key[folder.len()..].starts_with(UNFINISHED);
        is_object.then_some(Item::File(key))
    })
}

/// Returns whether a link leads to a folder that is not listed by its own path, and in no circle.
fn leads_out(root: &Path, folder: &str, link: &Path) -> bool {
    let leads_out = || -> io::Result<bool> {
        let target = link.canonicalize()?;
        let root_target = root.canonicalize()?;
        if target.starts_with(&root_target) {
            return Ok(false);
        }
        for (end, _) in folder.match_indices('/') {
            if root.join(&folder[..end]).canonicalize()?.starts_with(&target) {
                return Ok(false);
            }
        }
        Ok(!root_target.starts_with(&target))
    };
    leads_out().unwrap_or(false)
}

/// Returns what is known of a file; `None` where it is gone.
pub(super) fn meta(root: &Path, key: &str) -> Result<Option<ObjectMeta>, StoreError> {
    let path = root.join(key);
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
    // A file that is rewritten within a tick of the system's clock is still another file.
    let version =
        format!("{}-{}-{}", last_modified.as_nanosecond(), metadata.len(), metadata.ino());
    let key = key.to_owned();
    Ok(Some(ObjectMeta { key, size_bytes: metadata.len(), last_modified, version }))
}

/// Returns the error of a file operation.
pub(super) fn failed(doing: &str, path: &Path, error: io::Error) -> StoreError {
    let kind = match error.kind() {
        io::ErrorKind::NotFound => StoreErrorKind::NotFound,
        io::ErrorKind::PermissionDenied => StoreErrorKind::Denied,
        io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => StoreErrorKind::Configuration,
        io::ErrorKind::Interrupted | io::ErrorKind::TimedOut => StoreErrorKind::Temporary,
        _ => StoreErrorKind::Other,
    };
    StoreError::caused(kind, format!("{doing} {}", path.display()), error)
}
