use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::ports::ObjectMeta;

/// One version of an object: the first 16 bytes of the SHA-256 of its key and its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(pub [u8; 16]);

impl ObjectId {
    /// Returns the id of an object as it is listed.
    pub fn of(object: &ObjectMeta) -> Self {
        Self::new(&object.key, &object.version)
    }

    /// Returns the id of a file or folder that cannot be listed, and so has no version.
    pub fn of_unlisted(key: &str) -> Self {
        Self::new(key, "")
    }

    fn new(key: &str, version: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(key.as_bytes());
        // No key holds a NUL in practice, and a version never does.
        hash.update([0]);
        hash.update(version.as_bytes());
        let mut id = [0; 16];
        id.copy_from_slice(&hash.finalize()[..16]);
        Self(id)
    }
}

/// The digest of a listing, in any order. Two listings with the same digest show the same versions
/// of the same objects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Listing {
    /// How many objects.
    pub objects: u64,
    /// Their size as stored.
    pub bytes: u64,
    /// The sum of their ids modulo 2^128.
    pub digest: u128,
}

impl Listing {
    /// Takes one more object in.
    pub fn add(&mut self, object: &ObjectMeta, id: ObjectId) {
        self.objects += 1;
        self.bytes += object.size_bytes;
        self.digest = self.digest.wrapping_add(u128::from_be_bytes(id.0));
    }

    /// Takes one more folder in, by its name.
    pub fn add_folder(&mut self, folder: &str) {
        let hash = Sha256::digest(folder.as_bytes());
        let mut id = [0; 16];
        id.copy_from_slice(&hash[..16]);
        self.objects += 1;
        self.digest = self.digest.wrapping_add(u128::from_be_bytes(id));
    }
}

/// Counts over objects. It depends on the objects alone, and not on how often they were read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many objects.
    pub objects: u64,
    /// Records found in them, good and bad.
    pub records: u64,
    /// Bad records.
    pub bad: u64,
    /// Bytes read, as stored.
    pub bytes: u64,
    /// The newest logging timestamp; `None` where there was no good record.
    pub newest: Option<Timestamp>,
}

impl Totals {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            objects: self.objects + other.objects,
            records: self.records + other.records,
            bad: self.bad + other.bad,
            bytes: self.bytes + other.bytes,
            newest: self.newest.max(other.newest),
        }
    }
}
