use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal};

use super::likelihood::log_likelihood_of;

/// Steps of Newton's method.
const MAX_STEPS: usize = 50;

/// The line by which the log-odds follow from the score's: 0 and 1 where the scores are right.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Recalibration {
    /// The log-odds of the outcome at a score of 0.
    pub intercept: f64,
    /// Its interval, of 95%.
    pub intercept_interval: [f64; 2],
    /// Below 1 the scores are too sure of themselves.
    pub slope: f64,
    /// Its interval, of 95%.
    pub slope_interval: [f64; 2],
}

/// log-odds = intercept + slope · score.
pub(super) struct Line {
    pub(super) intercept: f64,
    pub(super) slope: f64,
    pub(super) log_likelihood: f64,
    /// The variances of intercept and slope.
    variances: [f64; 2],
}

impl Line {
    /// By Newton's method; none where it does not arrive.
    pub(super) fn fit(scores: &[f64], labels: &[bool]) -> Option<Self> {
        let (mut intercept, mut slope) = (0.0, 1.0);
        for _ in 0..MAX_STEPS {
            let mut gradient = [0.0; 2];
            let mut hessian = [0.0; 3];
            let mut log_likelihood = 0.0;
            for (score, label) in scores.iter().zip(labels) {
                let odds = intercept + slope * score;
                let share = 1.0 / (1.0 + (-odds).exp());
                let rest = f64::from(u8::from(*label)) - share;
                let weight = share * (1.0 - share);
                gradient[0] += rest;
                gradient[1] += rest * score;
                hessian[0] += weight;
                hessian[1] += weight * score;
                hessian[2] += weight * score * score;
                log_likelihood += log_likelihood_of(odds, *label);
            }
            let determinant = hessian[0] * hessian[2] - hessian[1] * hessian[1];
            if determinant.is_nan() || determinant <= 1e-9 * hessian[0] * hessian[2] {
                return None;
            }
            let steps = [
                (hessian[2] * gradient[0] - hessian[1] * gradient[1]) / determinant,
                (hessian[0] * gradient[1] - hessian[1] * gradient[0]) / determinant,
            ];
            if steps[0].abs().max(steps[1].abs()) < 1e-9 {
                let variances = [hessian[2] / determinant, hessian[0] / determinant];
                return Some(Self { intercept, slope, log_likelihood, variances });
            }
            intercept += steps[0].clamp(-2.0, 2.0);
            slope += steps[1].clamp(-2.0, 2.0);
        }
        None
    }

    pub(super) fn with_intervals(&self) -> Recalibration {
        let quantile = Normal::standard().inverse_cdf(0.975);
        let interval = |value: f64, variance: f64| {
            let half = quantile * variance.max(0.0).sqrt();
            [value - half, value + half]
        };
        Recalibration {
            intercept: self.intercept,
            intercept_interval: interval(self.intercept, self.variances[0]),
            slope: self.slope,
            slope_interval: interval(self.slope, self.variances[1]),
        }
    }
}
