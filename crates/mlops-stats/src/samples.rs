use super::StatisticError;

/// A **sorted** sample, each value of which stands for one observation or for a stated number of
/// them.
///
/// Slices, vectors and arrays turn into one by themselves; [`crate::profile::QuantileSketch`] gives
/// one of many observations in few values.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'v> {
    values: &'v [f64],
    /// Observations up to each value and with it; `None` where each value is one.
    ends: Option<&'v [u64]>,
    error: f64,
}

impl<'v> Sample<'v> {
    /// A sample in which `ends[i]` observations are at most `values[i]`. Each share of it is right
    /// to `error`.
    pub fn weighted(values: &'v [f64], ends: &'v [u64], error: f64) -> Self {
        debug_assert_eq!(values.len(), ends.len());
        Self { values, ends: Some(ends), error }
    }

    /// The number of observations.
    pub fn size(&self) -> u64 {
        self.count_to(self.values.len())
    }

    /// Its values, ascending.
    pub fn values(&self) -> &'v [f64] {
        self.values
    }

    /// Returns the weights of the values, as in [`Self::weighted`].
    pub fn ends(&self) -> Option<&'v [u64]> {
        self.ends
    }

    /// How far a share may be off; 0 where each value is one observation.
    pub fn error(&self) -> f64 {
        self.error
    }

    /// The number of observations of at most `x`.
    pub fn up_to(&self, x: f64) -> u64 {
        self.count_to(self.values.partition_point(|&value| value <= x))
    }

    /// The value at a rank from 1; the nearest where there is no such rank, and NaN where the
    /// sample is empty.
    pub fn at_rank(&self, rank: u64) -> f64 {
        let index = match self.ends {
            Some(ends) => ends.partition_point(|&end| end < rank),
            None => usize::try_from(rank.saturating_sub(1)).unwrap_or(usize::MAX),
        };
        self.values.get(index).or(self.values.last()).copied().unwrap_or(f64::NAN)
    }

    /// The middle value; the lower of two.
    pub fn median(&self) -> f64 {
        self.at_rank(self.size().div_ceil(2))
    }

    /// Returns the most common value with its number of observations; the smallest of several.
    /// `None` for an empty sample.
    pub fn most_common(&self) -> Option<(f64, u64)> {
        let counts = merged(*self, Sample::from(&[][..])).map(|(value, count, _)| (value, count));
        counts.reduce(|most, other| if other.1 > most.1 { other } else { most })
    }

    /// Returns the number of observations of exactly `x`.
    pub fn count_of(&self, x: f64) -> u64 {
        self.up_to(x) - self.count_to(self.values.partition_point(|&value| value < x))
    }

    /// Observations among the first values.
    fn count_to(&self, values: usize) -> u64 {
        match self.ends {
            Some(ends) => values.checked_sub(1).map_or(0, |last| ends[last]),
            None => values as u64,
        }
    }

    /// Refuses a sample that is empty or has a NaN; that it is sorted is the caller's promise.
    pub(super) fn check(self, sample: &'static str) -> Result<Self, StatisticError> {
        if self.values.is_empty() {
            return Err(StatisticError::Empty { sample });
        }
        if self.values.iter().any(|value| value.is_nan()) {
            return Err(StatisticError::NotANumber { sample });
        }
        debug_assert!(self.values.is_sorted(), "the {sample} sample must be sorted");
        Ok(self)
    }
}

impl<'v> From<&'v [f64]> for Sample<'v> {
    fn from(values: &'v [f64]) -> Self {
        Self { values, ends: None, error: 0.0 }
    }
}

impl<'v> From<&'v Vec<f64>> for Sample<'v> {
    fn from(values: &'v Vec<f64>) -> Self {
        Self::from(values.as_slice())
    }
}

impl<'v, const N: usize> From<&'v [f64; N]> for Sample<'v> {
    fn from(values: &'v [f64; N]) -> Self {
        Self::from(values.as_slice())
    }
}

/// The totals of two rows of counts over the same levels.
pub(super) fn totals(reference: &[u64], production: &[u64]) -> Result<(u64, u64), StatisticError> {
    if reference.len() != production.len() {
        return Err(StatisticError::Levels {
            reference: reference.len(),
            production: production.len(),
        });
    }
    let (n, m): (u64, u64) = (reference.iter().sum(), production.iter().sum());
    for (sample, size) in [("reference", n), ("production", m)] {
        if size == 0 {
            return Err(StatisticError::Empty { sample });
        }
    }
    Ok((n, m))
}

/// The counts of the levels that occur on either side.
pub(super) fn occurring<'c>(
    reference: &'c [u64],
    production: &'c [u64],
) -> impl Iterator<Item = (u64, u64)> + Clone + 'c {
    reference.iter().zip(production).map(|(&a, &b)| (a, b)).filter(|(a, b)| a + b > 0)
}

/// The values of two samples in order, each once, with how often it is in either.
pub(super) fn merged<'v>(
    reference: Sample<'v>,
    production: Sample<'v>,
) -> impl Iterator<Item = (f64, u64, u64)> + 'v {
    let (mut i, mut j) = (0, 0);
    std::iter::from_fn(move || {
        let value = match (reference.values.get(i), production.values.get(j)) {
            (Some(&a), Some(&b)) => a.min(b),
            (Some(&a), None) => a,
            (None, Some(&b)) => b,
            (None, None) => return None,
        };
        let pass = |sample: &Sample<'_>, at: &mut usize| {
            let before = sample.count_to(*at);
            *at += sample.values[*at..].iter().take_while(|&&other| other == value).count();
            sample.count_to(*at) - before
        };
        Some((value, pass(&reference, &mut i), pass(&production, &mut j)))
    })
}
