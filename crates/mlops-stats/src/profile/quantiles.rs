use serde::{Deserialize, Serialize};

use crate::Sample;

/// Up to so many values are kept as they are.
const EXACT_UP_TO: usize = 65_536;

/// Values of a block, which stands for a power of two as many.
const BLOCK: usize = 4096;

/// Standard errors within which a share is stated to be.
const SURE: f64 = 3.0;

/// The order of any number of values, in memory that grows with its logarithm: exact up to 65,536
/// values.
///
/// Beyond that, blocks of 4096 sorted values stand for 2, 4, 8, … values each. Two blocks of one
/// weight are merged and every other value of them is kept, the odd or the even ones by a coin, so
/// that errors have mean zero and cancel. The coin is a hash of the number of throws: equal input
/// gives equal bytes. [`Self::error`] states what is left: 0.03% of the rows for a million, and
/// never above 0.06%.
///
/// # Source
///
/// P. K. Agarwal et al., "Mergeable summaries", ACM Transactions on Database Systems 38 (2013),
/// section 3.2.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QuantileSketch {
    n: u64,
    /// Values of weight 1, as they came; fewer than a block once there are levels.
    buffer: Vec<f64>,
    /// At each level nothing, or a sorted block in which each value stands for 2^level of them.
    levels: Vec<Vec<f64>>,
    /// Throws of the coin.
    throws: u64,
    /// The variance of the number of values up to any x.
    variance: f64,
}

impl QuantileSketch {
    /// The number of values seen.
    pub fn len(&self) -> u64 {
        self.n
    }

    /// Whether none was seen.
    pub fn is_empty(&self) -> bool {
        self.n == 0
    }

    /// Adds values, none of which is NaN.
    pub fn extend(&mut self, mut values: &[f64]) {
        self.n += values.len() as u64;
        while !values.is_empty() {
            let room = (self.capacity() - self.buffer.len()).min(values.len());
            let (now, later) = values.split_at(room);
            self.buffer.extend_from_slice(now);
            values = later;
            if self.buffer.len() == self.capacity()
                && !(values.is_empty() && self.levels.is_empty())
            {
                self.empty_buffer();
            }
        }
    }

    /// Adds what another has seen.
    pub fn join(&mut self, other: &Self) {
        let n = self.n + other.n;
        self.variance += other.variance;
        self.throws += other.throws;
        for (level, block) in other.levels.iter().enumerate().filter(|(_, block)| !block.is_empty())
        {
            self.carry(level, block.clone());
        }
        // The buffer may hold more than a sketch with levels does.
        if !self.levels.is_empty() {
            self.empty_buffer();
        }
        self.extend(&other.buffer);
        self.n = n;
    }

    /// How far the share of values up to any x may be off: three standard errors; 0 while all
    /// values are kept.
    pub fn error(&self) -> f64 {
        if self.n == 0 { 0.0 } else { SURE * self.variance.sqrt() / self.n as f64 }
    }

    /// The values in order.
    pub fn sorted(&self) -> SortedSample {
        if self.levels.is_empty() {
            let mut values = self.buffer.clone();
            values.sort_unstable_by(f64::total_cmp);
            return SortedSample { values, ends: None, error: 0.0 };
        }
        let mut weighted: Vec<(f64, u64)> = self.buffer.iter().map(|&value| (value, 1)).collect();
        for (level, block) in self.levels.iter().enumerate() {
            weighted.extend(block.iter().map(|&value| (value, 1 << level)));
        }
        // A stable sort finds the blocks in order.
        weighted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut end = 0;
        let (values, ends) = weighted
            .into_iter()
            .map(|(value, weight)| {
                end += weight;
                (value, end)
            })
            .unzip();
        SortedSample { values, ends: Some(ends), error: self.error() }
    }

    fn capacity(&self) -> usize {
        if self.levels.is_empty() { EXACT_UP_TO } else { BLOCK }
    }

    /// Turns whole blocks of the buffer into sorted ones.
    fn empty_buffer(&mut self) {
        let buffer = std::mem::take(&mut self.buffer);
        let blocks = buffer.chunks_exact(BLOCK);
        self.buffer.extend_from_slice(blocks.remainder());
        for block in blocks {
            let mut block = block.to_vec();
            block.sort_unstable_by(f64::total_cmp);
            self.carry(0, block);
        }
    }

    /// Puts a block onto a level; as in adding one to a binary number, two of one level make one of
    /// the next.
    fn carry(&mut self, mut level: usize, mut block: Vec<f64>) {
        loop {
            if self.levels.len() <= level {
                self.levels.resize(level + 1, Vec::new());
            }
            if self.levels[level].is_empty() {
                self.levels[level] = block;
                return;
            }
            let other = std::mem::take(&mut self.levels[level]);
            // With an odd number of values up to x among them, the count up to x is off by one
            // value's weight.
            self.variance += 4.0_f64.powi(level as i32);
            block = every_other(&other, &block, self.coin());
            level += 1;
        }
    }

    fn coin(&mut self) -> bool {
        self.throws += 1;
        // The finalizer of SplitMix64 (G. L. Steele et al., 2014).
        let mut z = self.throws.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) & 1 == 1
    }

    pub(super) fn is_sound(&self) -> bool {
        let blocks = self.levels.iter().filter(|block| !block.is_empty());
        let fits = |block: &Vec<f64>| {
            block.len() == BLOCK
                && block.iter().all(|value| !value.is_nan())
                && block.windows(2).all(|pair| pair[0].total_cmp(&pair[1]).is_le())
        };
        let weight = |(level, block): (usize, &Vec<f64>)| {
            (block.len() as u64).checked_shl(level as u32).unwrap_or(u64::MAX)
        };
        let in_blocks = self.levels.iter().enumerate().map(weight).fold(0, u64::saturating_add);
        self.levels.len() < 48
            && blocks.clone().all(fits)
            && self.buffer.len() <= self.capacity()
            && self.buffer.iter().all(|value| !value.is_nan())
            && in_blocks.saturating_add(self.buffer.len() as u64) == self.n
            && self.variance >= 0.0
    }
}

/// Every other value of two sorted blocks, merged.
fn every_other(a: &[f64], b: &[f64], odd: bool) -> Vec<f64> {
    let mut kept = Vec::with_capacity(BLOCK);
    let (mut i, mut j, mut keep) = (0, 0, odd);
    while i < a.len() || j < b.len() {
        let from_a = j == b.len() || (i < a.len() && a[i].total_cmp(&b[j]).is_le());
        let value = if from_a { a[i] } else { b[j] };
        i += usize::from(from_a);
        j += usize::from(!from_a);
        if keep {
            kept.push(value);
        }
        keep = !keep;
    }
    kept
}

/// Values in ascending order, each of which may stand for several.
#[derive(Debug, Clone, PartialEq)]
pub struct SortedSample {
    values: Vec<f64>,
    ends: Option<Vec<u64>>,
    error: f64,
}

impl SortedSample {
    /// The same with each value divided by a positive factor.
    #[must_use]
    pub fn divided_by(&self, factor: f64) -> Self {
        Self { values: self.values.iter().map(|value| value / factor).collect(), ..self.clone() }
    }
}

impl<'v> From<&'v SortedSample> for Sample<'v> {
    fn from(sorted: &'v SortedSample) -> Self {
        match &sorted.ends {
            Some(ends) => Self::weighted(&sorted.values, ends, sorted.error),
            None => Self::from(&sorted.values),
        }
    }
}
