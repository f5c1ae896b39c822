//! Statements over many rows, in a few fixed sizes.

use std::collections::HashSet;

use mlops_core::record::LogRecord;

/// The rows of one statement. A statement is prepared once for each size and then found again; any number of rows is a
/// sum of these.
const SIZES: [usize; 4] = [500, 64, 8, 1];

/// Splits `items` into runs whose lengths are [`SIZES`].
pub(crate) fn runs<T>(mut items: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = SIZES.into_iter().find(|&size| size <= items.len())?;
        let (run, rest) = items.split_at(size);
        items = rest;
        Some(run)
    })
}

/// `(?,?,?),(?,?,?),…` for `rows` rows of `columns` values.
pub(crate) fn placeholders(rows: usize, columns: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(","));
    vec![row; rows].join(",")
}

/// The first record of each uid, in the order of the uids, so that two writers lock rows in one order.
pub(crate) fn distinct(records: &[LogRecord]) -> Vec<&LogRecord> {
    let mut seen = HashSet::with_capacity(records.len());
    let mut distinct: Vec<&LogRecord> = records.iter().filter(|record| seen.insert(record.uid.as_str())).collect();
    distinct.sort_unstable_by(|a, b| a.uid.cmp(&b.uid));
    distinct
}
