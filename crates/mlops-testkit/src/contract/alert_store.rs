//! The contract of every [`AlertStore`].

use jiff::Timestamp;
use mlops_core::timestamp::parse_utc;
use mlops_rules::{AlertState, Severity, Status};
use mlops_rules::{
    AlertStore, KeptAlert, MessageLimit, MessageOutcome, MessageStatus, OutboxMessage, Taken,
    WaitingMessage,
};

/// The tests of this suite over one store.
#[macro_export]
macro_rules! alert_store_contract {
    ($fixture:path) => {
        $crate::contract_tests!(
            $fixture,
            $crate::contract::alert_store,
            [
                a_state_comes_back_as_it_was_written,
                of_two_that_advance_a_state_one_does,
                a_message_is_written_once,
                a_message_is_taken_once_and_given_back,
                a_number_gets_no_more_than_its_limit,
                of_many_that_take_at_once_no_more_than_the_limit_do,
            ]
        );
    };
}

fn time(text: &str) -> Timestamp {
    parse_utc(text).unwrap()
}

fn kept(version: u64) -> KeptAlert {
    let at = time("2026-03-02 10:00:00.000001");
    let state = AlertState {
        status: Status::Firing,
        value: Some(0.1 + 0.2),
        worst: Some(f64::MAX),
        recent: ".-wc?".parse().unwrap(),
        fired_at: Some(at),
        notified_at: None,
        why: "é 'quoted'".to_owned(),
        ..AlertState::new(Severity::Critical, at)
    };
    KeptAlert { rule: "many requests".to_owned(), group: "Ä ".to_owned(), state, version }
}

fn message(uid: &str) -> OutboxMessage {
    OutboxMessage {
        message_uid: uid.to_owned(),
        created_at: time("2026-03-02 10:00"),
        run_uid: "run".to_owned(),
        rule: "many requests".to_owned(),
        group: String::new(),
        transition: "fired",
        channel: "sms",
        severity: "warning",
        recipient: "+4915112345678".to_owned(),
        subject: "WARNING: many".to_owned(),
        content: r#"{"a":"é"}"#.to_owned(),
        status: MessageStatus::Sending,
        why: String::new(),
    }
}

async fn waiting(store: &impl AlertStore) -> Vec<WaitingMessage> {
    store.waiting("sms").await.unwrap()
}

pub async fn a_state_comes_back_as_it_was_written(store: &impl AlertStore) {
    let rules = ["many requests".to_owned()];
    assert_eq!(store.alerts(&rules).await.unwrap(), []);
    assert!(store.advance_alert(&kept(1), &[]).await.unwrap());
    assert_eq!(store.alerts(&rules).await.unwrap(), [kept(1)]);
    let mut next = kept(2);
    next.state.value = None;
    next.state.no_data_since = Some(time("2026-03-02 10:10"));
    assert!(store.advance_alert(&next, &[]).await.unwrap());
    assert_eq!(store.alerts(&rules).await.unwrap(), [next]);
    assert_eq!(store.alerts(&["another".to_owned()]).await.unwrap(), []);
}

pub async fn of_two_that_advance_a_state_one_does(store: &impl AlertStore) {
    let (first, second) = ([message("first")], [message("second")]);
    let (first_next, second_next) = (kept(1), kept(1));
    let (first, second) = tokio::join!(
        store.advance_alert(&first_next, &first),
        store.advance_alert(&second_next, &second)
    );
    assert!(first.unwrap() ^ second.unwrap());
    // The messages of the one that came second are not written.
    assert_eq!(waiting(store).await.len(), 1);
    assert!(store.advance_alert(&kept(2), &[message("third")]).await.unwrap());
    assert!(!store.advance_alert(&kept(2), &[message("fourth")]).await.unwrap());
    assert!(!store.advance_alert(&kept(4), &[message("fifth")]).await.unwrap());
    assert_eq!(waiting(store).await.len(), 2);
}

pub async fn a_message_is_written_once(store: &impl AlertStore) {
    assert_eq!(store.enqueue(&[message("a"), message("b"), message("a")]).await.unwrap(), 2);
    assert_eq!(store.enqueue(&[message("a")]).await.unwrap(), 0);
    let muted = OutboxMessage { status: MessageStatus::Muted, ..message("c") };
    let by_mail = OutboxMessage { channel: "email", ..message("d") };
    assert_eq!(store.enqueue(&[muted, by_mail]).await.unwrap(), 2);
    let waiting = waiting(store).await;
    assert_eq!(
        waiting.iter().map(|message| message.message_uid.as_str()).collect::<Vec<_>>(),
        ["a", "b"]
    );
    let content: serde_json::Value = serde_json::from_str(&waiting[0].content).unwrap();
    assert_eq!(content["a"], "é");
}

pub async fn a_message_is_taken_once_and_given_back(store: &impl AlertStore) {
    store.enqueue(&[message("a")]).await.unwrap();
    let seen = waiting(store).await.remove(0);
    let at = time("2026-03-02 10:01");
    assert_eq!(store.take(&seen, "one", at, None).await.unwrap(), Taken::Yes);
    assert_eq!(store.take(&seen, "two", at, None).await.unwrap(), Taken::Lost);
    let taken = waiting(store).await.remove(0);
    assert_eq!((taken.claim, taken.attempts), (Some(("one".to_owned(), at)), 1));
    let settle = |status, why| MessageOutcome {
        message_uid: "a",
        status,
        sent_at: None,
        provider_uid: None,
        why,
    };
    store.settle_message(settle(MessageStatus::Sending, "timed out")).await.unwrap();
    let given_back = waiting(store).await.remove(0);
    assert_eq!((&given_back.claim, given_back.attempts), (&None, 1));
    assert_eq!(store.take(&given_back, "two", at, None).await.unwrap(), Taken::Yes);
    store.settle_message(settle(MessageStatus::Sent, "")).await.unwrap();
    assert_eq!(waiting(store).await, []);
    // What is settled stays.
    store.settle_message(settle(MessageStatus::Sending, "")).await.unwrap();
    assert_eq!(waiting(store).await, []);
}

pub async fn a_number_gets_no_more_than_its_limit(store: &impl AlertStore) {
    let another = OutboxMessage { recipient: "+4915100000000".to_owned(), ..message("d") };
    store.enqueue(&[message("a"), message("b"), message("c"), another]).await.unwrap();
    let limit = Some(MessageLimit { since: time("2026-03-02"), most: 2 });
    let mut taken = Vec::new();
    for message in waiting(store).await {
        taken.push(store.take(&message, "run", time("2026-03-02 10:01"), limit).await.unwrap());
    }
    assert_eq!(taken, [Taken::Yes, Taken::Yes, Taken::OverLimit, Taken::Yes]);
    store.enqueue(&[message("e")]).await.unwrap();
    let tomorrow =
        waiting(store).await.into_iter().find(|message| message.message_uid == "e").unwrap();
    let limit = Some(MessageLimit { since: time("2026-03-03"), most: 2 });
    assert_eq!(
        store.take(&tomorrow, "run", time("2026-03-03 10:01"), limit).await.unwrap(),
        Taken::Yes
    );
}

pub async fn of_many_that_take_at_once_no_more_than_the_limit_do(store: &impl AlertStore) {
    let messages: Vec<OutboxMessage> = (0..8).map(|index| message(&format!("m{index}"))).collect();
    store.enqueue(&messages).await.unwrap();
    let limit = Some(MessageLimit { since: time("2026-03-02"), most: 3 });
    let waiting = waiting(store).await;
    let takes =
        waiting.iter().map(|message| store.take(message, "run", time("2026-03-02 10:01"), limit));
    let taken = futures_util::future::join_all(takes).await;
    let count = taken.into_iter().filter(|taken| *taken.as_ref().unwrap() == Taken::Yes).count();
    assert_eq!(count, 3);
}
