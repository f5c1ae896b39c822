use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use jiff::{SignedDuration, Timestamp};
use mlops_aws::SdkConfig;
use mlops_core::etl::{
    Batch, Commit, EndedObject, EtlStore, Lease, PartitionState, Settled, Unreadable, Watermark,
};
use mlops_core::etl::{ObjectId, Totals};
use mlops_core::ports::StoreError;
use mlops_core::record::{Fingerprint, LogRecord, RecordKey};
use mlops_core::timestamp::to_sql_text;
use mlops_record::fingerprint;
use mlops_record::literal::Value;
use mlops_record::parse_payload;

use crate::args::TableName;
use crate::attribute::{from_attribute, item_bytes, storable, to_attribute};
use crate::batches::{Item, delete, put, read_all, write_all};
use crate::books::{
    AUDIT, LEASE, OPEN, SEALED, WATERMARK, key, lease_item, ledger_chunk, number, read_lease,
    read_partition, read_time, read_totals, read_watermark, text, watermark_item,
};
use crate::error::{failed, is_refused};
use crate::unreadable::{read_unreadable, unreadable_item, unreadable_key, unreadable_pk};

pub(crate) const UID: &str = "uid";
const MODEL_NAME: &str = "model_name";
pub(crate) const TTL: &str = "expires_at";
const TIMESTAMP: &str = "logging_timestamp";
const PAYLOAD: &str = "input_output_payloads";

/// The maximum size of an item in DynamoDB.
const MAX_ITEM_BYTES: usize = 400 << 10;

/// One write unit writes this much.
const WRITE_UNIT_BYTES: usize = 1 << 10;

/// Partitions that are written at once.
const CONCURRENT: usize = 16;

/// The table of records, and the table of the job's own books.
///
/// Items are written first, then the ledger, then the watermark. An item is a function of its
/// record alone, so that writing it twice changes nothing; what must not be overtaken has a
/// condition.
#[derive(Debug, Clone)]
pub struct Dynamo {
    pub(crate) client: Client,
    pub(crate) table: TableName,
    pub(crate) books: TableName,
    pub(crate) ttl: Option<SignedDuration>,
}

impl Dynamo {
    /// The tables of these names. Nothing is read or written yet; one that is not there shows at
    /// the first call.
    pub fn new(
        config: &SdkConfig,
        table: TableName,
        books: TableName,
        ttl: Option<SignedDuration>,
    ) -> Self {
        Self { client: Client::new(config), table, books, ttl }
    }

    fn item(&self, record: &LogRecord) -> Item {
        let mut item = HashMap::from([
            (UID.to_owned(), text(item_uid(&record.key))),
            (TIMESTAMP.to_owned(), text(to_sql_text(record.logging_timestamp))),
            (PAYLOAD.to_owned(), to_attribute(&storable(&payload(record)))),
        ]);
        if !record.key.model_name.is_default() {
            item.insert(MODEL_NAME.to_owned(), text(record.key.model_name.as_str()));
        }
        if let Some(ttl) = self.ttl {
            let expires = record.logging_timestamp.as_second().saturating_add(ttl.as_secs());
            item.insert(TTL.to_owned(), AttributeValue::N(expires.to_string()));
        }
        item
    }

    /// Returns what `of` makes of the items of these keys.
    async fn items<T>(
        &self,
        keys: &[&RecordKey],
        of: impl Fn(&Item) -> Option<T>,
    ) -> Result<HashMap<RecordKey, T>, StoreError> {
        let by_uid: HashMap<String, &RecordKey> =
            keys.iter().map(|key| (item_uid(key), *key)).collect();
        let uids = by_uid.keys().map(|uid| HashMap::from([(UID.to_owned(), text(uid))]));
        let items = read_all(&self.client, self.table.as_str(), uids.collect()).await?;
        let found = items.iter().filter_map(|item| {
            let key = by_uid.get(item.get(UID)?.as_s().ok()?)?;
            Some(((*key).clone(), of(item)?))
        });
        Ok(found.collect())
    }

    /// The items of `pk` whose `sk` begins with `prefix`, read consistently.
    pub(crate) async fn query(&self, pk: &str, prefix: &str) -> Result<Vec<Item>, StoreError> {
        let books = self.books.as_str();
        let mut query = self
            .client
            .query()
            .table_name(books)
            .consistent_read(true)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(pk));
        if !prefix.is_empty() {
            query = query
                .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                .expression_attribute_values(":prefix", text(prefix));
        }
        let mut pages = query.into_paginator().items().send();
        let mut items = Vec::new();
        while let Some(item) = pages.next().await {
            items.push(item.map_err(|error| failed(format!("reading the table {books}"), error))?);
        }
        Ok(items)
    }

    async fn get(&self, pk: &str, sk: &str) -> Result<Option<Item>, StoreError> {
        let books = self.books.as_str();
        let got = self
            .client
            .get_item()
            .table_name(books)
            .set_key(Some(key(pk, sk)))
            .consistent_read(true)
            .send()
            .await;
        got.map(|got| got.item).map_err(|error| failed(format!("reading the table {books}"), error))
    }

    /// Puts an item if the condition holds; tells whether it did.
    pub(crate) async fn put_if(
        &self,
        item: Item,
        condition: &str,
        values: &[(&str, AttributeValue)],
    ) -> Result<bool, StoreError> {
        let books = self.books.as_str();
        let mut put = self
            .client
            .put_item()
            .table_name(books)
            .set_item(Some(item))
            .condition_expression(condition);
        for (name, value) in values {
            put = put.expression_attribute_values(*name, value.clone());
        }
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error) if is_refused(&error) => Ok(false),
            Err(error) => Err(failed(format!("writing to the table {books}"), error)),
        }
    }

    /// Deletes an item if the condition holds; tells whether it did.
    pub(crate) async fn delete_if(
        &self,
        pk: &str,
        sk: &str,
        condition: &str,
        value: AttributeValue,
    ) -> Result<bool, StoreError> {
        let books = self.books.as_str();
        let delete = self.client.delete_item().table_name(books).set_key(Some(key(pk, sk)));
        match delete
            .condition_expression(condition)
            .expression_attribute_values(":v", value)
            .send()
            .await
        {
            Ok(_) => Ok(true),
            Err(error) if is_refused(&error) => Ok(false),
            Err(error) => Err(failed(format!("writing to the table {books}"), error)),
        }
    }
}

/// The partition key of an item: the uid, for a named model with its name before it. The table has
/// no other key, so that those of earlier releases need not be copied.
fn item_uid(key: &RecordKey) -> String {
    match key.model_name.is_default() {
        true => key.uid.clone(),
        false => format!("{}#{}", key.model_name, key.uid),
    }
}

/// Awaits several requests at a time.
async fn at_once<T>(
    requests: Vec<impl Future<Output = Result<T, StoreError>>>,
) -> Result<Vec<T>, StoreError> {
    stream::iter(requests).buffer_unordered(CONCURRENT).try_collect().await
}

/// The payload is JSON, since [`mlops_record::literal::write_json`] made it.
fn payload(record: &LogRecord) -> Value<'_> {
    parse_payload(&record.payload).unwrap_or_else(|_| Value::String(record.payload.as_str().into()))
}

impl EtlStore for Dynamo {
    const REFUSES_DUPLICATES: bool = false;

    fn refuses(&self, record: &LogRecord) -> Option<String> {
        let bytes = item_bytes(&self.item(record));
        (bytes > MAX_ITEM_BYTES).then(|| {
            format!("the item has {bytes} bytes, and DynamoDB takes {MAX_ITEM_BYTES}; log less in one request")
        })
    }

    fn fingerprint(&self, record: &LogRecord) -> Fingerprint {
        fingerprint(&storable(&payload(record)))
    }

    fn write_units(&self, record: &LogRecord) -> u64 {
        item_bytes(&self.item(record)).div_ceil(WRITE_UNIT_BYTES) as u64
    }

    async fn find(
        &self,
        keys: &[&RecordKey],
    ) -> Result<HashMap<RecordKey, Fingerprint>, StoreError> {
        let of_payload =
            |item: &Item| Some(fingerprint(&item.get(PAYLOAD).map_or(Value::Null, from_attribute)));
        self.items(keys, of_payload).await
    }

    async fn logged_at(
        &self,
        keys: &[&RecordKey],
    ) -> Result<HashMap<RecordKey, Timestamp>, StoreError> {
        self.items(keys, |item| read_time(item, TIMESTAMP)).await
    }

    async fn commit(&self, batch: Batch<'_>) -> Result<Commit, StoreError> {
        let puts = batch.records.iter().map(|record| put(self.item(record)));
        write_all(&self.client, self.table.as_str(), puts.collect()).await?;
        let mut partitions = BTreeMap::<&str, Vec<&EndedObject>>::new();
        for object in batch.ended {
            partitions.entry(&object.claim.id).or_default().push(object);
        }
        let mut chunks = Vec::new();
        for (id, objects) in partitions {
            if !self.check_fence(batch.pipeline, id, objects[0].claim.fence).await? {
                return Ok(Commit::Fenced(id.to_owned()));
            }
            chunks.push(put(ledger_chunk(batch.pipeline, id, &objects)));
        }
        write_all(&self.client, self.books.as_str(), chunks).await?;
        Ok(Commit::Done)
    }

    async fn replace(&self, record: &LogRecord) -> Result<(), StoreError> {
        let table = self.table.as_str();
        let put =
            self.client.put_item().table_name(table).set_item(Some(self.item(record))).send().await;
        put.map(drop).map_err(|error| failed(format!("writing to the table {table}"), error))
    }

    async fn partitions(
        &self,
        pipeline: &str,
        ids: &[String],
    ) -> Result<Vec<PartitionState>, StoreError> {
        let keys = |kind: &str| {
            ids.iter().map(|id| key(pipeline, &format!("{kind}{id}"))).collect::<Vec<_>>()
        };
        let items =
            read_all(&self.client, self.books.as_str(), [keys(OPEN), keys(SEALED)].concat())
                .await?;
        let mut states: BTreeMap<String, PartitionState> = BTreeMap::new();
        for item in &items {
            let state = read_partition(item)?;
            match states.get(&state.id) {
                Some(other) if !other.sealed => {}
                _ => drop(states.insert(state.id.clone(), state)),
            }
        }
        Ok(states.into_values().collect())
    }

    async fn open_partitions(&self, pipeline: &str) -> Result<Vec<PartitionState>, StoreError> {
        self.query(pipeline, OPEN).await?.iter().map(read_partition).collect()
    }

    async fn register(&self, pipeline: &str, ids: &[String]) -> Result<(), StoreError> {
        let known = self.partitions(pipeline, ids).await?;
        let mut new = Vec::new();
        for id in ids.iter().filter(|id| !known.iter().any(|state| state.id == **id)) {
            let mut item = key(pipeline, &format!("{OPEN}{id}"));
            item.insert("fence".to_owned(), number(0));
            new.push(self.put_if(item, "attribute_not_exists(pk)", &[]));
        }
        // Whose condition fails has been registered by another in between.
        at_once(new).await.map(drop)
    }

    async fn claim(
        &self,
        pipeline: &str,
        ids: &[String],
        owner: &str,
    ) -> Result<Vec<PartitionState>, StoreError> {
        let claims = ids.iter().map(|id| self.claim_one(pipeline, id, owner)).collect();
        Ok(at_once(claims).await?.into_iter().flatten().collect())
    }

    async fn ledger(&self, pipeline: &str, id: &str) -> Result<Vec<ObjectId>, StoreError> {
        Ok(self.ledger_items(pipeline, id).await?.into_keys().collect())
    }

    async fn settle(&self, pipeline: &str, settled: &[Settled]) -> Result<(), StoreError> {
        at_once(settled.iter().map(|settled| self.settle_one(pipeline, settled)).collect())
            .await
            .map(drop)
    }

    async fn reopen(&self, pipeline: &str, id: &str) -> Result<(), StoreError> {
        let sealed = format!("{SEALED}{id}");
        let Some(item) = self.get(pipeline, &sealed).await? else { return Ok(()) };
        self.delete_ledger(pipeline, id).await?;
        let fence = read_partition(&item)?.fence;
        let mut open = key(pipeline, &format!("{OPEN}{id}"));
        open.insert("fence".to_owned(), number(fence + 1));
        // Where it is open already, an earlier attempt has come this far.
        self.put_if(open, "attribute_not_exists(pk)", &[]).await?;
        self.delete_if(pipeline, &sealed, "fence = :v", number(fence)).await.map(drop)
    }

    async fn totals(&self, pipeline: &str, until: Timestamp) -> Result<Totals, StoreError> {
        let add = |totals: Totals, mut other: Totals| {
            other.newest = other.newest.filter(|newest| *newest <= until);
            totals.and(other)
        };
        let open = self.open_partitions(pipeline).await?;
        let ledgers = open.iter().map(|state| self.ledger_items(pipeline, &state.id)).collect();
        let mut totals = at_once(ledgers)
            .await?
            .into_iter()
            .flat_map(HashMap::into_values)
            .fold(Totals::default(), add);
        for item in self.query(pipeline, SEALED).await? {
            let id = read_partition(&item)?.id;
            if !open.iter().any(|state| state.id == id) {
                totals = add(totals, read_totals(&item)?);
            }
        }
        Ok(totals)
    }

    async fn watermark(&self, pipeline: &str) -> Result<Option<Watermark>, StoreError> {
        self.get(pipeline, WATERMARK).await?.as_ref().map(read_watermark).transpose()
    }

    async fn advance(&self, pipeline: &str, watermark: &Watermark) -> Result<bool, StoreError> {
        let item = watermark_item(pipeline, watermark);
        let put = match watermark.version {
            1 => self.put_if(item, "attribute_not_exists(pk)", &[]).await?,
            version => {
                self.put_if(item, "version = :before", &[(":before", number(version - 1))]).await?
            }
        };
        // A write whose answer was lost is tried again by the SDK, and refused: it has landed.
        Ok(put || self.watermark(pipeline).await?.as_ref() == Some(watermark))
    }

    async fn lease(&self, name: &str) -> Result<Option<Lease>, StoreError> {
        self.get(name, LEASE).await?.as_ref().map(read_lease).transpose()
    }

    async fn swap_lease(
        &self,
        name: &str,
        seen: Option<&Lease>,
        next: Option<&Lease>,
    ) -> Result<bool, StoreError> {
        let swapped = match (seen, next) {
            (None, None) => true,
            (None, Some(next)) => {
                self.put_if(lease_item(name, next), "attribute_not_exists(pk)", &[]).await?
            }
            (Some(seen), Some(next)) => {
                self.put_if(lease_item(name, next), "beat = :seen", &[(":seen", number(seen.beat))])
                    .await?
            }
            (Some(seen), None) => {
                self.delete_if(name, LEASE, "beat = :v", number(seen.beat)).await?
            }
        };
        Ok(swapped || self.lease(name).await?.as_ref() == next)
    }

    async fn unreadable(&self, pipeline: &str) -> Result<Vec<Unreadable>, StoreError> {
        let items = self.query(&unreadable_pk(pipeline), "").await?;
        let mut objects: Vec<Unreadable> =
            items.iter().map(read_unreadable).collect::<Result<_, _>>()?;
        objects.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(objects)
    }

    async fn put_unreadable(
        &self,
        pipeline: &str,
        objects: &[Unreadable],
    ) -> Result<(), StoreError> {
        let puts = objects.iter().map(|object| put(unreadable_item(pipeline, object)));
        write_all(&self.client, self.books.as_str(), puts.collect()).await
    }

    async fn remove_unreadable(
        &self,
        pipeline: &str,
        objects: &[Unreadable],
    ) -> Result<(), StoreError> {
        let deletes = objects.iter().map(|object| delete(unreadable_key(pipeline, object)));
        write_all(&self.client, self.books.as_str(), deletes.collect()).await
    }

    async fn audited(&self, pipeline: &str, shard: &str) -> Result<Option<Timestamp>, StoreError> {
        let item = self.get(pipeline, &format!("{AUDIT}{shard}")).await?;
        Ok(item.and_then(|item| read_time(&item, "audited_at")))
    }

    async fn note_audit(
        &self,
        pipeline: &str,
        shard: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut item = key(pipeline, &format!("{AUDIT}{shard}"));
        item.insert("audited_at".to_owned(), text(to_sql_text(at)));
        write_all(&self.client, self.books.as_str(), vec![put(item)]).await
    }
}
