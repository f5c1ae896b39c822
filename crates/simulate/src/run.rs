use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use mlops_core::ports::ObjectStore;
use mlops_job::{Context, UsageError};
use mlops_objects::{Objects, local_copy};

use crate::args::{Command, CustomersArgs, TrafficArgs};
use crate::case_study::case_study;
use crate::customers::{self, Customers};
use crate::demo::demo;
use crate::dials::{Change, Dial, Drift};
use crate::layout::Layout;
use crate::request::Columns;
use crate::rows::RowSource;
use crate::traffic::{Plan, Traffic};
use crate::{Args, SimulateReport, Written};

/// Objects written at once.
const WRITES: usize = 32;

const DEFAULT_REQUESTS: u64 = 10_000;

/// Writes what is asked for. A second run with the same arguments writes the same bytes under the
/// same keys.
pub async fn run(args: Args, context: Context) -> Result<SimulateReport> {
    match args.command {
        Command::Customers(args) => write_customers(args).await.map(SimulateReport::Written),
        Command::Traffic(args) => write_traffic(*args, context).await.map(SimulateReport::Written),
        Command::Demo(args) => demo(args, context).await.map(SimulateReport::Demo),
        Command::CaseStudy(args) => {
            Ok(SimulateReport::CaseStudy(Box::new(case_study(*args, context).await?)))
        }
    }
}

async fn write_customers(args: CustomersArgs) -> Result<Written> {
    let (root, key) = args.to.split_file().map_err(UsageError::because)?;
    let table = tokio::task::spawn_blocking(move || -> Result<Vec<u8>> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(customers::columns())?;
        let mut customers = Customers::new(args.seed);
        for _ in 0..args.rows {
            writer.write_record(customers.next_row())?;
        }
        Ok(writer.into_inner()?)
    })
    .await??;
    let bytes = table.len() as u64;
    Objects::open(&root).await.put(&key, Bytes::from(table)).await?;
    Ok(Written {
        to: args.to.to_string(),
        rows: args.rows,
        objects: 1,
        late: 0,
        duplicates: 0,
        bad: 0,
        bytes,
    })
}

async fn write_traffic(args: TrafficArgs, context: Context) -> Result<Written> {
    // The copy of a table in a bucket must last as long as its rows are read.
    let copy = match &args.table {
        Some(location) => Some(local_copy(location).await.context("reading --table")?),
        None => None,
    };
    let source = match &copy {
        Some(copy) => RowSource::Csv(copy.as_ref().to_owned()),
        None => RowSource::Customers { seed: args.seed },
    };
    let plan = plan(&args, source)?;
    let bar = context.progress.start("requests", Some(plan.requests));
    let mut traffic = Traffic::new(plan).map_err(UsageError::because)?;
    let (objects, bytes) = (AtomicU64::new(0), AtomicU64::new(0));
    let store = Objects::open(&args.to).await;
    let store = &store;
    let made = stream::iter(std::iter::from_fn(|| {
        let next = traffic.next_object().transpose();
        bar.set_position(traffic.made.requests);
        next
    }));
    made.map_err(|error| anyhow::Error::new(UsageError::because(error)))
        .take_until(context.shutdown.cancelled())
        .try_for_each_concurrent(WRITES, |object| {
            objects.fetch_add(1, Ordering::Relaxed);
            bytes.fetch_add(object.body.len() as u64, Ordering::Relaxed);
            async move { Ok(store.put(&object.key, Bytes::from(object.body)).await?) }
        })
        .await?;
    bar.finish_and_clear();
    let made = traffic.made;
    Ok(Written {
        to: args.to.to_string(),
        rows: made.requests,
        objects: objects.into_inner(),
        late: made.late,
        duplicates: made.duplicates,
        bad: made.bad,
        bytes: bytes.into_inner(),
    })
}

fn plan(args: &TrafficArgs, source: RowSource) -> Result<Plan> {
    let names = source.columns().map_err(UsageError::because)?;
    let column = |argument: &str, name: &str| {
        names.iter().position(|column| column == name).ok_or_else(|| {
            UsageError::new(format!(
                "{argument}: the table has no column `{name}`; its columns are {}",
                names.join(", ")
            ))
        })
    };
    let role = |argument: &str, chosen: &Option<String>, synthetic: &str| match chosen {
        Some(name) => column(argument, name).map(Some),
        None if args.table.is_none() => column(argument, synthetic).map(Some),
        None => Ok(None),
    };
    let (id, target) =
        (role("--id", &args.id, "client_id")?, role("--target", &args.target, "churn")?);
    let prediction =
        args.prediction.as_deref().map(|name| column("--prediction", name)).transpose()?;
    let dials = args
        .drift
        .iter()
        .map(|drift| dial(drift, column("--drift", &drift.feature)?, &source))
        .collect::<Result<_, UsageError>>()?;
    if args.from >= args.until {
        return Err(UsageError::new(format!(
            "--from {} is not before --until {}",
            args.from, args.until
        ))
        .into());
    }
    let requests = match args.rows {
        Some(rows) => rows,
        None => source.count().map_err(UsageError::because)?.unwrap_or(DEFAULT_REQUESTS),
    };
    Ok(Plan {
        columns: Columns { id, target, prediction, names },
        dials,
        requests,
        from: args.from,
        until: args.until,
        layout: Layout {
            keys: args.layout,
            per_object: args.per_object as usize,
            compress: args.compress,
        },
        late: args.late,
        duplicates: args.duplicates,
        bad: args.bad,
        seed: args.seed,
        source,
    })
}

fn dial(drift: &Drift, column: usize, source: &RowSource) -> Result<Dial, UsageError> {
    let sd = match drift.change {
        Change::ShiftSd(_) => {
            source.standard_deviation(column).map_err(UsageError::because)?.ok_or_else(|| {
                UsageError::new(format!(
                    "--drift {}: the column has no numbers, so it has no standard deviation",
                    drift.feature
                ))
            })?
        }
        Change::Scale(_) | Change::Replace { .. } => 0.0,
    };
    Ok(Dial { column, change: drift.change.clone(), sd })
}
