use super::schema::{Input, InputValues, MAX_LEVELS, NO_LEVEL};

/// The bin of missing values and unseen levels.
pub(crate) const MISSING_BIN: u8 = 255;

/// So many values settle where the edges of bins are.
const SAMPLE: usize = 200_000;

/// How the values of one input fall into at most 255 bins.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum InputBins {
    /// A number x falls into bin b if b edges are below it: e\[b-1\] < x <= e\[b\].
    Numeric {
        /// Ascending, between values that occur.
        edges: Vec<f64>,
    },
    /// Categorical: the bin of a level is its index.
    Categorical {
        /// How many there are.
        levels: usize,
    },
}

impl InputBins {
    /// Bins of about equally many rows each; exact where at most `max_bins` values are distinct.
    pub(crate) fn of(input: &Input<'_>, max_bins: usize) -> Self {
        match &input.values {
            InputValues::Numeric(values) => {
                Self::Numeric { edges: edges(values, max_bins.clamp(2, MAX_LEVELS + 1)) }
            }
            InputValues::Categorical { levels, .. } => Self::Categorical { levels: *levels },
        }
    }

    /// How many bins there are, without that of what is missing.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Numeric { edges } => edges.len() + 1,
            Self::Categorical { levels } => *levels,
        }
    }

    /// Whether the bins have no order.
    pub(crate) fn is_categorical(&self) -> bool {
        matches!(self, Self::Categorical { .. })
    }

    fn bin_number(edges: &[f64], value: f64) -> u8 {
        if value.is_nan() {
            return MISSING_BIN;
        }
        edges.partition_point(|edge| *edge < value) as u8
    }
}

/// Rows of bins, row after row.
#[derive(Debug, Clone)]
pub(crate) struct BinnedRows {
    pub(crate) rows: usize,
    pub(crate) inputs: usize,
    pub(crate) bins: Vec<u8>,
}

impl BinnedRows {
    /// The rows `from..to` of the inputs.
    pub(crate) fn of(
        inputs: &[Input<'_>],
        bins: &[InputBins],
        rows: std::ops::Range<usize>,
    ) -> Self {
        let mut binned = vec![0u8; rows.len() * inputs.len()];
        Self::fill(inputs, bins, rows.clone(), &mut binned);
        Self { rows: rows.len(), inputs: inputs.len(), bins: binned }
    }

    /// The same into bytes that are there.
    pub(crate) fn fill(
        inputs: &[Input<'_>],
        bins: &[InputBins],
        rows: std::ops::Range<usize>,
        binned: &mut [u8],
    ) {
        let width = inputs.len();
        for (index, (input, bins)) in inputs.iter().zip(bins).enumerate() {
            let cells = binned.iter_mut().skip(index).step_by(width);
            match (&input.values, bins) {
                (InputValues::Numeric(values), InputBins::Numeric { edges }) => {
                    cells.zip(&values[rows.clone()]).for_each(|(cell, value)| {
                        *cell = InputBins::bin_number(edges, *value);
                    });
                }
                (InputValues::Categorical { codes, .. }, InputBins::Categorical { .. }) => {
                    cells.zip(&codes[rows.clone()]).for_each(|(cell, code)| {
                        *cell = if *code == NO_LEVEL { MISSING_BIN } else { *code as u8 };
                    });
                }
                _ => cells.for_each(|cell| *cell = MISSING_BIN),
            }
        }
    }
}

/// Edges between the values of a sample: halfway between neighbours that fall into different bins.
fn edges(values: &[f64], max_bins: usize) -> Vec<f64> {
    let step = (values.len() / SAMPLE).max(1);
    let mut sample: Vec<f64> =
        values.iter().step_by(step).copied().filter(|value| !value.is_nan()).collect();
    sample.sort_unstable_by(f64::total_cmp);
    let mut distinct: Vec<(f64, usize)> = Vec::new();
    for &value in &sample {
        match distinct.last_mut() {
            // -0.0 equals 0.0, and is no value of its own.
            Some((last, rows)) if *last == value => *rows += 1,
            _ => distinct.push((value, 1)),
        }
    }
    let between = |index: usize| halfway(distinct[index].0, distinct[index + 1].0);
    if distinct.len() <= max_bins {
        return (0..distinct.len().saturating_sub(1)).map(between).collect();
    }
    let (mut rows_left, mut bins_left, mut in_bin) = (sample.len(), max_bins, 0);
    let mut edges = Vec::with_capacity(max_bins);
    for (index, (_, rows)) in distinct[..distinct.len() - 1].iter().enumerate() {
        in_bin += rows;
        if in_bin * bins_left >= rows_left {
            edges.push(between(index));
            rows_left -= in_bin;
            bins_left -= 1;
            in_bin = 0;
            if bins_left == 1 {
                break;
            }
        }
    }
    edges
}

/// A number from `low` on and below `high`, in the middle where there is room.
fn halfway(low: f64, high: f64) -> f64 {
    let middle = low + (high - low) * 0.5;
    if middle >= low && middle < high { middle } else { low }
}
