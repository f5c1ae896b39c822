use anyhow::{Context as _, Result};
use mlops_core::timestamp::parse_utc;
use mlops_detect::concept::{Domain, Relation, relation_shift, tell_apart};
use mlops_detect::shift::RetrainAdvice;
use mlops_detect::store::{ConceptRun, VerdictStore};
use mlops_job::{Context, UsageError};
use mlops_model::{ModelError, Progress};
use mlops_monitor::{MonitorRun, PublishedModel, Trigger};
use mlops_sql::Database;

use crate::report::RunFacts;
use crate::rows::{self, Rows};
use crate::{Args, ConceptReport, html};

/// Compares production with training. A second run writes its own rows into `concept_shift`; a
/// second attempt of one AWS Batch job replaces what the first wrote.
///
/// # Errors
///
/// [`UsageError`] for arguments that do not go together or with the files, and the failures of the
/// stores.
pub async fn run(args: Args, context: Context) -> Result<ConceptReport> {
    let model = match &args.data.models {
        Some(models) => Some(
            PublishedModel::read(&models.of_model(&context.model), args.data.model_uid.as_deref())
                .await?,
        ),
        None => None,
    };
    let is_of_database = args.data.production.is_empty();
    let trigger =
        Trigger::if_asked(args.retrain, "--retrain", is_of_database, &args.trigger).await?;
    let since =
        model.as_ref().filter(|_| is_of_database).and_then(|model| parse_utc(&model.file.created));
    let window = args.data.window(context.started, since)?;
    let run = MonitorRun::open("concept-shift", &args.store, is_of_database, &context)
        .await?
        .with_outcomes(&args.outcomes);
    let rows = rows::read(&args, model.as_ref(), window, run.database(), &context).await?;
    let recipe = model.as_ref().map(|model| model.file.model.recipe.clone()).unwrap_or_default();
    let (domain_policy, relation_policy) = (args.classifier.policy(), args.relation.policy());
    let threads = args.classifier.n_jobs;
    let bar = context.progress.start("trees", None);
    let Rows { reference, production, labelled, about } = rows;
    let (of_domain, of_relation) = (domain_policy.clone(), relation_policy);
    let found = tokio::task::spawn_blocking(move || {
        let tell = |_| bar.inc(1);
        let progress = Progress::new(&tell);
        let found = in_threads(threads, || {
            let found = tell_apart(reference, production, &of_domain, &progress)?;
            let Some([then, now]) = &labelled else { return Ok((found, None)) };
            let (then, now) =
                ((&then.side, then.labels.as_slice()), (&now.side, now.labels.as_slice()));
            Ok((
                found,
                Some(relation_shift(then, now, &recipe, &of_domain, &of_relation, &progress)?),
            ))
        });
        bar.finish_and_clear();
        found
    })
    .await?;
    let found: Result<(Domain, Option<Relation>), ModelError> = found?;
    let (domain, relation) = found.map_err(UsageError::because)?;
    let facts = RunFacts {
        run_uid: run.run_uid(),
        model_uid: model.map(|model| model.file.model_uid),
        window,
        fail_on_verdict: args.fail_on_verdict,
    };
    let mut report = ConceptReport::new(domain, relation, about, &domain_policy, facts);
    run.write_page(args.report.as_ref(), || html::page(&report)).await?;
    let write = async |database: &Database| {
        let run = ConceptRun {
            run_uid: &context.run_uid,
            run_timestamp: context.started,
            window,
            model_uid: report.model_uid.as_deref(),
            findings: &report.findings(&relation_policy),
        };
        database.write_concept_shift(run).await
    };
    let healthy = "production data and the relation to the target are unchanged";
    let request = trigger
        .as_ref()
        .map(|trigger| (trigger, RetrainAdvice::of(&report.verdict, report.summary(), healthy)));
    report.retrain = run.keep(write, request).await?;
    Ok(report)
}

/// In so many threads; 0 for as many as there are processors.
fn in_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> Result<T> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .context("starting --n-jobs threads")?;
    Ok(pool.install(work))
}
