//! The statistics, one a file: pure functions from samples or counts to a named result.
//!
//! Deciding what a result means is the work of [`crate::shift`].

mod chi_squared;
mod correction;
mod kolmogorov;
mod ks;
mod smirnov;
mod tolerance;

#[cfg(test)]
mod tests;

pub use chi_squared::{ChiSquared, Continuity, chi_squared_homogeneity};
pub use correction::benjamini_hochberg;
pub use kolmogorov::kolmogorov_sf;
pub use ks::{KolmogorovSmirnov, KsMethod, KsPValue, ks_two_sample};
pub use smirnov::smirnov_sf;

/// Why a statistic has no value for these samples.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatisticError {
    /// A sample has no values.
    #[error("the {sample} sample is empty")]
    Empty {
        /// `reference` or `production`.
        sample: &'static str,
    },
    /// A sample has a NaN, which has no place in an order.
    #[error("the {sample} sample has a NaN; count missing values apart")]
    NotANumber {
        /// `reference` or `production`.
        sample: &'static str,
    },
    /// The two rows of a table have different lengths.
    #[error("the reference has {reference} levels and the production {production}; count both over the same levels")]
    Levels {
        /// The number of levels of the reference row.
        reference: usize,
        /// The number of levels of the production row.
        production: usize,
    },
}
