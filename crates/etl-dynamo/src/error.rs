use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use mlops_core::ports::{StoreError, StoreErrorKind};

/// DynamoDB's error, with what was being done and what to do about it.
pub(crate) fn failed<E>(doing: impl Into<String>, error: SdkError<E, HttpResponse>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    use StoreErrorKind::{Denied, NotFound, Other, Temporary};
    mlops_aws::failed(doing, error, |code, _| match code {
        "ResourceNotFoundException" => Some((
            NotFound,
            "; there is no such table: run with --create-tables, or create it as the README says",
        )),
        "ProvisionedThroughputExceededException"
        | "ThrottlingException"
        | "RequestLimitExceeded"
        | "InternalServerError"
        | "LimitExceededException"
        | "ResourceInUseException" => Some((Temporary, "")),
        "AccessDeniedException" | "UnrecognizedClientException" | "InvalidSignatureException" => {
            Some((Denied, "; check the credentials and the role's policy"))
        }
        "ValidationException" => {
            Some((Other, "; does the table have the key that the README says?"))
        }
        _ => None,
    })
}

/// Whether a conditional write was refused for its condition.
pub(crate) fn is_refused<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    error.code() == Some("ConditionalCheckFailedException")
}
