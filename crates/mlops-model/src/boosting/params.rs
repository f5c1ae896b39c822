use serde::{Deserialize, Serialize};

use crate::error::{ModelError, check_range};

/// How trees are boosted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BoostingParams {
    /// The number of trees.
    pub rounds: usize,
    /// How far each tree moves.
    pub learning_rate: f64,
    /// The most leaves of a tree.
    pub leaves: usize,
    /// The least rows of a leaf, as estimated by their second derivatives.
    pub min_leaf: u32,
    /// The least sum of second derivatives of a leaf.
    pub min_hessian: f64,
    /// The penalty on the square of a leaf's value.
    pub l2: f64,
    /// Bins of a numeric input.
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
