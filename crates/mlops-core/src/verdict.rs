//! The verdict of a monitor.

use std::fmt;

use serde::{Serialize, Serializer};

/// A monitor's answer. One that cannot see says so; it never says stable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing moved that the policy minds.
    Stable,
    /// A significant change of at least the minimum effect.
    Shifted,
    /// The question could not be answered, and why.
    Inconclusive(String),
}

impl Verdict {
    /// `stable`, `shifted` or `inconclusive`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Shifted => "shifted",
            Self::Inconclusive(_) => "inconclusive",
        }
    }

    /// Returns the verdict of a name; `None` for any other name. `why` is the reason of an
    /// inconclusive one.
    pub fn from_name(name: &str, why: String) -> Option<Self> {
        let verdicts = [Self::Stable, Self::Shifted, Self::Inconclusive(why)];
        verdicts.into_iter().find(|verdict| verdict.name() == name)
    }

    /// Returns the rank for a person who reads the worst first: shifted, inconclusive, stable.
    pub fn urgency(&self) -> u8 {
        match self {
            Self::Shifted => 0,
            Self::Inconclusive(_) => 1,
            Self::Stable => 2,
        }
    }

    /// Whether the verdict is *inconclusive*.
    pub fn is_inconclusive(&self) -> bool {
        matches!(self, Self::Inconclusive(_))
    }

    /// Why the verdict is inconclusive; `None` for the others.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Inconclusive(why) => Some(why),
            _ => None,
        }
    }

    /// The verdict over several: shifted if one is, else inconclusive if one is, else stable.
    ///
    /// Over none it is inconclusive: nothing was looked at.
    pub fn over<'a>(parts: impl IntoIterator<Item = (&'a str, &'a Verdict)>) -> Self {
        let mut inconclusive = Vec::new();
        let mut count = 0;
        for (name, part) in parts {
            count += 1;
            match part {
                Self::Shifted => return Self::Shifted,
                Self::Inconclusive(_) => inconclusive.push(name),
                Self::Stable => {}
            }
        }
        match (count, inconclusive.as_slice()) {
            (0, _) => Self::Inconclusive("no features to compare".to_owned()),
            (_, []) => Self::Stable,
            (_, names) => Self::Inconclusive(format!(
                "{} of {count} inconclusive: {}",
                names.len(),
                names.join(", ")
            )),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Written by its name; the reason of an inconclusive verdict has a field of its own.
impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
