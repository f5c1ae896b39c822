use std::collections::{BTreeSet, HashMap, HashSet};

use anyhow::{Context as _, Result};
use mlops_core::table::{Column, Form, Kind, Rules, Table};
use mlops_core::window::Window;
use mlops_detect::concept::Side;
use mlops_detect::shift::{FeatureSet, Roles};
use mlops_job::{Context, UsageError};
use mlops_model::{Target, sample_indices};
use mlops_monitor::{
    LOG_TIME, LabelCounts, LogColumns, LogsAt, PublishedModel, Source, TableSource, label,
    read_logged, read_outcomes, rows_in_window,
};
use mlops_sql::Database;
use mlops_stats::profile::Profile;

use crate::Args;

/// The field of a logged request that says whose it is.
const CLIENT_ID: &str = "client_id";

/// The rows of both sides, with the same columns.
pub(crate) struct Rows {
    pub(crate) reference: Side,
    pub(crate) production: Side,
    /// Rows whose outcome is known, then and now.
    pub(crate) labelled: Option<[LabelledRows; 2]>,
    pub(crate) about: AboutRows,
}

/// Figures about the rows for the report.
pub(crate) struct AboutRows {
    /// Columns that are not compared, and why.
    pub(crate) skipped: Vec<(String, String)>,
    /// Columns that only production has.
    pub(crate) new_columns: Vec<String>,
    /// Rows that were left out since their customer counts already.
    pub(crate) repeated: usize,
    /// Numbers of logged requests with and without an outcome.
    pub(crate) label_counts: Option<LabelCounts>,
}

/// Rows with their outcomes.
pub(crate) struct LabelledRows {
    pub(crate) side: Side,
    pub(crate) labels: Vec<bool>,
}

/// Reads both sides.
pub(crate) async fn read(
    args: &Args,
    model: Option<&PublishedModel>,
    window: Window,
    database: Option<&Database>,
    context: &Context,
) -> Result<Rows> {
    let location = match (&args.data.reference, model) {
        (Some(location), _) => location.clone(),
        (None, Some(model)) => model.part("training.parquet")?,
        (None, None) => {
            let message = "--reference (CONCEPT_SHIFT_REFERENCE) is missing; name the training data, such as train.csv, or the folder of the models with --models";
            return Err(UsageError::new(message).into());
        }
    };
    let target = args
        .data
        .target
        .clone()
        .or_else(|| model.map(|model| model.file.model.schema.target.name.clone()));
    let rules = match &args.data.reference {
        Some(_) => rules(args),
        None => Rules::of_types(),
    };
    let source = Source::open(&location, &rules)
        .await
        .with_context(|| format!("reading the training data {location}"))?;
    let Source::Table(source) = source else {
        let message = format!("--reference {location} is not a table; name a CSV or Parquet file");
        return Err(UsageError::new(message).into());
    };
    for (argument, name) in
        args.data.id.iter().map(|id| ("--id", id)).chain(target.iter().map(|it| ("--target", it)))
    {
        source.check_column(argument, name)?;
    }
    let known: HashSet<String> = source.columns().map(|(name, _)| name.to_owned()).collect();
    // An id is large, and nobody asks for it but to tell customers apart.
    let is_needless =
        |name: &str| args.data.id.iter().any(|id| id == name) && name != args.data.unit;
    let (needless, needed): (Vec<String>, Vec<String>) =
        source.columns().map(|(name, _)| name.to_owned()).partition(|name| is_needless(name));
    let reference = source.read_columns(needed).await?;
    let taken = model
        .map(|model| model.file.model.schema.features.iter().map(|it| it.name.clone()).collect());
    let targets = target.iter().cloned().collect();
    let roles = Roles { ids: args.data.id.clone(), targets, taken, ..Roles::default() };
    let features = FeatureSet::new(Profile::of_table(&reference), &roles);
    let columns = features.kinds();
    let wanted = Wanted {
        columns: &columns,
        forms: reference.columns.iter().map(|it| (it.name.clone(), it.form)).collect(),
        known: &known,
        unit: &args.data.unit,
        target: target.as_deref(),
    };
    let production = production(args, &wanted, window, database, context).await?;

    let mut skipped: Vec<(String, String)> =
        needless.into_iter().map(|name| (name, "an ID".to_owned())).collect();
    skipped.extend(
        features.skipped.iter().map(|skipped| (skipped.column.clone(), skipped.why.clone())),
    );
    let (compared, lacking): (Vec<_>, Vec<_>) =
        columns.iter().cloned().partition(|(name, _)| production.has.contains(name));
    skipped.extend(lacking.into_iter().map(|(name, _)| (name, "missing in production".to_owned())));
    let (reference, repeated_reference) = one_a_unit(reference, &args.data.unit);
    let current = model.map(|model| &model.file.model.schema.target);
    let mut sides = Sides { unit: &args.data.unit, columns: &compared, numbers: HashMap::new() };
    let (labelled, label_counts) =
        labelled(args, &reference, &production, (target.as_deref(), current), &mut sides, database)
            .await?;
    let Production { table, new_columns, .. } = production;
    let (production, repeated_production) = one_a_unit(table, &args.data.unit);
    Ok(Rows {
        reference: sides.of(reference),
        production: sides.of(production),
        labelled,
        about: AboutRows {
            skipped,
            new_columns,
            repeated: repeated_reference + repeated_production,
            label_counts,
        },
    })
}

/// Returns how tables are read: the columns with IDs as texts.
fn rules(args: &Args) -> Rules {
    let data = &args.data;
    let client = CLIENT_ID.to_owned();
    data.reading.rules(data.id.iter().chain([&data.unit, &client]))
}

/// The columns to read from production.
struct Wanted<'a> {
    columns: &'a [(String, Kind)],
    /// The forms of the reference's texts.
    forms: HashMap<String, Form>,
    /// The reference's columns, features or not.
    known: &'a HashSet<String>,
    unit: &'a str,
    target: Option<&'a str>,
}

struct Production {
    table: Table,
    /// The columns that it has; all that are wanted where it is logs.
    has: BTreeSet<String>,
    new_columns: Vec<String>,
    is_logged: bool,
}

async fn production(
    args: &Args,
    wanted: &Wanted<'_>,
    window: Window,
    database: Option<&Database>,
    context: &Context,
) -> Result<Production> {
    let mut all = Production {
        table: Table::default(),
        has: BTreeSet::new(),
        new_columns: Vec::new(),
        is_logged: false,
    };
    if let Some(database) = database {
        read_logs(&mut all, args, wanted, LogsAt::Database(database), window, context).await?;
        return Ok(all);
    }
    let mut is_table = false;
    for location in &args.data.production {
        let levels = wanted.columns.iter().filter(|(_, kind)| *kind == Kind::Categorical);
        let rules = Rules {
            levels: levels.map(|(name, _)| name.clone()).collect(),
            // Many of them are a finding of drift, and no reason to find nothing.
            max_bad_cells: 1.0,
            ..rules(args)
        };
        let source = Source::open(location, &rules).await.context("reading the production data")?;
        is_table |= matches!(source, Source::Table(_));
        if is_table && (all.is_logged || matches!(source, Source::Logs(_))) {
            return Err(UsageError::new(
                "--production names tables and logs; compare them in separate runs",
            )
            .into());
        }
        match source {
            Source::Logs(location) => {
                read_logs(&mut all, args, wanted, LogsAt::Objects(&location), window, context)
                    .await?;
            }
            Source::Profiles(_) => {
                let message =
                    format!("{location} is a profile, which has no rows; name a table or logs");
                return Err(UsageError::new(message).into());
            }
            Source::Table(_) if window != Window::default() && args.data.time.is_none() => {
                let message = format!("{location} is a table; name its time column with --time");
                return Err(UsageError::new(message).into());
            }
            Source::Table(source) => {
                if let Some(time) = &args.data.time {
                    source.check_column("--time", time)?;
                }
                read_table(&mut all, source, wanted, args.data.time.as_deref(), window).await?;
            }
        }
    }
    Ok(all)
}

async fn read_table(
    all: &mut Production,
    source: TableSource,
    wanted: &Wanted<'_>,
    time: Option<&str>,
    window: Window,
) -> Result<()> {
    let names: Vec<String> = source.columns().map(|(name, _)| name.to_owned()).collect();
    let is_new = |name: &&String| !wanted.known.contains(*name) && Some(name.as_str()) != time;
    all.new_columns.extend(names.iter().filter(is_new).cloned());
    all.has.extend(names);
    let others = [Some(wanted.unit), wanted.target].into_iter().flatten();
    let mut columns: Vec<(String, Kind)> = wanted.columns.to_vec();
    columns.extend(others.map(|name| (name.to_owned(), Kind::Categorical)));
    let time = time.unwrap_or_default().to_owned();
    let read = columns.iter().map(|(name, _)| name.clone()).chain([time.clone()]).collect();
    let mut table = source
        .read(read, Table::default(), move |rows, batch| {
            rows.append(&rows_in_window(&batch, &time, window))
        })
        .await?;
    table.shrink_to_fit();
    let table = table.select(&columns);
    if all.table.columns.is_empty() {
        all.table = table;
    } else {
        all.table.append(&table);
    }
    Ok(())
}

async fn read_logs(
    all: &mut Production,
    args: &Args,
    wanted: &Wanted<'_>,
    location: LogsAt<'_>,
    window: Window,
    context: &Context,
) -> Result<()> {
    let mut inputs = wanted.columns.to_vec();
    for other in [wanted.unit, CLIENT_ID] {
        if inputs.iter().all(|(name, _)| name != other) {
            inputs.push((other.to_owned(), Kind::Categorical));
        }
    }
    let columns = LogColumns {
        forms: wanted.forms.clone(),
        inputs,
        outputs: args.outcomes.outcomes_of.outputs(),
        known: wanted.known.clone(),
    };
    let (read, found) = read_logged(location, columns, window, context).await?;
    let table = &mut all.table;
    table.append(&read);
    // Neither a database nor a listing is in the order of time, by which the first row of a
    // customer counts.
    let times = table.column(LOG_TIME).map(Column::times).unwrap_or_default();
    let mut order: Vec<usize> = (0..table.rows()).collect();
    order.sort_by_key(|row| times[*row]);
    *table = table.take(&order);
    all.new_columns.extend(found.new_columns);
    all.has.extend(wanted.columns.iter().map(|(name, _)| name.clone()));
    all.is_logged = true;
    Ok(())
}

/// The rows with outcomes, if the relation is to be compared.
async fn labelled(
    args: &Args,
    reference: &Table,
    production: &Production,
    (target, current): (Option<&str>, Option<&Target>),
    sides: &mut Sides<'_>,
    database: Option<&Database>,
) -> Result<(Option<[LabelledRows; 2]>, Option<LabelCounts>)> {
    let asked = args.relation.relation || args.outcomes.outcomes.is_some();
    let Some(target) = target else {
        if asked {
            let message = "--relation needs the outcome; name its column with --target, or a model with --models";
            return Err(UsageError::new(message).into());
        }
        return Ok((None, None));
    };
    let (with_outcome, counts) = if production.is_logged {
        if !asked {
            return Ok((None, None));
        }
        let outcomes = read_outcomes(&args.outcomes, database).await?;
        let judged = args.outcomes.outcomes_of.keep(&production.table);
        let labelled =
            label(&judged, CLIENT_ID, target, &outcomes, args.outcomes.absent_outcome.as_deref());
        (labelled.table, Some(labelled.counts))
    } else if production.has.contains(target) {
        (one_a_unit(production.table.clone(), &args.data.unit).0, None)
    } else if asked {
        let message = format!("--relation: the production data have no column `{target}`");
        return Err(UsageError::new(message).into());
    } else {
        return Ok((None, None));
    };
    let chosen = Target::choose(reference, target, args.data.positive.as_deref(), current);
    let of_target = chosen.map_err(UsageError::because)?.target;
    let mut rows = |table: &Table| -> Result<LabelledRows> {
        let labels = of_target.labels(table).map_err(UsageError::because)?;
        let known: Vec<usize> = (0..labels.len()).filter(|row| labels[*row].is_some()).collect();
        let indices = sample_indices(known.len(), args.classifier.max_rows, args.classifier.seed);
        let known: Vec<usize> = indices.into_iter().map(|index| known[index]).collect();
        let labels = known.iter().filter_map(|row| labels[*row]).collect();
        Ok(LabelledRows { side: sides.of(table.take(&known)), labels })
    };
    Ok((Some([rows(reference)?, rows(&with_outcome)?]), counts))
}

/// Makes sides of tables, whose customers have the same numbers.
struct Sides<'a> {
    unit: &'a str,
    /// The features.
    columns: &'a [(String, Kind)],
    numbers: HashMap<String, u64>,
}

impl Sides<'_> {
    fn of(&mut self, table: Table) -> Side {
        let units = table.column(self.unit).map(Column::names).unwrap_or_default();
        let mut number = |unit: String| {
            let next = self.numbers.len() as u64;
            *self.numbers.entry(unit).or_insert(next)
        };
        let customers = units.into_iter().map(|unit| unit.map(&mut number)).collect();
        Side { table: table.select(self.columns), customers }
    }
}

/// The first row of each customer, and how many others there were.
fn one_a_unit(table: Table, unit: &str) -> (Table, usize) {
    let Some(units) = table.column(unit).map(Column::names) else { return (table, 0) };
    let mut seen = HashSet::new();
    let kept: Vec<usize> = units
        .iter()
        .enumerate()
        .filter(|(_, unit)| unit.as_ref().is_none_or(|unit| seen.insert(unit.clone())))
        .map(|(row, _)| row)
        .collect();
    let repeated = table.rows() - kept.len();
    if repeated == 0 { (table, 0) } else { (table.take(&kept), repeated) }
}
