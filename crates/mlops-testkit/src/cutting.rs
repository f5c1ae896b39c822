use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};

/// A proxy on the loopback that cuts the first few answers after so many bytes, and lets the others through.
#[derive(Debug)]
pub struct Cutting {
    /// `http://127.0.0.1:PORT`.
    pub endpoint: String,
    cut: Arc<AtomicU32>,
}

impl Cutting {
    /// Stands before `target` (`http://HOST:PORT`); the answers on the first `connections` end after `bytes`.
    pub async fn start(target: &str, connections: u32, bytes: u64) -> Self {
        let target = target.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let cut = Arc::new(AtomicU32::new(0));
        let counter = cut.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let limit = if counter.fetch_add(1, Ordering::Relaxed) < connections { bytes } else { u64::MAX };
                let server = TcpStream::connect(&target).await.unwrap();
                tokio::spawn(forward(client, server, limit));
            }
        });
        Self { endpoint, cut }
    }

    /// How many connections there were.
    pub fn connections(&self) -> u32 {
        self.cut.load(Ordering::Relaxed)
    }
}

/// Either side may end at any time; that is what this is for.
async fn forward(client: TcpStream, server: TcpStream, limit: u64) {
    let (mut from_client, mut to_client) = client.into_split();
    let (from_server, mut to_server) = server.into_split();
    let mut answer = from_server.take(limit);
    tokio::select! {
        _ = copy(&mut from_client, &mut to_server) => {}
        _ = copy(&mut answer, &mut to_client) => {}
    }
    drop(to_client.shutdown().await);
}
