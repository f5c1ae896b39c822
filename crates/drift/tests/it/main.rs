//! The job's binary, over files and databases.

mod databases;
mod files;
