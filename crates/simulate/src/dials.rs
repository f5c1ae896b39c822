use std::str::FromStr;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::share::share;

/// One change of one feature.
#[derive(Debug, Clone, PartialEq)]
pub struct Drift {
    /// The feature.
    pub feature: String,
    /// The change of its values.
    pub change: Change,
}

/// A change of the values of a feature.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Every value is multiplied.
    Scale(f64),
    /// Every value moves by this many standard deviations.
    ShiftSd(f64),
    /// A share of the rows with one level get another.
    Replace {
        /// The level that rows lose.
        from: String,
        /// The level that they get.
        to: String,
        /// The share of the rows with `from`.
        share: f64,
    },
}

impl FromStr for Drift {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is no valid drift; use FEATURE:×1.05, FEATURE:+0.3sd or FEATURE:LEVEL→LEVEL@20%"
            )
        };
        let (feature, change) = text.split_once(':').ok_or_else(wrong)?;
        if feature.is_empty() {
            return Err(wrong());
        }
        let change = change.trim();
        let finite =
            |number: &str| number.trim().parse().ok().filter(|number: &f64| number.is_finite());
        let parsed = if let Some((from, rest)) =
            change.split_once('→').or_else(|| change.split_once("->"))
        {
            let (to, part) = rest.rsplit_once('@').ok_or_else(wrong)?;
            let share = share(part.trim()).map_err(|_| wrong())?;
            Change::Replace { from: from.trim().to_owned(), to: to.trim().to_owned(), share }
        } else if let Some(factor) = change.strip_prefix(['×', 'x', '*']) {
            Change::Scale(finite(factor).ok_or_else(wrong)?)
        } else if let Some(distance) = change.strip_suffix("sd") {
            Change::ShiftSd(finite(distance).ok_or_else(wrong)?)
        } else {
            return Err(wrong());
        };
        Ok(Self { feature: feature.to_owned(), change: parsed })
    }
}

/// A drift of one column, with what it needs to know of the column.
#[derive(Debug, Clone)]
pub(crate) struct Dial {
    pub(crate) column: usize,
    pub(crate) change: Change,
    /// The column's standard deviation; only a shift asks for it.
    pub(crate) sd: f64,
}

impl Dial {
    /// Changes the row's cell. A cell that is missing or no number stays as it is.
    pub(crate) fn turn(&self, row: &mut [String], rng: &mut ChaCha8Rng) {
        let cell = &mut row[self.column];
        match &self.change {
            Change::Scale(factor) => change_number(cell, |number| number * factor),
            Change::ShiftSd(distance) => change_number(cell, |number| number + distance * self.sd),
            Change::Replace { from, to, share } => {
                if cell == from && rng.random_bool(*share) {
                    cell.clone_from(to);
                }
            }
        }
    }
}

fn change_number(cell: &mut String, change: impl Fn(f64) -> f64) {
    if let Ok(number) = cell.trim().parse::<f64>()
        && number.is_finite()
    {
        *cell = change(number).to_string();
    }
}
