//! The suites that every adapter of a port must pass.
//!
//! A suite is a list of tests, each a function of a fresh, empty store.
//! `object_store_contract!(fixture)` makes a `#[tokio::test]` of each; `fixture` is an async
//! function that gives a store, and whatever must live as long as it.

pub mod alert_store;
pub mod etl_store;
pub mod log_store;
pub mod metric_store;
pub mod model_store;
pub mod object_store;
pub mod retrain_store;

/// A test for each named function of a suite.
#[macro_export]
macro_rules! contract_tests {
    ($fixture:path, $suite:path, [$($test:ident),* $(,)?]) => {
        use $suite as suite;
        $(
            #[tokio::test]
            async fn $test() {
                let (store, _guard) = $fixture().await;
                suite::$test(&store).await;
            }
        )*
    };
}
