use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_s3::config::{Credentials, Region};
use mlops_aws::SdkConfig;

use crate::server::{self, Server};

/// An S3 endpoint at which buckets can be made.
#[derive(Debug)]
pub struct S3Server {
    /// `http://127.0.0.1:PORT`, or what the environment names.
    pub endpoint: String,
    server: Option<Server>,
}

/// The endpoint of this process: the one that `MLOPS_TEST_S3_ENDPOINT` names, else the shared one.
pub fn s3() -> &'static S3Server {
    static SERVER: OnceLock<S3Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        #[expect(clippy::disallowed_methods, reason = "tests have no arguments")]
        if let Ok(endpoint) = std::env::var("MLOPS_TEST_S3_ENDPOINT") {
            return S3Server { endpoint, server: None };
        }
        let server = server::shared("s3");
        S3Server { endpoint: format!("http://127.0.0.1:{}", server.port), server: Some(server) }
    })
}

impl S3Server {
    /// A configuration for this endpoint, or for a proxy in front of it.
    pub async fn config_at(&self, endpoint: &str) -> SdkConfig {
        let loader = mlops_aws::loader().endpoint_url(endpoint);
        if self.server.is_none() {
            return loader.load().await;
        }
        let credentials = Credentials::new("test", "test", None, None, "mlops-testkit");
        loader.credentials_provider(credentials).region(Region::new("us-east-1")).load().await
    }

    /// A configuration for this endpoint.
    pub async fn config(&self) -> SdkConfig {
        self.config_at(&self.endpoint).await
    }

    /// What a program needs in its environment to use this endpoint.
    pub fn environment(&self) -> Vec<(&'static str, &str)> {
        let mut environment = vec![("AWS_ENDPOINT_URL", self.endpoint.as_str())];
        if self.server.is_some() {
            environment.extend([
                ("AWS_ACCESS_KEY_ID", "test"),
                ("AWS_SECRET_ACCESS_KEY", "test"),
                ("AWS_REGION", "us-east-1"),
            ]);
        }
        environment
    }

    /// The name of a new, empty bucket.
    pub async fn bucket(&self) -> String {
        static BUCKETS: AtomicU32 = AtomicU32::new(0);
        let name = format!("test-{}-{}", std::process::id(), BUCKETS.fetch_add(1, Ordering::Relaxed));
        let config = aws_sdk_s3::config::Builder::from(&self.config().await).force_path_style(true).build();
        aws_sdk_s3::Client::from_conf(config).create_bucket().bucket(&name).send().await.unwrap();
        name
    }
}
