//! Recipes and models in the words of linfa: parameters are checked, then fitted to a dataset; what
//! was fitted predicts.

use linfa::ParamGuard;
use linfa::dataset::{DatasetBase, Records};
use linfa::traits::{Fit, PredictInplace};
use ndarray::Array1;

use super::{Model, ModelError, Progress, Recipe, Schema};
use mlops_core::table::{Cell, Column, Kind, Table};

/// A recipe with unchecked parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct RecipeParams(pub Recipe);

impl ParamGuard for RecipeParams {
    type Checked = Recipe;
    type Error = ModelError;

    fn check_ref(&self) -> Result<&Recipe, ModelError> {
        self.0.check()?;
        Ok(&self.0)
    }

    fn check(self) -> Result<Recipe, ModelError> {
        self.0.check()?;
        Ok(self.0)
    }
}

/// The rows of a table as records of linfa.
#[derive(Debug, Clone)]
pub struct TableRecords(pub Table);

impl Records for TableRecords {
    type Elem = f64;

    fn nsamples(&self) -> usize {
        self.0.rows()
    }

    fn nfeatures(&self) -> usize {
        self.0.columns.len()
    }
}

impl Fit<TableRecords, Array1<bool>, ModelError> for Recipe {
    type Object = Model;

    /// Every column is a feature.
    fn fit(&self, dataset: &DatasetBase<TableRecords, Array1<bool>>) -> Result<Model, ModelError> {
        let schema = Schema::of_features(&dataset.records.0)?;
        let labels: Vec<bool> = dataset.targets.to_vec();
        Model::fit(&dataset.records.0, &labels, &schema, self, &Progress::none())
    }
}

impl PredictInplace<TableRecords, Array1<f64>> for Model {
    /// The probability of the positive outcome. linfa's predictions cannot fail: a feature that the
    /// table lacks is missing in every row.
    fn predict_inplace(&self, TableRecords(table): &TableRecords, probabilities: &mut Array1<f64>) {
        let lacking: Vec<Column> = self
            .schema
            .features
            .iter()
            .map(|feature| &feature.name)
            .chain(&self.schema.time)
            .filter(|name| table.column(name).is_none())
            .map(|name| {
                let mut column = Column::new(name, Kind::Numeric);
                (0..table.rows()).for_each(|_| column.push(Cell::Missing));
                column
            })
            .collect();
        let predicted = if lacking.is_empty() {
            self.predict(table)
        } else {
            let mut whole = table.clone();
            whole.columns.extend(lacking);
            self.predict(&whole)
        };
        *probabilities =
            predicted.map_or_else(|_| Array1::from_elem(table.rows(), f64::NAN), Array1::from_vec);
    }

    fn default_target(&self, TableRecords(table): &TableRecords) -> Array1<f64> {
        Array1::zeros(table.rows())
    }
}
