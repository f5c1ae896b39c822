use anyhow::{Context as _, Result};
use mlops_core::model::artifact::ModelFile;
use mlops_job::UsageError;
use mlops_objects::{Location, local_copy};

use crate::Outcome;
use crate::report::InspectReport;

/// Shows what is in a model.
pub(crate) async fn run(location: &Location, python: bool) -> Result<Outcome> {
    let doing = || format!("reading {location}");
    let copy = local_copy(location).await.with_context(doing)?;
    let bytes = tokio::fs::read(&copy).await.with_context(doing)?;
    let file = ModelFile::from_pickle(&bytes).map_err(UsageError::because).with_context(doing)?;
    Ok(Outcome::Inspected(Box::new(InspectReport::new(&file, bytes.len(), python.then(|| location.to_string())))))
}
