//! The goal of a learner: outcomes, the weights of their rows, and constraints of its inputs.

use super::{ClassWeight, FeatureKind, ModelError, Recipe, Schema};

/// The outcomes of rows, with their weights and the constraints of the inputs.
#[derive(Debug, Clone)]
pub(crate) struct Goal<'a> {
    pub(crate) labels: &'a [bool],
    /// One a row; all are 1 without.
    pub(crate) weights: Option<&'a [f64]>,
    /// One an input: 1 if the prediction may only rise with it, -1 if it may only fall, else 0.
    pub(crate) monotone: &'a [i8],
}

impl Goal<'_> {
    /// The weights of the rows, with those of their classes; `None` if all are 1.
    pub(crate) fn row_weights(&self, class_weight: ClassWeight) -> Option<Vec<f64>> {
        let of_classes = match class_weight {
            ClassWeight::None => return self.weights.map(<[f64]>::to_vec),
            ClassWeight::Balanced => {
                let rows = self.labels.len() as f64;
                let positives = self.labels.iter().filter(|label| **label).count() as f64;
                [rows / (2.0 * (rows - positives)), rows / (2.0 * positives)]
            }
        };
        let of_class = self.labels.iter().map(|label| of_classes[usize::from(*label)]);
        Some(match self.weights {
            Some(weights) => of_class.zip(weights).map(|(class, row)| class * row).collect(),
            None => of_class.collect(),
        })
    }
}

/// Returns the constraint of each input of a schema.
///
/// # Errors
///
/// [`ModelError::Monotone`] for a constraint of a feature that is missing or not numeric.
pub(crate) fn monotone_inputs(schema: &Schema, recipe: &Recipe) -> Result<Vec<i8>, ModelError> {
    for name in recipe.monotone.keys() {
        let feature = schema.features.iter().find(|feature| feature.name == *name);
        let why = match feature.map(|feature| &feature.kind) {
            None => "there is no such feature",
            Some(FeatureKind::Numeric) => continue,
            Some(_) => "it is not numeric",
        };
        return Err(ModelError::Monotone { feature: name.clone(), why });
    }
    let features = schema.features_of_inputs().into_iter();
    let constraint = |feature: usize| recipe.monotone.get(&schema.features[feature].name);
    Ok(features.map(|feature| constraint(feature).copied().unwrap_or(0)).collect())
}

/// Checks the weights of rows.
pub(crate) fn check_weights(weights: &[f64], labels: &[bool]) -> Result<(), ModelError> {
    if weights.len() != labels.len() {
        return Err(ModelError::Labels { labels: weights.len(), rows: labels.len() });
    }
    if let Some((row, weight)) =
        weights.iter().enumerate().find(|(_, weight)| !weight.is_finite() || **weight < 0.0)
    {
        return Err(ModelError::Weight { row: row + 1, weight: *weight });
    }
    let sum = |wanted: bool| -> f64 {
        labels.iter().zip(weights).filter(|(label, _)| **label == wanted).map(|(_, it)| it).sum()
    };
    if sum(true) > 0.0 && sum(false) > 0.0 {
        Ok(())
    } else {
        Err(ModelError::OneOutcome { rows: labels.len() })
    }
}

#[cfg(test)]
mod tests {
    use mlops_core::table::{Table, Values};

    use super::super::split::Groups;
    use super::super::tests::customers;
    use super::super::*;

    fn boosting() -> Recipe {
        let params = BoostingParams { rounds: 40, leaves: 8, ..BoostingParams::default() };
        Recipe::new(Learner::GradientBoosting(params))
    }

    fn logistic() -> Recipe {
        Recipe::new(Learner::LogisticRegression(LogisticParams { c: 1e6 }))
    }

    fn weighted(table: &Table, labels: &[bool], weights: &[f64], recipe: &Recipe) -> Model {
        let schema = Schema::of(table, "churn", &[]).unwrap();
        let groups = Groups::of_single_rows(labels.len());
        let weights = Some(weights);
        let fitted =
            Model::fit_groups(table, labels, &groups, weights, &schema, recipe, &Progress::none());
        fitted.unwrap()
    }

    fn plain(table: &Table, labels: &[bool], recipe: &Recipe) -> Model {
        let schema = Schema::of(table, "churn", &[]).unwrap();
        Model::fit(table, labels, &schema, recipe, &Progress::none()).unwrap()
    }

    fn check_near(found: &[f64], expected: &[f64], tolerance: f64) {
        let distance = |(a, b): (&f64, &f64)| (a - b).abs();
        let largest = found.iter().zip(expected).map(distance).fold(0.0, f64::max);
        assert!(largest < tolerance, "{largest}");
    }

    #[test]
    fn a_weight_is_a_number_of_copies() {
        let (table, labels) = customers(31, 6000, 0.05);
        let weights: Vec<f64> = (0..labels.len()).map(|row| (row % 4) as f64).collect();
        let copies: Vec<usize> =
            (0..labels.len()).flat_map(|row| std::iter::repeat_n(row, row % 4)).collect();
        let (copied, of_copied) =
            (table.take(&copies), copies.iter().map(|row| labels[*row]).collect::<Vec<bool>>());
        for (recipe, tolerance) in [(logistic(), 1e-4), (boosting(), 0.03)] {
            let by_weights = weighted(&table, &labels, &weights, &recipe).predict(&table).unwrap();
            let by_copies = plain(&copied, &of_copied, &recipe).predict(&table).unwrap();
            let distances = by_weights.iter().zip(&by_copies).map(|(a, b)| (a - b).abs());
            // Bins and the least number of rows in a leaf are of rows, whatever their weight.
            let mean = distances.sum::<f64>() / labels.len() as f64;
            assert!(mean < tolerance, "{mean}");
        }
    }

    #[test]
    fn equal_weights_are_none_whatever_their_size() {
        let (table, labels) = customers(32, 1000, 0.05);
        for recipe in [logistic(), boosting()] {
            let expected = plain(&table, &labels, &recipe).predict(&table).unwrap();
            for weight in [1.0, 0.125, 64.0] {
                let found = weighted(&table, &labels, &vec![weight; labels.len()], &recipe);
                check_near(&found.predict(&table).unwrap(), &expected, 1e-4);
            }
        }
    }

    #[test]
    fn balanced_classes_have_half_of_the_weight_each() {
        let (table, labels) = customers(33, 1000, 0.0);
        let rows = labels.len() as f64;
        let positives = labels.iter().filter(|label| **label).count() as f64;
        let weight =
            |label: &bool| rows / (2.0 * if *label { positives } else { rows - positives });
        let weights: Vec<f64> = labels.iter().map(weight).collect();
        for recipe in [logistic(), boosting()] {
            let by_hand = weighted(&table, &labels, &weights, &recipe).predict(&table).unwrap();
            let recipe = Recipe { class_weight: ClassWeight::Balanced, ..recipe };
            assert_eq!(plain(&table, &labels, &recipe).predict(&table).unwrap(), by_hand);
        }
    }

    /// Largest step against the constraint over a grid of one feature.
    fn largest_violation(model: &Model, table: &Table, feature: &str, sign: f64) -> f64 {
        let index = table.columns.iter().position(|column| column.name == feature).unwrap();
        let rows: Vec<usize> = (0..60).collect();
        let mut grid = table.take(&rows);
        let mut last: Option<Vec<f64>> = None;
        let mut worst = 0.0f64;
        for step in -10..=110 {
            let Values::Numeric(values) = &mut grid.columns[index].values else { panic!() };
            values.iter_mut().for_each(|value| *value = f64::from(step));
            let found = model.predict(&grid).unwrap();
            if let Some(last) = &last {
                let against =
                    last.iter().zip(&found).map(|(before, after)| sign * (before - after));
                worst = against.fold(worst, f64::max);
            }
            last = Some(found);
        }
        worst
    }

    #[test]
    fn constrained_predictions_are_monotone() {
        for (seed, calibration) in [
            (41, CalibrationMethod::None),
            (42, CalibrationMethod::Sigmoid),
            (43, CalibrationMethod::Isotonic),
        ] {
            let (table, labels) = customers(seed, 1500, 0.1);
            let constraints = [("tenure", -1.0), ("spent", 1.0), ("noise", 1.0)];
            let monotone = constraints.map(|(name, sign)| (name.to_owned(), sign as i8)).into();
            let free = Recipe { calibration, folds: 3, ..boosting() };
            let bound = Recipe { monotone, ..free.clone() };
            let (free, bound) = (plain(&table, &labels, &free), plain(&table, &labels, &bound));
            for (feature, sign) in constraints {
                assert!(largest_violation(&bound, &table, feature, sign) <= 1e-12, "{feature}");
            }
            let of_free = largest_violation(&free, &table, "spent", 1.0);
            assert!(of_free > 1e-3, "without the constraint it is not monotone: {of_free}");
            let loss = |model: &Model| {
                metrics::log_loss(&labels, &model.predict(&table).unwrap()).unwrap()
            };
            assert!(loss(&bound) < loss(&free) + 0.05, "{} {}", loss(&bound), loss(&free));
        }
    }

    #[test]
    fn what_a_learner_cannot_do_is_refused_by_its_name() {
        let (table, labels) = customers(34, 200, 0.0);
        let forest = Recipe::new(Learner::RandomForest(ForestParams::default()));
        let schema = Schema::of(&table, "churn", &[]).unwrap();
        let groups = Groups::of_single_rows(labels.len());
        let fit = |weights: &[f64], recipe: &Recipe| {
            let weights = Some(weights);
            let progress = Progress::none();
            Model::fit_groups(&table, &labels, &groups, weights, &schema, recipe, &progress)
                .unwrap_err()
                .to_string()
        };
        let ones = vec![1.0; labels.len()];
        assert!(fit(&ones, &forest).contains("random-forest takes no weights"));
        let balanced = Recipe { class_weight: ClassWeight::Balanced, ..forest.clone() };
        assert!(balanced.check().unwrap_err().to_string().contains("random-forest"));
        let constrained = |name: &str, sign, recipe: &Recipe| Recipe {
            monotone: [(name.to_owned(), sign)].into(),
            ..recipe.clone()
        };
        let check = |recipe: Recipe, words: &str| {
            let error = Model::fit(&table, &labels, &schema, &recipe, &Progress::none());
            let error = error.unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        };
        check(constrained("tenure", 1, &forest), "random-forest takes no `monotone`");
        check(constrained("tenure", 2, &boosting()), "may only rise");
        check(constrained("age", 1, &boosting()), "`age`: there is no such feature");
        check(constrained("plan", 1, &boosting()), "`plan`: it is not numeric");
        let mut negative = ones;
        negative[4] = -1.0;
        assert!(fit(&negative, &boosting()).contains("row 5 is -1"));
    }
}
