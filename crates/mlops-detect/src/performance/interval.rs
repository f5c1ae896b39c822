use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal};

/// A figure with the interval that it lies in.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The figure.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Estimate {
    /// A figure that is normally distributed, inside the range that it can have.
    pub(super) fn normal(
        value: f64,
        standard_error: f64,
        confidence: f64,
        [least, most]: [f64; 2],
    ) -> Self {
        let half = quantile(confidence) * standard_error;
        Self { value, low: (value - half).max(least), high: (value + half).min(most) }
    }

    pub(super) fn times(self, factor: f64) -> Self {
        Self { value: self.value * factor, low: self.low * factor, high: self.high * factor }
    }

    /// The sum of independent figures, each with an interval of its own: the distances of the ends
    /// add up as variances do.
    ///
    /// # Source
    ///
    /// G. Y. Zou and A. Donner, "Construction of confidence limits about effect measures",
    /// Statistics in Medicine 27 (2008) 1693–1702.
    pub fn plus(self, other: Self) -> Self {
        let value = self.value + other.value;
        let low = (self.value - self.low).hypot(other.value - other.low);
        let high = (self.high - self.value).hypot(other.high - other.value);
        Self { value, low: value - low, high: value + high }
    }
}

/// How many standard errors an interval of this confidence reaches to each side.
pub(super) fn quantile(confidence: f64) -> f64 {
    Normal::standard().inverse_cdf(0.5 + 0.5 * confidence.clamp(0.0, 1.0 - 1e-12))
}

/// A share with Wilson's interval; `None` of nothing.
///
/// # Source
///
/// E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22
/// (1927) 209–212, without continuity correction; as
/// `statsmodels.stats.proportion.proportion_confint(method="wilson")`.
pub fn wilson(part: u64, all: u64, confidence: f64) -> Option<Estimate> {
    if all == 0 {
        return None;
    }
    let (n, z) = (all as f64, quantile(confidence));
    let share = part as f64 / n;
    let middle = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt() / (1.0 + z * z / n);
    // At the ends of the range rounding may put the share itself outside.
    Some(Estimate {
        value: share,
        low: (middle - half).clamp(0.0, share),
        high: (middle + half).clamp(share, 1.0),
    })
}

/// The difference of two shares, the first less the second, with an interval made of Wilson's.
///
/// # Source
///
/// R. G. Newcombe, "Interval estimation for the difference between independent proportions",
/// Statistics in Medicine 17 (1998) 873–890, method 10; as
/// `statsmodels.stats.proportion.confint_proportions_2indep(method="newcomb")`.
pub fn newcombe(one: Estimate, other: Estimate) -> Estimate {
    let turned = Estimate { value: -other.value, low: -other.high, high: -other.low };
    one.plus(turned)
}
