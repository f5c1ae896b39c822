//! What the tests need of both DynamoDB emulators.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType, TableStatus,
};
use mlops_testkit::{DynamoServer, dynalite, moto_dynamo};

/// A new table, whose key is `id`.
pub(crate) async fn table(server: &DynamoServer) -> (Client, String) {
    let client = server.client().await;
    let name = server.table_name();
    let id = AttributeDefinition::builder()
        .attribute_name("id")
        .attribute_type(ScalarAttributeType::S)
        .build();
    let key = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build();
    client
        .create_table()
        .table_name(&name)
        .attribute_definitions(id.unwrap())
        .key_schema(key.unwrap())
        .billing_mode(BillingMode::PayPerRequest)
        .send()
        .await
        .unwrap();
    loop {
        let described =
            client.describe_table().table_name(&name).send().await.unwrap().table.unwrap();
        if described.table_status == Some(TableStatus::Active) {
            return (client, name);
        }
        tokio::task::yield_now().await;
    }
}

/// The ids in a table, sorted.
pub(crate) async fn ids(client: &Client, table: &str) -> Vec<String> {
    let items =
        client.scan().table_name(table).consistent_read(true).send().await.unwrap().items.unwrap();
    let mut ids: Vec<String> =
        items.iter().map(|item| item["id"].as_s().unwrap().clone()).collect();
    ids.sort_unstable();
    ids
}

async fn check_conditional_put(server: &DynamoServer) {
    let (client, table) = table(server).await;
    let put = || {
        let put =
            client.put_item().table_name(&table).item("id", AttributeValue::S("a".to_owned()));
        put.condition_expression("attribute_not_exists(id)").send()
    };
    put().await.unwrap();
    let error = put().await.unwrap_err().into_service_error();
    assert!(error.is_conditional_check_failed_exception(), "{} at {}", error, server.endpoint);
    assert_eq!(ids(&client, &table).await, ["a"]);
    client.delete_table().table_name(&table).send().await.unwrap();
}

#[tokio::test]
async fn both_emulators_put_an_item_once() {
    check_conditional_put(moto_dynamo()).await;
    check_conditional_put(dynalite()).await;
}

#[test]
fn a_program_gets_one_endpoint_for_dynamodb_only() {
    let environment = dynalite().environment();
    assert!(
        environment.contains(&("AWS_ENDPOINT_URL_DYNAMODB", dynalite().endpoint.as_str())),
        "{environment:?}"
    );
    assert!(environment.contains(&("AWS_ACCESS_KEY_ID", "test")), "{environment:?}");
    assert_ne!(dynalite().endpoint, moto_dynamo().endpoint);
}

#[test]
fn table_names_are_new() {
    assert_ne!(dynalite().table_name(), dynalite().table_name());
}
