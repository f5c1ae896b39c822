use mlops_stats::profile::{NumberProfile, SortedSample};
use mlops_stats::{Moments, Sample};

/// The numbers of one side, in order.
pub(super) struct Numbers<'p> {
    sorted: SortedSample,
    pub(super) moments: Moments,
    /// The smallest and the largest.
    pub(super) range: (f64, f64),
    profile: &'p NumberProfile,
}

impl<'p> Numbers<'p> {
    /// `None` where there are none.
    pub(super) fn of(profile: &'p NumberProfile) -> Option<Self> {
        let range = profile.range?;
        let sorted = profile.sketch.sorted();
        let sample = Sample::from(&sorted);
        // In their order, values give the same mean whatever the order in which they came.
        let moments =
            if sample.ends().is_none() { Moments::of(sample.values()) } else { profile.moments };
        Some(Self { moments, sorted, range, profile })
    }

    pub(super) fn sample(&self) -> Sample<'_> {
        Sample::from(&self.sorted)
    }

    pub(super) fn divided_by(&self, factor: f64) -> SortedSample {
        self.sorted.divided_by(factor)
    }

    pub(super) fn is_constant(&self) -> bool {
        self.profile.distinct() == Some(1)
    }

    /// The share of values outside of a range.
    pub(super) fn share_outside(&self, (smallest, largest): (f64, f64)) -> f64 {
        let sample = self.sample();
        let below = if self.range.0 < smallest { sample.up_to(smallest.next_down()) } else { 0 };
        let above = if self.range.1 > largest { sample.size() - sample.up_to(largest) } else { 0 };
        (below + above) as f64 / sample.size() as f64
    }
}
