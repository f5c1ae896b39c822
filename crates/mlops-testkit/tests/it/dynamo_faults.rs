//! Each fault of DynamoDB, as a client without retries sees it, over both emulators.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, PutRequest, WriteRequest};
use mlops_testkit::{Calls, DynamoServer, Fault, Faults, dynalite, moto_dynamo};

use crate::dynamo::{ids, table};

/// A proxy, and a table behind it.
struct Stage {
    faults: Faults,
    table: String,
    /// Goes through the proxy.
    client: Client,
    /// Goes around it.
    direct: Client,
}

async fn stage(server: &DynamoServer) -> Stage {
    let faults = Faults::start(&server.endpoint);
    let (direct, table) = table(server).await;
    let config = Builder::from(&server.config_at(&faults.endpoint).await)
        .retry_config(RetryConfig::disabled());
    Stage { faults, table, client: Client::from_conf(config.build()), direct }
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn item(id: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([("id".to_owned(), text(id))])
}

fn put(id: &str) -> WriteRequest {
    WriteRequest::builder()
        .put_request(PutRequest::builder().set_item(Some(item(id))).build().unwrap())
        .build()
}

impl Stage {
    /// Writes a batch, and gives what was not processed.
    async fn write(&self, batch: Vec<WriteRequest>) -> Vec<WriteRequest> {
        let written =
            self.client.batch_write_item().request_items(&self.table, batch).send().await.unwrap();
        written.unprocessed_items.unwrap_or_default().remove(&self.table).unwrap_or_default()
    }

    async fn ids(&self) -> Vec<String> {
        ids(&self.direct, &self.table).await
    }

    async fn end(self) {
        self.direct.delete_table().table_name(&self.table).send().await.unwrap();
    }
}

async fn check_throttled(server: &DynamoServer) {
    let stage = stage(server).await;
    stage.faults.inject("PutItem", Calls::First(1), Fault::Throttled);
    stage.faults.inject("PutItem", Calls::First(2), Fault::InternalError);
    let put = || stage.client.put_item().table_name(&stage.table).set_item(Some(item("a"))).send();
    let error = put().await.unwrap_err().into_service_error();
    assert!(error.is_provisioned_throughput_exceeded_exception(), "{error:?}");
    let error = put().await.unwrap_err().into_service_error();
    assert!(error.is_internal_server_error(), "{error:?}");
    assert_eq!(stage.ids().await, [""; 0]);
    put().await.unwrap();
    assert_eq!(stage.ids().await, ["a"]);
    assert_eq!(stage.faults.calls("PutItem"), 3);
    stage.end().await;
}

#[tokio::test]
async fn a_throttled_or_failing_table_does_nothing_and_says_so() {
    check_throttled(moto_dynamo()).await;
    check_throttled(dynalite()).await;
}

async fn check_unprocessed(server: &DynamoServer) {
    let stage = stage(server).await;
    stage.faults.inject("BatchWriteItem", Calls::First(1), Fault::Unprocessed { written: 0 });
    stage.faults.inject("BatchWriteItem", Calls::First(2), Fault::Unprocessed { written: 2 });
    let batch: Vec<WriteRequest> = ["a", "b", "c", "d"].map(put).into();
    assert_eq!(stage.write(batch.clone()).await, batch);
    assert_eq!(stage.ids().await, [""; 0]);
    let rest = stage.write(batch.clone()).await;
    assert_eq!(rest, batch[2..]);
    assert_eq!(stage.ids().await, ["a", "b"]);
    assert_eq!(stage.write(rest).await, []);
    assert_eq!(stage.ids().await, ["a", "b", "c", "d"]);
    // A batch that the server refuses is refused, however much of it is held back.
    stage.faults.inject("BatchWriteItem", Calls::All, Fault::Unprocessed { written: 2 });
    let refused = stage
        .client
        .batch_write_item()
        .request_items(&stage.table, ["a", "a", "b"].map(put).into());
    assert_eq!(refused.send().await.unwrap_err().code(), Some("ValidationException"));
    stage.end().await;
}

#[tokio::test]
async fn a_batch_is_written_in_part() {
    check_unprocessed(moto_dynamo()).await;
    check_unprocessed(dynalite()).await;
}

async fn check_unprocessed_keys(server: &DynamoServer) {
    let stage = stage(server).await;
    stage.write(["a", "b", "c"].map(put).into()).await;
    stage.faults.inject("BatchGetItem", Calls::First(1), Fault::UnprocessedKeys { read: 1 });
    let keys = KeysAndAttributes::builder().consistent_read(true);
    let keys = ["a", "b", "x"].iter().fold(keys, |keys, id| keys.keys(item(id))).build().unwrap();
    let got = stage.client.batch_get_item().request_items(&stage.table, keys).send().await.unwrap();
    assert_eq!(got.responses().unwrap()[&stage.table], [item("a")]);
    let left = got.unprocessed_keys().unwrap()[&stage.table].clone();
    assert_eq!((left.keys(), left.consistent_read()), (&[item("b"), item("x")][..], Some(true)));
    let got = stage.client.batch_get_item().request_items(&stage.table, left).send().await.unwrap();
    assert_eq!(got.responses().unwrap()[&stage.table], [item("b")]);
    assert!(got.unprocessed_keys().is_none_or(HashMap::is_empty));
    stage.end().await;
}

#[tokio::test]
async fn a_batch_is_read_in_part() {
    check_unprocessed_keys(moto_dynamo()).await;
    check_unprocessed_keys(dynalite()).await;
}

async fn check_landing(server: &DynamoServer) {
    let stage = stage(server).await;
    stage.faults.inject("UpdateItem", Calls::First(1), Fault::LandThenFail);
    stage.faults.inject("UpdateItem", Calls::First(2), Fault::Drop);
    let add = || {
        let update = stage.client.update_item().table_name(&stage.table).key("id", text("a"));
        let update = update.update_expression("ADD n :one");
        update.expression_attribute_values(":one", AttributeValue::N("1".to_owned())).send()
    };
    let error = add().await.unwrap_err().into_service_error();
    assert!(error.is_internal_server_error(), "{error:?}");
    assert!(add().await.unwrap_err().as_service_error().is_none());
    add().await.unwrap();
    let got = stage
        .direct
        .get_item()
        .table_name(&stage.table)
        .key("id", text("a"))
        .consistent_read(true)
        .send();
    assert_eq!(got.await.unwrap().item().unwrap()["n"], AttributeValue::N("2".to_owned()));
    stage.end().await;
}

#[tokio::test]
async fn an_update_that_lands_and_fails_is_there_and_a_dropped_one_is_not() {
    check_landing(moto_dynamo()).await;
    check_landing(dynalite()).await;
}
