//! The ETL's statements over records, ledger and partitions, which are the same in both databases.
//!
//! sqlx is generic over drivers, but its bounds do not carry through asynchronous functions; so
//! this is a macro. A driver brings `pool`, `begin`, `time` and `read_time`, and `UNCHANGED`, its
//! clause for a row that is there already.

use std::collections::BTreeMap;

use mlops_core::etl::EndedObject;
use sha2::{Digest, Sha256};

/// Partitions that one transaction settles.
pub(crate) const SETTLED_AT_ONCE: usize = 500;

/// The key of a partition: an id that is short, whatever the length of its name.
pub(crate) fn partition_key(pipeline: &str, id: &str) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(pipeline.as_bytes());
    hash.update([0]);
    hash.update(id.as_bytes());
    hash.finalize()[..16].to_vec()
}

/// The objects of each partition, in one order for all writers.
pub(crate) fn by_partition(ended: &[EndedObject]) -> BTreeMap<&str, Vec<&EndedObject>> {
    let mut partitions = BTreeMap::<&str, Vec<&EndedObject>>::new();
    for object in ended {
        partitions.entry(object.claim.id.as_str()).or_default().push(object);
    }
    partitions
}

macro_rules! etl_statements {
    ($driver:ty, $database:ty) => {
        impl $driver {
            async fn try_find(&self, uids: &[&str]) -> Result<HashMap<String, Fingerprint>, sqlx::Error> {
                let mut found = HashMap::new();
                for run in runs(uids) {
                    // A JSON column has no text of its own; the cast gives it one.
                    let select = format!(
                        "SELECT uid, CAST(input_output_payloads AS CHAR) FROM model_logs WHERE uid IN {}",
                        placeholders(1, run.len())
                    );
                    let mut query = sqlx::query_as::<_, (String, String)>(AssertSqlSafe(select));
                    for uid in run {
                        query = query.bind(*uid);
                    }
                    let rows = query.fetch_all(&self.pool).await?;
                    found.extend(rows.into_iter().map(|(uid, payload)| (uid, payload_fingerprint(&payload))));
                }
                Ok(found)
            }

            async fn try_commit(&self, batch: &Batch<'_>) -> Result<Commit, sqlx::Error> {
                let mut transaction = self.begin().await?;
                for part in self.statements(batch.records) {
                    let insert = format!(
                        "INSERT INTO model_logs (uid, logging_timestamp, input_output_payloads) VALUES {}",
                        placeholders(part.len(), 3)
                    );
                    let mut query = sqlx::query(AssertSqlSafe(insert));
                    for record in part {
                        query = query.bind(&record.uid).bind(Self::time(record.logging_timestamp)).bind(&record.payload);
                    }
                    query.execute(&mut *transaction).await?;
                }
                for (id, objects) in by_partition(batch.ended) {
                    let key = partition_key(batch.pipeline, id);
                    let mut known = HashSet::new();
                    for run in runs(&objects) {
                        let select = format!(
                            "SELECT object_id FROM etl_ledger WHERE partition_key = ? AND object_id IN {}",
                            placeholders(1, run.len())
                        );
                        let mut query = sqlx::query_scalar::<_, Vec<u8>>(AssertSqlSafe(select)).bind(&key);
                        for object in run {
                            query = query.bind(object.id.0.to_vec());
                        }
                        known.extend(query.fetch_all(&mut *transaction).await?);
                    }
                    let new: Vec<&&EndedObject> =
                        objects.iter().filter(|object| !known.contains(object.id.0.as_slice())).collect();
                    for run in runs(&new) {
                        let insert = format!(
                            "INSERT INTO etl_ledger (partition_key, object_id) VALUES {}",
                            placeholders(run.len(), 2)
                        );
                        let mut query = sqlx::query(AssertSqlSafe(insert));
                        for object in run {
                            query = query.bind(&key).bind(object.id.0.to_vec());
                        }
                        query.execute(&mut *transaction).await?;
                    }
                    let totals = new.iter().fold(Totals::default(), |sum, object| sum.and(object.totals));
                    let newest = totals.newest.map(Self::time);
                    // Last, as it holds the partition's row until the commit. It is also the check
                    // of the fence.
                    let counted = sqlx::query(
                        "UPDATE etl_partition SET objects = objects + ?, records = records + ?, bad = bad + ?, \
                         bytes = bytes + ?, newest_logging_timestamp = CASE \
                         WHEN newest_logging_timestamp IS NULL OR newest_logging_timestamp < ? THEN ? \
                         ELSE newest_logging_timestamp END \
                         WHERE partition_key = ? AND fence = ? AND sealed = 0",
                    )
                    .bind(totals.objects as i64)
                    .bind(totals.records as i64)
                    .bind(totals.bad as i64)
                    .bind(totals.bytes as i64)
                    .bind(newest.clone())
                    .bind(newest)
                    .bind(&key)
                    .bind(objects[0].claim.fence as i64)
                    .execute(&mut *transaction)
                    .await?;
                    if counted.rows_affected() == 0 {
                        transaction.rollback().await?;
                        return Ok(Commit::Fenced(id.to_owned()));
                    }
                }
                transaction.commit().await?;
                Ok(Commit::Done)
            }

            async fn try_replace(&self, record: &LogRecord) -> Result<(), sqlx::Error> {
                sqlx::query("UPDATE model_logs SET logging_timestamp = ?, input_output_payloads = ? WHERE uid = ?")
                    .bind(Self::time(record.logging_timestamp))
                    .bind(&record.payload)
                    .bind(&record.uid)
                    .execute(&self.pool)
                    .await
                    .map(drop)
            }

            async fn try_partitions(
                connection: &mut <$database as sqlx::Database>::Connection,
                keys: &[Vec<u8>],
            ) -> Result<Vec<PartitionState>, sqlx::Error> {
                let mut states = Vec::new();
                for run in runs(keys) {
                    let select = format!("{SELECT_PARTITION} WHERE partition_key IN {}", placeholders(1, run.len()));
                    let mut query = sqlx::query(AssertSqlSafe(select));
                    for key in run {
                        query = query.bind(key);
                    }
                    for row in query.fetch_all(&mut *connection).await? {
                        states.push(Self::partition_state(&row)?);
                    }
                }
                Ok(states)
            }

            async fn try_open_partitions(&self, pipeline: &str) -> Result<Vec<PartitionState>, sqlx::Error> {
                let select = format!("{SELECT_PARTITION} WHERE pipeline = ? AND sealed = 0 ORDER BY partition_id");
                let rows = sqlx::query(AssertSqlSafe(select)).bind(pipeline).fetch_all(&self.pool).await?;
                rows.iter().map(Self::partition_state).collect()
            }

            fn partition_state(row: &<$database as sqlx::Database>::Row) -> Result<PartitionState, sqlx::Error> {
                let listed: Option<i64> = row.try_get(3)?;
                let listing = match listed {
                    None => None,
                    Some(objects) => {
                        Some(Listing {
                            objects: objects as u64,
                            bytes: row.try_get::<i64, _>(4)? as u64,
                            digest: Self::digest_at(row, 5)?,
                        })
                    }
                };
                Ok(PartitionState {
                    id: row.try_get(0)?,
                    sealed: row.try_get(1)?,
                    fence: row.try_get::<i64, _>(2)? as u64,
                    listing,
                })
            }

            fn digest_at(row: &<$database as sqlx::Database>::Row, index: usize) -> Result<u128, sqlx::Error> {
                let digest: Vec<u8> = row.try_get(index)?;
                let digest = digest.try_into().map_err(|_| sqlx::Error::Decode("a digest has 16 bytes".into()))?;
                Ok(u128::from_be_bytes(digest))
            }

            /// Five columns from `first` on.
            fn totals_at(row: &<$database as sqlx::Database>::Row, first: usize) -> Result<Totals, sqlx::Error> {
                let count = |index: usize| row.try_get::<i64, _>(first + index).map(|count| count as u64);
                Ok(Totals {
                    objects: count(0)?,
                    records: count(1)?,
                    bad: count(2)?,
                    bytes: count(3)?,
                    newest: Self::read_time(row, first + 4)?,
                })
            }

            async fn try_register(&self, pipeline: &str, ids: &[String]) -> Result<(), sqlx::Error> {
                let mut transaction = self.begin().await?;
                for run in runs(ids) {
                    let insert = format!(
                        "INSERT INTO etl_partition (partition_key, pipeline, partition_id) VALUES {} {}",
                        placeholders(run.len(), 3),
                        Self::UNCHANGED
                    );
                    let mut query = sqlx::query(AssertSqlSafe(insert));
                    for id in run {
                        query = query.bind(partition_key(pipeline, id)).bind(pipeline).bind(id);
                    }
                    query.execute(&mut *transaction).await?;
                }
                transaction.commit().await
            }

            async fn try_claim(&self, keys: &[Vec<u8>], owner: &str) -> Result<Vec<PartitionState>, sqlx::Error> {
                let mut transaction = self.begin().await?;
                for run in runs(keys) {
                    let update = format!(
                        "UPDATE etl_partition SET fence = fence + 1, owner = ? WHERE sealed = 0 AND partition_key IN {}",
                        placeholders(1, run.len())
                    );
                    let mut query = sqlx::query(AssertSqlSafe(update)).bind(owner);
                    for key in run {
                        query = query.bind(key);
                    }
                    query.execute(&mut *transaction).await?;
                }
                // Before the commit, while no other claim can raise the fence further.
                let mut states = Self::try_partitions(&mut transaction, keys).await?;
                transaction.commit().await?;
                states.retain(|state| !state.sealed);
                Ok(states)
            }

            async fn try_ledger(&self, key: &[u8]) -> Result<Vec<ObjectId>, sqlx::Error> {
                let mut rows = sqlx::query_scalar::<_, Vec<u8>>("SELECT object_id FROM etl_ledger WHERE partition_key = ?")
                    .bind(key)
                    .fetch(&self.pool);
                let mut ledger = Vec::new();
                while let Some(id) = rows.try_next().await? {
                    let id = id.try_into().map_err(|_| sqlx::Error::Decode("an object's id has 16 bytes".into()))?;
                    ledger.push(ObjectId(id));
                }
                Ok(ledger)
            }

            async fn try_settle(&self, pipeline: &str, settled: &[Settled]) -> Result<(), sqlx::Error> {
                for part in settled.chunks(SETTLED_AT_ONCE) {
                    let mut transaction = self.begin().await?;
                    for partition in part {
                        let key = partition_key(pipeline, &partition.claim.id);
                        let noted = sqlx::query(
                            "UPDATE etl_partition SET listed_objects = ?, listed_bytes = ?, listed_digest = ?, sealed = ? \
                             WHERE partition_key = ? AND fence = ?",
                        )
                        .bind(partition.listing.objects as i64)
                        .bind(partition.listing.bytes as i64)
                        .bind(partition.listing.digest.to_be_bytes().to_vec())
                        .bind(partition.seal)
                        .bind(&key)
                        .bind(partition.claim.fence as i64)
                        .execute(&mut *transaction)
                        .await?;
                        if partition.seal && noted.rows_affected() > 0 {
                            sqlx::query("DELETE FROM etl_ledger WHERE partition_key = ?")
                                .bind(&key)
                                .execute(&mut *transaction)
                                .await?;
                        }
                    }
                    transaction.commit().await?;
                }
                Ok(())
            }

            async fn try_reopen(&self, key: &[u8]) -> Result<(), sqlx::Error> {
                let mut transaction = self.begin().await?;
                sqlx::query("DELETE FROM etl_ledger WHERE partition_key = ?").bind(key).execute(&mut *transaction).await?;
                sqlx::query(
                    "UPDATE etl_partition SET sealed = 0, fence = fence + 1, listed_objects = NULL, listed_bytes = NULL, \
                     listed_digest = NULL, objects = 0, records = 0, bad = 0, bytes = 0, newest_logging_timestamp = NULL \
                     WHERE partition_key = ?",
                )
                .bind(key)
                .execute(&mut *transaction)
                .await?;
                transaction.commit().await
            }

            async fn try_totals(&self, pipeline: &str) -> Result<Totals, sqlx::Error> {
                let row = sqlx::query(
                    "SELECT CAST(COALESCE(SUM(objects), 0) AS SIGNED), CAST(COALESCE(SUM(records), 0) AS SIGNED), \
                     CAST(COALESCE(SUM(bad), 0) AS SIGNED), CAST(COALESCE(SUM(bytes), 0) AS SIGNED), \
                     MAX(newest_logging_timestamp) FROM etl_partition WHERE pipeline = ?",
                )
                .bind(pipeline)
                .fetch_one(&self.pool)
                .await?;
                Self::totals_at(&row, 0)
            }
        }

        impl EtlStore for $driver {
            const REFUSES_DUPLICATES: bool = true;

            fn refuses(&self, record: &LogRecord) -> Option<String> {
                self.too_large(record)
            }

            fn fingerprint(&self, record: &LogRecord) -> Fingerprint {
                payload_fingerprint(&record.payload)
            }

            fn write_units(&self, _record: &LogRecord) -> u64 {
                0
            }

            async fn find(&self, uids: &[&str]) -> Result<HashMap<String, Fingerprint>, StoreError> {
                self.try_find(uids).await.map_err(|error| failed("reading model_logs", error))
            }

            async fn commit(&self, batch: Batch<'_>) -> Result<Commit, StoreError> {
                match self.try_commit(&batch).await {
                    Err(error) if is_conflict(&error) => {
                        tracing::debug!("another writer was first: {error}");
                        Ok(Commit::Raced)
                    }
                    result => result.map_err(|error| failed("writing to model_logs and etl_ledger", error)),
                }
            }

            async fn replace(&self, record: &LogRecord) -> Result<(), StoreError> {
                self.try_replace(record).await.map_err(|error| failed("writing to model_logs", error))
            }

            async fn partitions(&self, pipeline: &str, ids: &[String]) -> Result<Vec<PartitionState>, StoreError> {
                let keys: Vec<Vec<u8>> = ids.iter().map(|id| partition_key(pipeline, id)).collect();
                let read = async { Self::try_partitions(&mut *self.pool.acquire().await?, &keys).await };
                read.await.map_err(|error| failed("reading etl_partition", error))
            }

            async fn open_partitions(&self, pipeline: &str) -> Result<Vec<PartitionState>, StoreError> {
                self.try_open_partitions(pipeline).await.map_err(|error| failed("reading etl_partition", error))
            }

            async fn register(&self, pipeline: &str, ids: &[String]) -> Result<(), StoreError> {
                self.try_register(pipeline, ids).await.map_err(|error| failed("writing to etl_partition", error))
            }

            async fn claim(&self, pipeline: &str, ids: &[String], owner: &str) -> Result<Vec<PartitionState>, StoreError> {
                let keys: Vec<Vec<u8>> = ids.iter().map(|id| partition_key(pipeline, id)).collect();
                self.try_claim(&keys, owner).await.map_err(|error| failed("writing to etl_partition", error))
            }

            async fn ledger(&self, pipeline: &str, id: &str) -> Result<Vec<ObjectId>, StoreError> {
                let key = partition_key(pipeline, id);
                self.try_ledger(&key).await.map_err(|error| failed("reading etl_ledger", error))
            }

            async fn settle(&self, pipeline: &str, settled: &[Settled]) -> Result<(), StoreError> {
                self.try_settle(pipeline, settled).await.map_err(|error| failed("writing to etl_partition", error))
            }

            async fn reopen(&self, pipeline: &str, id: &str) -> Result<(), StoreError> {
                let key = partition_key(pipeline, id);
                self.try_reopen(&key).await.map_err(|error| failed("writing to etl_partition", error))
            }

            async fn totals(&self, pipeline: &str) -> Result<Totals, StoreError> {
                self.try_totals(pipeline).await.map_err(|error| failed("reading etl_partition", error))
            }

            async fn watermark(&self, pipeline: &str) -> Result<Option<Watermark>, StoreError> {
                self.try_watermark(pipeline).await.map_err(|error| failed("reading etl_watermark", error))
            }

            async fn advance(&self, pipeline: &str, watermark: &Watermark) -> Result<bool, StoreError> {
                self.try_advance(pipeline, watermark).await.map_err(|error| failed("writing to etl_watermark", error))
            }

            async fn lease(&self, name: &str) -> Result<Option<Lease>, StoreError> {
                self.try_lease(name).await.map_err(|error| failed("reading etl_lease", error))
            }

            async fn swap_lease(
                &self,
                name: &str,
                seen: Option<&Lease>,
                next: Option<&Lease>,
            ) -> Result<bool, StoreError> {
                self.try_swap_lease(name, seen, next).await.map_err(|error| failed("writing to etl_lease", error))
            }
        }
    };
}
pub(crate) use etl_statements;

pub(crate) const SELECT_PARTITION: &str = "SELECT partition_id, sealed, fence, listed_objects, listed_bytes, listed_digest FROM etl_partition";
