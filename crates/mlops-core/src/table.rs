//! Tables of named columns, each numeric or categorical, with missing values.

use std::collections::{HashMap, HashSet};

/// What a column is.
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
    /// `numeric`, `categorical` or `date`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Numeric => "numeric",
            Self::Categorical => "categorical",
            Self::Date => "date",
        }
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
        /// What the codes mean.
        levels: Levels,
        /// One a row.
        codes: Vec<Option<u32>>,
    },
    /// A date column keeps only how many rows have one.
    Date {
        /// Rows with a date.
        present: usize,
        /// All rows.
        rows: usize,
    },
}

/// A named column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its values.
    pub values: Values,
    /// How many cells of a numeric column held something else; they count as missing.
    pub unreadable: usize,
}

impl Column {
    /// An empty column.
    pub fn new(name: impl Into<String>, kind: Kind) -> Self {
        let values = match kind {
            Kind::Numeric => Values::Numeric(Vec::new()),
            Kind::Categorical => Values::Categorical { levels: Levels::default(), codes: Vec::new() },
            Kind::Date => Values::Date { present: 0, rows: 0 },
        };
        Self { name: name.into(), values, unreadable: 0 }
    }

    /// What the column is.
    pub fn kind(&self) -> Kind {
        match self.values {
            Values::Numeric(_) => Kind::Numeric,
            Values::Categorical { .. } => Kind::Categorical,
            Values::Date { .. } => Kind::Date,
        }
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        match &self.values {
            Values::Numeric(values) => values.len(),
            Values::Categorical { codes, .. } => codes.len(),
            Values::Date { rows, .. } => *rows,
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
            Values::Date { present, rows } => rows - present,
        }
    }

    /// Adds a row.
    ///
    /// A text that [`is_missing_text`] is missing in every column. A numeric column takes a text that reads as a number;
    /// any other text is counted as unreadable and is missing. A categorical column takes a number as its [`level_name`].
    pub fn push(&mut self, cell: Cell<'_>) {
        let cell = match cell {
            Cell::Text(text) if is_missing_text(text) => Cell::Missing,
            Cell::Number(number) if number.is_nan() => Cell::Missing,
            other => other,
        };
        match &mut self.values {
            Values::Numeric(values) => values.push(match cell {
                Cell::Missing => f64::NAN,
                Cell::Number(number) => number,
                Cell::Text(text) => text.trim().parse().unwrap_or_else(|_| {
                    self.unreadable += 1;
                    f64::NAN
                }),
            }),
            Values::Categorical { levels, codes } => codes.push(match cell {
                Cell::Missing => None,
                Cell::Number(number) => Some(levels.code_or_new(&number_level(number))),
                Cell::Text(text) => Some(levels.code_or_new(level_name(text))),
            }),
            Values::Date { present, rows } => {
                *rows += 1;
                *present += usize::from(cell != Cell::Missing);
            }
        }
    }

    /// The same rows as another kind: numbers as levels, or levels as the numbers that they read as.
    #[must_use]
    pub fn into_kind(self, kind: Kind) -> Self {
        if kind == self.kind() {
            return self;
        }
        let mut column = Self::new(self.name, kind);
        match &self.values {
            Values::Numeric(numbers) => numbers.iter().for_each(|&number| column.push(Cell::Number(number))),
            Values::Categorical { levels, codes } => {
                let text =
                    |code: Option<u32>| code.map_or(Cell::Missing, |code| Cell::Text(&levels.names[code as usize]));
                codes.iter().for_each(|&code| column.push(text(code)));
            }
            // A date is neither a number nor a level.
            Values::Date { rows, .. } => (0..*rows).for_each(|_| column.push(Cell::Missing)),
        }
        column
    }

    fn retain(&mut self, keep: &[bool]) {
        let mut kept = keep.iter().copied();
        let mut next = || kept.next().unwrap_or(false);
        match &mut self.values {
            Values::Numeric(values) => values.retain(|_| next()),
            Values::Categorical { codes, .. } => codes.retain(|_| next()),
            Values::Date { present, rows } => {
                *rows = keep.iter().filter(|keep| **keep).count();
                *present = (*present).min(*rows);
            }
        }
    }

    /// The number of distinct values, counted up to `limit`; missing is none.
    pub fn distinct_up_to(&self, limit: usize) -> usize {
        match &self.values {
            Values::Numeric(values) => {
                let mut seen: Vec<f64> = Vec::new();
                for &value in values {
                    if !value.is_nan() && !seen.contains(&value) {
                        seen.push(value);
                        if seen.len() == limit {
                            break;
                        }
                    }
                }
                seen.len()
            }
            Values::Categorical { levels, .. } => levels.names.len().min(limit),
            Values::Date { .. } => 0,
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

    /// Leaves out each row whose value of `column` an earlier row has; tells how many. Rows without a value stay.
    ///
    /// 0 where there is no such column. Of a date column the number of dates is no longer exact.
    pub fn keep_first_of_each(&mut self, column: &str) -> usize {
        let Some(column) = self.column(column) else { return 0 };
        let keep: Vec<bool> = match &column.values {
            Values::Numeric(values) => {
                let mut seen = HashSet::new();
                values.iter().map(|value| value.is_nan() || seen.insert(value.to_bits())).collect()
            }
            Values::Categorical { codes, .. } => {
                let mut seen = HashSet::new();
                codes.iter().map(|code| code.is_none_or(|code| seen.insert(code))).collect()
            }
            Values::Date { .. } => return 0,
        };
        self.columns.iter_mut().for_each(|column| column.retain(&keep));
        keep.iter().filter(|keep| !**keep).count()
    }

    /// The number of rows; 0 without columns.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, Column::len)
    }
}

/// Whether a text stands for a missing value, as pandas reads it: empty, `NA`, `N/A`, `NaN`, `nan`, `NULL`, `null`,
/// `None`, `<NA>`.
pub fn is_missing_text(text: &str) -> bool {
    matches!(text.trim(), "" | "NA" | "N/A" | "n/a" | "NaN" | "nan" | "NULL" | "null" | "None" | "<NA>")
}

/// The level that a text names, one for every way in which a producer may write it.
///
/// `True` and `TRUE` are `true`; `1.0` is `1`, since a table with missing values writes whole numbers so. Anything
/// else stays as it is: `007` and `1.10` are not numbers to everyone.
pub fn level_name(text: &str) -> &str {
    let text = text.trim();
    if text.eq_ignore_ascii_case("true") {
        return "true";
    }
    if text.eq_ignore_ascii_case("false") {
        return "false";
    }
    match text.strip_suffix(".0") {
        Some(whole) if !whole.is_empty() && whole.trim_start_matches('-').bytes().all(|b| b.is_ascii_digit()) => whole,
        _ => text,
    }
}

fn number_level(number: f64) -> String {
    let number = if number == 0.0 { 0.0 } else { number };
    level_name(&format!("{number:?}")).to_owned()
}
