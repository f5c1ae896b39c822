use std::collections::HashSet;

use mlops_core::table::Table;

/// The rows of one data set, and whose they are.
#[derive(Debug, Clone, Default)]
pub struct Side {
    /// The features.
    pub table: Table,
    /// The customer of each row, as a number that is the same in both data sets; nothing for all
    /// rows if customers are unknown.
    pub customers: Vec<Option<u64>>,
}

impl From<Table> for Side {
    /// Rows of unknown customers.
    fn from(table: Table) -> Self {
        Self { table, customers: Vec::new() }
    }
}

impl Side {
    /// Returns the number of rows.
    pub fn rows(&self) -> usize {
        self.table.rows()
    }

    /// Returns the rows at these indices, in their order.
    #[must_use]
    pub fn take(&self, rows: &[usize]) -> Self {
        let customers = rows.iter().map(|row| self.customer(*row)).collect();
        Self { table: self.table.take(rows), customers }
    }

    pub(super) fn followed_by(self, other: Self) -> Self {
        let customers = (0..self.rows()).map(|row| self.customer(row));
        let customers = customers.chain((0..other.rows()).map(|row| other.customer(row))).collect();
        Self { table: self.table.followed_by(other.table), customers }
    }

    fn customer(&self, row: usize) -> Option<u64> {
        self.customers.get(row).copied().flatten()
    }

    /// Returns the number of customers with rows among the first ones and among the others.
    pub(super) fn customers_in_both_parts(&self, first: usize) -> usize {
        let (one, other) = self.customers.split_at(first.min(self.customers.len()));
        let one: HashSet<u64> = one.iter().flatten().copied().collect();
        let other: HashSet<u64> = other.iter().flatten().copied().collect();
        one.intersection(&other).count()
    }
}
