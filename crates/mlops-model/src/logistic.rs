//! Logistic regression with a ridge penalty, by iteratively reweighted least squares.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::error::{ModelError, check_range};
use super::schema::{Input, InputValues, NO_LEVEL};

/// Newton's method doubles the digits each time; from far away it takes some dozen steps.
const MAX_ITERATIONS: usize = 100;

/// The largest change of a coefficient at which it ends; what is left is about its square.
const TOLERANCE: f64 = 1e-6;

/// More columns than this, and the matrix of second derivatives is too large.
const MAX_COLUMNS: usize = 2048;

/// A first fit uses one row in this many, to get near the minimum, with at least this many rows.
const SAMPLE_STEP: usize = 20;
const SAMPLED: usize = 10_000;

/// Rows are summed up in so many parts, whatever the number of threads, so that the sums are the
/// same.
const PARTS: usize = 16;

/// Parameters of logistic regression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogisticParams {
    /// Inverse of the regularization strength (scikit-learn: `C`).
    pub c: f64,
}

impl Default for LogisticParams {
    fn default() -> Self {
        Self { c: 1.0 }
    }
}

impl LogisticParams {
    pub(super) fn check(&self) -> Result<(), ModelError> {
        check_range("c", self.c, 1e-9, 1e9)
    }
}

/// The term of an input in the log-odds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Term {
    /// `weight` for each standard deviation from the mean, or `missing`.
    Numeric { mean: f64, sd: f64, weight: f64, missing: f64 },
    /// A weight for each level; none for one that was never seen.
    Categorical { weights: Vec<f64> },
}

/// A fitted regression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Logistic {
    pub(crate) intercept: f64,
    pub(crate) terms: Vec<Term>,
}

impl Logistic {
    /// Fits it to the minimum of Σ log loss + |w|²/2C over standardised columns; the intercept is
    /// not penalised.
    ///
    /// A missing number stands at the mean and has a column that says so; a level has a column
    /// each.
    ///
    /// # Errors
    ///
    /// [`ModelError`] where there are too many columns, or no minimum is found.
    pub(crate) fn fit(
        inputs: &[Input<'_>],
        labels: &[bool],
        row_weights: Option<&[f64]>,
        params: &LogisticParams,
    ) -> Result<Self, ModelError> {
        let design = Design::of(inputs)?;
        let mut weights = vec![0.0; design.columns];
        let rows = Rows { inputs, labels, weights: row_weights };
        weights[0] = rows.log_odds();
        let penalty = 1.0 / params.c;
        if labels.len() >= SAMPLED * SAMPLE_STEP {
            // Most of the way is walked over a few of the rows. Where they do not lead anywhere,
            // all of them start from the beginning.
            let few: Vec<usize> = (0..labels.len()).step_by(SAMPLE_STEP).collect();
            let of_few: Vec<Input<'_>> = inputs.iter().map(|input| input.take(&few)).collect();
            let labels_of_few: Vec<bool> = few.iter().map(|row| labels[*row]).collect();
            let weights_of_few = row_weights
                .map(|weights| few.iter().map(|row| weights[*row]).collect::<Vec<f64>>());
            let rows = Rows {
                inputs: &of_few,
                labels: &labels_of_few,
                weights: weights_of_few.as_deref(),
            };
            let penalty = penalty / SAMPLE_STEP as f64;
            if let Ok(near) = design.minimum(&rows, weights.clone(), penalty) {
                weights = near;
            }
        }
        Ok(design.regression(&design.minimum(&rows, weights, penalty)?))
    }

    /// Whether it has a term for each input, with a weight for each level.
    pub(crate) fn fits(&self, levels_of_inputs: &[Option<usize>]) -> bool {
        let fits = |(term, levels): (&Term, &Option<usize>)| match (term, levels) {
            (Term::Numeric { .. }, None) => true,
            (Term::Categorical { weights }, Some(levels)) => weights.len() == *levels,
            _ => false,
        };
        self.terms.len() == levels_of_inputs.len()
            && self.terms.iter().zip(levels_of_inputs).all(fits)
    }

    /// The log-odds of some rows.
    pub(crate) fn scores(&self, inputs: &[Input<'_>], rows: std::ops::Range<usize>) -> Vec<f64> {
        let mut scores = vec![self.intercept; rows.len()];
        for (term, input) in self.terms.iter().zip(inputs) {
            match (term, &input.values) {
                (Term::Numeric { mean, sd, weight, missing }, InputValues::Numeric(values)) => {
                    for (score, value) in scores.iter_mut().zip(&values[rows.clone()]) {
                        *score += if value.is_nan() {
                            *missing
                        } else {
                            standardised(*value, *mean, *sd) * weight
                        };
                    }
                }
                (Term::Categorical { weights }, InputValues::Categorical { codes, .. }) => {
                    for (score, code) in scores.iter_mut().zip(&codes[rows.clone()]) {
                        *score += weights.get(usize::from(*code)).copied().unwrap_or(0.0);
                    }
                }
                _ => {}
            }
        }
        scores
    }

    /// How far each input moves the log-odds, on average over the rows: the standard deviation of
    /// what it adds, as shares.
    pub(crate) fn importances(&self, inputs: &[Input<'_>]) -> Vec<f64> {
        let alone = |term: &Term, input: &Input<'_>| {
            let one = Self { intercept: 0.0, terms: vec![term.clone()] };
            let rows = match &input.values {
                InputValues::Numeric(values) => values.len(),
                InputValues::Categorical { codes, .. } => codes.len(),
            };
            let added = one.scores(std::slice::from_ref(input), 0..rows);
            let mean = added.iter().sum::<f64>() / rows as f64;
            (added.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / rows as f64).sqrt()
        };
        let spread: Vec<f64> =
            self.terms.iter().zip(inputs).map(|(term, input)| alone(term, input)).collect();
        let sum: f64 = spread.iter().sum();
        spread.into_iter().map(|of_input| if sum > 0.0 { of_input / sum } else { 0.0 }).collect()
    }
}

/// Extreme values, infinite ones among them, are as ten thousand standard deviations.
fn standardised(value: f64, mean: f64, sd: f64) -> f64 {
    ((value - mean) / sd).clamp(-1e4, 1e4)
}

/// The columns of an input in the design matrix.
enum Block {
    Numeric { mean: f64, sd: f64, column: usize, missing: Option<usize> },
    Categorical { first: usize, levels: usize },
}

/// How inputs become columns: the intercept, those of numbers, and behind these the levels, of
/// which a row has one an input.
struct Design {
    blocks: Vec<Block>,
    /// Columns that every row has a number in.
    dense: usize,
    columns: usize,
}

/// The loss and its derivatives; the second ones in the lower triangle.
struct Sums {
    loss: f64,
    gradient: Vec<f64>,
    hessian: Vec<f64>,
}

/// The rows that a regression is fitted to.
struct Rows<'r> {
    inputs: &'r [Input<'r>],
    labels: &'r [bool],
    /// How much each row counts; all count once without.
    weights: Option<&'r [f64]>,
}

impl Rows<'_> {
    /// The log-odds of the positive outcome over all rows.
    fn log_odds(&self) -> f64 {
        weighted_log_odds(self.labels, self.weights)
    }
}

/// The log-odds of the positive outcome over all rows, which count with their weights.
pub(crate) fn weighted_log_odds(labels: &[bool], weights: Option<&[f64]>) -> f64 {
    let sum = |wanted: bool| -> f64 {
        let rows = labels.iter().enumerate().filter(|(_, label)| **label == wanted);
        rows.map(|(row, _)| weights.map_or(1.0, |weights| weights[row])).sum()
    };
    (sum(true) / sum(false)).ln()
}

impl Design {
    fn of(inputs: &[Input<'_>]) -> Result<Self, ModelError> {
        let numbers = |input: &Input<'_>| match &input.values {
            InputValues::Numeric(values) => {
                1 + usize::from(values.iter().any(|value| value.is_nan()))
            }
            InputValues::Categorical { .. } => 0,
        };
        let numbers: Vec<usize> = inputs.iter().map(numbers).collect();
        let dense = 1 + numbers.iter().sum::<usize>();
        let (mut column, mut level) = (1, dense);
        let block = |(input, numbers): (&Input<'_>, usize)| match &input.values {
            InputValues::Numeric(values) => {
                let (mean, sd) = moments(values);
                column += numbers;
                Block::Numeric {
                    mean,
                    sd,
                    column: column - numbers,
                    missing: (numbers == 2).then(|| column - 1),
                }
            }
            InputValues::Categorical { levels, .. } => {
                level += levels;
                Block::Categorical { first: level - levels, levels: *levels }
            }
        };
        let blocks = inputs.iter().zip(numbers).map(block).collect();
        let columns = level;
        if columns > MAX_COLUMNS {
            return Err(ModelError::TooManyInputs { inputs: columns, most: MAX_COLUMNS });
        }
        Ok(Self { blocks, dense, columns })
    }

    /// Returns the weights with the minimum loss, from start weights.
    fn minimum(
        &self,
        rows: &Rows<'_>,
        mut weights: Vec<f64>,
        penalty: f64,
    ) -> Result<Vec<f64>, ModelError> {
        let mut step = 1.0;
        let mut last_loss = f64::INFINITY;
        let mut direction = vec![0.0; self.columns];
        for _ in 0..MAX_ITERATIONS {
            let sums = self.derive(rows, &weights);
            let loss = sums.loss + 0.5 * penalty * weights[1..].iter().map(|w| w * w).sum::<f64>();
            if loss > last_loss + 1e-9 * last_loss.abs() {
                // Too far: half of the way back.
                step *= 0.5;
                weights
                    .iter_mut()
                    .zip(&direction)
                    .for_each(|(weight, change)| *weight += step * change);
                continue;
            }
            (last_loss, step) = (loss, 1.0);
            let Sums { mut gradient, mut hessian, .. } = sums;
            for column in 1..self.columns {
                gradient[column] += penalty * weights[column];
                hessian[column * self.columns + column] += penalty;
            }
            // The intercept's own curvature is none where every probability is 0 or 1.
            hessian[0] += 1e-12;
            direction = gradient;
            solve(&mut hessian, &mut direction).ok_or(ModelError::NoMinimum)?;
            weights.iter_mut().zip(&direction).for_each(|(weight, change)| *weight -= change);
            if direction.iter().all(|change| change.abs() < TOLERANCE) {
                return Ok(weights);
            }
        }
        Err(ModelError::NoMinimum)
    }

    fn derive(&self, all: &Rows<'_>, weights: &[f64]) -> Sums {
        let labels = all.labels;
        let parts = ((1 << 24) / self.columns.pow(2)).clamp(1, PARTS);
        let rows_a_part = labels.len().div_ceil(parts).max(1);
        let sums: Vec<Sums> = (0..labels.len().div_ceil(rows_a_part))
            .into_par_iter()
            .map(|part| {
                let rows = part * rows_a_part..((part + 1) * rows_a_part).min(labels.len());
                self.derive_part(all, weights, rows)
            })
            .collect();
        let add = |mut all: Sums, one: Sums| {
            all.loss += one.loss;
            all.gradient.iter_mut().zip(one.gradient).for_each(|(all, one)| *all += one);
            all.hessian.iter_mut().zip(one.hessian).for_each(|(all, one)| *all += one);
            all
        };
        sums.into_iter().reduce(add).unwrap_or_else(|| self.zero())
    }

    fn zero(&self) -> Sums {
        Sums {
            loss: 0.0,
            gradient: vec![0.0; self.columns],
            hessian: vec![0.0; self.columns * self.columns],
        }
    }

    fn derive_part(&self, all: &Rows<'_>, weights: &[f64], rows: std::ops::Range<usize>) -> Sums {
        let mut sums = self.zero();
        let mut numbers = vec![0.0; self.dense];
        let mut levels: Vec<usize> = Vec::new();
        for row in rows {
            self.row(all.inputs, row, &mut numbers, &mut levels);
            let of_numbers: f64 =
                weights.iter().zip(&numbers).map(|(weight, number)| weight * number).sum();
            let score = of_numbers + levels.iter().map(|level| weights[*level]).sum::<f64>();
            let share = 1.0 / (1.0 + (-score).exp());
            let label = if all.labels[row] { 1.0 } else { 0.0 };
            let counts = all.weights.map_or(1.0, |weights| weights[row]);
            // log(1 + e^s) - y s, without overflow.
            sums.loss += counts * (score.max(0.0) + (-score.abs()).exp().ln_1p() - label * score);
            let (error, curvature) = (counts * (share - label), counts * share * (1.0 - share));
            sums.gradient.iter_mut().zip(&numbers).for_each(|(sum, number)| *sum += error * number);
            let add_numbers = |line: &mut [f64], scale: f64| {
                line.iter_mut().zip(&numbers).for_each(|(sum, number)| *sum += scale * number);
            };
            for (column, number) in numbers.iter().enumerate() {
                let line = column * self.columns;
                add_numbers(&mut sums.hessian[line..=line + column], curvature * number);
            }
            for (block, level) in levels.iter().enumerate() {
                sums.gradient[*level] += error;
                let line = &mut sums.hessian[level * self.columns..(level + 1) * self.columns];
                add_numbers(&mut line[..self.dense], curvature);
                levels[..=block].iter().for_each(|other| line[*other] += curvature);
            }
        }
        sums
    }

    /// A row's numbers, and the columns of its levels, ascending.
    fn row(&self, inputs: &[Input<'_>], row: usize, numbers: &mut [f64], levels: &mut Vec<usize>) {
        numbers[0] = 1.0;
        levels.clear();
        for (block, input) in self.blocks.iter().zip(inputs) {
            match (block, &input.values) {
                (Block::Numeric { mean, sd, column, missing }, InputValues::Numeric(values)) => {
                    let is_missing = values[row].is_nan();
                    numbers[*column] =
                        if is_missing { 0.0 } else { standardised(values[row], *mean, *sd) };
                    if let Some(missing) = missing {
                        numbers[*missing] = f64::from(u8::from(is_missing));
                    }
                }
                (Block::Categorical { first, .. }, InputValues::Categorical { codes, .. })
                    if codes[row] != NO_LEVEL =>
                {
                    levels.push(first + usize::from(codes[row]));
                }
                _ => {}
            }
        }
    }

    fn regression(&self, weights: &[f64]) -> Logistic {
        let term = |block: &Block| match block {
            Block::Numeric { mean, sd, column, missing } => Term::Numeric {
                mean: *mean,
                sd: *sd,
                weight: weights[*column],
                missing: missing.map_or(0.0, |missing| weights[missing]),
            },
            Block::Categorical { first, levels } => {
                Term::Categorical { weights: weights[*first..first + levels].to_vec() }
            }
        };
        Logistic { intercept: weights[0], terms: self.blocks.iter().map(term).collect() }
    }
}

/// Mean and standard deviation of the finite values; a constant has a deviation of 1.
fn moments(values: &[f64]) -> (f64, f64) {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let rows = finite().count().max(1) as f64;
    let mean = finite().sum::<f64>() / rows;
    let sd = (finite().map(|value| (value - mean).powi(2)).sum::<f64>() / rows).sqrt();
    if sd > 1e-12 * mean.abs() && sd.is_finite() { (mean, sd) } else { (mean, 1.0) }
}

/// Solves a system whose matrix is symmetric and positive definite, given by its lower triangle, by
/// Cholesky's method; `None` where it is not.
fn solve(matrix: &mut [f64], right: &mut [f64]) -> Option<()> {
    let size = right.len();
    for column in 0..size {
        for row in column..size {
            let (above, below) = matrix.split_at_mut(row * size);
            let of_row = &mut below[..size];
            let dot =
                |one: &[f64], other: &[f64]| one.iter().zip(other).map(|(a, b)| a * b).sum::<f64>();
            if row == column {
                let rest = of_row[column] - dot(&of_row[..column], &of_row[..column]);
                if rest.is_nan() || rest <= 0.0 {
                    return None;
                }
                of_row[column] = rest.sqrt();
            } else {
                let of_column = &above[column * size..column * size + column + 1];
                of_row[column] = (of_row[column] - dot(&of_row[..column], &of_column[..column]))
                    / of_column[column];
            }
        }
    }
    for row in 0..size {
        let known: f64 = (0..row).map(|column| matrix[row * size + column] * right[column]).sum();
        right[row] = (right[row] - known) / matrix[row * size + row];
    }
    for row in (0..size).rev() {
        let known: f64 =
            (row + 1..size).map(|below| matrix[below * size + row] * right[below]).sum();
        right[row] = (right[row] - known) / matrix[row * size + row];
    }
    Some(())
}
