use std::path::PathBuf;

use mlops_table::{CsvRows, TableError};

use crate::customers::{self, Customers};

/// Synthetic customers looked at for the standard deviation of a column.
const SAMPLE_ROWS: usize = 20_000;

/// A source of rows.
#[derive(Debug, Clone)]
pub(crate) enum RowSource {
    /// Endless synthetic customers.
    Customers { seed: u64 },
    /// A CSV file.
    Csv(PathBuf),
}

/// The rows themselves, as text cells.
pub(crate) enum Rows {
    Customers(Box<Customers>),
    Csv(Box<CsvRows>),
}

impl RowSource {
    pub(crate) fn columns(&self) -> Result<Vec<String>, TableError> {
        match self {
            Self::Customers { .. } => Ok(customers::columns()),
            Self::Csv(path) => Ok(CsvRows::open(path)?.names().to_vec()),
        }
    }

    pub(crate) fn open(&self) -> Result<Rows, TableError> {
        Ok(match self {
            Self::Customers { seed } => Rows::Customers(Box::new(Customers::new(*seed))),
            Self::Csv(path) => Rows::Csv(Box::new(CsvRows::open(path)?)),
        })
    }

    /// How many rows there are; `None` for an endless source.
    pub(crate) fn count(&self) -> Result<Option<u64>, TableError> {
        let Self::Csv(path) = self else { return Ok(None) };
        let mut rows = CsvRows::open(path)?;
        let mut count = 0;
        while rows.next_row()?.is_some() {
            count += 1;
        }
        Ok(Some(count))
    }

    /// The standard deviation of a column's numbers, by Welford's update; `None` with fewer than
    /// two.
    pub(crate) fn standard_deviation(&self, column: usize) -> Result<Option<f64>, TableError> {
        let limit = if matches!(self, Self::Csv(_)) { usize::MAX } else { SAMPLE_ROWS };
        let mut rows = self.open()?;
        let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
        for _ in 0..limit {
            let Some(row) = rows.next()? else { break };
            let Some(value) =
                row[column].trim().parse::<f64>().ok().filter(|value| value.is_finite())
            else {
                continue;
            };
            count += 1.0;
            let distance = value - mean;
            mean += distance / count;
            squares += distance * (value - mean);
        }
        Ok((count >= 2.0).then(|| (squares / (count - 1.0)).sqrt()))
    }
}

impl Rows {
    pub(crate) fn next(&mut self) -> Result<Option<Vec<String>>, TableError> {
        match self {
            Self::Customers(customers) => Ok(Some(customers.next_row())),
            Self::Csv(rows) => {
                Ok(rows.next_row()?.map(|row| row.iter().map(str::to_owned).collect()))
            }
        }
    }
}
