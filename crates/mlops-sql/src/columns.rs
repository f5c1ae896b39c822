//! The columns that a statement writes, each beside its value.

use std::borrow::Cow;

use crate::insert::list;
use crate::statement::{Statement, Value, sql};

/// Columns of one row with their values.
#[derive(Debug, Clone, Default)]
pub(crate) struct Columns<'a> {
    names: Vec<Cow<'static, str>>,
    values: Vec<Value<'a>>,
}

impl<'a> Columns<'a> {
    pub(crate) fn set(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Value<'a>>,
    ) -> Self {
        self.names.push(name.into());
        self.values.push(value.into());
        self
    }

    pub(crate) fn insert_into(self, table: &str) -> Statement<'a> {
        let (names, list) = (self.names.join(", "), list(self.values.len()));
        sql(format!("INSERT INTO {table} ({names}) VALUES ({list})")).bind_all(self.values)
    }

    /// Inserts the row unless there is one with the same value in its first column.
    pub(crate) fn insert_once(self, table: &str) -> Statement<'a> {
        let (names, list) = (self.names.join(", "), list(self.values.len()));
        let key = &self.names[0];
        let text = format!(
            "INSERT INTO {table} ({names}) SELECT {list} FROM (SELECT 1) AS one \
             WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE {key} = ?)"
        );
        let key = self.values[0].clone();
        sql(text).bind_all(self.values).bind(key)
    }

    /// The values of the condition are still to be bound.
    pub(crate) fn update(self, table: &str, condition: &str) -> Statement<'a> {
        let set = self.names.join(" = ?, ");
        sql(format!("UPDATE {table} SET {set} = ? WHERE {condition}")).bind_all(self.values)
    }
}

#[cfg(test)]
mod tests {
    use super::Columns;

    #[test]
    fn a_column_has_one_place_for_its_value() {
        let columns = Columns::default().set("a", 1.0).set("b", "x");
        let texts = [
            (columns.clone().insert_into("t"), "INSERT INTO t (a, b) VALUES (?,?)"),
            (
                columns.clone().insert_once("t"),
                "INSERT INTO t (a, b) SELECT ?,? FROM (SELECT 1) AS one WHERE NOT EXISTS (SELECT 1 FROM t WHERE a = ?)",
            ),
            (columns.update("t", "c = ?"), "UPDATE t SET a = ?, b = ? WHERE c = ?"),
        ];
        for (statement, text) in texts {
            assert_eq!(statement.text(), text);
        }
    }
}
