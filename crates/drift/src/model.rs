use anyhow::{Context as _, Result};
use mlops_core::model::artifact::ModelFile;
use mlops_core::record::parse_utc;
use mlops_job::UsageError;
use mlops_objects::{Location, local_copy};

use crate::args::DataArgs;

/// Takes what --models knows of the model into the arguments that do not say it themselves: what it was trained on, its target, and since
/// when it has been there.
pub(crate) async fn take_from_models(args: &mut DataArgs) -> Result<Option<ModelFile>> {
    let Some(models) = args.models.clone() else {
        return match &args.model_uid {
            Some(_) => Err(UsageError::new("--model-uid needs --models, the place of the models").into()),
            None => Ok(None),
        };
    };
    let file = match &args.model_uid {
        Some(model_uid) => version(&models, model_uid, "model.pkl")?,
        None => below(&models, "model.pkl")?,
    };
    let model = read(&file).await.with_context(|| format!("reading the model {file}"))?;
    if args.reference.is_none() {
        // A profile was made without segments; the training copy has them.
        let name = if args.by.is_some() { "training.parquet" } else { "reference.profile" };
        args.reference = Some(version(&models, &model.model_uid, name)?);
    }
    if args.target.is_empty() {
        args.target.push(model.model.schema.target.name.clone());
    }
    if args.production.is_empty() && args.since.is_none() && args.window.is_none() {
        args.since = parse_utc(&model.created);
    }
    Ok(Some(model))
}

async fn read(file: &Location) -> Result<ModelFile> {
    let copy = local_copy(file).await?;
    let bytes = tokio::fs::read(&copy).await?;
    Ok(ModelFile::from_pickle(&bytes).map_err(UsageError::because)?)
}

fn version(models: &Location, model_uid: &str, name: &str) -> Result<Location> {
    below(models, &format!("versions/{model_uid}/{name}"))
}

fn below(models: &Location, key: &str) -> Result<Location> {
    let text = models.to_string();
    Ok(format!("{}/{key}", text.trim_end_matches('/')).parse().map_err(UsageError::because)?)
}
