use mlops_job::Grant;
use mlops_objects::{DELETE, READ, WRITE};

/// What an ETL job needs beside the store that it loads into.
pub const GRANTS: &[Grant] =
    &[Grant::of("MLOPS_LOGS", &[READ]), Grant::of("MLOPS_DEAD_LETTERS", &[READ, WRITE, DELETE])];
