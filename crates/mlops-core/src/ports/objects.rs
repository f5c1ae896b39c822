use std::future::Future;

use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt, TryStreamExt};
use jiff::Timestamp;

use super::{StoreError, StoreErrorKind};

/// An object in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectMeta {
    /// Its key below the store's root.
    pub key: String,
    /// Its size as stored.
    pub size_bytes: u64,
    /// When it was last written, to the precision of the store.
    pub last_modified: Timestamp,
    /// Differs when the content does: S3's `ETag`, or a file's time and size.
    pub version: String,
}

/// An entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// An object.
    Object(ObjectMeta),
    /// A folder, by the prefix of the keys below it, with its last `/`.
    Folder(String),
    /// A file or folder that cannot be listed, such as one with a name that is not UTF-8. It hides
    /// no other entry.
    Unreadable {
        /// Its key, as far as it can be written; that of a folder ends in `/`.
        key: String,
        /// Why it cannot be listed, and after `; ` what to do.
        reason: String,
    },
}

impl Entry {
    /// Returns the key of the object, or the prefix of the folder.
    pub fn key(&self) -> &str {
        match self {
            Self::Object(object) => &object.key,
            Self::Folder(key) | Self::Unreadable { key, .. } => key,
        }
    }
}

/// The names in a folder between two bounds, by their bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NameRange {
    /// The first name inside; `None` for the folder's first.
    pub from: Option<&'static str>,
    /// The first name after; `None` for the folder's end.
    pub to: Option<&'static str>,
}

impl NameRange {
    /// Whether the name lies in the range.
    pub fn contains(self, name: &str) -> bool {
        self.from.is_none_or(|from| name >= from) && self.to.is_none_or(|to| name < to)
    }
}

/// The bytes of an object as they arrive, each chunk of moderate size.
pub type ByteStream = BoxStream<'static, Result<Bytes, StoreError>>;

/// Named bytes below one root: a bucket with a prefix, or a folder.
pub trait ObjectStore: Send + Sync {
    /// Lists the objects whose key starts with `prefix`, in any order. An object may come twice.
    /// An entry that cannot be listed is an error.
    fn list(&self, prefix: &str) -> BoxStream<'_, Result<ObjectMeta, StoreError>> {
        let objects = self.walk(prefix).try_filter_map(|entry| {
            std::future::ready(match entry {
                Entry::Object(object) => Ok(Some(object)),
                Entry::Folder(_) => Ok(None),
                Entry::Unreadable { key, reason } => {
                    let message = format!("listing {key}: {reason}");
                    Err(StoreError::new(StoreErrorKind::Invalid, message))
                }
            })
        });
        objects.boxed()
    }

    /// Lists everything whose key starts with `prefix`, at any depth, in any order: objects, and
    /// entries that cannot be listed.
    fn walk(&self, prefix: &str) -> BoxStream<'_, Result<Entry, StoreError>>;

    /// Lists the direct entries of `folder` (empty, or ending in `/`) in the range `names`, in any
    /// order. Names are relative to `folder`.
    fn browse(&self, folder: &str, names: NameRange) -> BoxStream<'_, Result<Entry, StoreError>>;

    /// Whether a [`NameRange`] costs no more than the listing of the names in it. Where it does, as
    /// in a store that lists in no order, a folder is better listed as a whole.
    fn lists_ranges(&self) -> bool;

    /// The bytes of one object. [`super::StoreErrorKind::NotFound`] where there is none.
    fn get(&self, key: &str) -> impl Future<Output = Result<ByteStream, StoreError>> + Send;

    /// Writes one object whole: a reader sees either what was there before or all of it.
    fn put(&self, key: &str, body: Bytes) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Writes one object whole if it still is what the caller knows: the [`ObjectMeta::version`],
    /// or not there at all. `false` where it is something else by now, and nothing was written.
    fn put_if(
        &self,
        key: &str,
        body: Bytes,
        version: Option<&str>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Deletes one object; one that is not there is no error.
    fn delete(&self, key: &str) -> impl Future<Output = Result<(), StoreError>> + Send;
}
