//! Reasons against a model that are not about its metrics.

use mlops_detect::shift::{FeatureSet, FeatureShift, Roles, ShiftPolicy, compare};
use mlops_model::{FeatureKind, Model, Schema};
use mlops_stats::profile::Profile;

use crate::data::Data;

/// A feature with this area under the ROC curve holds the outcome.
pub(crate) const LEAK: f64 = 0.98;

/// So does a feature with this area, if it has this share of the importance.
const SUSPECT: f64 = 0.95;
const SUSPECT_IMPORTANCE: f64 = 0.9;

/// Returns the features that predict the outcome alone, unless `allowed`.
pub(crate) fn leaks(data: &Data, model: &Model, allowed: &[String]) -> Vec<String> {
    let mut reasons = Vec::new();
    for (found, importance) in data.alone.iter().zip(&model.importances) {
        let is_suspect = found.best() >= SUSPECT && *importance >= SUSPECT_IMPORTANCE;
        if !(found.best() >= LEAK || is_suspect) || allowed.contains(&found.feature) {
            continue;
        }
        let feature = &found.feature;
        let what = if found.roc_auc_of_missing >= SUSPECT {
            format!(
                "whether {feature} is missing predicts the outcome alone, AUC {:.3}",
                found.roc_auc_of_missing
            )
        } else if found.roc_auc >= LEAK {
            format!(
                "the column {feature} predicts the outcome alone, out-of-fold AUC {:.3}",
                found.roc_auc
            )
        } else {
            format!(
                "the column {feature} predicts the outcome alone, out-of-fold AUC {:.3}, and has {:.0}% of the importance",
                found.roc_auc,
                100.0 * importance
            )
        };
        reasons.push(format!(
            "{what}: it is probably written after the outcome, or identifies customers. Remove it, name it with --id, or allow it with `--allow-leak {feature}`"
        ));
    }
    reasons
}

/// Returns the differences in features and outcomes from the current model. Columns that are left out
/// as `identifiers` are no difference.
pub(crate) fn schema_changes(was: &Schema, is: &Schema, identifiers: &[String]) -> Vec<String> {
    let mut changes = Vec::new();
    if was.target != is.target {
        changes.push(format!(
            "the outcomes are {}/{}, and {}/{} in the current model; --new-schema allows it",
            is.target.positive, is.target.negative, was.target.positive, was.target.negative
        ));
    }
    let kind = |schema: &Schema, name: &str| {
        let feature = schema.features.iter().find(|feature| feature.name == name)?;
        Some(std::mem::discriminant(&feature.kind))
    };
    let names = was.features.iter().chain(&is.features).map(|feature| feature.name.as_str());
    let mut names: Vec<&str> =
        names.filter(|name| identifiers.iter().all(|left_out| left_out != name)).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let change = match (kind(was, name), kind(is, name)) {
            (Some(_), None) => "is missing",
            (None, Some(_)) => "is new",
            (Some(was), Some(is)) if was != is => "has another type",
            _ => continue,
        };
        changes.push(format!("the column {name} {change}; --new-schema allows it"));
    }
    changes
}

/// Returns the columns whose data look broken, compared with the training data of the current model.
/// A model would learn such a fault.
pub(crate) fn broken_columns(was: &Profile, is: &Profile, schema: &Schema) -> Vec<String> {
    let numeric =
        schema.features.iter().filter(|feature| matches!(feature.kind, FeatureKind::Numeric));
    let roles = Roles {
        targets: vec![schema.target.name.clone()],
        numeric: numeric.map(|feature| feature.name.clone()).collect(),
        ..Roles::default()
    };
    let was = FeatureSet::new(was.clone(), &roles);
    let found = compare(&was.reference, &was.select(is.clone()), &ShiftPolicy::default());
    let broken = found.features.iter().filter(|found| {
        found.state.is_data_bug()
            && schema.features.iter().any(|feature| feature.name == found.feature)
    });
    let what = |found: &FeatureShift| {
        format!(
            "the column {} looks broken, compared with the training data of the current model ({}); --new-schema allows it",
            found.feature, found.why
        )
    };
    broken.map(what).collect()
}
