#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

pub mod artifact;
mod bins;
mod boosting;
pub mod calibration;
mod decision_tree;
mod digest;
mod error;
mod fitted;
mod forest;
pub mod gate;
mod goal;
mod golden;
pub mod identifiers;
mod leaf_masks;
pub mod leaks;
mod lightgbm;
mod linfa_traits;
mod logistic;
pub mod metrics;
mod node;
mod onnx;
pub mod pickle;
mod progress;
pub mod random;
mod ranks;
mod recipe;
mod schema;
mod scorer;
pub mod search;
pub mod seen;
pub mod split;
mod target;
#[cfg(test)]
mod tests;
mod tree;
mod walk;

pub use boosting::BoostingParams;
pub use decision_tree::TreeParams;
pub use error::ModelError;
pub use fitted::{Model, OutOfFold, cross_score, cross_validate};
pub use forest::ForestParams;
pub use golden::{GoldenError, golden_failures};
pub use linfa_traits::{RecipeParams, TableRecords};
pub use logistic::LogisticParams;
pub use progress::Progress;
pub use recipe::{CalibrationMethod, ClassWeight, Learner, LearnerKind, Recipe};
pub use schema::{Feature, FeatureKind, Input, InputValues, MAX_LEVELS, NO_LEVEL, Schema};
pub use split::sample_indices;
pub use target::{ChosenTarget, PositiveBy, Target};
