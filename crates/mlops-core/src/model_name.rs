//! The names of the models of one installation.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The longest name, in bytes.
const MAX_BYTES: usize = 64;

/// The name of one of the models of an installation: `a` to `z`, `0` to `9` and `-`, at most 64
/// bytes. A hyphen stands between other characters.
///
/// ```
/// use mlops_core::model_name::ModelName;
/// assert_eq!("churn-eu".parse::<ModelName>().unwrap().as_str(), "churn-eu");
/// assert_eq!(ModelName::default().as_str(), "default");
/// let error = "Churn EU".parse::<ModelName>().unwrap_err();
/// assert!(error.to_string().ends_with("such as `churn-eu`"), "{error}");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelName(Arc<str>);

/// A text that is no name of a model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the name of a model has only a-z, 0-9 and hyphens between them, and at most 64 characters, such as `{nearest}`"
)]
pub struct ModelNameError {
    /// The nearest name.
    pub nearest: ModelName,
}

impl ModelName {
    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether it is the name of a model that was given none.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the name that is nearest to a text.
    fn nearest(text: &str) -> Self {
        let mut name = String::new();
        for character in text.chars().flat_map(char::to_lowercase) {
            match character {
                'a'..='z' | '0'..='9' => name.push(character),
                _ if !name.is_empty() && !name.ends_with('-') => name.push('-'),
                _ => {}
            }
        }
        name.truncate(MAX_BYTES);
        match name.trim_end_matches('-') {
            "" => Self::default(),
            name => Self(name.into()),
        }
    }
}

impl Default for ModelName {
    fn default() -> Self {
        Self("default".into())
    }
}

impl FromStr for ModelName {
    type Err = ModelNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let nearest = Self::nearest(text);
        if nearest.as_str() == text { Ok(nearest) } else { Err(ModelNameError { nearest }) }
    }
}

impl TryFrom<String> for ModelName {
    type Error = ModelNameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ModelName> for String {
    fn from(name: ModelName) -> Self {
        name.as_str().to_owned()
    }
}

impl Borrow<str> for ModelName {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::ModelName;

    #[test]
    fn a_name_that_is_refused_has_a_nearest_one() {
        let long = "x".repeat(80);
        for (text, nearest) in [
            ("Churn EU", "churn-eu"),
            ("churn_eu", "churn-eu"),
            ("-churn--eu-", "churn-eu"),
            ("Kündigung", "k-ndigung"),
            ("", "default"),
            ("..", "default"),
            ("a/b", "a-b"),
            ("İ", "i"),
            (&long, &long[..64]),
            ("x'; DROP TABLE model_logs; --", "x-drop-table-model-logs"),
        ] {
            let error = text.parse::<ModelName>().unwrap_err();
            assert_eq!(error.nearest.as_str(), nearest, "{text}");
        }
        for name in ["a", "0", "churn", "churn-2", &long[..64]] {
            assert_eq!(name.parse::<ModelName>().unwrap().as_str(), name);
        }
    }
}
