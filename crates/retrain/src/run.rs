use anyhow::{Context as _, Result};
use jiff::Timestamp;
use mlops_core::model::Recipe;
use mlops_core::ports::{ModelRecord, ModelStore, ObjectStore};
use mlops_job::{Context, UsageError};
use mlops_objects::{Location, Objects, local_copy};
use mlops_sql::Database;

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
    let database = open_database(&args, &context).await?;
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
    if args.dry_run {
        return Ok(report);
    }
    let record = async || match &database {
        Some(database) => {
            let written = write_down(database, &report, context.started).await;
            written.context("writing down the model in --database")
        }
        None => Ok(()),
    };
    if report.gate.accepted {
        let pickle = put_version(&models, trained, &report).await?;
        record().await?;
        models.replace(pickle, known.as_deref()).await?;
        report.published = true;
    } else {
        record().await?;
    }
    Ok(report)
}

async fn open_database(args: &Args, context: &Context) -> Result<Option<Database>> {
    let Some(url) = &args.database else { return Ok(None) };
    context.check_lasting(url)?;
    let database = Database::connect(url).await?;
    if args.create_tables {
        database.create_tables().await?;
    }
    Ok(Some(database))
}

async fn write_down(database: &Database, report: &RetrainReport, started: Timestamp) -> Result<()> {
    let scores: Vec<(&str, f64)> = report.metrics.named().collect();
    let record = ModelRecord {
        model_uid: &report.model_uid,
        training_timestamp: started,
        accepted: report.gate.accepted,
        reasons: &report.gate.reasons.join("; "),
        learner: report.recipe.learner.name(),
        recipe: &serde_json::to_string(&report.recipe)?,
        source: &report.training.source,
        rows: report.training.rows,
        data_sha256: &report.training.data_sha256,
        scores: &scores,
    };
    Ok(database.write_model(record).await?)
}

/// All that belongs to the model, under its name; what is to become `model.pkl` is returned.
async fn put_version(models: &Models, trained: Trained, report: &RetrainReport) -> Result<Vec<u8>> {
    let page = html::page(report, &trained).into_bytes();
    let key = |name: &str| version_key(&report.model_uid, name);
    let Trained { pickle, training_copy, profile, .. } = trained;
    models.put(&key("training.parquet"), training_copy).await?;
    models.put(&key("reference.profile"), profile).await?;
    models.put(&key("importances.json"), serde_json::to_vec_pretty(&report.importances)?).await?;
    models.put(&key("metrics.json"), serde_json::to_vec_pretty(&report.about_model()?)?).await?;
    models.put(&key("report.html"), page).await?;
    models.put(&key("model.pkl"), pickle.clone()).await?;
    Ok(pickle)
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
