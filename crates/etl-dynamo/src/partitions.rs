//! The items of partitions and of their ledgers.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::UpdateItemOutput;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValue;
use mlops_core::etl::{ObjectId, PartitionState, Settled, Totals};
use mlops_core::ports::StoreError;

use crate::batches::{delete, write_all};
use crate::books::{
    OPEN, SEALED, key, ledger_key, listing_attributes, number, read_ledger, read_partition, text,
    with_totals,
};
use crate::error::{failed, is_refused};
use crate::store::Dynamo;

impl Dynamo {
    pub(crate) async fn ledger_items(
        &self,
        pipeline: &str,
        id: &str,
    ) -> Result<HashMap<ObjectId, Totals>, StoreError> {
        read_ledger(&self.query(&ledger_key(pipeline, id), "").await?)
    }

    pub(crate) async fn delete_ledger(&self, pipeline: &str, id: &str) -> Result<(), StoreError> {
        let items = self.query(&ledger_key(pipeline, id), "").await?;
        let deletes = items.into_iter().map(|mut item| {
            item.retain(|name, _| name == "pk" || name == "sk");
            delete(item)
        });
        write_all(&self.client, self.books.as_str(), deletes.collect()).await
    }

    /// Begins the update of an open partition.
    fn update_open(&self, pipeline: &str, id: &str) -> UpdateItemFluentBuilder {
        let key = key(pipeline, &format!("{OPEN}{id}"));
        self.client.update_item().table_name(self.books.as_str()).set_key(Some(key))
    }

    /// Carries out an update. Returns `None` where its condition does not hold.
    async fn updated(
        &self,
        update: UpdateItemFluentBuilder,
    ) -> Result<Option<UpdateItemOutput>, StoreError> {
        match update.send().await {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if is_refused(&error) => Ok(None),
            Err(error) => {
                Err(failed(format!("writing to the table {}", self.books.as_str()), error))
            }
        }
    }

    /// Marks that a batch is entered, if the fence still stands.
    ///
    /// The ledger's item that follows may come after another claim. It says no more than what is
    /// true: that these objects' records are in the table.
    pub(crate) async fn check_fence(
        &self,
        pipeline: &str,
        id: &str,
        fence: u64,
    ) -> Result<bool, StoreError> {
        let update = self
            .update_open(pipeline, id)
            .update_expression("SET entered = :fence")
            .condition_expression("fence = :fence")
            .expression_attribute_values(":fence", number(fence));
        Ok(self.updated(update).await?.is_some())
    }

    pub(crate) async fn claim_one(
        &self,
        pipeline: &str,
        id: &str,
        owner: &str,
    ) -> Result<Option<PartitionState>, StoreError> {
        let update = self
            .update_open(pipeline, id)
            .update_expression("SET #owner = :owner ADD fence :one")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", text(owner))
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::AllNew);
        let attributes = self.updated(update).await?.and_then(|answer| answer.attributes);
        attributes.as_ref().map(read_partition).transpose()
    }

    pub(crate) async fn settle_one(
        &self,
        pipeline: &str,
        settled: &Settled,
    ) -> Result<(), StoreError> {
        let Settled { claim, listing, seal } = settled;
        let mut update = self
            .update_open(pipeline, &claim.id)
            .update_expression(
                "SET listed_objects = :listed_objects, listed_bytes = :listed_bytes, listed_digest = :listed_digest",
            )
            .condition_expression("fence = :fence")
            .expression_attribute_values(":fence", number(claim.fence));
        for (name, value) in listing_attributes(listing) {
            update = update.expression_attribute_values(format!(":{name}"), value);
        }
        // Where it is overtaken, the other run settles it.
        let is_mine = self.updated(update).await?.is_some();
        if is_mine && *seal { self.seal(pipeline, settled).await } else { Ok(()) }
    }

    /// Writes the sealed item, then takes the open one away, then the ledger. Killed in between,
    /// the partition is still open, and the next run seals it again.
    pub(crate) async fn seal(&self, pipeline: &str, settled: &Settled) -> Result<(), StoreError> {
        let Settled { claim, listing, .. } = settled;
        let ledger = self.ledger_items(pipeline, &claim.id).await?;
        let totals = ledger.into_values().fold(Totals::default(), Totals::and);
        let mut item = with_totals(key(pipeline, &format!("{SEALED}{}", claim.id)), &totals);
        item.insert("fence".to_owned(), number(claim.fence));
        item.extend(listing_attributes(listing).map(|(name, value)| (name.to_owned(), value)));
        self.put_if(
            item,
            "attribute_not_exists(pk) OR fence <= :fence",
            &[(":fence", number(claim.fence))],
        )
        .await?;
        let open = format!("{OPEN}{}", claim.id);
        if self.delete_if(pipeline, &open, "fence = :v", number(claim.fence)).await? {
            self.delete_ledger(pipeline, &claim.id).await?;
        }
        Ok(())
    }
}
