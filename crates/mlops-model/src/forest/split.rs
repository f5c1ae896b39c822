//! How nodes are split, and what a split is judged by.

use crate::node::Question;

/// How nodes are split, and which rows a tree sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Randomness {
    /// A random forest: the best split of each input, over rows drawn with replacement.
    Bootstrap,
    /// Extra trees: one random split of each input, over all rows.
    Splits,
}

/// Rows and positives, weighted.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Counts {
    pub(super) rows: u32,
    pub(super) positives: u32,
}

impl Counts {
    /// Both in one number, so that one addition counts a row.
    pub(super) fn unpack(packed: u64) -> Self {
        Self { rows: (packed >> 32) as u32, positives: packed as u32 }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self { rows: self.rows + other.rows, positives: self.positives + other.positives }
    }

    pub(super) fn minus(self, other: Self) -> Self {
        Self { rows: self.rows - other.rows, positives: self.positives - other.positives }
    }

    pub(super) fn is_pure(self) -> bool {
        self.positives == 0 || self.positives == self.rows
    }

    pub(super) fn share(self) -> f64 {
        f64::from(self.positives) / f64::from(self.rows)
    }

    /// Returns the score of a side. For two classes, the sum over both sides orders splits as Gini
    /// impurity does.
    pub(super) fn purity(self) -> f64 {
        f64::from(self.positives) * self.share()
    }
}

/// A split that is better than those before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Split {
    pub(super) purity: f64,
    pub(super) input: usize,
    pub(super) question: Question,
    pub(super) left: Counts,
}
