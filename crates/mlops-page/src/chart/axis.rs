use std::ops::Range;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};

/// An axis with the places that are named on it.
#[derive(Debug, Clone)]
pub struct Axis {
    /// Where it begins and ends.
    pub range: [f64; 2],
    /// The places, with their names.
    pub names: Vec<(f64, String)>,
}

impl Axis {
    /// An axis of numbers that names about `count` round ones.
    pub fn of_numbers([low, high]: [f64; 2], count: usize, text: &dyn Fn(f64) -> String) -> Self {
        let step = round_step((high - low) / count.max(1) as f64);
        let first = (low / step).ceil() as i64;
        let last = (high / step + 1e-9).floor() as i64;
        // A number as wide as the axis is long may have no step at all.
        let names = (first..=last.min(first + 50)).map(|place| (place as f64 * step, text(place as f64 * step)));
        Self { range: [low, high], names: names.collect() }
    }

    /// The name of a place.
    pub(super) fn name(&self, place: f64) -> String {
        self.names.iter().find(|(named, _)| *named == place).map(|(_, name)| name.clone()).unwrap_or_default()
    }
}

/// The round number at or above: 1, 2 or 5 times a power of ten.
fn round_step(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    let times = [1.0, 2.0, 5.0].into_iter().find(|times| times * power >= step).unwrap_or(10.0);
    times * power
}

impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        let [low, high] = self.range;
        let share = (value - low) / (high - low);
        from + (f64::from(to - from) * share).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.names.iter().map(|(place, _)| *place).collect()
    }

    fn range(&self) -> Range<f64> {
        self.range[0]..self.range[1]
    }
}
