use anyhow::{Context as _, Result};
use jiff::Timestamp;
use mlops_core::ports::{ObjectStore, ShiftRun, VerdictStore, Window};
use mlops_core::record::to_sql_text;
use mlops_core::shift::{FeatureSet, Roles, compare};
use mlops_core::table::Table;
use mlops_job::{Context, UsageError};
use mlops_objects::{Location, Objects, local_copy};
use mlops_sql::Database;

use crate::production::{LogReader, Production};
use crate::report::SkippedReport;
use crate::{Args, DriftReport, html};

/// Compares production with the training data. A second run writes its own rows into `data_shift`; a second attempt of one
/// AWS Batch job replaces what the first wrote.
pub async fn run(args: Args, context: Context) -> Result<DriftReport> {
    let policy = args.policy().map_err(UsageError::because)?;
    let roles = Roles {
        ids: args.id.clone(),
        targets: args.target.clone(),
        categorical: args.categorical.clone(),
        numeric: args.numeric.clone(),
    };
    let mut reference = read_file(&args.reference).await.context("reading the training data")?;
    check_columns(&reference, &roles, args.prediction.as_ref())?;
    let repeated_reference = args.unit().map_or(0, |unit| reference.keep_first_of_each(unit));
    let rows_reference = reference.rows();
    let features = FeatureSet::new(reference, &roles);

    let window = window(&args, context.started)?;
    let (database, production) = match &args.production {
        Some(location) => {
            let table = read_file(location).await.context("reading the production data")?;
            (None, Production::of_table(table, &features, args.unit()))
        }
        None => {
            let database = open_database(&args, &context).await?;
            let bar = context.progress.start("logged requests", None);
            let reader = LogReader::new(&features, args.unit(), args.prediction.as_deref());
            let production = reader
                .read(&database, window, || bar.inc(1))
                .await
                .with_context(|| format!("reading the logged requests of {}", args.store.database))?;
            bar.finish_and_clear();
            (Some(database), production)
        }
    };
    let Production { table, without_input, repeated, new_columns } = production;
    if without_input > 0 {
        tracing::warn!(
            requests.without_input = without_input,
            "logged requests without an `input` object are left out"
        );
    }
    let mut report = DriftReport {
        verdict: "",
        why: None,
        run_uid: database.is_some().then(|| context.run_uid.clone()),
        window_from: window.from.map(to_sql_text),
        window_to: window.to.map(to_sql_text),
        rows_reference,
        rows_production: table.rows(),
        without_input,
        unit: args.unit().filter(|_| repeated_reference + repeated > 0).map(str::to_owned),
        repeated_reference,
        repeated_production: repeated,
        significance: policy.significance(),
        min_effect: policy.min_effect(),
        correction: policy.correction().name(),
        data_bugs: Vec::new(),
        new_columns,
        features: Vec::new(),
        skipped: features.skipped.iter().map(SkippedReport::from).collect(),
        fail_on_verdict: args.fail_on_verdict,
    };
    // Sorting a large column takes long enough to hold up the runtime.
    let found = tokio::task::spawn_blocking(move || compare(&features, &table, &policy)).await?;
    report.set_findings(&found);
    if let Some(location) = &args.report {
        let (place, name) = location.split_file().map_err(UsageError::because)?;
        let page = html::page(&report, &found);
        let put = Objects::open(&place).await.put(&name, page.into()).await;
        put.with_context(|| format!("writing the report {location}"))?;
    }
    if let Some(database) = database {
        let run = ShiftRun {
            run_uid: &context.run_uid,
            run_timestamp: context.started,
            window,
            significance: report.significance,
            features: &found.features,
        };
        database
            .write_data_shift(run)
            .await
            .with_context(|| format!("keeping the findings in {}", args.store.database))?;
    }
    Ok(report)
}

async fn open_database(args: &Args, context: &Context) -> Result<Database> {
    context.check_lasting(&args.store.database)?;
    let database = Database::connect(&args.store.database).await?;
    if args.store.create_tables {
        database.create_tables().await?;
    }
    Ok(database)
}

async fn read_file(location: &Location) -> Result<Table> {
    let copy = local_copy(location).await?;
    let table = tokio::task::spawn_blocking(move || mlops_table::read_table(copy.as_ref())).await?;
    Ok(table.map_err(UsageError::because)?)
}

/// A column that is named but not there is a typing mistake, and would go unnoticed.
fn check_columns(reference: &Table, roles: &Roles, prediction: Option<&String>) -> Result<(), UsageError> {
    let prediction: Vec<String> = prediction.into_iter().cloned().collect();
    let named = [
        ("--prediction", &prediction),
        ("--id", &roles.ids),
        ("--target", &roles.targets),
        ("--categorical", &roles.categorical),
        ("--numeric", &roles.numeric),
    ];
    for (argument, names) in named {
        if let Some(name) = names.iter().find(|name| reference.column(name).is_none()) {
            let columns: Vec<&str> = reference.columns.iter().map(|column| column.name.as_str()).collect();
            let message = format!("{argument} {name}: the reference has no such column; it has {}", columns.join(", "));
            return Err(UsageError::new(message));
        }
    }
    Ok(())
}

fn window(args: &Args, now: Timestamp) -> Result<Window, UsageError> {
    let from = match args.window {
        Some(span) => {
            let end = args.until.unwrap_or(now);
            Some(end.checked_sub(span).map_err(|_| UsageError::new("--window reaches back before all time"))?)
        }
        None => args.since,
    };
    if let (Some(from), Some(to)) = (from, args.until)
        && from >= to
    {
        return Err(UsageError::new(format!("--since {from} is not before --until {to}")));
    }
    Ok(Window { from, to: args.until })
}
