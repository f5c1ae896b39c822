use std::error::Error;
use std::time::Duration;

use aws_config::meta::region::RegionProviderChain;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader};
use aws_credential_types::provider::error::CredentialsError;
use aws_types::service_config::ServiceConfigKey;

pub use aws_config::SdkConfig;

/// A healthy endpoint answers a connection within milliseconds.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);

/// From the request to the first byte of the answer.
const READ_TIMEOUT: Duration = Duration::from_secs(20);

/// All attempts together, without the body of a GET, which has its own guard against stalling. A
/// job whose endpoint is silent so ends within a minute.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(50);

/// With the SDK's jittered backoff that is about ten seconds of an overloaded service.
const MAX_ATTEMPTS: u32 = 5;

/// The configuration for this environment.
pub async fn config() -> SdkConfig {
    loader().load().await
}

/// The same, before it is loaded, for a caller that knows the endpoint or the credentials.
pub fn loader() -> ConfigLoader {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build();
    aws_config::defaults(BehaviorVersion::latest())
        .region(RegionProviderChain::default_provider().or_else("us-east-1"))
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS))
}

/// Returns the URL that the environment or the profile sets for a service, such as `S3`; `None` where
/// the service is asked at AWS itself.
pub fn endpoint_url(config: &SdkConfig, service_id: &str) -> Option<String> {
    let key = ServiceConfigKey::builder()
        .service_id(service_id)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .expect("all three parts of the key are set");
    let of_service = config.service_config().and_then(|services| services.load_config(key));
    of_service.or_else(|| config.endpoint_url().map(str::to_owned))
}

/// Whether a client's error comes from there being no credentials to use.
pub(crate) fn has_no_credentials(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |&error: &&(dyn Error + 'static)| error.source())
        .any(|error| error.is::<CredentialsError>())
}
