use std::ops::Deref;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::aws::AwsServer;

/// An S3 endpoint at which buckets can be made.
#[derive(Debug)]
pub struct S3Server(AwsServer);

/// The endpoint of this process: the one that `MLOPS_TEST_S3_ENDPOINT` names, else moto, shared by
/// all processes.
pub fn s3() -> &'static S3Server {
    static SERVER: OnceLock<S3Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        #[expect(clippy::disallowed_methods, reason = "tests have no arguments")]
        let named = std::env::var("MLOPS_TEST_S3_ENDPOINT");
        let variable = "AWS_ENDPOINT_URL";
        S3Server(match named {
            Ok(endpoint) => AwsServer::named(endpoint, variable),
            Err(_) => AwsServer::shared("s3", variable),
        })
    })
}

impl Deref for S3Server {
    type Target = AwsServer;

    fn deref(&self) -> &AwsServer {
        &self.0
    }
}

impl S3Server {
    /// The name of a new, empty bucket.
    pub async fn bucket(&self) -> String {
        static BUCKETS: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("test-{}-{}", std::process::id(), BUCKETS.fetch_add(1, Ordering::Relaxed));
        let config =
            aws_sdk_s3::config::Builder::from(&self.config().await).force_path_style(true).build();
        aws_sdk_s3::Client::from_conf(config).create_bucket().bucket(&name).send().await.unwrap();
        name
    }
}
