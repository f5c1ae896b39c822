use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use mlops_core::ports::{StoreError, StoreErrorKind};

use crate::has_no_credentials;

/// A client's error, with what was being done and what to do about it.
///
/// `of_service` is asked first: it knows what the service's error codes mean, and is given the code
/// and the HTTP status.
pub fn failed<E>(
    doing: impl Into<String>,
    error: SdkError<E, HttpResponse>,
    of_service: impl FnOnce(&str, Option<u16>) -> Option<(StoreErrorKind, &'static str)>,
) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    use StoreErrorKind::{Configuration, Denied, Other, Temporary};
    let status = error.raw_response().map(|response| response.status().as_u16());
    let of_service = of_service(error.code().unwrap_or_default(), status);
    let (kind, remedy) = of_service.unwrap_or_else(|| match (&error, status) {
        (_, Some(401 | 403)) => (Denied, "; check the credentials and the role's policy"),
        (_, Some(429 | 500..)) => (Temporary, ""),
        (SdkError::TimeoutError(_), _) => (Temporary, "; timed out"),
        (SdkError::ConstructionFailure(_), _) => {
            (Configuration, "; check the region and AWS_ENDPOINT_URL")
        }
        (SdkError::DispatchFailure(_), _) if has_no_credentials(&error) => {
            (Configuration, "; set AWS credentials, or give the job a role")
        }
        (SdkError::DispatchFailure(_), _) => (Temporary, "; the endpoint is unreachable"),
        (SdkError::ResponseError(_), _) => (Temporary, ""),
        _ => (Other, ""),
    });
    let source = error.into_source().unwrap_or_else(|error| Box::new(error));
    StoreError::caused(kind, format!("{}{remedy}", doing.into()), source)
}
