use std::path::PathBuf;

use anyhow::{Context as _, Result};
use mlops_job::{Context, UsageError};

use super::args::DemoArgs;
use super::ending::end;
use super::programs::Programs;
use super::report::DemoReport;
use super::teller::Teller;
use super::year::Year;

/// Files and folders of an earlier demo.
const FILES: [&str; 14] = [
    "logs",
    "models",
    "spool",
    "mails",
    "mlops.db",
    "mlops.db-wal",
    "mlops.db-shm",
    "outcomes.csv",
    "damaged.csv",
    "retrain.log",
    "score.log",
    "dashboard.log",
    "dashboard.html",
    "first-model.html",
];

/// Simulates a year: clients are scored every day, and the jobs run every week. After a third of
/// the year, the customers change.
///
/// # Errors
///
/// [`UsageError`] for a folder with other files, and the error of the first job that fails.
pub(crate) async fn demo(args: DemoArgs, context: Context) -> Result<DemoReport> {
    let folder = prepare(&args)?;
    let location = |name: &str| match &args.store {
        Some(store) => format!("{}/{name}", store.to_string().trim_end_matches('/')),
        None => name.to_owned(),
    };
    let database = args
        .database
        .as_ref()
        .map_or_else(|| "sqlite://mlops.db".to_owned(), |url| url.expose().to_owned());
    let settings = vec![
        ("MLOPS_DATABASE", database),
        ("MLOPS_CREATE_TABLES", "true".to_owned()),
        ("MLOPS_MODELS", location("models")),
        ("MLOPS_OUTCOMES", "outcomes.csv".to_owned()),
        ("MLOPS_HORIZON", "8d".to_owned()),
        // A client who stays because of an offer would look like a wrong prediction.
        ("MLOPS_OUTCOMES_OF", "heuristic".to_owned()),
    ];
    let logs = location("logs");
    let programs = Programs::new(&folder, settings, &context);
    let bar = context.progress.start("weeks", Some(u64::from(args.weeks)));
    let mut year = Year::begin(args, programs, logs, Teller::new(context.progress.clone())).await?;
    for week in 0..year.args.weeks {
        if context.shutdown.is_cancelled() {
            break;
        }
        year.live_a_week(week).await?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    end(year, folder, &context).await
}

fn prepare(args: &DemoArgs) -> Result<PathBuf> {
    let folder = &args.folder;
    let is_other =
        folder.exists() && !folder.join("clock").exists() && folder.read_dir()?.next().is_some();
    if is_other {
        let message = format!(
            "--folder {}: the folder has files that are not of a demo. Use an empty or new folder",
            folder.display()
        );
        return Err(UsageError::new(message).into());
    }
    std::fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    for name in FILES {
        let path = folder.join(name);
        let removed = if path.is_dir() {
            std::fs::remove_dir_all(&path)
        } else {
            std::fs::remove_file(&path)
        };
        if path.exists() {
            removed.with_context(|| format!("removing {}", path.display()))?;
        }
    }
    folder.canonicalize().with_context(|| format!("finding {}", folder.display()))
}
