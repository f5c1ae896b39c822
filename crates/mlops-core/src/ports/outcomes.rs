use futures_util::stream::BoxStream;

use super::StoreError;
use crate::outcomes::Outcome;

/// What became of the customers, `client_outcomes`.
pub trait OutcomeStore: Send + Sync {
    /// All outcomes, in no order.
    fn outcomes(&self) -> BoxStream<'_, Result<Outcome, StoreError>>;
}
