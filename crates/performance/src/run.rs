use anyhow::{Context as _, Result};
use mlops_core::timestamp::parse_utc;
use mlops_core::verdict::Verdict;
use mlops_detect::shift::RetrainAdvice;
use mlops_detect::store::{ImpactRows, PerformanceRun, VerdictStore};
use mlops_job::Context;
use mlops_monitor::{PublishedModel, open_database};
use mlops_monitor::{Requester, Trigger};
use mlops_objects::write_file;

use crate::judge::judge_rows;
use crate::{Args, PerformanceReport, html, rows};

/// Judges predictions. A second run writes its own rows into `performance` and `business_impact`; a
/// second attempt of one AWS Batch job replaces what the first wrote.
///
/// # Errors
///
/// [`mlops_job::UsageError`] for arguments that do not go together or with the files, and the
/// failures of the stores.
pub async fn run(args: Args, context: Context) -> Result<PerformanceReport> {
    let model = match &args.data.models {
        Some(models) => Some(PublishedModel::read(models, args.data.model_uid.as_deref()).await?),
        None => None,
    };
    let is_of_database = args.data.production.is_none();
    let trigger =
        Trigger::if_asked(args.retrain, "--retrain", is_of_database, &args.trigger).await?;
    let since =
        model.as_ref().filter(|_| is_of_database).and_then(|model| parse_utc(&model.file.created));
    let window = args.data.window(context.started, since)?;
    let database =
        if is_of_database { Some(open_database(&args.store, &context).await?) } else { None };
    let rows = rows::read(&args, model.as_ref(), window, database.as_ref(), &context).await?;
    let (policies, fail_on_verdict) = (args.clone(), args.fail_on_verdict);
    let judging = tokio::task::spawn_blocking(move || {
        let judged = judge_rows(&rows, &policies);
        PerformanceReport::new(judged, rows, fail_on_verdict)
    });
    let mut report = judging.await?;
    report.model_uid = model.map(|model| model.file.model_uid);
    report.run_uid = database.is_some().then(|| context.run_uid.clone());
    if let Some(location) = &args.report {
        let written = write_file(location, html::page(&report).into_bytes()).await;
        written.with_context(|| format!("writing the report {location}"))?;
    }
    if let Some(database) = database {
        let of_impact = report.impact.as_ref().map(|impact| impact.periods()).unwrap_or_default();
        let nothing = ImpactRows { periods: &[], verdict: &Verdict::Stable, says: "" };
        let run = PerformanceRun {
            run_uid: &context.run_uid,
            run_timestamp: context.started,
            model_uid: report.model_uid.as_deref(),
            periods: &report.performance_rows(),
            impact: report.impact.as_ref().map_or(nothing, |impact| impact.rows(&of_impact)),
        };
        let written = database.write_performance(run).await;
        written.with_context(|| format!("keeping the findings in {}", args.store.database))?;
        if let Some(trigger) = trigger {
            let requester = Requester {
                run_uid: &context.run_uid,
                run_timestamp: context.started,
                job: "performance",
            };
            let submitted = trigger.submit(&database, requester, advice(&report)).await;
            report.retrain = Some(submitted.context("asking for a new model")?);
        }
    }
    Ok(report)
}

fn advice(report: &PerformanceReport) -> RetrainAdvice {
    match &report.all {
        Verdict::Shifted => RetrainAdvice::Retrain(report.summary()),
        Verdict::Stable => RetrainAdvice::Keep("predictions are as good as they were".to_owned()),
        Verdict::Inconclusive(why) => RetrainAdvice::Keep(why.clone()),
    }
}
