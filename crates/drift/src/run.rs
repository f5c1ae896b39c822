use anyhow::{Context as _, Result};
use mlops_core::table::Rules;
use mlops_core::timestamp::to_sql_text;
use mlops_core::window::Window;
use mlops_detect::shift::{Collected, FeatureSet, Roles, compare_outcomes};
use mlops_detect::store::{ShiftRun, VerdictStore};
use mlops_job::{Context, UsageError};
use mlops_model::artifact::ModelFile;
use mlops_monitor::MonitorRun;
use mlops_objects::{Location, write_file};
use mlops_sql::Database;
use mlops_stats::profile::{Profile, Profiles};
use mlops_table::write_profiles;

use crate::args::{Command, DataArgs};
use crate::comparison::Comparison;
use crate::model::take_from_models;
use crate::production::{Files, Production, check_levels, read_database, read_files};
use crate::reference::read_reference;
use crate::report::{FeatureReport, ProfileReport, SkippedReport};
use crate::retrain::Retrain;
use crate::{Args, DriftReport, Outcome, html};

/// Runs the command of the arguments. A second run writes its own rows into `data_shift`; a second
/// attempt of the same AWS Batch job replaces the rows of the first.
///
/// # Errors
///
/// [`UsageError`] for arguments that conflict with each other or with the files, and the failures of
/// the stores.
pub async fn run(mut args: Args, context: Context) -> Result<Outcome> {
    if let Some(Command::Profile { reading, .. }) = &args.command {
        args.data.reading = reading.clone();
    }
    let is_of_model = args.data.reference.is_none();
    let model = take_from_models(&mut args.data, &context.model).await?;
    let window = args.data.window(context.started)?;
    let location = args.data.reference.clone().ok_or_else(|| {
        UsageError::new(
            "--reference (DRIFT_REFERENCE) is missing; name the training data, such as train.csv, or the folder of the models with --models",
        )
    })?;
    let roles = args.data.roles();
    let rules = if is_of_model { Rules::of_types() } else { args.data.rules() };
    let reference = read_reference(&location, &rules, &roles, args.data.reference_split()).await?;
    check_columns(&reference.profiles.whole, &roles, &args.data)?;
    match &args.command {
        Some(Command::Profile { out, .. }) => {
            profile(&args.data, reference, window, out, &context).await.map(Outcome::Profile)
        }
        None => compare_all(args, model, reference, window, context)
            .await
            .map(Box::new)
            .map(Outcome::Compared),
    }
}

async fn profile(
    args: &DataArgs,
    reference: Collected,
    window: Window,
    out: &Location,
    context: &Context,
) -> Result<ProfileReport> {
    let collected = if args.production.is_empty() {
        reference
    } else {
        let features = FeatureSet::new(reference.profiles.whole, &args.roles());
        read_files(args, Files::open(args).await?, &features, window, context).await?.collected
    };
    let bytes = write_profiles(&collected.profiles)?;
    let report = ProfileReport {
        profile: out.to_string(),
        rows: collected.profiles.whole.rows,
        columns: collected.profiles.whole.columns.len(),
        segments: collected.profiles.segments.len(),
        bytes: bytes.len(),
    };
    write_file(out, bytes).await?;
    Ok(report)
}

async fn compare_all(
    args: Args,
    model: Option<ModelFile>,
    reference: Collected,
    window: Window,
    context: Context,
) -> Result<DriftReport> {
    let retrain = Retrain::new(&args, model.as_ref()).await?;
    let policy = args.policy.policy(args.retrain_when.is_some()).map_err(UsageError::because)?;
    let files = Files::open(&args.data).await?;
    let Collected {
        profiles: Profiles { whole, segments, .. }, repeated: repeated_reference, ..
    } = reference;
    let taken = model.as_ref().map(|model| taken(model, &args.data));
    let mut features = FeatureSet::new(whole, &Roles { taken, ..args.data.roles() });
    check_levels(&features, &args.data.categorical)?;
    let reads_database = args.data.production.is_empty();
    let run = MonitorRun::open("drift", &args.store, reads_database, &context).await?;
    let production = match run.database() {
        Some(database) => read_database(&args.data, &features, window, database, &context)
            .await
            .with_context(|| format!("reading the logged requests of {}", args.store.database))?,
        None => read_files(&args.data, files, &features, window, &context).await?,
    };
    let Production { mut collected, without_input, new_columns } = production;
    let outcomes = collected.split_off(&args.data.target);
    let known: Vec<String> = outcomes.columns.iter().map(|column| column.name.clone()).collect();
    let mut targets = features.targets.split_off(&args.data.target);
    let outcomes = compare_outcomes(targets.split_off(&known), outcomes, &policy);
    if without_input > 0 {
        tracing::warn!(
            requests.without_input = without_input,
            "logged requests without an `input` object are ignored"
        );
    }
    // Sorting many columns takes long enough to hold up the runtime.
    let (by, of_features) = (args.data.by.clone(), policy);
    let compared = tokio::task::spawn_blocking(move || {
        let found = Comparison::of(&features, &segments, &collected, by, &of_features);
        (features, collected, found)
    });
    let (features, collected, found) = compared.await?;
    let whole = &found.shifts[0].1;
    let bugs = whole.features.iter().filter(|feature| feature.state.is_data_bug());
    let mut report = DriftReport {
        looks: policy.looks(),
        retrain: None,
        why: found.verdict.why().map(str::to_owned),
        verdict: found.verdict.clone(),
        model_uid: model.map(|model| model.model_uid),
        run_uid: run.run_uid(),
        window_from: window.from.map(to_sql_text),
        window_to: window.to.map(to_sql_text),
        rows_reference: features.reference.rows,
        rows_production: collected.profiles.whole.rows,
        without_input,
        unit: Some(args.data.unit.clone()).filter(|_| repeated_reference + collected.repeated > 0),
        repeated_reference,
        repeated_production: collected.repeated,
        significance: policy.significance(),
        min_effect: policy.min_effect(),
        correction: policy.correction().name(),
        data_bugs: bugs.map(|feature| feature.feature.clone()).collect(),
        new_columns,
        features: whole.features.iter().map(FeatureReport::from).collect(),
        outcomes: outcomes.features.iter().map(FeatureReport::from).collect(),
        skipped: features.skipped.iter().map(SkippedReport::from).collect(),
        by: args.data.by.clone(),
        segments: found.segments.clone(),
        new_segments: found.new_segments.clone(),
        trend: found.trend.clone(),
        fail_on_verdict: args.fail_on_verdict,
    };
    run.write_page(args.report.as_ref(), || html::page(&report, whole)).await?;
    let write = async |database: &Database| {
        let run = ShiftRun {
            run_uid: &context.run_uid,
            run_timestamp: context.started,
            window,
            significance: report.significance,
            model_uid: report.model_uid.as_deref(),
            segments: &found.shifts,
        };
        database.write_data_shift(run).await
    };
    let request = retrain.as_ref().map(|retrain| (&retrain.trigger, retrain.advise(whole)));
    report.retrain = run.keep(write, request).await?;
    Ok(report)
}

/// Returns the columns of the model, and the columns that the arguments name.
fn taken(model: &ModelFile, args: &DataArgs) -> Vec<String> {
    let features = model.model.schema.features.iter().map(|feature| &feature.name);
    features
        .chain(&args.prediction)
        .chain(&args.categorical)
        .chain(&args.numeric)
        .cloned()
        .collect()
}

/// Refuses a named column that the reference does not have, which is a typing error.
fn check_columns(reference: &Profile, roles: &Roles, args: &DataArgs) -> Result<(), UsageError> {
    let prediction: Vec<String> = args.prediction.iter().cloned().collect();
    let named = [
        ("--prediction", &prediction),
        ("--id", &roles.ids),
        ("--target", &roles.targets),
        ("--categorical", &roles.categorical),
        ("--numeric", &roles.numeric),
    ];
    for (argument, names) in named {
        if let Some(name) = names.iter().find(|name| reference.column(name).is_none()) {
            let columns: Vec<&str> =
                reference.columns.iter().map(|column| column.name.as_str()).collect();
            let message = format!(
                "{argument} {name}: the reference has no such column; it has {}",
                columns.join(", ")
            );
            return Err(UsageError::new(message));
        }
    }
    Ok(())
}
