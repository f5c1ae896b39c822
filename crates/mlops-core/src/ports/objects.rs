use std::future::Future;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use jiff::Timestamp;

use super::StoreError;

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

/// What stands directly in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// An object.
    Object(ObjectMeta),
    /// A folder, by the prefix of the keys below it, with its last `/`.
    Folder(String),
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
    /// The objects whose key starts with `prefix`, in the byte order of their keys.
    fn list(&self, prefix: &str) -> BoxStream<'_, Result<ObjectMeta, StoreError>>;

    /// What stands directly in `folder` (empty, or ending in `/`) and in `names`, in byte order,
    /// each folder once.
    ///
    /// The names are those after `folder`; only the part of the folder that holds them is asked
    /// for.
    fn browse(&self, folder: &str, names: NameRange) -> BoxStream<'_, Result<Entry, StoreError>>;

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
