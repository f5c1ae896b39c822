use mlops_core::table::{Cell, Column, Kind, Table, Values};

use super::args::Changed;

/// A level that no model has seen.
const NEW_LEVEL: &str = "a new level";

/// A change of features in a number of rows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scenario {
    /// The features.
    pub(super) features: Vec<String>,
    /// The change of their values.
    pub(super) change: Change,
    /// Number of rows.
    pub(super) changed: Changed,
}

/// A change of a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Change {
    /// A relative increase of a number.
    Grow(f64),
    /// Two levels are swapped.
    Swap(String, String),
    /// Every level becomes an unseen level.
    NewLevel,
}

impl Change {
    /// Returns the relative increase, if it is one.
    pub(super) fn step(&self) -> Option<f64> {
        if let Self::Grow(share) = self { Some(*share) } else { None }
    }

    /// Returns a short description, such as `+10%`.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Grow(share) => format!("+{}%", (share * 1e6).round() / 1e4),
            Self::Swap(one, other) => format!("{one} ↔ {other}"),
            Self::NewLevel => NEW_LEVEL.to_owned(),
        }
    }
}

/// All that is tried: each step with each number of rows, for each numeric feature and for all of
/// them together, and both changes of each categorical one.
pub(super) fn scenarios(
    table: &Table,
    numeric: &[String],
    categorical: &[String],
    steps: &[f64],
    changed: &[Changed],
) -> Vec<Scenario> {
    let mut groups: Vec<(Vec<String>, Vec<Change>)> = Vec::new();
    let grow: Vec<Change> = steps.iter().map(|step| Change::Grow(*step)).collect();
    groups.extend(numeric.iter().map(|feature| (vec![feature.clone()], grow.clone())));
    if numeric.len() > 1 {
        groups.push((numeric.to_vec(), grow));
    }
    for feature in categorical {
        let swap = table
            .column(feature)
            .and_then(two_most_frequent)
            .map(|(one, other)| Change::Swap(one, other));
        groups.push((vec![feature.clone()], swap.into_iter().chain([Change::NewLevel]).collect()));
    }
    let mut all = Vec::new();
    for (features, changes) in &groups {
        for changed in changed {
            let (features, changed) = (features, *changed);
            all.extend(changes.iter().map(|change| Scenario {
                features: features.clone(),
                change: change.clone(),
                changed,
            }));
        }
    }
    all
}

fn two_most_frequent(column: &Column) -> Option<(String, String)> {
    let Values::Categorical { levels, codes } = &column.values else { return None };
    let mut rows: Vec<(usize, &String)> = levels.names().iter().map(|name| (0, name)).collect();
    codes.iter().flatten().for_each(|code| rows[*code as usize].0 += 1);
    rows.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    match rows.as_slice() {
        [(_, one), (_, other), ..] => Some(((*one).clone(), (*other).clone())),
        _ => None,
    }
}

impl Scenario {
    /// Returns the rows at these indices after the change.
    pub(super) fn apply(&self, table: &Table, rows: &[usize]) -> Table {
        let mut changed = table.take(rows);
        for column in &mut changed.columns {
            if self.features.contains(&column.name) {
                self.change.apply(column);
            }
        }
        changed
    }
}

impl Change {
    fn apply(&self, column: &mut Column) {
        match (self, &mut column.values) {
            (Self::Grow(share), Values::Numeric(values)) => {
                values.iter_mut().for_each(|value| *value *= 1.0 + share)
            }
            (Self::Swap(..) | Self::NewLevel, Values::Categorical { levels, codes }) => {
                let mut renamed = Column::new(column.name.clone(), Kind::Categorical);
                for code in codes {
                    let cell =
                        code.map(|code| Cell::Text(self.renamed(&levels.names()[code as usize])));
                    renamed.push(cell.unwrap_or(Cell::Missing));
                }
                *column = renamed;
            }
            // A step is for numbers, and a level for levels; the scenarios keep them apart.
            _ => {}
        }
    }

    /// The level that another one becomes.
    fn renamed<'n>(&'n self, name: &'n str) -> &'n str {
        match self {
            Self::Swap(one, other) if name == one => other,
            Self::Swap(one, other) if name == other => one,
            Self::NewLevel => NEW_LEVEL,
            _ => name,
        }
    }
}
