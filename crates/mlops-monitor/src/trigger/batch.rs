use aws_sdk_batch::Client;
use aws_sdk_batch::config::retry::RetryConfig;
use aws_sdk_batch::error::SdkError;
use aws_sdk_batch::types::{
    ContainerOverrides, JobStatus, JobSummary, KeyValuePair, KeyValuesPair,
};
use mlops_core::ports::{StoreError, StoreErrorKind};

/// The prefix of the names of all retrain jobs.
const NAME: &str = "retrain";

/// The longest name of a job.
const MAX_NAME_CHARS: usize = 128;

/// The queue and the definition of retrain jobs.
pub(crate) struct Queue {
    client: Client,
    queue: String,
    definition: String,
}

impl Queue {
    pub(crate) async fn new(queue: String, definition: String) -> Self {
        Self { client: Client::new(&mlops_aws::config().await), queue, definition }
    }

    /// A retrain job that has not ended, if there is one.
    pub(crate) async fn unfinished(&self) -> Result<Option<String>, StoreError> {
        let jobs = self.list(&format!("{NAME}*")).await?;
        let found = jobs.iter().find(|job| !is_ended(job));
        Ok(found.and_then(|job| {
            let status = job.status().map_or("queued", JobStatus::as_str);
            Some(format!("{} ({}, {status})", job.job_name()?, job.job_id()?))
        }))
    }

    /// Submits the job of a request, and gives the job's id.
    pub(crate) async fn submit(
        &self,
        request_uid: &str,
        reason: &str,
    ) -> Result<String, StoreError> {
        let name = job_name(request_uid);
        let variable =
            |name: &str, value: &str| KeyValuePair::builder().name(name).value(value).build();
        let overrides = ContainerOverrides::builder()
            .environment(variable("MLOPS_RETRAIN_REQUEST", request_uid))
            .environment(variable("MLOPS_RETRAIN_REASON", reason))
            .build();
        let submit = self
            .client
            .submit_job()
            .job_name(&name)
            .job_queue(&self.queue)
            .job_definition(&self.definition);
        // Sent twice it would be two jobs.
        let once = aws_sdk_batch::config::Builder::new().retry_config(RetryConfig::disabled());
        match submit.container_overrides(overrides).customize().config_override(once).send().await {
            Ok(submitted) => Ok(submitted.job_id().unwrap_or_default().to_owned()),
            Err(error) => {
                let error =
                    failed(format!("submitting {} to {}", self.definition, self.queue), error);
                if error.kind != StoreErrorKind::Temporary {
                    return Err(error);
                }
                // The answer may be all that was lost.
                let there = self.list(&name).await?.into_iter().find_map(|job| job.job_id);
                there.ok_or(error)
            }
        }
    }

    async fn list(&self, name: &str) -> Result<Vec<JobSummary>, StoreError> {
        let filter = KeyValuesPair::builder().name("JOB_NAME").values(name).build();
        let mut pages =
            self.client.list_jobs().job_queue(&self.queue).filters(filter).into_paginator().send();
        let mut jobs = Vec::new();
        while let Some(page) = pages.next().await {
            let page =
                page.map_err(|error| failed(format!("listing the jobs of {}", self.queue), error))?;
            jobs.extend(page.job_summary_list.unwrap_or_default());
        }
        Ok(jobs)
    }
}

fn is_ended(job: &JobSummary) -> bool {
    matches!(job.status(), Some(JobStatus::Succeeded | JobStatus::Failed))
}

fn failed<E>(doing: String, error: SdkError<E>) -> StoreError
where
    E: aws_sdk_batch::error::ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    mlops_aws::failed(doing, error, |code, _| {
        let remedy = "; check --retrain-queue and --retrain-definition, and grant batch:SubmitJob on both to the role";
        (code == "ClientException").then_some((StoreErrorKind::Configuration, remedy))
    })
}

/// A name with the request in it, of the characters that AWS Batch allows.
fn job_name(request_uid: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '-' };
    format!("{NAME}-{request_uid}").chars().map(allowed).take(MAX_NAME_CHARS).collect()
}
