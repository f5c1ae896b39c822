//! Requests over many items, whose answers may leave some of them undone.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeValue, DeleteRequest, KeysAndAttributes, PutRequest, WriteRequest,
};
use backon::{BackoffBuilder, ExponentialBuilder};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use mlops_core::ports::{StoreError, StoreErrorKind};

use crate::error::failed;

pub(crate) type Item = HashMap<String, AttributeValue>;

/// Limits of one request of DynamoDB.
const WRITES: usize = 25;
const READS: usize = 100;

/// Requests under way at once, for each batch that the job writes.
const CONCURRENT: usize = 8;

/// Undone items are sent again this often: with the waits in between, about a minute of a throttled
/// table. The job then tries the whole again, as its own patience allows.
const ATTEMPTS: usize = 10;
const WAITS: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(50))
    .with_max_delay(Duration::from_secs(15))
    .with_max_times(ATTEMPTS)
    .with_jitter();

/// Returns the request that writes an item.
pub(crate) fn put(item: Item) -> WriteRequest {
    let put = PutRequest::builder().set_item(Some(item)).build().expect("the item is set");
    WriteRequest::builder().put_request(put).build()
}

/// Returns the request that deletes the item of a key.
pub(crate) fn delete(key: Item) -> WriteRequest {
    let delete = DeleteRequest::builder().set_key(Some(key)).build().expect("the key is set");
    WriteRequest::builder().delete_request(delete).build()
}

/// Writes or deletes items; each is there, or gone, at the end. No two may have the same key.
pub(crate) async fn write_all(
    client: &Client,
    table: &str,
    requests: Vec<WriteRequest>,
) -> Result<(), StoreError> {
    let mut parts = Vec::new();
    let mut requests = requests.into_iter().peekable();
    while requests.peek().is_some() {
        parts.push(requests.by_ref().take(WRITES).collect());
    }
    stream::iter(parts)
        .map(|part| write_part(client, table, part))
        .buffer_unordered(CONCURRENT)
        .try_collect()
        .await
}

async fn write_part(
    client: &Client,
    table: &str,
    mut part: Vec<WriteRequest>,
) -> Result<(), StoreError> {
    for wait in WAITS.build() {
        let sent = client.batch_write_item().request_items(table, part.clone()).send().await;
        let answer =
            sent.map_err(|error| failed(format!("writing to the table {table}"), error))?;
        part = answer.unprocessed_items.unwrap_or_default().remove(table).unwrap_or_default();
        if part.is_empty() {
            return Ok(());
        }
        tracing::debug!(items = part.len(), "the table {table} has left items unprocessed");
        tokio::time::sleep(wait).await;
    }
    Err(throttled("writing to", table, part.len()))
}

/// The items of these keys that are there, in no order. No key may be there twice.
pub(crate) async fn read_all(
    client: &Client,
    table: &str,
    keys: Vec<Item>,
) -> Result<Vec<Item>, StoreError> {
    let parts: Vec<Vec<Item>> = keys.chunks(READS).map(<[Item]>::to_vec).collect();
    let read =
        stream::iter(parts).map(|part| read_part(client, table, part)).buffer_unordered(CONCURRENT);
    let items: Vec<Vec<Item>> = read.try_collect().await?;
    Ok(items.concat())
}

async fn read_part(client: &Client, table: &str, keys: Vec<Item>) -> Result<Vec<Item>, StoreError> {
    let mut items = Vec::new();
    let mut part = keys;
    for wait in WAITS.build() {
        let keys =
            KeysAndAttributes::builder().set_keys(Some(part.clone())).consistent_read(true).build();
        let keys = keys.expect("the keys are set");
        let sent = client.batch_get_item().request_items(table, keys).send().await;
        let answer = sent.map_err(|error| failed(format!("reading the table {table}"), error))?;
        let read = answer.responses.unwrap_or_default().remove(table).unwrap_or_default();
        let is_throttled = read.is_empty();
        items.extend(read);
        let rest = answer.unprocessed_keys.unwrap_or_default().remove(table);
        part = rest.map(|rest| rest.keys).unwrap_or_default();
        if part.is_empty() {
            return Ok(items);
        }
        // An answer that is full, at 16 MB, leaves keys too, and need not be waited for.
        if is_throttled {
            tokio::time::sleep(wait).await;
        }
    }
    Err(throttled("reading", table, part.len()))
}

fn throttled(doing: &str, table: &str, left: usize) -> StoreError {
    let message = format!(
        "{doing} the table {table}: {left} items are still undone after {ATTEMPTS} requests; raise its capacity"
    );
    StoreError::new(StoreErrorKind::Temporary, message)
}
