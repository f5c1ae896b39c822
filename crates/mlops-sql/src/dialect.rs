//! SQL that differs between MySQL and SQLite. All other SQL is shared.

/// The SQL of one database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    MySql,
    Sqlite,
}

impl Dialect {
    /// Quotes a name, which may be written as `DATABASE.TABLE`.
    pub(crate) fn quoted(self, name: &str) -> String {
        let quote = match self {
            Self::MySql => "`",
            Self::Sqlite => "\"",
        };
        let part = |part: &str| format!("{quote}{}{quote}", part.replace(quote, &quote.repeat(2)));
        name.split('.').map(part).collect::<Vec<String>>().join(".")
    }

    /// The end of an `INSERT` that leaves a row with the same key as it is; `column` is part of the
    /// key. MySQL counts such a row as changed, so the count is not used.
    pub(crate) fn or_keep(self, column: &str) -> String {
        match self {
            Self::MySql => format!("ON DUPLICATE KEY UPDATE {column} = {column}"),
            Self::Sqlite => "ON CONFLICT DO NOTHING".to_owned(),
        }
    }

    /// Locks the one row of a table until the transaction ends. SQLite has one writer at a time
    /// and needs no lock.
    pub(crate) fn lock(self, gate: &str) -> Option<String> {
        match self {
            Self::MySql => Some(format!("SELECT id FROM {gate} WHERE id = 1 FOR UPDATE")),
            Self::Sqlite => None,
        }
    }

    /// The value at a path of a record as a double, NULL if it is not a number. The path is bound
    /// twice.
    pub(crate) fn json_number(self) -> &'static str {
        match self {
            Self::MySql => {
                "CASE WHEN JSON_TYPE(JSON_EXTRACT(input_output_payloads, ?)) \
                 IN ('INTEGER', 'UNSIGNED INTEGER', 'DOUBLE', 'DECIMAL') \
                 THEN JSON_EXTRACT(input_output_payloads, ?) + 0E0 END"
            }
            Self::Sqlite => {
                "CASE WHEN json_valid(input_output_payloads) \
                 AND json_type(input_output_payloads, ?) IN ('integer', 'real') \
                 THEN json_extract(input_output_payloads, ?) * 1.0 END"
            }
        }
    }

    /// The value at a path of a record as text, NULL if it is missing or null. The path is bound
    /// twice. In SQLite the type tells `true` from 1, which the value does not.
    pub(crate) fn json_text(self) -> &'static str {
        match self {
            Self::MySql => {
                "CASE WHEN JSON_TYPE(JSON_EXTRACT(input_output_payloads, ?)) <> 'NULL' \
                 THEN JSON_UNQUOTE(JSON_EXTRACT(input_output_payloads, ?)) END"
            }
            Self::Sqlite => {
                "CASE WHEN json_valid(input_output_payloads) THEN CASE json_type(input_output_payloads, ?) \
                 WHEN 'null' THEN NULL WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' \
                 ELSE CAST(json_extract(input_output_payloads, ?) AS TEXT) END END"
            }
        }
    }

    /// Rows of `uid` and `is_missing`, one for each input value of each record; the statement goes
    /// on with the conditions.
    pub(crate) fn input_values(self) -> &'static str {
        match self {
            Self::MySql => {
                "SELECT uid, v IS NULL OR JSON_TYPE(v) = 'NULL' AS is_missing FROM model_logs, \
                 JSON_TABLE(input_output_payloads, '$.input.*' COLUMNS (v JSON PATH '$')) AS inputs"
            }
            Self::Sqlite => {
                "SELECT uid, inputs.type = 'null' AS is_missing FROM model_logs, json_each(CASE \
                 WHEN json_valid(input_output_payloads) THEN input_output_payloads ELSE '{}' END, '$.input') AS inputs"
            }
        }
    }

    /// The whole part of a number of 0 or more.
    pub(crate) fn whole_part(self, number: &str) -> String {
        match self {
            Self::MySql => format!("FLOOR({number})"),
            Self::Sqlite => format!("CAST({number} AS INTEGER)"),
        }
    }

    /// The first moment of the hour in which a record was logged.
    pub(crate) fn logged_hour(self) -> &'static str {
        match self {
            Self::MySql => {
                "CAST(DATE_FORMAT(logging_timestamp, '%Y-%m-%d %H:00:00') AS DATETIME(6))"
            }
            Self::Sqlite => "SUBSTR(logging_timestamp, 1, 13) || ':00:00.000000'",
        }
    }

    /// Rows of `logged_hour`, `arm`, `model_uid`, `prediction` and `is_high`, one for each record of
    /// a window, whose two ends are bound.
    pub(crate) fn logged_outputs(self) -> String {
        let hour = self.logged_hour();
        match self {
            Self::MySql => format!(
                "SELECT logged_hour, arm, \
                 CASE WHEN JSON_TYPE(model_uid) = 'STRING' THEN LEFT(JSON_UNQUOTE(model_uid), 255) ELSE '' END AS model_uid, \
                 CASE WHEN JSON_TYPE(prediction) IN ('DOUBLE', 'INTEGER', 'UNSIGNED INTEGER', 'DECIMAL') \
                      AND prediction BETWEEN 0 AND 1 THEN prediction + 0e0 END AS prediction, \
                 CASE WHEN JSON_TYPE(high_risk) <> 'NULL' THEN JSON_UNQUOTE(high_risk) IN ('yes', 'true') END AS is_high \
                 FROM (SELECT {hour} AS logged_hour, \
                       CASE WHEN JSON_TYPE(JSON_EXTRACT(input_output_payloads, '$.output.model_used')) <> 'NULL' \
                            AND JSON_UNQUOTE(JSON_EXTRACT(input_output_payloads, '$.output.model_used')) <> 'model' \
                            THEN 'heuristic' ELSE 'model' END AS arm, \
                       JSON_EXTRACT(input_output_payloads, '$.output.model_uid') AS model_uid, \
                       JSON_EXTRACT(input_output_payloads, '$.output.prediction') AS prediction, \
                       JSON_EXTRACT(input_output_payloads, '$.output.high_risk') AS high_risk \
                       FROM model_logs WHERE model_name = :model AND logging_timestamp >= ? AND logging_timestamp < ?) AS extracted"
            ),
            Self::Sqlite => format!(
                "SELECT {hour} AS logged_hour, \
                 CASE WHEN json_type(payload, '$.output.model_used') <> 'null' \
                      AND json_extract(payload, '$.output.model_used') <> 'model' THEN 'heuristic' ELSE 'model' END AS arm, \
                 CASE WHEN json_type(payload, '$.output.model_uid') = 'text' \
                      THEN SUBSTR(json_extract(payload, '$.output.model_uid'), 1, 255) ELSE '' END AS model_uid, \
                 CASE WHEN json_type(payload, '$.output.prediction') IN ('real', 'integer') \
                      AND json_extract(payload, '$.output.prediction') BETWEEN 0 AND 1 \
                      THEN json_extract(payload, '$.output.prediction') END AS prediction, \
                 CASE WHEN json_type(payload, '$.output.high_risk') <> 'null' \
                      THEN json_type(payload, '$.output.high_risk') = 'true' \
                           OR json_extract(payload, '$.output.high_risk') IN ('yes', 'true') END AS is_high \
                 FROM (SELECT logging_timestamp, CASE WHEN json_valid(input_output_payloads) THEN input_output_payloads END AS payload \
                       FROM model_logs WHERE model_name = :model AND logging_timestamp >= ? AND logging_timestamp < ?) AS valid"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Dialect;

    #[test]
    fn each_database_has_its_own_words() {
        // What, in MySQL, in SQLite.
        type Words = fn(Dialect) -> String;
        let rows: [(Words, &str, &str); 10] = [
            (|it| it.quoted("churn_data"), "`churn_data`", "\"churn_data\""),
            (|it| it.quoted("a.b`c\"d"), "`a`.`b``c\"d`", "\"a\".\"b`c\"\"d\""),
            (|it| it.or_keep("k"), "ON DUPLICATE KEY UPDATE k = k", "ON CONFLICT DO NOTHING"),
            (
                |it| it.lock("retrain_gate").unwrap_or_default(),
                "SELECT id FROM retrain_gate WHERE id = 1 FOR UPDATE",
                "",
            ),
            (
                |it| it.json_number().to_owned(),
                "CASE WHEN JSON_TYPE(JSON_EXTRACT(input_output_payloads, ?)) IN ('INTEGER', 'UNSIGNED INTEGER', 'DOUBLE', 'DECIMAL') \
                 THEN JSON_EXTRACT(input_output_payloads, ?) + 0E0 END",
                "CASE WHEN json_valid(input_output_payloads) AND json_type(input_output_payloads, ?) IN ('integer', 'real') \
                 THEN json_extract(input_output_payloads, ?) * 1.0 END",
            ),
            (
                |it| it.json_text().to_owned(),
                "CASE WHEN JSON_TYPE(JSON_EXTRACT(input_output_payloads, ?)) <> 'NULL' \
                 THEN JSON_UNQUOTE(JSON_EXTRACT(input_output_payloads, ?)) END",
                "CASE WHEN json_valid(input_output_payloads) THEN CASE json_type(input_output_payloads, ?) WHEN 'null' THEN NULL \
                 WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST(json_extract(input_output_payloads, ?) AS TEXT) END END",
            ),
            (
                |it| it.input_values().to_owned(),
                "SELECT uid, v IS NULL OR JSON_TYPE(v) = 'NULL' AS is_missing FROM model_logs, \
                 JSON_TABLE(input_output_payloads, '$.input.*' COLUMNS (v JSON PATH '$')) AS inputs",
                "SELECT uid, inputs.type = 'null' AS is_missing FROM model_logs, json_each(CASE \
                 WHEN json_valid(input_output_payloads) THEN input_output_payloads ELSE '{}' END, '$.input') AS inputs",
            ),
            (|it| it.whole_part("v * 20"), "FLOOR(v * 20)", "CAST(v * 20 AS INTEGER)"),
            (
                |it| it.logged_hour().to_owned(),
                "CAST(DATE_FORMAT(logging_timestamp, '%Y-%m-%d %H:00:00') AS DATETIME(6))",
                "SUBSTR(logging_timestamp, 1, 13) || ':00:00.000000'",
            ),
            (
                |it| {
                    it.logged_outputs().split(" FROM ").next().unwrap_or_default()[..48].to_owned()
                },
                "SELECT logged_hour, arm, CASE WHEN JSON_TYPE(mod",
                "SELECT SUBSTR(logging_timestamp, 1, 13) || ':00:",
            ),
        ];
        for (words, mysql, sqlite) in rows {
            assert_eq!(words(Dialect::MySql), mysql);
            assert_eq!(words(Dialect::Sqlite), sqlite);
        }
    }
}
