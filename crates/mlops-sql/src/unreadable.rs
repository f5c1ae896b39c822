//! The ETL's unreadable objects, and its audits.

use jiff::Timestamp;
use mlops_core::etl::{Ignored, ObjectId, Unreadable};
use mlops_core::ports::StoreError;

use crate::Database;
use crate::columns::Columns;
use crate::etl::short_hash;
use crate::row::Row;
use crate::statement::sql;

const DELETE: &str = "DELETE FROM etl_unreadable WHERE pipeline_key = ? AND object_id = ?";

impl Database {
    pub(crate) async fn read_unreadable(
        &self,
        pipeline: &str,
    ) -> Result<Vec<Unreadable>, StoreError> {
        let select = sql(
            "SELECT object_id, partition_id, object_key, reason, remedy, attempts, next_attempt_at, \
                          ignored_at, ignored_by, ignored_reason FROM etl_unreadable WHERE pipeline_key = ? \
                          ORDER BY object_key",
        );
        let rows = self.connection.fetch(select.bind(short_hash(pipeline))).await?;
        rows.iter().map(unreadable).collect()
    }

    pub(crate) async fn write_unreadable(
        &self,
        pipeline: &str,
        objects: &[Unreadable],
        is_removal: bool,
    ) -> Result<(), StoreError> {
        if objects.is_empty() {
            return Ok(());
        }
        let key = short_hash(pipeline);
        let mut transaction = self.connection.transaction().await?;
        for object in objects {
            transaction.execute(sql(DELETE).bind(key).bind(object.object.0)).await?;
            if is_removal {
                continue;
            }
            let ignored = object.ignored.as_ref();
            let insert = Columns::default()
                .set("pipeline_key", key)
                .set("object_id", object.object.0)
                .set("pipeline", pipeline)
                .set("partition_id", &object.partition)
                .set("object_key", &object.key)
                .set("reason", &object.reason)
                .set("remedy", &object.remedy)
                .set("attempts", object.attempts)
                .set("next_attempt_at", object.next_attempt)
                .set("ignored_at", ignored.map(|ignored| ignored.at))
                .set("ignored_by", ignored.map(|ignored| ignored.by.as_str()))
                .set("ignored_reason", ignored.map(|ignored| ignored.reason.as_str()));
            transaction.execute(insert.insert_into("etl_unreadable")).await?;
        }
        transaction.commit().await
    }

    pub(crate) async fn read_audit(
        &self,
        pipeline: &str,
        shard: &str,
    ) -> Result<Option<Timestamp>, StoreError> {
        let select = sql("SELECT audited_at FROM etl_audit WHERE pipeline = ? AND shard = ?");
        let row = self.connection.first(select.bind(pipeline).bind(shard)).await?;
        row.map(|row| row.get("audited_at")).transpose()
    }

    pub(crate) async fn write_audit(
        &self,
        pipeline: &str,
        shard: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.connection.transaction().await?;
        let delete = sql("DELETE FROM etl_audit WHERE pipeline = ? AND shard = ?");
        transaction.execute(delete.bind(pipeline).bind(shard)).await?;
        let insert =
            Columns::default().set("pipeline", pipeline).set("shard", shard).set("audited_at", at);
        transaction.execute(insert.insert_into("etl_audit")).await?;
        transaction.commit().await
    }
}

fn unreadable(row: &Row) -> Result<Unreadable, StoreError> {
    let ignored = match row.get::<Option<Timestamp>>("ignored_at")? {
        None => None,
        Some(at) => {
            Some(Ignored { at, by: row.get("ignored_by")?, reason: row.get("ignored_reason")? })
        }
    };
    Ok(Unreadable {
        partition: row.get("partition_id")?,
        object: ObjectId(row.get("object_id")?),
        key: row.get("object_key")?,
        reason: row.get("reason")?,
        remedy: row.get("remedy")?,
        attempts: row.get("attempts")?,
        next_attempt: row.get("next_attempt_at")?,
        ignored,
    })
}
