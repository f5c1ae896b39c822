//! The true probability of churn of the synthetic customers.

use crate::features::{CATEGORICAL, Features, NUMERIC};

/// About a fifth of the customers churn with this.
const INTERCEPT: f64 = -2.07;

/// Values that stand in for missing ones: about the middle of each feature.
const TYPICAL: [f64; 9] = [0.5, 0.5, 50.0, 0.73, 55.0, 50.0, 7.4, 300.0, 3.6];

/// The probability that a customer churns: a logit with thresholds, a curve, and two interactions.
pub(crate) fn probability(features: &Features) -> f64 {
    let value = |index: usize| features.numeric[index].unwrap_or(TYPICAL[index]);
    let [activity, propensity, profile_new, completeness] =
        [value(0), value(1), value(2), value(3)];
    let [xp, profile, portfolio, stars] = [value(4), value(5), value(6), value(8)];
    let level = |name: &str| {
        let index = CATEGORICAL.iter().position(|(feature, ..)| *feature == name);
        features.levels[index.expect("the name stands in the list")].unwrap_or(0)
    };
    let mut logit = INTERCEPT;
    logit += 3.2 * (0.5 - activity);
    logit += 1.6 * (propensity - 0.5);
    logit += 4.0 * (0.55 - completeness).max(0.0);
    logit -= 0.35 * ((1.0 + xp.max(0.0)).ln() - 4.0);
    logit += 0.002 * (profile_new - 50.0).powi(2) - 0.29;
    logit += if stars < 3.0 { 0.9 } else { 0.0 };
    // Customers with a good profile get offers, and most of them stay.
    logit += if profile < 46.0 { 0.9 } else { -0.5 };
    // A large portfolio keeps only active customers.
    logit -= if activity > 0.5 { 0.25 * (1.0 + portfolio.max(0.0)).ln() } else { 0.0 };
    logit += match level("device_type") {
        3 => 0.5,
        4 => 0.9,
        _ => 0.0,
    };
    logit += if level("marketing_channel") == 2 && level("coupon_code") <= 2 { 0.8 } else { 0.0 };
    logit -= 0.15 * f64::from(level("site_level"));
    logit += if level("all_star_group") == 3 { -0.5 } else { 0.1 };
    sigmoid(logit)
}

pub(crate) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Reads the features of a row back from its cells.
pub(crate) struct FeatureReader {
    numeric: [usize; 9],
    categorical: [usize; 18],
}

impl FeatureReader {
    /// `None` where a column is not there: the table is not of this world.
    pub(crate) fn new(columns: &[String]) -> Option<Self> {
        let position = |name: &str| columns.iter().position(|column| column == name);
        let numeric: Option<Vec<usize>> = NUMERIC.iter().map(|(name, _)| position(name)).collect();
        let categorical: Option<Vec<usize>> =
            CATEGORICAL.iter().map(|(name, ..)| position(name)).collect();
        Some(Self {
            numeric: numeric?.try_into().ok()?,
            categorical: categorical?.try_into().ok()?,
        })
    }

    pub(crate) fn read(&self, row: &[String]) -> Features {
        Features {
            numeric: self
                .numeric
                .map(|position| row[position].parse().ok().filter(|value: &f64| value.is_finite())),
            levels: self
                .categorical
                .map(|position| row[position].strip_prefix("level_")?.parse().ok()),
        }
    }
}
