//! Rows of two periods that are alike.

use serde::Serialize;

use super::DomainPolicy;
use super::folded_area::FoldedArea;
use mlops_core::table::{Cell, Column, Kind, Table};
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
    groups: &'a [usize],
    found: OutOfFold,
    recipe: Recipe,
    policy: &'a DomainPolicy,
}

impl<'a> Apart<'a> {
    /// `table` has the rows of the reference, and behind them those of production; `groups` and
    /// `folds` have one value a row.
    pub(super) fn of(
        (table, labels): (Table, Vec<bool>),
        rows_reference: usize,
        (groups, folds): (&'a [usize], &[usize]),
        policy: &'a DomainPolicy,
        progress: &Progress<'_>,
    ) -> Result<Self, ModelError> {
        let is_now: Vec<bool> = (0..table.rows()).map(|row| row >= rows_reference).collect();
        let learner = Learner::RandomForest(policy.forest.clone());
        let recipe = Recipe { folds: policy.folds, seed: policy.seed, ..Recipe::new(learner) };
        let schema = Schema::of_features(&table)?;
        let inputs = schema.inputs(&table)?;
        let found = cross_validate(folds.to_vec(), &inputs, &is_now, &schema, &recipe, progress)?;
        Ok(Self { table, is_now, labels, groups, found, recipe, policy })
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
        let (inputs, folds) = (schema.inputs(&table)?, self.found.folds.clone());
        let with = cross_validate(folds, &inputs, &self.is_now, &schema, &self.recipe, progress)?;
        let area =
            |found: &OutOfFold| FoldedArea::of(&self.is_now, &found.probabilities, &found.folds);
        let gain = |(without, with): (FoldedArea, FoldedArea)| {
            let difference = with.difference(&without, self.groups);
            LabelGain {
                without: without.score,
                with: with.score,
                difference: with.score - without.score,
                interval: difference.interval(0.95),
            }
        };
        let gain = area(&self.found).zip(area(&with)).map(gain);
        Ok(gain.filter(|gain| gain.interval[0].is_finite()))
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
