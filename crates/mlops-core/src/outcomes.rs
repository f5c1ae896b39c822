//! Outcomes of customers, and the request that an outcome belongs to.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::table::level_name;

/// The outcome of one customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The customer. `12.0` and ` 12` are `12`.
    pub client_id: String,
    /// When it was known.
    pub outcome_timestamp: Timestamp,
    /// The value, such as `yes` and `no`.
    pub outcome: String,
}

/// The outcomes of many customers.
///
/// An outcome answers the requests of its customer that were logged before it, by at most the
/// horizon. A request is *mature* once the horizon has passed: until then its outcome may be still
/// to come, and those that have come already are of a kind. What was logged after an outcome may
/// know it, and is never answered by it. The outcomes are complete up to the newest one.
#[derive(Debug, Clone)]
pub struct Outcomes {
    horizon: SignedDuration,
    labels: Vec<String>,
    /// Outcomes by customer, in order of time: the time, and the index of the label.
    of_client: HashMap<String, Vec<(Timestamp, u32)>>,
    newest: Option<Timestamp>,
}

/// The outcome of a request, as far as known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<'o> {
    /// It came: the outcome, and when.
    Known(&'o str, Timestamp),
    /// None came within the horizon.
    Absent,
    /// It may be still to come.
    TooYoung,
}

impl Outcomes {
    /// Orders outcomes by customer and time.
    pub fn new(outcomes: impl IntoIterator<Item = Outcome>, horizon: SignedDuration) -> Self {
        let mut all = Self { horizon, labels: Vec::new(), of_client: HashMap::new(), newest: None };
        for Outcome { client_id, outcome_timestamp, outcome } in outcomes {
            let client_id = level_name(&client_id).to_owned();
            all.newest = all.newest.max(Some(outcome_timestamp));
            let label =
                all.labels.iter().position(|label| *label == outcome).unwrap_or_else(|| {
                    all.labels.push(outcome);
                    all.labels.len() - 1
                });
            all.of_client.entry(client_id).or_default().push((outcome_timestamp, label as u32));
        }
        all.of_client.values_mut().for_each(|outcomes| outcomes.sort_unstable());
        all
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.of_client.is_empty()
    }

    /// The outcome of a request that was logged at a time.
    pub fn answer(&self, client_id: &str, logged: Timestamp) -> Answer<'_> {
        let matures = logged.saturating_add(self.horizon).unwrap_or(Timestamp::MAX);
        if self.newest.is_none_or(|newest| matures > newest) {
            return Answer::TooYoung;
        }
        let outcomes =
            self.of_client.get(level_name(client_id)).map(Vec::as_slice).unwrap_or_default();
        let first = outcomes.partition_point(|(time, _)| *time <= logged);
        match outcomes.get(first) {
            Some((time, label)) if *time <= matures => {
                Answer::Known(&self.labels[*label as usize], *time)
            }
            _ => Answer::Absent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: i64) -> Timestamp {
        Timestamp::from_second(86_400 * day).unwrap()
    }

    fn outcomes(of: &[(&str, i64, &str)]) -> Outcomes {
        let outcomes = of.iter().map(|(client, known, outcome)| Outcome {
            client_id: (*client).to_owned(),
            outcome_timestamp: day(*known),
            outcome: (*outcome).to_owned(),
        });
        Outcomes::new(outcomes, SignedDuration::from_hours(30 * 24))
    }

    #[test]
    fn the_first_outcome_after_a_request_answers_it() {
        let all = outcomes(&[("a", 50, "yes"), ("a", 20, "no"), ("b", 10, "no"), ("z", 400, "no")]);
        assert_eq!(all.answer("a", day(0)), Answer::Known("no", day(20)));
        assert_eq!(
            all.answer("a", day(20)),
            Answer::Known("yes", day(50)),
            "what is known already answers nothing"
        );
        assert_eq!(all.answer("a", day(19)), Answer::Known("no", day(20)));
        assert_eq!(all.answer("a", day(50)), Answer::Absent);
        assert_eq!(all.answer("b", day(11)), Answer::Absent);
        assert_eq!(all.answer("nobody", day(11)), Answer::Absent);
    }

    #[test]
    fn what_comes_after_the_horizon_is_no_answer() {
        let all = outcomes(&[("a", 40, "yes"), ("z", 400, "no")]);
        assert_eq!(all.answer("a", day(9)), Answer::Absent);
        assert_eq!(all.answer("a", day(10)), Answer::Known("yes", day(40)));
    }

    #[test]
    fn a_young_request_waits_even_where_its_outcome_is_known() {
        let all = outcomes(&[("a", 40, "yes")]);
        assert_eq!(all.answer("a", day(39)), Answer::TooYoung);
        assert_eq!(all.answer("b", day(11)), Answer::TooYoung);
        assert_eq!(all.answer("b", day(10)), Answer::Absent);
        assert_eq!(outcomes(&[]).answer("a", day(0)), Answer::TooYoung);
    }
}
