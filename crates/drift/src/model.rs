use anyhow::Result;
use mlops_core::model_name::ModelName;
use mlops_core::timestamp::parse_utc;
use mlops_job::UsageError;
use mlops_model::artifact::ModelFile;
use mlops_monitor::PublishedModel;

use crate::args::DataArgs;

/// Completes the arguments from the model of --models: training data, target, and the start of the
/// window.
pub(crate) async fn take_from_models(
    args: &mut DataArgs,
    model: &ModelName,
) -> Result<Option<ModelFile>> {
    let Some(models) = args.models.as_ref().map(|models| models.of_model(model)) else {
        return match &args.model_uid {
            Some(_) => {
                Err(UsageError::new("--model-uid needs --models, the folder of the models").into())
            }
            None => Ok(None),
        };
    };
    let model = PublishedModel::read(&models, args.model_uid.as_deref()).await?;
    if args.reference.is_none() {
        // A profile was made without segments; the training copy has them.
        let name = if args.by.is_some() { "training.parquet" } else { "reference.profile" };
        args.reference = Some(model.part(name)?);
    }
    let model = model.file;
    if args.target.is_empty() {
        args.target.push(model.model.schema.target.name.clone());
    }
    if args.production.is_empty() && args.since.is_none() && args.window.is_none() {
        args.since = parse_utc(&model.created);
    }
    Ok(Some(model))
}
