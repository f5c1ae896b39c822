use std::error::Error;
use std::time::Duration;

use aws_config::meta::region::RegionProviderChain;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader};
use aws_credential_types::provider::error::CredentialsError;

pub use aws_config::SdkConfig;

/// A healthy endpoint answers a connection within milliseconds.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);

/// From the request to the first byte of the answer.
const READ_TIMEOUT: Duration = Duration::from_secs(20);

/// One attempt, without the body of a GET, which has its own guard against stalling.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(60);

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
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .build();
    aws_config::defaults(BehaviorVersion::latest())
        .region(RegionProviderChain::default_provider().or_else("us-east-1"))
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS))
}

/// Whether a client's error comes from there being no credentials to use.
pub(crate) fn has_no_credentials(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |&error: &&(dyn Error + 'static)| error.source())
        .any(|error| error.is::<CredentialsError>())
}
