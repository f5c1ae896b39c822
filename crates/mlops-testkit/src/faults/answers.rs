//! The answers of a service that fails.

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::header::CONTENT_TYPE;
use hyper::{Response, StatusCode};
use serde_json::json;

pub(super) type Error = Box<dyn std::error::Error + Send + Sync>;

pub(super) type Body = UnsyncBoxBody<Bytes, Error>;
pub(super) type Answer = Response<Body>;

pub(super) fn slow_down() -> Answer {
    s3(StatusCode::SERVICE_UNAVAILABLE, "SlowDown", "Please reduce your request rate.")
}

pub(super) fn internal_error(is_dynamo: bool) -> Answer {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    match is_dynamo {
        true => dynamo(
            status,
            "InternalServerError",
            "The request processing has failed because of an unknown error.",
        ),
        false => s3(status, "InternalError", "We encountered an internal error. Please try again."),
    }
}

pub(super) fn throttled() -> Answer {
    let message = "The level of configured provisioned throughput for the table was exceeded.";
    dynamo(StatusCode::BAD_REQUEST, "ProvisionedThroughputExceededException", message)
}

pub(super) fn json(status: StatusCode, body: &serde_json::Value) -> Answer {
    answer(status, "application/x-amz-json-1.0", body.to_string())
}

fn dynamo(status: StatusCode, code: &str, message: &str) -> Answer {
    json(
        status,
        &json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": message}),
    )
}

fn s3(status: StatusCode, code: &str, message: &str) -> Answer {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Error><Code>{code}</Code><Message>{message}</Message><RequestId>mlops-testkit</RequestId></Error>"
    );
    answer(status, "application/xml", body)
}

fn answer(status: StatusCode, content_type: &'static str, body: String) -> Answer {
    let body = Full::new(Bytes::from(body)).map_err(|never| match never {}).boxed_unsync();
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, content_type.parse().expect("a constant without control characters"));
    answer
}
