//! Calibration: from a score to the share of positives that such scores have.

use serde::{Deserialize, Serialize};

/// Newton's method ends when a step changes nothing that is seen.
const MAX_ITERATIONS: usize = 100;

/// Scores that are nearer to each other are one.
const RESOLUTION: f64 = 1e-15;

/// A monotonic function from scores to probabilities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Calibration {
    /// 1/(1+e^(a s + b)); a is negative where high scores are right.
    Sigmoid {
        /// The slope.
        a: f64,
        /// The intercept.
        b: f64,
    },
    /// Straight lines between points, and the ends' values beyond them.
    Isotonic {
        /// Scores, ascending.
        x: Vec<f64>,
        /// Probabilities, one a score.
        y: Vec<f64>,
    },
}

impl Calibration {
    /// The probability of a score.
    pub fn apply(&self, score: f64) -> f64 {
        match self {
            Self::Sigmoid { a, b } => 1.0 / (1.0 + (a * score + b).exp()),
            Self::Isotonic { x, y } => interpolate(x, y, score),
        }
    }

    /// Whether its numbers are those of a calibration.
    pub fn is_sound(&self) -> bool {
        match self {
            Self::Sigmoid { a, b } => a.is_finite() && b.is_finite(),
            Self::Isotonic { x, y } => {
                let inside = y.iter().all(|y| (0.0..=1.0).contains(y));
                !x.is_empty()
                    && x.len() == y.len()
                    && x.is_sorted_by(|a, b| a < b)
                    && y.is_sorted()
                    && inside
            }
        }
    }
}

/// Fits a logistic curve to the labels of scores; `None` without rows of both outcomes.
///
/// # Source
///
/// J. C. Platt, "Probabilistic outputs for support vector machines", 1999, with his targets, which
/// keep probabilities off 0 and 1.
pub fn fit_sigmoid(scores: &[f64], labels: &[bool]) -> Option<Calibration> {
    let (positives, negatives) = outcomes(scores, labels)?;
    let (of_positive, of_negative) =
        ((positives + 1.0) / (positives + 2.0), 1.0 / (negatives + 2.0));
    let (mut a, mut b) = (0.0, ((negatives + 1.0) / (positives + 1.0)).ln());
    let loss = |a: f64, b: f64| -> f64 {
        let rows = scores.iter().zip(labels);
        rows.map(|(score, label)| {
            let target = if *label { of_positive } else { of_negative };
            let line = a * score + b;
            target * line + (-line).max(0.0) + (-line.abs()).exp().ln_1p()
        })
        .sum()
    };
    let mut last = loss(a, b);
    for _ in 0..MAX_ITERATIONS {
        let (mut of_a, mut of_b, mut aa, mut ab, mut bb) = (0.0, 0.0, 1e-12, 0.0, 1e-12);
        for (score, label) in scores.iter().zip(labels) {
            let target = if *label { of_positive } else { of_negative };
            let probability = 1.0 / (1.0 + (a * score + b).exp());
            let (error, curvature) = (target - probability, probability * (1.0 - probability));
            of_a += error * score;
            of_b += error;
            aa += curvature * score * score;
            ab += curvature * score;
            bb += curvature;
        }
        let determinant = aa * bb - ab * ab;
        let (mut step_a, mut step_b) =
            ((bb * of_a - ab * of_b) / determinant, (aa * of_b - ab * of_a) / determinant);
        if !step_a.is_finite() || !step_b.is_finite() {
            break;
        }
        let mut next = loss(a - step_a, b - step_b);
        while next > last && step_a.abs() + step_b.abs() > 1e-14 {
            (step_a, step_b) = (0.5 * step_a, 0.5 * step_b);
            next = loss(a - step_a, b - step_b);
        }
        (a, b) = (a - step_a, b - step_b);
        last = next;
        if step_a.abs() <= 1e-12 * a.abs().max(1.0) && step_b.abs() <= 1e-12 * b.abs().max(1.0) {
            break;
        }
    }
    Some(Calibration::Sigmoid { a, b }).filter(Calibration::is_sound)
}

/// Fits an isotonic regression by pooling adjacent violators. Returns `None` without rows of both
/// outcomes.
///
/// # Source
///
/// R. E. Barlow et al., "Statistical inference under order restrictions", 1972; as scikit-learn's
/// `IsotonicRegression`, ties of scores are one point, and a level stretch keeps its two ends.
pub fn fit_isotonic(scores: &[f64], labels: &[bool]) -> Option<Calibration> {
    outcomes(scores, labels)?;
    let mut rows: Vec<(f64, bool)> = scores.iter().copied().zip(labels.iter().copied()).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Blocks of one score, pooled with those before as long as the mean falls.
    let mut blocks: Vec<Block> = Vec::new();
    let mut rest = rows.as_slice();
    while let Some((first, _)) = rest.first() {
        let (same, further) =
            rest.split_at(rest.partition_point(|(score, _)| score - first < RESOLUTION));
        rest = further;
        let positives = same.iter().filter(|(_, label)| *label).count() as f64;
        let mut block =
            Block { first: same[0].0, last: same[0].0, positives, rows: same.len() as f64 };
        while let Some(before) = blocks.pop_if(|before| before.mean() >= block.mean()) {
            block = Block {
                first: before.first,
                last: block.last,
                positives: before.positives + block.positives,
                rows: before.rows + block.rows,
            };
        }
        blocks.push(block);
    }
    let mut points = Vec::with_capacity(2 * blocks.len());
    for block in &blocks {
        points.push((block.first, block.mean()));
        if block.last > block.first {
            points.push((block.last, block.mean()));
        }
    }
    let (x, y) = points.into_iter().unzip();
    Some(Calibration::Isotonic { x, y }).filter(Calibration::is_sound)
}

#[derive(Debug, Clone, Copy)]
struct Block {
    first: f64,
    last: f64,
    positives: f64,
    rows: f64,
}

impl Block {
    fn mean(self) -> f64 {
        self.positives / self.rows
    }
}

/// Positives and negatives, where there are both and every score is finite.
fn outcomes(scores: &[f64], labels: &[bool]) -> Option<(f64, f64)> {
    let positives = labels.iter().filter(|label| **label).count();
    let is_sound = scores.len() == labels.len() && scores.iter().all(|score| score.is_finite());
    (is_sound && positives > 0 && positives < labels.len())
        .then_some((positives as f64, (labels.len() - positives) as f64))
}

fn interpolate(x: &[f64], y: &[f64], at: f64) -> f64 {
    let above = x.partition_point(|x| *x < at);
    match (above.checked_sub(1), x.get(above)) {
        (None, _) => y.first().copied().unwrap_or(at),
        (Some(below), None) => y[below],
        (Some(below), Some(next)) => {
            let share = (at - x[below]) / (next - x[below]);
            y[below] + share * (y[above] - y[below])
        }
    }
}
