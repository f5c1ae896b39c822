use std::collections::HashMap;

use jiff::Timestamp;
use mlops_core::outcomes::{Answer, Outcomes};
use mlops_core::table::{Cell, Column, Kind, Table};
use mlops_job::number;
use serde::Serialize;

use super::logs::LOG_TIME;

/// Requests whose outcome is known, with a column for it.
#[derive(Debug, Clone)]
pub struct Labelled {
    /// The rows, in the order of the requests.
    pub table: Table,
    /// Requests that are too young, as they were.
    pub waiting: Table,
    /// Numbers of requests with and without an outcome.
    pub counts: LabelCounts,
}

/// Numbers of requests by the state of their outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct LabelCounts {
    /// Requests with an outcome.
    pub labelled: usize,
    /// Requests with the outcome of `--absent-outcome`.
    pub absent: usize,
    /// Excluded: younger than the horizon, without an outcome yet.
    pub too_young: usize,
    /// Excluded: no outcome within the horizon.
    pub unanswered: usize,
    /// Excluded: an earlier request of the customer has the same outcome.
    pub repeated: usize,
    /// Excluded: without a `client_id`.
    pub without_client: usize,
}

impl LabelCounts {
    /// For people.
    pub fn text(&self) -> String {
        let left_out = [
            (self.too_young, "too recent for an outcome"),
            (self.unanswered, "without an outcome"),
            (self.repeated, "repeated requests of the same customer"),
            (self.without_client, "without a client_id"),
        ];
        let left_out = left_out.into_iter().filter(|(rows, _)| *rows > 0);
        let left_out: Vec<String> =
            left_out.map(|(rows, why)| format!("{} {why}", number(rows as u64))).collect();
        let mut text = format!(
            "{} logged requests with an outcome",
            number((self.labelled + self.absent) as u64)
        );
        if !left_out.is_empty() {
            text.push_str(&format!("; excluded: {}", left_out.join(", ")));
        }
        text
    }
}

/// Gives each row that [`LogReader`](crate::LogReader) read its outcome, in the column `target`;
/// see the crate's documentation. A request that nothing came of has the outcome `absent`, or is
/// left out.
pub fn label(
    table: &Table,
    client_id: &str,
    target: &str,
    outcomes: &Outcomes,
    absent: Option<&str>,
) -> Labelled {
    let mut counts = LabelCounts::default();
    let clients =
        table.column(client_id).map(Column::names).unwrap_or_else(|| vec![None; table.rows()]);
    let times =
        table.column(LOG_TIME).map(Column::times).unwrap_or_else(|| vec![None; table.rows()]);
    // The first request by customer and time of the outcome, which is none for an absent one.
    let mut waiting = Vec::new();
    let mut first: HashMap<(&str, Option<Timestamp>), (i64, usize, &str)> = HashMap::new();
    for (row, (client, time)) in clients.iter().zip(&times).enumerate() {
        let (Some(client), Some(time)) = (client, time) else {
            counts.without_client += 1;
            continue;
        };
        let logged = Timestamp::from_microsecond(*time).unwrap_or(Timestamp::MAX);
        let (known, outcome) = match (outcomes.answer(client, logged), absent) {
            (Answer::Known(outcome, known), _) => (Some(known), outcome),
            (Answer::Absent, Some(absent)) => (None, absent),
            (Answer::Absent, None) => {
                counts.unanswered += 1;
                continue;
            }
            (Answer::TooYoung, _) => {
                counts.too_young += 1;
                waiting.push(row);
                continue;
            }
        };
        let found = (*time, row, outcome);
        first
            .entry((client, known))
            .and_modify(|first| {
                counts.repeated += 1;
                *first = (*first).min(found);
            })
            .or_insert(found);
    }
    counts.absent = first.keys().filter(|(_, known)| known.is_none()).count();
    counts.labelled = first.len() - counts.absent;
    let mut kept: Vec<(usize, &str)> =
        first.into_values().map(|(_, row, outcome)| (row, outcome)).collect();
    kept.sort_unstable();
    let rows: Vec<usize> = kept.iter().map(|(row, _)| *row).collect();
    let mut labelled = table.take(&rows);
    let mut column = Column::new(target, Kind::Categorical);
    kept.iter().for_each(|(_, outcome)| column.push(Cell::Text(outcome)));
    labelled.columns.push(column);
    Labelled { table: labelled, waiting: table.take(&waiting), counts }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use mlops_core::outcomes::Outcome;

    use super::*;

    const DAY: i64 = 86_400_000_000;

    fn requests(of: &[(Option<&str>, i64)]) -> Table {
        let mut table = Table {
            columns: vec![
                Column::new("client_id", Kind::Categorical),
                Column::new("age", Kind::Numeric),
                Column::new(LOG_TIME, Kind::Date),
            ],
        };
        for (number, (client, day)) in of.iter().enumerate() {
            table.columns[0].push(client.map_or(Cell::Missing, Cell::Text));
            table.columns[1].push(Cell::Number(number as f64));
            table.columns[2].push(Cell::Time(day * DAY));
        }
        table
    }

    fn outcomes(of: &[(&str, i64, &str)]) -> Outcomes {
        let outcomes = of.iter().map(|(client, day, outcome)| Outcome {
            client_id: (*client).to_owned(),
            outcome_timestamp: Timestamp::from_microsecond(day * DAY).unwrap(),
            outcome: (*outcome).to_owned(),
        });
        Outcomes::new(outcomes, SignedDuration::from_hours(30 * 24))
    }

    /// The requests that stay, by their number, with their outcomes.
    fn kept(labelled: &Labelled) -> Vec<(f64, String)> {
        let numbers = labelled.table.column("age").unwrap();
        let mlops_core::table::Values::Numeric(numbers) = &numbers.values else {
            panic!("age is numeric")
        };
        let outcomes = labelled.table.column("churn").unwrap().names();
        numbers.iter().copied().zip(outcomes.into_iter().flatten()).collect()
    }

    #[test]
    fn the_first_request_before_an_outcome_is_labelled() {
        let table = requests(&[
            (Some("a"), 5),
            (Some("a"), 3),
            (Some("a"), 21),
            (None, 1),
            (Some("b"), 90),
            (Some("c"), 1),
        ]);
        let outcomes = outcomes(&[("a", 20, "no"), ("a", 40, "yes"), ("z", 100, "no")]);
        let labelled = label(&table, "client_id", "churn", &outcomes, None);
        assert_eq!(kept(&labelled), [(1.0, "no".to_owned()), (2.0, "yes".to_owned())]);
        let counts = LabelCounts {
            labelled: 2,
            absent: 0,
            too_young: 1,
            unanswered: 1,
            repeated: 1,
            without_client: 1,
        };
        assert_eq!(labelled.counts, counts);
    }

    #[test]
    fn what_nothing_came_of_may_have_an_outcome_too() {
        let table = requests(&[(Some("c"), 1), (Some("c"), 2), (Some("b"), 90)]);
        let labelled =
            label(&table, "client_id", "churn", &outcomes(&[("z", 100, "no")]), Some("no"));
        assert_eq!(kept(&labelled), [(0.0, "no".to_owned())]);
        assert_eq!(
            (labelled.counts.absent, labelled.counts.repeated, labelled.counts.too_young),
            (1, 1, 1)
        );
    }
}
