use bytes::Bytes;
use futures_util::stream::BoxStream;
use mlops_core::ports::NameRange;
use mlops_core::ports::{ByteStream, Entry, ObjectStore, StoreError};

use crate::{Folder, Location, S3};

/// The store that a location names.
#[derive(Debug, Clone)]
pub enum Objects {
    /// A bucket.
    S3(S3),
    /// A folder.
    Folder(Folder),
}

impl Objects {
    /// Opens the store. Nothing is read or written yet; a location that does not exist shows at the
    /// first call.
    pub async fn open(location: &Location) -> Self {
        match location {
            Location::S3 { bucket, prefix } => {
                Self::S3(S3::new(&mlops_aws::config().await, bucket, prefix))
            }
            Location::Folder(path) => Self::Folder(Folder::new(path)),
        }
    }
}

impl ObjectStore for Objects {
    fn walk(&self, prefix: &str) -> BoxStream<'_, Result<Entry, StoreError>> {
        match self {
            Self::S3(store) => store.walk(prefix),
            Self::Folder(store) => store.walk(prefix),
        }
    }

    fn browse(&self, folder: &str, names: NameRange) -> BoxStream<'_, Result<Entry, StoreError>> {
        match self {
            Self::S3(store) => store.browse(folder, names),
            Self::Folder(store) => store.browse(folder, names),
        }
    }

    fn lists_ranges(&self) -> bool {
        match self {
            Self::S3(store) => store.lists_ranges(),
            Self::Folder(store) => store.lists_ranges(),
        }
    }

    async fn get(&self, key: &str) -> Result<ByteStream, StoreError> {
        match self {
            Self::S3(store) => store.get(key).await,
            Self::Folder(store) => store.get(key).await,
        }
    }

    async fn put(&self, key: &str, body: Bytes) -> Result<(), StoreError> {
        match self {
            Self::S3(store) => store.put(key, body).await,
            Self::Folder(store) => store.put(key, body).await,
        }
    }

    async fn put_if(
        &self,
        key: &str,
        body: Bytes,
        version: Option<&str>,
    ) -> Result<bool, StoreError> {
        match self {
            Self::S3(store) => store.put_if(key, body, version).await,
            Self::Folder(store) => store.put_if(key, body, version).await,
        }
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        match self {
            Self::S3(store) => store.delete(key).await,
            Self::Folder(store) => store.delete(key).await,
        }
    }
}
