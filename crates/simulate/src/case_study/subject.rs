use anyhow::{Context as _, Result};
use mlops_core::table::{Kind, Rules, Table};
use mlops_detect::shift::Roles;
use mlops_job::UsageError;
use mlops_model::{FeatureKind, Model, Progress, Recipe, Schema, Target, sample_indices};
use mlops_monitor::{PublishedModel, read_table};
use mlops_objects::Location;

use super::args::CaseStudyArgs;
use crate::customers::customers_table;

/// The rows that a model is fitted to on the spot.
const SYNTHETIC_ROWS: usize = 20_000;

/// The seeds of the synthetic customers that a model is fitted to, and of those that it is tried
/// on.
const SYNTHETIC_SEEDS: [u64; 2] = [1, 2];

/// The features of synthetic customers that are changed.
const SYNTHETIC_FEATURES: [&str; 3] = ["profile_score", "activity_score", "device_type"];

/// A model with held-out rows.
pub(super) struct Subject {
    pub(super) model: Model,
    pub(super) model_uid: Option<String>,
    pub(super) reference: Table,
    pub(super) test: Table,
    pub(super) labels: Vec<bool>,
    pub(super) roles: Roles,
    pub(super) numeric: Vec<String>,
    pub(super) categorical: Vec<String>,
}

impl Subject {
    pub(super) async fn read(args: &CaseStudyArgs) -> Result<Self> {
        let mut args = args.clone();
        let (model, reference, test) = match (&args.models, &args.data) {
            (Some(location), Some(data)) => {
                let model = PublishedModel::read(&models(location)?, None).await?;
                let reference =
                    args.reference.clone().map_or_else(|| model.part("training.parquet"), Ok)?;
                let rules = match args.reference {
                    Some(_) => rules(&args),
                    None => Rules::of_types(),
                };
                let reference_rows = read_table(&reference, &rules).await;
                let reference_rows = reference_rows
                    .with_context(|| format!("reading the training data {reference}"))?;
                (Some(model), reference_rows, read(&args, data).await?)
            }
            (_, Some(data)) => {
                let table = read(&args, data).await?;
                let (fitted, test) = split(&table, args.test_rows as usize)?;
                (None, fitted, test)
            }
            (_, None) => {
                let [of_model, of_test] = SYNTHETIC_SEEDS;
                args.target.get_or_insert_with(|| "churn".to_owned());
                if args.id.is_empty() {
                    args.id.push("client_id".to_owned());
                }
                if args.features.is_empty() {
                    args.features = SYNTHETIC_FEATURES.map(str::to_owned).to_vec();
                }
                let test = customers_table(of_test, args.test_rows as usize);
                (None, customers_table(of_model, SYNTHETIC_ROWS), test)
            }
        };
        let target = args
            .target
            .clone()
            .or_else(|| Some(model.as_ref()?.file.model.schema.target.name.clone()));
        let Some(target) = target else {
            let message = "--target (SIMULATE_TARGET) is missing: name the target column of --data";
            return Err(UsageError::new(message).into());
        };
        let model_uid = model.as_ref().map(|model| model.file.model_uid.clone());
        let model = match model {
            Some(model) => model.file.model,
            None => fit(&reference, &target, &args)?,
        };
        check_positive(&args, &model.schema.target)?;
        let (mut test, labels) =
            labelled(test, &Target { name: target.clone(), ..model.schema.target.clone() })?;
        let [numeric, categorical] = chosen(&model, &args.features)?;
        let kinds = numeric.iter().map(|name| (name, Kind::Numeric));
        for (name, kind) in kinds.chain(categorical.iter().map(|name| (name, Kind::Categorical))) {
            let column = test.columns.iter_mut().find(|column| column.name == *name);
            let column = column.ok_or_else(|| {
                UsageError::new(format!("--data has no column `{name}`, which --features names"))
            })?;
            *column = column.clone().into_kind(kind);
        }
        let roles = Roles { ids: args.id, targets: vec![target], ..Roles::default() };
        Ok(Self { model, model_uid, reference, test, labels, roles, numeric, categorical })
    }
}

/// Returns how tables are read: the columns with IDs as texts.
fn rules(args: &CaseStudyArgs) -> Rules {
    args.reading.rules(&args.id)
}

async fn read(args: &CaseStudyArgs, data: &Location) -> Result<Table> {
    read_table(data, &rules(args)).await.with_context(|| format!("reading --data {data}"))
}

/// Returns the storage location of models. The argument may name `model.pkl` in it.
fn models(location: &Location) -> Result<Location> {
    let text = location.to_string();
    let folder =
        text.strip_suffix("model.pkl").map(|folder| if folder.is_empty() { "." } else { folder });
    Ok(folder.map_or_else(|| Ok(location.clone()), str::parse).map_err(UsageError::because)?)
}

/// The rows to fit a model to, and those that are held out, at most a quarter.
fn split(table: &Table, test_rows: usize) -> Result<(Table, Table)> {
    let rows = table.rows();
    let held_out = sample_indices(rows, test_rows.min(rows / 4), 0);
    if held_out.is_empty() {
        return Err(UsageError::new(format!(
            "--data has {rows} rows; training and evaluation need several hundred"
        ))
        .into());
    }
    let fitted: Vec<usize> = (0..rows).filter(|row| held_out.binary_search(row).is_err()).collect();
    Ok((table.take(&fitted), table.take(&held_out)))
}

/// Refuses another positive outcome than the one whose probability the model predicts.
fn check_positive(args: &CaseStudyArgs, target: &Target) -> Result<(), UsageError> {
    let Some(positive) = &args.positive else { return Ok(()) };
    let wanted = target.clone().with_positive(positive).map_err(UsageError::because)?;
    if wanted == *target {
        return Ok(());
    }
    Err(UsageError::new(format!(
        "--positive {positive}: the model predicts the probability of {}; omit --positive",
        target.positive
    )))
}

fn fit(table: &Table, target: &str, args: &CaseStudyArgs) -> Result<Model> {
    let chosen = Target::choose(table, target, args.positive.as_deref(), None);
    let schema = chosen.and_then(|chosen| Schema::with_target(table, chosen.target, &args.id));
    let schema = schema.map_err(UsageError::because)?;
    let (table, labels) = labelled(table.clone(), &schema.target)?;
    let fitted = Model::fit(&table, &labels, &schema, &Recipe::default(), &Progress::none());
    Ok(fitted.map_err(UsageError::because)?)
}

/// The rows whose outcome is known.
fn labelled(table: Table, target: &Target) -> Result<(Table, Vec<bool>)> {
    let labels = target.labels(&table).map_err(UsageError::because)?;
    let known: Vec<usize> = (0..labels.len()).filter(|row| labels[*row].is_some()).collect();
    let of_known: Vec<bool> = labels.iter().flatten().copied().collect();
    let positives = of_known.iter().filter(|label| **label).count();
    if positives == 0 || positives == of_known.len() {
        let Target { name, positive, negative } = target;
        let message = format!(
            "the {} rows with an outcome in `{name}` need both outcomes, {positive} and {negative}",
            of_known.len()
        );
        return Err(UsageError::new(message).into());
    }
    Ok((table.take(&known), of_known))
}

/// Returns the numeric and the categorical features to change: those of --features, or those with the
/// highest importance.
fn chosen(model: &Model, named: &[String]) -> Result<[Vec<String>; 2]> {
    let mut features: Vec<_> = model.schema.features.iter().zip(&model.importances).collect();
    features.sort_by(|a, b| b.1.total_cmp(a.1));
    let is_numeric = |name: &str| {
        let found = features.iter().find(|(feature, _)| feature.name == name);
        found.map(|(feature, _)| matches!(feature.kind, FeatureKind::Numeric))
    };
    if named.is_empty() {
        let best = |wanted: fn(&FeatureKind) -> bool, count: usize| -> Vec<String> {
            let best = features.iter().filter(|(feature, _)| wanted(&feature.kind)).take(count);
            best.map(|(feature, _)| feature.name.clone()).collect()
        };
        let numeric = best(|kind| matches!(kind, FeatureKind::Numeric), 2);
        return Ok([numeric, best(|kind| matches!(kind, FeatureKind::Categorical { .. }), 1)]);
    }
    for name in named {
        if is_numeric(name).is_none() {
            let names: Vec<&str> =
                features.iter().map(|(feature, _)| feature.name.as_str()).collect();
            let message = format!(
                "--features {name}: the model has no such feature; its features are {}",
                names.join(", ")
            );
            return Err(UsageError::new(message).into());
        }
    }
    let (numeric, categorical): (Vec<String>, Vec<String>) =
        named.iter().cloned().partition(|name| is_numeric(name) == Some(true));
    if numeric.len() > 2 {
        let message =
            format!("--features names {} numeric features; name at most two", numeric.len());
        return Err(UsageError::new(message).into());
    }
    Ok([numeric, categorical])
}
