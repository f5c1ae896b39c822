use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

/// Asks a test server that speaks plain HTTP on the loopback, and reads its JSON.
pub(crate) fn ask(port: u16, method: &str, path: &str, body: &str) -> Value {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    assert!(head.contains(" 200 "), "{method} {path}: {answer}");
    // A server may cut its answer into chunks, of which these have one.
    let body = &body[body.find(['{', '[']).unwrap_or(0)..=body.rfind(['}', ']']).unwrap_or(0)];
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
}
