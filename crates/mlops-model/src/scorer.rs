use rayon::prelude::*;

use super::bins::{BinnedRows, InputBins};
use super::boosting::boost;
use super::decision_tree::grow_one;
use super::forest::{Randomness, grow};
use super::goal::Goal;
use super::leaf_masks::Ready;
use super::logistic::Logistic;
use super::progress::Progress;
use super::schema::{Input, MAX_LEVELS};
use super::tree::Tree;
use super::{Learner, ModelError, Recipe};

/// Rows of one part.
const PART: usize = 2048;

/// A fitted learner, which returns uncalibrated probabilities.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scorer {
    /// The trees' values add up to a probability.
    Forest { bins: Vec<InputBins>, trees: Vec<Tree> },
    /// The trees' values add up to log-odds, from `base` on.
    Boosting { bins: Vec<InputBins>, base: f64, trees: Vec<Tree> },
    /// A weighted sum is the log-odds.
    Logistic(Logistic),
}

impl Scorer {
    /// Learns, and says what share each input has in it. The inputs are let go of as soon as they
    /// are not needed.
    pub(crate) fn learn(
        inputs: Vec<Input<'_>>,
        goal: &Goal<'_>,
        recipe: &Recipe,
        progress: &Progress<'_>,
    ) -> Result<(Self, Vec<f64>), ModelError> {
        let labels = goal.labels;
        let weights = goal.row_weights(recipe.class_weight);
        let weights = weights.as_deref();
        if weights.is_some() {
            recipe.learner.check_weights()?;
        }
        match &recipe.learner {
            Learner::LogisticRegression(params) => {
                let logistic = Logistic::fit(&inputs, labels, weights, params)?;
                progress.step();
                let importances = logistic.importances(&inputs);
                Ok((Self::Logistic(logistic), importances))
            }
            Learner::GradientBoosting(params) => {
                let (bins, rows) = binned(inputs, params.max_bins, labels.len());
                let goal = Goal { labels, weights, monotone: goal.monotone };
                let boosted = boost(&rows, &goal, &bins, params, progress);
                Ok((
                    Self::Boosting { bins, base: boosted.base, trees: boosted.trees },
                    boosted.importances,
                ))
            }
            Learner::DecisionTree(params) => {
                let (bins, rows) = binned(inputs, MAX_LEVELS, labels.len());
                let (tree, importances) = grow_one(&rows, labels, &bins, params)?;
                progress.step();
                Ok((Self::Forest { bins, trees: vec![tree] }, importances))
            }
            learner @ (Learner::RandomForest(params) | Learner::ExtraTrees(params)) => {
                let is_extra = matches!(learner, Learner::ExtraTrees(_));
                let randomness = if is_extra { Randomness::Splits } else { Randomness::Bootstrap };
                let (bins, rows) = binned(inputs, params.max_bins, labels.len());
                let grown = grow(rows, labels, &bins, params, randomness, recipe.seed, progress)?;
                Ok((Self::Forest { bins, trees: grown.trees }, grown.importances))
            }
        }
    }

    /// The probability of each row. The rows are asked in parts, each small enough for the
    /// processor's cache.
    pub(crate) fn probabilities(&self, inputs: &[Input<'_>], rows: usize) -> Vec<f64> {
        match self {
            Self::Forest { bins, trees } => {
                let trees = Ready::new(trees, rows);
                in_parts(rows, |part| trees.sums(&BinnedRows::of(inputs, bins, part), 0.0))
            }
            Self::Boosting { bins, base, trees } => {
                let trees = Ready::new(trees, rows);
                let score = |part| trees.sums(&BinnedRows::of(inputs, bins, part), *base);
                in_parts(rows, |part| score(part).into_iter().map(sigmoid).collect())
            }
            Self::Logistic(logistic) => in_parts(rows, |part| {
                logistic.scores(inputs, part).into_iter().map(sigmoid).collect()
            }),
        }
    }
}

fn in_parts(rows: usize, of_part: impl Fn(std::ops::Range<usize>) -> Vec<f64> + Sync) -> Vec<f64> {
    // One request is answered sooner by the thread that has it.
    if rows <= PART {
        return of_part(0..rows);
    }
    let mut all = vec![0.0; rows];
    all.par_chunks_mut(PART).enumerate().for_each(|(part, found)| {
        let from = part * PART;
        found.copy_from_slice(&of_part(from..from + found.len()));
    });
    all
}

pub(crate) fn sigmoid(score: f64) -> f64 {
    1.0 / (1.0 + (-score).exp())
}

/// The bins of each input, and all rows in them.
fn binned(inputs: Vec<Input<'_>>, max_bins: usize, rows: usize) -> (Vec<InputBins>, BinnedRows) {
    let bins: Vec<InputBins> =
        inputs.par_iter().map(|input| InputBins::of(input, max_bins)).collect();
    let mut all = vec![0u8; rows * inputs.len()];
    all.par_chunks_mut(PART * inputs.len()).enumerate().for_each(|(part, bytes)| {
        let from = part * PART;
        BinnedRows::fill(&inputs, &bins, from..(from + PART).min(rows), bytes);
    });
    (bins, BinnedRows { rows, inputs: inputs.len(), bins: all })
}
