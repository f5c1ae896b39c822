use serde::{Deserialize, Serialize};

use crate::error::{ModelError, check_range};

/// Parameters of gradient boosting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BoostingParams {
    /// Number of boosting rounds, one tree each (LightGBM and scikit-learn: `n_estimators`).
    pub rounds: usize,
    /// Learning rate (LightGBM and scikit-learn: `learning_rate`).
    pub learning_rate: f64,
    /// Maximum number of leaves per tree (LightGBM: `num_leaves`).
    pub leaves: usize,
    /// Minimum samples per leaf, estimated from second derivatives (LightGBM: `min_data_in_leaf`).
    pub min_leaf: u32,
    /// Minimum sum of second derivatives per leaf (LightGBM: `min_sum_hessian_in_leaf`).
    pub min_hessian: f64,
    /// L2 regularization of leaf values (LightGBM: `lambda_l2`).
    pub l2: f64,
    /// Maximum number of bins of a numeric feature (LightGBM: `max_bin`).
    pub max_bins: usize,
}

impl Default for BoostingParams {
    fn default() -> Self {
        Self {
            rounds: 100,
            learning_rate: 0.1,
            leaves: 31,
            min_leaf: 20,
            min_hessian: 1e-3,
            l2: 0.0,
            max_bins: 255,
        }
    }
}

impl BoostingParams {
    pub(crate) fn check(&self) -> Result<(), ModelError> {
        check_range("rounds", self.rounds as f64, 1.0, 100_000.0)?;
        check_range("learning_rate", self.learning_rate, 1e-6, 1.0)?;
        check_range("leaves", self.leaves as f64, 2.0, 65_536.0)?;
        check_range("min_leaf", f64::from(self.min_leaf), 1.0, 1e9)?;
        check_range("min_hessian", self.min_hessian, 0.0, 1e9)?;
        check_range("l2", self.l2, 0.0, 1e9)?;
        check_range("max_bins", self.max_bins as f64, 2.0, 255.0)
    }
}
