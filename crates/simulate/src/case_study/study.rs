use anyhow::{Context as _, Result};
use mlops_core::table::Table;
use mlops_job::{Context, UsageError};
use mlops_objects::write_file;
use rayon::prelude::*;

use super::args::CaseStudyArgs;
use super::changes::{Scenario, scenarios};
use super::effect::Baseline;
use super::monitors::Monitors;
use super::page;
use super::report::{CaseStudyReport, Finding};
use super::subject::Subject;

/// Changes held-out rows step by step, and reports the metrics of the model and the verdicts of the
/// monitors. The same arguments give the same report.
///
/// # Errors
///
/// [`UsageError`] for arguments that do not go together or with the files, and the failures of the
/// stores.
pub(crate) async fn case_study(args: CaseStudyArgs, context: Context) -> Result<CaseStudyReport> {
    let (csv, page) = (args.csv.clone(), args.report.clone());
    let subject = Subject::read(&args).await?;
    let report = tokio::task::spawn_blocking(move || study(&args, &subject, &context)).await??;
    for (location, bytes) in [(csv, report.csv()?), (page, page::page(&report).into_bytes())] {
        if let Some(location) = location {
            write_file(&location, bytes).await.with_context(|| format!("writing {location}"))?;
        }
    }
    Ok(report)
}

fn study(args: &CaseStudyArgs, subject: &Subject, context: &Context) -> Result<CaseStudyReport> {
    let Subject { model, test, labels, .. } = subject;
    let baseline = Baseline::new(model, test, labels, args.seeds).map_err(UsageError::because)?;
    let monitors = Monitors::new(&subject.reference, &subject.roles, &baseline.metrics);
    let tried = scenarios(test, &subject.numeric, &subject.categorical, &args.steps, &args.changed);
    let bar = context.progress.start("changes", Some(tried.len() as u64));
    let findings = tried.par_iter().filter(|_| !context.shutdown.is_cancelled()).map(|scenario| {
        let found = finding(scenario, &baseline, &monitors, test, labels);
        bar.inc(1);
        found
    });
    let findings = findings.collect::<Result<Vec<Finding>>>()?;
    bar.finish_and_clear();
    let unchanged = monitors.ask(test, labels, &baseline.predicted).map_err(UsageError::because)?;
    Ok(CaseStudyReport {
        model_uid: subject.model_uid.clone(),
        rows: labels.len() as u64,
        rows_reference: subject.reference.rows() as u64,
        seeds: args.seeds,
        baseline: baseline.metrics,
        unchanged,
        findings,
    })
}

fn finding(
    scenario: &Scenario,
    baseline: &Baseline<'_>,
    monitors: &Monitors,
    test: &Table,
    labels: &[bool],
) -> Result<Finding> {
    let [roc_auc, log_loss, brier, ece] = baseline.effect(scenario).map_err(UsageError::because)?;
    let rows = baseline.changed_rows(scenario.changed, 0);
    let production = with_changed(test, scenario, &rows);
    let predicted = baseline.predict_changed(scenario, &rows).map_err(UsageError::because)?;
    let said = monitors.ask(&production, labels, &predicted).map_err(UsageError::because)?;
    Ok(Finding {
        features: scenario.features.clone(),
        change: scenario.change.text(),
        step: scenario.change.step(),
        changed: scenario.changed.to_string(),
        roc_auc,
        log_loss,
        brier,
        ece,
        said,
    })
}

/// Returns all rows, some of them changed. The order of the rows is not kept.
fn with_changed(table: &Table, scenario: &Scenario, rows: &[usize]) -> Table {
    let unchanged: Vec<usize> =
        (0..table.rows()).filter(|row| rows.binary_search(row).is_err()).collect();
    table.take(&unchanged).followed_by(scenario.apply(table, rows))
}
