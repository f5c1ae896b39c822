use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TableStatus,
    TimeToLiveSpecification,
};
use mlops_core::ports::{StoreError, StoreErrorKind};

use crate::error::failed;
use crate::store::{Dynamo, TTL, UID};

/// A new table is there within seconds.
const LOOKS: u32 = 120;
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

impl Dynamo {
    /// Makes the tables that are missing, billed on demand, and waits until they can be used.
    ///
    /// # Errors
    ///
    /// What DynamoDB says; [`StoreErrorKind::Denied`] where the role may not create tables.
    pub async fn create_tables(&self) -> Result<(), StoreError> {
        self.create(self.table.as_str(), &[(UID, KeyType::Hash)]).await?;
        self.create(self.books.as_str(), &[("pk", KeyType::Hash), ("sk", KeyType::Range)]).await?;
        if self.ttl.is_some() {
            self.switch_ttl_on().await?;
        }
        Ok(())
    }

    async fn create(&self, table: &str, keys: &[(&str, KeyType)]) -> Result<(), StoreError> {
        if self.status(table).await?.is_none() {
            let mut request = self
                .client
                .create_table()
                .table_name(table)
                .billing_mode(BillingMode::PayPerRequest);
            for (name, kind) in keys {
                let key = KeySchemaElement::builder()
                    .attribute_name(*name)
                    .key_type(kind.clone())
                    .build();
                let attribute = AttributeDefinition::builder()
                    .attribute_name(*name)
                    .attribute_type(ScalarAttributeType::S)
                    .build();
                request = request
                    .key_schema(key.expect("name and kind are set"))
                    .attribute_definitions(attribute.expect("name and type are set"));
            }
            match request.send().await {
                Ok(_) => tracing::info!(table.name = table, "created"),
                // Another run was first.
                Err(error)
                    if error
                        .as_service_error()
                        .is_some_and(|error| error.is_resource_in_use_exception()) => {}
                Err(error) => return Err(failed(format!("creating the table {table}"), error)),
            }
        }
        for _ in 0..LOOKS {
            if self.status(table).await? == Some(TableStatus::Active) {
                return Ok(());
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        let message = format!("the table {table} is still not ready; run again");
        Err(StoreError::new(StoreErrorKind::Temporary, message))
    }

    async fn status(&self, table: &str) -> Result<Option<TableStatus>, StoreError> {
        match self.client.describe_table().table_name(table).send().await {
            Ok(answer) => Ok(answer.table.and_then(|table| table.table_status)),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_resource_not_found_exception()) =>
            {
                Ok(None)
            }
            Err(error) => Err(failed(format!("looking at the table {table}"), error)),
        }
    }

    async fn switch_ttl_on(&self) -> Result<(), StoreError> {
        let table = self.table.as_str();
        let doing = || format!("letting items of the table {table} expire");
        let described = self.client.describe_time_to_live().table_name(table).send().await;
        let described = described.map_err(|error| failed(doing(), error))?;
        if described
            .time_to_live_description
            .is_some_and(|ttl| ttl.attribute_name.as_deref() == Some(TTL))
        {
            return Ok(());
        }
        let ttl = TimeToLiveSpecification::builder().attribute_name(TTL).enabled(true).build();
        let ttl = ttl.expect("attribute and switch are set");
        let switched = self
            .client
            .update_time_to_live()
            .table_name(table)
            .time_to_live_specification(ttl)
            .send()
            .await;
        switched.map(drop).map_err(|error| failed(doing(), error))
    }
}
