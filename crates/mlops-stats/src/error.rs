/// Why a statistic has no value for these samples.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatisticError {
    /// A sample has no values.
    #[error("the {sample} sample is empty")]
    Empty {
        /// `reference` or `production`.
        sample: &'static str,
    },
    /// A sample has a NaN, which cannot be ordered.
    #[error("the {sample} sample has a NaN; count missing values separately")]
    NotANumber {
        /// `reference` or `production`.
        sample: &'static str,
    },
    /// The two rows of a table have different lengths.
    #[error(
        "the reference has {reference} levels and the production {production}; count both over the same levels"
    )]
    Levels {
        /// The number of levels of the reference row.
        reference: usize,
        /// The number of levels of the production row.
        production: usize,
    },
}
