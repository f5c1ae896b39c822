//! The contract of every [`RetrainStore`].

use jiff::Timestamp;
use mlops_core::ports::{RetrainRequest, RetrainStatus, RetrainStore};
use mlops_core::timestamp::parse_utc;

/// The tests of this suite over one store.
#[macro_export]
macro_rules! retrain_store_contract {
    ($fixture:path) => {
        $crate::contract_tests!(
            $fixture,
            $crate::contract::retrain_store,
            [
                a_request_stands_until_the_cooldown_is_over,
                a_second_attempt_takes_its_own_request_up_again,
                a_request_that_failed_holds_up_nobody,
                a_question_is_kept_and_holds_up_nobody,
                of_many_that_ask_at_once_one_is_heard,
                what_the_retraining_made_of_a_request_stays,
            ]
        );
    };
}

fn time(text: &str) -> Timestamp {
    parse_utc(text).unwrap()
}

fn request(request_uid: &str) -> RetrainRequest<'_> {
    RetrainRequest {
        request_uid,
        requested_at: time("2026-01-08 12:00:00"),
        job: "drift",
        reason: "shifted: é",
    }
}

pub async fn a_request_stands_until_the_cooldown_is_over(store: &impl RetrainStore) {
    let since = time("2026-01-01");
    assert_eq!(store.standing_request(since, "b").await.unwrap(), None);
    assert_eq!(store.claim_retrain(request("a"), since).await.unwrap(), None);
    store.settle_retrain("a", RetrainStatus::Submitted, Some("job-1")).await.unwrap();
    let standing = store.claim_retrain(request("b"), since).await.unwrap().unwrap();
    assert_eq!((standing.request_uid.as_str(), standing.job.as_str()), ("a", "drift"));
    assert_eq!(
        (standing.status.name(), standing.requested_at),
        ("submitted", time("2026-01-08 12:00:00"))
    );
    assert_eq!(store.standing_request(since, "b").await.unwrap(), Some(standing));
    let later = time("2026-01-08 12:00:00.000001");
    assert_eq!(store.standing_request(later, "b").await.unwrap(), None);
    assert_eq!(store.claim_retrain(request("b"), later).await.unwrap(), None);
}

pub async fn what_the_retraining_made_of_a_request_stays(store: &impl RetrainStore) {
    let (since, later) = (time("2026-01-01"), time("2026-01-08 13:00:00"));
    assert_eq!(store.claim_retrain(request("a"), since).await.unwrap(), None);
    store.finish_retrain("a", RetrainStatus::Served, Some("m1"), later).await.unwrap();
    // Whoever started it hears of it last.
    store.settle_retrain("a", RetrainStatus::Submitted, Some("job-1")).await.unwrap();
    let standing = store.standing_request(since, "b").await.unwrap().unwrap();
    assert_eq!(standing.status.name(), "served");
    store.finish_retrain("a", RetrainStatus::Failed, None, later).await.unwrap();
    assert_eq!(store.standing_request(since, "b").await.unwrap(), None);
}

pub async fn a_second_attempt_takes_its_own_request_up_again(store: &impl RetrainStore) {
    let since = time("2026-01-01");
    assert_eq!(store.claim_retrain(request("a"), since).await.unwrap(), None);
    // It died before it started anything.
    assert_eq!(store.standing_request(since, "a").await.unwrap(), None);
    assert_eq!(store.claim_retrain(request("a"), since).await.unwrap(), None);
    // It died after.
    store.settle_retrain("a", RetrainStatus::Submitted, None).await.unwrap();
    assert!(store.claim_retrain(request("a"), since).await.unwrap().is_some());
}

pub async fn a_request_that_failed_holds_up_nobody(store: &impl RetrainStore) {
    let since = time("2026-01-01");
    assert_eq!(store.claim_retrain(request("a"), since).await.unwrap(), None);
    assert!(store.standing_request(since, "b").await.unwrap().is_some());
    store.settle_retrain("a", RetrainStatus::Failed, None).await.unwrap();
    assert_eq!(store.claim_retrain(request("b"), since).await.unwrap(), None);
}

pub async fn a_question_is_kept_and_holds_up_nobody(store: &impl RetrainStore) {
    let since = time("2026-01-01");
    store.note_question(request("a"), RetrainStatus::Waiting).await.unwrap();
    store.note_question(request("a"), RetrainStatus::Kept).await.unwrap();
    store.note_question(request("b"), RetrainStatus::Kept).await.unwrap();
    let history = store.retrain_history(since, "c").await.unwrap();
    let statuses: Vec<(&str, &str)> = history
        .recent
        .iter()
        .map(|asked| (asked.request_uid.as_str(), asked.status.name()))
        .collect();
    assert_eq!(
        statuses,
        [("b", "kept"), ("a", "waiting")],
        "the newest first, and what was answered stays"
    );
    assert_eq!((history.released_at, history.new_outcomes), (None, None));
    assert_eq!(store.retrain_history(since, "b").await.unwrap().recent.len(), 1);
    assert_eq!(store.standing_request(since, "c").await.unwrap(), None);
    assert_eq!(store.claim_retrain(request("c"), since).await.unwrap(), None);
}

pub async fn of_many_that_ask_at_once_one_is_heard(store: &impl RetrainStore) {
    let names: Vec<String> = (0..16).map(|i| format!("monitor-{i}")).collect();
    let since = time("2026-01-01");
    let asked = futures_util::future::join_all(
        names.iter().map(|name| store.claim_retrain(request(name), since)),
    );
    let heard =
        asked.await.into_iter().filter(|standing| standing.as_ref().unwrap().is_none()).count();
    assert_eq!(heard, 1);
}
