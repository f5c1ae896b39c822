//! Hyperparameter search by cross-validation: random search and successive halving.

use serde::Serialize;

use super::metrics::{roc_auc, row_log_loss};
use super::random::Random;
use super::split::{Groups, folds};
use super::{
    BoostingParams, ForestParams, Learner, LearnerKind, LogisticParams, ModelError, Progress,
    Recipe, Schema, TreeParams, cross_validate,
};
use mlops_core::table::Table;

/// Minimum number of rows of a round of successive halving.
const MIN_ROWS: usize = 1000;

/// Factor of successive halving: one in this many recipes continues, on this many times the rows.
const KEPT: usize = 3;

/// A recipe that was tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trial {
    /// The recipe.
    pub recipe: Recipe,
    /// The rows of the last cross-validation that it came to.
    pub rows: usize,
    /// Mean log loss of the out-of-fold predictions.
    pub log_loss: f64,
    /// Standard error of the mean log loss.
    pub standard_error: f64,
    /// The area under the ROC curve of the same predictions.
    pub roc_auc: f64,
}

/// `base`, and others like it with parameters at random: of its kind, or of `kinds` in turn.
///
/// Parameters whose size matters by ratio are drawn evenly by ratio.
///
/// # Source
///
/// J. Bergstra and Y. Bengio, "Random search for hyper-parameter optimization", JMLR 13 (2012)
/// 281–305.
pub fn random_recipes(
    base: &Recipe,
    kinds: &[LearnerKind],
    others: usize,
    seed: u64,
) -> Vec<Recipe> {
    let own = [base.learner.kind()];
    let kinds = if kinds.is_empty() { &own } else { kinds };
    let mut recipes = vec![base.clone()];
    for (number, kind) in kinds.iter().cycle().take(others).enumerate() {
        let learner = random_learner(*kind, &mut Random::new(seed, number as u64));
        recipes.push(Recipe { learner, ..base.clone() });
    }
    recipes
}

fn random_learner(kind: LearnerKind, random: &mut Random) -> Learner {
    let mut between = |low: f64, high: f64| low * (high / low).powf(random.unit());
    match kind.name() {
        name @ ("random-forest" | "extra-trees") => {
            let params = ForestParams {
                trees: 200,
                min_leaf: between(1.0, 60.0) as u32,
                max_features: Some(between(0.1, 1.0)),
                max_depth: Some(between(4.0, 40.0) as u32),
                ..ForestParams::default()
            };
            if name == "extra-trees" {
                Learner::ExtraTrees(params)
            } else {
                Learner::RandomForest(params)
            }
        }
        "gradient-boosting" => Learner::GradientBoosting(BoostingParams {
            rounds: between(50.0, 600.0) as usize,
            learning_rate: between(0.02, 0.3),
            leaves: between(3.0, 64.0) as usize,
            min_leaf: between(5.0, 100.0) as u32,
            l2: between(0.01, 30.0),
            ..BoostingParams::default()
        }),
        "logistic-regression" => {
            Learner::LogisticRegression(LogisticParams { c: between(1e-3, 1e2) })
        }
        _ => Learner::DecisionTree(TreeParams {
            max_depth: between(2.0, 13.0) as u32,
            min_leaf: between(5.0, 200.0) as u32,
        }),
    }
}

/// Evaluates recipes by cross-validation, and returns them with the best first. The rows of each of
/// `groups` are in one fold.
///
/// Successive halving (`halving`) first tries all recipes on a random part of the rows. The best third
/// continues on three times as many rows, up to all rows. Recipes of later rounds come first,
/// regardless of their loss, which is of other rows.
///
/// # Errors
///
/// [`ModelError`] of the first recipe that cannot be fitted.
///
/// # Source
///
/// K. Jamieson and A. Talwalkar, AISTATS 2016, <https://arxiv.org/abs/1502.07943>.
pub fn search(
    table: &Table,
    labels: &[bool],
    groups: &Groups,
    schema: &Schema,
    recipes: Vec<Recipe>,
    halving: bool,
    tried: impl Fn(),
) -> Result<Vec<Trial>, ModelError> {
    let order =
        Random::new(recipes.first().map_or(0, |recipe| recipe.seed), 0).permutation(labels.len());
    let mut still_in = recipes;
    let mut out: Vec<Trial> = Vec::new();
    for rows in parts(labels.len(), still_in.len(), halving) {
        let mut chosen: Vec<usize> = order[..rows].iter().map(|row| *row as usize).collect();
        chosen.sort_unstable();
        let part = table.take(&chosen);
        let of_part: Vec<bool> = chosen.iter().map(|row| labels[*row]).collect();
        let mut trials = Vec::with_capacity(still_in.len());
        for recipe in still_in {
            trials.push(evaluate(&part, &of_part, &groups.take(&chosen), schema, recipe)?);
            tried();
        }
        trials.sort_by(|a, b| a.log_loss.total_cmp(&b.log_loss));
        let kept = if rows == labels.len() { 0 } else { trials.len().div_ceil(KEPT) };
        still_in = trials[..kept].iter().map(|trial| trial.recipe.clone()).collect();
        trials.drain(..kept);
        // Those of a later part stand before those of an earlier one.
        trials.append(&mut out);
        out = trials;
    }
    Ok(out)
}

/// How many cross-validations [`search`] makes.
pub fn evaluations(rows: usize, recipes: usize, halving: bool) -> usize {
    let still_in = std::iter::successors(Some(recipes), |recipes| Some(recipes.div_ceil(KEPT)));
    still_in.take(parts(rows, recipes, halving).len()).sum()
}

/// The rows of each part, of which the last is all.
fn parts(rows: usize, recipes: usize, halving: bool) -> Vec<usize> {
    let mut parts = vec![rows];
    let mut left = recipes;
    while halving && left > 1 && parts[0] / KEPT >= MIN_ROWS {
        parts.insert(0, parts[0] / KEPT);
        left = left.div_ceil(KEPT);
    }
    parts
}

fn evaluate(
    table: &Table,
    labels: &[bool],
    groups: &Groups,
    schema: &Schema,
    recipe: Recipe,
) -> Result<Trial, ModelError> {
    recipe.check()?;
    let (folds, inputs) = (folds(groups, recipe.folds, recipe.seed), schema.inputs(table)?);
    let probabilities =
        cross_validate(folds, &inputs, labels, schema, &recipe, &Progress::none())?.probabilities;
    let losses = labels
        .iter()
        .zip(&probabilities)
        .map(|(label, probability)| row_log_loss(*label, *probability));
    let losses: Vec<f64> = losses.collect();
    let rows = labels.len() as f64;
    let mean = losses.iter().sum::<f64>() / rows;
    let variance =
        losses.iter().map(|loss| (loss - mean).powi(2)).sum::<f64>() / (rows - 1.0).max(1.0);
    Ok(Trial {
        recipe,
        rows: labels.len(),
        log_loss: mean,
        standard_error: (variance / rows).sqrt(),
        roc_auc: roc_auc(labels, &probabilities).ok_or(ModelError::NoRows)?,
    })
}
