//! Features that predict the outcome alone, which are nearly always written after it.

use std::collections::HashMap;

use mlops_core::table::{Column, Table, Values};
use rayon::prelude::*;

use super::Schema;
use super::metrics::roc_auc;
use super::split::{Groups, folds};

/// Number of folds of the out-of-fold means.
const FOLDS: usize = 5;

/// Maximum number of bins of a number, and minimum number of rows in a bin.
const MAX_BINS: usize = 254;
const MIN_ROWS_OF_BIN: usize = 20;

/// How well a feature predicts the outcome alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Alone {
    /// The name of the feature.
    pub feature: String,
    /// The area under the ROC curve of the out-of-fold mean outcome of its levels or bins.
    pub roc_auc: f64,
    /// The area under the ROC curve of whether its value is missing.
    pub roc_auc_of_missing: f64,
}

impl Alone {
    /// Returns the larger area.
    pub fn best(&self) -> f64 {
        self.roc_auc.max(self.roc_auc_of_missing)
    }
}

/// Returns how well each feature predicts the outcome alone.
///
/// The prediction for a row is the mean outcome of its level, or of its bin of a number, over the
/// other folds; missing values are a level. Whole numbers are judged both as numbers and as levels.
/// The rows of a customer are in one fold.
pub fn alone(table: &Table, labels: &[bool], groups: &Groups, schema: &Schema) -> Vec<Alone> {
    let folds = folds(groups, FOLDS, 0);
    let columns: Vec<&Column> =
        schema.features.iter().filter_map(|feature| table.column(&feature.name)).collect();
    let judge = |column: &&Column| {
        let out_of_fold = |levels: &[u64]| {
            roc_auc(labels, &out_of_fold_means(levels, labels, &folds)).unwrap_or(0.5)
        };
        let missing = missing(column);
        let of_missing: Vec<f64> = missing.iter().map(|is| f64::from(u8::from(*is))).collect();
        let of_missing = roc_auc(labels, &of_missing).unwrap_or(0.5);
        Alone {
            feature: column.name.clone(),
            roc_auc: levels(column).iter().map(|levels| out_of_fold(levels)).fold(0.0, f64::max),
            roc_auc_of_missing: of_missing.max(1.0 - of_missing),
        }
    };
    columns.par_iter().map(judge).collect()
}

fn missing(column: &Column) -> Vec<bool> {
    match &column.values {
        Values::Numeric(values) => values.iter().map(|value| value.is_nan()).collect(),
        Values::Date(times) => times.iter().map(Option::is_none).collect(),
        Values::Categorical { codes, .. } => codes.iter().map(Option::is_none).collect(),
    }
}

/// Returns the level of each row, in each way to see the column.
fn levels(column: &Column) -> Vec<Vec<u64>> {
    let of_times = |time: &Option<i64>| time.map_or(f64::NAN, |time| time as f64);
    match &column.values {
        Values::Categorical { codes, .. } => {
            vec![codes.iter().map(|code| code.map_or(u64::MAX, u64::from)).collect()]
        }
        Values::Date(times) => vec![bins(&times.iter().map(of_times).collect::<Vec<f64>>())],
        Values::Numeric(values) => {
            let are_whole = values.iter().all(|value| value.is_nan() || value.fract() == 0.0);
            let whole = are_whole.then(|| values.iter().map(|value| value.to_bits()).collect());
            std::iter::once(bins(values)).chain(whole).collect()
        }
    }
}

/// Returns the bin of each number, of nearly equal sizes; missing numbers have a bin.
fn bins(values: &[f64]) -> Vec<u64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let bins = (sorted.len() / MIN_ROWS_OF_BIN).clamp(2, MAX_BINS);
    let edges = (1..bins).filter_map(|bin| sorted.get(bin * sorted.len() / bins).copied());
    let edges: Vec<f64> = edges.collect();
    let bin = |value: &f64| {
        if value.is_nan() { u64::MAX } else { edges.partition_point(|edge| edge <= value) as u64 }
    };
    values.iter().map(bin).collect()
}

/// Returns the mean outcome of each row's level over the other folds, with one row of the mean of
/// all rows.
fn out_of_fold_means(levels: &[u64], labels: &[bool], folds: &[usize]) -> Vec<f64> {
    let mean = labels.iter().filter(|label| **label).count() as f64 / labels.len() as f64;
    let mut counts: HashMap<u64, [[f64; 2]; FOLDS]> = HashMap::new();
    for ((level, label), fold) in levels.iter().zip(labels).zip(folds) {
        let [rows, positives] = &mut counts.entry(*level).or_default()[*fold];
        *rows += 1.0;
        *positives += f64::from(u8::from(*label));
    }
    let of_row = |(level, own): (&u64, &usize)| {
        let (mut rows, mut positives) = (1.0, mean);
        for fold in (0..FOLDS).filter(|fold| fold != own) {
            let [more_rows, more_positives] = counts[level][fold];
            rows += more_rows;
            positives += more_positives;
        }
        positives / rows
    };
    levels.iter().zip(folds).map(of_row).collect()
}

#[cfg(test)]
mod tests {
    use mlops_core::table::{Cell, Kind};

    use super::*;
    use crate::random::Random;

    /// Returns how well a column of 2,000 rows predicts an outcome that one in five rows has.
    fn of(kind: Kind, cell: impl Fn(usize, bool, &mut Random) -> String) -> Alone {
        let mut random = Random::new(5, 0);
        let labels: Vec<bool> = (0..2000).map(|_| random.below(5) == 0).collect();
        let (mut column, mut churn) =
            (Column::new("x", kind), Column::new("churn", Kind::Categorical));
        for (row, label) in labels.iter().enumerate() {
            column.push(Cell::Text(&cell(row, *label, &mut random)));
            churn.push(Cell::Text(if *label { "yes" } else { "no" }));
        }
        let table = Table { columns: vec![column, churn] };
        let schema = Schema::of(&table, "churn", &[]).unwrap();
        alone(&table, &labels, &Groups::of_single_rows(2000), &schema).remove(0)
    }

    #[test]
    fn a_feature_that_holds_the_outcome_is_found() {
        let (numeric, text) = (Kind::Numeric, Kind::Categorical);
        let is_found = |found: Alone| assert!(found.best() >= 0.98, "{found:?}");
        is_found(of(numeric, |_, label, _| u8::from(label).to_string()));
        is_found(of(numeric, |_, label, random| {
            (f64::from(u8::from(label)) + 0.9 * random.unit()).to_string()
        }));
        // The middle of the range has the outcome.
        is_found(of(numeric, |_, label, random| {
            (if label {
                0.5 + 0.1 * random.unit()
            } else {
                (random.unit() - 0.5).signum() + random.unit() / 3.0
            })
            .to_string()
        }));
        is_found(of(text, |row, label, _| format!("{label}{}", row % 40)));
        is_found(of(
            text,
            |row, label, _| if label { format!("reason {}", row % 90) } else { String::new() },
        ));
        let missing = of(
            numeric,
            |_, label, random| if label { String::new() } else { random.unit().to_string() },
        );
        assert!(missing.roc_auc_of_missing == 1.0, "{missing:?}");
        // Customers with several rows, whose number is written down as a feature.
        is_found(of(numeric, |row, label, _| (2 * (row % 100) + usize::from(label)).to_string()));
    }

    #[test]
    fn other_features_are_not() {
        let (numeric, text) = (Kind::Numeric, Kind::Categorical);
        let is_none = |found: Alone| assert!(found.best() < 0.95, "{found:?}");
        is_none(of(text, |row, _, _| format!("a level of its own {row}")));
        is_none(of(text, |row, label, _| format!("{label}{row}")));
        is_none(of(numeric, |row, _, _| row.to_string()));
        is_none(of(numeric, |_, label, random| {
            (1.5 * f64::from(u8::from(label)) + random.unit())
                .powi(2)
                .to_string()
                .repeat(usize::from(random.below(10) > 4))
        }));
        is_none(of(numeric, |_, _, random| random.unit().to_string()));
    }
}
