use std::ops::Deref;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_batch::Client;
use aws_sdk_batch::types::{ComputeEnvironmentOrder, JobDetail, JqState};

use crate::aws::AwsServer;

/// AWS Batch with a job definition `retrain`, whose jobs stay as they were submitted.
#[derive(Debug)]
pub struct BatchServer(AwsServer);

/// moto, which emulates all of AWS: the process that [`s3`](crate::s3) starts, too.
pub fn batch() -> &'static BatchServer {
    static SERVER: OnceLock<BatchServer> = OnceLock::new();
    SERVER.get_or_init(|| BatchServer(AwsServer::shared("s3", "AWS_ENDPOINT_URL_BATCH")))
}

impl Deref for BatchServer {
    type Target = AwsServer;

    fn deref(&self) -> &AwsServer {
        &self.0
    }
}

impl BatchServer {
    /// A client for this endpoint.
    pub async fn client(&self) -> Client {
        Client::new(&self.config().await)
    }

    /// The name of a new, empty job queue.
    pub async fn queue(&self) -> String {
        static QUEUES: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("test-{}-{}", std::process::id(), QUEUES.fetch_add(1, Ordering::Relaxed));
        let order =
            ComputeEnvironmentOrder::builder().order(1).compute_environment("tests").build();
        let create = self
            .client()
            .await
            .create_job_queue()
            .job_queue_name(&name)
            .priority(1)
            .state(JqState::Enabled);
        create.compute_environment_order(order).send().await.unwrap();
        name
    }

    /// Everything that was submitted to a queue.
    pub async fn jobs(&self, queue: &str) -> Vec<JobDetail> {
        let client = self.client().await;
        let filter =
            aws_sdk_batch::types::KeyValuesPair::builder().name("JOB_NAME").values("*").build();
        let listed = client.list_jobs().job_queue(queue).filters(filter).send().await.unwrap();
        let ids: Vec<String> =
            listed.job_summary_list().iter().map(|job| job.job_id().unwrap().to_owned()).collect();
        if ids.is_empty() {
            return Vec::new();
        }
        client.describe_jobs().set_jobs(Some(ids)).send().await.unwrap().jobs.unwrap()
    }
}
