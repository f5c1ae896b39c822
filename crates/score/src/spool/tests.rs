use jiff::Timestamp;

use super::frames::{Frames, MAGIC, Records};
use super::segment::{Segment, file_name};
use super::{Spool, SpoolError, SpoolPolicy, SpoolState};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::unbounded_channel;

fn frames(seconds: i64, records: &[&str]) -> Frames {
    let mut frames = Frames::new(Timestamp::from_second(seconds).unwrap());
    records
        .iter()
        .for_each(|record| frames.push(|bytes| bytes.extend_from_slice(record.as_bytes())));
    frames
}

/// What is read of these records with the last bytes cut off.
fn read(records: &[&str], cut: usize) -> (Vec<String>, usize) {
    let bytes = [MAGIC.as_slice(), &frames(0, records).bytes].concat();
    let mut found = Records::of(&bytes[..bytes.len() - cut]).unwrap();
    let texts = found.by_ref().map(|record| String::from_utf8(record.to_vec()).unwrap()).collect();
    (texts, found.rest().len())
}

#[test]
fn a_torn_tail_is_cut_and_all_before_it_is_read() {
    assert_eq!(read(&["one", "three"], 0), (vec!["one".to_owned(), "three".to_owned()], 0));
    for cut in 1..13 {
        assert_eq!(
            read(&["one", "three"], cut),
            (vec!["one".to_owned()], 13 - cut),
            "{cut} bytes cut"
        );
    }
    assert_eq!(read(&["one", "three"], 13), (vec!["one".to_owned()], 0));
}

#[test]
fn damage_and_space_that_was_never_written_to_end_a_segment() {
    let check = |damage: fn(&mut Vec<u8>), expected: usize| {
        let mut bytes = [MAGIC.as_slice(), &frames(0, &["one", "two"]).bytes].concat();
        damage(&mut bytes);
        assert_eq!(Records::of(&bytes).unwrap().count(), expected, "{bytes:?}");
    };
    check(|bytes| bytes.extend([0; 100]), 2);
    check(|bytes| bytes.extend([0xFF; 100]), 2);
    check(|bytes| *bytes.last_mut().unwrap() ^= 1, 1);
    check(|bytes| bytes[8 + 8] ^= 1, 0);
    check(|bytes| bytes.truncate(8), 0);
    assert!(Records::of(b"mlspool9").is_none());
    assert!(Records::of(b"mls").is_none());
}

#[test]
fn the_keys_of_a_segment_are_its_name() {
    let time: Timestamp = "2026-11-25T18:59:59Z".parse().unwrap();
    let name = file_name(time, "0a1b2c3d4e5f", 7);
    assert_eq!(name, "2026-11-25T18-0a1b2c3d4e5f-000007.segment");
    let state = Arc::new(SpoolState::new(0, None));
    let segment = Segment {
        path: PathBuf::from("spool").join(name),
        bytes: 0,
        wanted_by: AtomicUsize::new(1),
        state,
    };
    assert_eq!(segment.key(), "dt=2026-11-25/hh=18/0a1b2c3d4e5f-000007");
}

fn policy(folder: PathBuf) -> SpoolPolicy {
    let segment_age = Duration::from_secs(3600);
    SpoolPolicy { folder, durable: true, max_bytes: 10_000, segment_bytes: 300, segment_age }
}

#[tokio::test]
async fn segments_end_with_their_size_and_their_hour_and_are_deleted_when_all_have_them() {
    let folder = tempfile::tempdir().unwrap();
    let ((one, mut ones), (other, mut others)) = (unbounded_channel(), unbounded_channel());
    let (spool, end) = Spool::open(policy(folder.path().to_owned()), vec![one, other]).unwrap();
    let long = "x".repeat(200);
    for (second, record) in [
        (10, "a"),
        (11, "b"),
        (3600, "c"),
        (3601, long.as_str()),
        (3602, long.as_str()),
        (3603, "d"),
    ] {
        spool.write(frames(second, &[record])).await.unwrap();
    }
    let state = spool.state.clone();
    drop(spool);
    end.wait().await;
    let mut found = Vec::new();
    while let Some(segment) = ones.recv().await {
        let contents = segment.read().await.unwrap();
        let records: Vec<usize> = contents.records().iter().map(|record| record.len()).collect();
        found.push((segment.key()[..19].to_owned(), records));
        segment.sent();
        assert!(segment.path.exists(), "the other sink does not have it yet");
        let same = others.recv().await.unwrap();
        same.sent();
        assert!(!segment.path.exists());
    }
    let key =
        |hour: u32, records: &[usize]| (format!("dt=1970-01-01/hh={hour:02}"), records.to_vec());
    assert_eq!(found, [key(0, &[1, 1]), key(1, &[1, 200]), key(1, &[200, 1])]);
    assert_eq!(state.bytes.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn what_is_left_is_handed_on_and_a_full_spool_takes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (sink, mut segments) = unbounded_channel();
    let (spool, end) = Spool::open(policy(folder.path().to_owned()), vec![sink]).unwrap();
    let record = "y".repeat(4000);
    spool.write(frames(1, &[&record, &record])).await.unwrap();
    assert_eq!(spool.write(frames(1, &[&record])).await, Err(SpoolError::Full));
    assert_eq!(spool.state.trouble(), Some(SpoolError::Full));
    // What fills it is closed, so that it can be sent away.
    segments.recv().await.unwrap();
    drop(spool);
    end.wait().await;
    assert!(segments.recv().await.is_none());

    std::fs::write(folder.path().join("notes.txt"), "not a segment").unwrap();
    let (sink, mut segments) = unbounded_channel();
    let (spool, _end) = Spool::open(policy(folder.path().to_owned()), vec![sink]).unwrap();
    assert_eq!(spool.state.bytes.load(Ordering::Relaxed), 8 + 2 * 4008);
    let segment = segments.recv().await.unwrap();
    assert_eq!(segment.read().await.unwrap().records(), [record.as_bytes(), record.as_bytes()]);
    segment.sent();
    spool.write(frames(1, &[&record])).await.unwrap();
    assert_eq!(spool.state.trouble(), None);
    let second = Spool::open(policy(folder.path().to_owned()), Vec::new()).err().unwrap();
    assert!(format!("{second:#}").contains("set another --spool"), "{second:#}");
}
