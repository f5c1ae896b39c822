//! The target of a binary classifier: its two outcomes, and the one whose probability is predicted.

use std::collections::HashMap;

use mlops_core::table::{Table, level_name, number_level};
use serde::{Deserialize, Serialize};

use super::ModelError;

/// Outcomes that are positive by their name. `1` is one beside `0` or `-1` only: beside `2` it is a
/// number of a class.
const POSITIVE: [&str; 10] =
    ["yes", "y", "t", "positive", "churned", "left", "default", "bad", "fraud", "event"];

/// Up to so many values are listed in an error.
const LISTED: usize = 5;

/// The target of a binary classifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The name of its column.
    pub name: String,
    /// The outcome whose probability the model gives.
    pub positive: String,
    /// The other one.
    pub negative: String,
}

/// The reason why an outcome is the positive one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PositiveBy {
    /// An argument names it.
    Argument,
    /// It is the positive outcome of the current model.
    CurrentModel,
    /// Its name says so, such as `yes`.
    Name,
    /// It has fewer rows than the other.
    Rarer,
}

/// A target, and why its positive outcome was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenTarget {
    /// The target.
    pub target: Target,
    /// The reason.
    pub by: PositiveBy,
}

impl Target {
    /// Chooses the target of a first model, as [`Target::choose`].
    ///
    /// # Errors
    ///
    /// As [`Target::choose`].
    pub fn of(table: &Table, name: &str) -> Result<Self, ModelError> {
        Self::choose(table, name, None, None).map(|chosen| chosen.target)
    }

    /// Finds the two outcomes in a column, and chooses the positive one: `wanted`, else that of the
    /// `current` model if the outcomes are the same, else the one that is positive by its name
    /// (yes, y, true, t, 1, positive, churned, left, default, bad, fraud, event), else the rarer.
    ///
    /// Values that differ in case, in outer spaces, or as `1`, `1.0` and `true` do, are one outcome.
    ///
    /// # Errors
    ///
    /// [`ModelError`] where the column is missing, where it does not have two outcomes, also with
    /// `wanted`, or where `wanted` is none of them.
    pub fn choose(
        table: &Table,
        name: &str,
        wanted: Option<&str>,
        current: Option<&Self>,
    ) -> Result<ChosenTarget, ModelError> {
        let values = Values::of(table, name)?;
        if let Some(current) = current
            && values.0.iter().all(|value| current.is_positive(&value.name).is_some())
        {
            let current = Self { name: name.to_owned(), ..current.clone() };
            return Ok(match wanted {
                None => ChosenTarget { target: current, by: PositiveBy::CurrentModel },
                Some(wanted) => ChosenTarget {
                    target: current.with_positive(wanted)?,
                    by: PositiveBy::Argument,
                },
            });
        }
        let target = |positive: &Value, negative: &Value| Self {
            name: name.to_owned(),
            positive: positive.name.clone(),
            negative: negative.name.clone(),
        };
        match (values.0.as_slice(), wanted) {
            ([one, other], None) => {
                let (is_one, is_other) =
                    (one.is_positive_beside(other), other.is_positive_beside(one));
                let (is_one_positive, by) = match is_one == is_other {
                    false => (is_one, PositiveBy::Name),
                    true => (one.rows < other.rows, PositiveBy::Rarer),
                };
                let (positive, negative) =
                    if is_one_positive { (one, other) } else { (other, one) };
                Ok(ChosenTarget { target: target(positive, negative), by })
            }
            ([one, other], Some(wanted)) => Ok(ChosenTarget {
                target: target(one, other).with_positive(wanted)?,
                by: PositiveBy::Argument,
            }),
            _ => Err(ModelError::TargetLevels {
                column: name.to_owned(),
                levels: values.0.into_iter().map(|value| value.name).take(LISTED).collect(),
            }),
        }
    }

    /// Returns the target with `wanted` as the positive outcome.
    ///
    /// # Errors
    ///
    /// [`ModelError::UnknownPositive`] where it is neither outcome.
    pub fn with_positive(self, wanted: &str) -> Result<Self, ModelError> {
        match self.is_positive(wanted) {
            Some(true) => Ok(self),
            Some(false) => {
                let Self { name, positive, negative } = self;
                Ok(Self { name, positive: negative, negative: positive })
            }
            None => Err(ModelError::UnknownPositive {
                positive: wanted.to_owned(),
                column: self.name,
                levels: vec![self.positive, self.negative],
            }),
        }
    }

    /// Returns whether a value is the positive outcome; `None` if it is neither.
    pub fn is_positive(&self, value: &str) -> Option<bool> {
        let value = outcome_key(value);
        if value == outcome_key(&self.positive) {
            Some(true)
        } else {
            (value == outcome_key(&self.negative)).then_some(false)
        }
    }

    /// The label of each row; `None` where the outcome is missing.
    ///
    /// # Errors
    ///
    /// [`ModelError::NoColumn`] where the table does not have it; [`ModelError::UnknownOutcome`] for
    /// a value that is neither outcome.
    pub fn labels(&self, table: &Table) -> Result<Vec<Option<bool>>, ModelError> {
        let column = table
            .column(&self.name)
            .ok_or_else(|| ModelError::NoColumn { column: self.name.clone() })?;
        let mut known: HashMap<String, bool> = HashMap::new();
        let mut label = |value: Option<String>| {
            let Some(value) = value else { return Ok(None) };
            if let Some(known) = known.get(&value) {
                return Ok(Some(*known));
            }
            let label = self.is_positive(&value).ok_or_else(|| ModelError::UnknownOutcome {
                column: self.name.clone(),
                value: value.clone(),
                positive: self.positive.clone(),
                negative: self.negative.clone(),
            })?;
            known.insert(value, label);
            Ok(Some(label))
        };
        column.names().into_iter().map(&mut label).collect()
    }
}

/// The outcomes of a column, sorted, each with its most frequent spelling.
struct Values(Vec<Value>);

struct Value {
    key: String,
    name: String,
    rows: usize,
}

impl Values {
    fn of(table: &Table, name: &str) -> Result<Self, ModelError> {
        let column =
            table.column(name).ok_or_else(|| ModelError::NoColumn { column: name.to_owned() })?;
        let mut spellings: HashMap<String, usize> = HashMap::new();
        column
            .names()
            .into_iter()
            .flatten()
            .for_each(|name| *spellings.entry(name).or_default() += 1);
        let mut sorted: Vec<(String, usize)> = spellings.into_iter().collect();
        sorted.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let mut values: Vec<Value> = Vec::new();
        for (name, rows) in sorted {
            let key = outcome_key(&name);
            match values.iter().position(|value| value.key == key) {
                Some(known) => values[known].rows += rows,
                None if values.len() <= LISTED => values.push(Value { key, name, rows }),
                None => {}
            }
        }
        values.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(Self(values))
    }
}

impl Value {
    fn is_positive_beside(&self, other: &Self) -> bool {
        POSITIVE.contains(&self.key.as_str())
            || self.key == "1" && matches!(other.key.as_str(), "0" | "-1")
    }
}

/// Returns the text by which outcomes are compared.
fn outcome_key(value: &str) -> String {
    let name = level_name(value);
    match name {
        "true" => return "1".to_owned(),
        "false" => return "0".to_owned(),
        _ => {}
    }
    match name.parse::<f64>() {
        Ok(number) if number.is_finite() => number_level(number),
        _ => name.to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use mlops_core::table::{Cell, Column, Kind};

    use super::*;

    fn table(values: &[&str]) -> Table {
        let mut column = Column::new("it", Kind::Categorical);
        values.iter().for_each(|value| column.push(Cell::Text(value)));
        Table { columns: vec![column] }
    }

    fn check(values: &[&str], wanted: Option<&str>, positive: &str, negative: &str) {
        let target = Target::choose(&table(values), "it", wanted, None).unwrap().target;
        assert_eq!((target.positive.as_str(), target.negative.as_str()), (positive, negative));
        let flipped = Target::choose(&table(values), "it", Some(negative), None).unwrap().target;
        assert_eq!((flipped.positive.as_str(), flipped.negative.as_str()), (negative, positive));
    }

    #[test]
    fn the_positive_outcome_is_named_or_the_rarer() {
        for (positive, negative) in [
            ("yes", "no"),
            ("Y", "N"),
            ("true", "false"),
            ("t", "f"),
            ("1", "0"),
            ("1", "-1"),
            ("positive", "negative"),
            ("Churned", "Active"),
            ("left", "stayed"),
            ("DEFAULT", "paid"),
            ("bad", "good"),
            ("fraud", "legit"),
            ("event", "censored"),
        ] {
            check(&[positive, positive, positive, negative], None, positive, negative);
            check(&[positive, negative, negative, negative], None, positive, negative);
        }
        check(&["a", "b", "a", "a"], None, "b", "a");
        check(&["a", "b", "b", "b"], None, "a", "b");
        check(&["1", "2", "1", "1"], None, "2", "1");
        check(&["a", "b"], None, "b", "a");
        // Both names are positive ones.
        check(&["bad", "left", "left"], None, "bad", "left");
        check(&["yes", "no"], Some("NO "), "no", "yes");
        check(&["1", "2", "1", "1"], Some("1.0"), "1", "2");
    }

    #[test]
    fn spellings_of_one_outcome_are_one() {
        check(&["Yes", "yes ", "YES", "Yes", "no", " No", "no"], None, "Yes", "no");
        check(&["true", "1", "true", "TRUE", "0", "False", "0", "0"], None, "true", "0");
        check(&["-1", "1", "-1.0", "01", "1"], None, "1", "-1");
        let table = table(&["Yes", "yes ", "", "NO", "no", "1"]);
        let target = |positive: &str, negative: &str| Target {
            name: "it".to_owned(),
            positive: positive.to_owned(),
            negative: negative.to_owned(),
        };
        let rows = table.take(&[0, 1, 2, 3, 4]);
        let labels = target("yes", "No").labels(&rows).unwrap();
        assert_eq!(labels, [Some(true), Some(true), None, Some(false), Some(false)]);
        let error = target("yes", "no").labels(&table).unwrap_err().to_string();
        assert!(error.contains("`1`") && error.contains("yes") && error.contains("no"), "{error}");
    }

    #[test]
    fn the_current_model_decides_if_its_outcomes_are_the_same() {
        let current = Target {
            name: "was".to_owned(),
            positive: "stayed".to_owned(),
            negative: "left".to_owned(),
        };
        let choose = |values: &[&str], wanted| {
            let chosen = Target::choose(&table(values), "it", wanted, Some(&current)).unwrap();
            assert_eq!(chosen.target.name, "it");
            (chosen.target.positive, chosen.by)
        };
        let values = ["Left", "stayed", "stayed"];
        assert_eq!(choose(&values, None), ("stayed".to_owned(), PositiveBy::CurrentModel));
        assert_eq!(choose(&values, Some("LEFT")), ("left".to_owned(), PositiveBy::Argument));
        assert_eq!(choose(&["left"], None), ("stayed".to_owned(), PositiveBy::CurrentModel));
        assert_eq!(choose(&["yes", "no"], None), ("yes".to_owned(), PositiveBy::Name));
    }

    #[test]
    fn other_than_two_outcomes_are_refused_by_name() {
        let refused = |values: &[&str], wanted| {
            Target::choose(&table(values), "it", wanted, None).unwrap_err().to_string()
        };
        for wanted in [None, Some("yes")] {
            let error = refused(&["yes", "no", "maybe"], wanted);
            assert!(error.contains("maybe") && error.contains("two"), "{error}");
            assert!(refused(&["yes"], wanted).contains("two"));
        }
        let error = refused(&["left", "stayed"], Some("yes"));
        assert!(error.contains("left") && error.contains("stayed"), "{error}");
    }
}
