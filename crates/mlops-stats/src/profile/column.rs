use serde::{Deserialize, Serialize};

use super::{LevelProfile, NumberProfile};
use mlops_core::table::{Column, Kind, Values, as_flag_of};

/// The profile of one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnProfile {
    /// Its name.
    pub name: String,
    /// All rows.
    pub rows: u64,
    /// Rows without a value.
    pub missing: u64,
    /// How many cells of a numeric column held something else; they count as missing.
    pub unreadable: u64,
    /// Its values.
    pub values: ValueProfile,
}

/// The values of one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ValueProfile {
    /// Numbers.
    Numeric(NumberProfile),
    /// Levels.
    Categorical(LevelProfile),
    /// Dates, of which only the number is kept.
    Date,
}

impl ColumnProfile {
    /// An empty one.
    pub fn new(name: impl Into<String>, kind: Kind) -> Self {
        let values = match kind {
            Kind::Numeric => ValueProfile::Numeric(NumberProfile::default()),
            Kind::Categorical => ValueProfile::Categorical(LevelProfile::default()),
            Kind::Date => ValueProfile::Date,
        };
        Self { name: name.into(), rows: 0, missing: 0, unreadable: 0, values }
    }

    /// Returns the kind of the column.
    pub fn kind(&self) -> Kind {
        match self.values {
            ValueProfile::Numeric(_) => Kind::Numeric,
            ValueProfile::Categorical(_) => Kind::Categorical,
            ValueProfile::Date => Kind::Date,
        }
    }

    /// Rows with a value.
    pub fn present(&self) -> u64 {
        self.rows - self.missing
    }

    /// The share of rows without a value; 0 without rows.
    pub fn missing_share(&self) -> f64 {
        if self.rows == 0 { 0.0 } else { self.missing as f64 / self.rows as f64 }
    }

    /// The same column as levels, where its numbers have few distinct values; `None` where they
    /// have more.
    #[must_use]
    pub fn as_levels(&self) -> Option<Self> {
        let levels = match &self.values {
            ValueProfile::Numeric(numbers) => numbers.as_levels()?,
            ValueProfile::Categorical(levels) => levels.clone(),
            ValueProfile::Date => return None,
        };
        Some(Self { values: ValueProfile::Categorical(levels), ..self.clone() })
    }

    /// Forgets the rows without a value, where these say nothing: an outcome that is not known yet.
    pub fn forget_missing(&mut self) {
        self.rows = self.present();
        self.missing = 0;
        self.unreadable = 0;
    }

    /// Adds the rows of a column, which is taken as this profile's kind.
    pub(super) fn add(&mut self, column: &Column) {
        if column.kind() != self.kind() {
            return self.add(&column.clone().into_kind(self.kind()));
        }
        self.rows += column.len() as u64;
        self.missing += column.missing() as u64;
        self.unreadable += column.unreadable.len() as u64;
        match (&mut self.values, &column.values) {
            (ValueProfile::Numeric(profile), Values::Numeric(values)) => {
                if column.missing() == 0 {
                    profile.extend(values);
                } else {
                    let present: Vec<f64> =
                        values.iter().copied().filter(|value| !value.is_nan()).collect();
                    profile.extend(&present);
                }
            }
            (ValueProfile::Categorical(profile), Values::Categorical { levels, codes }) => {
                let mut counts = vec![0; levels.names().len()];
                codes.iter().flatten().for_each(|&code| counts[code as usize] += 1);
                for (name, rows) in levels.names().iter().zip(counts) {
                    let known = as_flag_of(name, profile.iter().map(|(name, _)| name));
                    match known.map(str::to_owned) {
                        Some(known) => profile.count(&known, rows),
                        None => profile.count(name, rows),
                    }
                }
            }
            _ => {}
        }
    }

    pub(super) fn add_missing(&mut self, rows: u64) {
        self.rows += rows;
        self.missing += rows;
    }

    /// Adds what another profile of the same kind has seen.
    pub(super) fn join(&mut self, other: &Self) {
        self.rows += other.rows;
        self.missing += other.missing;
        self.unreadable += other.unreadable;
        match (&mut self.values, &other.values) {
            (ValueProfile::Numeric(ours), ValueProfile::Numeric(theirs)) => ours.join(theirs),
            (ValueProfile::Categorical(ours), ValueProfile::Categorical(theirs)) => {
                ours.join(theirs)
            }
            _ => {}
        }
    }

    pub(super) fn is_sound(&self) -> bool {
        let present = self.rows.checked_sub(self.missing);
        let values = match &self.values {
            ValueProfile::Numeric(numbers) => numbers.is_sound().then(|| numbers.sketch.len()),
            ValueProfile::Categorical(levels) => Some(levels.total()),
            ValueProfile::Date => present,
        };
        present.is_some() && present == values
    }
}
