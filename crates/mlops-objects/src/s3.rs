mod bucket;
mod download;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::EncodingType;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use jiff::Timestamp;
use mlops_core::ports::NameRange;
use mlops_core::ports::{ByteStream, Entry, ObjectMeta, ObjectStore, StoreError, StoreErrorKind};
use percent_encoding::percent_decode_str;

pub use bucket::S3;

use bucket::{Kind, failed};
use download::Download;

impl S3 {
    /// Lists page by page, in the order of the server, or in none.
    fn pages(
        &self,
        prefix: &str,
        delimiter: Option<&str>,
        after: Option<String>,
    ) -> BoxStream<'_, Result<Entry, StoreError>> {
        // A directory bucket takes only prefixes that end in a slash.
        let asked = match self.kind {
            Kind::Directory => &prefix[..prefix.rfind('/').map_or(0, |slash| slash + 1)],
            _ => prefix,
        };
        let doing = format!("listing s3://{}/{prefix}", self.bucket);
        let pages = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(asked)
            .set_delimiter(delimiter.map(str::to_owned))
            .set_start_after(after)
            // Control characters in a key cannot stand in XML.
            .encoding_type(EncodingType::Url)
            .into_paginator()
            .send();
        let prefix = prefix.to_owned();
        stream::unfold(pages, |mut pages| async { pages.next().await.map(|page| (page, pages)) })
            .map(move |page| {
                let page = page.map_err(|error| list_failed(doing.clone(), error))?;
                let is_encoded = page.encoding_type == Some(EncodingType::Url);
                let objects = page.contents.unwrap_or_default().into_iter();
                let objects = objects.filter_map(|object| self.object(object, is_encoded));
                let folders = page.common_prefixes.unwrap_or_default().into_iter();
                let folders = folders.filter_map(|folder| {
                    let key = decoded(folder.prefix?, is_encoded);
                    key.strip_prefix(&self.prefix).map(|key| Entry::Folder(key.to_owned()))
                });
                let mut entries: Vec<Entry> = objects.chain(folders).collect();
                entries.retain(|entry| entry.key().starts_with(&prefix[self.prefix.len()..]));
                if self.kind == Kind::Aws {
                    entries.sort_unstable_by(|a, b| a.key().cmp(b.key()));
                }
                Ok(stream::iter(entries.into_iter().map(Ok)))
            })
            .try_flatten()
            .boxed()
    }

    /// Returns `None` for the marker of a folder, which S3 consoles make.
    fn object(&self, object: aws_sdk_s3::types::Object, is_encoded: bool) -> Option<Entry> {
        let key = decoded(object.key?, is_encoded);
        let key = key.strip_prefix(&self.prefix)?;
        if key.is_empty() || key.ends_with('/') {
            return None;
        }
        let modified = object.last_modified?;
        Some(Entry::Object(ObjectMeta {
            key: key.to_owned(),
            size_bytes: object.size.unwrap_or(0).try_into().unwrap_or(0),
            last_modified: Timestamp::new(modified.secs(), modified.subsec_nanos() as i32).ok()?,
            version: object.e_tag.unwrap_or_default(),
        }))
    }
}

impl ObjectStore for S3 {
    fn walk(&self, prefix: &str) -> BoxStream<'_, Result<Entry, StoreError>> {
        self.pages(&self.key(prefix), None, None)
    }

    fn browse(&self, folder: &str, names: NameRange) -> BoxStream<'_, Result<Entry, StoreError>> {
        let start = folder.len();
        let folder = self.key(folder);
        let is_prefix = |from| names.to.is_some_and(|to| predecessor(to) == from);
        // A range of one character is a prefix. Otherwise the listing begins just before the first
        // name: after every name that is its predecessor with something appended, of which the few
        // that follow `~` are left out below.
        let entries = match names.from {
            Some(from) if is_prefix(from) && self.kind != Kind::Directory => {
                self.pages(&format!("{folder}{from}"), Some("/"), None)
            }
            Some(from) if self.lists_ranges() => {
                let after = format!("{folder}{}~", predecessor(from));
                self.pages(&folder, Some("/"), Some(after))
            }
            _ => self.pages(&folder, Some("/"), None),
        };
        let is_ordered = self.lists_ranges();
        entries
            .try_take_while(move |entry| {
                let is_past = names.to.is_some_and(|to| &entry.key()[start..] >= to);
                std::future::ready(Ok(!(is_ordered && is_past)))
            })
            .try_filter(move |entry| std::future::ready(names.contains(&entry.key()[start..])))
            .boxed()
    }

    fn lists_ranges(&self) -> bool {
        self.kind == Kind::Aws
    }

    async fn get(&self, key: &str) -> Result<ByteStream, StoreError> {
        Download::start(self.clone(), key).await
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

/// The character before a name of one character.
fn predecessor(name: &str) -> String {
    let before =
        name.chars().next().and_then(|first| char::from_u32(u32::from(first).saturating_sub(1)));
    before.map_or_else(String::new, String::from)
}

/// Returns a key as it is, from a listing that may have encoded it for XML.
fn decoded(key: String, is_encoded: bool) -> String {
    if !is_encoded {
        return key;
    }
    let spaced = key.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

/// Returns the error of a listing.
fn list_failed<E>(doing: String, error: SdkError<E, HttpResponse>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    use StoreErrorKind::{Denied, NotFound};
    mlops_aws::failed(doing, error, |code, _| match code {
        "NoSuchBucket" => Some((NotFound, "; there is no such bucket")),
        "AccessDenied" => Some((Denied, "; grant s3:ListBucket on the bucket for this prefix")),
        _ => None,
    })
}
