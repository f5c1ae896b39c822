//! The models that were made, and those that were released.

use mlops_core::ports::{ModelRecord, ModelStore, Release, StoreError};

use crate::Database;
use crate::columns::Columns;
use crate::error::changed_one;
use crate::row::Row;

impl ModelStore for Database {
    async fn write_model(&self, record: ModelRecord<'_>) -> Result<(), StoreError> {
        let mut transaction = self.connection.transaction().await?;
        for delete in [
            "DELETE FROM model_score WHERE model_name = :model AND model_uid = ?",
            "DELETE FROM model_metadata WHERE model_name = :model AND model_uid = ?",
        ] {
            transaction.execute(self.sql(delete).bind(record.model_uid)).await?;
        }
        let insert = Columns::of_model(&self.model)
            .set("model_uid", record.model_uid)
            .set("training_timestamp", record.training_timestamp)
            .set("accepted", record.accepted)
            .set("reasons", record.reasons)
            .set("learner", record.learner)
            .set("recipe", record.recipe)
            .set("source", record.source)
            .set("rows_training", record.rows)
            .set("data_sha256", record.data_sha256)
            .insert_into("model_metadata");
        transaction.execute(insert).await?;
        for (metric, value) in record.scores {
            let score = Columns::of_model(&self.model)
                .set("model_uid", record.model_uid)
                .set("metric", *metric)
                .set("value", *value);
            transaction.execute(score.insert_into("model_score")).await?;
        }
        transaction.commit().await
    }

    async fn models(&self) -> Result<Vec<(String, bool)>, StoreError> {
        let select = "SELECT model_uid, accepted FROM model_metadata WHERE model_name = :model ORDER BY training_timestamp DESC, model_uid DESC";
        let rows = self.connection.fetch(self.sql(select)).await?;
        rows.iter().map(|row| Ok((row.get("model_uid")?, row.get("accepted")?))).collect()
    }

    async fn write_release(&self, release: &Release) -> Result<(), StoreError> {
        let insert = Columns::of_model(&self.model)
            .set("released_at", release.released_at)
            .set("model_uid", &release.model_uid)
            .set("replaced_model_uid", release.replaced_model_uid.as_deref())
            .set("action", &release.action)
            .set("request_uid", release.request_uid.as_deref())
            .insert_into("model_release");
        // It may be written down already, by a run that did not learn of it.
        changed_one(self.connection.execute(insert).await).map(drop)
    }

    async fn releases(&self) -> Result<Vec<Release>, StoreError> {
        let select = format!(
            "SELECT {RELEASE} FROM model_release WHERE model_name = :model ORDER BY released_at DESC, model_uid DESC"
        );
        self.connection.fetch(self.sql(&select)).await?.iter().map(release_of).collect()
    }
}

/// The columns of [`release_of`].
pub(crate) const RELEASE: &str = "released_at, model_uid, replaced_model_uid, action, request_uid";

pub(crate) fn release_of(row: &Row) -> Result<Release, StoreError> {
    Ok(Release {
        released_at: row.get("released_at")?,
        model_uid: row.get("model_uid")?,
        replaced_model_uid: row.get("replaced_model_uid")?,
        action: row.get("action")?,
        request_uid: row.get("request_uid")?,
    })
}
