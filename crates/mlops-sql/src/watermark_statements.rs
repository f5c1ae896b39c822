//! The ETL's statements over its watermark and its lease, which are the same in both databases.

use mlops_core::etl::Totals;

/// How long before now the newest record was logged.
pub(crate) fn lag_seconds(totals: &Totals, now: Option<jiff::Timestamp>) -> Option<f64> {
    Some(now?.duration_since(totals.newest?).as_secs_f64())
}

macro_rules! watermark_statements {
    ($driver:ty) => {
        impl $driver {
            async fn try_watermark(&self, pipeline: &str) -> Result<Option<Watermark>, sqlx::Error> {
                let row = sqlx::query(
                    "SELECT watermark_partition, version, objects, records, bad, bytes, newest_logging_timestamp, \
                     watermark, audited_at, updated_at, past_folders, past_folders_digest FROM etl_watermark WHERE pipeline = ?",
                )
                .bind(pipeline)
                .fetch_optional(&self.pool)
                .await?;
                let Some(row) = row else { return Ok(None) };
                Ok(Some(Watermark {
                    partition: row.try_get(0)?,
                    version: row.try_get::<i64, _>(1)? as u64,
                    totals: Self::totals_at(&row, 2)?,
                    position: Self::read_time(&row, 7)?,
                    audited: Self::read_time(&row, 8)?,
                    updated: Self::read_time(&row, 9)?,
                    past_folders: Listing {
                        objects: row.try_get::<i64, _>(10)? as u64,
                        bytes: 0,
                        digest: Self::digest_at(&row, 11)?,
                    },
                }))
            }

            async fn try_advance(&self, pipeline: &str, watermark: &Watermark) -> Result<bool, sqlx::Error> {
                let columns = ADVANCE_COLUMNS;
                let statement = if watermark.version == 1 {
                    format!("INSERT INTO etl_watermark ({columns}, pipeline) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)")
                } else {
                    let set = columns.replace(',', " = ?,");
                    format!("UPDATE etl_watermark SET {set} = ? WHERE pipeline = ? AND version = ?")
                };
                let totals = &watermark.totals;
                let mut query = sqlx::query(AssertSqlSafe(statement))
                    .bind(watermark.position.map(Self::time))
                    .bind(watermark.partition.as_deref())
                    .bind(totals.newest.map(Self::time))
                    .bind(lag_seconds(totals, watermark.updated))
                    .bind(totals.objects as i64)
                    .bind(totals.records as i64)
                    .bind(totals.bad as i64)
                    .bind(totals.bytes as i64)
                    .bind(watermark.past_folders.objects as i64)
                    .bind(watermark.past_folders.digest.to_be_bytes().to_vec())
                    .bind(watermark.audited.map(Self::time))
                    .bind(watermark.updated.map(Self::time))
                    .bind(watermark.version as i64)
                    .bind(pipeline);
                if watermark.version > 1 {
                    query = query.bind(watermark.version as i64 - 1);
                }
                changed_one(query.execute(&self.pool).await.map(|result| result.rows_affected()))
            }

            async fn try_lease(&self, name: &str) -> Result<Option<Lease>, sqlx::Error> {
                let row = sqlx::query_as::<_, (String, i64, i64)>(
                    "SELECT owner, beat, duration_ms FROM etl_lease WHERE name = ?",
                )
                .bind(name)
                .fetch_optional(&self.pool)
                .await?;
                Ok(row.map(|(owner, beat, duration_ms)| Lease {
                    owner,
                    beat: beat as u64,
                    duration_ms: duration_ms as u64,
                }))
            }

            async fn try_swap_lease(
                &self,
                name: &str,
                seen: Option<&Lease>,
                next: Option<&Lease>,
            ) -> Result<bool, sqlx::Error> {
                let query = match (seen, next) {
                    (None, None) => return Ok(true),
                    (None, Some(next)) => {
                        sqlx::query("INSERT INTO etl_lease (owner, beat, duration_ms, name) VALUES (?,?,?,?)")
                            .bind(&next.owner)
                            .bind(next.beat as i64)
                            .bind(next.duration_ms as i64)
                            .bind(name)
                    }
                    (Some(seen), None) => {
                        sqlx::query("DELETE FROM etl_lease WHERE name = ? AND beat = ?").bind(name).bind(seen.beat as i64)
                    }
                    (Some(seen), Some(next)) => {
                        sqlx::query("UPDATE etl_lease SET owner = ?, beat = ?, duration_ms = ? WHERE name = ? AND beat = ?")
                            .bind(&next.owner)
                            .bind(next.beat as i64)
                            .bind(next.duration_ms as i64)
                            .bind(name)
                            .bind(seen.beat as i64)
                    }
                };
                changed_one(query.execute(&self.pool).await.map(|result| result.rows_affected()))
            }
        }
    };
}
pub(crate) use watermark_statements;

pub(crate) const ADVANCE_COLUMNS: &str = "watermark, watermark_partition, newest_logging_timestamp, lag_seconds, objects, \
     records, bad, bytes, past_folders, past_folders_digest, audited_at, updated_at, version";

/// Whether a conditional statement found its row as expected. A row that another inserted first is
/// not as expected.
pub(crate) fn changed_one(result: Result<u64, sqlx::Error>) -> Result<bool, sqlx::Error> {
    match result {
        Ok(rows) => Ok(rows > 0),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(false),
        Err(error) => Err(error),
    }
}
