use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_smithy_types::byte_stream::ByteStream as Body;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use jiff::Timestamp;
use mlops_aws::SdkConfig;
use mlops_core::ports::NameRange;
use mlops_core::ports::{ByteStream, Entry, ObjectMeta, ObjectStore, StoreError, StoreErrorKind};
use sha2::{Digest, Sha256};

/// How often a body that was cut is taken up again, without a byte in between.
const RESUMES: u32 = 4;

/// A bucket, below a prefix.
#[derive(Debug, Clone)]
pub struct S3 {
    client: Client,
    bucket: String,
    prefix: String,
}

impl S3 {
    /// The objects of `bucket` whose key starts with `prefix`, which is empty or ends in `/`.
    pub fn new(config: &SdkConfig, bucket: &str, prefix: &str) -> Self {
        // A server on another host than AWS rarely has a name for each bucket.
        let path_style = config.endpoint_url().is_some();
        let config = aws_sdk_s3::config::Builder::from(config).force_path_style(path_style).build();
        Self {
            client: Client::from_conf(config),
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        }
    }

    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// With its SHA-256 beside it, by which a pipeline knows that what it fetched is what was
    /// written.
    fn put_request(&self, key: &str, body: Bytes) -> PutObjectFluentBuilder {
        let digest = hex::encode(Sha256::digest(&body));
        let put = self.client.put_object().bucket(&self.bucket).key(self.key(key));
        put.metadata("sha256", digest).body(Body::from(body))
    }

    /// The object from byte `offset`; from the second request on only if it is still `etag`.
    async fn open(
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

impl ObjectStore for S3 {
    fn list(&self, prefix: &str) -> BoxStream<'_, Result<ObjectMeta, StoreError>> {
        let place = format!("listing s3://{}/{}", self.bucket, self.key(prefix));
        let pages = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(self.key(prefix))
            .into_paginator()
            .send();
        stream::unfold(pages, |mut pages| async { pages.next().await.map(|page| (page, pages)) })
            .map(move |page| {
                let page = page.map_err(|error| failed(place.clone(), error))?;
                let objects = page.contents.unwrap_or_default().into_iter();
                let objects = objects.filter_map(|object| meta(&self.prefix, &object)).map(Ok);
                Ok(stream::iter(objects.collect::<Vec<_>>()))
            })
            .try_flatten()
            .boxed()
    }

    fn browse(&self, folder: &str, names: NameRange) -> BoxStream<'_, Result<Entry, StoreError>> {
        let folder = self.key(folder);
        let place = format!("listing s3://{}/{folder}", self.bucket);
        // A range of one character is a prefix. Otherwise the listing begins just before the first
        // name: after every name that is its predecessor with something appended, of which the few
        // that follow `~` are left out below.
        let (prefix, after) = match names.from.map(|from| (from, predecessor(from))) {
            None => (folder.clone(), None),
            Some((from, _)) if names.to.is_some_and(|to| predecessor(to) == from) => {
                (format!("{folder}{from}"), None)
            }
            Some((_, before)) => (folder.clone(), Some(format!("{folder}{before}~"))),
        };
        let pages = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(prefix)
            .delimiter("/")
            .set_start_after(after)
            .into_paginator()
            .send();
        stream::unfold(pages, |mut pages| async { pages.next().await.map(|page| (page, pages)) })
            .map(move |page| {
                let page = page.map_err(|error| failed(place.clone(), error))?;
                let folders = page
                    .common_prefixes
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(|folder| folder.prefix);
                let folders = folders
                    .filter_map(|folder| folder.strip_prefix(&self.prefix).map(str::to_owned));
                let objects = page.contents.unwrap_or_default().into_iter();
                let objects =
                    objects.filter_map(|object| meta(&self.prefix, &object)).map(Entry::Object);
                let mut entries: Vec<Entry> = objects.chain(folders.map(Entry::Folder)).collect();
                entries.sort_unstable_by(|a, b| name(a).cmp(name(b)));
                Ok(entries)
            })
            .try_take_while({
                let start = folder.len() - self.prefix.len();
                move |entries| {
                    let past = entries.first().is_some_and(|first| {
                        names.to.is_some_and(|to| &name(first)[start..] >= to)
                    });
                    std::future::ready(Ok(!past))
                }
            })
            .map_ok({
                let start = folder.len() - self.prefix.len();
                move |entries| {
                    let inside = entries
                        .into_iter()
                        .filter(move |entry| names.contains(&name(entry)[start..]));
                    stream::iter(inside.map(Ok))
                }
            })
            .try_flatten()
            .boxed()
    }

    async fn get(&self, key: &str) -> Result<ByteStream, StoreError> {
        let opened = self.open(key, 0, None).await?;
        let download = Download {
            store: self.clone(),
            key: key.to_owned(),
            etag: opened.e_tag,
            offset: 0,
            resumes_left: RESUMES,
            body: opened.body,
        };
        Ok(stream::try_unfold(download, |mut download| async move {
            Ok(download.next().await?.map(|chunk| (chunk, download)))
        })
        .boxed())
    }

    async fn put(&self, key: &str, body: Bytes) -> Result<(), StoreError> {
        self.put_request(key, body).send().await.map(drop).map_err(|error| {
            failed(format!("writing s3://{}/{}", self.bucket, self.key(key)), error)
        })
    }

    async fn put_if(
        &self,
        key: &str,
        body: Bytes,
        version: Option<&str>,
    ) -> Result<bool, StoreError> {
        let put = self.put_request(key, body);
        let put = match version {
            Some(version) => put.if_match(version),
            None => put.if_none_match("*"),
        };
        match put.send().await {
            Ok(_) => Ok(true),
            // 409: another conditional write was faster. 404: what is to be replaced is gone.
            Err(error)
                if error
                    .raw_response()
                    .is_some_and(|answer| [404, 409, 412].contains(&answer.status().as_u16())) =>
            {
                Ok(false)
            }
            Err(error) => {
                Err(failed(format!("writing s3://{}/{}", self.bucket, self.key(key)), error))
            }
        }
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let deleted =
            self.client.delete_object().bucket(&self.bucket).key(self.key(key)).send().await;
        deleted.map(drop).map_err(|error| {
            failed(format!("deleting s3://{}/{}", self.bucket, self.key(key)), error)
        })
    }
}

/// A body that is taken up again where it was cut.
struct Download {
    store: S3,
    key: String,
    etag: Option<String>,
    offset: u64,
    resumes_left: u32,
    body: Body,
}

impl Download {
    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        loop {
            match self.body.next().await {
                None => return Ok(None),
                Some(Ok(chunk)) => {
                    self.offset += chunk.len() as u64;
                    self.resumes_left = RESUMES;
                    return Ok(Some(chunk));
                }
                Some(Err(error)) if self.resumes_left == 0 => {
                    let place =
                        format!("reading s3://{}/{}", self.store.bucket, self.store.key(&self.key));
                    let message = format!("{place}: the answer was cut at byte {}", self.offset);
                    return Err(StoreError::caused(StoreErrorKind::Temporary, message, error));
                }
                Some(Err(error)) => {
                    self.resumes_left -= 1;
                    tracing::debug!(
                        object.key = self.key,
                        offset = self.offset,
                        "resuming a cut answer: {error}"
                    );
                    self.body =
                        self.store.open(&self.key, self.offset, self.etag.as_deref()).await?.body;
                }
            }
        }
    }
}

/// The character before a name of one character.
fn predecessor(name: &str) -> String {
    let before =
        name.chars().next().and_then(|first| char::from_u32(u32::from(first).saturating_sub(1)));
    before.map_or_else(String::new, String::from)
}

fn name(entry: &Entry) -> &str {
    match entry {
        Entry::Object(object) => &object.key,
        Entry::Folder(folder) => folder,
    }
}

/// `None` for the marker of a folder, which S3 consoles make.
fn meta(prefix: &str, object: &aws_sdk_s3::types::Object) -> Option<ObjectMeta> {
    let key = object.key()?.strip_prefix(prefix)?;
    if key.is_empty() || key.ends_with('/') {
        return None;
    }
    let modified = object.last_modified()?;
    Some(ObjectMeta {
        key: key.to_owned(),
        size_bytes: object.size().unwrap_or(0).try_into().unwrap_or(0),
        last_modified: Timestamp::new(modified.secs(), modified.subsec_nanos() as i32).ok()?,
        version: object.e_tag().unwrap_or_default().to_owned(),
    })
}

fn failed<E>(doing: String, error: SdkError<E, HttpResponse>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    use StoreErrorKind::{NotFound, Temporary};
    mlops_aws::failed(doing, error, |code, status| match (code, status) {
        ("NoSuchBucket", _) => Some((NotFound, "; there is no such bucket")),
        ("NoSuchKey", _) | (_, Some(404)) => Some((NotFound, "; there is no such object")),
        ("PreconditionFailed", _) => Some((Temporary, "; it was replaced while it was read")),
        _ => None,
    })
}
