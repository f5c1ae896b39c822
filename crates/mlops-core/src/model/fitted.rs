use super::calibration::{Calibration, fit_isotonic, fit_sigmoid};
use super::folds::stratified_folds;
use super::progress::Progress;
use super::schema::{Input, Schema};
use super::scorer::Scorer;
use super::{CalibrationMethod, ModelError, Recipe};
use crate::table::Table;

/// The least probability whose log-odds are looked at.
pub(crate) const LEAST: f64 = 1e-6;

/// A fitted model: from a row to the probability of the positive outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// What it takes and what it foretells.
    pub schema: Schema,
    /// How it was made.
    pub recipe: Recipe,
    /// The share of each feature in it, in the order of the schema: of the impurity that a forest's or the loss that boosting's
    /// splits took away, of the spread of a regression's log-odds.
    pub importances: Vec<f64>,
    pub(crate) scorer: Scorer,
    pub(crate) calibration: Option<Calibration>,
}

impl Model {
    /// Fits a model to rows whose outcomes are known.
    ///
    /// # Errors
    ///
    /// [`ModelError`] where columns are missing, parameters cannot be, or the outcomes are all the same.
    pub fn fit(
        table: &Table,
        labels: &[bool],
        schema: &Schema,
        recipe: &Recipe,
        progress: &Progress<'_>,
    ) -> Result<Self, ModelError> {
        recipe.check()?;
        let inputs = schema.inputs(table)?;
        check_labels(labels, table.rows())?;
        let calibration = match recipe.calibration {
            CalibrationMethod::None => None,
            method => {
                let probabilities = out_of_fold(&inputs, labels, recipe, progress)?;
                Some(calibrate(&probabilities, labels, method).ok_or(ModelError::NoCalibration)?)
            }
        };
        let (scorer, of_inputs) = Scorer::learn(&inputs, labels, &recipe.learner, recipe.seed, progress)?;
        let mut importances = vec![0.0; schema.features.len()];
        for (feature, importance) in schema.features_of_inputs().into_iter().zip(of_inputs) {
            importances[feature] += importance;
        }
        Ok(Self { schema: schema.clone(), recipe: recipe.clone(), importances, scorer, calibration })
    }

    /// The probability of the positive outcome, row by row.
    ///
    /// A missing value, and a level that the training data did not have, are answered like rows that lacked a value in training.
    ///
    /// # Errors
    ///
    /// [`ModelError::NoColumn`] where the table lacks a feature.
    pub fn predict(&self, table: &Table) -> Result<Vec<f64>, ModelError> {
        let inputs = self.schema.inputs(table)?;
        let mut probabilities = self.scorer.probabilities(&inputs, table.rows());
        if let Some(calibration) = &self.calibration {
            probabilities.iter_mut().for_each(|probability| *probability = calibrated(calibration, *probability));
        }
        Ok(probabilities)
    }

    /// How much worse the log loss is with a feature's values in random order, in the order of the schema; 0 for one that the model
    /// does not use. What no other feature can stand in for counts.
    ///
    /// # Errors
    ///
    /// [`ModelError`] where the table lacks a feature, or has no rows.
    ///
    /// # Source
    ///
    /// A. Fisher, C. Rudin and F. Dominici, "All models are wrong, but many are useful", JMLR 20 (2019) 177.
    pub fn permutation_importances(&self, table: &Table, labels: &[bool], seed: u64) -> Result<Vec<f64>, ModelError> {
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
            let Some(place) = table.columns.iter().position(|column| column.name == feature.name) else { continue };
            shuffled.columns[place] = table.columns[place].take(&order);
            importances.push(loss(&shuffled)? - before);
            shuffled.columns[place] = table.columns[place].clone();
        }
        Ok(importances)
    }
}

/// For each row the probability by a model that was not fitted to it, calibrated as little as the learner's own.
pub fn cross_validate(
    table: &Table,
    labels: &[bool],
    schema: &Schema,
    recipe: &Recipe,
    progress: &Progress<'_>,
) -> Result<Vec<f64>, ModelError> {
    recipe.check()?;
    check_labels(labels, table.rows())?;
    out_of_fold(&schema.inputs(table)?, labels, recipe, progress)
}

fn out_of_fold(
    inputs: &[Input<'_>],
    labels: &[bool],
    recipe: &Recipe,
    progress: &Progress<'_>,
) -> Result<Vec<f64>, ModelError> {
    let folds = stratified_folds(labels, recipe.folds, recipe.seed);
    let mut found = vec![0.0; labels.len()];
    for fold in 0..recipe.folds {
        let rows =
            |inside: bool| (0..labels.len()).filter(|row| (folds[*row] == fold) == inside).collect::<Vec<usize>>();
        let (others, held_out) = (rows(false), rows(true));
        let taken = |rows: &[usize]| inputs.iter().map(|input| input.take(rows)).collect::<Vec<Input<'_>>>();
        let labels_of_others: Vec<bool> = others.iter().map(|row| labels[*row]).collect();
        check_labels(&labels_of_others, others.len())?;
        let inputs_of_others = taken(&others);
        let learned = Scorer::learn(&inputs_of_others, &labels_of_others, &recipe.learner, recipe.seed, progress);
        drop(inputs_of_others);
        let predicted = learned?.0.probabilities(&taken(&held_out), held_out.len());
        held_out.iter().zip(predicted).for_each(|(row, probability)| found[*row] = probability);
    }
    Ok(found)
}

fn calibrate(probabilities: &[f64], labels: &[bool], method: CalibrationMethod) -> Option<Calibration> {
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
    if positives == 0 || positives == labels.len() { Err(ModelError::OneOutcome { rows }) } else { Ok(()) }
}
