use mlops_job::Grant;
use mlops_objects::{DELETE, READ, WRITE};

/// Permissions of an ETL job beside those for its database.
pub const GRANTS: &[Grant] =
    &[Grant::of("MLOPS_LOGS", &[READ]), Grant::of("MLOPS_DEAD_LETTERS", &[READ, WRITE, DELETE])];
