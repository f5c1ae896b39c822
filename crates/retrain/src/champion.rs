//! The current model as it was evaluated, and the rows that it was fitted to.

use anyhow::Result;
use mlops_core::table::Table;
use mlops_model::Model;
use mlops_model::artifact::{ModelFile, Training};
use mlops_model::gate;
use mlops_model::seen::{NewData, Seen, seen};
use mlops_stats::profile::Profiles;
use serde::Serialize;

use crate::data::Data;
use crate::models::{EVALUATED, Models, Unusable};

/// The current model.
pub(crate) struct Champion {
    pub(crate) model_uid: String,
    /// The model before it was refitted to all rows, if it was.
    pub(crate) model: Model,
    /// Profiles of its training data; `None` with --new-schema.
    pub(crate) profiles: Option<Profiles>,
    training: Training,
    /// The rows that `model` was fitted to, or why these are not known.
    record: Result<Table, Unusable>,
}

/// Numbers of held-out rows that both models cannot be compared on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LeftOutOfComparison {
    /// The current model was fitted to rows of their customers, by ID.
    pub by_id: usize,
    /// They may be rows that the current model was fitted to, by their values.
    pub by_values: usize,
    /// There were too many rows to compare their values.
    pub unknown: usize,
    /// Why the rows are not known that the current model was fitted to.
    pub no_record: Option<String>,
}

/// The current model on the held-out rows.
pub(crate) struct OnHeldOut {
    /// Predicted probabilities, or why there are none.
    pub(crate) probabilities: Result<Vec<f64>, String>,
    /// Whether each row is known to be new to it.
    pub(crate) is_new: Vec<bool>,
    pub(crate) left_out: LeftOutOfComparison,
}

impl Champion {
    /// Reads what is stored with the current model.
    pub(crate) async fn read(models: &Models, file: ModelFile, new_schema: bool) -> Result<Self> {
        let ModelFile { model_uid, model, training, .. } = file;
        let profiles = if new_schema { None } else { models.profiles(&model_uid).await? };
        let record = models.training_data(&model_uid, &training).await?;
        let evaluated = match (&record, training.refitted_rows) {
            (Ok(_), Some(_)) => models.model(&model_uid, EVALUATED).await?.ok(),
            _ => None,
        };
        let (model, record) = match (evaluated, record) {
            (Some(evaluated), Ok(record)) => {
                let rows: Vec<usize> = (0..training.rows as usize).collect();
                (evaluated.model, Ok(record.take(&rows)))
            }
            (_, record) => (model, record),
        };
        Ok(Self { model_uid, model, profiles, training, record })
    }

    /// Predicts the held-out rows, and finds those that are new to the model.
    pub(crate) fn on_held_out(&self, data: &Data) -> OnHeldOut {
        let (is_new, left_out) = self.new_rows(data);
        let predict = || {
            let predicted = self.model.predict(&data.test.table);
            predicted.map_err(|error| format!("the current model cannot predict: {error}"))
        };
        let was = &self.model.schema.target;
        let is = &data.schema.target;
        let probabilities = match (was.is_positive(&is.positive), was.is_positive(&is.negative)) {
            (Some(true), Some(false)) => predict(),
            (Some(false), Some(true)) => {
                predict().map(|predicted| predicted.into_iter().map(|p| 1.0 - p).collect())
            }
            _ => Err(format!(
                "the outcomes are {}/{}, and {}/{} in the current model",
                is.positive, is.negative, was.positive, was.negative
            )),
        };
        OnHeldOut { probabilities, is_new, left_out }
    }

    fn new_rows(&self, data: &Data) -> (Vec<bool>, LeftOutOfComparison) {
        let record = match &self.record {
            Ok(record) => record,
            Err(Unusable(why)) => {
                let left_out =
                    LeftOutOfComparison { no_record: Some(why.clone()), ..Default::default() };
                return (vec![false; data.test.labels.len()], left_out);
            }
        };
        let ids: Vec<String> = [&data.ids, &self.training.ids, &data.identifiers]
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        let others = data.train.table.clone().followed_by(data.unused.table.clone());
        let new = NewData {
            held_out: &data.test.table,
            others: &others,
            ids: &ids,
            time: data.time.as_deref(),
        };
        let found = seen(record, new);
        let count = |wanted: Seen| found.iter().filter(|seen| **seen == wanted).count();
        let left_out = LeftOutOfComparison {
            by_id: count(Seen::ById),
            by_values: count(Seen::ByValues),
            unknown: count(Seen::Unknown),
            no_record: None,
        };
        (found.into_iter().map(|seen| seen == Seen::No).collect(), left_out)
    }
}

impl OnHeldOut {
    pub(crate) fn of_gate(&self) -> gate::Champion<'_> {
        let probabilities = self.probabilities.as_deref().map_err(String::as_str);
        gate::Champion { probabilities, is_new: &self.is_new }
    }
}

impl LeftOutOfComparison {
    /// Returns the numbers and their reasons; `None` if no row is left out.
    pub(crate) fn text(&self) -> Option<String> {
        if let Some(why) = &self.no_record {
            return Some(format!("all held-out rows: {why}"));
        }
        let parts = [
            (self.by_id, "whose customers the current model was fitted to, by ID"),
            (self.by_values, "that the current model may have been fitted to, by their values"),
            (self.unknown, "since there are too many rows to compare their values"),
        ];
        let parts = parts.into_iter().filter(|(rows, _)| *rows > 0);
        let parts: Vec<String> = parts
            .map(|(rows, why)| format!("{} rows {why}", mlops_job::number(rows as u64)))
            .collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}
