use super::date::DateOrder;
use super::form::Form;
use super::kind::Kind;
use super::number::Decimal;

/// Rules for the columns of a source.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Columns that are texts, such as IDs: no value is taken for a number.
    pub texts: Vec<String>,
    /// Columns that are levels, whatever they look like.
    pub levels: Vec<String>,
    /// The decimal sign of all numbers [default: each column's own].
    pub decimal: Option<Decimal>,
    /// The order of day and month of all dates [default: each column's own].
    pub date_order: Option<DateOrder>,
    /// Whether texts of a source with types are levels, whatever they look like.
    pub has_types: bool,
    /// Maximum share of cells that are no numbers in a column of numbers, or no dates among dates.
    pub max_bad_cells: f64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            texts: Vec::new(),
            levels: Vec::new(),
            decimal: None,
            date_order: None,
            has_types: false,
            max_bad_cells: 0.01,
        }
    }
}

/// The kind of a column, and the form of its texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The kind.
    pub kind: Kind,
    /// The form.
    pub form: Form,
}

impl Reading {
    /// Levels, each as it is written.
    pub fn levels() -> Self {
        Self { kind: Kind::Categorical, form: Form::default() }
    }

    /// Numbers of a source that has types.
    pub fn numbers() -> Self {
        Self { kind: Kind::Numeric, form: Form { has_flags: true, ..Form::default() } }
    }

    /// Points in time of a source that has types.
    pub fn times() -> Self {
        Self { kind: Kind::Date, form: Form::default() }
    }

    /// The levels `true` and `false`, also as `1` and `0`.
    pub fn flags() -> Self {
        Self { kind: Kind::Categorical, form: Form { has_flags: true, ..Form::default() } }
    }
}

impl Rules {
    /// The rules of a source whose types say what the columns are, such as a file of `retrain`.
    pub fn of_types() -> Self {
        Self { has_types: true, ..Self::default() }
    }

    /// Whether a column is texts or levels, whatever its cells look like.
    pub fn is_levels(&self, name: &str) -> bool {
        self.texts.iter().chain(&self.levels).any(|known| known == name)
    }
}

/// Why a column cannot be read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ReadingError {
    /// Its numbers may be read in two ways.
    #[error(
        "its numbers may be read in two ways: `{text}` is {point} or {comma}. Say which with --decimal point or --decimal comma"
    )]
    Decimal {
        /// One of them.
        text: String,
        /// Its value, if the decimal sign is a point.
        point: f64,
        /// Its value, if the decimal sign is a comma.
        comma: f64,
    },
    /// Its dates may be read in two ways.
    #[error(
        "its dates may be read in two ways: `{text}` has the day first or the month. Say which with --date-order day-first or --date-order month-first"
    )]
    DateOrder {
        /// One of them.
        text: String,
    },
    /// Too many of its cells are of another kind than the others.
    #[error(
        "{bad} of its {cells} values ({share:.1}%) are no {kind}: {}. Correct them, allow more with --max-bad-cells, or name the column with --categorical if it has levels", shown.join(", ")
    )]
    BadCells {
        /// Cells of another kind.
        bad: u64,
        /// Cells with a value.
        cells: u64,
        /// Their share in percent.
        share: f64,
        /// `numbers` or `dates`.
        kind: &'static str,
        /// Some of them.
        shown: Vec<String>,
    },
}
