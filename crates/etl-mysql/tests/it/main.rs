//! The job's binary, over folders and S3, into SQLite and MySQL.

mod dead_letters;
mod failures;
mod forms;
mod interruption;
mod world;
