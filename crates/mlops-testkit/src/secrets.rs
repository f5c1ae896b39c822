use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_secretsmanager::Client;
use serde_json::Value;

use crate::aws::AwsServer;
use crate::control::ask;

/// Secrets Manager and SNS: the process that [`s3`](crate::s3) starts, too.
#[derive(Debug)]
pub struct SecretsServer(AwsServer);

/// moto, which emulates all of AWS.
pub fn secrets() -> &'static SecretsServer {
    static SERVER: OnceLock<SecretsServer> = OnceLock::new();
    SERVER.get_or_init(|| SecretsServer(AwsServer::shared("s3", "AWS_ENDPOINT_URL")))
}

impl SecretsServer {
    /// Returns the endpoint, with the environment of a program that uses it.
    pub fn server(&self) -> &AwsServer {
        &self.0
    }

    /// The name of a new secret.
    pub async fn secret(&self, text: &str) -> String {
        static SECRETS: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("test/{}/{}", std::process::id(), SECRETS.fetch_add(1, Ordering::Relaxed));
        let client = Client::new(&self.0.config().await);
        client.create_secret().name(&name).secret_string(text).send().await.unwrap();
        name
    }

    /// The texts that SNS was handed for a telephone number.
    pub fn texts(&self, number: &str) -> Vec<String> {
        let port = self.0.endpoint.rsplit(':').next().unwrap().parse().unwrap();
        let texts: Value = ask(port, "GET", "/moto-api/texts", "");
        let texts = texts.as_array().unwrap().iter();
        texts
            .filter(|text| text[0] == number)
            .map(|text| text[1].as_str().unwrap().to_owned())
            .collect()
    }
}
