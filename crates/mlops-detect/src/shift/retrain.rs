use std::collections::BTreeMap;
use std::str::FromStr;

use super::{DataShift, FeatureShift};
use mlops_core::verdict::Verdict;

/// The share of the importances that has to move where none is said.
const IMPORTANT_SHARE: f64 = 0.2;

/// How much of a shift makes a model worth fitting again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RetrainRule {
    /// One feature.
    Any,
    /// This share of the features.
    Share(f64),
    /// Features that hold this share of the model's importances.
    Important(f64),
}

/// The decision of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RetrainAdvice {
    /// Fit the model again, and why.
    Retrain(String),
    /// Leave it as it is, and why.
    Keep(String),
}

impl RetrainAdvice {
    /// Advises a retrain for `finding` if the verdict is *shifted*; `healthy` is the reason to keep
    /// the model if it is *stable*.
    pub fn of(verdict: &Verdict, finding: String, healthy: &str) -> Self {
        match verdict {
            Verdict::Shifted => Self::Retrain(finding),
            Verdict::Stable => Self::Keep(healthy.to_owned()),
            Verdict::Inconclusive(why) => Self::Keep(why.clone()),
        }
    }
}

impl RetrainRule {
    /// Returns the decision for `found`.
    ///
    /// Data errors are never a reason: a model that is trained on them learns the error.
    /// `importances` are those of the current model by feature, of any sum; a feature that is not
    /// among them has none. [`Self::Important`] needs them.
    pub fn advise(self, found: &DataShift, importances: &BTreeMap<String, f64>) -> RetrainAdvice {
        let names = |features: &[&FeatureShift]| {
            features.iter().map(|feature| feature.feature.as_str()).collect::<Vec<_>>().join(", ")
        };
        let bugs: Vec<&FeatureShift> =
            found.features.iter().filter(|feature| feature.state.is_data_bug()).collect();
        if !bugs.is_empty() {
            return RetrainAdvice::Keep(format!(
                "the data have errors: {}; correct them first",
                names(&bugs)
            ));
        }
        let shifted: Vec<&FeatureShift> =
            found.features.iter().filter(|feature| feature.verdict == Verdict::Shifted).collect();
        if shifted.is_empty() {
            return RetrainAdvice::Keep("no feature shifted".to_owned());
        }
        let (moved, of_what, needed) = match self {
            Self::Any => return RetrainAdvice::Retrain(format!("shifted: {}", names(&shifted))),
            Self::Share(needed) => {
                (shifted.len() as f64 / found.features.len() as f64, "the features", needed)
            }
            Self::Important(needed) => {
                let importance = |feature: &FeatureShift| {
                    importances.get(&feature.feature).copied().unwrap_or(0.0)
                };
                let all: f64 = found.features.iter().map(importance).sum();
                let moved: f64 = shifted.iter().map(|feature| importance(feature)).sum();
                (if all > 0.0 { moved / all } else { 0.0 }, "the importances", needed)
            }
        };
        let says = format!("{:.1}% of {of_what} shifted: {}", 100.0 * moved, names(&shifted));
        if moved >= needed {
            RetrainAdvice::Retrain(says)
        } else {
            RetrainAdvice::Keep(format!("{says} (threshold {:.1}%)", 100.0 * needed))
        }
    }
}

impl FromStr for RetrainRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, share) =
            text.split_once(':').map_or((text, None), |(name, share)| (name, Some(share)));
        let share =
            share.map(|share| share.parse().ok().filter(|share| *share > 0.0 && *share <= 1.0));
        match (name, share) {
            ("any", None) => Ok(Self::Any),
            ("share", Some(Some(share))) => Ok(Self::Share(share)),
            ("important", None) => Ok(Self::Important(IMPORTANT_SHARE)),
            ("important", Some(Some(share))) => Ok(Self::Important(share)),
            _ => Err("write any, share:0.3, important, or important:0.2".to_owned()),
        }
    }
}
