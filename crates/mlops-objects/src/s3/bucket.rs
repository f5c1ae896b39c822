use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_smithy_types::byte_stream::ByteStream as Body;
use bytes::Bytes;
use mlops_aws::SdkConfig;
use mlops_core::ports::{StoreError, StoreErrorKind};
use sha2::{Digest, Sha256};

/// A bucket, below a prefix.
#[derive(Debug, Clone)]
pub struct S3 {
    pub(super) client: Client,
    pub(super) bucket: String,
    pub(super) prefix: String,
    pub(super) kind: Kind,
}

/// The kind of a bucket, by what it promises of its listings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A general purpose bucket of AWS: keys in ascending order, each once.
    Aws,
    /// A directory bucket of AWS: in no order, and only prefixes that end in `/`.
    Directory,
    /// Another server: nothing.
    Other,
}

impl S3 {
    /// The objects of `bucket` whose key starts with `prefix`, which is empty or ends in `/`.
    pub fn new(config: &SdkConfig, bucket: &str, prefix: &str) -> Self {
        let endpoint = mlops_aws::endpoint_url(config, "S3");
        let is_aws = endpoint.as_ref().is_none_or(|url| url.contains(".amazonaws.com"));
        let kind = match is_aws {
            _ if bucket.ends_with("--x-s3") => Kind::Directory,
            true => Kind::Aws,
            false => Kind::Other,
        };
        // A server on another host than AWS rarely has a name for each bucket, and no sessions.
        let config = aws_sdk_s3::config::Builder::from(config)
            .force_path_style(endpoint.is_some() && kind != Kind::Directory)
            .disable_s3_express_session_auth(!is_aws)
            .build();
        Self {
            client: Client::from_conf(config),
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            kind,
        }
    }

    pub(super) fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// With its SHA-256 beside it, by which a pipeline knows that what it fetched is what was
    /// written.
    pub(super) fn put_request(&self, key: &str, body: Bytes) -> PutObjectFluentBuilder {
        let digest = hex::encode(Sha256::digest(&body));
        let put = self.client.put_object().bucket(&self.bucket).key(self.key(key));
        put.metadata("sha256", digest).body(Body::from(body))
    }

    /// The object from byte `offset`; from the second request on only if it is still `etag`.
    pub(super) async fn open(
        &self,
        key: &str,
        offset: u64,
        etag: Option<&str>,
    ) -> Result<GetObjectOutput, StoreError> {
        let range = (offset > 0).then(|| format!("bytes={offset}-"));
        self.client
            .get_object()
            .bucket(&self.bucket)
            .key(self.key(key))
            .set_range(range)
            .set_if_match(etag.map(str::to_owned))
            .send()
            .await
            .map_err(|error| {
                failed(format!("reading s3://{}/{}", self.bucket, self.key(key)), error)
            })
    }
}

/// Returns the error of a request for one object.
pub(super) fn failed<E>(doing: String, error: SdkError<E, HttpResponse>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    use StoreErrorKind::{Denied, Invalid, NotFound, Temporary};
    mlops_aws::failed(doing, error, |code, status| match (code, status) {
        ("NoSuchBucket", _) => Some((NotFound, "; there is no such bucket")),
        ("NoSuchKey", _) | ("", Some(404)) => Some((NotFound, "; there is no such object")),
        ("PreconditionFailed", _) => Some((Temporary, "; it was replaced while it was read")),
        ("InvalidObjectState", _) => {
            Some((Denied, "; the object is archived: restore it, or leave it out with --exclude"))
        }
        ("AccessDenied", _) => Some((
            Denied,
            "; grant s3:GetObject on it, and kms:Decrypt on its key if it is encrypted with one",
        )),
        ("InvalidRequest", Some(400)) => Some((
            Invalid,
            "; an object with a customer's key (SSE-C) cannot be read: copy it without that key",
        )),
        _ => None,
    })
}
