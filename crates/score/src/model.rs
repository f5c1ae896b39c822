//! A model that answers.

use std::collections::HashMap;

use jiff::Timestamp;
use mlops_core::table::{Cell, Column, Kind, Table};
use mlops_job::UsageError;
use mlops_model::artifact::ModelFile;
use mlops_model::{Feature, FeatureKind, golden_failures};

use crate::json::push_string;
use crate::metrics::Counter;

/// A model, ready to answer.
pub(crate) struct ServedModel {
    pub(crate) file: ModelFile,
    pub(crate) loaded_at: Timestamp,
    /// Its uid as JSON.
    pub(crate) uid_json: Vec<u8>,
    /// For each feature, the requests that did not have it.
    pub(crate) missing: Vec<Counter>,
    indices: HashMap<String, usize>,
}

impl ServedModel {
    /// Checks a file before it answers anybody: that it is a model, that it answers a request
    /// without values, and the golden ones.
    ///
    /// # Errors
    ///
    /// [`UsageError`], with what is wrong.
    pub(crate) fn read(
        bytes: &[u8],
        golden: Option<&Table>,
        now: Timestamp,
    ) -> Result<Self, UsageError> {
        let file = ModelFile::from_pickle(bytes).map_err(UsageError::because)?;
        if !ModelFile::has_digest(bytes) {
            tracing::warn!(
                model.uid = file.model_uid,
                "the model has no digest, so that damage to it may not be found; the next release has one"
            );
        }
        let features = file.model.schema.features.iter();
        let indices =
            features.enumerate().map(|(index, feature)| (feature.name.clone(), index)).collect();
        let mut uid_json = Vec::new();
        push_string(&mut uid_json, &file.model_uid);
        let missing = file.model.schema.features.iter().map(|_| Counter::default()).collect();
        let model = Self { file, loaded_at: now, uid_json, missing, indices };
        let empty = model.table(1, |_, _| Cell::Missing, |_, _| now.as_microsecond());
        let probabilities = model.file.model.predict(&empty).map_err(UsageError::because)?;
        if !probabilities.iter().all(|probability| (0.0..=1.0).contains(probability)) {
            return Err(UsageError::new(format!(
                "the model gives {probabilities:?} for a request without values"
            )));
        }
        if let Some(golden) = golden {
            let failures =
                golden_failures(&model.file.model, golden).map_err(UsageError::because)?;
            if let [first, others @ ..] = failures.as_slice() {
                return Err(UsageError::new(format!("{first}, and {} others", others.len())));
            }
        }
        Ok(model)
    }

    pub(crate) fn features(&self) -> &[Feature] {
        &self.file.model.schema.features
    }

    /// Returns the index of the feature of that name, and the feature.
    pub(crate) fn feature(&self, name: &str) -> Option<(usize, &Feature)> {
        let index = *self.indices.get(name)?;
        Some((index, &self.features()[index]))
    }

    /// Why this model may not take over from another while callers send what that one needs; `None`
    /// where it may.
    pub(crate) fn refuses_to_replace(&self, old: &Self) -> Option<String> {
        let (target, before) = (&self.file.model.schema.target, &old.file.model.schema.target);
        if (&target.name, &target.positive) != (&before.name, &before.positive) {
            return Some(format!(
                "it predicts `{} = {}`, and the current model `{} = {}`",
                target.name, target.positive, before.name, before.positive
            ));
        }
        for feature in self.features() {
            let name = &feature.name;
            match old.feature(name) {
                None => {
                    return Some(format!(
                        "it needs the feature `{name}`, which callers do not send"
                    ));
                }
                Some((_, before)) if !is_same_kind(&before.kind, &feature.kind) => {
                    return Some(format!("its feature `{name}` has another kind of values"));
                }
                Some(_) => {}
            }
        }
        None
    }

    /// A table as the model takes it; `cell` is asked by row and feature, and `time` by row and the
    /// name of the column with the time of a row.
    pub(crate) fn table<'c>(
        &self,
        rows: usize,
        cell: impl Fn(usize, usize) -> Cell<'c>,
        time: impl Fn(usize, &str) -> i64,
    ) -> Table {
        let column = |(index, feature): (usize, &Feature)| {
            let mut column = feature.column();
            (0..rows).for_each(|row| column.push(cell(row, index)));
            column
        };
        let times = self.file.model.schema.time.as_deref().map(|name| {
            let mut times = Column::new(name, Kind::Date);
            (0..rows).for_each(|row| times.push(Cell::Time(time(row, name))));
            times
        });
        Table { columns: self.features().iter().enumerate().map(column).chain(times).collect() }
    }
}

fn is_same_kind(one: &FeatureKind, other: &FeatureKind) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}
