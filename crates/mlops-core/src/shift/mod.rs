//! Data shift: whether each feature of production is still distributed as the model saw it in training.

mod compare;
mod features;
mod level_counts;
mod policy;

#[cfg(test)]
mod tests;

pub use compare::{DataShift, FeatureShift, Test, compare};
pub use features::{FeatureSet, Roles, Skipped};
pub use policy::{PolicyError, ShiftPolicy};
