/// Rows that are read together.
pub(crate) const BATCH_ROWS: usize = 32_768;
