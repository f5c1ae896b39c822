//! The requests for a new model.

use jiff::Timestamp;
use mlops_core::ports::{
    RetrainHistory, RetrainRequest, RetrainStatus, RetrainStore, StandingRequest, StoreError,
};

use crate::Database;
use crate::columns::Columns;
use crate::logs::CLIENT_OUTCOMES;
use crate::row::Row;
use crate::statement::{Statement, sql};

impl Database {
    /// The last request since a moment that others have to wait for.
    fn select_standing<'r>(&self, since: Timestamp, own: &'r str) -> Statement<'r> {
        self.sql("SELECT request_uid, requested_at, job, status FROM retrain_request \
         WHERE model_name = :model AND requested_at >= ? AND status NOT IN ('failed', 'waiting', 'kept') \
         AND NOT (request_uid = ? AND status = 'pending') ORDER BY requested_at DESC LIMIT 1")
    .bind(since)
    .bind(own)
    }

    fn request_columns<'r>(&'r self, request: RetrainRequest<'r>) -> Columns<'r> {
        Columns::of_model(&self.model)
            .set("request_uid", request.request_uid)
            .set("requested_at", request.requested_at)
            .set("job", request.job)
            .set("reason", request.reason)
    }
}

fn standing_of(row: &Row) -> Result<StandingRequest, StoreError> {
    Ok(StandingRequest {
        request_uid: row.get("request_uid")?,
        requested_at: row.get("requested_at")?,
        job: row.get("job")?,
        status: row.one_of("status", &RetrainStatus::ALL, RetrainStatus::name)?,
    })
}

impl RetrainStore for Database {
    async fn standing_request(
        &self,
        since: Timestamp,
        own: &str,
    ) -> Result<Option<StandingRequest>, StoreError> {
        self.connection
            .first(self.select_standing(since, own))
            .await?
            .as_ref()
            .map(standing_of)
            .transpose()
    }

    async fn retrain_history(
        &self,
        since: Timestamp,
        own: &str,
    ) -> Result<RetrainHistory, StoreError> {
        let recent = self.sql(
            "SELECT request_uid, requested_at, job, status FROM retrain_request \
                          WHERE model_name = :model AND requested_at >= ? AND request_uid <> ? \
                          ORDER BY requested_at DESC, request_uid DESC LIMIT 1000",
        );
        let rows = self.connection.fetch(recent.bind(since).bind(own)).await?;
        let recent = rows.iter().map(standing_of).collect::<Result<_, _>>()?;
        let newest = self.sql(
            "SELECT MAX(released_at) AS released_at FROM model_release WHERE model_name = :model",
        );
        let released_at: Option<Timestamp> =
            self.connection.one(newest).await?.get("released_at")?;
        let count = sql(format!(
            "SELECT COUNT(*) AS n, COUNT(CASE WHEN outcome_timestamp > ? THEN 1 END) AS n_new \
             FROM client_outcomes {}",
            self.of_outcomes(CLIENT_OUTCOMES).await?
        ));
        let since_release = released_at.unwrap_or(Timestamp::UNIX_EPOCH);
        let counted = self.connection.one(count.bind(since_release)).await?;
        let (all, new): (u64, u64) = (counted.get("n")?, counted.get("n_new")?);
        Ok(RetrainHistory { released_at, new_outcomes: (all > 0).then_some(new), recent })
    }

    async fn note_question(
        &self,
        question: RetrainRequest<'_>,
        status: RetrainStatus,
    ) -> Result<(), StoreError> {
        // A second attempt of one run asks once more, and may have got further the first time.
        let insert = self
            .request_columns(question)
            .set("status", status.name())
            .insert_once("retrain_request");
        self.connection.execute(insert).await.map(drop)
    }

    async fn claim_retrain(
        &self,
        request: RetrainRequest<'_>,
        since: Timestamp,
    ) -> Result<Option<StandingRequest>, StoreError> {
        let mut transaction = self.connection.transaction().await?;
        // All models share the gate: it is held for the time of three statements.
        if let Some(lock) = self.connection.dialect().lock("retrain_gate") {
            transaction.fetch(sql(lock)).await?;
        }
        let rows = transaction.fetch(self.select_standing(since, request.request_uid)).await?;
        if rows.is_empty() {
            // A second attempt of one run finds its own request, which it may not have come to
            // carry out.
            let delete = self
                .sql("DELETE FROM retrain_request WHERE model_name = :model AND request_uid = ?");
            transaction.execute(delete.bind(request.request_uid)).await?;
            transaction
                .execute(self.request_columns(request).insert_into("retrain_request"))
                .await?;
        }
        transaction.commit().await?;
        rows.first().map(standing_of).transpose()
    }

    async fn settle_retrain(
        &self,
        request_uid: &str,
        status: RetrainStatus,
        batch_job_id: Option<&str>,
    ) -> Result<(), StoreError> {
        let update = self.sql(
            "UPDATE retrain_request SET status = ?, batch_job_id = COALESCE(?, batch_job_id) \
                          WHERE model_name = :model AND request_uid = ? AND settled_at IS NULL",
        );
        let update = update.bind(status.name()).bind(batch_job_id).bind(request_uid);
        self.connection.execute(update).await.map(drop)
    }

    async fn finish_retrain(
        &self,
        request_uid: &str,
        status: RetrainStatus,
        model_uid: Option<&str>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let update = Columns::default()
            .set("status", status.name())
            .set("model_uid", model_uid)
            .set("settled_at", at)
            .update("retrain_request", "model_name = ? AND request_uid = ?")
            .bind(self.model.as_str());
        self.connection.execute(update.bind(request_uid)).await.map(drop)
    }
}
