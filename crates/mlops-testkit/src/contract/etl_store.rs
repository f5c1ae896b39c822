//! The contract of every [`EtlStore`].

use std::collections::HashSet;
use std::sync::Mutex;

use jiff::Timestamp;
use mlops_core::etl::{
    Batch, Claim, Commit, EndedObject, EtlStore, Ignored, Inserted, Lease, Listing, ObjectId,
    Settled, Totals, Unreadable, Watermark, insert_new,
};
use mlops_core::record::{LogRecord, RecordKey};
use mlops_core::timestamp::parse_utc;

/// The tests of this suite over one store.
#[macro_export]
macro_rules! etl_store_contract {
    ($fixture:path) => {
        $crate::contract_tests!(
            $fixture,
            $crate::contract::etl_store,
            [
                a_uid_is_written_once,
                models_share_uids_and_no_record,
                a_uid_that_comes_twice_in_a_batch_is_written_once,
                what_is_there_counts_before_what_comes_first,
                a_uid_is_compared_by_its_bytes,
                another_content_under_a_uid_is_a_conflict,
                the_time_of_a_record_is_known,
                a_content_is_the_same_however_it_is_written,
                a_batch_may_have_any_size,
                two_writers_of_the_same_records_write_them_once,
                a_record_can_be_replaced,
                an_object_is_entered_once,
                an_overtaken_claim_is_refused,
                claims_at_the_same_time_have_different_fences,
                a_settled_partition_remembers_what_was_listed,
                a_sealed_partition_is_closed_until_it_is_opened_again,
                pipelines_do_not_see_each_other,
                the_watermark_moves_in_steps,
                a_lease_goes_to_one,
                an_object_is_left_out_where_its_conflicts_cannot_be_kept,
                a_time_in_the_future_is_not_the_newest,
                unreadable_objects_are_remembered,
                each_shard_has_its_own_audit,
            ]
        );
    };
}

const PIPELINE: &str = "s3://bucket/logs/";

/// A record for a test.
pub fn record(uid: &str, time: &str, payload: &str) -> LogRecord {
    LogRecord {
        key: RecordKey::of_default_model(uid.to_owned()),
        logging_timestamp: parse_utc(time).unwrap(),
        payload: payload.to_owned(),
    }
}

/// Writes records as the ETL does.
pub async fn insert(store: &impl EtlStore, records: &[LogRecord]) -> Inserted {
    insert_new(store, PIPELINE, records, &[], &async |_: &[usize]| Ok(HashSet::new()))
        .await
        .unwrap()
}

fn numbered(uids: impl Iterator<Item = u32>) -> Vec<LogRecord> {
    uids.map(|i| record(&format!("uid-{i}"), "2026-01-01", &format!(r#"{{"input":{{"n":{i}}}}}"#)))
        .collect()
}

async fn is_there(store: &impl EtlStore, record: &LogRecord) -> bool {
    store.find(&[&record.key]).await.unwrap().get(&record.key) == Some(&store.fingerprint(record))
}

pub async fn a_uid_is_written_once(store: &impl EtlStore) {
    insert(store, &numbered(0..10)).await;
    let again = insert(store, &numbered(5..20)).await;
    assert_eq!((again.loaded, again.already_there, again.conflicts.len()), (10, 5, 0));
    for record in numbered(0..20) {
        assert!(is_there(store, &record).await, "{}", record.key.uid);
    }
}

pub async fn models_share_uids_and_no_record(store: &impl EtlStore) {
    let of = |model: &str, uid: &str, payload: &str| LogRecord {
        key: RecordKey { model_name: model.parse().unwrap(), uid: uid.to_owned() },
        ..record(uid, "2026-01-01", payload)
    };
    let records = [
        of("default", "uid", r#"{"input":{"n":1}}"#),
        of("ltv", "uid", r#"{"input":{"n":2}}"#),
        of("churn", "uid", r#"{"input":{"n":3}}"#),
        of("churn", "other", r#"{"input":{"n":4}}"#),
    ];
    assert_eq!(insert(store, &records[1..]).await.loaded, 3);
    assert!(!is_there(store, &records[0]).await);
    let inserted = insert(store, &records).await;
    assert_eq!((inserted.loaded, inserted.already_there, inserted.conflicts), (1, 3, vec![]));
    for record in &records {
        assert!(is_there(store, record).await, "{record:?}");
    }
    let other = of("churn", "uid", r#"{"input":{"n":2}}"#);
    assert_eq!(insert(store, std::slice::from_ref(&other)).await.conflicts, [0]);
    store.replace(&other).await.unwrap();
    for record in [&records[0], &records[1], &other] {
        assert!(is_there(store, record).await, "{record:?}");
    }
}

pub async fn a_uid_that_comes_twice_in_a_batch_is_written_once(store: &impl EtlStore) {
    let mut records = numbered(0..3);
    records.extend(numbered(1..2));
    records.push(record("uid-1", "2026-01-02", r#"{"input":{"n":"second"}}"#));
    let inserted = insert(store, &records).await;
    assert_eq!((inserted.loaded, inserted.already_there, inserted.conflicts), (3, 1, vec![4]));
    assert!(is_there(store, &records[1]).await);
}

pub async fn what_is_there_counts_before_what_comes_first(store: &impl EtlStore) {
    let records = numbered(0..1);
    insert(store, &records).await;
    let other = record("uid-0", "2026-01-01", r#"{"input":{"n":"other"}}"#);
    let inserted = insert(store, &[other, records[0].clone()]).await;
    assert_eq!((inserted.loaded, inserted.already_there, inserted.conflicts), (0, 1, vec![0]));
}

pub async fn a_uid_is_compared_by_its_bytes(store: &impl EtlStore) {
    let uids = ["u1", "U1", "u1 ", "ü1", "u\u{308}1", "u1\t", "'; DROP TABLE model_logs; --"];
    let records: Vec<LogRecord> = uids.iter().map(|uid| record(uid, "2026-01-01", "{}")).collect();
    assert_eq!(insert(store, &records).await.loaded, uids.len() as u64);
    assert_eq!(insert(store, &records).await.already_there, uids.len() as u64);
}

pub async fn another_content_under_a_uid_is_a_conflict(store: &impl EtlStore) {
    insert(store, &numbered(0..5)).await;
    let other = record("uid-3", "2026-05-05", r#"{"input":{"n":"other"}}"#);
    let conflicts = Mutex::new(Vec::new());
    let note = async |indices: &[usize]| {
        conflicts.lock().unwrap().extend_from_slice(indices);
        Ok(HashSet::new())
    };
    let batch = [numbered(0..1).remove(0), other.clone()];
    let inserted = insert_new(store, PIPELINE, &batch, &[], &note).await.unwrap();
    assert_eq!((inserted.loaded, inserted.already_there, inserted.conflicts), (0, 1, vec![1]));
    assert_eq!(
        *conflicts.lock().unwrap(),
        [1],
        "the conflict is reported before anything is written"
    );
    assert!(!is_there(store, &other).await, "what is there stays");
}

pub async fn the_time_of_a_record_is_known(store: &impl EtlStore) {
    let time = "2026-05-06 07:08:09.123456";
    insert(store, &[record("uid", time, "{}"), record("other", "1970-01-01", "{}")]).await;
    let [uid, nobody, other] = ["uid", "nobody", "other"].map(RecordKey::of_default_model);
    let found = store.logged_at(&[&uid, &nobody, &other]).await.unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found.get(&uid), parse_utc(time).as_ref());
}

pub async fn a_content_is_the_same_however_it_is_written(store: &impl EtlStore) {
    for (uid, written, read) in [
        ("keys", r#"{"b":{"y":1,"x":2},"a":[]}"#, r#"{"a":[],"b":{"x":2,"y":1}}"#),
        ("number", r#"{"a":1.50,"b":-0.0,"c":1e3}"#, r#"{"a":1.5,"b":0,"c":1000}"#),
        ("small", r#"{"a":0.1,"b":1e-5,"c":5e-324}"#, r#"{"a":1e-1,"b":0.00001,"c":5e-324}"#),
        (
            "large",
            r#"{"a":18446744073709551615,"b":-9223372036854775808,"c":1e300}"#,
            r#"{"c":1E+300,"a":18446744073709551615,"b":-9223372036854775808}"#,
        ),
        ("text", r#"{"a":"é😀\"\\\u0000","":""}"#, r#"{"":"","a":"\u00e9\ud83d\ude00\"\\\u0000"}"#),
        ("nested", r#"{"a":[null,true,[1,[2]],{}]}"#, r#"{"a": [null, true, [1, [2]], {}]}"#),
    ] {
        assert_eq!(
            insert(store, &[record(uid, "2026-01-01", written)]).await.loaded,
            1,
            "{written}"
        );
        let again = insert(store, &[record(uid, "2026-01-01", read)]).await;
        assert_eq!(again.already_there, 1, "{written} came back as something else than {read}");
    }
}

pub async fn a_batch_may_have_any_size(store: &impl EtlStore) {
    let mut start = 0;
    for size in [1, 7, 8, 9, 25, 26, 63, 64, 99, 101, 500, 501, 1573] {
        let inserted = insert(store, &numbered(start..start + size)).await;
        assert_eq!(inserted.loaded, u64::from(size), "a batch of {size}");
        start += size;
    }
    assert_eq!(insert(store, &numbered(0..start)).await.already_there, u64::from(start));
    assert_eq!(insert(store, &[]).await, Inserted::default());
}

pub async fn two_writers_of_the_same_records_write_them_once(store: &impl EtlStore) {
    let mut backwards = numbered(0..2000);
    backwards.reverse();
    let forwards = numbered(0..2000);
    let (one, other) = tokio::join!(insert(store, &forwards), insert(store, &backwards));
    assert_eq!(one.conflicts.len() + other.conflicts.len(), 0);
    assert_eq!(insert(store, &forwards).await.already_there, 2000);
}

pub async fn a_record_can_be_replaced(store: &impl EtlStore) {
    insert(store, &numbered(0..2)).await;
    let new = record("uid-1", "2026-01-02", r#"{"input":{"n":"new"}}"#);
    store.replace(&new).await.unwrap();
    assert!(is_there(store, &new).await);
}

async fn claim(store: &impl EtlStore, id: &str) -> Claim {
    store.register(PIPELINE, &[id.to_owned()]).await.unwrap();
    let states = store.claim(PIPELINE, &[id.to_owned()], "a run").await.unwrap();
    Claim { id: id.to_owned(), fence: states[0].fence }
}

fn object(claim: &Claim, number: u8) -> EndedObject {
    let newest = parse_utc(&format!("2026-01-{:02} 00:00:00.5", number + 1));
    let totals = Totals { objects: 1, records: 3, bad: 1, bytes: 100, newest };
    EndedObject { claim: claim.clone(), id: ObjectId([number; 16]), totals }
}

async fn commit(store: &impl EtlStore, ended: &[EndedObject]) -> Commit {
    store.commit(Batch { pipeline: PIPELINE, records: &[], ended }).await.unwrap()
}

pub async fn an_object_is_entered_once(store: &impl EtlStore) {
    let (one, other) = (claim(store, "dt=1/**").await, claim(store, "dt=2/**").await);
    let ended: Vec<EndedObject> =
        (0..20).map(|i| object(&one, i)).chain([object(&other, 3)]).collect();
    let records = numbered(0..3);
    let batch =
        Batch { pipeline: PIPELINE, records: &records.iter().collect::<Vec<_>>(), ended: &ended };
    assert_eq!(store.commit(batch).await.unwrap(), Commit::Done);
    // The answer may be lost, and all of it done again, with some more.
    let again: Vec<EndedObject> = (10..25).map(|i| object(&one, i)).collect();
    assert_eq!(commit(store, &again).await, Commit::Done);
    let mut ledger = store.ledger(PIPELINE, "dt=1/**").await.unwrap();
    ledger.sort_unstable();
    assert_eq!(ledger, (0..25).map(|i| ObjectId([i; 16])).collect::<Vec<_>>());
    let newest = parse_utc("2026-01-25 00:00:00.5");
    let totals = Totals { objects: 26, records: 78, bad: 26, bytes: 2600, newest };
    assert_eq!(store.totals(PIPELINE, Timestamp::MAX).await.unwrap(), totals);
}

pub async fn an_overtaken_claim_is_refused(store: &impl EtlStore) {
    let old = claim(store, "a").await;
    assert_eq!(commit(store, &[object(&old, 0)]).await, Commit::Done);
    let new = claim(store, "a").await;
    assert!(new.fence > old.fence);
    assert_eq!(commit(store, &[object(&old, 1)]).await, Commit::Fenced("a".to_owned()));
    store.settle(PIPELINE, &[settled(&old, true)]).await.unwrap();
    let state = store.partitions(PIPELINE, &["a".to_owned()]).await.unwrap().remove(0);
    assert!(!state.sealed && state.listing.is_none(), "{state:?}");
    assert_eq!(commit(store, &[object(&new, 1)]).await, Commit::Done);
    assert_eq!(store.ledger(PIPELINE, "a").await.unwrap().len(), 2);
}

pub async fn claims_at_the_same_time_have_different_fences(store: &impl EtlStore) {
    let ids: Vec<String> = (0..5).map(|i| i.to_string()).collect();
    store.register(PIPELINE, &ids).await.unwrap();
    let claim = async || store.claim(PIPELINE, &ids, "a run").await;
    let (one, other) = tokio::join!(claim(), claim());
    // A database may refuse one of two that meet; it must not give both the same.
    if let (Ok(one), Ok(other)) = (one, other) {
        for a in &one {
            let b = other.iter().find(|b| b.id == a.id).unwrap();
            assert_ne!(a.fence, b.fence, "{}", a.id);
        }
    }
}

fn settled(claim: &Claim, seal: bool) -> Settled {
    let listing = Listing { objects: 2, bytes: u64::from(u32::MAX) + 1, digest: u128::MAX - 7 };
    Settled { claim: claim.clone(), listing, seal }
}

pub async fn a_settled_partition_remembers_what_was_listed(store: &impl EtlStore) {
    let claim = claim(store, "a").await;
    assert_eq!(store.open_partitions(PIPELINE).await.unwrap()[0].listing, None);
    store.settle(PIPELINE, &[settled(&claim, false)]).await.unwrap();
    let open = store.open_partitions(PIPELINE).await.unwrap();
    assert_eq!((open.len(), open[0].listing), (1, Some(settled(&claim, false).listing)));
}

pub async fn a_sealed_partition_is_closed_until_it_is_opened_again(store: &impl EtlStore) {
    let (a, b) = (claim(store, "a").await, claim(store, "b").await);
    commit(store, &[object(&a, 0), object(&b, 0)]).await;
    store.settle(PIPELINE, &[settled(&a, true), settled(&b, false)]).await.unwrap();
    let open = store.open_partitions(PIPELINE).await.unwrap();
    assert_eq!(open.iter().map(|state| state.id.as_str()).collect::<Vec<_>>(), ["b"]);
    let ids = ["a".to_owned(), "unknown".to_owned(), "b".to_owned()];
    let mut known = store.partitions(PIPELINE, &ids).await.unwrap();
    known.sort_by(|one, other| one.id.cmp(&other.id));
    assert_eq!(known.iter().map(|state| state.sealed).collect::<Vec<_>>(), [true, false]);
    assert_eq!(known[0].listing, Some(settled(&a, true).listing));
    assert_eq!(
        store.totals(PIPELINE, Timestamp::MAX).await.unwrap().objects,
        2,
        "the counts of a sealed partition stay"
    );
    assert_eq!(store.ledger(PIPELINE, "a").await.unwrap(), []);
    assert_eq!(store.claim(PIPELINE, &["a".to_owned()], "a run").await.unwrap(), []);
    assert_eq!(commit(store, &[object(&a, 1)]).await, Commit::Fenced("a".to_owned()));
    store.register(PIPELINE, &["a".to_owned()]).await.unwrap();
    assert_eq!(
        store.open_partitions(PIPELINE).await.unwrap().len(),
        1,
        "a sealed partition is known"
    );

    store.reopen(PIPELINE, "a").await.unwrap();
    let again = claim(store, "a").await;
    assert!(again.fence > a.fence);
    let state = store.partitions(PIPELINE, &["a".to_owned()]).await.unwrap().remove(0);
    assert_eq!((state.sealed, state.listing), (false, None));
    assert_eq!(
        store.totals(PIPELINE, Timestamp::MAX).await.unwrap().objects,
        1,
        "what is loaded again is counted again"
    );
    assert_eq!(commit(store, &[object(&again, 0)]).await, Commit::Done);
}

pub async fn pipelines_do_not_see_each_other(store: &impl EtlStore) {
    let claim = claim(store, "a").await;
    commit(store, &[object(&claim, 0)]).await;
    let other = "another";
    assert_eq!(store.open_partitions(other).await.unwrap(), []);
    assert_eq!(store.partitions(other, &["a".to_owned()]).await.unwrap(), []);
    assert_eq!(store.totals(other, Timestamp::MAX).await.unwrap(), Totals::default());
    assert_eq!(store.watermark(other).await.unwrap(), None);
    store.register(other, &["a".to_owned()]).await.unwrap();
    assert_eq!(store.ledger(other, "a").await.unwrap(), []);
    assert_eq!(store.ledger(PIPELINE, "a").await.unwrap().len(), 1);
}

pub async fn the_watermark_moves_in_steps(store: &impl EtlStore) {
    assert_eq!(store.watermark(PIPELINE).await.unwrap(), None);
    let first = Watermark { updated: parse_utc("2026-01-01"), version: 1, ..Watermark::default() };
    assert!(store.advance(PIPELINE, &first).await.unwrap());
    assert_eq!(store.watermark(PIPELINE).await.unwrap(), Some(first.clone()));
    assert!(
        !store
            .advance(PIPELINE, &Watermark { partition: Some("x".to_owned()), ..first })
            .await
            .unwrap()
    );
    let totals = Totals {
        objects: 1,
        records: 2,
        bad: 3,
        bytes: 4,
        newest: parse_utc("2026-02-03 04:05:06.789"),
    };
    let second = Watermark {
        partition: Some("dt=2026-01-01/hh=05/**".to_owned()),
        position: parse_utc("2026-01-01 05:00:00"),
        totals,
        past_folders: Listing { objects: 7, bytes: 0, digest: u128::MAX - 1 },
        audited: parse_utc("2026-01-01 00:00:00.000001"),
        updated: parse_utc("2026-01-02"),
        version: 2,
    };
    assert!(store.advance(PIPELINE, &second).await.unwrap());
    assert_eq!(store.watermark(PIPELINE).await.unwrap(), Some(second.clone()));
    let late = Watermark { version: 2, ..Watermark::default() };
    assert!(!store.advance(PIPELINE, &late).await.unwrap());
    assert_eq!(store.watermark(PIPELINE).await.unwrap(), Some(second));
}

pub async fn a_lease_goes_to_one(store: &impl EtlStore) {
    let lease = |owner: &str, beat| Lease { owner: owner.to_owned(), beat, duration_ms: 500 };
    let (a, b) = (lease("a", 1), lease("b", 7));
    assert_eq!(store.lease("name").await.unwrap(), None);
    let (one, other) = tokio::join!(
        store.swap_lease("name", None, Some(&a)),
        store.swap_lease("name", None, Some(&b))
    );
    assert_ne!(one.unwrap(), other.unwrap(), "one of two takes it");
    let held = store.lease("name").await.unwrap().unwrap();
    let next = Lease { beat: held.beat + 1, ..held.clone() };
    assert!(store.swap_lease("name", Some(&held), Some(&next)).await.unwrap());
    assert!(
        !store.swap_lease("name", Some(&held), Some(&lease("c", 99))).await.unwrap(),
        "the beat has changed"
    );
    assert!(!store.swap_lease("name", Some(&held), None).await.unwrap());
    assert_eq!(store.lease("other").await.unwrap(), None);
    assert!(store.swap_lease("name", Some(&next), None).await.unwrap());
    assert_eq!(store.lease("name").await.unwrap(), None);
    assert!(store.swap_lease("name", None, Some(&b)).await.unwrap());
}

pub async fn an_object_is_left_out_where_its_conflicts_cannot_be_kept(store: &impl EtlStore) {
    insert(store, &numbered(0..1)).await;
    let claim = claim(store, "a").await;
    let records = [record("uid-0", "2026-05-05", r#"{"input":{"n":"other"}}"#)];
    let ended = [object(&claim, 0), object(&claim, 1)];
    let refused = async |_: &[usize]| Ok(HashSet::from([ended[0].id]));
    insert_new(store, PIPELINE, &records, &ended, &refused).await.unwrap();
    assert_eq!(store.ledger(PIPELINE, "a").await.unwrap(), [ended[1].id]);
}

pub async fn a_time_in_the_future_is_not_the_newest(store: &impl EtlStore) {
    let (one, other) = (claim(store, "a").await, claim(store, "b").await);
    commit(store, &[object(&one, 0), object(&other, 20)]).await;
    let newest = async |until| store.totals(PIPELINE, until).await.unwrap().newest;
    let until = parse_utc("2026-01-10").unwrap();
    assert_eq!(newest(until).await, object(&one, 0).totals.newest);
    assert_eq!(newest(Timestamp::MAX).await, object(&other, 20).totals.newest);
}

pub async fn unreadable_objects_are_remembered(store: &impl EtlStore) {
    let object = |number: u8| Unreadable {
        partition: "a/*".to_owned(),
        object: ObjectId([number; 16]),
        key: format!("a/{number}\u{1}é"),
        reason: "access denied".to_owned(),
        remedy: "grant it".to_owned(),
        attempts: 1,
        next_attempt: parse_utc("2026-01-01 00:10:00.5").unwrap(),
        ignored: None,
    };
    assert_eq!(store.unreadable(PIPELINE).await.unwrap(), []);
    store.put_unreadable(PIPELINE, &[]).await.unwrap();
    store.put_unreadable(PIPELINE, &[object(2), object(1)]).await.unwrap();
    assert_eq!(store.unreadable(PIPELINE).await.unwrap(), [object(1), object(2)]);
    let at = parse_utc("2026-02-02").unwrap();
    let ignored = Ignored { by: "ops".to_owned(), at, reason: "archived".to_owned() };
    let later = Unreadable { attempts: 2, ignored: Some(ignored), ..object(1) };
    store.put_unreadable(PIPELINE, std::slice::from_ref(&later)).await.unwrap();
    assert_eq!(store.unreadable(PIPELINE).await.unwrap(), [later, object(2)]);
    assert_eq!(store.unreadable("another").await.unwrap(), []);
    store.remove_unreadable(PIPELINE, &[object(1), object(3)]).await.unwrap();
    assert_eq!(store.unreadable(PIPELINE).await.unwrap(), [object(2)]);
    assert_eq!(store.open_partitions(PIPELINE).await.unwrap(), []);
}

pub async fn each_shard_has_its_own_audit(store: &impl EtlStore) {
    let at = |text| parse_utc(text).unwrap();
    assert_eq!(store.audited(PIPELINE, "0/2").await.unwrap(), None);
    store.note_audit(PIPELINE, "0/2", at("2026-01-01")).await.unwrap();
    store.note_audit(PIPELINE, "0/2", at("2026-01-02")).await.unwrap();
    assert_eq!(store.audited(PIPELINE, "0/2").await.unwrap(), Some(at("2026-01-02")));
    assert_eq!(store.audited(PIPELINE, "1/2").await.unwrap(), None);
    assert_eq!(store.audited("another", "0/2").await.unwrap(), None);
}
