use anyhow::Result;
use jiff::Timestamp;
use mlops_job::UsageError;
use mlops_monitor::read_table;
use mlops_objects::Location;

use crate::reload::LiveModel;
use crate::report::Predicted;

/// The probability of each row of a file, in their order.
pub(crate) async fn predict_file(
    model: &Location,
    data: &Location,
    now: Timestamp,
) -> Result<Predicted> {
    let model = LiveModel::open(model, None, false, now).await?.get();
    let table = read_table(data).await?;
    let asked = model.clone();
    let asking = tokio::task::spawn_blocking(move || asked.file.model.predict(&table));
    let predictions =
        asking.await?.map_err(|error| UsageError::new(format!("--data {data}: {error}")))?;
    let rows = predictions.len();
    let mean = (rows > 0).then(|| predictions.iter().sum::<f64>() / rows as f64);
    Ok(Predicted { model_uid: model.file.model_uid.clone(), rows, mean, predictions })
}
