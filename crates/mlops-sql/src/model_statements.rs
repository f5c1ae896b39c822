//! The statements over `model_metadata`, `model_score` and `model_release`, which are the same in
//! both databases.

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

            async fn try_write_release(&self, release: &Release) -> Result<(), sqlx::Error> {
                let Release { released_at, model_uid, replaced_model_uid, action, request_uid } = release;
                let written = sqlx::query(
                    "INSERT INTO model_release (released_at, model_uid, replaced_model_uid, action, request_uid) \
                     VALUES (?, ?, ?, ?, ?)",
                )
                .bind(Self::time(*released_at))
                .bind(model_uid)
                .bind(replaced_model_uid)
                .bind(action)
                .bind(request_uid)
                .execute(&self.pool)
                .await;
                match written {
                    // Written down already, by a run that did not learn of it.
                    Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(()),
                    other => other.map(drop),
                }
            }

            async fn try_releases(&self) -> Result<Vec<Release>, sqlx::Error> {
                let rows = sqlx::query(
                    "SELECT released_at, model_uid, replaced_model_uid, action, request_uid FROM model_release \
                     ORDER BY released_at DESC, model_uid DESC",
                );
                let rows = rows.fetch_all(&self.pool).await?;
                rows.iter()
                    .map(|row| {
                        Ok(Release {
                            released_at: Self::read_time(row, 0)?.unwrap_or(Timestamp::UNIX_EPOCH),
                            model_uid: row.try_get(1)?,
                            replaced_model_uid: row.try_get(2)?,
                            action: row.try_get(3)?,
                            request_uid: row.try_get(4)?,
                        })
                    })
                    .collect()
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

            async fn write_release(&self, release: &Release) -> Result<(), StoreError> {
                let written = self.try_write_release(release).await;
                written.map_err(|error| failed("writing to model_release", error))
            }

            async fn releases(&self) -> Result<Vec<Release>, StoreError> {
                self.try_releases().await.map_err(|error| failed("reading model_release", error))
            }
        }
    };
}
pub(crate) use model_statements;
