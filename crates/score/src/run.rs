use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures_util::future::join_all;
use jiff::SignedDuration;
use mlops_core::table::Rules;
use mlops_job::{Context, UsageError};
use mlops_monitor::read_table;
use mlops_web::{Limits, Secrets, ask_health, serve};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::args::{Args, Command};
use crate::http::{App, BodyBytes, router};
use crate::metrics::Metrics;
use crate::predict_file::predict_file;
use crate::reload::LiveModel;
use crate::report::{Outcome, Served};
use crate::settings::{LiveSettings, Settings, heuristic};
use crate::ship::{DatabaseSink, ObjectsSink, Shipper, Sink, SinkState};
use crate::spec::HEALTH;
use crate::spool::{Spool, SpoolEnd, SpoolPolicy};

/// The time for open calls after SIGTERM, and then for the log, of the 20 seconds of a job.
const DRAIN_CALLS: Duration = Duration::from_secs(8);
const DRAIN_LOG: Duration = Duration::from_secs(9);

/// Settings that could not be read are tried again after this time, rather than in an hour.
const CONFIG_PAUSE: Duration = Duration::from_secs(60);

/// Carries out the command. The service runs until SIGTERM; a second one beside it needs a spool of
/// its own, and after an end of whatever kind the next one sends away what the spool still has.
///
/// # Errors
///
/// [`UsageError`] for arguments that do not go together and a file that is no model, and the
/// failures of the stores.
pub async fn run(args: Args, context: Context) -> Result<Outcome> {
    match &args.command {
        Some(Command::Predict { data, reading }) => Ok(Outcome::Predicted(
            predict_file(&args.model.model_file, data, reading, context.started).await?,
        )),
        Some(Command::Health) => {
            Ok(Outcome::Healthy(ask_health(args.service.listen, HEALTH).await?))
        }
        Some(Command::Serve) | None => {
            Ok(Outcome::Served(serve_until_stopped(&args, context).await?))
        }
    }
}

async fn serve_until_stopped(args: &Args, context: Context) -> Result<Served> {
    let golden = match &args.model.golden {
        Some(file) => Some(
            read_table(file, &Rules::default())
                .await
                .with_context(|| format!("reading --golden {file}"))?,
        ),
        None => None,
    };
    let model = LiveModel::open(
        &args.model.model_file,
        golden,
        args.model.allow_new_schema,
        context.started,
    )
    .await?;
    let settings = settings(args, &context)?;
    let Log { spool, ends, shippers } = open_log(args, &context).await?;
    let listener = TcpListener::bind(args.service.listen).await;
    let listener = listener
        .map_err(UsageError::because)
        .with_context(|| format!("listening at {}", args.service.listen))?;
    let address = listener.local_addr().context("reading the address of the listener")?;

    let sinks: Vec<Arc<SinkState>> = shippers.iter().map(|shipper| shipper.state.clone()).collect();
    let spool_state = spool.as_ref().map(|spool| spool.state.clone());
    let app = Arc::new(App {
        model,
        settings,
        spool,
        sinks,
        credentials: Secrets::new(
            args.service.token.as_deref(),
            args.service.basic_auth.as_deref(),
        ),
        metrics: Metrics::default(),
        in_flight: Semaphore::new(args.service.max_in_flight as usize),
        body_bytes: BodyBytes::new(args.service.max_in_flight, args.service.max_body_bytes),
        max_body_bytes: args.service.max_body_bytes as usize,
        max_rows: args.service.max_rows as usize,
        demand: args.model.demand(),
        timeout: args.service.timeout.unsigned_abs(),
        context: context.clone(),
    });
    if app.settings.has_table() {
        // Where it fails, the arguments stand until the next attempt; the log says so.
        drop(app.refresh_settings().await);
    }
    warn_of_unknown_fields(&app);

    let mut chores = JoinSet::new();
    if app.settings.has_table() {
        chores.spawn(refresh_again_and_again(app.clone(), args.settings.config_every));
    }
    if args.model.watch {
        let (app, every) = (app.clone(), args.model.watch_every.unsigned_abs());
        chores.spawn(async move { app.model.watch(every, &app.context, &app.metrics).await });
    }
    let model_uid = app.model.get().file.model_uid.clone();
    tracing::info!(server.address = %address, model.uid = model_uid, "listening at http://{address}");

    let draining = CancellationToken::new();
    let serving = async {
        let keep_alive = args.service.keep_alive.unsigned_abs();
        let limits = Limits { keep_alive, drain: DRAIN_CALLS };
        serve(listener, router(app.clone()), limits, &context.shutdown).await;
        draining.cancel();
        chores.shutdown().await;
        let model_uid = app.model.get().file.model_uid.clone();
        // The writer ends when nobody can send to it any more, and the shippers after it.
        drop(app);
        if let Some(ends) = ends {
            ends.wait().await;
        }
        model_uid
    };
    let shipping = async {
        let all = join_all(shippers.into_iter().map(|shipper| shipper.run(draining.clone())));
        let deadline = async {
            draining.cancelled().await;
            tokio::time::sleep(DRAIN_LOG).await;
        };
        tokio::select! {
            _ = all => true,
            () = deadline => false,
        }
    };
    let (model_uid, is_drained) = tokio::join!(serving, shipping);
    let spooled_bytes = spool_state.as_ref().map_or(0, |state| state.bytes.load(Ordering::Relaxed));
    if !is_drained {
        tracing::warn!(
            spool.bytes = spooled_bytes,
            "some records of the log are not uploaded yet; the next start with this spool continues"
        );
    }
    Ok(Served {
        model_uid,
        logged: spool_state.map_or(0, |state| state.records.get()),
        spooled_bytes,
    })
}

fn settings(args: &Args, context: &Context) -> Result<LiveSettings> {
    let wrong = |what: String| UsageError::new(what);
    let rule = args.settings.heuristic.as_deref().map_or(Ok(None), heuristic);
    let settings = Settings {
        cut_off: args.settings.cut_off,
        heuristic_share: args.settings.heuristic_share,
        heuristic: rule.map_err(|error| wrong(format!("--heuristic: {error}")))?,
        experiment: args.settings.experiment.clone(),
    };
    settings
        .check()
        .map_err(|error| wrong(format!("--heuristic-share: {error}; add --heuristic")))?;
    let table = args.settings.config_table.clone().zip(args.settings.database());
    if let Some((_, database)) = &table {
        context.check_lasting(database)?;
    }
    Ok(LiveSettings::new(settings, table.map(|(table, database)| (database, table))))
}

/// The spool, and what takes its records away.
struct Log {
    spool: Option<Spool>,
    ends: Option<SpoolEnd>,
    shippers: Vec<Shipper>,
}

async fn open_log(args: &Args, context: &Context) -> Result<Log> {
    let mut sinks = Vec::new();
    if let Some(logs) = &args.log.logs {
        sinks.push(Sink::Objects(ObjectsSink::open(logs, args.log.log_objects).await));
    }
    if let Some(database) = args.settings.database().filter(|_| args.log.log_database) {
        context.check_lasting(&database)?;
        let refused = args.log.spool.join("refused.ndjson");
        let sink = DatabaseSink::new(
            database,
            args.settings.create_tables,
            refused,
            context.model.clone(),
        );
        sinks.push(Sink::Database(Box::new(sink)));
    }
    if sinks.is_empty() {
        tracing::warn!("requests are not logged; set --logs (MLOPS_LOGS) or --log-database");
        return Ok(Log { spool: None, ends: None, shippers: Vec::new() });
    }
    let (senders, shippers): (Vec<_>, Vec<_>) = sinks.into_iter().map(Shipper::new).unzip();
    let policy = SpoolPolicy {
        folder: args.log.spool.clone(),
        durable: args.log.durable,
        max_bytes: args.log.spool_max_bytes,
        segment_bytes: args.log.log_batch_bytes,
        segment_age: args.log.segment_age(),
    };
    let (spool, ends) = Spool::open(policy, senders)?;
    Ok(Log { spool: Some(spool), ends: Some(ends), shippers })
}

async fn refresh_again_and_again(app: Arc<App>, every: SignedDuration) {
    let every = every.unsigned_abs();
    let mut pause =
        if app.settings.last_refresh().is_some() { every } else { CONFIG_PAUSE.min(every) };
    loop {
        tokio::time::sleep(pause).await;
        let refreshed = app.refresh_settings().await;
        pause = if refreshed.is_ok() { every } else { CONFIG_PAUSE.min(every) };
        warn_of_unknown_fields(&app);
    }
}

/// Warns about fields of the heuristic that are not features of the model: a request may have them, or
/// the name is a typing error, and the rule never holds.
fn warn_of_unknown_fields(app: &App) {
    let (settings, model) = (app.settings.get(), app.model.get());
    let fields = settings.heuristic.as_ref().map(|rule| rule.fields()).unwrap_or_default();
    let unknown: Vec<&str> =
        fields.into_iter().filter(|field| model.feature(field).is_none()).collect();
    if !unknown.is_empty() {
        let unknown = unknown.join(", ");
        tracing::warn!(
            "the heuristic uses {unknown}, which is not a feature of the model; check that requests contain it"
        );
    }
}
