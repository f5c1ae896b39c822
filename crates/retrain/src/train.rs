use anyhow::{Context as _, Result, bail};
use mlops_core::table::Table;
use mlops_core::timestamp::to_sql_text;
use mlops_job::{Context, UsageError};
use mlops_model::artifact::{ModelFile, Training};
use mlops_model::gate::{GatePolicy, GateReport, HeldOut, judge};
use mlops_model::metrics::Metrics;
use mlops_model::{Model, ModelError, PositiveBy, Progress, Recipe, Schema, golden_failures};
use mlops_monitor::BadCells;
use mlops_stats::profile::{Profile, Profiles};
use mlops_table::{write_parquet, write_profiles};
use sha2::{Digest, Sha256};

use crate::champion::{Champion, LeftOutOfComparison};
use crate::data::{Data, Part};
use crate::logistic::{LogisticReport, fit_beside};
use crate::reasons::{broken_columns, leaks, schema_changes};

/// A trained and evaluated model, with the files to publish with it.
pub(crate) struct Trained {
    pub(crate) file: ModelFile,
    pub(crate) pickle: Vec<u8>,
    /// The model as it was evaluated, if it was refitted to all rows.
    pub(crate) evaluated: Option<Vec<u8>>,
    pub(crate) gate: GateReport,
    pub(crate) left_out_of_comparison: LeftOutOfComparison,
    pub(crate) logistic: Option<LogisticReport>,
    pub(crate) identifiers: Vec<String>,
    pub(crate) positive_by: PositiveBy,
    pub(crate) bad_cells: Vec<BadCells>,
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
    /// Features that may predict the outcome alone.
    pub(crate) allowed_leaks: Vec<String>,
    /// Whether an accepted model is refitted to all rows.
    pub(crate) refit_all: bool,
}

/// Trains the model, evaluates it with the gate, and refits it to all rows.
pub(crate) fn train(data: Data, plan: &Plan, context: &Context) -> Result<Trained> {
    let weight = data.weight.as_deref();
    let model = fit(&data.train, &data.schema, weight, plan, context)?;
    let probabilities = model.predict(&data.test.table).map_err(UsageError::because)?;
    let reference = Profile::of_table(&data.train.table);
    let mut reasons = leaks(&data, &model, &plan.allowed_leaks);
    if let Some(champion) = &plan.champion {
        if !plan.new_schema {
            let was = &champion.model.schema;
            reasons.extend(schema_changes(was, &data.schema, &data.identifiers));
        }
        reasons.extend(champion.profiles.iter().flat_map(|profiles| {
            broken_columns(&profiles.whole, &reference, &champion.model.schema)
        }));
    }
    reasons.extend(golden(&model, plan)?);
    let champion = plan.champion.as_ref().map(|champion| champion.on_held_out(&data));
    let segments = plan
        .segment
        .as_ref()
        .and_then(|segment| data.test.table.column(segment))
        .map(|column| column.names());
    let held_out = HeldOut {
        labels: &data.test.labels,
        challenger: &probabilities,
        champion: champion.as_ref().map(|champion| champion.of_gate()),
        base_rate: data.train.positives() as f64 / data.train.labels.len() as f64,
        calibration: plan.recipe.calibration,
        segments: segments.as_deref(),
    };
    let mut gate = judge(held_out, &plan.policy);
    gate.reasons.append(&mut reasons);
    gate.accepted = gate.reasons.is_empty();
    let logistic = fit_beside(&data, &plan.recipe, &probabilities, plan.policy.confidence);

    let metrics = Metrics::of(&data.test.labels, &probabilities);
    let mut training = Training {
        source: data.source,
        rows: data.train.labels.len() as u64,
        positives: data.train.positives() as u64,
        ids: data.ids,
        time: data.time,
        weight: data.weight.clone(),
        ..Training::default()
    };
    let (test, labels) = (data.test.table.clone(), data.test.labels.clone());
    let (published, evaluated, fitted_to) = if gate.accepted && plan.refit_all {
        let all = data.train.followed_by(data.test).followed_by(data.unused);
        training.refitted_rows = Some(all.labels.len() as u64);
        let refitted = fit(&all, &data.schema, weight, plan, context)?;
        gate.reasons = golden(&refitted, plan)?;
        gate.accepted = gate.reasons.is_empty();
        (refitted, Some(model), all)
    } else {
        (model, None, data.train)
    };
    let training_copy = write_parquet(&fitted_to.table)?;
    training.data_sha256 = hex::encode(Sha256::digest(&training_copy));
    (training.from, training.to) = span(&fitted_to.table, training.time.as_deref());
    let expected = published.predict(&test)?;
    let profile = match evaluated {
        Some(_) => Profile::of_table(&fitted_to.table),
        None => reference,
    };
    let mut file = ModelFile {
        model_uid: String::new(),
        created: String::new(),
        model: published,
        metrics,
        training,
        git_commit: option_env!("GIT_COMMIT").map(str::to_owned),
    };
    file.model_uid = model_uid(&file, context);
    file.created = to_sql_text(context.started);
    let pickle = file.to_pickle();
    check_read_back(&pickle, &test, &expected)?;
    Ok(Trained {
        pickle,
        evaluated: evaluated.map(|model| ModelFile { model, ..file.clone() }.to_pickle()),
        gate,
        left_out_of_comparison: champion.map(|champion| champion.left_out).unwrap_or_default(),
        logistic,
        identifiers: data.identifiers,
        positive_by: data.positive_by,
        bad_cells: data.bad_cells,
        probabilities,
        labels,
        training_copy,
        profile: write_profiles(&Profiles { whole: profile, ..Profiles::default() })?,
        file,
    })
}

fn fit(
    rows: &Part,
    schema: &Schema,
    weight: Option<&str>,
    plan: &Plan,
    context: &Context,
) -> Result<Model, UsageError> {
    let weights = rows.weights(weight);
    let bar = context.progress.start("trees and rounds", Some(plan.recipe.steps() as u64));
    let tell = |_| bar.inc(1);
    let progress = Progress::new(&tell);
    let fitted = Model::fit_groups(
        &rows.table,
        &rows.labels,
        &rows.groups,
        weights.as_deref(),
        schema,
        &plan.recipe,
        &progress,
    );
    bar.finish_and_clear();
    fitted.map_err(|error| match (error, weight) {
        (ModelError::Weight { row, weight }, Some(column)) => UsageError::new(format!(
            "--weight {column}: the weight of row {row} with an outcome is {weight}; weights must be numbers from 0 on"
        )),
        (error, _) => UsageError::because(error),
    })
}

/// Returns the golden requests that a model does not answer within their bounds.
fn golden(model: &Model, plan: &Plan) -> Result<Vec<String>, UsageError> {
    let Some(golden) = &plan.golden else { return Ok(Vec::new()) };
    golden_failures(model, golden).map_err(|error| UsageError::new(format!("--golden: {error}")))
}

/// Returns the first and the last time of the rows.
fn span(table: &Table, time: Option<&str>) -> (Option<String>, Option<String>) {
    let times = time.and_then(|time| table.column(time)).map(|column| column.times());
    let times = || times.iter().flatten().flatten().copied();
    let text =
        |microseconds: i64| jiff::Timestamp::from_microsecond(microseconds).ok().map(to_sql_text);
    (times().min().and_then(text), times().max().and_then(text))
}

/// Returns the ID of a model: the time, then the first digits of the digest of the model without ID
/// and time.
fn model_uid(file: &ModelFile, context: &Context) -> String {
    let digest = hex::encode(Sha256::digest(file.to_pickle()));
    format!("{}-{}", context.started.strftime("%Y%m%dT%H%M%SZ"), &digest[..8])
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
