#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod anderson_darling;
mod chi_squared;
mod correction;
mod error;
mod fisher;
mod g_test;
mod jensen_shannon;
mod kolmogorov;
mod ks;
mod ks_ties;
mod level_overlap;
mod mann_whitney;
mod moments;
pub mod profile;
mod psi;
mod quadratic_form;
mod samples;
mod smirnov;
mod tolerance;
mod total_variation;
mod wasserstein;

#[cfg(test)]
mod tests;

pub use anderson_darling::{AndersonDarling, anderson_darling, anderson_darling_sf};
pub use chi_squared::{
    ChiSquared, Continuity, chi_squared_homogeneity, chi_squared_sf, distribution_v,
    smallest_expected,
};
pub use correction::Correction;
pub use error::StatisticError;
pub use fisher::fisher_exact;
pub use g_test::{GTest, g_test_homogeneity};
pub use jensen_shannon::{JensenShannon, jensen_shannon};
pub use kolmogorov::kolmogorov_sf;
pub use ks::{KolmogorovSmirnov, KsMethod, KsPValue, ks_two_sample};
pub use ks_ties::ks_ties_p_value;
pub use level_overlap::{LevelOverlap, level_overlap};
pub use mann_whitney::{MannWhitney, mann_whitney};
pub use moments::Moments;
pub use psi::{Psi, bin_counts, psi, quantile_edges};
pub use samples::Sample;
pub use smirnov::smirnov_sf;
pub use total_variation::total_variation;
pub use wasserstein::wasserstein;
