//! The columns that a statement writes, each beside its value.

use std::borrow::Cow;

use mlops_core::model_name::ModelName;

use crate::insert::list;
use crate::statement::{Statement, Value, sql};

/// Columns of one row with their values.
#[derive(Debug, Clone, Default)]
pub(crate) struct Columns<'a> {
    names: Vec<Cow<'static, str>>,
    values: Vec<Value<'a>>,
}

impl<'a> Columns<'a> {
    /// Begins a row of a model, whose name is its first column.
    pub(crate) fn of_model(model: &'a ModelName) -> Self {
        Self::default().set("model_name", model.as_str())
    }

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

    /// Inserts the row unless there is one with the same values in its first two columns.
    pub(crate) fn insert_once(self, table: &str) -> Statement<'a> {
        let (names, list) = (self.names.join(", "), list(self.values.len()));
        let [first, second] = [&self.names[0], &self.names[1]];
        let text = format!(
            "INSERT INTO {table} ({names}) SELECT {list} FROM (SELECT 1) AS one \
             WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE {first} = ? AND {second} = ?)"
        );
        let key = self.values[..2].to_vec();
        sql(text).bind_all(self.values).bind_all(key)
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
                "INSERT INTO t (a, b) SELECT ?,? FROM (SELECT 1) AS one WHERE NOT EXISTS (SELECT 1 FROM t WHERE a = ? AND b = ?)",
            ),
            (columns.update("t", "c = ?"), "UPDATE t SET a = ?, b = ? WHERE c = ?"),
        ];
        for (statement, text) in texts {
            assert_eq!(statement.text(), text);
        }
    }
}
