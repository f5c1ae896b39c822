use mlops_core::table::{Cell, Column, Kind, Table};
use mlops_job::UsageError;
use mlops_model::artifact::ModelFile;
use mlops_model::gate::GatePolicy;
use mlops_model::{FeatureKind, Model, Schema, golden_failures};

/// Ordinary and extreme numbers.
const NUMBERS: [f64; 7] = [0.0, 1.0, -1.0, 0.5, 1e300, -1e300, 1e-300];

/// Times far apart, in microseconds since 1970.
const TIMES: [i64; 3] = [0, 1_800_000_000_000_000, -2_000_000_000_000_000];

/// Returns the reasons why a model is not fit for release: metadata, metrics, ONNX, probabilities and
/// golden requests.
pub(crate) fn faults(
    file: &ModelFile,
    bytes: &[u8],
    golden: Option<&Table>,
) -> Result<Vec<String>, UsageError> {
    let mut faults = Vec::new();
    if file.model_uid.is_empty() {
        faults
            .push("it has no model_uid, so its logged requests could not be identified".to_owned());
    }
    let Schema { features, target, .. } = &file.model.schema;
    if features.is_empty() || target.positive == target.negative {
        faults.push("it has no features, or only one outcome".to_owned());
    }
    if !file.metrics.log_loss.is_some_and(f64::is_finite)
        || !file.metrics.roc_auc.is_some_and(f64::is_finite)
    {
        faults.push("metrics on held-out rows are missing (ROC AUC and log loss)".to_owned());
    }
    match ModelFile::onnx(bytes) {
        None => faults.push("it has no ONNX model, which other runtimes need".to_owned()),
        Some(onnx) if onnx != file.model.to_onnx() => {
            faults.push(
                "its ONNX model is not this model: other runtimes would answer differently"
                    .to_owned(),
            );
        }
        Some(_) => {}
    }
    faults.extend(invalid_prediction(&file.model));
    if let Some(golden) = golden {
        let failures = golden_failures(&file.model, golden);
        faults.extend(failures.map_err(|error| UsageError::new(format!("--golden: {error}")))?);
    }
    Ok(faults)
}

/// Returns the reasons why a model may not replace the model in production.
pub(crate) fn objections(
    file: &ModelFile,
    current: &ModelFile,
    margins: &GatePolicy,
) -> Vec<String> {
    let mut objections = Vec::new();
    if inputs(&file.model.schema) != inputs(&current.model.schema) {
        let message = "it has other columns or another target than the model in production; requests of the application would not fit";
        objections.push(message.to_owned());
    }
    if let (Some(new), Some(old)) = (file.metrics.roc_auc, current.metrics.roc_auc)
        && new < old - margins.margin_auc
    {
        objections.push(format!("AUC is {new:.4}, below {old:.4} of the model in production"));
    }
    if let (Some(new), Some(old)) = (file.metrics.log_loss, current.metrics.log_loss)
        && new > old + margins.margin_log_loss
    {
        objections.push(format!("log loss is {new:.4}, above {old:.4} of the model in production"));
    }
    objections
}

/// Returns the columns of a request, sorted by name, and the target with its positive outcome.
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

/// Returns a message if a prediction is not a probability. The rows have missing, ordinary, unknown
/// and extreme values.
fn invalid_prediction(model: &Model) -> Option<String> {
    let time = model.schema.time.as_deref().map(|time| column(time, &FeatureKind::Date));
    let features = model.schema.features.iter();
    let columns: Vec<Column> =
        features.map(|feature| column(&feature.name, &feature.kind)).chain(time).collect();
    match model.predict(&Table { columns }) {
        Ok(probabilities) => {
            let found =
                probabilities.into_iter().find(|probability| !(0.0..=1.0).contains(probability));
            found.map(|found| format!("a prediction is {found}, which is no probability"))
        }
        Err(error) => Some(format!("it cannot predict: {error}")),
    }
}

/// Returns a column that cycles through all levels or numbers of a feature. The cycles have
/// different lengths, so that the rows differ.
fn column(name: &str, feature: &FeatureKind) -> Column {
    const ROWS: usize = 512;
    let cells: Vec<Cell<'_>> = match feature {
        FeatureKind::Numeric => NUMBERS.into_iter().map(Cell::Number).collect(),
        FeatureKind::Date => TIMES.into_iter().map(Cell::Time).collect(),
        FeatureKind::Categorical { levels } => levels
            .iter()
            .map(|level| Cell::Text(level))
            .chain([Cell::Text("an unseen level")])
            .collect(),
    };
    let mut column = Column::new(name, kind(feature));
    let all = std::iter::once(Cell::Missing).chain(cells);
    all.cycle().take(ROWS).for_each(|cell| column.push(cell));
    column
}
