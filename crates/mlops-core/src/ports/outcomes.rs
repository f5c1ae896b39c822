use futures_util::stream::BoxStream;

use super::StoreError;
use crate::outcomes::Outcome;

/// What became of the customers, `client_outcomes`, and what they are worth.
pub trait OutcomeStore: Send + Sync {
    /// All outcomes, in no order.
    fn outcomes(&self) -> BoxStream<'_, Result<Outcome, StoreError>>;

    /// What customers are worth, `client_ltv`: each with the money.
    fn lifetime_values(&self) -> BoxStream<'_, Result<(String, f64), StoreError>>;
}
