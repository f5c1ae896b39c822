use std::borrow::Cow;
use std::error::Error;
use std::io;

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
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    use StoreErrorKind::{Configuration, Denied, Other, Temporary};
    let status = error.raw_response().map(|response| response.status().as_u16());
    let code = error.code().unwrap_or_default();
    let of_code = match is_wrong_region(code, status) {
        true => Some((Configuration, wrong_region(error.raw_response()))),
        false => of_any_service(code)
            .or_else(|| of_service(code, status))
            .map(|(kind, remedy)| (kind, remedy.into())),
    };
    let (kind, remedy) = of_code.unwrap_or_else(|| {
        let (kind, remedy) = match (&error, status) {
            (_, Some(401 | 403)) => (Denied, "; check the credentials and the role's policy"),
            (_, Some(429 | 500..)) => (Temporary, ""),
            (SdkError::TimeoutError(_), _) => (Temporary, TIMED_OUT),
            (SdkError::DispatchFailure(_), _) if has_no_credentials(&error) => {
                (Configuration, "; set AWS credentials, or give the job a role")
            }
            (SdkError::DispatchFailure(failure), _) if failure.is_timeout() => {
                (Temporary, TIMED_OUT)
            }
            (SdkError::ConstructionFailure(_), _) => (Configuration, WRONG_ENDPOINT),
            (SdkError::DispatchFailure(_), _) if has_no_endpoint(&error) => {
                (Configuration, WRONG_ENDPOINT)
            }
            (SdkError::DispatchFailure(_), _) => (Temporary, "; the endpoint is unreachable"),
            (SdkError::ResponseError(_), _) => (Temporary, ""),
            _ => (Other, ""),
        };
        (kind, Cow::Borrowed(remedy))
    });
    let source = error.into_source().unwrap_or_else(|error| Box::new(error));
    let message = format!("{}{remedy}", doing.into());
    match remedy == TIMED_OUT {
        // Callers know silence by this kind of error.
        true => StoreError::caused(kind, message, io::Error::new(io::ErrorKind::TimedOut, source)),
        false => StoreError::caused(kind, message, source),
    }
}

const TIMED_OUT: &str = "; the endpoint did not answer in time: check the network and try again";

const WRONG_ENDPOINT: &str =
    "; check the region, and AWS_ENDPOINT_URL, which begins with http:// or https://";

/// Whether the URL of the endpoint is none, which only the texts of the errors say.
fn has_no_endpoint(error: &(dyn Error + 'static)) -> bool {
    let texts = ["not a valid URI", "invalid URL"];
    std::iter::successors(Some(error), |&error| error.source())
        .map(ToString::to_string)
        .any(|text| texts.iter().any(|no_url| text.contains(no_url)))
}

/// Error codes of the credentials, which are the same in all services.
fn of_any_service(code: &str) -> Option<(StoreErrorKind, &'static str)> {
    use StoreErrorKind::{Configuration, Temporary};
    match code {
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" | "TokenRefreshRequired" => {
            Some((Temporary, "; the AWS token has expired: get a new one and try again"))
        }
        "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "InvalidToken"
        | "InvalidSecurity"
        | "AuthFailure"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException" => Some((
            Configuration,
            "; the AWS credentials are wrong: check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY \
             and AWS_SESSION_TOKEN",
        )),
        "RequestTimeTooSkewed" => {
            Some((Configuration, "; the clock of this machine is wrong: set it"))
        }
        _ => None,
    }
}

fn is_wrong_region(code: &str, status: Option<u16>) -> bool {
    let codes = [
        "PermanentRedirect",
        "TemporaryRedirect",
        "AuthorizationHeaderMalformed",
        "IllegalLocationConstraintException",
        "IncorrectEndpoint",
    ];
    codes.contains(&code) || matches!(status, Some(301 | 307 | 308))
}

/// Returns the remedy with the right region, where the answer names it.
fn wrong_region(response: Option<&HttpResponse>) -> Cow<'static, str> {
    let region = response.and_then(|response| {
        let named = response.headers().get("x-amz-bucket-region").map(str::to_owned);
        named.or_else(|| region_in(std::str::from_utf8(response.body().bytes()?).ok()?))
    });
    match region {
        Some(region) => format!("; the bucket is in {region}: set AWS_REGION={region}").into(),
        None => "; the region is wrong: set AWS_REGION to the bucket's".into(),
    }
}

/// Returns the region that the text of an error gives as the right one.
fn region_in(body: &str) -> Option<String> {
    let between = |from: &str, to: &str| Some(body.split_once(from)?.1.split_once(to)?.0);
    let region = between("<Region>", "</Region>")
        .or_else(|| between("expecting '", "'"))
        .or_else(|| between("<Message>The ", " location constraint is incompatible"))?;
    let is_region = region.contains('-') && !region.contains(char::is_whitespace);
    is_region.then(|| region.to_owned())
}

#[cfg(test)]
mod tests {
    use StoreErrorKind::{Configuration, Temporary};

    use super::*;

    fn check(code: &str, expected: Option<StoreErrorKind>) {
        assert_eq!(of_any_service(code).map(|(kind, _)| kind), expected, "{code}");
    }

    #[test]
    fn an_expired_token_is_temporary_and_a_wrong_one_is_not() {
        for code in ["ExpiredToken", "ExpiredTokenException", "RequestExpired"] {
            check(code, Some(Temporary));
        }
        let wrong = [
            "InvalidAccessKeyId",
            "SignatureDoesNotMatch",
            "UnrecognizedClientException",
            "InvalidClientTokenId",
            "InvalidSignatureException",
            "InvalidToken",
            "RequestTimeTooSkewed",
        ];
        wrong.iter().for_each(|code| check(code, Some(Configuration)));
        check("NoSuchKey", None);
        check("", None);
    }

    #[test]
    fn the_right_region_is_found_in_the_text() {
        let cases = [
            ("<Error><Region>eu-west-1</Region></Error>", Some("eu-west-1")),
            ("the region 'us-east-1' is wrong; expecting 'eu-central-2'", Some("eu-central-2")),
            (
                "<Message>The eu-north-1 location constraint is incompatible for the region",
                Some("eu-north-1"),
            ),
            ("<Message>The unspecified location constraint is incompatible", None),
            ("<Error></Error>", None),
        ];
        for (body, region) in cases {
            assert_eq!(region_in(body).as_deref(), region, "{body}");
        }
    }

    #[test]
    fn a_redirect_is_a_wrong_region() {
        assert!(is_wrong_region("PermanentRedirect", Some(301)));
        assert!(is_wrong_region("", Some(301)));
        assert!(is_wrong_region("AuthorizationHeaderMalformed", Some(400)));
        assert!(!is_wrong_region("NoSuchBucket", Some(404)));
    }
}
