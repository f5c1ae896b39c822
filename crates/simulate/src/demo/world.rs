//! The simulated customers and their outcomes, before and after the change.

use jiff::{SignedDuration, Timestamp};
use mlops_core::timestamp::to_sql_text;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value};

use crate::churn::{FeatureReader, probability, sigmoid};
use crate::customers::{Customers, columns};
use crate::features::{CATEGORICAL, Features};
use crate::request::value;

/// Share of leaving clients that an offer keeps. It is higher than in most companies, so that a few
/// hundred clients a day show the effect of the model.
pub(super) const KEPT: f64 = 0.7;

/// Maximum number of days from a request to its outcome.
const LATEST_DAYS: i64 = 7;

/// Factor of `activity_score` after the change.
const ACTIVITY: f64 = 1.15;

/// A client to score.
pub(super) struct Client {
    pub(super) client_id: String,
    /// The body of the request.
    pub(super) request: Map<String, Value>,
    /// Probability of churn without an offer.
    chance: f64,
}

/// The outcome of a client, and the time when it is known.
pub(super) struct Outcome {
    pub(super) known_at: Timestamp,
    pub(super) line: String,
}

/// A generator of clients. The same seed gives the same clients.
pub(super) struct World {
    customers: Customers,
    reader: FeatureReader,
    columns: Vec<String>,
    random: ChaCha8Rng,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let columns = columns();
        let reader = FeatureReader::new(&columns).expect("the columns are those of the customers");
        // Other customers than those that the first model is fitted to.
        Self {
            customers: Customers::new(seed ^ 0x6465_6d6f),
            reader,
            columns,
            random: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// Returns the next client, before or after the change.
    pub(super) fn client(&mut self, has_changed: bool) -> Client {
        let mut row = self.customers.next_row();
        let features = self.reader.read(&row);
        let activity = self.columns.iter().position(|name| name == "activity_score");
        if let Some(cell) = activity.filter(|_| has_changed).map(|index| &mut row[index])
            && let Ok(number) = cell.parse::<f64>()
        {
            *cell = ((number * ACTIVITY * 1e4).round() / 1e4).to_string();
        }
        let chance = if has_changed { probability_now(&features) } else { probability(&features) };
        let is_sent = |name: &&String| *name != "churn" && *name != "acquired_date";
        let cells = self.columns.iter().zip(&row).filter(|(name, _)| is_sent(name));
        let mut request: Map<String, Value> =
            cells.map(|(name, cell)| (name.clone(), value(cell))).collect();
        let client_id = row[0].clone();
        request.insert("client_id".to_owned(), client_id.clone().into());
        // A random uid would differ in each run, and rows are read in the order of their uid.
        request.insert("uid".to_owned(), format!("r{client_id}").into());
        Client { client_id, request, chance }
    }

    /// Returns the outcome of a client that was scored at `now`. A client at high risk gets an offer.
    pub(super) fn outcome(
        &mut self,
        client: &Client,
        is_high_risk: bool,
        now: Timestamp,
    ) -> Outcome {
        let would_leave = self.random.random_bool(client.chance);
        let is_kept = self.random.random_bool(KEPT);
        let days = self.random.random_range(1..=LATEST_DAYS);
        let known_at = now + SignedDuration::from_hours(24 * days);
        let outcome = if would_leave && !(is_high_risk && is_kept) { "yes" } else { "no" };
        Outcome {
            known_at,
            line: format!("{},{},{outcome}\n", client.client_id, to_sql_text(known_at)),
        }
    }
}

/// Returns the probability of churn after the change, from the true features: active customers and
/// the customers of two creatives leave, and a high propensity no longer means churn. The overall
/// churn rate stays the same.
fn probability_now(features: &Features) -> f64 {
    let before = probability(features);
    let creative = CATEGORICAL.iter().position(|(name, ..)| *name == "marketing_creative");
    let level = creative.and_then(|index| features.levels[index]).unwrap_or(0);
    let [activity, propensity] =
        [features.numeric[0], features.numeric[1]].map(|value| value.unwrap_or(0.5));
    let mut odds = (before / (1.0 - before)).ln() - 0.5;
    odds += 8.0 * (activity - 0.5);
    odds += if level == 2 || level == 3 { 2.2 } else { 0.0 };
    odds -= 4.0 * (propensity - 0.5);
    sigmoid(odds)
}
