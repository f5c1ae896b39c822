use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Between two bytes of a client.
const BYTE_EVERY: Duration = Duration::from_secs(1);

/// HTTP clients that each send one byte a second, until they are dropped.
pub struct SlowClients(JoinSet<()>);

impl SlowClients {
    /// Connects the clients and lets each send `begin`, after which the service waits for more.
    pub async fn start(address: &str, clients: usize, begin: &str) -> std::io::Result<Self> {
        let mut sending = JoinSet::new();
        for _ in 0..clients {
            let mut stream = TcpStream::connect(address).await?;
            stream.write_all(begin.as_bytes()).await?;
            sending.spawn(async move {
                loop {
                    tokio::time::sleep(BYTE_EVERY).await;
                    // The service may give the connection up; that is its answer.
                    if stream.write_all(b"x").await.is_err() {
                        return;
                    }
                }
            });
        }
        Ok(Self(sending))
    }

    /// Returns how many clients the service has not given up.
    pub fn connected(&mut self) -> usize {
        while self.0.try_join_next().is_some() {}
        self.0.len()
    }
}
