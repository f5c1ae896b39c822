//! Data shift: whether each feature of production is still distributed as the model saw it in
//! training.

mod collect;
mod compare;
mod features;
mod level_counts;
mod measures;
mod numbers;
mod parts;
mod picture;
mod policy;
mod power;
mod retrain;
mod state;
mod test;

#[cfg(test)]
mod tests;

pub use collect::{Chunk, Collected, Collector, Split};
pub use compare::{DataShift, FeatureShift, compare, compare_outcomes, compare_together};
pub use features::{FeatureSet, Roles, Skipped};
pub use measures::Measures;
pub use picture::Picture;
pub use policy::{PolicyError, ShiftPolicy};
pub use power::{SmallestShift, smallest_shift};
pub use retrain::{RetrainAdvice, RetrainRule};
pub use state::State;
pub use test::Test;
