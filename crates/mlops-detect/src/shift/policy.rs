use super::Test;
use mlops_core::table::Kind;
use mlops_stats::Correction;

/// How much smaller far tails of the tests may be than they say.
const TAIL_RESERVE: f64 = 2.0;

/// When a difference is a shift.
///
/// A p-value alone is not enough, since at a million rows every p-value is small; an effect alone
/// is not, since at fifty rows every effect is large.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShiftPolicy {
    significance: f64,
    min_effect: f64,
    min_rows: u64,
    correction: Correction,
    looks: u32,
    numeric_test: Test,
    categorical_test: Test,
}

/// Why a policy is none.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PolicyError {
    /// A level that no p-value can be compared with.
    #[error("the significance level {0} is not between 0 and 1; use 0.05")]
    Significance(f64),
    /// An effect that cannot be reached or that always is.
    #[error("the minimum effect {0} is not between 0 and 1; the default is 0.03")]
    MinEffect(f64),
    /// Rows that can show nothing.
    #[error("the minimum number of rows {0} is too small; use at least 2")]
    MinRows(u64),
    /// No look at all.
    #[error("the number of looks must be at least 1; 365 means daily runs for a year")]
    Looks,
    /// A test of the other kind of feature.
    #[error("{} is not a test for {kind} features", .test.name())]
    Test {
        /// The test.
        test: Test,
        /// `numeric` or `categorical`.
        kind: &'static str,
    },
}

impl Default for ShiftPolicy {
    /// A significance of 0.05, an effect of at least 0.03, and 50 values a side.
    fn default() -> Self {
        Self {
            significance: 0.05,
            min_effect: 0.03,
            min_rows: 50,
            correction: Correction::default(),
            looks: 1,
            numeric_test: Test::KolmogorovSmirnov,
            categorical_test: Test::ChiSquared,
        }
    }
}

impl ShiftPolicy {
    /// A shift needs an adjusted p-value of at most `significance` and an effect of at least
    /// `min_effect`, and each side needs `min_rows` values before anything is claimed.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] for a significance outside (0, 1), an effect outside \[0, 1), and fewer than
    /// two rows.
    pub fn new(significance: f64, min_effect: f64, min_rows: u64) -> Result<Self, PolicyError> {
        if !(significance > 0.0 && significance < 1.0) {
            return Err(PolicyError::Significance(significance));
        }
        if !(0.0..1.0).contains(&min_effect) {
            return Err(PolicyError::MinEffect(min_effect));
        }
        if min_rows < 2 {
            return Err(PolicyError::MinRows(min_rows));
        }
        Ok(Self { significance, min_effect, min_rows, ..Self::default() })
    }

    /// With another adjustment of the p-values for their number.
    #[must_use]
    pub fn with_correction(self, correction: Correction) -> Self {
        Self { correction, ..self }
    }

    /// With the significance spent evenly over so many looks: with no shift, the chance of a false
    /// alarm in any of them is at most the significance, however the looks hang together.
    ///
    /// # Source
    ///
    /// K. K. G. Lan and D. L. `DeMets`, "Discrete sequential boundaries for clinical trials",
    /// Biometrika 70 (1983) 659–663, with the spending function αt; between looks, which share the
    /// reference and may share rows, only Bonferroni's inequality. Of several looks each has half
    /// its part, as p-values of a hundred-thousandth are up to half too small: the laws that they
    /// come from are those of endless samples (simulated in `examples/looks.rs`).
    ///
    /// # Errors
    ///
    /// [`PolicyError::Looks`] for none.
    pub fn with_looks(self, looks: u32) -> Result<Self, PolicyError> {
        if looks == 0 {
            return Err(PolicyError::Looks);
        }
        Ok(Self { looks, ..self })
    }

    /// With other tests.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Test`] where one does not take that kind of feature.
    pub fn with_tests(
        self,
        numeric_test: Test,
        categorical_test: Test,
    ) -> Result<Self, PolicyError> {
        if !numeric_test.takes_numbers() {
            return Err(PolicyError::Test { test: numeric_test, kind: "numeric" });
        }
        if !categorical_test.takes_levels() {
            return Err(PolicyError::Test { test: categorical_test, kind: "categorical" });
        }
        Ok(Self { numeric_test, categorical_test, ..self })
    }

    /// How p-values are adjusted for their number.
    pub fn correction(&self) -> Correction {
        self.correction
    }

    /// The test of a feature of this kind.
    pub fn test(&self, kind: Kind) -> Test {
        match kind {
            Kind::Numeric => self.numeric_test,
            Kind::Categorical | Kind::Date => self.categorical_test,
        }
    }

    /// The level for adjusted p-values of one look.
    pub fn significance(&self) -> f64 {
        let reserve = if self.looks == 1 { 1.0 } else { TAIL_RESERVE };
        self.significance / (reserve * f64::from(self.looks))
    }

    /// The looks that share the significance.
    pub fn looks(&self) -> u32 {
        self.looks
    }

    /// The smallest effect that matters: the share of rows that would have to change.
    pub fn min_effect(&self) -> f64 {
        self.min_effect
    }

    /// The fewest values a side.
    pub fn min_rows(&self) -> u64 {
        self.min_rows
    }

    pub(super) fn shifted(&self, adjusted: f64, effect: f64) -> bool {
        adjusted <= self.significance() && effect >= self.min_effect
    }
}
