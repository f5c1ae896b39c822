use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use mlops_core::ports::{StoreError, StoreErrorKind};

/// DynamoDB's error, with what was being done and what to do about it.
pub(crate) fn failed<E>(doing: impl Into<String>, error: SdkError<E, HttpResponse>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    use StoreErrorKind::{Configuration, Denied, NotFound, Other, Temporary};
    let status = error.raw_response().map(|response| response.status().as_u16());
    let (kind, remedy) = match (&error, error.code().unwrap_or_default(), status) {
        (_, "ResourceNotFoundException", _) => {
            (NotFound, "; there is no such table: run with --create-tables, or create it as the README says")
        }
        (
            _,
            "ProvisionedThroughputExceededException"
            | "ThrottlingException"
            | "RequestLimitExceeded"
            | "InternalServerError"
            | "LimitExceededException"
            | "ResourceInUseException",
            _,
        ) => (Temporary, ""),
        (_, "AccessDeniedException" | "UnrecognizedClientException" | "InvalidSignatureException", _) => {
            (Denied, "; check the credentials and the role's policy")
        }
        (_, "ValidationException", _) => (Other, "; does the table have the key that the README says?"),
        (_, _, Some(401 | 403)) => (Denied, "; check the credentials and the role's policy"),
        (_, _, Some(429 | 500..)) => (Temporary, ""),
        (SdkError::TimeoutError(_), ..) => (Temporary, "; no answer in time"),
        (SdkError::ConstructionFailure(_), ..) => (Configuration, "; check the region and AWS_ENDPOINT_URL"),
        (SdkError::DispatchFailure(_), ..) if mlops_aws::has_no_credentials(&error) => {
            (Configuration, "; set AWS credentials, or give the job a role")
        }
        (SdkError::DispatchFailure(_), ..) => (Temporary, "; the endpoint cannot be reached"),
        (SdkError::ResponseError(_), ..) => (Temporary, ""),
        _ => (Other, ""),
    };
    let source = error.into_source().unwrap_or_else(|error| Box::new(error));
    StoreError::caused(kind, format!("{}{remedy}", doing.into()), source)
}

/// Whether a conditional write was refused for its condition.
pub(crate) fn is_refused<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    error.code() == Some("ConditionalCheckFailedException")
}
