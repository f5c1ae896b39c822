/// Size, mean and standard deviation of a sample.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Moments {
    /// How many values.
    pub n: u64,
    /// Their mean; 0 without values.
    pub mean: f64,
    squares: f64,
}

impl Moments {
    /// Of these values. NaN and infinities make the result NaN: leave them out.
    ///
    /// # Formula
    ///
    /// The running update of mean and sum of squared deviations.
    ///
    /// # Source
    ///
    /// B. P. Welford (1962), Technometrics 4, 419–420.
    ///
    /// ```
    /// use mlops_core::stats::Moments;
    /// let moments = Moments::of([1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!((moments.mean, moments.variance()), (2.5, 5.0 / 3.0));
    /// ```
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut moments = Self::default();
        for value in values {
            moments.n += 1;
            let deviation = value - moments.mean;
            moments.mean += deviation / moments.n as f64;
            moments.squares += deviation * (value - moments.mean);
        }
        moments
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
