use hyper::{Method, Request};

/// The name by which DynamoDB's protocol calls an operation, after the version of the interface.
const TARGET: &str = "x-amz-target";

/// AWS's name of what a request asks for; the method for what the tests have no use for.
pub(super) fn operation<B>(request: &Request<B>) -> &str {
    match request.headers().get(TARGET) {
        Some(target) => target.to_str().unwrap_or_default().rsplit('.').next().unwrap_or_default(),
        None => s3_operation(request),
    }
}

/// Whether a request is for DynamoDB, otherwise for S3.
pub(super) fn is_dynamo<B>(request: &Request<B>) -> bool {
    request.headers().contains_key(TARGET)
}

/// The bucket is the first part of the path, as a client has it that is told an endpoint.
fn s3_operation<B>(request: &Request<B>) -> &str {
    let query = request.uri().query().unwrap_or_default();
    let has = |name| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    let path = request.uri().path().trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let method = request.method();
    match (method, bucket.is_empty(), key.is_empty()) {
        (&Method::GET, true, _) => "ListBuckets",
        (&Method::GET, _, true) if has("list-type") => "ListObjectsV2",
        (&Method::GET, _, true) => "ListObjects",
        (&Method::GET, _, false) => "GetObject",
        (&Method::HEAD, _, true) => "HeadBucket",
        (&Method::HEAD, _, false) => "HeadObject",
        (&Method::PUT, _, true) => "CreateBucket",
        (&Method::PUT, _, false) if has("uploadId") => "UploadPart",
        (&Method::PUT, _, false) if request.headers().contains_key("x-amz-copy-source") => {
            "CopyObject"
        }
        (&Method::PUT, _, false) => "PutObject",
        (&Method::DELETE, _, true) => "DeleteBucket",
        (&Method::DELETE, _, false) if has("uploadId") => "AbortMultipartUpload",
        (&Method::DELETE, _, false) => "DeleteObject",
        (&Method::POST, _, true) if has("delete") => "DeleteObjects",
        (&Method::POST, _, false) if has("uploads") => "CreateMultipartUpload",
        (&Method::POST, _, false) if has("uploadId") => "CompleteMultipartUpload",
        _ => method.as_str(),
    }
}
