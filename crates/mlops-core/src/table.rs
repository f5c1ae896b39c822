//! Tables of named columns, each numeric or categorical, with missing values.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::timestamp::parse_utc;

/// The kind of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Numbers, compared by their order.
    Numeric,
    /// Levels without order.
    Categorical,
    /// Points in time, which move by their nature.
    Date,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Numeric, Self::Categorical, Self::Date];

    /// `numeric`, `categorical` or `date`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Numeric => "numeric",
            Self::Categorical => "categorical",
            Self::Date => "date",
        }
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// One cell as its source has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// No value.
    Missing,
    /// A number.
    Number(f64),
    /// A text, which may read as a number or as a missing value.
    Text(&'a str),
    /// A point in time: microseconds since 1970 in UTC.
    Time(i64),
}

/// Levels of a categorical column, by their number of first appearance.
#[derive(Debug, Clone, Default)]
pub struct Levels {
    names: Vec<String>,
    codes: HashMap<String, u32>,
}

impl Levels {
    /// The names, in the order of first appearance.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The code of `name`, if it has appeared.
    pub fn code(&self, name: &str) -> Option<u32> {
        self.codes.get(name).copied()
    }

    fn code_or_new(&mut self, name: &str) -> u32 {
        if let Some(code) = self.code(name) {
            return code;
        }
        let code = u32::try_from(self.names.len()).expect("memory ends before four billion levels");
        self.names.push(name.to_owned());
        self.codes.insert(name.to_owned(), code);
        code
    }
}

/// The values of one column.
#[derive(Debug, Clone)]
pub enum Values {
    /// One number a row; NaN is missing.
    Numeric(Vec<f64>),
    /// One code a row; `None` is missing.
    Categorical {
        /// The levels of the codes.
        levels: Levels,
        /// One a row.
        codes: Vec<Option<u32>>,
    },
    /// Microseconds since 1970 in UTC, one a row; `None` is missing.
    Date(Vec<Option<i64>>),
}

/// A named column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its values.
    pub values: Values,
    /// The rows of a numeric column that held something else, ascending; they count as missing.
    pub unreadable: Vec<usize>,
}

impl Column {
    /// An empty column.
    pub fn new(name: impl Into<String>, kind: Kind) -> Self {
        let values = match kind {
            Kind::Numeric => Values::Numeric(Vec::new()),
            Kind::Categorical => {
                Values::Categorical { levels: Levels::default(), codes: Vec::new() }
            }
            Kind::Date => Values::Date(Vec::new()),
        };
        Self { name: name.into(), values, unreadable: Vec::new() }
    }

    /// Returns the kind of the column.
    pub fn kind(&self) -> Kind {
        match self.values {
            Values::Numeric(_) => Kind::Numeric,
            Values::Categorical { .. } => Kind::Categorical,
            Values::Date(_) => Kind::Date,
        }
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        match &self.values {
            Values::Numeric(values) => values.len(),
            Values::Categorical { codes, .. } => codes.len(),
            Values::Date(times) => times.len(),
        }
    }

    /// Whether the column has no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many rows have no value.
    pub fn missing(&self) -> usize {
        match &self.values {
            Values::Numeric(values) => values.iter().filter(|value| value.is_nan()).count(),
            Values::Categorical { codes, .. } => codes.iter().filter(|code| code.is_none()).count(),
            Values::Date(times) => times.iter().filter(|time| time.is_none()).count(),
        }
    }

    /// Adds a row.
    ///
    /// A text that [`is_missing_text`] is missing in every column. A numeric column takes a text
    /// that reads as a number; any other text is counted as unreadable and is missing. A
    /// categorical column takes a number as its [`level_name`].
    pub fn push(&mut self, cell: Cell<'_>) {
        let cell = match cell {
            Cell::Text(text) if is_missing_text(text) => Cell::Missing,
            Cell::Number(number) if number.is_nan() => Cell::Missing,
            other => other,
        };
        let row = self.len();
        match &mut self.values {
            Values::Numeric(values) => values.push(match cell {
                Cell::Missing | Cell::Time(_) => f64::NAN,
                Cell::Number(number) => number,
                Cell::Text(text) => text.trim().parse().unwrap_or_else(|_| {
                    self.unreadable.push(row);
                    f64::NAN
                }),
            }),
            Values::Categorical { levels, codes } => codes.push(match cell {
                Cell::Missing | Cell::Time(_) => None,
                Cell::Number(number) => Some(levels.code_or_new(&number_level(number))),
                Cell::Text(text) => Some(levels.code_or_new(level_name(text))),
            }),
            Values::Date(times) => times.push(match cell {
                Cell::Time(time) => Some(time),
                Cell::Text(text) => parse_utc(text).map(Timestamp::as_microsecond),
                Cell::Missing | Cell::Number(_) => None,
            }),
        }
    }

    /// Adds rows to a numeric column; NaN is missing.
    pub fn extend_numbers(&mut self, numbers: &[f64]) {
        match &mut self.values {
            Values::Numeric(values) => values.extend_from_slice(numbers),
            _ => numbers.iter().for_each(|&number| self.push(Cell::Number(number))),
        }
    }

    /// Adds rows to a categorical column, each as an index of `names`; `None` is missing, and
    /// so is a name that [`is_missing_text`].
    pub fn extend_levels<'n>(
        &mut self,
        names: impl Iterator<Item = &'n str>,
        rows: impl Iterator<Item = Option<u32>>,
    ) {
        let Values::Categorical { levels, codes } = &mut self.values else { return };
        let code =
            |name: &str| (!is_missing_text(name)).then(|| levels.code_or_new(level_name(name)));
        let indices: Vec<Option<u32>> = names.map(code).collect();
        codes.extend(
            rows.map(|row| row.and_then(|row| indices.get(row as usize).copied().flatten())),
        );
    }

    /// The same rows as another kind: numbers as levels, or levels as the numbers that they read
    /// as.
    #[must_use]
    pub fn into_kind(self, kind: Kind) -> Self {
        if kind == self.kind() {
            return self;
        }
        let mut column = Self::new(self.name, kind);
        match &self.values {
            Values::Numeric(numbers) => {
                numbers.iter().for_each(|&number| column.push(Cell::Number(number)))
            }
            Values::Categorical { levels, codes } => {
                let text = |code: Option<u32>| {
                    code.map_or(Cell::Missing, |code| Cell::Text(&levels.names[code as usize]))
                };
                codes.iter().for_each(|&code| column.push(text(code)));
            }
            // A date is neither a number nor a level.
            Values::Date(times) => times.iter().for_each(|_| column.push(Cell::Missing)),
        }
        column
    }

    /// Returns the rows at these indices, in their order.
    #[must_use]
    pub fn take(&self, rows: &[usize]) -> Self {
        let values = match &self.values {
            Values::Numeric(values) => {
                Values::Numeric(rows.iter().map(|&row| values[row]).collect())
            }
            Values::Categorical { levels, codes } => {
                let codes = rows.iter().map(|&row| codes[row]).collect();
                Values::Categorical { levels: levels.clone(), codes }
            }
            Values::Date(times) => Values::Date(rows.iter().map(|&row| times[row]).collect()),
        };
        let is_unreadable = |row: &usize| self.unreadable.binary_search(row).is_ok();
        let indices = rows.iter().enumerate().filter(|(_, row)| is_unreadable(row));
        Self {
            name: self.name.clone(),
            values,
            unreadable: indices.map(|(index, _)| index).collect(),
        }
    }

    /// Adds the rows of another column of this kind.
    pub fn append(&mut self, other: &Self) {
        let before = self.len();
        self.unreadable.extend(other.unreadable.iter().map(|row| before + row));
        match (&mut self.values, &other.values) {
            (Values::Numeric(values), Values::Numeric(more)) => values.extend_from_slice(more),
            (
                Values::Categorical { levels, codes },
                Values::Categorical { levels: names, codes: more },
            ) => {
                let indices: Vec<u32> =
                    names.names.iter().map(|name| levels.code_or_new(name)).collect();
                codes.extend(more.iter().map(|code| code.map(|code| indices[code as usize])));
            }
            (Values::Date(times), Values::Date(more)) => times.extend_from_slice(more),
            _ => (0..other.len()).for_each(|_| self.push(Cell::Missing)),
        }
    }

    fn reserve_exact(&mut self, rows: usize) {
        match &mut self.values {
            Values::Numeric(values) => values.reserve_exact(rows),
            Values::Categorical { codes, .. } => codes.reserve_exact(rows),
            Values::Date(times) => times.reserve_exact(rows),
        }
    }

    /// Returns the value of each row as text, as [`level_name`]; `None` if it is missing.
    pub fn names(&self) -> Vec<Option<String>> {
        match &self.values {
            Values::Numeric(values) => {
                values.iter().map(|value| (!value.is_nan()).then(|| number_level(*value))).collect()
            }
            Values::Categorical { levels, codes } => codes
                .iter()
                .map(|code| code.map(|code| levels.names[code as usize].clone()))
                .collect(),
            Values::Date(times) => {
                times.iter().map(|time| time.map(|time| time.to_string())).collect()
            }
        }
    }

    /// When each row was, in microseconds since 1970; `None` where it does not say.
    pub fn times(&self) -> Vec<Option<i64>> {
        match &self.values {
            Values::Date(times) => times.clone(),
            Values::Categorical { levels, codes } => {
                let read = |name: &String| parse_utc(name).map(Timestamp::as_microsecond);
                let times: Vec<Option<i64>> = levels.names.iter().map(read).collect();
                codes.iter().map(|code| code.and_then(|code| times[code as usize])).collect()
            }
            Values::Numeric(values) => vec![None; values.len()],
        }
    }
}

/// Columns of one length.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// The columns, in the order of the source.
    pub columns: Vec<Column>,
}

impl Table {
    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Adds the rows of a table of the same columns; without columns it takes over theirs.
    pub fn append(&mut self, other: &Self) {
        if self.columns.is_empty() {
            self.columns = other.columns.clone();
        } else {
            self.columns.iter_mut().zip(&other.columns).for_each(|(all, more)| all.append(more));
        }
    }

    /// The rows of both, in room for no more than one column twice.
    #[must_use]
    pub fn followed_by(mut self, other: Self) -> Self {
        for (column, more) in self.columns.iter_mut().zip(other.columns) {
            column.reserve_exact(more.len());
            column.append(&more);
        }
        self
    }

    /// Gives back what was reserved for further rows.
    pub fn shrink_to_fit(&mut self) {
        for column in &mut self.columns {
            match &mut column.values {
                Values::Numeric(values) => values.shrink_to_fit(),
                Values::Categorical { codes, .. } => codes.shrink_to_fit(),
                Values::Date(times) => times.shrink_to_fit(),
            }
        }
    }

    /// Returns the rows at these indices, in their order.
    #[must_use]
    pub fn take(&self, rows: &[usize]) -> Self {
        Self { columns: self.columns.iter().map(|column| column.take(rows)).collect() }
    }

    /// These columns, as these kinds and in this order; one that the table does not have is missing
    /// in every row.
    #[must_use]
    pub fn select(mut self, columns: &[(String, Kind)]) -> Self {
        let rows = self.rows();
        let column = |(name, kind): &(String, Kind)| match self
            .columns
            .iter_mut()
            .find(|it| it.name == *name)
        {
            // A name is asked for once, and so the column may be moved.
            Some(column) => {
                std::mem::replace(column, Column::new("", Kind::Numeric)).into_kind(*kind)
            }
            None => {
                let mut missing = Column::new(name, *kind);
                (0..rows).for_each(|_| missing.push(Cell::Missing));
                missing
            }
        };
        Self { columns: columns.iter().map(column).collect() }
    }

    /// The number of rows; 0 without columns.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, Column::len)
    }
}

/// Whether a text stands for a missing value, as pandas reads it: empty, `NA`, `N/A`, `NaN`, `nan`,
/// `NULL`, `null`, `None`, `<NA>`.
pub fn is_missing_text(text: &str) -> bool {
    matches!(
        text.trim(),
        "" | "NA" | "N/A" | "n/a" | "NaN" | "nan" | "NULL" | "null" | "None" | "<NA>"
    )
}

/// The level that a text names, one for every way in which a producer may write it.
///
/// `True` and `TRUE` are `true`; `1.0` is `1`, since a table with missing values writes whole
/// numbers so. Anything else stays as it is: `007` and `1.10` are not numbers to everyone.
pub fn level_name(text: &str) -> &str {
    let text = text.trim();
    if text.eq_ignore_ascii_case("true") {
        return "true";
    }
    if text.eq_ignore_ascii_case("false") {
        return "false";
    }
    match text.strip_suffix(".0") {
        Some(whole)
            if !whole.is_empty()
                && whole.trim_start_matches('-').bytes().all(|b| b.is_ascii_digit()) =>
        {
            whole
        }
        _ => text,
    }
}

/// The level that a number names, as [`level_name`].
pub fn number_level(number: f64) -> String {
    let number = if number == 0.0 { 0.0 } else { number };
    level_name(&format!("{number:?}")).to_owned()
}
