//! The job's own books: items of one table, `pk` and `sk`.
//!
//! | `pk` | `sk` | what |
//! | --- | --- | --- |
//! | pipeline | `watermark` | how far the pipeline is |
//! | pipeline | `open PARTITION`, `sealed PARTITION` | a partition; one that is both is open |
//! | pipeline, partition | a hash | the objects that one batch ended |
//! | pipeline, `unreadable` | an object's id | an object that could not be read |
//! | pipeline | `audit SHARD` | when the shard last compared sealed partitions with the listing |
//! | lease | `lease` | the run at work |

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use mlops_core::etl::{EndedObject, Lease, Listing, ObjectId, PartitionState, Totals, Watermark};
use mlops_core::ports::{StoreError, StoreErrorKind};
use mlops_core::timestamp::{parse_utc, to_sql_text};
use sha2::{Digest, Sha256};

use crate::batches::Item;

pub(crate) const OPEN: &str = "open ";
pub(crate) const SEALED: &str = "sealed ";
pub(crate) const WATERMARK: &str = "watermark";
pub(crate) const LEASE: &str = "lease";
pub(crate) const AUDIT: &str = "audit ";

/// An object in a chunk of the ledger: id, records, bad, bytes, and the newest time in
/// microseconds, or -1.
const ENTRY_BYTES: usize = 16 + 4 * 8;

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(crate) fn key(pk: &str, sk: &str) -> Item {
    HashMap::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))])
}

/// The `pk` of a partition's ledger.
pub(crate) fn ledger_key(pipeline: &str, partition: &str) -> String {
    format!("{pipeline}\n{partition}")
}

pub(crate) fn get<'i>(item: &'i Item, name: &str) -> Option<&'i AttributeValue> {
    item.get(name)
}

pub(crate) fn read_text(item: &Item, name: &str) -> Option<String> {
    get(item, name)?.as_s().ok().cloned()
}

pub(crate) fn read_time(item: &Item, name: &str) -> Option<Timestamp> {
    parse_utc(get(item, name)?.as_s().ok()?)
}

pub(crate) fn read_number(item: &Item, name: &str) -> Result<u64, StoreError> {
    let found =
        get(item, name).and_then(|value| value.as_n().ok()).and_then(|number| number.parse().ok());
    found.ok_or_else(|| damaged(item, name))
}

pub(crate) fn damaged(item: &Item, name: &str) -> StoreError {
    let key = |name| read_text(item, name).unwrap_or_default();
    let message = format!(
        "the item {:?}, {:?} of the watermark table has no usable `{name}`; was it changed by hand?",
        key("pk"),
        key("sk")
    );
    StoreError::new(StoreErrorKind::Other, message)
}

pub(crate) fn with_totals(mut item: Item, totals: &Totals) -> Item {
    let counts = [
        ("objects", totals.objects),
        ("records", totals.records),
        ("bad", totals.bad),
        ("bytes", totals.bytes),
    ];
    item.extend(counts.map(|(name, count)| (name.to_owned(), number(count))));
    if let Some(newest) = totals.newest {
        item.insert("newest_logging_timestamp".to_owned(), text(to_sql_text(newest)));
    }
    item
}

pub(crate) fn read_totals(item: &Item) -> Result<Totals, StoreError> {
    Ok(Totals {
        objects: read_number(item, "objects")?,
        records: read_number(item, "records")?,
        bad: read_number(item, "bad")?,
        bytes: read_number(item, "bytes")?,
        newest: read_time(item, "newest_logging_timestamp"),
    })
}

pub(crate) fn listing_attributes(listing: &Listing) -> [(&'static str, AttributeValue); 3] {
    [
        ("listed_objects", number(listing.objects)),
        ("listed_bytes", number(listing.bytes)),
        ("listed_digest", digest(listing.digest)),
    ]
}

fn digest(digest: u128) -> AttributeValue {
    AttributeValue::B(Blob::new(digest.to_be_bytes()))
}

fn read_digest(item: &Item, name: &str) -> Result<u128, StoreError> {
    let bytes = get(item, name)
        .and_then(|digest| digest.as_b().ok())
        .and_then(|digest| digest.as_ref().try_into().ok());
    bytes.map(u128::from_be_bytes).ok_or_else(|| damaged(item, name))
}

pub(crate) fn read_partition(item: &Item) -> Result<PartitionState, StoreError> {
    let sk = read_text(item, "sk").unwrap_or_default();
    let (id, sealed) = match (sk.strip_prefix(OPEN), sk.strip_prefix(SEALED)) {
        (Some(id), _) => (id, false),
        (_, Some(id)) => (id, true),
        _ => return Err(damaged(item, "sk")),
    };
    let listing = match get(item, "listed_digest") {
        None => None,
        Some(_) => Some(Listing {
            objects: read_number(item, "listed_objects")?,
            bytes: read_number(item, "listed_bytes")?,
            digest: read_digest(item, "listed_digest")?,
        }),
    };
    Ok(PartitionState { id: id.to_owned(), sealed, fence: read_number(item, "fence")?, listing })
}

/// One item for the objects that a batch has ended in a partition: the same objects make the same
/// item.
pub(crate) fn ledger_chunk(pipeline: &str, partition: &str, objects: &[&EndedObject]) -> Item {
    let mut entries = Vec::with_capacity(objects.len() * ENTRY_BYTES);
    for object in objects {
        let Totals { records, bad, bytes, newest, .. } = object.totals;
        entries.extend_from_slice(&object.id.0);
        for count in [records, bad, bytes] {
            entries.extend_from_slice(&count.to_be_bytes());
        }
        entries.extend_from_slice(&newest.map_or(-1, Timestamp::as_microsecond).to_be_bytes());
    }
    let name: String = hex::encode(&Sha256::digest(&entries)[..16]);
    let mut item = key(&ledger_key(pipeline, partition), &name);
    item.insert("entries".to_owned(), AttributeValue::B(Blob::new(entries)));
    item
}

/// The objects of a ledger's items, each once, with what was found in it.
pub(crate) fn read_ledger(items: &[Item]) -> Result<HashMap<ObjectId, Totals>, StoreError> {
    let mut ledger = HashMap::new();
    for item in items {
        let entries = get(item, "entries").and_then(|entries| entries.as_b().ok());
        let entries = entries.filter(|entries| entries.as_ref().len() % ENTRY_BYTES == 0);
        for entry in
            entries.ok_or_else(|| damaged(item, "entries"))?.as_ref().chunks_exact(ENTRY_BYTES)
        {
            let (id, counts) = entry.split_at(16);
            let count = |index: usize| {
                let bytes = counts[8 * index..8 * (index + 1)]
                    .try_into()
                    .expect("the entry has four counts");
                u64::from_be_bytes(bytes)
            };
            let id = ObjectId(id.try_into().expect("an id has 16 bytes"));
            let newest =
                Timestamp::from_microsecond(count(3) as i64).ok().filter(|_| count(3) as i64 >= 0);
            let totals =
                Totals { objects: 1, records: count(0), bad: count(1), bytes: count(2), newest };
            ledger.insert(id, totals);
        }
    }
    Ok(ledger)
}

pub(crate) fn lease_item(name: &str, lease: &Lease) -> Item {
    let mut item = key(name, LEASE);
    item.insert("owner".to_owned(), text(&lease.owner));
    item.insert("beat".to_owned(), number(lease.beat));
    item.insert("duration_ms".to_owned(), number(lease.duration_ms));
    item
}

pub(crate) fn read_lease(item: &Item) -> Result<Lease, StoreError> {
    Ok(Lease {
        owner: read_text(item, "owner").ok_or_else(|| damaged(item, "owner"))?,
        beat: read_number(item, "beat")?,
        duration_ms: read_number(item, "duration_ms")?,
    })
}

pub(crate) fn watermark_item(pipeline: &str, watermark: &Watermark) -> Item {
    let mut item = with_totals(key(pipeline, WATERMARK), &watermark.totals);
    item.insert("version".to_owned(), number(watermark.version));
    item.insert("past_folders".to_owned(), number(watermark.past_folders.objects));
    item.insert("past_folders_digest".to_owned(), digest(watermark.past_folders.digest));
    let times = [
        ("watermark", watermark.position),
        ("audited_at", watermark.audited),
        ("updated_at", watermark.updated),
    ];
    for (name, time) in times {
        item.extend(time.map(|time| (name.to_owned(), text(to_sql_text(time)))));
    }
    item.extend(
        watermark.partition.as_ref().map(|id| ("watermark_partition".to_owned(), text(id))),
    );
    if let (Some(updated), Some(newest)) = (watermark.updated, watermark.totals.newest) {
        let lag = updated.duration_since(newest).as_millis() as f64 / 1000.0;
        item.insert("lag_seconds".to_owned(), AttributeValue::N(lag.to_string()));
    }
    item
}

pub(crate) fn read_watermark(item: &Item) -> Result<Watermark, StoreError> {
    Ok(Watermark {
        partition: read_text(item, "watermark_partition"),
        position: read_time(item, "watermark"),
        totals: read_totals(item)?,
        audited: read_time(item, "audited_at"),
        updated: read_time(item, "updated_at"),
        past_folders: Listing {
            objects: read_number(item, "past_folders")?,
            bytes: 0,
            digest: read_digest(item, "past_folders_digest")?,
        },
        version: read_number(item, "version")?,
    })
}
