//! Synthetic customers: correlated features, and churn with a known relation to them.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use mlops_core::table::{Cell, Column, Kind, Table};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::churn::{probability, sigmoid};
use crate::features::{CATEGORICAL, Features, NUMERIC};

const FIRST_CLIENT_ID: u64 = 1_000_000;
const FIRST_DAY: Date = date(2023, 1, 1);
const DAYS: i64 = 3 * 365;

/// The names of the columns, in order.
pub(crate) fn columns() -> Vec<String> {
    let mut names = vec!["client_id", "acquired_date"];
    names.extend(NUMERIC.map(|(name, _)| name));
    names.extend(CATEGORICAL.map(|(name, ..)| name));
    names.push("churn");
    names.into_iter().map(str::to_owned).collect()
}

/// Returns a table of customers.
pub(crate) fn customers_table(seed: u64, rows: usize) -> Table {
    let kind = |name: &str| match name {
        "acquired_date" => Kind::Date,
        _ if NUMERIC.iter().any(|(numeric, _)| *numeric == name) => Kind::Numeric,
        _ => Kind::Categorical,
    };
    let mut table = Table {
        columns: columns().into_iter().map(|name| Column::new(name.clone(), kind(&name))).collect(),
    };
    let mut customers = Customers::new(seed);
    for _ in 0..rows {
        let row = customers.next_row();
        table.columns.iter_mut().zip(&row).for_each(|(column, cell)| column.push(Cell::Text(cell)));
    }
    table
}

/// A generator of customers. The same seed gives the same customers.
pub(crate) struct Customers {
    rng: ChaCha8Rng,
    next_id: u64,
}

impl Customers {
    pub(crate) fn new(seed: u64) -> Self {
        Self { rng: ChaCha8Rng::seed_from_u64(seed), next_id: FIRST_CLIENT_ID }
    }

    fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.rng)
    }

    /// The cells of the next customer, in the order of [`columns`]; a missing value is an empty
    /// text.
    pub(crate) fn next_row(&mut self) -> Vec<String> {
        let engagement = self.normal();
        let wealth = self.normal();
        let mut features = Features {
            numeric: self.numeric(engagement, wealth).map(Some),
            levels: CATEGORICAL.map(|(_, levels, skew, pull, _)| {
                Some(self.level(levels, skew, pull * engagement))
            }),
        };
        for (value, (_, missing)) in features.numeric.iter_mut().zip(NUMERIC) {
            *value = value.filter(|_| !self.rng.random_bool(missing));
        }
        for (level, (.., missing)) in features.levels.iter_mut().zip(CATEGORICAL) {
            *level = level.filter(|_| !self.rng.random_bool(missing));
        }
        let churned = self.rng.random_bool(probability(&features));

        self.next_id += self.rng.random_range(1..=9);
        let acquired = FIRST_DAY.saturating_add(self.rng.random_range(0..DAYS).days());
        let mut row = vec![self.next_id.to_string(), acquired.to_string()];
        row.extend(
            features
                .numeric
                .iter()
                .map(|value| value.map_or_else(String::new, |value| value.to_string())),
        );
        row.extend(
            features
                .levels
                .iter()
                .map(|level| level.map_or_else(String::new, |level| format!("level_{level}"))),
        );
        row.push(if churned { "yes" } else { "no" }.to_owned());
        row
    }

    fn numeric(&mut self, engagement: f64, wealth: f64) -> [f64; 9] {
        let activity = sigmoid(engagement + 0.5 * self.normal());
        let propensity = sigmoid(0.4 * wealth - 0.3 * engagement + 0.8 * self.normal());
        let profile_new = 50.0 + 12.0 * (0.6 * wealth + 0.8 * self.normal());
        let completeness = sigmoid(1.0 + 0.7 * engagement + 0.6 * self.normal());
        let xp = (4.0 + 0.8 * engagement + 0.6 * self.normal()).exp();
        let profile = 0.7 * profile_new + 15.0 + 6.0 * self.normal();
        let portfolio = (2.0 + 0.9 * wealth + 0.4 * self.normal()).exp();
        let mouse = (300.0 + 90.0 * self.normal() + 40.0 * engagement).max(0.0);
        let stars = 3.6 + 0.5 * engagement + 0.6 * self.normal();
        [
            round(activity, 4),
            round(propensity, 4),
            round(profile_new, 2),
            round(completeness, 4),
            xp.round(),
            round(profile, 2),
            round(portfolio, 2),
            round(mouse, 1),
            round(stars.clamp(1.0, 5.0), 1),
        ]
    }

    /// Level k of n from 1, with a weight of k^-skew · exp(pull·k/n).
    fn level(&mut self, levels: u8, skew: f64, pull: f64) -> u8 {
        let weight = |level: u8| {
            f64::from(level).powf(-skew) * (pull * f64::from(level) / f64::from(levels)).exp()
        };
        let total: f64 = (1..=levels).map(weight).sum();
        let mut left = self.rng.random::<f64>() * total;
        for level in 1..levels {
            left -= weight(level);
            if left < 0.0 {
                return level;
            }
        }
        levels
    }
}

fn round(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}
