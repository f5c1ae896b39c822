use clap::{Args, ValueEnum};
use mlops_core::table::{DateOrder, Decimal, Rules, Table};
use mlops_job::{UsageError, number, share};
use serde::Serialize;

/// How the texts of a table are read.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Columns")]
pub struct ReadingArgs {
    /// Decimal sign of numbers such as 1,234 in texts [default: as the other cells of the column
    /// show]
    #[arg(long, env = "MLOPS_DECIMAL", value_name = "SIGN", hide_short_help = true)]
    pub decimal: Option<DecimalArg>,

    /// Order of dates such as 03/04/2026 [default: as the other cells of the column show]
    #[arg(long, env = "MLOPS_DATE_ORDER", value_name = "ORDER", hide_short_help = true)]
    pub date_order: Option<DateOrderArg>,

    /// Maximum share of other texts (-, #DIV/0!) among the numbers of a column; they are missing
    /// values
    #[arg(long, env = "MLOPS_MAX_BAD_CELLS", value_name = "SHARE", default_value_t = 0.01, value_parser = share, hide_short_help = true)]
    pub max_bad_cells: f64,
}

/// A decimal sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DecimalArg {
    /// 1,234.50
    Point,
    /// 1.234,50
    Comma,
}

/// The order of day and month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DateOrderArg {
    /// 23/11/2026
    DayFirst,
    /// 11/23/2026
    MonthFirst,
}

impl ReadingArgs {
    /// Returns the rules for a table, of which `texts` are columns with IDs.
    pub fn rules<'c>(&self, texts: impl IntoIterator<Item = &'c String>) -> Rules {
        Rules {
            texts: texts.into_iter().cloned().collect(),
            decimal: self.decimal.map(|decimal| match decimal {
                DecimalArg::Point => Decimal::Point,
                DecimalArg::Comma => Decimal::Comma,
            }),
            date_order: self.date_order.map(|order| match order {
                DateOrderArg::DayFirst => DateOrder::DayFirst,
                DateOrderArg::MonthFirst => DateOrder::MonthFirst,
            }),
            max_bad_cells: self.max_bad_cells,
            ..Rules::default()
        }
    }
}

/// Cells of a column of numbers or dates that are something else, and are missing values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BadCells {
    /// The column.
    pub column: String,
    /// Number of cells.
    pub cells: usize,
    /// Some of their texts.
    pub texts: Vec<String>,
}

impl BadCells {
    /// Returns the columns of a table that have such cells.
    pub fn of(table: &Table) -> Vec<Self> {
        let columns = table.columns.iter().filter(|column| !column.unreadable.is_empty());
        let bad = columns.map(|column| Self {
            column: column.name.clone(),
            cells: column.unreadable.len(),
            texts: column.unreadable_texts.clone(),
        });
        bad.collect()
    }

    /// Returns the columns that have such cells, and refuses those with too many: of logged requests,
    /// and of columns that were read as another kind.
    ///
    /// # Errors
    ///
    /// [`UsageError`] for more than `max_share` of a column's values.
    pub fn check(table: &Table, max_share: f64) -> Result<Vec<Self>, UsageError> {
        let found = Self::of(table);
        for bad in &found {
            let column = table.column(&bad.column);
            let known = column.map_or(0, |column| column.len() - column.missing());
            let values = known + bad.cells;
            if bad.cells as f64 > max_share * values as f64 {
                let message = format!(
                    "of {} values, {}; allow more with --max-bad-cells, or correct them",
                    number(values as u64),
                    bad.text()
                );
                return Err(UsageError::new(message));
            }
        }
        Ok(found)
    }

    /// For people.
    pub fn text(&self) -> String {
        let texts: Vec<String> = self.texts.iter().map(|text| format!("`{text}`")).collect();
        let (cells, what) = match self.cells {
            1 => ("1".to_owned(), "value is"),
            cells => (number(cells as u64), "values are"),
        };
        format!(
            "{cells} {what} missing in {}, since they are not of its kind: {}",
            self.column,
            texts.join(", ")
        )
    }
}
