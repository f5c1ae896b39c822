use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use mlops_detect::shift::{DataShift, RetrainAdvice, RetrainRule};
use mlops_job::UsageError;
use mlops_model::artifact::ModelFile;
use mlops_monitor::Trigger;
use mlops_objects::{Location, local_copy};

use crate::Args;

/// The retrain policy of a run.
pub(crate) struct Retrain {
    rule: RetrainRule,
    importances: BTreeMap<String, f64>,
    pub(crate) trigger: Trigger,
}

impl Retrain {
    /// Reads the policy; `None` without `--retrain-when`.
    pub(crate) async fn new(args: &Args, model: Option<&ModelFile>) -> Result<Option<Self>> {
        let (asked, is_of_database) =
            (args.retrain_when.is_some(), args.data.production.is_empty());
        let trigger =
            Trigger::if_asked(asked, "--retrain-when", is_of_database, &args.retrain).await?;
        let Some((rule, trigger)) = args.retrain_when.zip(trigger) else { return Ok(None) };
        let importances = match (&args.importances, model, rule) {
            (Some(file), ..) => read_importances(file).await?,
            (None, Some(model), _) => {
                let names = model.model.schema.features.iter().map(|feature| feature.name.clone());
                names.zip(model.model.importances.iter().copied()).collect()
            }
            (None, None, RetrainRule::Important(_)) => {
                let message = "--retrain-when important needs --importances, a JSON object such as {\"tenure\": 0.4}, or --models";
                return Err(UsageError::new(message).into());
            }
            (None, None, _) => BTreeMap::new(),
        };
        Ok(Some(Self { rule, importances, trigger }))
    }

    /// Returns what to do about the model.
    pub(crate) fn advise(&self, found: &DataShift) -> RetrainAdvice {
        self.rule.advise(found, &self.importances)
    }
}

async fn read_importances(file: &Location) -> Result<BTreeMap<String, f64>> {
    let doing = || format!("reading --importances {file}");
    let copy = local_copy(file).await.with_context(doing)?;
    let text = tokio::fs::read(&copy)
        .await
        .map_err(|error| UsageError::new(error.to_string()))
        .with_context(doing)?;
    let importances: BTreeMap<String, f64> = serde_json::from_slice(&text)
        .map_err(|error| {
            UsageError::new(format!("{error}; write a JSON object such as {{\"tenure\": 0.4}}"))
        })
        .with_context(doing)?;
    match importances.iter().find(|(_, importance)| **importance < 0.0) {
        Some((name, importance)) => Err(UsageError::new(format!(
            "the importance of {name} is {importance}; importances must be 0 or greater"
        )))
        .with_context(doing),
        None => Ok(importances),
    }
}
