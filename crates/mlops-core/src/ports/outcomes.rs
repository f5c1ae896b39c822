use futures_util::stream::BoxStream;

use super::StoreError;
use crate::outcomes::Outcome;

/// A store of outcomes (`client_outcomes`) and lifetime values of customers.
pub trait OutcomeStore: Send + Sync {
    /// All outcomes, in no order.
    fn outcomes(&self) -> BoxStream<'_, Result<Outcome, StoreError>>;

    /// Returns the lifetime values of customers, from `client_ltv`.
    fn lifetime_values(&self) -> BoxStream<'_, Result<(String, f64), StoreError>>;
}
