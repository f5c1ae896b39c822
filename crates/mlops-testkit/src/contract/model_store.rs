//! The contract of every [`ModelStore`].

use mlops_core::ports::{ModelRecord, ModelStore, Release};
use mlops_core::timestamp::parse_utc;

/// The tests of this suite over one store.
#[macro_export]
macro_rules! model_store_contract {
    ($fixture:path) => {
        $crate::contract_tests!(
            $fixture,
            $crate::contract::model_store,
            [
                models_are_kept_by_name_the_newest_first,
                a_model_that_is_written_again_is_one,
                releases_are_kept_the_newest_first,
            ]
        );
    };
}

fn model<'a>(model_uid: &'a str, time: &str, accepted: bool) -> ModelRecord<'a> {
    ModelRecord {
        model_uid,
        training_timestamp: parse_utc(time).unwrap(),
        accepted,
        reasons: "its AUC is \"0.1\" below; é",
        learner: "random-forest",
        recipe: r#"{"learner": "random-forest"}"#,
        source: "s3://acme/train.parquet",
        rows: 3_000_000_000,
        data_sha256: "00",
        scores: &[("roc_auc", 0.75), ("log_loss", 0.5)],
    }
}

pub async fn models_are_kept_by_name_the_newest_first(store: &impl ModelStore) {
    assert!(store.models().await.unwrap().is_empty());
    store.write_model(model("b", "2026-01-02", true)).await.unwrap();
    store.write_model(model("a", "2026-01-03 05:00:00.000001", false)).await.unwrap();
    store.write_model(model("c", "2026-01-01", true)).await.unwrap();
    let names = [("a", false), ("b", true), ("c", true)]
        .map(|(name, accepted)| (name.to_owned(), accepted));
    assert_eq!(store.models().await.unwrap(), names);
}

pub async fn a_model_that_is_written_again_is_one(store: &impl ModelStore) {
    store.write_model(model("a", "2026-01-02", false)).await.unwrap();
    store.write_model(model("a", "2026-01-02", true)).await.unwrap();
    assert_eq!(store.models().await.unwrap(), [("a".to_owned(), true)]);
}

pub async fn releases_are_kept_the_newest_first(store: &impl ModelStore) {
    let release =
        |time: &str, model_uid: &str, replaced: Option<&str>, request: Option<&str>| Release {
            released_at: parse_utc(time).unwrap(),
            model_uid: model_uid.to_owned(),
            replaced_model_uid: replaced.map(str::to_owned),
            action: "retrain".to_owned(),
            request_uid: request.map(str::to_owned),
        };
    let first = release("2026-01-02 05:00:00.000001", "a", None, Some("drift-1"));
    let second = release("2026-01-03", "b", Some("a"), None);
    store.write_release(&first).await.unwrap();
    store.write_release(&second).await.unwrap();
    // Written down again, it is what it was, also where a second run takes the new model for the
    // present one.
    store
        .write_release(&Release { replaced_model_uid: Some("b".to_owned()), ..second.clone() })
        .await
        .unwrap();
    assert_eq!(store.releases().await.unwrap(), [second, first]);
}
