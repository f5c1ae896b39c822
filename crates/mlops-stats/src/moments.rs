use serde::{Deserialize, Serialize};

/// Size, mean and standard deviation of a sample.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    /// How many values.
    pub n: u64,
    /// Their mean; 0 without values.
    pub mean: f64,
    squares: f64,
}

impl Moments {
    /// Computes the moments of these values. NaN and infinities make the result NaN: leave them out.
    ///
    /// ```
    /// use mlops_stats::Moments;
    /// let moments = Moments::of(&[1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!((moments.mean, moments.variance()), (2.5, 5.0 / 3.0));
    /// ```
    pub fn of(values: &[f64]) -> Self {
        if values.is_empty() {
            return Self::default();
        }
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let squares = values.iter().map(|value| (value - mean).powi(2)).sum();
        Self { n: values.len() as u64, mean, squares }
    }

    /// Returns the moments of the values of both.
    ///
    /// # Formula
    ///
    /// The pairwise update of mean and sum of squared deviations.
    ///
    /// # Source
    ///
    /// T. F. Chan et al., "Algorithms for Computing the Sample Variance", The American Statistician
    /// 37 (1983) 242–247.
    #[must_use]
    pub fn joined(self, other: Self) -> Self {
        match (self.n, other.n) {
            (0, _) => return other,
            (_, 0) => return self,
            _ => {}
        }
        let n = self.n + other.n;
        let share = other.n as f64 / n as f64;
        let apart = other.mean - self.mean;
        Self {
            n,
            mean: self.mean + apart * share,
            squares: self.squares + other.squares + apart * apart * self.n as f64 * share,
        }
    }

    /// The variance with n − 1; 0 for fewer than two values.
    pub fn variance(&self) -> f64 {
        if self.n < 2 { 0.0 } else { self.squares / (self.n - 1) as f64 }
    }

    /// The standard deviation, the root of the variance.
    pub fn sd(&self) -> f64 {
        self.variance().sqrt()
    }
}
