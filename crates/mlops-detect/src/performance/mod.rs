//! How good a model's predictions turn out to be, how good they can be expected to be before
//! outcomes are known, and what the model is worth.
//!
//! Pure functions over rows; which rows belong together, such as those of a week, is the caller's
//! business.

mod calibration;
mod estimated;
mod impact;
mod interval;
mod judge;
mod period;
mod realised;
#[cfg(test)]
mod tests;

pub use estimated::{Estimated, calibration_needed, estimate};
pub use impact::{Arm, ArmRate, Effect, Impact, ImpactPolicy, PeriodImpact, Subject, impact};
pub use interval::{Estimate, newcombe, wilson};
pub use judge::{Check, Judgement, PerformancePolicy, TrainingFigures, judge};
pub use period::PeriodLength;
pub use realised::{CurvePoint, Realised, realised};
