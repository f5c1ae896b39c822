//! The ETL's records, ledger and partitions.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;

use futures_util::TryStreamExt;
use jiff::Timestamp;
use mlops_core::etl::{
    Batch, Commit, EndedObject, EtlStore, Lease, Listing, ObjectId, PartitionState, Settled,
    Totals, Unreadable, Watermark,
};
use mlops_core::ports::StoreError;
use mlops_core::record::{Fingerprint, LogRecord, RecordKey};
use mlops_record::payload_fingerprint;
use sha2::{Digest, Sha256};

use crate::Database;
use crate::columns::Columns;
use crate::connection::{Connection, Transaction};
use crate::error::is_conflict;
use crate::insert::{list, placeholders, runs, statements};
use crate::row::Row;
use crate::statement::{Statement, sql};
use crate::watermark::totals_of;

/// Partitions that one transaction settles.
const SETTLED_AT_ONCE: usize = 500;

/// A statement has not many more bytes: MySQL then answers within a fraction of a second, and
/// SQLite holds the statement in memory.
const STATEMENT_BYTES: usize = 4 << 20;

/// Bytes of a MySQL packet beside the payload: the uid, the time, and the protocol's own.
const PACKET_MARGIN_BYTES: usize = 4 << 10;

/// The key of a partition: an id that is short, whatever the length of its name.
fn partition_key(pipeline: &str, id: &str) -> [u8; 16] {
    short_hash(&format!("{pipeline}\0{id}"))
}

/// Returns the first half of the SHA-256 of a name of any length.
pub(crate) fn short_hash(name: &str) -> [u8; 16] {
    let digest: [u8; 32] = Sha256::digest(name).into();
    *digest.first_chunk().expect("32 bytes are more than 16")
}

fn partition_keys(pipeline: &str, ids: &[String]) -> Vec<[u8; 16]> {
    ids.iter().map(|id| partition_key(pipeline, id)).collect()
}

/// Statements that read a column of the records of these keys, each beside its key. A JSON column of
/// MySQL has no text of its own; a cast gives it one.
fn select_by_key<'k>(column: &str, keys: &[&'k RecordKey]) -> impl Iterator<Item = Statement<'k>> {
    let of_models = keys.chunk_by(|one, next| one.model_name == next.model_name);
    of_models.flat_map(runs).map(move |run| {
        let select = format!(
            "SELECT model_name, uid, {column} FROM model_logs WHERE model_name = ? AND uid IN ({})",
            list(run.len())
        );
        let select = sql(select).bind(run[0].model_name.as_str());
        select.bind_all(run.iter().map(|key| &key.uid))
    })
}

fn key_of(row: &Row) -> Result<RecordKey, StoreError> {
    Ok(RecordKey { model_name: row.get("model_name")?, uid: row.get("uid")? })
}

/// The objects of each partition, in one order for all writers.
fn by_partition(ended: &[EndedObject]) -> BTreeMap<&str, Vec<&EndedObject>> {
    let mut partitions = BTreeMap::<&str, Vec<&EndedObject>>::new();
    for object in ended {
        partitions.entry(object.claim.id.as_str()).or_default().push(object);
    }
    partitions
}

impl EtlStore for Database {
    const REFUSES_DUPLICATES: bool = true;

    fn file(&self) -> Option<PathBuf> {
        match &self.connection {
            Connection::MySql { .. } => None,
            Connection::Sqlite(pool) => Some(pool.connect_options().get_filename().to_owned()),
        }
    }

    fn refuses(&self, record: &LogRecord) -> Option<String> {
        // In SQLite a row may have a gigabyte, and a record never has.
        let Connection::MySql { max_packet_bytes, .. } = &self.connection else { return None };
        let bytes = record.payload.len() + PACKET_MARGIN_BYTES;
        (bytes > *max_packet_bytes).then(|| {
            format!("the record has {bytes} bytes and the server's max_allowed_packet is {max_packet_bytes}; raise it there")
        })
    }

    fn fingerprint(&self, record: &LogRecord) -> Fingerprint {
        payload_fingerprint(&record.payload)
    }

    fn write_units(&self, _record: &LogRecord) -> u64 {
        0
    }

    async fn find(
        &self,
        keys: &[&RecordKey],
    ) -> Result<HashMap<RecordKey, Fingerprint>, StoreError> {
        let mut found = HashMap::new();
        for select in select_by_key("CAST(input_output_payloads AS CHAR) AS payload", keys) {
            // Payloads may be large, and are not held together.
            let mut rows = self.connection.stream(select);
            while let Some(row) = rows.try_next().await? {
                let payload: String = row.get("payload")?;
                found.insert(key_of(&row)?, payload_fingerprint(&payload));
            }
        }
        Ok(found)
    }

    async fn logged_at(
        &self,
        keys: &[&RecordKey],
    ) -> Result<HashMap<RecordKey, Timestamp>, StoreError> {
        let mut found = HashMap::new();
        for select in select_by_key("logging_timestamp", keys) {
            for row in self.connection.fetch(select).await? {
                found.insert(key_of(&row)?, row.get("logging_timestamp")?);
            }
        }
        Ok(found)
    }

    async fn commit(&self, batch: Batch<'_>) -> Result<Commit, StoreError> {
        match self.try_commit(&batch).await {
            Err(error) if is_conflict(&error) => {
                tracing::debug!("another writer was first: {error}");
                Ok(Commit::Raced)
            }
            result => result,
        }
    }

    async fn replace(&self, record: &LogRecord) -> Result<(), StoreError> {
        let update = Columns::default()
            .set("logging_timestamp", record.logging_timestamp)
            .set("input_output_payloads", &record.payload)
            .update("model_logs", "model_name = ? AND uid = ?");
        let update = update.bind(record.key.model_name.as_str()).bind(&record.key.uid);
        self.connection.execute(update).await.map(drop)
    }

    async fn partitions(
        &self,
        pipeline: &str,
        ids: &[String],
    ) -> Result<Vec<PartitionState>, StoreError> {
        let mut states = Vec::new();
        for run in runs(&partition_keys(pipeline, ids)) {
            let rows = self.connection.fetch(select_partitions(run)).await?;
            states.extend(partition_states(&rows)?);
        }
        Ok(states)
    }

    async fn open_partitions(&self, pipeline: &str) -> Result<Vec<PartitionState>, StoreError> {
        let select =
            format!("{SELECT_PARTITION} WHERE pipeline = ? AND sealed = 0 ORDER BY partition_id");
        partition_states(&self.connection.fetch(sql(select).bind(pipeline)).await?)
    }

    async fn register(&self, pipeline: &str, ids: &[String]) -> Result<(), StoreError> {
        let mut transaction = self.connection.transaction().await?;
        for run in runs(ids) {
            let insert = format!(
                "INSERT INTO etl_partition (partition_key, pipeline, partition_id) VALUES {} {}",
                placeholders(run.len(), 3),
                self.connection.dialect().or_keep("partition_key")
            );
            let rows = run.iter().fold(sql(insert), |insert, id| {
                insert.bind(partition_key(pipeline, id)).bind(pipeline).bind(id)
            });
            transaction.execute(rows).await?;
        }
        transaction.commit().await
    }

    async fn claim(
        &self,
        pipeline: &str,
        ids: &[String],
        owner: &str,
    ) -> Result<Vec<PartitionState>, StoreError> {
        let keys = partition_keys(pipeline, ids);
        let mut transaction = self.connection.transaction().await?;
        for run in runs(&keys) {
            let update = format!(
                "UPDATE etl_partition SET fence = fence + 1, owner = ? WHERE sealed = 0 AND partition_key IN ({})",
                list(run.len())
            );
            transaction.execute(sql(update).bind(owner).bind_all(run)).await?;
        }
        // Before the commit, while no other claim can raise the fence further.
        let mut states = Vec::new();
        for run in runs(&keys) {
            states.extend(partition_states(&transaction.fetch(select_partitions(run)).await?)?);
        }
        transaction.commit().await?;
        states.retain(|state| !state.sealed);
        Ok(states)
    }

    async fn ledger(&self, pipeline: &str, id: &str) -> Result<Vec<ObjectId>, StoreError> {
        let select = sql("SELECT object_id FROM etl_ledger WHERE partition_key = ?");
        let rows = self.connection.stream(select.bind(partition_key(pipeline, id)));
        let object = |row: Row| async move { row.get("object_id").map(ObjectId) };
        rows.and_then(object).try_collect().await
    }

    async fn settle(&self, pipeline: &str, settled: &[Settled]) -> Result<(), StoreError> {
        for part in settled.chunks(SETTLED_AT_ONCE) {
            let mut transaction = self.connection.transaction().await?;
            for partition in part {
                let key = partition_key(pipeline, &partition.claim.id);
                let update = Columns::default()
                    .set("listed_objects", partition.listing.objects)
                    .set("listed_bytes", partition.listing.bytes)
                    .set("listed_digest", partition.listing.digest.to_be_bytes())
                    .set("sealed", partition.seal)
                    .update("etl_partition", "partition_key = ? AND fence = ?")
                    .bind(key)
                    .bind(partition.claim.fence);
                let noted = transaction.execute(update).await?;
                if partition.seal && noted > 0 {
                    transaction.execute(sql(FORGET_LEDGER).bind(key)).await?;
                }
            }
            transaction.commit().await?;
        }
        Ok(())
    }

    async fn reopen(&self, pipeline: &str, id: &str) -> Result<(), StoreError> {
        let key = partition_key(pipeline, id);
        let mut transaction = self.connection.transaction().await?;
        transaction.execute(sql(FORGET_LEDGER).bind(key)).await?;
        let update = sql(
            "UPDATE etl_partition SET sealed = 0, fence = fence + 1, listed_objects = NULL, \
                          listed_bytes = NULL, listed_digest = NULL, objects = 0, records = 0, bad = 0, bytes = 0, \
                          newest_logging_timestamp = NULL WHERE partition_key = ?",
        );
        transaction.execute(update.bind(key)).await?;
        transaction.commit().await
    }

    async fn totals(&self, pipeline: &str, until: Timestamp) -> Result<Totals, StoreError> {
        let select = sql("SELECT CAST(COALESCE(SUM(objects), 0) AS SIGNED) AS objects, \
                          CAST(COALESCE(SUM(records), 0) AS SIGNED) AS records, \
                          CAST(COALESCE(SUM(bad), 0) AS SIGNED) AS bad, \
                          CAST(COALESCE(SUM(bytes), 0) AS SIGNED) AS bytes, \
                          MAX(CASE WHEN newest_logging_timestamp <= ? THEN newest_logging_timestamp END) \
                          AS newest_logging_timestamp \
                          FROM etl_partition WHERE pipeline = ?");
        totals_of(&self.connection.one(select.bind(until).bind(pipeline)).await?)
    }

    async fn watermark(&self, pipeline: &str) -> Result<Option<Watermark>, StoreError> {
        self.read_watermark(pipeline).await
    }

    async fn advance(&self, pipeline: &str, watermark: &Watermark) -> Result<bool, StoreError> {
        self.write_watermark(pipeline, watermark).await
    }

    async fn lease(&self, name: &str) -> Result<Option<Lease>, StoreError> {
        self.read_lease(name).await
    }

    async fn swap_lease(
        &self,
        name: &str,
        seen: Option<&Lease>,
        next: Option<&Lease>,
    ) -> Result<bool, StoreError> {
        self.write_lease(name, seen, next).await
    }

    async fn unreadable(&self, pipeline: &str) -> Result<Vec<Unreadable>, StoreError> {
        self.read_unreadable(pipeline).await
    }

    async fn put_unreadable(
        &self,
        pipeline: &str,
        objects: &[Unreadable],
    ) -> Result<(), StoreError> {
        self.write_unreadable(pipeline, objects, false).await
    }

    async fn remove_unreadable(
        &self,
        pipeline: &str,
        objects: &[Unreadable],
    ) -> Result<(), StoreError> {
        self.write_unreadable(pipeline, objects, true).await
    }

    async fn audited(&self, pipeline: &str, shard: &str) -> Result<Option<Timestamp>, StoreError> {
        self.read_audit(pipeline, shard).await
    }

    async fn note_audit(
        &self,
        pipeline: &str,
        shard: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.write_audit(pipeline, shard, at).await
    }
}

impl Database {
    async fn try_commit(&self, batch: &Batch<'_>) -> Result<Commit, StoreError> {
        let statement_bytes = match &self.connection {
            Connection::MySql { max_packet_bytes, .. } => STATEMENT_BYTES.min(max_packet_bytes / 2),
            Connection::Sqlite(_) => STATEMENT_BYTES,
        };
        let mut transaction = self.connection.transaction().await?;
        for part in statements(batch.records, statement_bytes) {
            let insert = format!(
                "INSERT INTO model_logs (model_name, uid, logging_timestamp, input_output_payloads) VALUES {}",
                placeholders(part.len(), 4)
            );
            let rows = part.iter().fold(sql(insert), |insert, record| {
                insert
                    .bind(record.key.model_name.as_str())
                    .bind(&record.key.uid)
                    .bind(record.logging_timestamp)
                    .bind(&record.payload)
            });
            transaction.execute(rows).await?;
        }
        for (id, objects) in by_partition(batch.ended) {
            let key = partition_key(batch.pipeline, id);
            if !enter(&mut transaction, &key, &objects).await? {
                transaction.roll_back().await?;
                return Ok(Commit::Fenced(id.to_owned()));
            }
        }
        transaction.commit().await?;
        Ok(Commit::Done)
    }
}

/// Enters the objects of one partition that are not there yet into the ledger and the counts.
/// Returns false where another run has claimed the partition.
async fn enter(
    transaction: &mut Transaction,
    key: &[u8; 16],
    objects: &[&EndedObject],
) -> Result<bool, StoreError> {
    let mut known: HashSet<[u8; 16]> = HashSet::new();
    for run in runs(objects) {
        let select = format!(
            "SELECT object_id FROM etl_ledger WHERE partition_key = ? AND object_id IN ({})",
            list(run.len())
        );
        let select = sql(select).bind(key).bind_all(run.iter().map(|object| &object.id.0));
        for row in transaction.fetch(select).await? {
            known.insert(row.get("object_id")?);
        }
    }
    let new: Vec<&&EndedObject> =
        objects.iter().filter(|object| !known.contains(&object.id.0)).collect();
    for run in runs(&new) {
        let insert = format!(
            "INSERT INTO etl_ledger (partition_key, object_id) VALUES {}",
            placeholders(run.len(), 2)
        );
        let rows =
            run.iter().fold(sql(insert), |insert, object| insert.bind(key).bind(object.id.0));
        transaction.execute(rows).await?;
    }
    let totals = new.iter().fold(Totals::default(), |sum, object| sum.and(object.totals));
    // Last, as it holds the partition's row until the commit. It is also the check of the fence.
    let update = sql(
        "UPDATE etl_partition SET objects = objects + ?, records = records + ?, bad = bad + ?, \
                      bytes = bytes + ?, newest_logging_timestamp = CASE \
                      WHEN newest_logging_timestamp IS NULL OR newest_logging_timestamp < ? THEN ? \
                      ELSE newest_logging_timestamp END \
                      WHERE partition_key = ? AND fence = ? AND sealed = 0",
    )
    .bind(totals.objects)
    .bind(totals.records)
    .bind(totals.bad)
    .bind(totals.bytes)
    .bind(totals.newest)
    .bind(totals.newest)
    .bind(key)
    .bind(objects[0].claim.fence);
    Ok(transaction.execute(update).await? > 0)
}

const FORGET_LEDGER: &str = "DELETE FROM etl_ledger WHERE partition_key = ?";

const SELECT_PARTITION: &str = "SELECT partition_id, sealed, fence, listed_objects, listed_bytes, listed_digest FROM etl_partition";

fn select_partitions(keys: &[[u8; 16]]) -> Statement<'_> {
    sql(format!("{SELECT_PARTITION} WHERE partition_key IN ({})", list(keys.len()))).bind_all(keys)
}

fn partition_states(rows: &[Row]) -> Result<Vec<PartitionState>, StoreError> {
    let state = |row: &Row| {
        let listed: Option<u64> = row.get("listed_objects")?;
        let listing = |objects| {
            Ok(Listing {
                objects,
                bytes: row.get("listed_bytes")?,
                digest: u128::from_be_bytes(row.get("listed_digest")?),
            })
        };
        Ok(PartitionState {
            id: row.get("partition_id")?,
            sealed: row.get("sealed")?,
            fence: row.get("fence")?,
            listing: listed.map(listing).transpose()?,
        })
    };
    rows.iter().map(state).collect()
}
