use std::collections::{BTreeMap, HashMap};

use anyhow::{Context as _, Result};
use futures_util::TryStreamExt;
use jiff::Timestamp;
use mlops_core::ports::OutcomeStore;
use mlops_core::table::{Column, Kind, Rules, Table, Values};
use mlops_core::window::Window;
use mlops_detect::performance::{Arm, TrainingFigures, calibration_needed};
use mlops_job::{Context, UsageError};
use mlops_model::calibration::Calibration;
use mlops_model::metrics::Metrics;
use mlops_model::{ModelError, Target};
use mlops_monitor::{
    LOG_TIME, LabelCounts, LogColumns, LogsAt, OutcomesOf, PublishedModel, Source, label,
    read_logged, read_outcomes, read_table, rows_in_window,
};
use mlops_sql::Database;

use crate::Args;

const CLIENT_ID: &str = "client_id";

/// The fields of the output that are read, each with the column that it becomes.
const OUTPUTS: [(&str, &str, Kind); 4] = [
    ("prediction", "output.prediction", Kind::Numeric),
    ("high_risk", "output.high_risk", Kind::Categorical),
    ("model_uid", "output.model_uid", Kind::Categorical),
    ("model_used", "output.model_used", Kind::Categorical),
];

/// The column that outcomes become where no model names one.
const OUTCOME: &str = "outcome";

/// One scored request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) time: Option<Timestamp>,
    pub(crate) client: Option<String>,
    pub(crate) prediction: f64,
    pub(crate) is_high: bool,
    pub(crate) arm: Option<Arm>,
    /// Whether the model that is judged gave the prediction, and its outcome tells how good that
    /// was.
    pub(crate) is_judged: bool,
    /// The outcome; none while it is still to come.
    pub(crate) label: Option<bool>,
}

/// All that is judged.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) rows: Vec<Row>,
    /// Clients by group, each with the time of its first request.
    pub(crate) assigned: Vec<(Arm, Option<Timestamp>)>,
    /// Clients in both groups.
    pub(crate) in_both: Vec<String>,
    /// Lifetime values of clients.
    pub(crate) worth: HashMap<String, f64>,
    pub(crate) labels: Option<LabelCounts>,
    /// Rows without a prediction that is a probability.
    pub(crate) without_prediction: usize,
    pub(crate) training: Option<TrainingFigures>,
    /// Makes probabilities of the predictions, where they are none.
    pub(crate) calibration: Option<Calibration>,
}

/// Reads what is judged and what it is compared with.
pub(crate) async fn read(
    args: &Args,
    model: Option<&PublishedModel>,
    window: Window,
    database: Option<&Database>,
    context: &Context,
) -> Result<Rows> {
    let mut target = model.map(|model| model.file.model.schema.target.clone());
    let mut all = Rows {
        training: model.and_then(|model| TrainingFigures::of(&model.file.metrics)),
        ..Rows::default()
    };
    if let Some(location) = &args.data.reference {
        let table = read_table(location, &rules(args))
            .await
            .with_context(|| format!("reading the reference {location}"))?;
        let found = with_reference(&mut all, args, target.clone(), &table);
        target = Some(found.with_context(|| format!("reading the reference {location}"))?);
    }
    let model_uid = model.map(|model| model.file.model_uid.as_str());
    match &args.data.production {
        None => {
            let table = match database {
                Some(database) => read_logs(LogsAt::Database(database), window, context).await?,
                None => Table::default(),
            };
            label_logs(&mut all, args, target, model_uid, table, database).await?;
        }
        Some(location) => match Source::open(location, &rules(args))
            .await
            .context("reading the production data")?
        {
            Source::Logs(_) => {
                let table = read_logs(LogsAt::Objects(location), window, context).await?;
                label_logs(&mut all, args, target, model_uid, table, database).await?;
            }
            Source::Table(source) => {
                let named = [
                    ("--time", &args.data.time),
                    ("--arm", &args.impact.arm),
                    ("--client", &args.impact.client),
                ];
                for (argument, column) in named {
                    column
                        .as_ref()
                        .map_or(Ok(()), |column| source.check_column(argument, column))?;
                }
                source.check_column("--prediction", &args.data.prediction)?;
                if window != Window::default() && args.data.time.is_none() {
                    let message =
                        format!("{location} is a table; name its time column with --time");
                    return Err(UsageError::new(message).into());
                }
                let table = read_table(location, &rules(args))
                    .await
                    .with_context(|| format!("reading {location}"))?;
                let table =
                    rows_in_window(&table, args.data.time.as_deref().unwrap_or_default(), window);
                let target = target_of(args, target, &table)
                    .with_context(|| format!("reading {location}"))?;
                take_table(&mut all, args, &target, &table)?;
            }
            Source::Profiles(_) => {
                let message =
                    format!("{location} is a profile, which has no rows; name a table or logs");
                return Err(UsageError::new(message).into());
            }
        },
    }
    // Sums depend on the order of their parts, and a database has none.
    all.rows.sort_by(|a, b| {
        (a.time, &a.client).cmp(&(b.time, &b.client)).then(a.prediction.total_cmp(&b.prediction))
    });
    arms(&mut all);
    all.worth = worth(args, database).await?;
    Ok(all)
}

/// The figures of the reference, and a calibration if its predictions need one; gives back what its
/// target is.
fn with_reference(
    all: &mut Rows,
    args: &Args,
    target: Option<Target>,
    table: &Table,
) -> Result<Target> {
    let target = target_of(args, target, table)?;
    let labels = labels(table, &target)?;
    let predictions = numbers(table, &args.data.prediction)?;
    let known = labels.iter().zip(&predictions).filter_map(|(label, p)| Some(((*label)?, *p)));
    let (labels, predictions): (Vec<bool>, Vec<f64>) =
        known.filter(|(_, p)| (0.0..=1.0).contains(p)).unzip();
    let figures = TrainingFigures::of(&Metrics::of(&labels, &predictions));
    let missing = || UsageError::new("no rows of both outcomes with a prediction between 0 and 1");
    all.training = Some(figures.ok_or_else(missing)?);
    all.calibration = calibration_needed(&labels, &predictions);
    Ok(target)
}

/// The column with the outcome, and the outcome whose probability is predicted.
fn target_of(args: &Args, known: Option<Target>, table: &Table) -> Result<Target> {
    if let Some(known) = known {
        return with_name_and_positive(args, known);
    }
    let name = args.data.target.as_deref().ok_or_else(|| {
        UsageError::new(
            "the column with the outcome is missing; name it with --target, or a model with --models",
        )
    })?;
    positive_of(args, table, name)
}

/// The target of a model with the name and the positive outcome of the arguments.
fn with_name_and_positive(args: &Args, known: Target) -> Result<Target> {
    let target = Target { name: args.data.target.clone().unwrap_or(known.name), ..known };
    Ok(match &args.data.positive {
        Some(positive) => target.with_positive(positive).map_err(UsageError::because)?,
        None => target,
    })
}

fn positive_of(args: &Args, table: &Table, name: &str) -> Result<Target> {
    let positive = args.data.positive.as_deref();
    match (Target::choose(table, name, positive, None), positive) {
        (Ok(chosen), _) => Ok(chosen.target),
        // As long as all outcomes are the same, only the argument says which one is positive.
        (Err(ModelError::TargetLevels { levels, .. }), Some(positive)) if levels.len() == 1 => {
            let target = Target {
                name: name.to_owned(),
                positive: positive.to_owned(),
                negative: String::new(),
            };
            let [only] = <[String; 1]>::try_from(levels).unwrap_or_default();
            Ok(match target.is_positive(&only) {
                Some(true) => target,
                _ => Target { negative: only, ..target },
            })
        }
        (Err(error), _) => Err(UsageError::because(error).into()),
    }
}

/// Whether each row has the positive outcome; none where it has none.
fn labels(table: &Table, target: &Target) -> Result<Vec<Option<bool>>> {
    target.labels(table).map_err(|error| match error {
        ModelError::NoColumn { column } => UsageError::new(format!(
            "the data have no column `{column}` with outcomes; name it with --target"
        ))
        .into(),
        error => UsageError::because(error).into(),
    })
}

fn numbers(table: &Table, name: &str) -> Result<Vec<f64>> {
    let missing = || {
        UsageError::new(format!(
            "the data have no column `{name}` with predictions; name it with --prediction"
        ))
    };
    let column = table.column(name).ok_or_else(missing)?.clone().into_kind(Kind::Numeric);
    Ok(match column.values {
        Values::Numeric(numbers) => numbers,
        _ => Vec::new(),
    })
}

async fn read_logs(location: LogsAt<'_>, window: Window, context: &Context) -> Result<Table> {
    let columns = LogColumns {
        inputs: vec![(CLIENT_ID.to_owned(), Kind::Categorical)],
        outputs: OUTPUTS
            .iter()
            .map(|(field, name, kind)| ((*field).to_owned(), (*name).to_owned(), *kind))
            .collect(),
        ..LogColumns::default()
    };
    let (table, _) = read_logged(location, columns, window, context).await?;
    Ok(table)
}

async fn label_logs(
    all: &mut Rows,
    args: &Args,
    target: Option<Target>,
    model_uid: Option<&str>,
    table: Table,
    database: Option<&Database>,
) -> Result<()> {
    let outcomes = read_outcomes(&args.outcomes, database).await?;
    let target = target.map(|target| with_name_and_positive(args, target)).transpose()?;
    let name = target.as_ref().map_or(OUTCOME, |target| target.name.as_str()).to_owned();
    let labelled =
        label(&table, CLIENT_ID, &name, &outcomes, args.outcomes.absent_outcome.as_deref());
    all.labels = Some(labelled.counts);
    let target = match target {
        Some(target) => target,
        None if labelled.table.rows() == 0 => {
            Target { name, positive: String::new(), negative: String::new() }
        }
        None => positive_of(args, &labelled.table, &name).context("reading the outcomes")?,
    };
    let known = labels(&labelled.table, &target)?;
    take_logged(all, args, model_uid, &labelled.table, known);
    take_logged(all, args, model_uid, &labelled.waiting, vec![None; labelled.waiting.rows()]);
    // A request that no outcome answers still tells which arm its client was in.
    note_clients(all, &table);
    Ok(())
}

fn take_logged(
    all: &mut Rows,
    args: &Args,
    model_uid: Option<&str>,
    table: &Table,
    labels: Vec<Option<bool>>,
) {
    let names =
        |name: &str| table.column(name).map_or_else(|| vec![None; table.rows()], Column::names);
    let times = table.column(LOG_TIME).map_or_else(|| vec![None; table.rows()], Column::times);
    let predictions = numbers(table, "output.prediction").unwrap_or_default();
    let rows =
        names(CLIENT_ID).into_iter().zip(names("output.high_risk")).zip(names("output.model_uid"));
    let rows = rows.zip(names("output.model_used")).zip(times).zip(predictions).zip(labels);
    for ((((((client, high_risk), uid), used), time), prediction), label) in rows {
        if !(0.0..=1.0).contains(&prediction) {
            all.without_prediction += 1;
            continue;
        }
        let arm = arm_of(used.as_deref());
        let logged = high_risk.filter(|_| args.data.cut_off.is_none());
        all.rows.push(Row {
            time: time.and_then(|time| Timestamp::from_microsecond(time).ok()),
            client,
            prediction,
            is_high: logged.map_or(prediction >= args.data.cut_off.unwrap_or(0.5), |high| {
                high == "yes" || high == "true"
            }),
            arm: Some(arm),
            is_judged: arm == judged_arm(args)
                && uid.is_none_or(|uid| model_uid.is_none_or(|model_uid| model_uid == uid)),
            label,
        });
    }
}

/// Returns the group whose outcomes measure the predictions. In the control group, the application did
/// not act on the predictions.
fn judged_arm(args: &Args) -> Arm {
    match args.outcomes.outcomes_of {
        OutcomesOf::All => Arm::Model,
        OutcomesOf::Heuristic => Arm::Heuristic,
    }
}

fn arm_of(used: Option<&str>) -> Arm {
    if used.is_none_or(|used| used == "model") { Arm::Model } else { Arm::Heuristic }
}

fn note_clients(all: &mut Rows, table: &Table) {
    let Some(clients) = table.column(CLIENT_ID).map(Column::names) else { return };
    let used =
        table.column("output.model_used").map_or_else(|| vec![None; clients.len()], Column::names);
    let times = table.column(LOG_TIME).map_or_else(|| vec![None; clients.len()], Column::times);
    let seen = clients.into_iter().zip(used).zip(times).filter_map(|((client, used), time)| {
        let time = time.and_then(|time| Timestamp::from_microsecond(time).ok());
        Some((client?, arm_of(used.as_deref()), time))
    });
    note(all, seen);
}

fn note(all: &mut Rows, seen: impl Iterator<Item = (String, Arm, Option<Timestamp>)>) {
    // The first time that a client was seen in each arm.
    let mut first: BTreeMap<String, [Option<Option<Timestamp>>; 2]> = BTreeMap::new();
    for (client, arm, time) in seen {
        let known = &mut first.entry(client).or_default()[arm as usize];
        *known = Some(known.map_or(time, |known| known.min(time)));
    }
    for (client, arms) in first {
        match arms {
            [Some(_), Some(_)] => all.in_both.push(client),
            [Some(time), None] => all.assigned.push((Arm::Model, time)),
            [None, Some(time)] => all.assigned.push((Arm::Heuristic, time)),
            [None, None] => {}
        }
    }
}

fn take_table(all: &mut Rows, args: &Args, target: &Target, table: &Table) -> Result<()> {
    let names = |name: Option<&str>| {
        name.and_then(|name| table.column(name))
            .map_or_else(|| vec![None; table.rows()], Column::names)
    };
    let times = args.data.time.as_deref().and_then(|name| table.column(name));
    let times = times.map_or_else(|| vec![None; table.rows()], Column::times);
    let rows = numbers(table, &args.data.prediction)?.into_iter().zip(labels(table, target)?);
    let rows = rows
        .zip(times)
        .zip(names(args.impact.client.as_deref()))
        .zip(names(args.impact.arm.as_deref()));
    for ((((prediction, label), time), client), used) in rows {
        if !(0.0..=1.0).contains(&prediction) {
            all.without_prediction += 1;
            continue;
        }
        let arm = args.impact.arm.as_ref().map(|_| arm_of(used.as_deref()));
        all.rows.push(Row {
            time: time.and_then(|time| Timestamp::from_microsecond(time).ok()),
            client,
            prediction,
            is_high: prediction >= args.data.cut_off.unwrap_or(0.5),
            arm,
            is_judged: arm.is_none_or(|arm| arm == judged_arm(args)),
            label,
        });
    }
    let seen: Vec<_> =
        all.rows.iter().filter_map(|row| Some((row.client.clone()?, row.arm?, row.time))).collect();
    note(all, seen.into_iter());
    Ok(())
}

/// Without a heuristic there is nothing to compare the model with.
fn arms(all: &mut Rows) {
    let is_compared =
        !all.in_both.is_empty() || all.assigned.iter().any(|(arm, _)| *arm == Arm::Heuristic);
    if !is_compared {
        all.assigned.clear();
        all.rows.iter_mut().for_each(|row| row.arm = None);
    }
}

/// Returns how tables are read. Cells that are not of their column's kind are counted as rows without a
/// prediction, however many they are.
fn rules(args: &Args) -> Rules {
    let texts = [&args.impact.client, &args.impact.arm, &args.data.target];
    Rules {
        texts: texts.into_iter().flatten().cloned().collect(),
        max_bad_cells: 1.0,
        ..Rules::default()
    }
}

async fn worth(args: &Args, database: Option<&Database>) -> Result<HashMap<String, f64>> {
    let Some(location) = &args.impact.ltv else {
        return match database {
            Some(database) => Ok(database.lifetime_values().try_collect().await?),
            None => Ok(HashMap::new()),
        };
    };
    let rules = Rules { texts: vec!["client_id".to_owned()], ..Rules::default() };
    let table =
        read_table(location, &rules).await.with_context(|| format!("reading --ltv {location}"))?;
    let column = |name: &str| {
        let missing = || {
            UsageError::new(format!(
                "{location} has no column `{name}`; it needs client_id and ltv"
            ))
        };
        table.column(name).ok_or_else(missing)
    };
    let clients = column(CLIENT_ID)?.names();
    column("ltv")?;
    let worth = clients.into_iter().zip(numbers(&table, "ltv")?);
    Ok(worth
        .filter_map(|(client, worth)| Some((client?, worth)))
        .filter(|(_, worth)| worth.is_finite())
        .collect())
}
