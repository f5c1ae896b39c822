//! The items of partitions and of their ledgers.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{DeleteRequest, ReturnValue, WriteRequest};
use mlops_core::etl::{ObjectId, PartitionState, Settled, Totals};
use mlops_core::ports::StoreError;

use crate::batches::write_all;
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
            let delete =
                DeleteRequest::builder().set_key(Some(item)).build().expect("the key is set");
            WriteRequest::builder().delete_request(delete).build()
        });
        write_all(&self.client, self.books.as_str(), deletes.collect()).await
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
            .client
            .update_item()
            .table_name(self.books.as_str())
            .set_key(Some(key(pipeline, &format!("{OPEN}{id}"))))
            .update_expression("SET entered = :fence")
            .condition_expression("fence = :fence")
            .expression_attribute_values(":fence", number(fence));
        match update.send().await {
            Ok(_) => Ok(true),
            Err(error) if is_refused(&error) => Ok(false),
            Err(error) => {
                Err(failed(format!("writing to the table {}", self.books.as_str()), error))
            }
        }
    }

    pub(crate) async fn claim_one(
        &self,
        pipeline: &str,
        id: &str,
        owner: &str,
    ) -> Result<Option<PartitionState>, StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(self.books.as_str())
            .set_key(Some(key(pipeline, &format!("{OPEN}{id}"))))
            .update_expression("SET #owner = :owner ADD fence :one")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", text(owner))
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::AllNew);
        match update.send().await {
            Ok(answer) => answer.attributes.as_ref().map(read_partition).transpose(),
            Err(error) if is_refused(&error) => Ok(None),
            Err(error) => {
                Err(failed(format!("writing to the table {}", self.books.as_str()), error))
            }
        }
    }

    pub(crate) async fn settle_one(
        &self,
        pipeline: &str,
        settled: &Settled,
    ) -> Result<(), StoreError> {
        let Settled { claim, listing, seal } = settled;
        let mut update = self
            .client
            .update_item()
            .table_name(self.books.as_str())
            .set_key(Some(key(pipeline, &format!("{OPEN}{}", claim.id))))
            .update_expression(
                "SET listed_objects = :listed_objects, listed_bytes = :listed_bytes, listed_digest = :listed_digest",
            )
            .condition_expression("fence = :fence")
            .expression_attribute_values(":fence", number(claim.fence));
        for (name, value) in listing_attributes(listing) {
            update = update.expression_attribute_values(format!(":{name}"), value);
        }
        match update.send().await {
            Ok(_) => {}
            // Overtaken: the other run settles it.
            Err(error) if is_refused(&error) => return Ok(()),
            Err(error) => {
                return Err(failed(format!("writing to the table {}", self.books.as_str()), error));
            }
        }
        if *seal { self.seal(pipeline, settled).await } else { Ok(()) }
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
