//! The suite of the port, over both emulators.

use etl_dynamo::Dynamo;
use mlops_testkit::{DynamoServer, dynalite, moto_dynamo};

async fn on(server: &DynamoServer) -> (Dynamo, ()) {
    let table = server.table_name();
    let books = format!("{table}_watermark").parse().unwrap();
    let store = Dynamo::new(&server.config().await, table.parse().unwrap(), books, None);
    store.create_tables().await.unwrap();
    store.create_tables().await.unwrap();
    (store, ())
}

async fn on_moto() -> (Dynamo, ()) {
    on(moto_dynamo()).await
}

async fn on_dynalite() -> (Dynamo, ()) {
    on(dynalite()).await
}

mod moto {
    mlops_testkit::etl_store_contract!(super::on_moto);
}

mod dynalite_server {
    mlops_testkit::etl_store_contract!(super::on_dynalite);
}
