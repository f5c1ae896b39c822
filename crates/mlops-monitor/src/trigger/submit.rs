use std::process::Stdio;

use anyhow::{Result, bail};
use jiff::{SignedDuration, Timestamp};
use mlops_core::ports::{RetrainRequest, RetrainStatus, RetrainStore};
use mlops_detect::policy::{Answer, CALENDAR, RetrainPolicy, Situation};
use mlops_detect::shift::RetrainAdvice;
use mlops_job::UsageError;
use serde::Serialize;
use tokio::process::Command;

use super::args::RetrainArgs;
use super::batch::Queue;

/// The policy looks so far back.
const HISTORY: SignedDuration = SignedDuration::from_hours(365 * 24);

/// Asks for a new model.
pub struct Trigger {
    start: Start,
    policy: RetrainPolicy,
    dry_run: bool,
}

/// How the retrain job is started.
enum Start {
    Batch(Queue),
    Command(String),
}

/// A run that may requester for a new model.
#[derive(Debug, Clone, Copy)]
pub struct Requester<'a> {
    /// Names the run.
    pub run_uid: &'a str,
    /// When it ran.
    pub run_timestamp: Timestamp,
    /// The monitor's name.
    pub job: &'a str,
}

impl<'a> Requester<'a> {
    fn request(self, reason: &'a str) -> RetrainRequest<'a> {
        RetrainRequest {
            request_uid: self.run_uid,
            requested_at: self.run_timestamp,
            job: self.job,
            reason,
        }
    }
}

/// The retrain decision of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RetrainReport {
    /// The action.
    pub action: RetrainAction,
    /// Why, in words.
    pub why: String,
    /// The job that was submitted to AWS Batch.
    pub batch_job_id: Option<String>,
}

/// The action of a monitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RetrainAction {
    /// No retrain: there is no reason.
    Kept,
    /// No retrain: the policy delays the request.
    Suppressed,
    /// No retrain because of `--dry-run`.
    WouldSubmit,
    /// The retrain job was started.
    Submitted,
}

impl RetrainReport {
    fn new(action: RetrainAction, why: String) -> Self {
        Self { action, why, batch_job_id: None }
    }

    /// Returns the decision as text.
    pub fn text(&self) -> String {
        match (self.action, &self.batch_job_id) {
            (RetrainAction::Kept, _) => format!("no retrain: {}", self.why),
            (RetrainAction::Suppressed, _) => format!("no retrain request: {}", self.why),
            (RetrainAction::WouldSubmit, _) => format!("would request a retrain: {}", self.why),
            (RetrainAction::Submitted, Some(id)) => {
                format!("submitted the retrain job {id}: {}", self.why)
            }
            (RetrainAction::Submitted, None) => format!("ran the retrain command: {}", self.why),
        }
    }
}

impl Trigger {
    /// Creates the trigger if its `argument` is set. Requests are stored in the database that the
    /// monitor reads.
    ///
    /// # Errors
    ///
    /// [`UsageError`] if the monitor reads files, or if the arguments do not name a retrain job.
    pub async fn if_asked(
        asked: bool,
        argument: &str,
        is_of_database: bool,
        args: &RetrainArgs,
    ) -> Result<Option<Self>, UsageError> {
        if !asked {
            return Ok(None);
        }
        if !is_of_database {
            let message = format!(
                "{argument} needs the database, which stores retrain requests; leave out --production, or use \
                 --fail-on-verdict"
            );
            return Err(UsageError::new(message));
        }
        Self::new(args).await.map(Some)
    }

    /// Creates the trigger from the arguments.
    ///
    /// # Errors
    ///
    /// [`UsageError`] if the arguments do not name a retrain job.
    pub async fn new(args: &RetrainArgs) -> Result<Self, UsageError> {
        let start = match (&args.retrain_queue, &args.retrain_definition, &args.retrain_command) {
            (Some(queue), Some(definition), _) => {
                Start::Batch(Queue::new(queue.clone(), definition.clone()).await)
            }
            (_, _, Some(command)) => Start::Command(command.clone()),
            _ => {
                let message = "a retrain request needs --retrain-queue and --retrain-definition, or --retrain-command";
                return Err(UsageError::new(message));
            }
        };
        Ok(Self { start, policy: args.policy(), dry_run: args.dry_run })
    }

    /// Asks for a new model if the policy answers `advice` so; see the crate's documentation.
    ///
    /// # Errors
    ///
    /// The failures of the store and of AWS Batch, and a command that does not end well.
    pub async fn submit(
        &self,
        store: &impl RetrainStore,
        requester: Requester<'_>,
        advice: RetrainAdvice,
    ) -> Result<RetrainReport> {
        let since = requester.run_timestamp.saturating_sub(self.policy.cooldown.max(HISTORY))?;
        let history = store.retrain_history(since, requester.run_uid).await?;
        let under_way = match &self.start {
            Start::Batch(queue)
                if matches!(advice, RetrainAdvice::Retrain(_)) || self.policy.has_calendar() =>
            {
                queue.unfinished().await?
            }
            _ => None,
        };
        let situation = Situation {
            now: requester.run_timestamp,
            job: requester.job,
            under_way: under_way.as_deref(),
            history: &history,
        };
        let (action, status, why) = match self.policy.answer(advice, &situation) {
            Answer::Retrain(reason) | Answer::Renew(reason) if self.dry_run => {
                return Ok(RetrainReport::new(RetrainAction::WouldSubmit, reason));
            }
            Answer::Retrain(reason) => return self.ask(store, requester, reason).await,
            Answer::Renew(reason) => {
                return self.ask(store, Requester { job: CALENDAR, ..requester }, reason).await;
            }
            Answer::Wait(why) => (RetrainAction::Suppressed, RetrainStatus::Waiting, why),
            Answer::Keep(why) => (RetrainAction::Kept, RetrainStatus::Kept, why),
        };
        if !self.dry_run {
            store.note_question(requester.request(&why), status).await?;
        }
        Ok(RetrainReport::new(action, why))
    }

    async fn ask(
        &self,
        store: &impl RetrainStore,
        requester: Requester<'_>,
        reason: String,
    ) -> Result<RetrainReport> {
        let request = requester.request(&reason);
        let since = requester.run_timestamp.saturating_sub(self.policy.cooldown)?;
        if let Some(standing) = store.claim_retrain(request, since).await? {
            return Ok(RetrainReport::new(
                RetrainAction::Suppressed,
                self.policy.says_standing(&standing),
            ));
        }
        let started = match &self.start {
            Start::Batch(queue) => queue
                .submit(requester.run_uid, &reason)
                .await
                .map(Some)
                .map_err(anyhow::Error::from),
            Start::Command(command) => run(command, request).await.map(|()| None),
        };
        match started {
            Ok(batch_job_id) => {
                store
                    .settle_retrain(
                        requester.run_uid,
                        RetrainStatus::Submitted,
                        batch_job_id.as_deref(),
                    )
                    .await?;
                Ok(RetrainReport {
                    batch_job_id,
                    ..RetrainReport::new(RetrainAction::Submitted, reason)
                })
            }
            Err(error) => {
                // The first error says more than a second one would.
                if let Err(second) =
                    store.settle_retrain(requester.run_uid, RetrainStatus::Failed, None).await
                {
                    tracing::warn!("the request stays pending: {second}");
                }
                Err(error)
            }
        }
    }
}

async fn run(command: &str, request: RetrainRequest<'_>) -> Result<()> {
    let status = Command::new("sh")
        .args(["-c", command])
        .env("MLOPS_RETRAIN_REQUEST", request.request_uid)
        .env("MLOPS_RETRAIN_REASON", request.reason)
        .stdin(Stdio::null())
        // Our own stdout has one document on it.
        .stdout(std::io::stderr())
        .status()
        .await?;
    if !status.success() {
        bail!("--retrain-command `{command}` failed with {status}; see its output for the reason");
    }
    Ok(())
}
