//! Whether the target follows from the features as it did.

use rayon::prelude::*;
use serde::Serialize;

use super::DomainPolicy;
use super::alike::{alike_groups, keyed};
use super::cells::{Cells, Fits, fit};
use super::domain::has_both;
use super::line::{Line, Recalibration};
use super::overlap::{Apart, LabelGain};
use super::side::Side;
use mlops_core::table::Table;
use mlops_core::verdict::Verdict;
use mlops_model::split::stratified_folds;
use mlops_model::{FeatureKind, ModelError, Progress, Recipe, Schema, cross_score};
use mlops_stats::{Correction, chi_squared_sf};

/// The minimum probability; its log-odds are the limit.
const LEAST: f64 = 1e-6;

/// Rows of one period: features, outcomes and predictions.
#[derive(Debug, Clone, Copy)]
pub struct Period<'a> {
    /// The features.
    pub table: &'a Table,
    /// The outcomes, one a row.
    pub labels: &'a [bool],
    /// Predicted probabilities of the positive outcome, each by a model that was not trained on the row.
    pub probabilities: &'a [f64],
}

/// When a relation has changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RelationPolicy {
    /// The most adjusted p-value of a change.
    pub significance: f64,
    /// The minimum change, in log-odds: 0.1 is a change from 20.0% to 21.6%.
    pub min_effect: f64,
    /// Fewer rows with an outcome in a period say nothing.
    pub min_rows: usize,
    /// Nor do fewer of either outcome.
    pub min_outcomes: usize,
}

impl Default for RelationPolicy {
    /// 0.05, 0.1 log-odds, 200 rows, 20 of either outcome.
    fn default() -> Self {
        Self { significance: 0.05, min_effect: 0.1, min_rows: 200, min_outcomes: 20 }
    }
}

/// How the target follows from the features, then and now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Relation {
    /// Rows with an outcome that were compared, then.
    pub rows_reference: usize,
    /// And now.
    pub rows_production: usize,
    /// The gain of the classifier by the outcomes; none unless requested.
    pub label_gain: Option<LabelGain>,
    /// The change of the calibration; none with too few rows.
    pub recalibration: Option<RecalibrationChange>,
    /// Feature by feature, the surest change first; each is tested with those before it that
    /// changed taken for granted.
    pub features: Vec<FeatureRelation>,
    /// The verdict.
    #[serde(skip)]
    pub verdict: Verdict,
}

/// The calibration of the model's scores in training and in production.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecalibrationChange {
    /// Then.
    pub reference: Recalibration,
    /// Now.
    pub production: Recalibration,
    /// The likelihood-ratio test that both are one, with two degrees of freedom.
    pub statistic: f64,
    /// Its p-value.
    pub p_value: f64,
    /// Adjusted for all tests of this comparison.
    pub p_value_adjusted: f64,
    /// The change of the log-odds, as the root of its mean square over production.
    pub effect: f64,
    /// Whether that is a change.
    pub shifted: bool,
}

/// Whether the target follows from one feature as it did, beyond what the score says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FeatureRelation {
    /// Its name.
    pub feature: String,
    /// The likelihood-ratio test of the interaction of feature and period.
    pub statistic: f64,
    /// Its degrees of freedom.
    pub degrees_of_freedom: usize,
    /// Its p-value.
    pub p_value: f64,
    /// Adjusted for all tests of this comparison.
    pub p_value_adjusted: f64,
    /// The change of the log-odds between the values, as the root of its mean square over
    /// production.
    pub effect: f64,
    /// Whether that is a change.
    pub shifted: bool,
    /// The value that changed most.
    pub most: Option<CellChange>,
}

/// The observed and predicted rates of the rows with one value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CellChange {
    /// The value, or the values from one to another.
    pub value: String,
    /// The rows of production.
    pub rows: usize,
    /// The share of positives then.
    pub observed_reference: f64,
    /// The predicted rate in training.
    pub predicted_reference: f64,
    /// The share of positives now.
    pub observed_production: f64,
    /// The predicted rate in production.
    pub predicted_production: f64,
}

impl CellChange {
    /// Returns the change as text.
    pub fn text(&self) -> String {
        let percent = |share: f64| format!("{:.1}%", 100.0 * share);
        format!(
            "{}: {} observed, {} predicted (in training {} and {})",
            self.value,
            percent(self.observed_production),
            percent(self.predicted_production),
            percent(self.observed_reference),
            percent(self.predicted_reference)
        )
    }
}

/// Whether the target follows from the features as it did, where only rows and outcomes are known.
///
/// Models of the recipe are fitted to all folds of the reference but one, and asked for that fold
/// and for a part of production: rows of both periods are judged by the same models, whose mistakes
/// are therefore no change. No model is asked for a row of a customer that it was fitted to. Rows of either period that the other one has fewer of are thinned out,
/// so that both are compared where they are alike: a model is wrong in one way here and in another
/// there, and rows that moved from here to there would look like a change.
///
/// # Errors
///
/// [`ModelError`] where the tables lack a feature of each other, or a parameter cannot be.
pub fn relation_shift(
    (reference, labels_reference): (&Side, &[bool]),
    (production, labels_production): (&Side, &[bool]),
    recipe: &Recipe,
    domain: &DomainPolicy,
    policy: &RelationPolicy,
    progress: &Progress<'_>,
) -> Result<Relation, ModelError> {
    if let Some(why) =
        too_few(labels_reference, policy).or_else(|| too_few(labels_production, policy))
    {
        return Ok(Relation::unknown(labels_reference.len(), labels_production.len(), why));
    }
    let rows = reference.rows();
    let both = reference.clone().followed_by(production.clone());
    let labels = [labels_reference, labels_production].concat();
    let schema = Schema::of_features(&both.table)?;
    let inputs = schema.inputs(&both.table)?;
    let known = (both.customers.as_slice(), both.customers_in_both_parts(rows) > 0);
    let groups = alike_groups(&inputs, known, domain.folds, domain.seed);
    let is_now: Vec<bool> = (0..labels.len()).map(|row| row >= rows).collect();
    let keys = keyed(&groups);
    let folds_of_periods = stratified_folds(&is_now, &keys, domain.folds, domain.seed);
    // Outcomes of both periods, so that each fold has some of either.
    let folds_of_outcomes = stratified_folds(&labels, &keys, recipe.folds, recipe.seed);
    if !has_both(&is_now, &folds_of_periods, domain.folds)
        || !has_both(&labels[..rows], &folds_of_outcomes[..rows], recipe.folds)
    {
        let why = "too few customers: a fold of the cross-validation has rows of one period or with one outcome only";
        return Ok(Relation::unknown(rows, labels_production.len(), why.to_owned()));
    }
    drop(inputs);
    let (folds_then, folds_now) = folds_of_outcomes.split_at(rows);
    let schema = Schema::of_features(&reference.table)?;
    let (then, now) = cross_score(
        (&reference.table, labels_reference, folds_then.to_vec()),
        (&production.table, folds_now),
        &schema,
        recipe,
        progress,
    )?;
    let apart =
        Apart::of((both.table, labels), rows, (&groups, &folds_of_periods), domain, progress)?;
    let label_gain = apart.label_gain(progress)?;
    let [alike_then, alike_now] = apart.common_ground();
    let labels =
        |of: &[bool], rows: &[usize]| -> Vec<bool> { rows.iter().map(|row| of[*row]).collect() };
    let scores =
        |of: &[f64], rows: &[usize]| -> Vec<f64> { rows.iter().map(|row| of[*row]).collect() };
    let reference = Period {
        table: &reference.table.take(&alike_then),
        labels: &labels(labels_reference, &alike_then),
        probabilities: &scores(&then.probabilities, &alike_then),
    };
    let production = Period {
        table: &production.table.take(&alike_now),
        labels: &labels(labels_production, &alike_now),
        probabilities: &scores(&now, &alike_now),
    };
    Ok(Relation { label_gain, ..compare_relations(&reference, &production, policy)? })
}

/// Compares how the target follows from the features in two periods, whose rows are distributed
/// alike.
///
/// For each feature, the log-odds of the target are the score's plus something for each value of
/// the feature: the levels, or fifths of the reference's numbers, and what is missing. The test
/// asks whether that something changed between the periods by more than the same amount for all
/// values. What the model gets wrong at all times is in both periods, and so is no change. The
/// most significant change is assumed when the other features are tested, and so on, so that its
/// consequences do not count as changes of theirs. A change that is the same for all rows is found by the recalibration:
/// log-odds = intercept + slope · the score's.
///
/// # Errors
///
/// [`ModelError`] where the tables lack a feature of each other.
///
/// # Source
///
/// D. R. Cox, "Two further applications of a model for binary regression", Biometrika 45 (1958)
/// 562–565, for slope and intercept; S. S. Wilks, Annals of Mathematical Statistics 9 (1938) 60–62,
/// for the test.
pub fn compare_relations(
    reference: &Period<'_>,
    production: &Period<'_>,
    policy: &RelationPolicy,
) -> Result<Relation, ModelError> {
    let mut found = Relation {
        rows_reference: reference.labels.len(),
        rows_production: production.labels.len(),
        label_gain: None,
        recalibration: None,
        features: Vec::new(),
        verdict: Verdict::Stable,
    };
    if let Some(why) =
        too_few(reference.labels, policy).or_else(|| too_few(production.labels, policy))
    {
        return Ok(Relation::unknown(reference.labels.len(), production.labels.len(), why));
    }
    let mut rows = Rows::of(reference, production);
    let schema = Schema::of_features(reference.table)?;
    let inputs = (schema.inputs(reference.table)?, schema.inputs(production.table)?);
    let features = schema.features_of_inputs();
    let to_cells = |input: usize| {
        let feature = &schema.features[features[input]];
        let cells = || Cells::of(feature, &inputs.0[input], &inputs.1[input]);
        (feature.kind != FeatureKind::Date)
            .then(cells)
            .flatten()
            .map(|cells| (feature.name.clone(), cells))
    };
    let mut left: Vec<(String, Cells)> =
        (0..features.len()).into_par_iter().filter_map(to_cells).collect();
    let mut recalibration = recalibration(&rows);
    let is_shift =
        |p_value: f64, effect: f64| p_value <= policy.significance && effect >= policy.min_effect;
    loop {
        let fitted: Vec<Option<Fits>> =
            left.par_iter().map(|(_, cells)| fit(&rows.scores, &rows.labels, cells)).collect();
        let tested = left.iter().zip(&fitted).enumerate();
        let tested = tested.filter_map(|(index, ((name, cells), fits))| {
            Some((index, feature_relation(name, &rows, cells, fits.as_ref()?)))
        });
        let mut tested: Vec<(usize, FeatureRelation)> = tested.collect();
        let p_values = tested
            .iter()
            .map(|(_, it)| it.p_value)
            .chain(recalibration.iter().map(|it| it.p_value));
        let adjusted = Correction::BenjaminiHochberg.adjust(&p_values.collect::<Vec<f64>>());
        for ((_, it), adjusted) in tested.iter_mut().zip(&adjusted) {
            it.p_value_adjusted = *adjusted;
            it.shifted = is_shift(*adjusted, it.effect);
        }
        if let (Some(it), Some(adjusted), true) =
            (&mut recalibration, adjusted.last(), found.features.is_empty())
        {
            it.p_value_adjusted = *adjusted;
            it.shifted = is_shift(*adjusted, it.effect);
        }
        let surest = tested
            .iter()
            .filter(|(_, it)| it.shifted)
            .min_by(|a, b| a.1.p_value.total_cmp(&b.1.p_value));
        let Some((index, surest)) = surest.cloned() else {
            tested.sort_by(|a, b| {
                a.1.p_value.total_cmp(&b.1.p_value).then(b.1.effect.total_cmp(&a.1.effect))
            });
            found.features.extend(tested.into_iter().map(|(_, it)| it));
            break;
        };
        found.features.push(surest);
        if let Some(fits) = &fitted[index] {
            left[index].1.explain(&mut rows.scores, fits);
        }
        left.remove(index);
    }
    if found.features.iter().any(|feature| feature.shifted)
        || recalibration.as_ref().is_some_and(|it| it.shifted)
    {
        found.verdict = Verdict::Shifted;
    }
    found.recalibration = recalibration;
    Ok(found)
}

impl Relation {
    fn unknown(rows_reference: usize, rows_production: usize, why: String) -> Self {
        let (recalibration, features, verdict) = (None, Vec::new(), Verdict::Inconclusive(why));
        Self { rows_reference, rows_production, label_gain: None, recalibration, features, verdict }
    }
}

fn too_few(labels: &[bool], policy: &RelationPolicy) -> Option<String> {
    let rows = labels.len();
    let positives = labels.iter().filter(|label| **label).count();
    let least = positives.min(rows - positives);
    (rows < policy.min_rows || least < policy.min_outcomes).then(|| {
        format!(
            "too few outcomes: {rows} rows with an outcome, {least} of the rarer class; at least {} and {} needed",
            policy.min_rows, policy.min_outcomes
        )
    })
}

/// The rows of both periods, those of the reference first.
pub(super) struct Rows {
    /// The predicted log-odds.
    scores: Vec<f64>,
    labels: Vec<bool>,
    /// How many are of the reference.
    reference: usize,
}

impl Rows {
    fn of(reference: &Period<'_>, production: &Period<'_>) -> Self {
        let log_odds = |probability: &f64| {
            let probability = probability.clamp(LEAST, 1.0 - LEAST);
            (probability / (1.0 - probability)).ln()
        };
        Self {
            scores: reference
                .probabilities
                .iter()
                .chain(production.probabilities)
                .map(log_odds)
                .collect(),
            labels: [reference.labels, production.labels].concat(),
            reference: reference.labels.len(),
        }
    }
}

fn feature_relation(feature: &str, rows: &Rows, cells: &Cells, fits: &Fits) -> FeatureRelation {
    let weights: Vec<f64> = fits.cells.iter().map(|cell| cell[1].rows).collect();
    let changes: Vec<f64> =
        fits.cells.iter().map(|cell| cell[1].intercept - cell[0].intercept).collect();
    let all: f64 = weights.iter().sum();
    let mean =
        changes.iter().zip(&weights).map(|(change, weight)| change * weight).sum::<f64>() / all;
    let parts: Vec<f64> = changes
        .iter()
        .zip(&weights)
        .map(|(change, weight)| weight * (change - mean).powi(2) / all)
        .collect();
    let most = parts.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map(|(index, _)| index);
    let most = most.map(|index| {
        let [then, now] = &fits.cells[index];
        let mut predicted = [0.0; 2];
        for (row, (cell, score)) in cells.of_row.iter().zip(&rows.scores).enumerate() {
            if usize::from(*cell) == index {
                predicted[usize::from(row >= rows.reference)] += 1.0 / (1.0 + (-score).exp());
            }
        }
        CellChange {
            value: cells.names[index].clone(),
            rows: now.rows as usize,
            observed_reference: then.positives / then.rows,
            predicted_reference: predicted[0] / then.rows,
            observed_production: now.positives / now.rows,
            predicted_production: predicted[1] / now.rows,
        }
    });
    let degrees_of_freedom = fits.cells.len() - 1;
    let p_value = chi_squared_sf(fits.statistic, degrees_of_freedom);
    FeatureRelation {
        feature: feature.to_owned(),
        statistic: fits.statistic,
        degrees_of_freedom,
        p_value,
        p_value_adjusted: p_value,
        effect: parts.iter().sum::<f64>().sqrt(),
        shifted: false,
        most,
    }
}

fn recalibration(rows: &Rows) -> Option<RecalibrationChange> {
    let (then, now) = (0..rows.reference, rows.reference..rows.labels.len());
    let of =
        |range: std::ops::Range<usize>| Line::fit(&rows.scores[range.clone()], &rows.labels[range]);
    let (reference, production, both) = (of(then)?, of(now.clone())?, of(0..rows.labels.len())?);
    let statistic = (2.0
        * (reference.log_likelihood + production.log_likelihood - both.log_likelihood))
        .max(0.0);
    let p_value = chi_squared_sf(statistic, 2);
    let scores = &rows.scores[now];
    let change = |score: &f64| {
        (production.intercept - reference.intercept + (production.slope - reference.slope) * score)
            .powi(2)
    };
    let effect = (scores.iter().map(change).sum::<f64>() / scores.len() as f64).sqrt();
    Some(RecalibrationChange {
        reference: reference.with_intervals(),
        production: production.with_intervals(),
        statistic,
        p_value,
        p_value_adjusted: p_value,
        effect,
        shifted: false,
    })
}
