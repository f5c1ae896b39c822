//! The calibration error without its upward bias.

use mlops_model::metrics::CalibrationBin;
use mlops_model::random::Random;
use mlops_stats::Moments;
use statrs::distribution::{ContinuousCDF, Normal};

use super::interval::Estimate;

/// Random draws of the bins.
const DRAWS: usize = 1000;

/// The share of the lower end in what an interval may miss. At a true error of 0 only the lower end
/// can be wrong; elsewhere both can.
const LOWER: f64 = 0.9;

/// The same of the upper end.
const UPPER: f64 = 0.6;

/// Differences below so many variances count as noise for the lower end.
const NOISE: f64 = 2.0;

/// Fewer draws are not counted as a probability.
const RARE: usize = 10;

/// Halvings of the search for an end.
const STEPS: usize = 24;

/// The expected calibration error of rows in bins: Σ wᵦ |δᵦ|, where δᵦ is the true difference of observed
/// share and mean prediction in a bin, and wᵦ the bin's share of the rows.
///
/// The observed error, Σ wᵦ |dᵦ|, is above it: with 500 rows of a calibrated model, it is about 0.05.
/// This estimate is the true error for which an error as large as the observed one has a probability
/// of one half. The ends of its interval are the true errors for which it is just too large or too
/// small. The distribution of the observed error also depends on how the true error is spread over
/// the bins. The lower end takes it to be in the bins that clearly show one, the upper end to be the
/// same in all bins, and the estimate is between both: squared differences are shrunk to their mean
/// as far as noise explains their spread.
///
/// # Source
///
/// The bias: J. Bröcker, "Estimating reliability and resolution of probability forecasts", Climate
/// Dynamics 39 (2012) 655–667. The shrinkage: B. Efron and C. Morris, Journal of the American
/// Statistical Association 68 (1973) 117–130.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CalibrationError {
    bins: Vec<Bin>,
    /// The mean distance of the curve from the diagonal.
    pub(super) observed: f64,
    rows: f64,
    /// Normal numbers: one for each bin and draw.
    noise: Vec<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Bin {
    weight: f64,
    rows: f64,
    predicted: f64,
    difference: f64,
    /// The mean variance of an outcome if the predictions are right.
    row_variance: f64,
}

impl Bin {
    fn variance(&self) -> f64 {
        self.row_variance / self.rows
    }
}

impl CalibrationError {
    pub(super) fn of(curve: &[CalibrationBin]) -> Self {
        let rows: f64 = curve.iter().map(|bin| bin.n as f64).sum();
        let bin = |bin: &CalibrationBin| Bin {
            weight: bin.n as f64 / rows,
            rows: bin.n as f64,
            predicted: bin.predicted,
            difference: bin.observed - bin.predicted,
            row_variance: bin.variance / bin.n as f64,
        };
        let bins: Vec<Bin> = curve.iter().map(bin).collect();
        let observed = bins.iter().map(|bin| bin.weight * bin.difference.abs()).sum();
        let (mut random, normal) = (Random::new(0, 0), Normal::standard());
        let mut draw = || normal.inverse_cdf(random.unit().clamp(1e-12, 1.0 - 1e-12));
        let noise = (0..DRAWS * bins.len()).map(|_| draw()).collect();
        Self { bins, observed, rows, noise }
    }

    /// Returns the estimate with its interval.
    pub(super) fn estimate(&self, confidence: f64) -> Estimate {
        let missed = 1.0 - confidence;
        let low = self.solve(&self.sparse(), |share| share > 1.0 - LOWER * missed);
        let high = self.solve(&vec![1.0; self.bins.len()], |share| share > UPPER * missed);
        let value = self.solve(&self.shrunk(), |share| share > 0.5);
        let high = high.max(low);
        Estimate { value: value.clamp(low, high), low, high }
    }

    /// Returns the probability of at least the observed error if the true one is `allowed`.
    pub(super) fn p_value_above(&self, allowed: f64) -> f64 {
        let errors = self.draws(&scaled(&self.bins, &self.sparse()), allowed);
        let above = errors.iter().filter(|error| **error >= self.observed).count();
        if above >= RARE {
            return above as f64 / DRAWS as f64;
        }
        // Too few draws to count: the tail of the normal law with their mean and variance.
        let moments = Moments::of(&errors);
        let z = (self.observed - moments.mean) / moments.sd().max(f64::MIN_POSITIVE);
        Normal::standard().sf(z).min(RARE as f64 / DRAWS as f64)
    }

    /// The true error up to which `is_above` holds of the share of draws below the observed error.
    fn solve(&self, shape: &[f64], is_above: impl Fn(f64) -> bool) -> f64 {
        let shape = scaled(&self.bins, shape);
        let is_above = |error: f64| is_above(self.share_below(&shape, error));
        if !is_above(0.0) {
            return 0.0;
        }
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..STEPS {
            let middle = 0.5 * (low + high);
            if is_above(middle) { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    }

    /// The share of draws whose error is at most the observed one.
    fn share_below(&self, shape: &[f64], error: f64) -> f64 {
        // The error of one half of a row is not seen.
        let most = self.observed + 0.5 / self.rows;
        let errors = self.draws(shape, error);
        errors.iter().filter(|error| **error <= most).count() as f64 / DRAWS as f64
    }

    /// Observed errors if the true error is `error`, spread over the bins as `shape` says.
    fn draws(&self, shape: &[f64], error: f64) -> Vec<f64> {
        let of_bin = |(bin, shape): (&Bin, &f64)| {
            let sign = if bin.difference < 0.0 { -1.0 } else { 1.0 };
            let predicted = bin.predicted;
            let share = (predicted + sign * error * shape).clamp(0.0, 1.0);
            let more = share * (1.0 - share) - predicted * (1.0 - predicted);
            let variance = (bin.row_variance + more).max(0.0) / bin.rows;
            [bin.weight, share - predicted, variance.sqrt()]
        };
        let bins: Vec<[f64; 3]> = self.bins.iter().zip(shape).map(of_bin).collect();
        let of_draw = |noise: &[f64]| -> f64 {
            let each = bins.iter().zip(noise);
            each.map(|([weight, difference, sd], z)| weight * (difference + sd * z).abs()).sum()
        };
        self.noise.chunks(bins.len()).map(of_draw).collect()
    }

    /// A true error in those bins whose difference is above the noise.
    fn sparse(&self) -> Vec<f64> {
        let of_bin = |bin: &Bin| {
            let beyond = bin.difference.powi(2) - NOISE * bin.variance();
            // A little everywhere, where no bin is above the noise.
            beyond.max(0.0).sqrt() + 1e-3 * bin.variance().sqrt()
        };
        self.bins.iter().map(of_bin).collect()
    }

    /// Squared differences, less their noise, shrunk to their mean.
    fn shrunk(&self) -> Vec<f64> {
        let signal = |bin: &Bin| bin.difference.powi(2) - bin.variance();
        let sum = |of_bin: &dyn Fn(&Bin) -> f64| self.bins.iter().map(of_bin).sum::<f64>();
        let mean = sum(&|bin| bin.weight * signal(bin)).max(0.0);
        let noise =
            sum(&|bin| bin.weight.powi(2) * bin.variance() * (2.0 * bin.variance() + 4.0 * mean));
        let spread = sum(&|bin| (bin.weight * (signal(bin) - mean)).powi(2));
        let kept = if spread > 0.0 { (1.0 - noise / spread).max(0.0) } else { 0.0 };
        self.bins.iter().map(|bin| (mean + kept * (signal(bin) - mean)).max(0.0).sqrt()).collect()
    }
}

/// The shape of a true error of 1; the same in all bins if `shape` is zero everywhere.
fn scaled(bins: &[Bin], shape: &[f64]) -> Vec<f64> {
    let sum: f64 = bins.iter().zip(shape).map(|(bin, shape)| bin.weight * shape).sum();
    shape.iter().map(|shape| if sum > 0.0 { shape / sum } else { 1.0 }).collect()
}
