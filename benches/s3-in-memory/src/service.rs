use std::ops::Range;
use std::time::SystemTime;

use bytes::BytesMut;
use futures_util::TryStreamExt;
use s3s::dto::{
    CommonPrefix, CreateBucketInput, CreateBucketOutput, DeleteObjectInput, DeleteObjectOutput,
    ETag, ETagCondition, GetObjectInput, GetObjectOutput, HeadBucketInput, HeadBucketOutput,
    HeadObjectInput, HeadObjectOutput, ListObjectsV2Input, ListObjectsV2Output, Object as Listed,
    PutObjectInput, PutObjectOutput, StreamingBlob,
};
use s3s::{Body, S3Request, S3Response, S3Result, s3_error};

use crate::store::{Listing, Object, Objects, Store};

/// S3 gives no more than this a page.
const MAX_KEYS: i32 = 1000;

/// What S3 answers, for a store.
pub struct S3 {
    pub store: Store,
}

impl S3 {
    fn object(
        &self,
        bucket: &str,
        key: &str,
        if_match: Option<&ETagCondition>,
    ) -> S3Result<Object> {
        let found = self.store.get(bucket, key).ok_or_else(|| s3_error!(NoSuchBucket))?;
        let object = found.ok_or_else(|| s3_error!(NoSuchKey))?;
        match if_match {
            Some(ETagCondition::ETag(etag)) if etag.value() != object.etag() => {
                Err(s3_error!(PreconditionFailed))
            }
            _ => Ok(object),
        }
    }
}

#[async_trait::async_trait]
impl s3s::S3 for S3 {
    async fn create_bucket(
        &self,
        request: S3Request<CreateBucketInput>,
    ) -> S3Result<S3Response<CreateBucketOutput>> {
        self.store.create(request.input.bucket, Objects::new());
        Ok(S3Response::new(CreateBucketOutput::default()))
    }

    async fn head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        if !self.store.has(&request.input.bucket) {
            return Err(s3_error!(NoSuchBucket));
        }
        Ok(S3Response::new(HeadBucketOutput::default()))
    }

    async fn put_object(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let input = request.input;
        let mut bytes = BytesMut::new();
        if let Some(mut body) = input.body {
            while let Some(chunk) = body.try_next().await.map_err(|_| s3_error!(IncompleteBody))? {
                bytes.extend_from_slice(&chunk);
            }
        }
        #[expect(clippy::disallowed_methods, reason = "a store says when an object was put")]
        let object = Object::new(bytes.freeze(), SystemTime::now());
        let etag = ETag::Strong(object.etag());
        self.store.put(&input.bucket, input.key, object).ok_or_else(|| s3_error!(NoSuchBucket))?;
        Ok(S3Response::new(PutObjectOutput { e_tag: Some(etag), ..Default::default() }))
    }

    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        let object = self.object(&input.bucket, &input.key, input.if_match.as_ref())?;
        let size = object.body.len();
        let part = input.range.map(|range| range.check(size as u64)).transpose()?;
        let content_range =
            part.as_ref().map(|Range { start, end }| format!("bytes {start}-{}/{size}", end - 1));
        let body = match part {
            Some(Range { start, end }) => object.body.slice(start as usize..end as usize),
            None => object.body.clone(),
        };
        Ok(S3Response::new(GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: Some(body.len() as i64),
            content_range,
            e_tag: Some(ETag::Strong(object.etag())),
            last_modified: Some(object.modified.into()),
            body: Some(StreamingBlob::from(Body::from(body))),
            ..Default::default()
        }))
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = request.input;
        let object = self.object(&input.bucket, &input.key, input.if_match.as_ref())?;
        Ok(S3Response::new(HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: Some(object.body.len() as i64),
            e_tag: Some(ETag::Strong(object.etag())),
            last_modified: Some(object.modified.into()),
            ..Default::default()
        }))
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        let input = request.input;
        self.store.delete(&input.bucket, &input.key).ok_or_else(|| s3_error!(NoSuchBucket))?;
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        let max_keys = input.max_keys.unwrap_or(MAX_KEYS).clamp(0, MAX_KEYS);
        let listing = Listing {
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone().filter(|delimiter| !delimiter.is_empty()),
            after: input.start_after.clone(),
            from: input.continuation_token.clone(),
            max: max_keys as usize,
        };
        let page =
            self.store.list(&input.bucket, &listing).ok_or_else(|| s3_error!(NoSuchBucket))?;
        let key_count = page.objects.len() + page.common_prefixes.len();
        let listed = |(key, object): (String, Object)| Listed {
            e_tag: Some(ETag::Strong(object.etag())),
            key: Some(key),
            last_modified: Some(object.modified.into()),
            size: Some(object.body.len() as i64),
            ..Default::default()
        };
        // For a page of no keys S3 says that there is no more.
        let next = page.next.filter(|_| max_keys > 0);
        Ok(S3Response::new(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: Some(listing.prefix),
            delimiter: listing.delimiter,
            start_after: input.start_after,
            continuation_token: input.continuation_token,
            max_keys: Some(max_keys),
            key_count: Some(key_count as i32),
            contents: Some(page.objects.into_iter().map(listed).collect()),
            common_prefixes: Some(
                page.common_prefixes
                    .into_iter()
                    .map(|prefix| CommonPrefix { prefix: Some(prefix) })
                    .collect(),
            ),
            is_truncated: Some(next.is_some()),
            next_continuation_token: next,
            ..Default::default()
        }))
    }
}
