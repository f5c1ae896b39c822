/// Why there is no model, or no prediction.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ModelError {
    /// A column is missing.
    #[error("there is no column `{column}`; the model needs it")]
    NoColumn {
        /// Its name.
        column: String,
    },
    /// Two columns of one name.
    #[error("there are two columns `{column}`; rename one of them")]
    ColumnTwice {
        /// Their name.
        column: String,
    },
    /// Nothing to learn from.
    #[error("there are no columns beside the target; a model needs at least one feature")]
    NoFeatures,
    /// The target is no pair of outcomes.
    #[error("the target `{column}` must have two values, such as yes and no; it has {levels:?}{}", if levels.len() == 5 { " and more" } else { "" })]
    TargetLevels {
        /// The target.
        column: String,
        /// The first of its values.
        levels: Vec<String>,
    },
    /// No rows.
    #[error("there are no rows with an outcome; a model needs some of both")]
    NoRows,
    /// Outcomes and rows do not belong together.
    #[error("{labels} outcomes for {rows} rows; there must be one a row")]
    Labels {
        /// Outcomes.
        labels: usize,
        /// Rows.
        rows: usize,
    },
    /// Only one outcome.
    #[error("all {rows} rows have the same outcome; a model needs rows of both")]
    OneOutcome {
        /// The number of rows.
        rows: usize,
    },
    /// Too wide a table.
    #[error(
        "{inputs} inputs are more than the {most} that this kind of model takes; leave some out"
    )]
    TooManyInputs {
        /// Inputs of the model, after levels and dates were expanded.
        inputs: usize,
        /// The most.
        most: usize,
    },
    /// Too long a table.
    #[error(
        "{rows} rows are more than the {most} that a decision tree is grown of; choose `gradient-boosting`"
    )]
    TooManyRows {
        /// Rows.
        rows: usize,
        /// The most.
        most: usize,
    },
    /// A parameter outside its range.
    #[error("the parameter `{name}` is {value}; it must be from {low} to {high}")]
    Parameter {
        /// Its name.
        name: &'static str,
        /// What it is.
        value: f64,
        /// The least.
        low: f64,
        /// The most.
        high: f64,
    },
    /// The regression has no minimum that can be found.
    #[error(
        "the logistic regression does not converge; choose a smaller `c`, or leave columns out that others add up to"
    )]
    NoMinimum,
    /// What linfa says.
    #[error("linfa: {0}; choose another learner")]
    Linfa(String),
    /// No calibration can be fitted.
    #[error(
        "the probabilities cannot be calibrated; there are too few rows, choose `calibration = \"none\"`"
    )]
    NoCalibration,
}

impl From<linfa::Error> for ModelError {
    fn from(error: linfa::Error) -> Self {
        Self::Linfa(error.to_string())
    }
}

pub(crate) fn check_range(
    name: &'static str,
    value: f64,
    low: f64,
    high: f64,
) -> Result<(), ModelError> {
    if (low..=high).contains(&value) {
        Ok(())
    } else {
        Err(ModelError::Parameter { name, value, low, high })
    }
}
