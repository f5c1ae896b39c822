use serde::Serialize;

use super::level_counts::LevelCounts;
use super::numbers::Numbers;
use mlops_stats::{
    Sample, StatisticError, bin_counts, jensen_shannon, psi, quantile_edges, total_variation,
    wasserstein,
};

/// Bins of a numeric feature, each with a tenth of the reference's values.
const BINS: u64 = 10;

/// How far two samples of a feature are apart, by several measures: for a person to look at. The
/// verdict is by the test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Measures {
    /// Measures of numbers.
    Numbers {
        /// Mean of the reference.
        mean_reference: f64,
        /// Mean of production.
        mean_production: f64,
        /// The difference of the means in standard deviations of the reference; `None` where that
        /// is 0.
        mean_shift: Option<f64>,
        /// Production's standard deviation divided by the reference's; `None` where that is 0.
        sd_ratio: Option<f64>,
        /// The first Wasserstein distance, in the unit of the values.
        wasserstein: f64,
        /// The same in standard deviations of the reference.
        wasserstein_normed: Option<f64>,
        /// The population stability index over ten bins of the reference.
        psi: f64,
        /// The Jensen–Shannon distance over the same bins.
        jensen_shannon: f64,
        /// The share of production values below the reference's smallest or above its largest.
        out_of_range: f64,
    },
    /// Measures of levels.
    Levels {
        /// The total variation distance: the share of rows that would have to change their level.
        total_variation: f64,
        /// The population stability index.
        psi: f64,
        /// The Jensen–Shannon distance.
        jensen_shannon: f64,
        /// The share of production rows whose level the reference does not have.
        new_levels: f64,
    },
}

impl Measures {
    pub(super) fn of_numbers(
        reference: &Numbers<'_>,
        production: &Numbers<'_>,
    ) -> Result<Self, StatisticError> {
        let (from, to) = (reference.moments, production.moments);
        let in_sds = |value: f64| Some(value / from.sd()).filter(|_| from.sd() > 0.0);
        let distance = wasserstein(reference.sample(), production.sample())?;
        let (in_reference, in_production) = quantile_bins(reference.sample(), production.sample())?;
        Ok(Self::Numbers {
            mean_reference: from.mean,
            mean_production: to.mean,
            mean_shift: in_sds(to.mean - from.mean),
            sd_ratio: in_sds(to.sd()),
            wasserstein: distance,
            wasserstein_normed: in_sds(distance),
            psi: psi(&in_reference, &in_production)?.statistic,
            jensen_shannon: jensen_shannon(&in_reference, &in_production)?.distance,
            out_of_range: production.share_outside(reference.range),
        })
    }

    pub(super) fn of_levels(counts: &LevelCounts) -> Result<Self, StatisticError> {
        let (reference, production) = (&counts.reference, &counts.production);
        Ok(Self::Levels {
            total_variation: total_variation(reference, production)?,
            psi: psi(reference, production)?.statistic,
            jensen_shannon: jensen_shannon(reference, production)?.distance,
            new_levels: counts.new_level_share(),
        })
    }
}

/// Counts of both sorted samples over bins that share the reference out evenly.
pub(super) fn quantile_bins(
    reference: Sample<'_>,
    production: Sample<'_>,
) -> Result<(Vec<u64>, Vec<u64>), StatisticError> {
    let edges = quantile_edges(reference, BINS)?;
    Ok((bin_counts(reference, &edges), bin_counts(production, &edges)))
}
