//! Clients that send requests before they have read the answers.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::service::{Service, job};
use crate::world::{World, check_same, request, uids};

fn call(body: &str) -> String {
    format!(
        "POST /predict HTTP/1.1\r\nhost: score\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The uids in the bodies that were answered.
fn answered(text: &str) -> Vec<String> {
    let bodies = text.split("HTTP/1.1 200 OK").skip(1);
    bodies
        .filter_map(|answer| {
            let body = answer.split_once("\r\n\r\n")?.1;
            let json: serde_json::Value = serde_json::from_str(body.trim()).ok()?;
            Some(json["uid"].as_str()?.to_owned())
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_logged_of_pipelined_requests_was_answered() {
    for pause_ms in [0, 5, 20, 60] {
        let world = World::new();
        let service = Service::start(job(&world, &["--logs", &world.path("logs")]));
        let stream = TcpStream::connect(&service.address).await.unwrap();
        let (mut reader, mut writer) = stream.into_split();
        let writing = tokio::spawn(async move {
            for client in 0..2_000 {
                // The service may close the connection at any time.
                if writer.write_all(call(&request(client).to_string()).as_bytes()).await.is_err() {
                    break;
                }
            }
            writer
        });
        let mut first = [0; 1];
        reader.read_exact(&mut first).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(pause_ms)).await;
        service.signal("TERM");
        let mut rest = Vec::new();
        // A reset after the last answer is an end too.
        drop(reader.read_to_end(&mut rest).await);
        drop(writing.await);
        assert_eq!(service.stop().0, 143);
        let text = format!("H{}", String::from_utf8_lossy(&rest));
        let mut answered = answered(&text);
        answered.sort_unstable();
        check_same(&uids(&world.logged()), &answered);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_too_large_is_refused_as_such() {
    let world = World::new();
    let service = Service::start(job(&world, &[]));
    for bytes in [200_000, 300_000, 2_000_000] {
        let mut stream = TcpStream::connect(&service.address).await.unwrap();
        let head = format!(
            "GET /health HTTP/1.1\r\nhost: score\r\nx-large: {}\r\n\r\n",
            "x".repeat(bytes)
        );
        // The service need not read all of it.
        drop(stream.write_all(head.as_bytes()).await);
        let mut answer = vec![0; 4096];
        let length = stream.read(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
        assert!(answer.starts_with("HTTP/1.1 431 "), "{bytes}: {answer}");
    }
    assert_eq!(service.predict(request(1).to_string()).await.status, 200);
}
