use super::{Model, ModelError};
use mlops_core::table::{Kind, Table, Values};

/// Why rows are no golden requests.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum GoldenError {
    /// A bound is missing.
    #[error(
        "there is no column `{0}`; beside the features there must be min_prediction and max_prediction"
    )]
    NoBound(&'static str),
    /// The model cannot be asked.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// The golden requests that the model does not answer as it must, in words; none where it does.
///
/// `golden` has the features of the model, and for each row the least and the greatest probability
/// in `min_prediction` and `max_prediction`; a missing bound is none.
///
/// # Errors
///
/// [`GoldenError`] where a column is missing.
pub fn golden_failures(model: &Model, golden: &Table) -> Result<Vec<String>, GoldenError> {
    let bounds = |name: &'static str| match golden
        .column(name)
        .map(|column| column.clone().into_kind(Kind::Numeric).values)
    {
        Some(Values::Numeric(bounds)) => Ok(bounds),
        _ => Err(GoldenError::NoBound(name)),
    };
    let (low, high) = (bounds("min_prediction")?, bounds("max_prediction")?);
    let probabilities = model.predict(golden)?;
    let rows = probabilities.iter().zip(low.iter().zip(&high)).enumerate();
    let outside =
        rows.filter(|(_, (probability, (low, high)))| *probability < *low || *probability > *high);
    Ok(outside
        .map(|(row, (probability, (low, high)))| {
            format!("the golden request {} has the probability {probability:.4}, outside of {low} to {high}", row + 1)
        })
        .collect())
}
