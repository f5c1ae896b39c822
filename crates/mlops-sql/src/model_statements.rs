//! The statements over `model_metadata` and `model_score`, which are the same in both databases.

macro_rules! model_statements {
    ($driver:ty) => {
        impl $driver {
            async fn try_write_model(&self, record: ModelRecord<'_>) -> Result<(), sqlx::Error> {
                let mut transaction = self.begin().await?;
                for table in ["model_score", "model_metadata"] {
                    let delete = format!("DELETE FROM {table} WHERE model_uid = ?");
                    sqlx::query(sqlx::AssertSqlSafe(delete)).bind(record.model_uid).execute(&mut *transaction).await?;
                }
                sqlx::query(
                    "INSERT INTO model_metadata (model_uid, training_timestamp, accepted, reasons, learner, recipe, source, \
                     rows_training, data_sha256) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                )
                .bind(record.model_uid)
                .bind(Self::time(record.training_timestamp))
                .bind(record.accepted)
                .bind(record.reasons)
                .bind(record.learner)
                .bind(record.recipe)
                .bind(record.source)
                .bind(record.rows as i64)
                .bind(record.data_sha256)
                .execute(&mut *transaction)
                .await?;
                for (metric, value) in record.scores {
                    sqlx::query("INSERT INTO model_score (model_uid, metric, value) VALUES (?, ?, ?)")
                        .bind(record.model_uid)
                        .bind(*metric)
                        .bind(*value)
                        .execute(&mut *transaction)
                        .await?;
                }
                transaction.commit().await
            }
        }

        impl ModelStore for $driver {
            async fn write_model(&self, record: ModelRecord<'_>) -> Result<(), StoreError> {
                let written = self.try_write_model(record).await;
                written.map_err(|error| failed("writing to model_metadata and model_score", error))
            }

            async fn models(&self) -> Result<Vec<(String, bool)>, StoreError> {
                let rows = sqlx::query_as(
                    "SELECT model_uid, accepted FROM model_metadata ORDER BY training_timestamp DESC, model_uid DESC",
                );
                rows.fetch_all(&self.pool).await.map_err(|error| failed("reading model_metadata", error))
            }
        }
    };
}
pub(crate) use model_statements;
