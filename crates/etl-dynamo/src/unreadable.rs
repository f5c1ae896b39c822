//! The items of objects that could not be read.

use mlops_core::etl::{Ignored, ObjectId, Unreadable};
use mlops_core::ports::StoreError;
use mlops_core::timestamp::to_sql_text;

use crate::batches::Item;
use crate::books::{damaged, get, key, number, read_number, read_text, read_time, text};

/// Returns the `pk` of a pipeline's unreadable objects.
pub(crate) fn unreadable_pk(pipeline: &str) -> String {
    format!("{pipeline}\nunreadable\n")
}

pub(crate) fn unreadable_key(pipeline: &str, object: &Unreadable) -> Item {
    key(&unreadable_pk(pipeline), &hex::encode(object.object.0))
}

pub(crate) fn unreadable_item(pipeline: &str, object: &Unreadable) -> Item {
    let mut item = unreadable_key(pipeline, object);
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
