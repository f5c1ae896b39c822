use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Between two bytes of a slow server.
const BYTE_EVERY: Duration = Duration::from_secs(1);

/// The way in which a server is silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// It accepts, and never sends a byte.
    FromTheStart,
    /// It falls silent after so many bytes of its answers to all connections.
    After(u64),
    /// It sends one byte a second.
    ByteASecond,
    /// It answers until [`MuteServer::fall_silent`].
    Later,
}

/// A proxy before a real server that accepts connections and is silent, and closes none of them.
///
/// Its threads end with the process.
#[derive(Debug)]
pub struct MuteServer {
    /// The address at which it listens.
    pub address: SocketAddr,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    target: String,
    silence: Silence,
    /// Bytes that are still passed on.
    left: AtomicU64,
    is_silent: AtomicBool,
}

impl MuteServer {
    /// Stands before `target`, which is `HOST:PORT`.
    pub fn start(target: &str, silence: Silence) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let left = AtomicU64::new(match silence {
            Silence::After(bytes) => bytes,
            _ => u64::MAX,
        });
        let is_silent = AtomicBool::new(silence == Silence::FromTheStart);
        let state = Arc::new(State { target: target.to_owned(), silence, left, is_silent });
        let served = state.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let state = served.clone();
                std::thread::spawn(move || state.relay(client));
            }
        });
        Self { address, state }
    }

    /// Sends no further byte on any connection.
    pub fn fall_silent(&self) {
        self.state.is_silent.store(true, Ordering::Relaxed);
    }
}

impl State {
    fn relay(&self, client: TcpStream) {
        if self.is_silent.load(Ordering::Relaxed) {
            keep_open(&client);
        }
        let Ok(server) = TcpStream::connect(&self.target) else { return };
        let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        std::thread::spawn(move || io::copy(&mut from, &mut to));
        // A client that leaves ends its connection.
        drop(self.answer(server, &client));
    }

    fn answer(&self, mut server: TcpStream, mut client: &TcpStream) -> io::Result<()> {
        let mut buffer = [0; 8192];
        loop {
            let mut bytes = match server.read(&mut buffer)? {
                0 => return client.shutdown(std::net::Shutdown::Both),
                read => &buffer[..read],
            };
            if self.silence == Silence::ByteASecond {
                for byte in bytes {
                    std::thread::park_timeout(BYTE_EVERY);
                    client.write_all(&[*byte])?;
                }
                continue;
            }
            let wanted = bytes.len() as u64;
            let left = self
                .left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                    Some(left.saturating_sub(wanted))
                })
                .unwrap();
            if self.is_silent.load(Ordering::Relaxed) {
                keep_open(client);
            }
            let is_last = left < wanted;
            if is_last {
                self.is_silent.store(true, Ordering::Relaxed);
                bytes = &bytes[..left as usize];
            }
            client.write_all(bytes)?;
            if is_last {
                keep_open(client);
            }
        }
    }
}

/// Never returns, so that the connection stays.
fn keep_open(_: &TcpStream) -> ! {
    loop {
        std::thread::park();
    }
}
