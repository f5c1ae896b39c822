//! Tables of named columns, each numeric or categorical, with missing values.

mod date;
mod form;
mod kind;
mod level;
mod number;
mod read_texts;
mod reading;
mod survey;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

pub use date::DateOrder;
pub use form::Form;
pub use kind::Kind;
use level::flag_name;
pub use level::{as_flag_of, is_missing_text, level_name, number_level};
pub use number::Decimal;
pub use reading::{Reading, ReadingError, Rules};
pub use survey::{Survey, is_no_value};

/// Up to so many texts of unreadable rows are kept.
const SHOWN_TEXTS: usize = 5;

/// One cell as its source has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// No value.
    Missing,
    /// A number.
    Number(f64),
    /// A whole number, of which no digit may be lost where it is an ID.
    Integer(i64),
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
    /// The form of its texts.
    pub form: Form,
    /// The rows of a column of numbers or dates that held something else, ascending; they count as
    /// missing.
    pub unreadable: Vec<usize>,
    /// Some of the texts of these rows.
    pub unreadable_texts: Vec<String>,
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
        // Of a single number it is known what `true` is; of a level only if the column has booleans.
        let form = Form { has_flags: kind == Kind::Numeric, ..Form::default() };
        Self {
            name: name.into(),
            values,
            form,
            unreadable: Vec::new(),
            unreadable_texts: Vec::new(),
        }
    }

    /// An empty column whose texts have a form.
    pub fn with_reading(name: impl Into<String>, reading: Reading) -> Self {
        Self { form: reading.form, ..Self::new(name, reading.kind) }
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
    /// that is a number in the column's form, and a date column one that is a date; any other text is
    /// counted as unreadable and is missing. A categorical column takes a number as its
    /// [`level_name`].
    pub fn push(&mut self, cell: Cell<'_>) {
        let cell = match cell {
            Cell::Text(text) if is_missing_text(text) => Cell::Missing,
            Cell::Number(number) if number.is_nan() => Cell::Missing,
            other => other,
        };
        let (form, row) = (self.form, self.len());
        let name = |text| if form.has_flags { flag_name(text) } else { level_name(text) };
        let mut is_unreadable = false;
        match &mut self.values {
            Values::Numeric(values) => values.push(match cell {
                Cell::Missing | Cell::Time(_) => f64::NAN,
                Cell::Number(number) => number,
                Cell::Integer(integer) => integer as f64,
                Cell::Text(text) => form.number(text).unwrap_or_else(|| {
                    is_unreadable = true;
                    f64::NAN
                }),
            }),
            Values::Categorical { levels, codes } => codes.push(match cell {
                Cell::Missing | Cell::Time(_) => None,
                Cell::Number(number) => Some(levels.code_or_new(name(&number_level(number)))),
                Cell::Integer(integer) => Some(levels.code_or_new(name(&integer.to_string()))),
                Cell::Text(text) => Some(levels.code_or_new(name(text))),
            }),
            Values::Date(times) => times.push(match cell {
                Cell::Time(time) => Some(time),
                Cell::Text(text) => {
                    let time = form.time(text);
                    is_unreadable = time.is_none();
                    time
                }
                Cell::Missing | Cell::Number(_) | Cell::Integer(_) => None,
            }),
        }
        if let Cell::Text(text) = cell
            && is_unreadable
        {
            self.unreadable.push(row);
            self.note_unreadable(text.trim());
        }
    }

    fn note_unreadable(&mut self, text: &str) {
        let texts = &mut self.unreadable_texts;
        if texts.len() < SHOWN_TEXTS && texts.iter().all(|known| known != text) {
            texts.push(text.to_owned());
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
        let name_of = if self.form.has_flags { flag_name } else { level_name };
        let code = |name: &str| (!is_missing_text(name)).then(|| levels.code_or_new(name_of(name)));
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
            form: self.form,
            unreadable: indices.map(|(index, _)| index).collect(),
            unreadable_texts: self.unreadable_texts.clone(),
        }
    }

    /// Adds the rows of another column of this kind.
    pub fn append(&mut self, other: &Self) {
        let before = self.len();
        self.unreadable.extend(other.unreadable.iter().map(|row| before + row));
        other.unreadable_texts.iter().for_each(|text| self.note_unreadable(text));
        match (&mut self.values, &other.values) {
            (Values::Numeric(values), Values::Numeric(more)) => values.extend_from_slice(more),
            (
                Values::Categorical { levels, codes },
                Values::Categorical { levels: names, codes: more },
            ) => {
                let has_flags = self.form.has_flags;
                let mut own =
                    |name: &str| levels.code_or_new(if has_flags { flag_name(name) } else { name });
                let indices: Vec<u32> = names.names.iter().map(|name| own(name)).collect();
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
                let read = |name: &String| self.form.time(name);
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
