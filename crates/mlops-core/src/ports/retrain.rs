use std::future::Future;

use jiff::Timestamp;

use super::StoreError;

/// A retrain request, a row of `retrain_request`.
#[derive(Debug, Clone, Copy)]
pub struct RetrainRequest<'a> {
    /// The ID of the request: the run that submits it.
    pub request_uid: &'a str,
    /// When.
    pub requested_at: Timestamp,
    /// The job that has it.
    pub job: &'a str,
    /// Why, in words.
    pub reason: &'a str,
}

/// How far a request has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetrainStatus {
    /// Requested, not started yet.
    Pending,
    /// The job was started.
    Submitted,
    /// It could not be started, or did not end well.
    Failed,
    /// A new model came of it.
    Served,
    /// A new model came of it, and was refused.
    Refused,
    /// There was a reason for a new model, and something against it; no request.
    Waiting,
    /// There was no reason for one; no request.
    Kept,
}

impl RetrainStatus {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Pending,
        Self::Submitted,
        Self::Failed,
        Self::Served,
        Self::Refused,
        Self::Waiting,
        Self::Kept,
    ];

    /// The name in `retrain_request`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Submitted => "submitted",
            Self::Failed => "failed",
            Self::Served => "served",
            Self::Refused => "refused",
            Self::Waiting => "waiting",
            Self::Kept => "kept",
        }
    }
}

/// A request that others have to wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingRequest {
    /// Names it.
    pub request_uid: String,
    /// When it was made.
    pub requested_at: Timestamp,
    /// The job that made it, or who else did.
    pub job: String,
    /// How far it has come.
    pub status: RetrainStatus,
}

impl StandingRequest {
    /// Whether it is a request that did not fail, and not only a question.
    pub fn counts(&self) -> bool {
        use RetrainStatus::{Failed, Kept, Waiting};
        !matches!(self.status, Failed | Waiting | Kept)
    }
}

/// Earlier requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RetrainHistory {
    /// When the present model was released.
    pub released_at: Option<Timestamp>,
    /// Outcomes since then; none where there are none at all.
    pub new_outcomes: Option<u64>,
    /// Questions and requests since a moment, the newest first.
    pub recent: Vec<StandingRequest>,
}

/// A store of retrain requests. It prevents several retrains for one reason.
pub trait RetrainStore: Send + Sync {
    /// The last request since a moment that did not fail, leaving out the one of this name while it
    /// is pending.
    fn standing_request(
        &self,
        since: Timestamp,
        own: &str,
    ) -> impl Future<Output = Result<Option<StandingRequest>, StoreError>> + Send;

    /// Returns the requests since a time with their results, without the request of this ID.
    fn retrain_history(
        &self,
        since: Timestamp,
        own: &str,
    ) -> impl Future<Output = Result<RetrainHistory, StoreError>> + Send;

    /// Writes down a question that no request came of, unless its name is known.
    fn note_question(
        &self,
        question: RetrainRequest<'_>,
        status: RetrainStatus,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Writes the request as pending, unless one stands since a moment; of two that come at once,
    /// one finds the other.
    fn claim_retrain(
        &self,
        request: RetrainRequest<'_>,
        since: Timestamp,
    ) -> impl Future<Output = Result<Option<StandingRequest>, StoreError>> + Send;

    /// Writes down what the retraining made of the request, and of which model.
    fn finish_retrain(
        &self,
        request_uid: &str,
        status: RetrainStatus,
        model_uid: Option<&str>,
        at: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Writes down how far the request came, unless the retraining has finished it, and the job of
    /// AWS Batch if there is one.
    fn settle_retrain(
        &self,
        request_uid: &str,
        status: RetrainStatus,
        batch_job_id: Option<&str>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
