use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// So many levels are told apart; what comes after them is counted together.
const MAX_LEVELS: usize = 10_000;

/// How often each level of a column occurs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "LevelList", into = "LevelList")]
pub struct LevelProfile {
    names: Vec<String>,
    counts: Vec<u64>,
    indices: HashMap<String, usize>,
    others: u64,
}

impl LevelProfile {
    /// The levels in the order of their first appearance, with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.names.iter().map(String::as_str).zip(self.counts.iter().copied())
    }

    /// How many levels are told apart.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Rows of levels that came after the first 10,000.
    pub fn others(&self) -> u64 {
        self.others
    }

    /// Rows with a level.
    pub fn total(&self) -> u64 {
        self.counts.iter().fold(self.others, |sum, count| sum.saturating_add(*count))
    }

    /// Adds so many rows of a level; none make it known, so that it is told apart whenever it
    /// comes.
    pub fn count(&mut self, name: &str, rows: u64) {
        match self.indices.get(name) {
            Some(&index) => self.counts[index] += rows,
            None if self.names.len() < MAX_LEVELS => {
                self.indices.insert(name.to_owned(), self.names.len());
                self.names.push(name.to_owned());
                self.counts.push(rows);
            }
            None => self.others += rows,
        }
    }

    pub(super) fn join(&mut self, other: &Self) {
        other.iter().for_each(|(name, rows)| self.count(name, rows));
        self.others += other.others;
    }
}

/// As it stands in a file.
#[derive(Serialize, Deserialize)]
struct LevelList {
    levels: Vec<(String, u64)>,
    others: u64,
}

impl From<LevelList> for LevelProfile {
    fn from(list: LevelList) -> Self {
        let mut profile = Self { others: list.others, ..Self::default() };
        list.levels.iter().for_each(|(name, rows)| profile.count(name, *rows));
        profile
    }
}

impl From<LevelProfile> for LevelList {
    fn from(profile: LevelProfile) -> Self {
        Self {
            levels: profile.names.into_iter().zip(profile.counts).collect(),
            others: profile.others,
        }
    }
}
