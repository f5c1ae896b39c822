//! The ETL's watermark and its lease.

use jiff::Timestamp;
use mlops_core::etl::{Lease, Listing, Totals, Watermark};
use mlops_core::ports::StoreError;

use crate::Database;
use crate::columns::Columns;
use crate::error::changed_one;
use crate::row::Row;
use crate::statement::sql;

/// How long before now the newest record was logged.
fn lag_seconds(totals: &Totals, now: Option<Timestamp>) -> Option<f64> {
    Some(now?.duration_since(totals.newest?).as_secs_f64())
}

/// Reads the columns that `etl_partition` and `etl_watermark` both have.
pub(crate) fn totals_of(row: &Row) -> Result<Totals, StoreError> {
    Ok(Totals {
        objects: row.get("objects")?,
        records: row.get("records")?,
        bad: row.get("bad")?,
        bytes: row.get("bytes")?,
        newest: row.get("newest_logging_timestamp")?,
    })
}

impl Database {
    pub(crate) async fn read_watermark(
        &self,
        pipeline: &str,
    ) -> Result<Option<Watermark>, StoreError> {
        let select = "SELECT watermark_partition, version, objects, records, bad, bytes, newest_logging_timestamp, \
                      watermark, audited_at, updated_at, past_folders, past_folders_digest \
                      FROM etl_watermark WHERE pipeline = ?";
        let Some(row) = self.connection.first(sql(select).bind(pipeline)).await? else {
            return Ok(None);
        };
        Ok(Some(Watermark {
            partition: row.get("watermark_partition")?,
            version: row.get("version")?,
            totals: totals_of(&row)?,
            position: row.get("watermark")?,
            audited: row.get("audited_at")?,
            updated: row.get("updated_at")?,
            past_folders: Listing {
                objects: row.get("past_folders")?,
                bytes: 0,
                digest: u128::from_be_bytes(row.get("past_folders_digest")?),
            },
        }))
    }

    /// Writes a watermark if the version before its own is there. Returns whether it was.
    pub(crate) async fn write_watermark(
        &self,
        pipeline: &str,
        watermark: &Watermark,
    ) -> Result<bool, StoreError> {
        let totals = &watermark.totals;
        let columns = Columns::default()
            .set("watermark", watermark.position)
            .set("watermark_partition", watermark.partition.as_deref())
            .set("newest_logging_timestamp", totals.newest)
            .set("lag_seconds", lag_seconds(totals, watermark.updated))
            .set("objects", totals.objects)
            .set("records", totals.records)
            .set("bad", totals.bad)
            .set("bytes", totals.bytes)
            .set("past_folders", watermark.past_folders.objects)
            .set("past_folders_digest", watermark.past_folders.digest.to_be_bytes())
            .set("audited_at", watermark.audited)
            .set("updated_at", watermark.updated)
            .set("version", watermark.version);
        let statement = match watermark.version {
            1 => columns.set("pipeline", pipeline).insert_into("etl_watermark"),
            version => columns
                .update("etl_watermark", "pipeline = ? AND version = ?")
                .bind(pipeline)
                .bind(version - 1),
        };
        changed_one(self.connection.execute(statement).await)
    }

    pub(crate) async fn read_lease(&self, name: &str) -> Result<Option<Lease>, StoreError> {
        let select = sql("SELECT owner, beat, duration_ms FROM etl_lease WHERE name = ?");
        let Some(row) = self.connection.first(select.bind(name)).await? else { return Ok(None) };
        Ok(Some(Lease {
            owner: row.get("owner")?,
            beat: row.get("beat")?,
            duration_ms: row.get("duration_ms")?,
        }))
    }

    /// Writes or deletes a lease if the one that was seen is there. Returns whether it was.
    pub(crate) async fn write_lease<'l>(
        &self,
        name: &'l str,
        seen: Option<&Lease>,
        next: Option<&'l Lease>,
    ) -> Result<bool, StoreError> {
        let columns = |next: &'l Lease| {
            Columns::default()
                .set("owner", &next.owner)
                .set("beat", next.beat)
                .set("duration_ms", next.duration_ms)
        };
        let statement = match (seen, next) {
            (None, None) => return Ok(true),
            (None, Some(next)) => columns(next).set("name", name).insert_into("etl_lease"),
            (Some(seen), None) => {
                sql("DELETE FROM etl_lease WHERE name = ? AND beat = ?").bind(name).bind(seen.beat)
            }
            (Some(seen), Some(next)) => {
                let update = columns(next).update("etl_lease", "name = ? AND beat = ?");
                update.bind(name).bind(seen.beat)
            }
        };
        changed_one(self.connection.execute(statement).await)
    }
}
