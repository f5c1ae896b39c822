//! Rows of two periods that are alike.

use serde::Serialize;

use super::DomainPolicy;
use super::domain::FoldedArea;
use mlops_core::table::{Cell, Column, Kind, Table};
use mlops_model::metrics::auc_difference;
use mlops_model::random::Random;
use mlops_model::{Learner, ModelError, OutOfFold, Progress, Recipe, Schema, cross_validate};

/// How much better rows of two periods are told apart by someone who knows their outcomes.
///
/// The outcome of rows that are alike tells nothing of the period as long as it follows from the
/// features as it did. A classifier that sees the features dimly may see them better by the
/// outcome, which is why this is shown and no verdict rests on it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LabelGain {
    /// The area under the ROC curve by the features.
    pub without: f64,
    /// By features and outcome.
    pub with: f64,
    /// How much more that is.
    pub difference: f64,
    /// Its interval, of 95%.
    pub interval: [f64; 2],
}

/// Two periods with outcomes, told apart by the features.
pub(super) struct Apart<'a> {
    table: Table,
    is_now: Vec<bool>,
    labels: Vec<bool>,
    found: OutOfFold,
    recipe: Recipe,
    policy: &'a DomainPolicy,
}

impl<'a> Apart<'a> {
    pub(super) fn of(
        (reference, labels_reference): (&Table, &[bool]),
        (production, labels_production): (&Table, &[bool]),
        policy: &'a DomainPolicy,
        progress: &Progress<'_>,
    ) -> Result<Self, ModelError> {
        let mut table = reference.clone();
        table.append(production);
        let is_now: Vec<bool> = (0..table.rows()).map(|row| row >= reference.rows()).collect();
        let learner = Learner::RandomForest(policy.forest.clone());
        let recipe = Recipe { folds: policy.folds, seed: policy.seed, ..Recipe::new(learner) };
        let schema = Schema::of_features(&table)?;
        let found = cross_validate(&schema.inputs(&table)?, &is_now, &schema, &recipe, progress)?;
        Ok(Self {
            table,
            is_now,
            labels: [labels_reference, labels_production].concat(),
            found,
            recipe,
            policy,
        })
    }

    /// Returns the gain by the outcomes; none if a fold has too few rows of a period.
    pub(super) fn label_gain(
        &self,
        progress: &Progress<'_>,
    ) -> Result<Option<LabelGain>, ModelError> {
        let mut name = "outcome".to_owned();
        while self.table.column(&name).is_some() {
            name.push('_');
        }
        let mut outcome = Column::new(name, Kind::Categorical);
        self.labels
            .iter()
            .for_each(|label| outcome.push(Cell::Text(if *label { "yes" } else { "no" })));
        let mut table = self.table.clone();
        table.columns.push(outcome);
        let schema = Schema::of_features(&table)?;
        let with =
            cross_validate(&schema.inputs(&table)?, &self.is_now, &schema, &self.recipe, progress)?;
        let folds = self.policy.folds;
        let area =
            |found: &OutOfFold| FoldedArea::of(&self.is_now, found, folds).map(|area| area.score);
        let mut variance = 0.0;
        for fold in 0..folds {
            let rows: Vec<usize> =
                (0..self.is_now.len()).filter(|row| with.folds[*row] == fold).collect();
            let of = |all: &[f64]| rows.iter().map(|row| all[*row]).collect::<Vec<f64>>();
            let is_now: Vec<bool> = rows.iter().map(|row| self.is_now[*row]).collect();
            let found = auc_difference(
                &is_now,
                &of(&with.probabilities),
                &of(&self.found.probabilities),
                0.95,
            );
            variance += found.map_or(f64::NAN, |found| found.standard_error.powi(2)) / folds as f64;
        }
        let folds = folds as f64;
        let half = 1.959_963_984_540_054 * (variance * (1.0 / folds + 1.0 / (folds - 1.0))).sqrt();
        let gain = |without: f64, with: f64| {
            let difference = with - without;
            LabelGain {
                without,
                with,
                difference,
                interval: [difference - half, difference + half],
            }
        };
        Ok(area(&self.found)
            .zip(area(&with))
            .filter(|_| half.is_finite())
            .map(|(without, with)| gain(without, with)))
    }

    /// Returns the indices of training rows and production rows that have the same distribution: as if
    /// drawn from the smaller of both densities.
    ///
    /// A row is kept with the probability min(1, other/own), where own and other are the densities of the
    /// row in its own period and in the other one. A forest estimates the ratio on held-out rows. Rows
    /// that occur in one period only are dropped, because they cannot be compared.
    ///
    /// # Source
    ///
    /// The weights of matching: L. Li and T. Greene, "A weighting analogue to pair matching in
    /// propensity score analysis", The International Journal of Biostatistics 9 (2013) 215–234.
    pub(super) fn common_ground(&self) -> [Vec<usize>; 2] {
        let now = self.is_now.iter().filter(|is_now| **is_now).count();
        let then = self.is_now.len() - now;
        let mut random = Random::new(self.policy.seed, 1);
        let mut kept = [Vec::new(), Vec::new()];
        for (row, share) in self.found.probabilities.iter().enumerate() {
            // How much more frequent it is now.
            let ratio = share * then as f64 / ((1.0 - share) * now as f64);
            let (period, index, chance) =
                if row < then { (0, row, ratio) } else { (1, row - then, 1.0 / ratio) };
            if random.unit() < chance {
                kept[period].push(index);
            }
        }
        kept
    }
}
