use anyhow::{Context as _, Result};
use jiff::Timestamp;
use mlops_core::ports::{ModelRecord, ModelStore, RetrainStatus, RetrainStore};
use mlops_core::table::Rules;
use mlops_job::Context;
use mlops_model::Recipe;
use mlops_monitor::read_table;
use mlops_objects::write_file;
use mlops_sql::Database;

use crate::args::Command;
use crate::champion::Champion;
use crate::inspect::Wanted;
use crate::models::{EVALUATED, Models, Present, REFERENCE, TRAINING, version_key};
use crate::recipe::choose_recipe;
use crate::release::write_release;
use crate::report::RetrainReport;
use crate::train::{Plan, Trained, train};
use crate::{Args, Outcome, data, html, inspect, released, rollback, search};

/// Runs the command of the arguments.
///
/// # Errors
///
/// [`mlops_job::UsageError`] for arguments or data that are not fit for a model, and errors of the
/// stores. After any error, `model.pkl` is either unchanged or completely replaced.
pub async fn run(args: Args, context: Context) -> Result<Outcome> {
    match &args.command {
        Some(Command::Inspect { model, check: true, against, golden_requests, .. }) => {
            let (against, golden) = (against.as_ref(), golden_requests.as_ref());
            inspect::check(model, Wanted { against, golden, margins: args.gate.policy() }).await
        }
        Some(Command::Inspect { model, python, .. }) => inspect::run(model, *python).await,
        Some(Command::Rollback { model_uid }) => {
            rollback::run(&args.store, model_uid, &context).await
        }
        Some(Command::Released) => released::run(&args.store, &context).await,
        Some(Command::Search(search)) => search::run(search, &args.store, &context).await,
        None => {
            let database = args.store.open_database(&context).await?;
            let database = database.map(|database| args.data.outcomes.in_database(database));
            let made = retrain(&args, database.as_ref(), &context).await;
            if let (Some(request), Some(database)) = (&args.request, &database) {
                finish_request(database, request, made.as_ref().ok(), &context).await;
            }
            made.map(Box::new).map(Outcome::Retrained)
        }
    }
}

async fn retrain(
    args: &Args,
    database: Option<&Database>,
    context: &Context,
) -> Result<RetrainReport> {
    let models = Models::open(args.store.models.as_ref(), &context.model).await?;
    let present = models.present().await?;
    let schema = present.as_ref().map(|present| &present.file.model.schema);
    let segment = args.gate.segment.as_deref();
    let data = data::read(&args.data, segment, database, schema, args.new_schema, context).await?;
    let recipe = choose_recipe(args.recipe.as_ref(), present.as_ref()).await?;
    let class_weight = args.class_weight.map_or(recipe.class_weight, Into::into);
    let recipe = Recipe { class_weight, ..recipe };
    let (champion, known) = match present {
        Some(Present { file, version }) => {
            (Some(Champion::read(&models, file, args.new_schema).await?), Some(version))
        }
        None => (None, None),
    };
    let golden = match &args.gate.golden {
        Some(file) => Some(
            read_table(file, &Rules::default())
                .await
                .with_context(|| format!("reading --golden {file}"))?,
        ),
        None => None,
    };
    let plan = Plan {
        recipe,
        champion,
        policy: args.gate.policy(),
        segment: args.gate.segment.clone(),
        golden,
        new_schema: args.new_schema,
        allowed_leaks: args.data.allow_leak.clone(),
        refit_all: args.refit_all && !args.dry_run,
    };
    let champion_uid = plan.champion.as_ref().map(|champion| champion.model_uid.clone());
    let left_out = data.left_out;
    let worker = context.clone();
    let trained = tokio::task::spawn_blocking(move || train(data, &plan, &worker)).await??;
    let mut report = RetrainReport::new(&trained, champion_uid, left_out, args.fail_on_verdict);
    if let Some(location) = &args.report {
        let page = html::page(&report, &trained).into_bytes();
        write_file(location, page)
            .await
            .with_context(|| format!("writing the report {location}"))?;
    }
    if args.dry_run {
        return Ok(report);
    }
    if !report.gate.accepted {
        record_model(database, &report, context.started).await?;
        return Ok(report);
    }
    let pickle = put_version(&models, trained, &report).await?;
    record_model(database, &report, context.started).await?;
    match &args.candidate {
        Some(key) => {
            models.put(key, pickle).await?;
            report.candidate = Some(key.clone());
        }
        None => {
            models.replace(pickle, known.as_deref()).await?;
            report.published = true;
            let replaced = report.champion.as_ref().map(|champion| champion.model_uid.clone());
            write_release(
                database,
                &report.model_uid,
                replaced,
                "retrain",
                args.request.clone(),
                context,
            )
            .await?;
        }
    }
    Ok(report)
}

/// Records the result of a retrain request. An error is only logged, since the model matters more.
async fn finish_request(
    database: &Database,
    request: &str,
    made: Option<&RetrainReport>,
    context: &Context,
) {
    let (status, model_uid) = match made {
        Some(report) if report.gate.accepted => {
            (RetrainStatus::Served, Some(report.model_uid.as_str()))
        }
        Some(report) => (RetrainStatus::Refused, Some(report.model_uid.as_str())),
        None => (RetrainStatus::Failed, None),
    };
    if let Err(error) = database.finish_retrain(request, status, model_uid, context.started).await {
        tracing::warn!(%request, "the result of the retrain request cannot be recorded in table retrain_request: {error}");
    }
}

async fn record_model(
    database: Option<&Database>,
    report: &RetrainReport,
    started: Timestamp,
) -> Result<()> {
    let Some(database) = database else { return Ok(()) };
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
    database.write_model(record).await.context("recording the model in --database")
}

/// Writes all files of the model to `versions/<model_uid>/`, and returns the bytes of `model.pkl`.
async fn put_version(models: &Models, trained: Trained, report: &RetrainReport) -> Result<Vec<u8>> {
    let page = html::page(report, &trained).into_bytes();
    let key = |name: &str| version_key(&report.model_uid, name);
    let Trained { pickle, evaluated, training_copy, profile, .. } = trained;
    models.put(&key(TRAINING), training_copy).await?;
    if let Some(evaluated) = evaluated {
        models.put(&key(EVALUATED), evaluated).await?;
    }
    models.put(&key(REFERENCE), profile).await?;
    models.put(&key("importances.json"), serde_json::to_vec_pretty(&report.importances)?).await?;
    models.put(&key("metrics.json"), serde_json::to_vec_pretty(&report.about_model()?)?).await?;
    models.put(&key("report.html"), page).await?;
    models.put(&key("model.pkl"), pickle.clone()).await?;
    Ok(pickle)
}
