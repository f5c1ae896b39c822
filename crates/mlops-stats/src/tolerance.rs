//! The numbers at which sums stop and methods change, each with its reason.

/// A series stops when a term no longer changes a sum of this relative size: a tenth of the machine
/// epsilon.
pub(super) const SERIES_END: f64 = 1e-17;

/// `exp` of less than this is zero: the smallest positive double is 4.9e-324, `exp(-744.44)`.
pub(super) const LN_SMALLEST_POSITIVE: f64 = -745.0;

/// Up to this size of the larger sample the p-value of the Kolmogorov–Smirnov test is exact, as
/// scipy's `auto` has it.
pub(super) const KS_EXACT_UP_TO: u64 = 10_000;

/// A sketch with more distinct values is of continuous numbers: its equal values are its own work.
pub(super) const MAX_DISTINCT_OF_SKETCH: usize = 1000;
