use mlops_core::table::{Cell, Column, Kind, Table};
use mlops_job::UsageError;
use mlops_model::artifact::ModelFile;
use mlops_model::gate::GatePolicy;
use mlops_model::{FeatureKind, Model, Schema, golden_failures};

/// Numbers that no training data had all of.
const NUMBERS: [f64; 7] = [0.0, 1.0, -1.0, 0.5, 1e300, -1e300, 1e-300];

/// Points in time far apart: microseconds since 1970.
const TIMES: [i64; 3] = [0, 1_800_000_000_000_000, -2_000_000_000_000_000];

/// Why a model may not go into an image: what a program that loads it would stumble over.
pub(crate) fn faults(
    file: &ModelFile,
    bytes: &[u8],
    golden: Option<&Table>,
) -> Result<Vec<String>, UsageError> {
    let mut faults = Vec::new();
    if file.model_uid.is_empty() {
        faults.push("it has no model_uid, by which its requests would be known".to_owned());
    }
    let Schema { features, target } = &file.model.schema;
    if features.is_empty() || target.positive == target.negative {
        faults.push("it has no features, or one outcome only".to_owned());
    }
    if !file.metrics.log_loss.is_some_and(f64::is_finite)
        || !file.metrics.roc_auc.is_some_and(f64::is_finite)
    {
        faults.push("it does not say how good it was on held-out rows".to_owned());
    }
    if !ModelFile::has_onnx(bytes) {
        faults.push("it has no ONNX inside, for other runtimes".to_owned());
    }
    faults.extend(unsound_answer(&file.model));
    if let Some(golden) = golden {
        let failures = golden_failures(&file.model, golden);
        faults.extend(failures.map_err(|error| UsageError::new(format!("--golden: {error}")))?);
    }
    Ok(faults)
}

/// Why a model may not follow the one that is in production.
pub(crate) fn objections(
    file: &ModelFile,
    present: &ModelFile,
    margins: &GatePolicy,
) -> Vec<String> {
    let mut objections = Vec::new();
    if inputs(&file.model.schema) != inputs(&present.model.schema) {
        let message = "it takes other columns or foretells something else than the model in production, whose requests it would get";
        objections.push(message.to_owned());
    }
    if let (Some(new), Some(old)) = (file.metrics.roc_auc, present.metrics.roc_auc)
        && new < old - margins.margin_auc
    {
        objections
            .push(format!("its AUC is {new:.4}, and that of the model in production {old:.4}"));
    }
    if let (Some(new), Some(old)) = (file.metrics.log_loss, present.metrics.log_loss)
        && new > old + margins.margin_log_loss
    {
        objections.push(format!(
            "its log loss is {new:.4}, and that of the model in production {old:.4}"
        ));
    }
    objections
}

/// What a request has to bring, and what is foretold.
fn inputs(schema: &Schema) -> (Vec<(&str, Kind)>, [&str; 2]) {
    let mut features: Vec<(&str, Kind)> = schema
        .features
        .iter()
        .map(|feature| (feature.name.as_str(), kind(&feature.kind)))
        .collect();
    features.sort_unstable_by_key(|(name, _)| *name);
    (features, [&schema.target.name, &schema.target.positive])
}

fn kind(feature: &FeatureKind) -> Kind {
    match feature {
        FeatureKind::Numeric => Kind::Numeric,
        FeatureKind::Categorical { .. } => Kind::Categorical,
        FeatureKind::Date => Kind::Date,
    }
}

/// The first row, of missing, usual, unknown and absurd values, whose answer is no probability.
fn unsound_answer(model: &Model) -> Option<String> {
    let columns: Vec<Column> =
        model.schema.features.iter().map(|feature| column(&feature.name, &feature.kind)).collect();
    match model.predict(&Table { columns }) {
        Ok(probabilities) => {
            let found =
                probabilities.into_iter().find(|probability| !(0.0..=1.0).contains(probability));
            found.map(|found| format!("it answers a request with {found}, which is no probability"))
        }
        Err(error) => Some(format!("it cannot be asked: {error}")),
    }
}

/// Enough rows for each level and each number; each feature goes round at its own length, so that
/// rows differ.
fn column(name: &str, feature: &FeatureKind) -> Column {
    const ROWS: usize = 512;
    let cells: Vec<Cell<'_>> = match feature {
        FeatureKind::Numeric => NUMBERS.into_iter().map(Cell::Number).collect(),
        FeatureKind::Date => TIMES.into_iter().map(Cell::Time).collect(),
        FeatureKind::Categorical { levels } => levels
            .iter()
            .map(|level| Cell::Text(level))
            .chain([Cell::Text("a level that no model knows")])
            .collect(),
    };
    let mut column = Column::new(name, kind(feature));
    let all = std::iter::once(Cell::Missing).chain(cells);
    all.cycle().take(ROWS).for_each(|cell| column.push(cell));
    column
}
