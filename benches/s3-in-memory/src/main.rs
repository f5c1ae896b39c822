//! An S3 server for benchmarks: everything is in memory, and each request takes as long as it is
//! told to.

mod load;
mod server;
mod service;
mod store;

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

/// Serve S3 on loopback, for the key `test` with the secret `test`, until the process is ended
#[derive(Debug, Parser)]
struct Arguments {
    /// The port on 127.0.0.1
    #[arg(long)]
    port: u16,
    /// How long each request waits before it is answered, as over a network
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
    /// A bucket that is there from the start
    #[arg(long)]
    bucket: Option<String>,
    /// What is in the bucket from the start: each file below this folder, under its path in the
    /// folder
    #[arg(long, requires = "bucket")]
    load: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let store = store::Store::default();
    if let Some(bucket) = arguments.bucket {
        let objects = arguments.load.map(|folder| load::folder(&folder)).transpose()?;
        store.create(bucket, objects.unwrap_or_default());
    }
    server::serve(store, arguments.port, Duration::from_millis(arguments.latency_ms)).await
}
