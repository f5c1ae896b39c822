use comfy_table::{CellAlignment, LineStyle, Table, TableStyle, presets};

const RULE: LineStyle = LineStyle::none().fill('─').junction('─');
const STYLE: TableStyle = presets::NOTHING.header_separator(RULE);

/// A table for a terminal: a header, and rows whose numbers are aligned to the right.
pub fn grid(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_style(STYLE).set_header(header.to_vec());
    for (index, column) in table.column_iter_mut().enumerate() {
        if rows.iter().all(|row| is_number(&row[index])) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.add_rows(rows.to_vec());
    table.trim_fmt()
}

fn is_number(cell: &str) -> bool {
    cell.trim_start_matches(['-', '+', '<', '~'])
        .bytes()
        .next()
        .is_none_or(|byte| byte.is_ascii_digit())
}

/// A whole number with its thousands apart: `1,234,567`.
pub fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share as per cent with one decimal.
pub fn percent(share: f64) -> String {
    format!("{:.1}%", 100.0 * share)
}
