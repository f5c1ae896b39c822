//! Columns whose values are of two kinds: one value that many rows have, and the rest; levels that
//! are common, and levels that are rare.

use mlops_core::text::four_digits;
use mlops_stats::{Sample, StatisticError, level_overlap};

use super::Test;
use super::test::TestResult;

/// A value that this share of the rows has is tested by itself: zero, a cap, a default.
const ATOM: f64 = 0.2;

/// A value that many rows have.
pub(super) struct Atom {
    value: f64,
    /// The rows with it and without, in the reference and in production.
    counts: [[u64; 2]; 2],
    /// The error of the two shares, which come from sketches.
    error: f64,
}

impl Atom {
    /// Returns the value that most rows of a side have, if it is common enough.
    pub(super) fn of(reference: Sample<'_>, production: Sample<'_>) -> Option<Self> {
        let samples = [reference, production];
        let most = samples.iter().filter_map(|sample| {
            let (value, rows) = sample.most_common()?;
            Some((value, rows as f64 / sample.size() as f64))
        });
        let (value, share) = most.max_by(|a, b| a.1.total_cmp(&b.1))?;
        let counts = samples.map(|sample| {
            let rows = sample.count_of(value);
            [rows, sample.size() - rows]
        });
        let error = reference.error() + production.error();
        (share >= ATOM).then_some(Self { value, counts, error })
    }

    /// Tests whether the share of the rows with this value moved. The effect is Cramér's V.
    pub(super) fn test(&self) -> Result<TestResult, StatisticError> {
        let mut result = Test::ChiSquared.of_counts(&self.counts[0], &self.counts[1])?;
        let [was, is] = self.shares();
        // A sketch counts no better than this.
        if (was - is).abs() <= self.error {
            result.p_value = 1.0;
        }
        Ok(result)
    }

    fn shares(&self) -> [f64; 2] {
        self.counts.map(|[with, without]| with as f64 / (with + without) as f64)
    }

    /// Returns the change in words.
    pub(super) fn change(&self) -> String {
        let [was, is] = self.shares();
        format!("share of {} {:.1}% → {:.1}%", four_digits(self.value), 100.0 * was, 100.0 * is)
    }
}

/// Tests whether rare levels were replaced, given their counts and the share of production rows that
/// have one. The effect is that of the replaced rows. `None` where too few pairs are expected.
pub(super) fn rare_levels_test(
    test: Test,
    (reference, production): (&[u64], &[u64]),
    share: f64,
) -> Option<TestResult> {
    if !matches!(test, Test::ChiSquared | Test::G) {
        return None;
    }
    let overlap = level_overlap(reference, production).ok()??;
    let replaced = (1.0 - overlap.pairs / overlap.expected).max(0.0);
    // Of distributions that have no level in common, V is the root of the rows' share.
    let effect = (share * replaced).sqrt();
    Some(TestResult { statistic: overlap.pairs, p_value: overlap.p_value, effect })
}
