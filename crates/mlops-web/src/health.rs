//! The health check of a service on this machine, for an image with no other program.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use mlops_job::UsageError;
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A service that takes longer is not well.
const PATIENCE: Duration = Duration::from_secs(3);

/// The length of a status line: `HTTP/1.1 200`.
const STATUS_BYTES: usize = 12;

/// A service that answered as it should.
#[derive(Debug, Clone, Serialize)]
pub struct Healthy {
    /// The URL of the health check.
    pub healthy: String,
}

/// Asks the service that listens at `listen` on this machine for `path`; nothing but an answer with
/// 200 is health. A second call asks again.
///
/// # Errors
///
/// [`UsageError`] for port 0, and failures of the service: connection refused, no answer within
/// three seconds, another status.
pub async fn ask_health(listen: SocketAddr, path: &str) -> Result<Healthy> {
    if listen.port() == 0 {
        let message =
            "--listen has port 0, which differs at each start; name the port of the service";
        return Err(UsageError::new(message).into());
    }
    let address = SocketAddr::new(on_this_machine(listen.ip()), listen.port());
    let healthy = format!("http://{address}{path}");
    let status = tokio::time::timeout(PATIENCE, status(address, path)).await;
    let status = status
        .with_context(|| format!("{healthy} did not answer in {} seconds", PATIENCE.as_secs()))?;
    let status = status.with_context(|| format!("requesting {healthy}"))?;
    if status != "HTTP/1.1 200" {
        bail!("{healthy} answered `{status}`, which is not 200");
    }
    Ok(Healthy { healthy })
}

async fn status(address: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut status = [0; STATUS_BYTES];
    stream.read_exact(&mut status).await?;
    Ok(String::from_utf8_lossy(&status).into_owned())
}

/// Returns the loopback address for a service that listens at all addresses.
fn on_this_machine(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}
