//! The items of objects that could not be read.

use aws_sdk_dynamodb::types::{DeleteRequest, PutRequest, WriteRequest};
use mlops_core::etl::{Ignored, ObjectId, Unreadable};
use mlops_core::ports::StoreError;
use mlops_core::timestamp::to_sql_text;

use crate::batches::Item;
use crate::books::{damaged, get, key, number, read_number, read_text, read_time, text};

/// Returns the `pk` of a pipeline's unreadable objects.
pub(crate) fn unreadable_key(pipeline: &str) -> String {
    format!("{pipeline}\nunreadable\n")
}

fn item_of(pipeline: &str, object: &Unreadable) -> Item {
    let mut item = key(&unreadable_key(pipeline), &hex::encode(object.object.0));
    let mut set = |name: &str, value: &str| item.insert(name.to_owned(), text(value));
    set("partition_id", &object.partition);
    set("object_key", &object.key);
    set("reason", &object.reason);
    set("remedy", &object.remedy);
    set("next_attempt_at", &to_sql_text(object.next_attempt));
    if let Some(Ignored { by, at, reason }) = &object.ignored {
        set("ignored_by", by);
        set("ignored_at", &to_sql_text(*at));
        set("ignored_reason", reason);
    }
    item.insert("attempts".to_owned(), number(object.attempts));
    item
}

/// Returns the request that writes an object over what is known of it.
pub(crate) fn put_unreadable(pipeline: &str, object: &Unreadable) -> WriteRequest {
    let put = PutRequest::builder().set_item(Some(item_of(pipeline, object))).build();
    WriteRequest::builder().put_request(put.expect("the item is set")).build()
}

/// Returns the request that removes an object.
pub(crate) fn remove_unreadable(pipeline: &str, object: &Unreadable) -> WriteRequest {
    let key = key(&unreadable_key(pipeline), &hex::encode(object.object.0));
    let delete = DeleteRequest::builder().set_key(Some(key)).build();
    WriteRequest::builder().delete_request(delete.expect("the key is set")).build()
}

pub(crate) fn read_unreadable(item: &Item) -> Result<Unreadable, StoreError> {
    let string = |name| read_text(item, name).ok_or_else(|| damaged(item, name));
    let time = |name| read_time(item, name).ok_or_else(|| damaged(item, name));
    let mut id = [0; 16];
    hex::decode_to_slice(string("sk")?, &mut id).map_err(|_| damaged(item, "sk"))?;
    let ignored = match get(item, "ignored_at") {
        None => None,
        Some(_) => Some(Ignored {
            by: string("ignored_by")?,
            at: time("ignored_at")?,
            reason: string("ignored_reason")?,
        }),
    };
    Ok(Unreadable {
        partition: string("partition_id")?,
        object: ObjectId(id),
        key: string("object_key")?,
        reason: string("reason")?,
        remedy: string("remedy")?,
        attempts: read_number(item, "attempts")?,
        next_attempt: time("next_attempt_at")?,
        ignored,
    })
}
