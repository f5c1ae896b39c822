use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::error::{ModelError, check_range};
use super::{BoostingParams, ForestParams, LogisticParams, TreeParams};

/// How a model is made from data: the same recipe, data and seed give the same model to the bit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The kind of model, with its parameters.
    #[serde(flatten)]
    pub learner: Learner,
    /// How scores become probabilities.
    #[serde(default)]
    pub calibration: CalibrationMethod,
    /// Parts of the data for cross-validation.
    #[serde(default = "five")]
    pub folds: usize,
    /// Where random numbers begin.
    #[serde(default)]
    pub seed: u64,
}

/// A kind of model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "learner", content = "params")]
pub enum Learner {
    /// Trees on random rows and inputs, averaged.
    RandomForest(ForestParams),
    /// Trees with random splits, averaged.
    ExtraTrees(ForestParams),
    /// Trees one after another, each on what those before left over.
    GradientBoosting(BoostingParams),
    /// A weighted sum.
    LogisticRegression(LogisticParams),
    /// One tree, by linfa-trees: weaker than any of the others, and short enough to be read.
    DecisionTree(TreeParams),
}

/// The name of a kind of model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LearnerKind(&'static str);

const KINDS: [&str; 5] =
    ["random-forest", "extra-trees", "gradient-boosting", "logistic-regression", "decision-tree"];

impl FromStr for LearnerKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let kind = KINDS.into_iter().find(|kind| *kind == text);
        kind.map(Self).ok_or_else(|| format!("write one of {}", KINDS.join(", ")))
    }
}

impl LearnerKind {
    /// The name.
    pub fn name(self) -> &'static str {
        self.0
    }
}

/// How scores become probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CalibrationMethod {
    /// As the model has them.
    #[default]
    None,
    /// By a logistic curve, fitted to predictions of rows that the model was not fitted to.
    Sigmoid,
    /// By the best rising steps, fitted likewise; for thousands of rows.
    Isotonic,
}

fn five() -> usize {
    5
}

impl Default for Recipe {
    /// Gradient boosting of small trees in small steps, calibrated: as good on a few thousand rows
    /// as on a million.
    fn default() -> Self {
        let params = BoostingParams {
            rounds: 200,
            learning_rate: 0.05,
            leaves: 8,
            ..BoostingParams::default()
        };
        Self {
            calibration: CalibrationMethod::Sigmoid,
            ..Self::new(Learner::GradientBoosting(params))
        }
    }
}

impl Recipe {
    /// A recipe without calibration.
    pub fn new(learner: Learner) -> Self {
        Self { learner, calibration: CalibrationMethod::None, folds: five(), seed: 0 }
    }

    /// Steps of progress that a fit takes: trees, rounds and folds.
    pub fn steps(&self) -> usize {
        let fits = if self.calibration == CalibrationMethod::None { 1 } else { 1 + self.folds };
        fits * self.learner.steps()
    }

    /// Whether its parameters can be.
    ///
    /// # Errors
    ///
    /// [`ModelError::Parameter`] names the one that cannot.
    pub fn check(&self) -> Result<(), ModelError> {
        check_range("folds", self.folds as f64, 2.0, 100.0)?;
        match &self.learner {
            Learner::RandomForest(params) | Learner::ExtraTrees(params) => params.check(),
            Learner::GradientBoosting(params) => params.check(),
            Learner::LogisticRegression(params) => params.check(),
            Learner::DecisionTree(params) => params.check(),
        }
    }
}

impl Learner {
    /// The name in a recipe, such as `random-forest`.
    pub fn name(&self) -> &'static str {
        self.kind().name()
    }

    /// The kind of model.
    pub fn kind(&self) -> LearnerKind {
        LearnerKind(match self {
            Self::RandomForest(_) => "random-forest",
            Self::ExtraTrees(_) => "extra-trees",
            Self::GradientBoosting(_) => "gradient-boosting",
            Self::LogisticRegression(_) => "logistic-regression",
            Self::DecisionTree(_) => "decision-tree",
        })
    }

    fn steps(&self) -> usize {
        match self {
            Self::RandomForest(params) | Self::ExtraTrees(params) => params.trees,
            Self::GradientBoosting(params) => params.rounds,
            Self::LogisticRegression(_) | Self::DecisionTree(_) => 1,
        }
    }
}
