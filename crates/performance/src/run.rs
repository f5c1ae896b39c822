use anyhow::Result;
use mlops_core::timestamp::parse_utc;
use mlops_core::verdict::Verdict;
use mlops_detect::shift::RetrainAdvice;
use mlops_detect::store::{ImpactRows, PerformanceRun, VerdictStore};
use mlops_job::Context;
use mlops_monitor::{MonitorRun, PublishedModel, Trigger};
use mlops_sql::Database;

use crate::judge::judge_rows;
use crate::report::RunFacts;
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
        Some(models) => Some(
            PublishedModel::read(&models.of_model(&context.model), args.data.model_uid.as_deref())
                .await?,
        ),
        None => None,
    };
    let is_of_database = args.data.production.is_none();
    let trigger =
        Trigger::if_asked(args.retrain, "--retrain", is_of_database, &args.trigger).await?;
    let since =
        model.as_ref().filter(|_| is_of_database).and_then(|model| parse_utc(&model.file.created));
    let window = args.data.window(context.started, since)?;
    let run = MonitorRun::open("performance", &args.store, is_of_database, &context)
        .await?
        .with_outcomes(&args.outcomes);
    let rows = rows::read(&args, model.as_ref(), window, run.database(), &context).await?;
    let policies = args.clone();
    let facts = RunFacts {
        run_uid: run.run_uid(),
        model_uid: model.map(|model| model.file.model_uid),
        fail_on_verdict: args.fail_on_verdict,
    };
    let judging = tokio::task::spawn_blocking(move || {
        let judged = judge_rows(&rows, &policies);
        PerformanceReport::new(judged, rows, facts)
    });
    let mut report = judging.await?;
    run.write_page(args.report.as_ref(), || html::page(&report)).await?;
    let write = async |database: &Database| {
        let of_impact = report.impact.as_ref().map(|impact| impact.periods()).unwrap_or_default();
        let nothing = ImpactRows { periods: &[], verdict: &Verdict::Stable, says: "" };
        let run = PerformanceRun {
            run_uid: &context.run_uid,
            run_timestamp: context.started,
            model_uid: report.model_uid.as_deref(),
            periods: &report.performance_rows(),
            impact: report.impact.as_ref().map_or(nothing, |impact| impact.rows(&of_impact)),
        };
        database.write_performance(run).await
    };
    let healthy = "predictions are as good as at training";
    let request = trigger
        .as_ref()
        .map(|trigger| (trigger, RetrainAdvice::of(&report.verdict, report.summary(), healthy)));
    report.retrain = run.keep(write, request).await?;
    Ok(report)
}
