/// An error of a fit or a prediction.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ModelError {
    /// A column is missing.
    #[error("there is no column `{column}`; the model needs it")]
    NoColumn {
        /// The name of the column or parameter.
        column: String,
    },
    /// Two columns of one name.
    #[error("there are two columns `{column}`; rename one of them")]
    ColumnTwice {
        /// Their common name.
        column: String,
    },
    /// The table has no features.
    #[error(
        "there are no columns beside the target and the IDs; a model needs at least one feature"
    )]
    NoFeatures,
    /// The target does not have exactly two values.
    #[error("the target `{column}` must have two values, such as yes and no; it has {levels:?}{}. Map its values to two outcomes", if levels.len() == 5 { " and more" } else { "" })]
    TargetLevels {
        /// The target.
        column: String,
        /// Up to five of its values.
        levels: Vec<String>,
    },
    /// The positive outcome that was asked for is none of the target.
    #[error("`{positive}` is no value of the target `{column}`; its values are {}", levels.join(", "))]
    UnknownPositive {
        /// The value that was asked for.
        positive: String,
        /// The target.
        column: String,
        /// Its values.
        levels: Vec<String>,
    },
    /// A value of the target is neither outcome.
    #[error(
        "the target `{column}` has the value `{value}`; the outcomes are {positive} (positive) and {negative}"
    )]
    UnknownOutcome {
        /// The target.
        column: String,
        /// The value.
        value: String,
        /// The positive outcome.
        positive: String,
        /// The other one.
        negative: String,
    },
    /// There are no rows.
    #[error("there are no rows with an outcome; a model needs rows of both outcomes")]
    NoRows,
    /// The numbers of outcomes and rows differ.
    #[error("{labels} outcomes for {rows} rows; each row needs one outcome")]
    Labels {
        /// Outcomes.
        labels: usize,
        /// Rows.
        rows: usize,
    },
    /// Only one outcome.
    #[error("all {rows} rows have the same outcome; a model needs rows of both outcomes")]
    OneOutcome {
        /// The number of rows.
        rows: usize,
    },
    /// Without one of the folds, all rows have the same outcome.
    #[error(
        "without one of the {folds} folds of the cross-validation, all rows have the same outcome, since the rows of a customer are in one fold; add rows of other customers, or set `calibration = \"none\"`"
    )]
    OneOutcomeInFolds {
        /// The number of folds.
        folds: usize,
    },
    /// The table has too many inputs.
    #[error(
        "the table has {inputs} inputs, and this learner accepts at most {most}; remove some columns"
    )]
    TooManyInputs {
        /// Inputs of the model, after levels and dates are expanded.
        inputs: usize,
        /// The maximum.
        most: usize,
    },
    /// The table has too many rows.
    #[error(
        "the table has {rows} rows, and the learner decision-tree accepts at most {most}; use `gradient-boosting`"
    )]
    TooManyRows {
        /// The number of rows.
        rows: usize,
        /// The maximum.
        most: usize,
    },
    /// A parameter outside its range.
    #[error("the parameter `{name}` is {value}; it must be from {low} to {high}")]
    Parameter {
        /// The name of the column or parameter.
        name: &'static str,
        /// The given value.
        value: f64,
        /// The minimum.
        low: f64,
        /// The maximum.
        high: f64,
    },
    /// The learner cannot weigh rows.
    #[error(
        "the learner {learner} takes no weights of rows or classes; use gradient-boosting or logistic-regression"
    )]
    NoWeights {
        /// The learner.
        learner: &'static str,
    },
    /// The learner takes no constraints.
    #[error("the learner {learner} takes no `monotone` constraints; use gradient-boosting")]
    NoMonotone {
        /// The learner.
        learner: &'static str,
    },
    /// A constraint that is none.
    #[error("`monotone` of the feature `{feature}`: {why}")]
    Monotone {
        /// The feature.
        feature: String,
        /// The reason.
        why: &'static str,
    },
    /// A weight that is none.
    #[error("the weight of row {row} is {weight}; weights must be numbers from 0 on")]
    Weight {
        /// The row, from 1.
        row: usize,
        /// Its weight.
        weight: f64,
    },
    /// The logistic regression does not converge.
    #[error(
        "the logistic regression does not converge; use a smaller `c`, or remove columns that are sums of other columns"
    )]
    NoMinimum,
    /// An error of linfa.
    #[error("linfa: {0}; use another learner")]
    Linfa(String),
    /// There are too few rows for a calibration.
    #[error(
        "there are too few rows to calibrate the probabilities; add rows, or set `calibration = \"none\"`"
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
