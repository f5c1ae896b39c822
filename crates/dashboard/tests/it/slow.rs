//! Clients that are slow or idle, and those beside them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use mlops_testkit::SlowClients;

use crate::world::{Served, year};

const SLOW_CLIENTS: usize = 1_000;

#[tokio::test(flavor = "multi_thread")]
async fn slow_clients_delay_nobody() {
    let served = Served::new(year(), &[]);
    let address = format!("127.0.0.1:{}", served.port);
    let begin = "GET / HTTP/1.1\r\nx-slow: ";
    let mut slow = SlowClients::start(&address, SLOW_CLIENTS, begin).await.unwrap();
    for _ in 0..20 {
        let begun = Instant::now();
        assert_eq!(served.get("/health").status, 200);
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(1), "{took:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(slow.connected(), SLOW_CLIENTS, "they were connected all the time");
    assert_eq!(served.terminate(), 143, "it ends though they are connected");
}

fn ask(stream: &mut TcpStream) -> String {
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let mut answer = vec![0; 4096];
    let length = stream.read(&mut answer).unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

#[test]
fn a_head_that_never_ends_and_an_idle_connection_are_given_up() {
    let served = Served::new(year(), &["--keep-alive", "1s"]);
    for begin in ["", "GET / HTTP/1.1\r\nx-slow: "] {
        let mut stream = TcpStream::connect(("127.0.0.1", served.port)).unwrap();
        assert!(ask(&mut stream).starts_with("HTTP/1.1 200"));
        stream.write_all(begin.as_bytes()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut rest = Vec::new();
        assert!(stream.read_to_end(&mut rest).is_ok(), "{begin:?} is kept open");
    }
}

#[test]
fn an_idle_connection_is_answered_within_the_keep_alive_time() {
    let served = Served::new(year(), &[]);
    let mut stream = TcpStream::connect(("127.0.0.1", served.port)).unwrap();
    assert!(ask(&mut stream).starts_with("HTTP/1.1 200"));
    stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    assert!(stream.read(&mut [0; 1]).is_err(), "75 seconds are the default");
    assert!(ask(&mut stream).starts_with("HTTP/1.1 200"));
}

#[test]
fn a_large_body_is_refused() {
    let served = Served::new(year(), &[]);
    let answer = served.get_with("/", "host: localhost\r\ncontent-length: 1000000\r\n");
    assert_eq!(answer.status, 413);
}
