use std::ops::Range;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};

/// An axis with its labeled values.
#[derive(Debug, Clone)]
pub struct Axis {
    /// The minimum and the maximum.
    pub range: [f64; 2],
    /// Labeled values, with their labels.
    pub names: Vec<(f64, String)>,
}

impl Axis {
    /// An axis of numbers that names about `count` round ones.
    pub fn of_numbers([low, high]: [f64; 2], count: usize, text: &dyn Fn(f64) -> String) -> Self {
        let step = round_step((high - low) / count.max(1) as f64);
        if !(step > 0.0 && step.is_finite()) {
            return Self { range: [low, high], names: Vec::new() };
        }
        let first = (low / step).ceil() as i64;
        let last = (high / step + 1e-9).floor() as i64;
        // A number as wide as the axis is long may have no step at all.
        let names = (first..=last.min(first.saturating_add(50)))
            .map(|value| (value as f64 * step, text(value as f64 * step)));
        let mut names: Vec<(f64, String)> = names.collect();
        while names.iter().all(|(_, name)| without_last_zero(name).is_some()) && !names.is_empty() {
            names
                .iter_mut()
                .for_each(|(_, name)| *name = without_last_zero(name).unwrap_or_default());
        }
        Self { range: [low, high], names }
    }

    /// Returns the label of a value.
    pub(super) fn name(&self, value: f64) -> String {
        self.names
            .iter()
            .find(|(named, _)| *named == value)
            .map(|(_, name)| name.clone())
            .unwrap_or_default()
    }
}

/// A number without the last digit behind its point, if that is a zero: `0.40%` becomes `0.4%`.
fn without_last_zero(name: &str) -> Option<String> {
    let end = name.rfind(|letter: char| letter.is_ascii_digit())? + 1;
    let (number, unit) = name.split_at(end);
    let (_, decimals) = number.split_once('.')?;
    let shorter = number.strip_suffix('0')?;
    let shorter = if decimals.len() == 1 { shorter.strip_suffix('.')? } else { shorter };
    Some(format!("{shorter}{unit}"))
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
        self.names.iter().map(|(value, _)| *value).collect()
    }

    fn range(&self) -> Range<f64> {
        self.range[0]..self.range[1]
    }
}
