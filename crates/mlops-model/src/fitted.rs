use super::calibration::{Calibration, fit_isotonic, fit_sigmoid};
use super::goal::{Goal, check_weights, monotone_inputs};
use super::progress::Progress;
use super::schema::{Input, Schema};
use super::scorer::Scorer;
use super::split::{Groups, folds};
use super::{CalibrationMethod, ModelError, Recipe};
use mlops_core::table::Table;

/// Probabilities are clipped to this distance from 0 and 1 before their log-odds are computed.
pub(crate) const LEAST: f64 = 1e-6;

/// A fitted model, which predicts the probability of the positive outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Features and target.
    pub schema: Schema,
    /// The recipe.
    pub recipe: Recipe,
    /// The share of each feature in it, in the order of the schema: of the impurity that a forest's
    /// or the loss that boosting's splits took away, of the spread of a regression's log-odds.
    pub importances: Vec<f64>,
    pub(crate) scorer: Scorer,
    pub(crate) calibration: Option<Calibration>,
}

impl Model {
    /// Fits a model to rows whose outcomes are known, each of another customer.
    ///
    /// # Errors
    ///
    /// [`ModelError`] where columns are missing, parameters cannot be, or the outcomes are all the
    /// same.
    pub fn fit(
        table: &Table,
        labels: &[bool],
        schema: &Schema,
        recipe: &Recipe,
        progress: &Progress<'_>,
    ) -> Result<Self, ModelError> {
        let groups = Groups::of_single_rows(table.rows());
        Self::fit_groups(table, labels, &groups, None, schema, recipe, progress)
    }

    /// Fits a model to rows whose outcomes are known, of which each counts with its weight.
    /// Calibration keeps the rows of each of `groups` in one fold, and counts every row once.
    ///
    /// # Errors
    ///
    /// As [`Model::fit`].
    pub fn fit_groups(
        table: &Table,
        labels: &[bool],
        groups: &Groups,
        weights: Option<&[f64]>,
        schema: &Schema,
        recipe: &Recipe,
        progress: &Progress<'_>,
    ) -> Result<Self, ModelError> {
        recipe.check()?;
        let inputs = schema.inputs(table)?;
        check_labels(labels, table.rows())?;
        if let Some(weights) = weights {
            recipe.learner.check_weights()?;
            check_weights(weights, labels)?;
        }
        let monotone = monotone_inputs(schema, recipe)?;
        let goal = Goal { labels, weights, monotone: &monotone };
        let calibration = match recipe.calibration {
            CalibrationMethod::None => None,
            method => {
                let folds = folds(groups, recipe.folds, recipe.seed);
                let found = out_of_fold(folds, &inputs, &goal, (&[], &[]), recipe, progress)?;
                Some(
                    calibrate(&found.probabilities, labels, method)
                        .ok_or(ModelError::NoCalibration)?,
                )
            }
        };
        let (scorer, of_inputs) = Scorer::learn(inputs, &goal, recipe, progress)?;
        let importances = of_features(schema, &of_inputs);
        Ok(Self {
            schema: schema.clone(),
            recipe: recipe.clone(),
            importances,
            scorer,
            calibration,
        })
    }

    /// The probability of the positive outcome, row by row.
    ///
    /// A missing value, and a level that the training data did not have, are answered like rows
    /// that lacked a value in training.
    ///
    /// # Errors
    ///
    /// [`ModelError::NoColumn`] where the table lacks a feature.
    pub fn predict(&self, table: &Table) -> Result<Vec<f64>, ModelError> {
        let inputs = self.schema.inputs(table)?;
        let mut probabilities = self.scorer.probabilities(&inputs, table.rows());
        self.calibrate(&mut probabilities);
        Ok(probabilities)
    }

    /// Applies the calibration of the model to uncalibrated probabilities, such as those of
    /// [`cross_validate`].
    pub fn calibrate(&self, probabilities: &mut [f64]) {
        if let Some(calibration) = &self.calibration {
            probabilities
                .iter_mut()
                .for_each(|probability| *probability = calibrated(calibration, *probability));
        }
    }

    /// Returns the permutation importance of each feature, in the order of the schema: the rise of the
    /// log loss when the values of the feature are shuffled. It is 0 for an unused feature, and low for
    /// a feature that other features can replace.
    ///
    /// # Errors
    ///
    /// [`ModelError`] where the table lacks a feature, or has no rows.
    ///
    /// # Source
    ///
    /// A. Fisher, C. Rudin and F. Dominici, "All models are wrong, but many are useful", JMLR 20
    /// (2019) 177.
    pub fn permutation_importances(
        &self,
        table: &Table,
        labels: &[bool],
        seed: u64,
    ) -> Result<Vec<f64>, ModelError> {
        check_labels(labels, table.rows())?;
        let loss = |table: &Table| -> Result<f64, ModelError> {
            super::metrics::log_loss(labels, &self.predict(table)?).ok_or(ModelError::NoRows)
        };
        let before = loss(table)?;
        let mut shuffled = table.clone();
        let mut importances = Vec::with_capacity(self.schema.features.len());
        for (number, feature) in self.schema.features.iter().enumerate() {
            let order = super::random::Random::new(seed, number as u64).permutation(table.rows());
            let order: Vec<usize> = order.into_iter().map(|row| row as usize).collect();
            let Some(index) = table.columns.iter().position(|column| column.name == feature.name)
            else {
                continue;
            };
            shuffled.columns[index] = table.columns[index].take(&order);
            importances.push(loss(&shuffled)? - before);
            shuffled.columns[index] = table.columns[index].clone();
        }
        Ok(importances)
    }
}

/// Out-of-fold predictions.
#[derive(Debug, Clone, PartialEq)]
pub struct OutOfFold {
    /// One a row, not calibrated.
    pub probabilities: Vec<f64>,
    /// The fold of each row: the rows of one were asked of one model.
    pub folds: Vec<usize>,
    /// As [`Model::importances`], on average over the models.
    pub importances: Vec<f64>,
    /// One for each row of another table.
    others: Vec<f64>,
}

impl OutOfFold {
    /// Probabilities of rows that fall into these folds.
    pub fn new(probabilities: Vec<f64>, folds: Vec<usize>) -> Self {
        Self { probabilities, folds, importances: Vec::new(), others: Vec::new() }
    }
}

/// Returns out-of-fold predictions: each fold is predicted by a model that is fitted to the other
/// folds. `folds` has the fold of each row, below `recipe.folds`; `inputs` are those of `schema`.
///
/// # Errors
///
/// As [`Model::fit`].
pub fn cross_validate(
    folds: Vec<usize>,
    inputs: &[Input<'_>],
    labels: &[bool],
    schema: &Schema,
    recipe: &Recipe,
    progress: &Progress<'_>,
) -> Result<OutOfFold, ModelError> {
    recipe.check()?;
    check_labels(labels, inputs.first().map_or(0, Input::rows))?;
    let monotone = monotone_inputs(schema, recipe)?;
    let goal = Goal { labels, weights: None, monotone: &monotone };
    let mut found = out_of_fold(folds, inputs, &goal, (&[], &[]), recipe, progress)?;
    found.importances = of_features(schema, &found.importances);
    Ok(found)
}

/// Returns out-of-fold predictions in the folds of the rows, and the predictions of the same models for
/// the rows of another table. Each row of the other table is predicted by the model that was not
/// fitted to its fold.
///
/// # Errors
///
/// As [`Model::fit`].
pub fn cross_score(
    (table, labels, folds): (&Table, &[bool], Vec<usize>),
    (other, other_folds): (&Table, &[usize]),
    schema: &Schema,
    recipe: &Recipe,
    progress: &Progress<'_>,
) -> Result<(OutOfFold, Vec<f64>), ModelError> {
    recipe.check()?;
    check_labels(labels, table.rows())?;
    let (inputs, others) = (schema.inputs(table)?, schema.inputs(other)?);
    let monotone = monotone_inputs(schema, recipe)?;
    let goal = Goal { labels, weights: None, monotone: &monotone };
    let mut found = out_of_fold(folds, &inputs, &goal, (&others, other_folds), recipe, progress)?;
    found.importances = of_features(schema, &found.importances);
    let others = std::mem::take(&mut found.others);
    Ok((found, others))
}

/// The importances of the features, of those of the inputs that they become.
fn of_features(schema: &Schema, of_inputs: &[f64]) -> Vec<f64> {
    let mut importances = vec![0.0; schema.features.len()];
    for (feature, importance) in schema.features_of_inputs().into_iter().zip(of_inputs) {
        importances[feature] += importance;
    }
    importances
}

fn out_of_fold(
    folds: Vec<usize>,
    inputs: &[Input<'_>],
    goal: &Goal<'_>,
    (others, folds_of_others): (&[Input<'_>], &[usize]),
    recipe: &Recipe,
    progress: &Progress<'_>,
) -> Result<OutOfFold, ModelError> {
    let labels = goal.labels;
    let mut of_others = vec![0.0; folds_of_others.len()];
    let mut probabilities = vec![0.0; labels.len()];
    let mut importances = vec![0.0; inputs.len()];
    for fold in 0..recipe.folds {
        let rows = |inside: bool| {
            (0..labels.len()).filter(|row| (folds[*row] == fold) == inside).collect::<Vec<usize>>()
        };
        let (fitted_to, held_out) = (rows(false), rows(true));
        let taken = |rows: &[usize]| {
            inputs.iter().map(|input| input.take(rows)).collect::<Vec<Input<'_>>>()
        };
        let labels_fitted_to: Vec<bool> = fitted_to.iter().map(|row| labels[*row]).collect();
        check_labels(&labels_fitted_to, fitted_to.len())
            .map_err(|_| ModelError::OneOutcomeInFolds { folds: recipe.folds })?;
        let weights = goal
            .weights
            .map(|weights| fitted_to.iter().map(|row| weights[*row]).collect::<Vec<f64>>());
        let goal = Goal { labels: &labels_fitted_to, weights: weights.as_deref(), ..goal.clone() };
        let (scorer, shares) = Scorer::learn(taken(&fitted_to), &goal, recipe, progress)?;
        let predicted = scorer.probabilities(&taken(&held_out), held_out.len());
        held_out
            .iter()
            .zip(predicted)
            .for_each(|(row, probability)| probabilities[*row] = probability);
        let asked: Vec<usize> =
            (0..folds_of_others.len()).filter(|row| folds_of_others[*row] == fold).collect();
        if !asked.is_empty() {
            let inputs_asked: Vec<Input<'_>> =
                others.iter().map(|input| input.take(&asked)).collect();
            let predicted = scorer.probabilities(&inputs_asked, asked.len());
            asked
                .iter()
                .zip(predicted)
                .for_each(|(row, probability)| of_others[*row] = probability);
        }
        importances
            .iter_mut()
            .zip(shares)
            .for_each(|(sum, share)| *sum += share / recipe.folds as f64);
    }
    Ok(OutOfFold { probabilities, folds, importances, others: of_others })
}

fn calibrate(
    probabilities: &[f64],
    labels: &[bool],
    method: CalibrationMethod,
) -> Option<Calibration> {
    match method {
        CalibrationMethod::None => None,
        CalibrationMethod::Isotonic => fit_isotonic(probabilities, labels),
        CalibrationMethod::Sigmoid => {
            let scores: Vec<f64> = probabilities.iter().copied().map(log_odds).collect();
            fit_sigmoid(&scores, labels)
        }
    }
}

fn calibrated(calibration: &Calibration, probability: f64) -> f64 {
    match calibration {
        Calibration::Sigmoid { .. } => calibration.apply(log_odds(probability)),
        Calibration::Isotonic { .. } => calibration.apply(probability),
    }
}

/// Finite, also where a forest is certain.
fn log_odds(probability: f64) -> f64 {
    let inside = probability.clamp(LEAST, 1.0 - LEAST);
    (inside / (1.0 - inside)).ln()
}

fn check_labels(labels: &[bool], rows: usize) -> Result<(), ModelError> {
    if labels.is_empty() || rows == 0 {
        return Err(ModelError::NoRows);
    }
    if labels.len() != rows {
        return Err(ModelError::Labels { labels: labels.len(), rows });
    }
    let positives = labels.iter().filter(|label| **label).count();
    if positives == 0 || positives == labels.len() {
        Err(ModelError::OneOutcome { rows })
    } else {
        Ok(())
    }
}
