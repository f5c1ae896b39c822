use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::error::{ModelError, check_range};
use super::{BoostingParams, ForestParams, LogisticParams, TreeParams};

/// A recipe of a model: learner, parameters, calibration. The same recipe, data and seed give the
/// same model, bit by bit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RecipeFields")]
pub struct Recipe {
    /// The learner with its parameters.
    #[serde(flatten)]
    pub learner: Learner,
    /// Calibration of the predicted probabilities, as in scikit-learn's `CalibratedClassifierCV`.
    pub calibration: CalibrationMethod,
    /// Number of folds of the cross-validation.
    pub folds: usize,
    /// Random seed (scikit-learn: `random_state`).
    pub seed: u64,
    /// Weights of the outcomes in the fit; calibration and metrics count every row once.
    #[serde(skip_serializing_if = "ClassWeight::is_none")]
    pub class_weight: ClassWeight,
    /// Numeric features that the prediction may only rise (1) or fall (-1) with.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub monotone: BTreeMap<String, i8>,
}

/// The fields of a recipe as they are written. Missing ones have the defaults of the learner.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecipeFields {
    learner: String,
    #[serde(default)]
    params: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    calibration: CalibrationMethod,
    #[serde(default = "five")]
    folds: usize,
    #[serde(default)]
    seed: u64,
    #[serde(default)]
    class_weight: ClassWeight,
    #[serde(default)]
    monotone: BTreeMap<String, i8>,
}

impl TryFrom<RecipeFields> for Recipe {
    type Error = serde_json::Error;

    fn try_from(fields: RecipeFields) -> Result<Self, Self::Error> {
        let RecipeFields { learner, params, calibration, folds, seed, class_weight, monotone } =
            fields;
        let learner =
            serde_json::from_value(serde_json::json!({"learner": learner, "params": params}))?;
        Ok(Self { learner, calibration, folds, seed, class_weight, monotone })
    }
}

/// A learner with its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "learner", content = "params")]
pub enum Learner {
    /// Random forest: the average of trees on random rows and features.
    RandomForest(ForestParams),
    /// Extra trees: the average of trees with random splits.
    ExtraTrees(ForestParams),
    /// Gradient-boosted trees, as in LightGBM.
    GradientBoosting(BoostingParams),
    /// Logistic regression with an L2 penalty.
    LogisticRegression(LogisticParams),
    /// A single decision tree, by linfa-trees: less accurate than the others, but readable.
    DecisionTree(TreeParams),
}

/// The name of a learner.
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
    /// Returns the name.
    pub fn name(self) -> &'static str {
        self.0
    }
}

/// Calibration of the predicted probabilities, as in scikit-learn's `CalibratedClassifierCV`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CalibrationMethod {
    /// No calibration.
    #[default]
    None,
    /// Platt scaling: a logistic curve, fitted to out-of-fold predictions.
    Sigmoid,
    /// Isotonic regression, fitted to out-of-fold predictions; needs thousands of rows.
    Isotonic,
}

/// Weights of the outcomes, as in scikit-learn's `class_weight`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassWeight {
    /// Every row counts once.
    #[default]
    None,
    /// Both outcomes have half of the weight.
    Balanced,
}

impl ClassWeight {
    fn is_none(&self) -> bool {
        *self == Self::None
    }
}

fn five() -> usize {
    5
}

impl Default for Recipe {
    /// Returns calibrated gradient boosting with small trees and a small learning rate, for a few
    /// thousand to a million rows.
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
    /// Creates a recipe without calibration.
    pub fn new(learner: Learner) -> Self {
        Self {
            learner,
            calibration: CalibrationMethod::None,
            folds: five(),
            seed: 0,
            class_weight: ClassWeight::None,
            monotone: BTreeMap::new(),
        }
    }

    /// Returns the number of progress steps of a fit: trees or rounds, times folds.
    pub fn steps(&self) -> usize {
        let fits = if self.calibration == CalibrationMethod::None { 1 } else { 1 + self.folds };
        fits * self.learner.steps()
    }

    /// Checks that all parameters are in range.
    ///
    /// # Errors
    ///
    /// [`ModelError::Parameter`] names the first invalid parameter.
    pub fn check(&self) -> Result<(), ModelError> {
        check_range("folds", self.folds as f64, 2.0, 100.0)?;
        if self.class_weight != ClassWeight::None {
            self.learner.check_weights()?;
        }
        if !self.monotone.is_empty() && !matches!(self.learner, Learner::GradientBoosting(_)) {
            return Err(ModelError::NoMonotone { learner: self.learner.name() });
        }
        if let Some(feature) = self.monotone.iter().find(|(_, sign)| !(-1..=1).contains(*sign)) {
            let why = "write 1 (may only rise), -1 (may only fall) or 0";
            return Err(ModelError::Monotone { feature: feature.0.clone(), why });
        }
        match &self.learner {
            Learner::RandomForest(params) | Learner::ExtraTrees(params) => params.check(),
            Learner::GradientBoosting(params) => params.check(),
            Learner::LogisticRegression(params) => params.check(),
            Learner::DecisionTree(params) => params.check(),
        }
    }
}

impl Learner {
    /// Returns the name in a recipe, such as `random-forest`.
    pub fn name(&self) -> &'static str {
        self.kind().name()
    }

    /// Returns the kind of learner.
    pub fn kind(&self) -> LearnerKind {
        LearnerKind(match self {
            Self::RandomForest(_) => "random-forest",
            Self::ExtraTrees(_) => "extra-trees",
            Self::GradientBoosting(_) => "gradient-boosting",
            Self::LogisticRegression(_) => "logistic-regression",
            Self::DecisionTree(_) => "decision-tree",
        })
    }

    /// Checks that the learner can weigh rows.
    pub(crate) fn check_weights(&self) -> Result<(), ModelError> {
        match self {
            Self::GradientBoosting(_) | Self::LogisticRegression(_) => Ok(()),
            _ => Err(ModelError::NoWeights { learner: self.name() }),
        }
    }

    fn steps(&self) -> usize {
        match self {
            Self::RandomForest(params) | Self::ExtraTrees(params) => params.trees,
            Self::GradientBoosting(params) => params.rounds,
            Self::LogisticRegression(_) | Self::DecisionTree(_) => 1,
        }
    }
}
