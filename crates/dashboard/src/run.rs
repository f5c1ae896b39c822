use anyhow::{Context as _, Result};
use mlops_job::{Context, Report, UsageError};
use mlops_monitor::open_database;
use mlops_objects::{Location, write_file};
use mlops_sql::reader::Reader;
use mlops_web::{Healthy, ask_health};
use serde::Serialize;

use crate::args::{Args, Command};
use crate::auth::Auth;
use crate::filter::Filter;
use crate::findings::Findings;
use crate::page::{Page, Target};
use crate::refresh::{Refreshed, refresh};
use crate::server::serve;
use crate::spec::HEALTH;

/// The output of a command.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Outcome {
    /// The page was served until a signal to stop.
    Served {
        /// Requests that were answered.
        requests: u64,
    },
    /// The page was written to a file.
    Exported {
        /// The file.
        page: String,
        /// Its size.
        bytes: usize,
    },
    /// Requests were counted.
    Refreshed(Refreshed),
    /// The server of this machine is well.
    Healthy(Healthy),
}

impl Report for Outcome {
    fn human(&self) -> String {
        match self {
            Self::Served { requests } => format!("served {requests} requests"),
            Self::Exported { page, bytes } => format!("{page}: {} kB", bytes / 1000),
            Self::Refreshed(refreshed) => refreshed.text(),
            Self::Healthy(healthy) => format!("{} is healthy", healthy.healthy),
        }
    }
}

/// Carries out the command of the arguments. Serving and writing the page change nothing; for
/// `refresh` see there.
///
/// # Errors
///
/// [`UsageError`] for arguments that do not go together, and the failures of the stores.
pub async fn run(mut args: Args, context: Context) -> Result<Outcome> {
    if !context.model.is_default() {
        args.page.title = format!("{}: {}", args.page.title, context.model);
    }
    match &args.command {
        Some(Command::Refresh(refreshed)) => {
            let database = open_database(&args.store, &context).await?;
            refresh(&database, refreshed, &context).await.map(Outcome::Refreshed)
        }
        Some(Command::Health) => ask_health(args.serve.listen, HEALTH).await.map(Outcome::Healthy),
        Some(Command::Export { out }) => export(&args, out, &context).await,
        None => {
            let auth = Auth::new(&args.serve)?;
            let reader = open_to_read(&args, &context).await?;
            let requests = serve(reader, &args.serve, args.page.clone(), auth, context).await?;
            Ok(Outcome::Served { requests })
        }
    }
}

async fn export(args: &Args, out: &Location, context: &Context) -> Result<Outcome> {
    let reader = open_to_read(args, context).await?;
    let findings = Findings::read(&reader, Filter::of_args(&args.page), context.started).await?;
    let page = Page::new(&findings, &args.page, Target::File).html.into_bytes();
    let bytes = page.len();
    write_file(out, page).await.with_context(|| format!("writing the page {out}"))?;
    Ok(Outcome::Exported { page: out.to_string(), bytes })
}

async fn open_to_read(args: &Args, context: &Context) -> Result<Reader> {
    context.check_lasting(&args.store.database)?;
    if args.store.create_tables {
        let message = "--create-tables belongs to `dashboard refresh`; the page itself only reads";
        return Err(UsageError::new(message).into());
    }
    Ok(Reader::connect(&args.store.url()).await?.of_model(&context.model))
}
