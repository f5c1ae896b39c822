//! The kind and the form of a column of texts, decided by all of its cells.

use std::collections::HashSet;

use super::date::{DateOrder, WrittenDate};
use super::form::Form;
use super::kind::Kind;
use super::level::{boolean, is_missing_text};
use super::number::{Decimal, Written};
use super::reading::{Reading, ReadingError, Rules};

/// A number that occurs as one of up to so many, each so often, may be the code of a level.
const MAX_CODES: usize = 12;
const ROWS_A_CODE: u64 = 10;

/// Numbers or dates in this share of the cells make other texts faults rather than levels.
const REGULAR: f64 = 0.9;

/// The length of `not applicable`.
const MAX_MARKER_BYTES: usize = 14;

/// Up to so many texts are shown.
const SHOWN: usize = 5;

/// The texts of a column, as far as they were seen.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    cells: u64,
    numbers: Vec<Seen<NumberClass>>,
    dates: Vec<Seen<DateClass>>,
    /// `true` and `false`.
    flags: u64,
    zeros_and_ones: u64,
    /// Errors of spreadsheets, which are no level of anything.
    errors: u64,
    /// Texts that stand for a missing value where they stand among numbers.
    markers: u64,
    words: u64,
    others: Vec<String>,
    distinct: HashSet<u64>,
}

/// Cells of one class.
#[derive(Debug, Clone)]
struct Seen<C> {
    class: C,
    cells: u64,
    texts: Vec<String>,
}

/// All that decides whether a number is read in a form, beside its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct NumberClass {
    point: bool,
    comma: bool,
    /// Both readings have the same value.
    is_same: bool,
    is_plain: bool,
    has_comma: bool,
    has_fraction: bool,
    is_zero: bool,
    is_percent: bool,
    currency: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct DateClass {
    day_first: bool,
    month_first: bool,
    is_same: bool,
}

impl Survey {
    /// Looks at `cells` cells of the same text.
    pub fn see(&mut self, text: &str, cells: u64) {
        if cells == 0 || is_missing_text(text) {
            return;
        }
        self.cells += cells;
        if let Some(written) = Written::read(text) {
            self.see_number(text, &written, cells);
        } else if let Some(written) = WrittenDate::read(text) {
            let class = DateClass {
                day_first: written.day_first.is_some(),
                month_first: written.month_first.is_some(),
                is_same: written.day_first == written.month_first,
            };
            count(&mut self.dates, class, text, cells);
        } else {
            if boolean(text).is_some() {
                self.flags += cells;
            }
            match marker(text) {
                Some(true) => self.errors += cells,
                Some(false) => self.markers += cells,
                None => self.words += cells,
            }
            note(&mut self.others, text);
        }
    }

    fn see_number(&mut self, text: &str, written: &Written, cells: u64) {
        let number = written.point.or(written.comma).unwrap_or_default();
        let class = NumberClass {
            point: written.point.is_some(),
            comma: written.comma.is_some(),
            is_same: written.point == written.comma,
            is_plain: written.is_plain,
            has_comma: text.contains(','),
            has_fraction: number.fract() != 0.0,
            is_zero: number == 0.0,
            is_percent: written.is_percent,
            currency: written.currency,
        };
        count(&mut self.numbers, class, text, cells);
        if number == 0.0 || number == 1.0 {
            self.zeros_and_ones += cells;
        }
        if self.distinct.len() <= MAX_CODES {
            self.distinct.insert((number + 0.0).to_bits());
        }
    }

    /// Returns what the column is: numbers, dates, or levels. A column without values is numeric.
    ///
    /// A column of numbers may have other texts in up to `rules.max_bad_cells` of its cells, which
    /// are then missing values. Texts among a few numbers that occur again and again are levels.
    ///
    /// # Errors
    ///
    /// [`ReadingError`] if the numbers or dates may be read in two ways, or if too many cells of a
    /// column of numbers or dates are something else.
    pub fn reading(&self, rules: &Rules) -> Result<Reading, ReadingError> {
        let levels = Reading::levels();
        if self.cells == 0 {
            return Ok(Reading::numbers());
        }
        if self.flags > 0 && self.flags + self.zeros_and_ones == self.cells {
            return Ok(Reading::flags());
        }
        let (form, numbers) = self.number_form(rules);
        let (order, dates) = self.date_order(rules);
        let (reading, regular) = match dates > numbers {
            true => (
                Reading { kind: Kind::Date, form: Form { date_order: order, ..Form::default() } },
                dates,
            ),
            false => (Reading { kind: Kind::Numeric, form }, numbers),
        };
        let bad = self.cells - regular;
        let share = bad as f64 / self.cells as f64;
        let of_other_kind = if dates > numbers { all(&self.numbers) } else { all(&self.dates) };
        let words = self.words + of_other_kind;
        if regular == 0 || (bad > self.errors && self.is_coded(numbers, dates)) {
            return Ok(levels);
        }
        if bad > 0 && share > rules.max_bad_cells {
            if words > 0 && (regular as f64) < REGULAR * self.cells as f64 {
                return Ok(levels);
            }
            return Err(ReadingError::BadCells {
                bad,
                cells: self.cells,
                share: 100.0 * share,
                kind: if dates > numbers { "dates" } else { "numbers" },
                shown: self.bad_texts(&reading),
            });
        }
        if bad > regular {
            return Ok(levels);
        }
        self.check(&reading)?;
        Ok(reading)
    }

    /// Returns what a column is whose source has it as texts, as [`Survey::reading`]. Whole numbers
    /// without any sign are then levels, since the source could have said that they are numbers.
    ///
    /// # Errors
    ///
    /// As [`Survey::reading`], for what would be numbers or dates.
    pub fn reading_of_texts(&self, rules: &Rules) -> Result<Reading, ReadingError> {
        let is_number = |class: &NumberClass| !class.is_plain;
        let has_fraction = self.numbers.iter().any(|seen| seen.class.has_fraction);
        let is_written = self.numbers.iter().any(|seen| is_number(&seen.class))
            || (has_fraction && !self.is_coded(all(&self.numbers), 0));
        let levels = Reading::levels();
        if self.cells == 0 {
            return Ok(levels);
        }
        match self.reading(rules) {
            Ok(reading) if reading.kind == Kind::Numeric && !is_written => Ok(levels),
            Err(ReadingError::BadCells { kind: "numbers", .. }) if !is_written => Ok(levels),
            reading => reading,
        }
    }

    /// Whether nothing that follows in `rows` rows can make the column anything but levels.
    pub fn is_settled(&self, rows: u64) -> bool {
        (self.words - self.flags) as f64 > (1.0 - REGULAR) * rows as f64
    }

    /// Whether the numbers are few and occur again and again.
    fn is_coded(&self, numbers: u64, dates: u64) -> bool {
        numbers >= dates
            && self.distinct.len() <= MAX_CODES
            && numbers >= ROWS_A_CODE * self.distinct.len() as u64
    }

    /// Returns the form of most numbers, and how many cells have it.
    fn number_form(&self, rules: &Rules) -> (Form, u64) {
        let sum = |is: &dyn Fn(&NumberClass) -> bool| -> u64 {
            self.numbers.iter().filter(|seen| is(&seen.class)).map(|seen| seen.cells).sum()
        };
        let point = sum(&|class| class.point && !class.comma);
        let comma = sum(&|class| class.comma && !class.point);
        let either = match comma > point {
            true => Decimal::Comma,
            false => Decimal::Point,
        };
        let decimal = rules.decimal.or((point + comma > 0).then_some(either));
        let percent = sum(&|class| class.is_percent && !class.is_zero);
        let others = sum(&|class| !class.is_percent && !class.is_zero);
        let currencies = self.numbers.iter().filter_map(|seen| seen.class.currency);
        let currency = currencies
            .max_by_key(|currency| (sum(&|class| class.currency == Some(*currency)), *currency));
        let form =
            Form { decimal, is_percent: Some(percent > others), currency, ..Form::default() };
        (form, sum(&|class| class.is_of(&form)))
    }

    fn date_order(&self, rules: &Rules) -> (Option<DateOrder>, u64) {
        let sum = |is: &dyn Fn(&DateClass) -> bool| -> u64 {
            self.dates.iter().filter(|seen| is(&seen.class)).map(|seen| seen.cells).sum()
        };
        let day = sum(&|class| class.day_first && !class.month_first);
        let month = sum(&|class| class.month_first && !class.day_first);
        let either = match month > day {
            true => DateOrder::MonthFirst,
            false => DateOrder::DayFirst,
        };
        let order = rules.date_order.or((day + month > 0).then_some(either));
        (order, sum(&|class| class.is_of(order)))
    }

    /// Refuses numbers or dates of which no cell says how they are meant.
    fn check(&self, reading: &Reading) -> Result<(), ReadingError> {
        if reading.kind == Kind::Date {
            let unclear = self.dates.iter().find(|seen| !seen.class.is_same);
            return match unclear.and_then(|seen| seen.texts.first()) {
                Some(text) if reading.form.date_order.is_none() => {
                    Err(ReadingError::DateOrder { text: text.clone() })
                }
                _ => Ok(()),
            };
        }
        if reading.form.decimal.is_some() {
            return Ok(());
        }
        let is_unclear = |class: &NumberClass| !class.is_same && !class.is_plain;
        let unclear = self.numbers.iter().find(|seen| is_unclear(&seen.class));
        match unclear.and_then(|seen| seen.texts.first()) {
            Some(text) => {
                let written = Written::read(text);
                let (point, comma) = written.map_or((None, None), |it| (it.point, it.comma));
                Err(ReadingError::Decimal {
                    text: text.clone(),
                    point: point.unwrap_or(f64::NAN),
                    comma: comma.unwrap_or(f64::NAN),
                })
            }
            None => Ok(()),
        }
    }

    /// Returns some of the texts that are not of a column's kind and form.
    fn bad_texts(&self, reading: &Reading) -> Vec<String> {
        let numbers = self
            .numbers
            .iter()
            .filter(|seen| reading.kind != Kind::Numeric || !seen.class.is_of(&reading.form));
        let dates = self.dates.iter().filter(|seen| {
            reading.kind != Kind::Date || !seen.class.is_of(reading.form.date_order)
        });
        let others = self.others.iter();
        let texts = others
            .chain(numbers.flat_map(|seen| &seen.texts))
            .chain(dates.flat_map(|seen| &seen.texts));
        texts.take(SHOWN).map(|text| format!("`{text}`")).collect()
    }
}

impl NumberClass {
    fn is_of(&self, form: &Form) -> bool {
        let decimal = match form.decimal {
            Some(Decimal::Comma) => self.comma,
            _ => self.point,
        };
        decimal
            && (self.is_zero || form.is_percent == Some(self.is_percent))
            && self.currency.is_none_or(|currency| form.currency == Some(currency))
    }
}

impl DateClass {
    fn is_of(&self, order: Option<DateOrder>) -> bool {
        match order {
            Some(DateOrder::MonthFirst) => self.month_first,
            _ => self.day_first,
        }
    }
}

fn all<C>(seen: &[Seen<C>]) -> u64 {
    seen.iter().map(|seen| seen.cells).sum()
}

fn count<C: PartialEq>(seen: &mut Vec<Seen<C>>, class: C, text: &str, cells: u64) {
    match seen.iter_mut().find(|seen| seen.class == class) {
        Some(seen) => {
            seen.cells += cells;
            note(&mut seen.texts, text);
        }
        None => seen.push(Seen { class, cells, texts: vec![text.to_owned()] }),
    }
}

fn note(texts: &mut Vec<String>, text: &str) {
    if texts.len() < SHOWN && texts.iter().all(|known| known != text.trim()) {
        texts.push(text.trim().to_owned());
    }
}

/// Whether a text stands for no value where it stands for a number or a date: it is missing, or says
/// so in a way that may be a level elsewhere (`-`, `unknown`, `#DIV/0!`).
pub fn is_no_value(text: &str) -> bool {
    is_missing_text(text) || marker(text).is_some()
}

/// Whether a text stands for no value: `Some(true)` if it is the error of a spreadsheet.
fn marker(text: &str) -> Option<bool> {
    let text = text.trim();
    if text.len() > MAX_MARKER_BYTES {
        return None;
    }
    let text = text.to_ascii_lowercase();
    let is_error = |text: &str| {
        text.starts_with('#') && text.ends_with(['!', '?', 'a']) && !text.contains(' ')
    };
    if is_error(&text) {
        return Some(true);
    }
    let words = [
        "-",
        "--",
        "---",
        "–",
        "—",
        "?",
        "??",
        ".",
        "..",
        "*",
        "/",
        "none",
        "nil",
        "na",
        "n.a.",
        "n/a",
        "nan",
        "null",
        "unknown",
        "missing",
        "undefined",
        "not available",
        "not applicable",
        "unavailable",
        "no data",
        "error",
        "tbd",
        "k.a.",
    ];
    words.contains(&text.as_str()).then_some(false)
}
