use anyhow::{Context as _, Result};
use mlops_core::model::Recipe;
use mlops_core::ports::ObjectStore;
use mlops_job::{Context, UsageError};
use mlops_objects::{Location, Objects, local_copy};

use crate::args::Command;
use crate::models::{Models, version_key};
use crate::report::RetrainReport;
use crate::train::{Plan, Trained, train};
use crate::{Args, Outcome, data, html, inspect, rollback};

/// Carries out the command of the arguments.
///
/// # Errors
///
/// [`UsageError`] for arguments and data that no model can be made of, and the failures of the stores. Whatever happens, `model.pkl` is
/// either the one that was there or the new one, whole.
pub async fn run(args: Args, context: Context) -> Result<Outcome> {
    match &args.command {
        Some(Command::Inspect { model, python }) => inspect::run(model, *python).await,
        Some(Command::Rollback { model_uid }) => rollback::run(args.models.as_ref(), model_uid).await,
        None => retrain(args, context).await.map(Box::new).map(Outcome::Retrained),
    }
}

async fn retrain(args: Args, context: Context) -> Result<RetrainReport> {
    let models = Models::open(args.models.as_ref()).await?;
    let data = data::read(&args).await?;
    let present = models.present().await?;
    let recipe = match (&args.recipe, &present) {
        (Some(file), _) => read_recipe(file).await.with_context(|| format!("reading --recipe {file}"))?,
        (None, Some(present)) => present.file.model.recipe.clone(),
        (None, None) => Recipe::default(),
    };
    let (champion, known) = match present {
        Some(present) => (Some((present.file.model_uid, present.file.model)), Some(present.version)),
        None => (None, None),
    };
    let (champion_uid, champion) = champion.unzip();
    let without_outcome = data.without_outcome;
    let plan = Plan {
        recipe,
        champion,
        policy: args.gate.policy(),
        segment: args.gate.segment.clone(),
        new_schema: args.new_schema,
    };
    let worker = context.clone();
    let trained = tokio::task::spawn_blocking(move || train(data, &plan, &worker)).await??;
    let mut report = RetrainReport::new(&trained, champion_uid, without_outcome, args.fail_on_verdict);
    if let Some(location) = &args.report {
        let page = html::page(&report, &trained).into_bytes();
        put(location, page).await.with_context(|| format!("writing the report {location}"))?;
    }
    if report.gate.accepted && !args.dry_run {
        publish(&models, trained, &report, known.as_deref()).await?;
        report.published = true;
    }
    Ok(report)
}

/// All that belongs to the model first, and `model.pkl` last.
async fn publish(models: &Models, trained: Trained, report: &RetrainReport, known: Option<&str>) -> Result<()> {
    let page = html::page(report, &trained).into_bytes();
    let key = |name: &str| version_key(&report.model_uid, name);
    let Trained { pickle, training_copy, profile, .. } = trained;
    models.put(&key("training.parquet"), training_copy).await?;
    models.put(&key("reference.profile"), profile).await?;
    models.put(&key("importances.json"), serde_json::to_vec_pretty(&report.importances)?).await?;
    models.put(&key("metrics.json"), serde_json::to_vec_pretty(&report.about_model()?)?).await?;
    models.put(&key("report.html"), page).await?;
    models.put(&key("model.pkl"), pickle.clone()).await?;
    models.replace(pickle, known).await
}

async fn read_recipe(file: &Location) -> Result<Recipe> {
    let copy = local_copy(file).await?;
    let text = tokio::fs::read_to_string(&copy).await.map_err(|error| UsageError::new(error.to_string()))?;
    let recipe: Recipe = toml::from_str(&text).map_err(UsageError::because)?;
    recipe.check().map_err(UsageError::because)?;
    Ok(recipe)
}

async fn put(location: &Location, bytes: Vec<u8>) -> Result<()> {
    let (place, name) = location.split_file().map_err(UsageError::because)?;
    Ok(Objects::open(&place).await.put(&name, bytes.into()).await?)
}
