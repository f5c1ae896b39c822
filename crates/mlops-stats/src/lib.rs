#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod anderson_darling;
mod chi_squared;
mod correction;
mod g_test;
mod jensen_shannon;
mod kolmogorov;
mod ks;
mod mann_whitney;
mod moments;
pub mod profile;
mod psi;
mod samples;
mod smirnov;
mod tolerance;
mod total_variation;
mod wasserstein;

#[cfg(test)]
mod tests;

pub use anderson_darling::{AndersonDarling, anderson_darling, anderson_darling_sf};

pub use chi_squared::{ChiSquared, Continuity, chi_squared_homogeneity, chi_squared_sf};
pub use correction::Correction;
pub use g_test::{GTest, g_test_homogeneity};
pub use jensen_shannon::{JensenShannon, jensen_shannon};
pub use kolmogorov::kolmogorov_sf;
pub use ks::{KolmogorovSmirnov, KsMethod, KsPValue, ks_two_sample};
pub use mann_whitney::{MannWhitney, mann_whitney};
pub use moments::Moments;
pub use psi::{Psi, bin_counts, psi, quantile_edges};
pub use samples::Sample;
pub use smirnov::smirnov_sf;
pub use total_variation::total_variation;
pub use wasserstein::wasserstein;

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
