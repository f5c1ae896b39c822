use super::{Model, ModelError};
use mlops_core::table::{Kind, Table, Values};

/// An error in a table of golden requests.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum GoldenError {
    /// The column of a bound is missing.
    #[error(
        "there is no column `{0}`. Golden requests need the columns min_prediction and max_prediction beside the features"
    )]
    NoBound(&'static str),
    /// The model cannot predict the rows.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// Returns a message for each golden request whose predicted probability is out of bounds.
///
/// `golden` has the features of the model, and for each row the bounds of the probability in
/// `min_prediction` and `max_prediction`. A missing bound is not checked.
///
/// # Errors
///
/// [`GoldenError`] if a column is missing.
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
            format!(
                "the golden request {} has probability {probability:.4}; expected {low} to {high}",
                row + 1
            )
        })
        .collect())
}
