use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::{ModelError, Target};
use mlops_core::table::{Column, DateOrder, Decimal, Form, Kind, Table, Values, as_flag_of};

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
    /// The column with the times of rows, at which dates have an age. Models without one know month,
    /// quarter and year of a date only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
}

/// A feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Feature {
    /// The name of its column.
    pub name: String,
    /// The kind of the feature.
    pub kind: FeatureKind,
    /// The form of its texts, where it differs from that of plain numbers and dates.
    #[serde(default, skip_serializing_if = "is_plain")]
    pub form: Form,
}

fn is_plain(form: &Form) -> bool {
    *form == Form::default()
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
    /// Points in time, of which the model sees month, quarter and year in UTC, and the age in days if
    /// rows have a time.
    Date,
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
        Self::with_target(table, Target::of(table, target)?, left_out)
    }

    /// The schema of training data with a chosen target, as [`Schema::of`].
    ///
    /// # Errors
    ///
    /// [`ModelError`] where there are no features or two of one name.
    pub fn with_target(
        table: &Table,
        target: Target,
        left_out: &[String],
    ) -> Result<Self, ModelError> {
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
            features.push(Feature { name: column.name.clone(), kind, form: form_of(column) });
        }
        if features.is_empty() {
            Err(ModelError::NoFeatures)
        } else {
            Ok(Self { features, target, time: None })
        }
    }

    /// Returns the inputs of a table, in the order of the features.
    ///
    /// # Errors
    ///
    /// [`ModelError::NoColumn`] where the table lacks a feature, or the times of the rows.
    pub fn inputs<'a>(&self, table: &'a Table) -> Result<Vec<Input<'a>>, ModelError> {
        let times = self.times_of_rows(table)?;
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
            feature.push_inputs(&table.columns[position], times.as_deref(), &mut inputs);
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
        let times = self.times_of_rows(&table)?;
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
                    feature.push_inputs(&column, times.as_deref(), &mut own);
                    inputs.extend(own.into_iter().map(Input::into_owned));
                }
            }
        }
        Ok(inputs)
    }

    /// The names of the inputs, as [`Schema::inputs`] gives them.
    pub fn input_names(&self) -> Vec<String> {
        self.features.iter().flat_map(|feature| feature.input_names(self.has_ages())).collect()
    }

    fn has_ages(&self) -> bool {
        self.time.is_some()
    }

    /// The times at which dates have an age, if they have one.
    fn times_of_rows(&self, table: &Table) -> Result<Option<Vec<Option<i64>>>, ModelError> {
        let has_dates = self.features.iter().any(|feature| feature.kind == FeatureKind::Date);
        let Some(name) = self.time.as_ref().filter(|_| has_dates) else { return Ok(None) };
        let column =
            table.column(name).ok_or_else(|| ModelError::NoColumn { column: name.clone() })?;
        Ok(Some(column.times()))
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
            .flat_map(|(index, feature)| {
                feature.input_names(self.has_ages()).into_iter().map(move |_| index)
            })
            .collect()
    }
}

/// Returns what a single text of the column needs, to be read as all of them were.
fn form_of(column: &Column) -> Form {
    let Form { decimal, is_percent, date_order, .. } = column.form;
    match &column.values {
        Values::Numeric(values) => Form {
            decimal: decimal.filter(|decimal| *decimal == Decimal::Comma),
            is_percent: is_percent.filter(|is_percent| *is_percent),
            has_flags: values.iter().all(|it| it.is_nan() || *it == 0.0 || *it == 1.0),
            ..Form::default()
        },
        Values::Date(_) => Form {
            date_order: date_order.filter(|order| *order == DateOrder::MonthFirst),
            ..Form::default()
        },
        Values::Categorical { .. } => Form::default(),
    }
}

impl Feature {
    /// An empty column for values of this feature.
    pub fn column(&self) -> Column {
        let kind = match self.kind {
            FeatureKind::Numeric => Kind::Numeric,
            FeatureKind::Categorical { .. } => Kind::Categorical,
            FeatureKind::Date => Kind::Date,
        };
        Column { form: self.form, ..Column::new(&self.name, kind) }
    }

    fn input_names(&self, has_age: bool) -> Vec<String> {
        match self.kind {
            FeatureKind::Date => {
                let parts = DATE_PARTS.iter().map(|(part, _)| *part);
                let parts = parts.chain(has_age.then_some(AGE));
                parts.map(|part| format!("{}.{part}", self.name)).collect()
            }
            _ => vec![self.name.clone()],
        }
    }

    /// Adds the inputs of this feature; `times_of_rows` are those of the rows, if dates have an age.
    fn push_inputs<'a>(
        &self,
        column: &'a Column,
        times_of_rows: Option<&[Option<i64>]>,
        inputs: &mut Vec<Input<'a>>,
    ) {
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
                for (name, (_, part)) in self.input_names(false).into_iter().zip(DATE_PARTS) {
                    let number = |time: &Option<i64>| {
                        let time = time.and_then(|time| Timestamp::from_microsecond(time).ok());
                        time.map_or(f64::NAN, |time| part(time.to_zoned(TimeZone::UTC).date()))
                    };
                    let values = times.iter().map(number).collect::<Vec<f64>>();
                    inputs.push(Input { name, values: InputValues::Numeric(values.into()) });
                }
                if let Some(rows) = times_of_rows {
                    let days = |(row, time): (&Option<i64>, &Option<i64>)| match (row, time) {
                        (Some(row), Some(time)) => (row - time) as f64 / MICROSECONDS_A_DAY,
                        _ => f64::NAN,
                    };
                    let values = rows.iter().zip(&times).map(days).collect::<Vec<f64>>();
                    let name = format!("{}.{AGE}", self.name);
                    inputs.push(Input { name, values: InputValues::Numeric(values.into()) });
                }
            }
        }
    }
}

/// The part of a date that depends on the time of the row: whole and fractional days between them.
const AGE: &str = "age_days";

const MICROSECONDS_A_DAY: f64 = 86_400e6;

type DatePart = (&'static str, fn(jiff::civil::Date) -> f64);

const DATE_PARTS: [DatePart; 3] = [
    ("month", |date| f64::from(date.month())),
    ("quarter", |date| f64::from((date.month() - 1) / 3 + 1)),
    ("year", |date| f64::from(date.year())),
];

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
    let position = |name: &String| {
        let of = |name: &str| levels.binary_search_by(|level| level.as_str().cmp(name)).ok();
        let found = of(name).or_else(|| of(as_flag_of(name, levels.iter().map(String::as_str))?));
        found.map_or(NO_LEVEL, |position| position as u16)
    };
    if codes.len() < theirs.len() {
        return codes
            .iter()
            .map(|code| code.map_or(NO_LEVEL, |code| position(&theirs[code as usize])))
            .collect();
    }
    let ours: Vec<u16> = theirs.iter().map(position).collect();
    codes.iter().map(|code| code.map_or(NO_LEVEL, |code| ours[code as usize])).collect()
}
