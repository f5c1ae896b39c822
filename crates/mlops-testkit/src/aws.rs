use aws_sdk_s3::config::{Credentials, Region};
use mlops_aws::SdkConfig;

use crate::server::{self, Server};

/// An endpoint of AWS: an emulator of this process, or a named one.
#[derive(Debug)]
pub struct AwsServer {
    /// `http://127.0.0.1:PORT`, or what the environment names.
    pub endpoint: String,
    /// The variable in which a program looks for this endpoint.
    variable: &'static str,
    server: Option<Server>,
}

impl AwsServer {
    /// The shared server of that name, which takes any credentials.
    pub(crate) fn shared(name: &str, variable: &'static str) -> Self {
        let server = server::shared(name);
        Self {
            endpoint: format!("http://127.0.0.1:{}", server.port),
            variable,
            server: Some(server),
        }
    }

    /// Returns a named endpoint, with the credentials of this process.
    pub(crate) fn named(endpoint: String, variable: &'static str) -> Self {
        Self { endpoint, variable, server: None }
    }

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

    /// Returns the environment of a program that uses this endpoint.
    pub fn environment(&self) -> Vec<(&'static str, &str)> {
        let mut environment = vec![(self.variable, self.endpoint.as_str())];
        if self.server.is_some() {
            environment.extend([
                ("AWS_ACCESS_KEY_ID", "test"),
                ("AWS_SECRET_ACCESS_KEY", "test"),
                ("AWS_REGION", "us-east-1"),
            ]);
        }
        environment
    }
}
