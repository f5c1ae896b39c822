use serde::{Deserialize, Serialize};

use super::{LevelProfile, QuantileSketch};
use crate::Moments;
use mlops_core::table::number_level;

/// Up to so many distinct values are counted one by one.
const FEW: usize = 20;

/// Numbers: their order, mean and standard deviation, range, and how often each occurs while they
/// are few.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NumberProfile {
    /// Their order.
    pub sketch: QuantileSketch,
    /// Mean and standard deviation.
    pub moments: Moments,
    /// The smallest and the largest; `None` without values.
    pub range: Option<(f64, f64)>,
    /// The distinct values with their counts; `None` where there are more than 20.
    few: Option<Vec<(f64, u64)>>,
}

impl Default for NumberProfile {
    fn default() -> Self {
        Self {
            sketch: QuantileSketch::default(),
            moments: Moments::default(),
            range: None,
            few: Some(Vec::new()),
        }
    }
}

impl NumberProfile {
    /// The number of distinct values; `None` where there are more than 20.
    pub fn distinct(&self) -> Option<usize> {
        self.few.as_ref().map(Vec::len)
    }

    /// The distinct values as levels, each by the name that it has as a text; `None` where there
    /// are more than 20.
    pub fn as_levels(&self) -> Option<LevelProfile> {
        let mut levels = LevelProfile::default();
        for &(value, count) in self.few.as_ref()? {
            levels.count(&number_level(value), count);
        }
        Some(levels)
    }

    /// Adds values, none of which is NaN.
    pub(super) fn extend(&mut self, values: &[f64]) {
        self.sketch.extend(values);
        self.moments = self.moments.joined(Moments::of(values));
        for &value in values {
            let (smallest, largest) = self.range.unwrap_or((value, value));
            self.range = Some((smallest.min(value), largest.max(value)));
        }
        for &value in values {
            if self.few.is_none() {
                break;
            }
            self.count(value, 1);
        }
    }

    pub(super) fn join(&mut self, other: &Self) {
        self.sketch.join(&other.sketch);
        self.moments = self.moments.joined(other.moments);
        self.range = match (self.range, other.range) {
            (Some(ours), Some(theirs)) => Some((ours.0.min(theirs.0), ours.1.max(theirs.1))),
            (ours, theirs) => ours.or(theirs),
        };
        match &other.few {
            Some(few) => few.iter().for_each(|&(value, count)| self.count(value, count)),
            None => self.few = None,
        }
    }

    fn count(&mut self, value: f64, count: u64) {
        let Some(few) = &mut self.few else { return };
        match few.iter().position(|(other, _)| *other == value) {
            Some(index) => few[index].1 += count,
            None if few.len() < FEW => few.push((value, count)),
            None => self.few = None,
        }
    }

    pub(super) fn is_sound(&self) -> bool {
        let counted = self
            .few
            .as_ref()
            .map(|few| few.iter().fold(0, |sum: u64, (_, count)| sum.saturating_add(*count)));
        self.sketch.is_sound()
            && self.moments.n == self.sketch.len()
            && self.range.is_none() == self.sketch.is_empty()
            && counted.is_none_or(|counted| counted == self.sketch.len())
    }
}
