//! The statements over `retrain_request`, which are the same in both databases.

pub(crate) const STANDING: &str = "SELECT request_uid, requested_at, job, status FROM retrain_request \
    WHERE requested_at >= ? AND status NOT IN ('failed', 'waiting', 'kept') AND NOT (request_uid = ? AND status = 'pending') \
    ORDER BY requested_at DESC LIMIT 1";

pub(crate) const RECENT: &str = "SELECT request_uid, requested_at, job, status FROM retrain_request \
    WHERE requested_at >= ? AND request_uid <> ? ORDER BY requested_at DESC, request_uid DESC LIMIT 1000";

macro_rules! retrain_statements {
    ($driver:ty, $connection:ty, $row:ty) => {
        impl $driver {
            async fn try_standing_request(
                connection: &mut $connection,
                since: Timestamp,
                own: &str,
            ) -> Result<Option<StandingRequest>, sqlx::Error> {
                let row = sqlx::query($crate::retrain_statements::STANDING)
                    .bind(Self::time(since))
                    .bind(own)
                    .fetch_optional(connection)
                    .await?;
                row.map(|row| Self::standing(&row, since)).transpose()
            }

            fn standing(row: &$row, unknown: Timestamp) -> Result<StandingRequest, sqlx::Error> {
                Ok(StandingRequest {
                    request_uid: row.try_get(0)?,
                    requested_at: Self::read_time(row, 1)?.unwrap_or(unknown),
                    job: row.try_get(2)?,
                    status: row.try_get(3)?,
                })
            }

            async fn try_retrain_history(&self, since: Timestamp, own: &str) -> Result<RetrainHistory, sqlx::Error> {
                let rows = sqlx::query($crate::retrain_statements::RECENT).bind(Self::time(since)).bind(own);
                let rows = rows.fetch_all(&self.pool).await?;
                let recent = rows.iter().map(|row| Self::standing(row, since)).collect::<Result<_, _>>()?;
                let newest = sqlx::query("SELECT MAX(released_at) FROM model_release").fetch_one(&self.pool).await?;
                let released_at = Self::read_time(&newest, 0)?;
                let count = "SELECT COUNT(*), COUNT(CASE WHEN outcome_timestamp > ? THEN 1 END) FROM client_outcomes";
                let count = sqlx::query(count).bind(Self::time(released_at.unwrap_or(Timestamp::UNIX_EPOCH)));
                let counted = count.fetch_one(&self.pool).await?;
                let (all, new): (i64, i64) = (counted.try_get(0)?, counted.try_get(1)?);
                Ok(RetrainHistory { released_at, new_outcomes: (all > 0).then_some(new as u64), recent })
            }

            async fn try_note_question(
                &self,
                question: RetrainRequest<'_>,
                status: RetrainStatus,
            ) -> Result<(), sqlx::Error> {
                // A second attempt of one run asks once more, and may have got further the first
                // time.
                sqlx::query(
                    "INSERT INTO retrain_request (request_uid, requested_at, job, reason, status) SELECT ?, ?, ?, ?, ? FROM (SELECT 1) AS one \
                     WHERE NOT EXISTS (SELECT 1 FROM retrain_request WHERE request_uid = ?)",
                )
                .bind(question.request_uid)
                .bind(Self::time(question.requested_at))
                .bind(question.job)
                .bind(question.reason)
                .bind(status.name())
                .bind(question.request_uid)
                .execute(&self.pool)
                .await
                .map(drop)
            }

            async fn try_claim_retrain(
                &self,
                request: RetrainRequest<'_>,
                since: Timestamp,
            ) -> Result<Option<StandingRequest>, sqlx::Error> {
                let mut transaction = self.begin().await?;
                if let Some(lock) = Self::LOCK_GATE {
                    sqlx::query(lock).execute(&mut *transaction).await?;
                }
                let standing = Self::try_standing_request(&mut transaction, since, request.request_uid).await?;
                if standing.is_none() {
                    // A second attempt of one run finds its own request, which it may not have come
                    // to carry out.
                    sqlx::query("DELETE FROM retrain_request WHERE request_uid = ?")
                        .bind(request.request_uid)
                        .execute(&mut *transaction)
                        .await?;
                    sqlx::query(
                        "INSERT INTO retrain_request (request_uid, requested_at, job, reason) VALUES (?, ?, ?, ?)",
                    )
                    .bind(request.request_uid)
                    .bind(Self::time(request.requested_at))
                    .bind(request.job)
                    .bind(request.reason)
                    .execute(&mut *transaction)
                    .await?;
                }
                transaction.commit().await?;
                Ok(standing)
            }

            async fn try_settle_retrain(
                &self,
                request_uid: &str,
                status: RetrainStatus,
                batch_job_id: Option<&str>,
            ) -> Result<(), sqlx::Error> {
                sqlx::query(
                    "UPDATE retrain_request SET status = ?, batch_job_id = COALESCE(?, batch_job_id) \
                     WHERE request_uid = ? AND settled_at IS NULL",
                )
                .bind(status.name())
                .bind(batch_job_id)
                .bind(request_uid)
                .execute(&self.pool)
                .await
                .map(drop)
            }

            async fn try_finish_retrain(
                &self,
                request_uid: &str,
                status: RetrainStatus,
                model_uid: Option<&str>,
                at: Timestamp,
            ) -> Result<(), sqlx::Error> {
                sqlx::query(
                    "UPDATE retrain_request SET status = ?, model_uid = ?, settled_at = ? WHERE request_uid = ?",
                )
                .bind(status.name())
                .bind(model_uid)
                .bind(Self::time(at))
                .bind(request_uid)
                .execute(&self.pool)
                .await
                .map(drop)
            }
        }

        impl RetrainStore for $driver {
            async fn standing_request(
                &self,
                since: Timestamp,
                own: &str,
            ) -> Result<Option<StandingRequest>, StoreError> {
                let reading = async {
                    let mut connection = self.pool.acquire().await?;
                    Self::try_standing_request(&mut connection, since, own).await
                };
                reading.await.map_err(|error| failed("reading retrain_request", error))
            }

            async fn retrain_history(&self, since: Timestamp, own: &str) -> Result<RetrainHistory, StoreError> {
                let read = self.try_retrain_history(since, own).await;
                read.map_err(|error| failed("reading retrain_request and what came of it", error))
            }

            async fn note_question(
                &self,
                question: RetrainRequest<'_>,
                status: RetrainStatus,
            ) -> Result<(), StoreError> {
                let written = self.try_note_question(question, status).await;
                written.map_err(|error| failed("writing to retrain_request", error))
            }

            async fn claim_retrain(
                &self,
                request: RetrainRequest<'_>,
                since: Timestamp,
            ) -> Result<Option<StandingRequest>, StoreError> {
                self.try_claim_retrain(request, since)
                    .await
                    .map_err(|error| failed("writing to retrain_request", error))
            }

            async fn settle_retrain(
                &self,
                request_uid: &str,
                status: RetrainStatus,
                batch_job_id: Option<&str>,
            ) -> Result<(), StoreError> {
                let settled = self.try_settle_retrain(request_uid, status, batch_job_id).await;
                settled.map_err(|error| failed("writing to retrain_request", error))
            }

            async fn finish_retrain(
                &self,
                request_uid: &str,
                status: RetrainStatus,
                model_uid: Option<&str>,
                at: Timestamp,
            ) -> Result<(), StoreError> {
                let finished = self.try_finish_retrain(request_uid, status, model_uid, at).await;
                finished.map_err(|error| failed("writing to retrain_request", error))
            }
        }
    };
}
pub(crate) use retrain_statements;
