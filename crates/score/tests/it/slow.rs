//! Clients that are slow or idle, and those beside them.

use std::time::{Duration, Instant};

use mlops_testkit::SlowClients;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::service::{PATIENCE, Service, job};
use crate::world::{World, request};

const SLOW_CLIENTS: usize = 1_100;

/// A call beside slow clients is answered within a second, again and again.
async fn check_others_are_answered(begin: &str) {
    let world = World::new();
    let service = Service::start(job(&world, &["--logs", &world.path("logs")]));
    let mut slow = SlowClients::start(&service.address, SLOW_CLIENTS, begin).await.unwrap();
    for _ in 0..20 {
        let begun = Instant::now();
        assert_eq!(service.predict(request(1).to_string()).await.status, 200, "{begin}");
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(1), "{begin}: {took:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(slow.connected(), SLOW_CLIENTS, "{begin}: they were connected all the time");
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_heads_delay_nobody() {
    check_others_are_answered("POST /predict HTTP/1.1\r\nhost: score\r\nx-slow: ").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_bodies_delay_nobody() {
    let head = "POST /predict HTTP/1.1\r\nhost: score\r\ncontent-type: application/json\r\n";
    check_others_are_answered(&format!("{head}content-length: 1000\r\n\r\n{{")).await;
}

async fn ask(stream: &mut TcpStream) -> String {
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: score\r\n\r\n").await.unwrap();
    let mut answer = vec![0; 4096];
    let length = stream.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_is_kept_for_the_keep_alive_time() {
    let world = World::new();
    let service = Service::start(job(&world, &["--keep-alive", "1s"]));
    let mut stream = TcpStream::connect(&service.address).await.unwrap();
    assert!(ask(&mut stream).await.starts_with("HTTP/1.1 200"));
    let mut rest = Vec::new();
    let closed = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
    assert!(closed.is_ok(), "a connection that is idle for longer is closed");

    let world = World::new();
    let service = Service::start(job(&world, &[]));
    let mut stream = TcpStream::connect(&service.address).await.unwrap();
    assert!(ask(&mut stream).await.starts_with("HTTP/1.1 200"));
    let closed = tokio::time::timeout(Duration::from_secs(2), stream.read(&mut [0; 1])).await;
    assert!(closed.is_err(), "75 seconds are the default");
    assert!(ask(&mut stream).await.starts_with("HTTP/1.1 200"));
}
