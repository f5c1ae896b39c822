//! Statements over many rows, in a few fixed sizes.

use mlops_core::record::LogRecord;

/// The rows of one statement. A statement is prepared once for each size and then found again; any
/// number of rows is a sum of these.
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

/// One `?` for each of `values`, for `IN (…)`.
pub(crate) fn list(values: usize) -> String {
    vec!["?"; values].join(",")
}

/// The records of each statement: a run, of not much more than `max_bytes`.
pub(crate) fn statements<'r>(
    records: &'r [&'r LogRecord],
    max_bytes: usize,
) -> Vec<&'r [&'r LogRecord]> {
    let mut statements = Vec::new();
    let mut rest = records;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = rest.iter().take_while(|record| {
            bytes += record.payload.len();
            bytes <= max_bytes
        });
        let (part, following) = rest.split_at(fits.count().max(1));
        statements.extend(runs(part));
        rest = following;
    }
    statements
}
