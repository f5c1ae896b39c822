/// When a difference is a shift.
///
/// A p-value alone is not enough, since at a million rows every p-value is small; an effect alone is not, since at
/// fifty rows every effect is large.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShiftPolicy {
    significance: f64,
    min_effect: f64,
    min_rows: usize,
}

/// Why a policy is none.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PolicyError {
    /// A level that no p-value can be compared with.
    #[error("the significance level {0} is not between 0 and 1; 0.05 is usual")]
    Significance(f64),
    /// An effect that cannot be reached or that always is.
    #[error("the smallest effect {0} is not between 0 and 1; 0.05 is the default")]
    MinEffect(f64),
    /// Rows that can show nothing.
    #[error("{0} rows are too few to show anything; take at least 2")]
    MinRows(usize),
}

impl ShiftPolicy {
    /// A shift needs an adjusted p-value of at most `significance` and an effect of at least `min_effect`, and each
    /// side needs `min_rows` values before anything is claimed.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] for a significance outside (0, 1), an effect outside \[0, 1), and fewer than two rows.
    pub fn new(significance: f64, min_effect: f64, min_rows: usize) -> Result<Self, PolicyError> {
        if !(significance > 0.0 && significance < 1.0) {
            return Err(PolicyError::Significance(significance));
        }
        if !(0.0..1.0).contains(&min_effect) {
            return Err(PolicyError::MinEffect(min_effect));
        }
        if min_rows < 2 {
            return Err(PolicyError::MinRows(min_rows));
        }
        Ok(Self { significance, min_effect, min_rows })
    }

    /// The level for adjusted p-values.
    pub fn significance(&self) -> f64 {
        self.significance
    }

    /// The smallest effect that matters: the share of rows that would have to change.
    pub fn min_effect(&self) -> f64 {
        self.min_effect
    }

    /// The fewest values a side.
    pub fn min_rows(&self) -> usize {
        self.min_rows
    }

    pub(super) fn shifted(&self, adjusted: f64, effect: f64) -> bool {
        adjusted <= self.significance && effect >= self.min_effect
    }
}
