use anyhow::{Context as _, Result};
use mlops_core::table::Rules;
use mlops_job::UsageError;
use mlops_model::artifact::ModelFile;
use mlops_model::gate::GatePolicy;
use mlops_monitor::read_table;
use mlops_objects::{Location, local_copy};

use crate::Outcome;
use crate::check::{faults, objections};
use crate::report::{InspectReport, RefusedReport};

/// The criteria of `inspect --check`.
pub(crate) struct Wanted<'a> {
    pub(crate) against: Option<&'a Location>,
    pub(crate) golden: Option<&'a Location>,
    pub(crate) margins: GatePolicy,
}

/// Shows the content of a model.
pub(crate) async fn run(location: &Location, python: bool) -> Result<Outcome> {
    let bytes = read(location).await?;
    let file = model(location, &bytes)?;
    let python = python.then(|| location.to_string());
    Ok(Outcome::Inspected(Box::new(InspectReport::new(&file, bytes.len(), python))))
}

/// Shows the content of a model that is fit for release, or the reasons why it is not. A fault of the
/// model is a verdict (exit code 10), not an error.
pub(crate) async fn check(location: &Location, wanted: Wanted<'_>) -> Result<Outcome> {
    let bytes = read(location).await?;
    let refused =
        |reasons| Ok(Outcome::Refused(RefusedReport { model: location.to_string(), reasons }));
    let file = match ModelFile::from_pickle(&bytes) {
        Ok(file) => file,
        Err(error) => return refused(vec![error.to_string()]),
    };
    let golden = match wanted.golden {
        Some(golden) => Some(
            read_table(golden, &Rules::default())
                .await
                .with_context(|| format!("reading {golden}"))?,
        ),
        None => None,
    };
    let mut reasons = faults(&file, &bytes, golden.as_ref())?;
    if let Some(present) = wanted.against {
        reasons.extend(objections(&file, &model(present, &read(present).await?)?, &wanted.margins));
    }
    if reasons.is_empty() {
        return Ok(Outcome::Inspected(Box::new(InspectReport::new(&file, bytes.len(), None))));
    }
    refused(reasons)
}

async fn read(location: &Location) -> Result<Vec<u8>> {
    let doing = || format!("reading {location}");
    let copy = local_copy(location).await.with_context(doing)?;
    tokio::fs::read(&copy).await.with_context(doing)
}

fn model(location: &Location, bytes: &[u8]) -> Result<ModelFile> {
    ModelFile::from_pickle(bytes)
        .map_err(UsageError::because)
        .with_context(|| format!("reading {location}"))
}
