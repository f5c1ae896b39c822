//! The features that a request must have.

use crate::fields::Fields;
use crate::http::FieldError;
use crate::model::ServedModel;
use crate::names::nearest;

/// How many features of the model a request must have. A null counts as sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Demand {
    All,
    Half,
    None,
}

/// How the requests of a call are read.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'m> {
    pub(crate) model: &'m ServedModel,
    pub(crate) demand: Demand,
}

/// More features are not named.
const NAMED: usize = 5;

impl Demand {
    /// Returns what is wrong with the fields of a request, with the features that they may mean.
    pub(crate) fn check<T>(
        self,
        fields: &Fields<'_>,
        values: &[Option<T>],
        model: &ServedModel,
        pointer: &str,
    ) -> Vec<FieldError> {
        let known = values.iter().filter(|value| value.is_some()).count();
        let is_enough = match self {
            Self::All => known == values.len(),
            Self::Half => 2 * known >= values.len(),
            Self::None => true,
        };
        if is_enough {
            return Vec::new();
        }
        let absent = model.features().iter().zip(values).filter(|(_, value)| value.is_none());
        let absent: Vec<&str> = absent.map(|(feature, _)| feature.name.as_str()).collect();
        let mut named = absent[..absent.len().min(NAMED)].join(", ");
        if absent.len() > NAMED {
            named.push_str(", …");
        }
        let detail = format!(
            "has {known} of the {} features of the model; missing: {named}. Send null for a value that is not known",
            values.len()
        );
        let mut errors = vec![FieldError::of_row(pointer, detail)];
        for (name, raw) in fields.iter() {
            if ["uid", "client_id"].contains(&name) || model.feature(name).is_some() {
                continue;
            }
            let is_within = |feature: &&str| raw.contains(&format!("\"{feature}\""));
            let detail = if raw.starts_with('{') && absent.iter().any(is_within) {
                "is an object; send its fields beside each other, without it".to_owned()
            } else if let Some(feature) = nearest(name, &absent) {
                format!("is not a feature of the model; did you mean `{feature}`?")
            } else {
                continue;
            };
            errors.push(FieldError::of_field(pointer, name, detail));
        }
        errors
    }
}
