use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::ModelError;
use mlops_core::table::{Column, Kind, Table, Values};

/// Maximum number of levels of a feature. Less frequent levels are treated as unseen levels. There are
/// 255 bins, one of them for missing values.
pub const MAX_LEVELS: usize = 254;

/// The code of a level that is missing, or that the training data did not have.
pub const NO_LEVEL: u16 = u16::MAX;

/// The features and the target of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// The features, in the order of the training data.
    pub features: Vec<Feature>,
    /// The target.
    pub target: Target,
}

/// A feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Feature {
    /// The name of its column.
    pub name: String,
    /// The kind of the feature.
    pub kind: FeatureKind,
}

/// The kind of a feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum FeatureKind {
    /// Numbers.
    Numeric,
    /// Levels: the most frequent ones of the training data, at most [`MAX_LEVELS`], sorted by name.
    Categorical {
        /// Their names.
        levels: Vec<String>,
    },
    /// Points in time, of which the model sees month, quarter and year in UTC.
    Date,
}

/// The target of a binary classifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The name of its column.
    pub name: String,
    /// The level whose probability the model gives.
    pub positive: String,
    /// The other one.
    pub negative: String,
}

/// An input of a learner: one number or level per row.
#[derive(Debug, Clone)]
pub struct Input<'a> {
    /// The feature's name, with the part for a date: `acquired_date.month`.
    pub name: String,
    /// One a row.
    pub values: InputValues<'a>,
}

/// The values of an input.
#[derive(Debug, Clone)]
pub enum InputValues<'a> {
    /// Numbers; NaN is missing.
    Numeric(std::borrow::Cow<'a, [f64]>),
    /// Indices of levels; [`NO_LEVEL`] for missing values and unseen levels.
    Categorical {
        /// How many levels there are.
        levels: usize,
        /// One a row.
        codes: Vec<u16>,
    },
}

impl Input<'_> {
    /// The number of rows.
    pub fn rows(&self) -> usize {
        match &self.values {
            InputValues::Numeric(values) => values.len(),
            InputValues::Categorical { codes, .. } => codes.len(),
        }
    }

    fn into_owned(self) -> Input<'static> {
        let values = match self.values {
            InputValues::Numeric(values) => InputValues::Numeric(values.into_owned().into()),
            InputValues::Categorical { levels, codes } => {
                InputValues::Categorical { levels, codes }
            }
        };
        Input { name: self.name, values }
    }

    /// Returns the rows at these indices, in their order.
    pub(crate) fn take(&self, rows: &[usize]) -> Self {
        let values = match &self.values {
            InputValues::Numeric(values) => InputValues::Numeric(
                rows.iter().map(|row| values[*row]).collect::<Vec<f64>>().into(),
            ),
            InputValues::Categorical { levels, codes } => InputValues::Categorical {
                levels: *levels,
                codes: rows.iter().map(|row| codes[*row]).collect(),
            },
        };
        Self { name: self.name.clone(), values }
    }
}

impl Schema {
    /// The schema of data whose outcomes are kept apart: each column is a feature of its kind.
    ///
    /// # Errors
    ///
    /// [`ModelError`] where there are no columns, or two of one name.
    pub fn of_features(table: &Table) -> Result<Self, ModelError> {
        let target = Target {
            name: "label".to_owned(),
            positive: "true".to_owned(),
            negative: "false".to_owned(),
        };
        Self::of_columns(table.columns.iter(), target)
    }

    /// The schema of training data: each column but `target` and `left_out` is a feature of the
    /// column's kind.
    ///
    /// # Errors
    ///
    /// [`ModelError`] where the target is not there or has not two levels, where there are no
    /// features or two of one name.
    pub fn of(table: &Table, target: &str, left_out: &[String]) -> Result<Self, ModelError> {
        let target = Target::of(table, target)?;
        let is_feature =
            |column: &&Column| column.name != target.name && !left_out.contains(&column.name);
        let columns: Vec<&Column> = table.columns.iter().filter(is_feature).collect();
        Self::of_columns(columns.into_iter(), target)
    }

    fn of_columns<'c>(
        columns: impl Iterator<Item = &'c Column>,
        target: Target,
    ) -> Result<Self, ModelError> {
        let mut features: Vec<Feature> = Vec::new();
        for column in columns {
            if features.iter().any(|feature| feature.name == column.name) {
                return Err(ModelError::ColumnTwice { column: column.name.clone() });
            }
            let kind = match &column.values {
                Values::Numeric(_) => FeatureKind::Numeric,
                Values::Date(_) => FeatureKind::Date,
                Values::Categorical { levels, codes } => {
                    let mut rows = vec![0u64; levels.names().len()];
                    codes.iter().flatten().for_each(|&code| rows[code as usize] += 1);
                    FeatureKind::Categorical { levels: most_frequent(levels.names(), &rows) }
                }
            };
            features.push(Feature { name: column.name.clone(), kind });
        }
        if features.is_empty() {
            Err(ModelError::NoFeatures)
        } else {
            Ok(Self { features, target })
        }
    }

    /// Returns the inputs of a table, in the order of the features.
    ///
    /// # Errors
    ///
    /// [`ModelError::NoColumn`] where the table lacks a feature.
    pub fn inputs<'a>(&self, table: &'a Table) -> Result<Vec<Input<'a>>, ModelError> {
        let mut inputs = Vec::with_capacity(self.features.len());
        let mut next = 0;
        for feature in &self.features {
            // Columns mostly stand in the order of the features, and the first one that is looked
            // at is the one.
            let (before, after) = table.columns.split_at(next);
            let position =
                after.iter().chain(before).position(|column| column.name == feature.name);
            let position =
                position.ok_or_else(|| ModelError::NoColumn { column: feature.name.clone() })?;
            let position = (next + position) % table.columns.len();
            feature.push_inputs(&table.columns[position], &mut inputs);
            next = position + 1;
        }
        Ok(inputs)
    }

    /// The same, of a table that is no longer needed: its columns go one by one.
    ///
    /// # Errors
    ///
    /// As [`Schema::inputs`].
    pub fn into_inputs(&self, mut table: Table) -> Result<Vec<Input<'static>>, ModelError> {
        let mut inputs = Vec::new();
        for feature in &self.features {
            let position = table.columns.iter().position(|column| column.name == feature.name);
            let position =
                position.ok_or_else(|| ModelError::NoColumn { column: feature.name.clone() })?;
            let column = table.columns.swap_remove(position);
            match (&feature.kind, column.values) {
                (FeatureKind::Numeric, Values::Numeric(values)) => {
                    inputs.push(Input {
                        name: feature.name.clone(),
                        values: InputValues::Numeric(values.into()),
                    });
                }
                (_, values) => {
                    let column = Column { values, ..column };
                    let mut own = Vec::new();
                    feature.push_inputs(&column, &mut own);
                    inputs.extend(own.into_iter().map(Input::into_owned));
                }
            }
        }
        Ok(inputs)
    }

    /// The names of the inputs, as [`Schema::inputs`] gives them.
    pub fn input_names(&self) -> Vec<String> {
        self.features.iter().flat_map(Feature::input_names).collect()
    }

    /// The number of levels of each input; `None` for numbers.
    pub(crate) fn levels_of_inputs(&self) -> Vec<Option<usize>> {
        let levels = |feature: &Feature| match &feature.kind {
            FeatureKind::Categorical { levels } => Some(levels.len()),
            _ => None,
        };
        self.features_of_inputs()
            .into_iter()
            .map(|feature| levels(&self.features[feature]))
            .collect()
    }

    /// Returns the index of the feature of each input.
    pub fn features_of_inputs(&self) -> Vec<usize> {
        let features = self.features.iter().enumerate();
        features
            .flat_map(|(index, feature)| feature.input_names().into_iter().map(move |_| index))
            .collect()
    }
}

impl Feature {
    fn input_names(&self) -> Vec<String> {
        match self.kind {
            FeatureKind::Date => {
                DATE_PARTS.iter().map(|(part, _)| format!("{}.{part}", self.name)).collect()
            }
            _ => vec![self.name.clone()],
        }
    }

    fn push_inputs<'a>(&self, column: &'a Column, inputs: &mut Vec<Input<'a>>) {
        match &self.kind {
            FeatureKind::Numeric => {
                let values = match &column.values {
                    Values::Numeric(values) => std::borrow::Cow::Borrowed(values.as_slice()),
                    _ => match column.clone().into_kind(Kind::Numeric).values {
                        Values::Numeric(values) => values.into(),
                        _ => vec![f64::NAN; column.len()].into(),
                    },
                };
                inputs
                    .push(Input { name: self.name.clone(), values: InputValues::Numeric(values) });
            }
            FeatureKind::Categorical { levels } => {
                let codes = match &column.values {
                    Values::Categorical { levels: theirs, codes } => {
                        codes_of(levels, theirs.names(), codes)
                    }
                    _ => match column.clone().into_kind(Kind::Categorical).values {
                        Values::Categorical { levels: theirs, codes } => {
                            codes_of(levels, theirs.names(), &codes)
                        }
                        _ => vec![NO_LEVEL; column.len()],
                    },
                };
                let values = InputValues::Categorical { levels: levels.len(), codes };
                inputs.push(Input { name: self.name.clone(), values });
            }
            FeatureKind::Date => {
                let times = column.times();
                for (name, (_, part)) in self.input_names().into_iter().zip(DATE_PARTS) {
                    let number = |time: &Option<i64>| {
                        let time = time.and_then(|time| Timestamp::from_microsecond(time).ok());
                        time.map_or(f64::NAN, |time| part(time.to_zoned(TimeZone::UTC).date()))
                    };
                    let values = times.iter().map(number).collect::<Vec<f64>>();
                    inputs.push(Input { name, values: InputValues::Numeric(values.into()) });
                }
            }
        }
    }
}

type DatePart = (&'static str, fn(jiff::civil::Date) -> f64);

const DATE_PARTS: [DatePart; 3] = [
    ("month", |date| f64::from(date.month())),
    ("quarter", |date| f64::from((date.month() - 1) / 3 + 1)),
    ("year", |date| f64::from(date.year())),
];

impl Target {
    /// The target of training data: a column with two levels, of which `yes`, `true`, `1` or else
    /// the later by name is the positive one.
    ///
    /// # Errors
    ///
    /// [`ModelError`] where the column is not there or has another number of levels.
    pub fn of(table: &Table, name: &str) -> Result<Self, ModelError> {
        let column =
            table.column(name).ok_or_else(|| ModelError::NoColumn { column: name.to_owned() })?;
        let mut levels: Vec<String> = column.names().into_iter().flatten().collect();
        levels.sort_unstable();
        levels.dedup();
        let [one, other] = levels.as_slice() else {
            return Err(ModelError::TargetLevels {
                column: name.to_owned(),
                levels: levels.into_iter().take(5).collect(),
            });
        };
        let says_yes =
            |level: &str| matches!(level.to_ascii_lowercase().as_str(), "yes" | "y" | "true" | "1");
        let (negative, positive) =
            if says_yes(one) && !says_yes(other) { (other, one) } else { (one, other) };
        Ok(Self { name: name.to_owned(), positive: positive.clone(), negative: negative.clone() })
    }

    /// The label of each row; `None` where the outcome is missing or neither level.
    ///
    /// # Errors
    ///
    /// [`ModelError::NoColumn`] where the table does not have it.
    pub fn labels(&self, table: &Table) -> Result<Vec<Option<bool>>, ModelError> {
        let column = table
            .column(&self.name)
            .ok_or_else(|| ModelError::NoColumn { column: self.name.clone() })?;
        let label = |name: Option<String>| {
            let name = name?;
            if name == self.positive {
                Some(true)
            } else {
                (name == self.negative).then_some(false)
            }
        };
        Ok(column.names().into_iter().map(label).collect())
    }
}

/// The names of the levels with most rows, sorted.
fn most_frequent(names: &[String], rows: &[u64]) -> Vec<String> {
    let mut sorted: Vec<(&String, u64)> =
        names.iter().zip(rows.iter().copied()).filter(|(_, rows)| *rows > 0).collect();
    sorted.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let mut kept: Vec<String> =
        sorted.into_iter().take(MAX_LEVELS).map(|(name, _)| name.clone()).collect();
    kept.sort_unstable();
    kept
}

/// The codes of a column in terms of a feature's levels.
fn codes_of(levels: &[String], theirs: &[String], codes: &[Option<u32>]) -> Vec<u16> {
    let position =
        |name: &String| levels.binary_search(name).map_or(NO_LEVEL, |position| position as u16);
    if codes.len() < theirs.len() {
        return codes
            .iter()
            .map(|code| code.map_or(NO_LEVEL, |code| position(&theirs[code as usize])))
            .collect();
    }
    let ours: Vec<u16> = theirs.iter().map(position).collect();
    codes.iter().map(|code| code.map_or(NO_LEVEL, |code| ours[code as usize])).collect()
}
