use anyhow::Result;
use jiff::Timestamp;
use mlops_core::table::Rules;
use mlops_job::UsageError;
use mlops_model::FeatureKind;
use mlops_monitor::{BadCells, ReadingArgs, read_columns};
use mlops_objects::Location;

use crate::reload::LiveModel;
use crate::report::Predicted;

/// The probability of each row of a file, in their order.
pub(crate) async fn predict_file(
    model: &Location,
    data: &Location,
    reading: &ReadingArgs,
    now: Timestamp,
) -> Result<Predicted> {
    let model = LiveModel::open(model, None, false, now).await?.get();
    let features = model.features().iter();
    let levels = features.clone().filter(|it| matches!(it.kind, FeatureKind::Categorical { .. }));
    let levels = levels.map(|feature| feature.name.clone()).collect();
    let time = model.file.model.schema.time.clone();
    let names: Vec<String> = features.map(|feature| feature.name.clone()).chain(time).collect();
    let rules = Rules { levels, ..reading.rules([]) };
    let mut table =
        read_columns(data, &rules, move |name| names.iter().any(|it| it == name)).await?;
    for column in &mut table.columns {
        if let Some((_, feature)) = model.feature(&column.name) {
            let kind = feature.column().kind();
            *column = std::mem::replace(column, feature.column()).into_kind(kind);
        }
    }
    let bad_cells = BadCells::check(&table, reading.max_bad_cells)
        .map_err(|error| UsageError::new(format!("--data {data}: {error}")))?;
    let asked = model.clone();
    let asking = tokio::task::spawn_blocking(move || asked.file.model.predict(&table));
    let predictions =
        asking.await?.map_err(|error| UsageError::new(format!("--data {data}: {error}")))?;
    let rows = predictions.len();
    let mean = (rows > 0).then(|| predictions.iter().sum::<f64>() / rows as f64);
    Ok(Predicted { model_uid: model.file.model_uid.clone(), rows, mean, bad_cells, predictions })
}
