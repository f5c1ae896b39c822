use std::ops::Deref;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_dynamodb::Client;

use crate::aws::AwsServer;

/// A DynamoDB endpoint at which tables can be made.
#[derive(Debug)]
pub struct DynamoServer(AwsServer);

/// moto, which emulates all of AWS: the process that [`s3`](crate::s3) starts, too.
pub fn moto_dynamo() -> &'static DynamoServer {
    static SERVER: OnceLock<DynamoServer> = OnceLock::new();
    SERVER.get_or_init(|| DynamoServer::shared("s3"))
}

/// dynalite, which knows fewer operations than moto and is strict about their limits.
pub fn dynalite() -> &'static DynamoServer {
    static SERVER: OnceLock<DynamoServer> = OnceLock::new();
    SERVER.get_or_init(|| DynamoServer::shared("dynalite"))
}

impl Deref for DynamoServer {
    type Target = AwsServer;

    fn deref(&self) -> &AwsServer {
        &self.0
    }
}

impl DynamoServer {
    fn shared(name: &str) -> Self {
        // The variable of the one service leaves S3 to another server.
        Self(AwsServer::shared(name, "AWS_ENDPOINT_URL_DYNAMODB"))
    }

    /// A client for this endpoint.
    pub async fn client(&self) -> Client {
        Client::new(&self.config().await)
    }

    /// A name that no table has.
    pub fn table_name(&self) -> String {
        static TABLES: AtomicU32 = AtomicU32::new(0);
        format!("test-{}-{}", std::process::id(), TABLES.fetch_add(1, Ordering::Relaxed))
    }
}
