//! Profiles: what a table's columns hold, in memory that does not grow with the number of rows.
//!
//! A profile is filled batch by batch. Profiles of the same columns add up: that of a day is those
//! of its hours, joined.

mod column;
mod levels;
mod numbers;
mod quantiles;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use mlops_core::table::{Kind, Table};

pub use column::{ColumnProfile, ValueProfile};
pub use levels::LevelProfile;
pub use numbers::NumberProfile;
pub use quantiles::{QuantileSketch, SortedSample};

/// The profile of each column of a table.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// All rows, whether or not they have a value.
    pub rows: u64,
    /// The columns, in the order of the source.
    pub columns: Vec<ColumnProfile>,
}

impl Profile {
    /// An empty profile of these columns.
    pub fn of_columns<'n>(columns: impl IntoIterator<Item = (&'n str, Kind)>) -> Self {
        Self {
            rows: 0,
            columns: columns
                .into_iter()
                .map(|(name, kind)| ColumnProfile::new(name, kind))
                .collect(),
        }
    }

    /// The profile of a table that is at hand as a whole.
    pub fn of_table(table: &Table) -> Self {
        let mut profile = Self::of_columns(
            table.columns.iter().map(|column| (column.name.as_str(), column.kind())),
        );
        profile.add(table);
        profile
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&ColumnProfile> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Adds the rows of a table. A column of the profile that the table does not have is missing in
    /// all of them; other columns of the table are passed over.
    pub fn add(&mut self, table: &Table) {
        let rows = table.rows() as u64;
        self.rows += rows;
        for column in &mut self.columns {
            match table.column(&column.name) {
                Some(values) => column.add(values),
                None => column.add_missing(rows),
            }
        }
    }

    /// Takes the columns of these names out.
    pub fn split_off(&mut self, names: &[String]) -> Self {
        let columns = self.columns.extract_if(.., |column| names.contains(&column.name)).collect();
        Self { rows: self.rows, columns }
    }

    /// Adds all that another profile has seen, column by column.
    ///
    /// # Errors
    ///
    /// [`ProfileError::Columns`] where the columns or their kinds differ.
    pub fn join(&mut self, other: &Self) -> Result<(), ProfileError> {
        let columns = |profile: &Self| -> Vec<(String, Kind)> {
            profile.columns.iter().map(|column| (column.name.clone(), column.kind())).collect()
        };
        let (ours, theirs) = (columns(self), columns(other));
        if ours != theirs {
            let differs = ours
                .iter()
                .find(|ours| !theirs.contains(ours))
                .or(theirs.iter().find(|t| !ours.contains(t)));
            let (name, kind) =
                differs.map_or(("order of the columns", ""), |(name, kind)| (name, kind.name()));
            return Err(ProfileError::Columns {
                column: format!("{name} {kind}").trim_end().to_owned(),
            });
        }
        self.rows += other.rows;
        for (column, more) in self.columns.iter_mut().zip(&other.columns) {
            column.join(more);
        }
        Ok(())
    }

    /// Checks that the parts of a profile from a file are consistent.
    ///
    /// # Errors
    ///
    /// [`ProfileError::Damaged`] with the column.
    pub fn check(&self) -> Result<(), ProfileError> {
        match self.columns.iter().find(|column| !column.is_sound()) {
            Some(column) => Err(ProfileError::Damaged { column: column.name.clone() }),
            None => Ok(()),
        }
    }
}

/// The profile of a data set, and those of its segments if it was split.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Profiles {
    /// The profile of all rows.
    pub whole: Profile,
    /// The column whose values name the segments.
    pub by: Option<String>,
    /// One a segment, by its name.
    pub segments: BTreeMap<String, Profile>,
}

/// Why profiles cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// Two profiles are of other columns.
    #[error("the profiles differ in `{column}`; build both from files with the same columns")]
    Columns {
        /// The first column that only one of them has, with its kind.
        column: String,
    },
    /// A part does not fit the others.
    #[error("the profile of column `{column}` is damaged; rebuild it with `drift profile`")]
    Damaged {
        /// The column.
        column: String,
    },
}
