//! Objects as they are found in buckets, down to their records.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::TryStreamExt;
use mlops_core::ports::ObjectStore;
use mlops_objects::{Folder, ReadOptions, RecordBatch, record_batches};
use mlops_record::{DEFAULT_MAX_RECORD_BYTES, Decoder, RecordError, Step, UidFrom};

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
    read_from(&store).await
}

async fn read_from(store: &Folder) -> RecordBatch {
    let options = ReadOptions::default();
    let batches = record_batches(store, "object", &options);
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
        read.records.iter().map(|(_, record)| record.key.uid.parse().unwrap()).collect();
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

fn bzip2(text: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// A ZIP archive of members that are stored or deflated, with their sizes before or after them.
fn zip(members: &[(&str, &[u8])], is_deflated: bool, sizes_follow: bool) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, body) in members {
        let mut crc = flate2::Crc::new();
        crc.update(body);
        let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), Compression::default());
        deflate.write_all(body).unwrap();
        let stored = if is_deflated { deflate.finish().unwrap() } else { body.to_vec() };
        let sizes =
            [crc.sum(), stored.len() as u32, body.len() as u32].map(u32::to_le_bytes).concat();
        let (flags, method) =
            (if sizes_follow { 8u16 } else { 0 }, if is_deflated { 8u16 } else { 0 });
        archive.extend_from_slice(b"PK\x03\x04\x14\0");
        archive.extend_from_slice(
            &[flags.to_le_bytes(), method.to_le_bytes(), [0; 2], [0; 2]].concat(),
        );
        archive.extend_from_slice(if sizes_follow { &[0; 12] } else { &sizes });
        archive.extend_from_slice(&(name.len() as u16).to_le_bytes());
        archive.extend_from_slice(&[0; 2]);
        archive.extend_from_slice(name.as_bytes());
        archive.extend_from_slice(&stored);
        if sizes_follow {
            archive.extend_from_slice(b"PK\x07\x08");
            archive.extend_from_slice(&sizes);
        }
    }
    archive.extend_from_slice(b"PK\x01\x02 and so on, and the end: PK\x05\x06");
    archive
}

fn utf16(text: &[u8], is_big_endian: bool, mark: &str) -> Vec<u8> {
    let text = format!("{mark}{}", std::str::from_utf8(text).unwrap());
    let bytes = |unit: u16| if is_big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() };
    text.encode_utf16().flat_map(bytes).collect()
}

#[tokio::test]
async fn gzip_in_gzip_is_read() {
    check(&gzip(&gzip(&lines(0..300))), 300).await;
    check(&gzip(&gzip(&gzip(&lines(0..3)))), 3).await;
    check(&gzip(&[gzip(&lines(0..3)), gzip(&lines(3..900))].concat()), 900).await;
    check(&zstd::encode_all(gzip(&lines(0..9)).as_slice(), 3).unwrap(), 9).await;
}

#[tokio::test]
async fn bzip2_is_read_to_the_last_stream() {
    check(&bzip2(&lines(0..9000)), 9000).await;
    check(&[bzip2(&lines(0..3)), bzip2(&lines(3..5))].concat(), 5).await;
    check(&bzip2(b""), 0).await;
    let whole = bzip2(&lines(0..9000));
    let read = read(&whole[..whole.len() / 2]).await;
    assert!(matches!(read.bad[0].reason, RecordError::Damaged(_)), "{:?}", read.bad);
}

#[tokio::test]
async fn every_member_of_a_zip_archive_is_read() {
    let (first, second, third) = (lines(0..3), lines(3..2000), gzip(&lines(2000..2010)));
    let members: [(&str, &[u8]); 6] = [
        ("logs/", b""),
        ("logs/a.json", first.trim_ascii_end()),
        ("__MACOSX/logs/._a.json", b"\0\x05\x16\x07"),
        ("logs/b.ndjson", &second),
        ("logs/.DS_Store", b"\0\0\0\x01Bud1"),
        ("logs/c.json.gz", &third),
    ];
    check(&zip(&members, true, false), 2010).await;
    check(&zip(&members, true, true), 2010).await;
    check(&zip(&members, false, false), 2010).await;
    check(&zip(&members, false, true), 2010).await;
    check(&zip(&[("inner.zip", &zip(&members, false, true))], false, true), 2010).await;
    check(&gzip(&zip(&members, true, true)), 2010).await;
    check(b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 0).await;
    for whole in [zip(&members, true, false), zip(&members, true, true)] {
        let read = read(&whole[..whole.len() / 2]).await;
        assert!(
            matches!(read.bad.last().unwrap().reason, RecordError::Damaged(_)),
            "{:?}",
            read.bad
        );
    }
}

#[tokio::test]
async fn a_stored_member_without_its_size_ends_at_its_descriptor() {
    // Beginnings of a descriptor, and one of other bytes, in the member itself.
    let odd = format!(
        "{}\nPK\x07\nPK\x07\x08{}\nPPKPK\x07PK\x07\x08\n{}",
        line(0),
        "x".repeat(40),
        line(1)
    );
    let archive = zip(&[("a.json", odd.as_bytes()), ("b.json", line(2).as_bytes())], false, true);
    let found = read(&archive).await;
    assert_eq!((found.records.len(), found.bad.len()), (3, 3), "{:?}", found.bad);
    let mut decoder = Decoder::new();
    let mut decoded = Vec::new();
    for byte in &archive {
        decoder.feed(Bytes::copy_from_slice(&[*byte]));
        while let Step::Bytes(bytes) = decoder.step().unwrap() {
            decoded.extend_from_slice(bytes);
        }
    }
    assert_eq!(decoded, format!("{odd}\n{}\n", line(2)).into_bytes());
    let end = archive.windows(4).rposition(|bytes| bytes == b"PK\x07\x08").unwrap();
    for cut in [end, end + 3, end + 9] {
        let found = read(&archive[..cut]).await;
        assert_eq!(found.records.len(), 3);
        let reason = found.bad.last().unwrap().reason.to_string();
        assert!(reason.contains("zip it with deflate, or into a file"), "{reason}");
    }
}

#[tokio::test]
async fn utf_16_is_read_with_and_without_a_byte_order_mark() {
    for is_big_endian in [false, true] {
        for mark in ["", "\u{FEFF}"] {
            check(&utf16(&lines(0..3000), is_big_endian, mark), 3000).await;
            check(&gzip(&utf16(&lines(0..30), is_big_endian, mark)), 30).await;
        }
    }
    let text = line(0).replace("}}", r#","x":"é😀"}}"#);
    let found = read(&utf16(text.as_bytes(), false, "\u{FEFF}")).await;
    assert_eq!(found.records[0].1.payload, text);
    let whole = utf16(&lines(0..2), false, "");
    let found = read(&whole[..whole.len() - 1]).await;
    assert!(matches!(found.bad[0].reason, RecordError::Damaged(_)), "{:?}", found.bad);
}

#[tokio::test]
async fn a_binary_object_is_one_bad_record() {
    let root = tempfile::tempdir().unwrap();
    let store = Folder::new(root.path());
    let body: Vec<u8> =
        (0..3_000_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
    for body in [body.clone(), gzip(&body)] {
        store.put("object", body.into()).await.unwrap();
        let found = read_from(&store).await;
        assert_eq!((found.records.len(), found.bad.len()), (0, 1));
        assert!(matches!(found.bad[0].reason, RecordError::Binary(_)), "{}", found.bad[0].reason);
    }
}

#[tokio::test]
async fn one_reader_at_a_time_holds_a_large_record() {
    let root = tempfile::tempdir().unwrap();
    let store = Folder::new(root.path());
    let large = line(0).replace("}}", &format!(r#","pad":"{}"}}}}"#, "x".repeat(3 << 20)));
    for key in ["a", "b", "c"] {
        store.put(key, format!("{large}\n{}\n", line(1)).into()).await.unwrap();
    }
    // There is room for two records of 4 MB.
    let options = ReadOptions::new(4 << 20, UidFrom::FileName);
    let mut first = std::pin::pin!(record_batches(&store, "a", &options));
    let mut second = std::pin::pin!(record_batches(&store, "b", &options));
    let mut held = Vec::new();
    for batches in [&mut first, &mut second] {
        held.push(loop {
            let batch = batches.try_next().await.unwrap().unwrap();
            if !batch.records.is_empty() {
                break batch;
            }
        });
    }
    let mut third = std::pin::pin!(record_batches(&store, "c", &options));
    let waits = async { while third.try_next().await.unwrap().is_some() {} };
    let mut waits = std::pin::pin!(waits);
    let soon = std::time::Duration::from_millis(300);
    assert!(tokio::time::timeout(soon, &mut waits).await.is_err());
    drop(held);
    waits.await;
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
    assert_eq!(bad.position.line, read.records.len() as u64 + 1);
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
    let options = ReadOptions::default();
    let mut batches = std::pin::pin!(record_batches(&store, "object", &options));
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
