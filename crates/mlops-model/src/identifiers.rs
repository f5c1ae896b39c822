//! Columns that identify rows: the values of a training table say nothing about other customers.

use std::collections::HashSet;

use mlops_core::table::{Column, Table, Values};
use mlops_core::timestamp::parse_utc;

use super::split::Groups;

/// Minimum share of distinct values.
const NEARLY_ALL: f64 = 0.95;

/// Fewer values say too little.
const MIN_VALUES: usize = 50;

/// Whole numbers are keys if at least this many equal pairs are expected of random numbers of the
/// same range, and at most one in ten of them is found.
const MIN_EXPECTED: f64 = 5.0;

/// Numbers that all have the same, large number of digits are keys.
const DIGITS_OF_KEY: usize = 8;

/// Seconds since 1970 of the years 1990 and 2100.
const YEARS: [f64; 2] = [631_152_000.0, 4_102_444_800.0];

/// Words of names of columns with keys.
const KEY_WORDS: [&str; 12] =
    ["id", "ids", "uid", "uuid", "guid", "key", "no", "nr", "num", "number", "code", "account"];

/// Returns the columns that identify rows, or the customers of `groups`.
///
/// Nearly all values are distinct, and they are
/// - texts, but neither times nor measurements such as `12.5 kg`, or
/// - whole numbers of a dense range, in which random numbers would repeat, or with the same number
///   of at least 8 digits; but not times.
///
/// Numbers with fractions and times never identify.
pub fn identifiers(table: &Table, groups: &Groups) -> Vec<String> {
    let mut seen = HashSet::new();
    let keys = groups.keys().iter().enumerate();
    let rows: Vec<usize> = keys.filter(|(_, key)| seen.insert(**key)).map(|(row, _)| row).collect();
    let columns = table.columns.iter().filter(|column| is_identifier(column, &rows));
    columns.map(|column| column.name.clone()).collect()
}

fn is_identifier(column: &Column, rows: &[usize]) -> bool {
    match &column.values {
        Values::Date(_) => false,
        Values::Numeric(values) => {
            let values: Vec<f64> =
                rows.iter().map(|row| values[*row]).filter(|value| !value.is_nan()).collect();
            values.iter().all(|value| value.is_finite() && value.fract() == 0.0)
                && are_keys(&values)
                && !are_times(&column.name, &values)
        }
        Values::Categorical { levels, codes } => {
            let values: Vec<u32> = rows.iter().filter_map(|row| codes[*row]).collect();
            let distinct: HashSet<u32> = values.iter().copied().collect();
            let texts = || distinct.iter().map(|code| levels.names()[*code as usize].as_str());
            let is_no_key = |text: &&str| is_measurement(text) || parse_utc(text).is_some();
            are_distinct(distinct.len(), values.len())
                && 2 * texts().filter(is_no_key).count() < distinct.len()
        }
    }
}

fn are_distinct(distinct: usize, values: usize) -> bool {
    values >= MIN_VALUES && distinct as f64 >= NEARLY_ALL * values as f64
}

/// Whether whole numbers are distinct, although random numbers of their range would not be, or all
/// have the same large number of digits.
fn are_keys(values: &[f64]) -> bool {
    let distinct: HashSet<u64> = values.iter().map(|value| value.to_bits()).collect();
    let n = values.len() as f64;
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let range = high - low + 1.0;
    let expected = n - range * (1.0 - (-n / range).exp());
    let repeated = n - distinct.len() as f64;
    let digits = |value: f64| format!("{value:.0}").len();
    let is_dense = expected >= MIN_EXPECTED && repeated <= 0.1 * expected;
    let is_long = low >= 0.0 && digits(low) == digits(high) && digits(low) >= DIGITS_OF_KEY;
    are_distinct(distinct.len(), values.len()) && (is_dense || is_long)
}

/// Whether whole numbers are times: days as 20260131, or seconds, or smaller units, since 1970 if
/// the name is not that of a key.
fn are_times(name: &str, values: &[f64]) -> bool {
    let is_day = |value: &f64| {
        let (year, month, day) = (value / 10_000.0, value / 100.0 % 100.0, value % 100.0);
        (1900.0..2101.0).contains(&year)
            && (1.0..13.0).contains(&month)
            && (1.0..32.0).contains(&day)
    };
    let is_since_1970 = |unit: f64| {
        let [from, to] = YEARS.map(|seconds| seconds * unit);
        values.iter().all(|value| (from..to).contains(value))
    };
    let words = name.split(|c: char| !c.is_alphanumeric()).map(str::to_ascii_lowercase);
    let is_key = words.into_iter().any(|word| {
        KEY_WORDS.contains(&word.as_str()) || name.ends_with("Id") || name.ends_with("ID")
    });
    values.iter().all(is_day) || !is_key && [1.0, 1e3, 1e6, 1e9].into_iter().any(is_since_1970)
}

/// Whether a text is a number with a fraction, a thousands separator, or a unit: `12.5`, `1,234`,
/// `$12`, `70 kg`.
fn is_measurement(text: &str) -> bool {
    let is_digit = |c: char| c.is_ascii_digit();
    let (Some(from), Some(to)) = (text.find(is_digit), text.rfind(is_digit)) else { return false };
    let (before, number, after) = (&text[..from], &text[from..=to], &text[to + 1..]);
    let is_sign = |c: char| matches!(c, '+' | '-' | '$' | '€' | '£' | '¥' | '.' | ' ');
    let separators = number.chars().filter(|c| matches!(c, '.' | ',' | '\'' | ' ')).count();
    let is_number =
        number.chars().filter(|c| is_digit(*c)).count() + separators == number.chars().count();
    let has_unit = before.chars().any(|c| matches!(c, '$' | '€' | '£' | '¥'))
        || after.starts_with([' ', '%', '$', '€', '£', '¥', '°']);
    is_number && before.chars().all(is_sign) && (separators > 0 || has_unit)
}

#[cfg(test)]
mod tests {
    use mlops_core::table::{Cell, Kind};

    use super::*;
    use crate::random::Random;

    fn is_left_out(name: &str, kind: Kind, cell: impl Fn(usize) -> String) -> bool {
        let mut column = Column::new(name, kind);
        (0..1000).for_each(|row| column.push(Cell::Text(&cell(row))));
        let table = Table { columns: vec![column] };
        !identifiers(&table, &Groups::of_single_rows(1000)).is_empty()
    }

    fn random(seed: u64, below: usize) -> impl Fn(usize) -> usize {
        move |row| Random::new(seed, row as u64).below(below)
    }

    #[test]
    fn keys_are_left_out() {
        let (numeric, text) = (Kind::Numeric, Kind::Categorical);
        assert!(is_left_out("row", numeric, |row| row.to_string()));
        assert!(is_left_out("client", numeric, |row| format!("{}.0", 100_000 + row * 7)));
        assert!(is_left_out("account", numeric, |row| (4_000_000_000 + random(1, 1 << 30)(row))
            .to_string()));
        assert!(is_left_out("client", text, |row| format!("C-{row:05}")));
        assert!(is_left_out("hash", text, |row| format!(
            "{:032x}",
            u128::from(Random::new(2, row as u64).next_u64()) << 40
        )));
        assert!(is_left_out("mail", text, |row| format!("j.doe{row}@example.com")));
        assert!(is_left_out("name", text, |row| format!(
            "Doe, Mr. J. {}",
            (b'a' + (row % 26) as u8) as char
        )
        .repeat(1 + row / 26)));
        // A few rows are duplicates, and a few have none.
        assert!(is_left_out("row", numeric, |row| if row % 50 == 0 {
            String::new()
        } else {
            (row - row % 40 / 39).to_string()
        }));
    }

    #[test]
    fn measurements_times_and_levels_stay() {
        let (numeric, text) = (Kind::Numeric, Kind::Categorical);
        assert!(
            !is_left_out("size", numeric, |row| (random(3, 1 << 30)(row) as f64 / 1e3).to_string())
        );
        assert!(
            !is_left_out("income", numeric, |row| (20_000 + random(4, 200_000)(row)).to_string())
        );
        assert!(!is_left_out("tenure", numeric, |row| random(5, 72)(row).to_string()));
        assert!(!is_left_out("at", numeric, |row| (1_700_000_000 + 60 * row).to_string()));
        assert!(!is_left_out("at", numeric, |row| (1_700_000_000_000u64 + 1000 * row as u64)
            .to_string()));
        assert!(!is_left_out("day", numeric, |row| format!(
            "{}{:02}{:02}",
            1990 + row / 28,
            1 + row % 12,
            1 + row % 28
        )));
        assert!(!is_left_out("at", text, |row| format!(
            "2026-01-{:02} {:02}:{:02}:00",
            1 + row / 100,
            row / 60 % 24,
            row % 60
        )));
        assert!(!is_left_out("price", text, |row| format!("${},{:03}", row, row)));
        assert!(!is_left_out("weight", text, |row| format!("{row} kg")));
        assert!(!is_left_out("city", text, |row| format!("city {}", row / 2)));
    }

    #[test]
    fn customers_with_several_rows_count_once() {
        let mut columns =
            vec![Column::new("id", Kind::Categorical), Column::new("mail", Kind::Categorical)];
        for row in 0..1000 {
            columns[0].push(Cell::Text(&format!("c{}", row / 10)));
            columns[1].push(Cell::Text(&format!("{}@example.com", row / 10)));
        }
        let table = Table { columns };
        let groups = Groups::of(&table, &["id".to_owned()], "churn");
        assert_eq!(identifiers(&table, &groups), ["id", "mail"]);
        assert!(identifiers(&table, &Groups::of_single_rows(1000)).is_empty());
    }
}
