#![doc = include_str!("../README.md")]

mod access;
mod folder;
mod local_copy;
mod location;
mod objects;
mod records;
mod s3;

pub use access::{DELETE, READ, WRITE};
pub use folder::Folder;
pub use local_copy::{LocalCopy, local_copy, write_file};
pub use location::{Location, LocationError};
pub use objects::Objects;
pub use records::{ReadOptions, RecordBatch, record_batches};
pub use s3::S3;
