use anyhow::{Context as _, Result, bail};
use mlops_core::table::Table;
use mlops_core::timestamp::to_sql_text;
use mlops_detect::shift::{FeatureSet, FeatureShift, Roles, ShiftPolicy, compare};
use mlops_job::{Context, UsageError};
use mlops_model::artifact::{ModelFile, Training};
use mlops_model::gate::{GatePolicy, GateReport, HeldOut, judge};
use mlops_model::metrics::Metrics;
use mlops_model::{FeatureKind, Model, Progress, Recipe, Schema, golden_failures};
use mlops_stats::profile::{Profile, Profiles};
use mlops_table::{write_parquet, write_profiles};
use sha2::{Digest, Sha256};

use crate::data::{Data, Part};

/// A trained and evaluated model, with the files to publish with it.
pub(crate) struct Trained {
    pub(crate) file: ModelFile,
    pub(crate) pickle: Vec<u8>,
    pub(crate) champion: Option<Metrics>,
    pub(crate) gate: GateReport,
    /// Predicted probabilities of the held-out rows.
    pub(crate) probabilities: Vec<f64>,
    pub(crate) labels: Vec<bool>,
    pub(crate) training_copy: Vec<u8>,
    pub(crate) profile: Vec<u8>,
}

/// The settings of a training.
pub(crate) struct Plan {
    pub(crate) recipe: Recipe,
    pub(crate) champion: Option<Champion>,
    pub(crate) policy: GatePolicy,
    pub(crate) segment: Option<String>,
    /// Golden requests: rows with bounds of their probability.
    pub(crate) golden: Option<Table>,
    pub(crate) new_schema: bool,
}

/// The current model.
pub(crate) struct Champion {
    pub(crate) model_uid: String,
    pub(crate) model: Model,
    /// Profiles of its training data; `None` with --new-schema.
    pub(crate) profiles: Option<Profiles>,
}

/// Trains the model, and evaluates it with the gate.
pub(crate) fn train(data: Data, plan: &Plan, context: &Context) -> Result<Trained> {
    let bar = context.progress.start("trees and rounds", Some(plan.recipe.steps() as u64));
    let tell = |_| bar.inc(1);
    let fitted = Model::fit(
        &data.train.table,
        &data.train.labels,
        &data.schema,
        &plan.recipe,
        &Progress::new(&tell),
    );
    bar.finish_and_clear();
    let model = fitted.map_err(UsageError::because)?;
    let probabilities = model.predict(&data.test.table).map_err(UsageError::because)?;
    let reference = Profile::of_table(&data.train.table);
    let (champion, mut reasons) =
        match &plan.champion {
            None => (None, Vec::new()),
            Some(Champion { model, profiles, .. }) => {
                let mut reasons = if plan.new_schema {
                    Vec::new()
                } else {
                    schema_changes(&model.schema, &data.schema)
                };
                reasons.extend(profiles.iter().flat_map(|profiles| {
                    broken_columns(&profiles.whole, &reference, &model.schema)
                }));
                (predict_champion(model, &data.test, plan.new_schema)?, reasons)
            }
        };
    if let Some(golden) = &plan.golden {
        let failures = golden_failures(&model, golden);
        reasons.extend(failures.map_err(|error| UsageError::new(format!("--golden: {error}")))?);
    }
    let segments = plan
        .segment
        .as_ref()
        .and_then(|segment| data.test.table.column(segment))
        .map(|column| column.names());
    let base_rate = data.train.positives() as f64 / data.train.labels.len() as f64;
    let held_out = HeldOut {
        labels: &data.test.labels,
        challenger: &probabilities,
        champion: champion.as_deref(),
        base_rate,
        segments: segments.as_deref(),
    };
    let mut gate = judge(held_out, &plan.policy);
    gate.reasons.append(&mut reasons);
    gate.accepted = gate.reasons.is_empty();

    let training_copy = write_parquet(&data.train.table)?;
    let digest = hex::encode(Sha256::digest(&training_copy));
    let time =
        |microseconds: i64| jiff::Timestamp::from_microsecond(microseconds).ok().map(to_sql_text);
    let training = Training {
        source: data.source,
        rows: data.train.labels.len() as u64,
        positives: data.train.positives() as u64,
        from: data.span.and_then(|(from, _)| time(from)),
        to: data.span.and_then(|(_, to)| time(to)),
        data_sha256: digest,
    };
    let mut file = ModelFile {
        model_uid: String::new(),
        created: String::new(),
        model,
        metrics: Metrics::of(&data.test.labels, &probabilities),
        training,
        git_commit: option_env!("GIT_COMMIT").map(str::to_owned),
    };
    file.model_uid = model_uid(&file, context);
    file.created = to_sql_text(context.started);
    let pickle = file.to_pickle();
    check_read_back(&pickle, &data.test.table, &probabilities)?;
    Ok(Trained {
        pickle,
        champion: champion.map(|champion| Metrics::of(&data.test.labels, &champion)),
        gate,
        probabilities,
        labels: data.test.labels,
        training_copy,
        profile: write_profiles(&Profiles { whole: reference, ..Profiles::default() })?,
        file,
    })
}

/// Returns the ID of a model: the time, then the first digits of the digest of the model without ID
/// and time.
fn model_uid(file: &ModelFile, context: &Context) -> String {
    let digest = hex::encode(Sha256::digest(file.to_pickle()));
    format!("{}-{}", context.started.strftime("%Y%m%dT%H%M%SZ"), &digest[..8])
}

/// Returns the predictions of the current model for the held-out rows; `None` if it cannot predict
/// them and --new-schema allows other columns.
fn predict_champion(
    champion: &Model,
    test: &Part,
    new_schema: bool,
) -> Result<Option<Vec<f64>>, UsageError> {
    match champion.predict(&test.table) {
        Ok(probabilities) => Ok(Some(probabilities)),
        Err(_) if new_schema => Ok(None),
        Err(error) => Err(UsageError::new(format!(
            "the current model cannot predict the held-out rows: {error}. Use --new-schema to replace it anyway"
        ))),
    }
}

/// Returns the differences in features and outcomes from the current model.
fn schema_changes(was: &Schema, is: &Schema) -> Vec<String> {
    let mut changes = Vec::new();
    if was.target != is.target {
        changes.push(format!(
            "the outcomes are {}/{}, and {}/{} in the current model",
            is.target.positive, is.target.negative, was.target.positive, was.target.negative
        ));
    }
    let kind = |schema: &Schema, name: &str| {
        let feature = schema.features.iter().find(|feature| feature.name == name)?;
        Some(std::mem::discriminant(&feature.kind))
    };
    let names = was.features.iter().chain(&is.features).map(|feature| feature.name.as_str());
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let change = match (kind(was, name), kind(is, name)) {
            (Some(_), None) => "is missing",
            (None, Some(_)) => "is new",
            (Some(was), Some(is)) if was != is => "has another type",
            _ => continue,
        };
        changes.push(format!("the column {name} {change}; --new-schema allows it"));
    }
    changes
}

/// Returns the columns whose data look broken, compared with the training data of the current model.
/// A model would learn such a fault.
fn broken_columns(was: &Profile, is: &Profile, schema: &Schema) -> Vec<String> {
    let numeric =
        schema.features.iter().filter(|feature| matches!(feature.kind, FeatureKind::Numeric));
    let roles = Roles {
        targets: vec![schema.target.name.clone()],
        numeric: numeric.map(|feature| feature.name.clone()).collect(),
        ..Roles::default()
    };
    let was = FeatureSet::new(was.clone(), &roles);
    let found = compare(&was.reference, &was.select(is.clone()), &ShiftPolicy::default());
    let broken = found.features.iter().filter(|found| {
        found.state.is_data_bug()
            && schema.features.iter().any(|feature| feature.name == found.feature)
    });
    let what = |found: &FeatureShift| {
        format!(
            "the column {} looks broken, compared with the training data of the current model ({}); --new-schema allows it",
            found.feature, found.why
        )
    };
    broken.map(what).collect()
}

/// Checks that the pickle, when read back, gives the evaluated predictions.
fn check_read_back(pickle: &[u8], test: &Table, probabilities: &[f64]) -> Result<()> {
    let read = ModelFile::from_pickle(pickle).context("reading the new model.pkl back")?;
    if read.model.predict(test)? != probabilities {
        bail!(
            "the new model.pkl gives other predictions when it is read back. Nothing is published. This is a bug of retrain; please report it"
        );
    }
    Ok(())
}
