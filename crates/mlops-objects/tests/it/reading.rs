//! Objects as they are found in buckets, down to their records.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::TryStreamExt;
use mlops_core::ports::ObjectStore;
use mlops_objects::{Folder, RecordBatch, record_batches};
use mlops_record::{DEFAULT_MAX_RECORD_BYTES, RecordError};

fn line(uid: usize) -> String {
    format!(
        r#"{{"input":{{"uid":"{uid}"}},"output":{{"logging_timestamp":"2026-01-01 00:00:00"}}}}"#
    )
}

fn lines(uids: std::ops::Range<usize>) -> Vec<u8> {
    uids.map(|uid| line(uid) + "\n").collect::<String>().into_bytes()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

async fn read(body: &[u8]) -> RecordBatch {
    let root = tempfile::tempdir().unwrap();
    let store = Folder::new(root.path());
    store.put("object", body.to_vec().into()).await.unwrap();
    let batches = record_batches(&store, "object", DEFAULT_MAX_RECORD_BYTES);
    let mut batches = std::pin::pin!(batches);
    let mut all = RecordBatch::default();
    while let Some(batch) = batches.try_next().await.unwrap() {
        all.records.extend(batch.records);
        all.bad.extend(batch.bad);
        all.bytes += batch.bytes;
    }
    all
}

async fn check(body: &[u8], records: usize) {
    let read = read(body).await;
    assert!(read.bad.is_empty(), "{:?}", read.bad);
    let uids: Vec<usize> =
        read.records.iter().map(|(_, record)| record.uid.parse().unwrap()).collect();
    assert!(uids.iter().copied().eq(0..records), "{} records of {records}", uids.len());
    assert_eq!(read.bytes, body.len() as u64);
}

#[tokio::test]
async fn plain_text_is_read() {
    check(&lines(0..500), 500).await;
}

#[tokio::test]
async fn gzip_with_several_members_is_read_to_the_last() {
    let members = [gzip(&lines(0..300)), gzip(&lines(300..301)), gzip(b""), gzip(&lines(301..900))];
    check(&members.concat(), 900).await;
}

#[tokio::test]
async fn a_member_may_end_inside_a_record() {
    let text = lines(0..10);
    check(&[gzip(&text[..99]), gzip(&text[99..])].concat(), 10).await;
}

#[tokio::test]
async fn zstd_with_several_frames_is_read_to_the_last() {
    let frames =
        [lines(0..300), lines(300..900)].map(|text| zstd::encode_all(text.as_slice(), 3).unwrap());
    check(&frames.concat(), 900).await;
}

#[tokio::test]
async fn what_compresses_a_thousandfold_comes_out_in_parts() {
    // 40 MB of blank lines in 40 kB.
    let mut text = vec![b'\n'; 40 << 20];
    text.extend_from_slice(line(0).as_bytes());
    check(&gzip(&text), 1).await;
}

#[tokio::test]
async fn nothing_at_all_holds_no_records() {
    check(b"", 0).await;
    check(b"\n", 0).await;
    check(&gzip(b""), 0).await;
}

#[tokio::test]
async fn a_cut_gzip_gives_what_stands_before_the_cut_and_says_so() {
    let whole = gzip(&lines(0..5000));
    let read = read(&whole[..whole.len() / 2]).await;
    assert!(read.records.len() > 1000, "{} records", read.records.len());
    let [bad] = read.bad.as_slice() else { panic!("{:?}", read.bad) };
    assert!(matches!(bad.reason, RecordError::Damaged(_)), "{}", bad.reason);
    assert_eq!(bad.line, read.records.len() as u64 + 1);
}

#[tokio::test]
async fn a_cut_zstd_gives_what_stands_before_the_cut_and_says_so() {
    let text: Vec<u8> = lines(0..200_000);
    let whole = zstd::encode_all(text.as_slice(), 1).unwrap();
    let read = read(&whole[..whole.len() - 100]).await;
    assert!(read.records.len() > 1000, "{} records", read.records.len());
    assert!(
        matches!(read.bad.as_slice(), [bad] if matches!(bad.reason, RecordError::Damaged(_))),
        "{:?}",
        read.bad
    );
}

#[tokio::test]
async fn a_gzip_whose_checksum_is_wrong_says_so() {
    let mut whole = gzip(&lines(0..100));
    let checksum = whole.len() - 8;
    whole[checksum] ^= 1;
    let read = read(&whole).await;
    assert_eq!(read.records.len(), 100);
    assert!(
        matches!(read.bad.as_slice(), [bad] if matches!(bad.reason, RecordError::Damaged(_))),
        "{:?}",
        read.bad
    );
}

#[tokio::test]
async fn an_object_of_fifty_megabytes_is_read_in_small_batches() {
    let root = tempfile::tempdir().unwrap();
    let store = Folder::new(root.path());
    let one = |uid: usize| line(uid).replace("}}", &format!(r#","pad":"{}"}}}}"#, "x".repeat(960)));
    let body: String = (0..51_000).map(|uid| one(uid) + "\n").collect();
    assert!(body.len() > 50 << 20);
    store.put("object", body.into()).await.unwrap();
    let mut batches = std::pin::pin!(record_batches(&store, "object", DEFAULT_MAX_RECORD_BYTES));
    let mut records = 0;
    while let Some(batch) = batches.try_next().await.unwrap() {
        assert!(batch.bytes <= 256 << 10, "a batch of {} bytes", batch.bytes);
        assert!(batch.bad.is_empty(), "{:?}", batch.bad[0].reason);
        records += batch.records.len();
    }
    assert_eq!(records, 51_000);
}

#[tokio::test]
async fn a_record_of_fifty_megabytes_is_set_aside_and_the_next_one_read() {
    let mut body = br#"{"input":{"uid":"large","text":""#.to_vec();
    body.resize(50 << 20, b'x');
    body.extend_from_slice(b"\"}}\n");
    let raw_bytes = body.len() - 1;
    body.extend_from_slice(line(0).as_bytes());
    let read = read(&body).await;
    assert_eq!(read.records.len(), 1);
    let [bad] = read.bad.as_slice() else { panic!("{:?}", read.bad) };
    assert_eq!(bad.reason, RecordError::TooLong { limit: DEFAULT_MAX_RECORD_BYTES });
    assert_eq!(bad.raw_bytes, raw_bytes);
    assert!(bad.raw.len() <= 256 << 10, "{} bytes kept", bad.raw.len());
}
