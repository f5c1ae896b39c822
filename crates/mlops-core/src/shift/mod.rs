//! Data shift: whether each feature of production is still distributed as the model saw it in training.

mod compare;
mod digits;
mod features;
mod level_counts;
mod measures;
mod picture;
mod policy;
mod power;
mod state;
mod test;

#[cfg(test)]
mod tests;

pub use compare::{DataShift, FeatureShift, compare};
pub use digits::four_digits;
pub use features::{FeatureSet, Roles, Skipped};
pub use measures::Measures;
pub use picture::Picture;
pub use policy::{PolicyError, ShiftPolicy};
pub use power::{SmallestShift, smallest_shift};
pub use state::State;
pub use test::Test;
