//! Each fault of S3, as a client without retries sees it.

use std::time::{Duration, Instant};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
use mlops_testkit::{Calls, Fault, Faults, s3};

const BODY_BYTES: usize = 3_000_000;

/// A proxy, and a bucket behind it.
struct Stage {
    faults: Faults,
    bucket: String,
    /// Goes through the proxy.
    client: Client,
    /// Goes around it.
    direct: Client,
}

async fn client(endpoint: &str) -> Client {
    let config = Builder::from(&s3().config_at(endpoint).await);
    Client::from_conf(config.force_path_style(true).retry_config(RetryConfig::disabled()).build())
}

async fn stage() -> Stage {
    let faults = Faults::start(&s3().endpoint);
    let bucket = s3().bucket().await;
    let (through, direct) = (client(&faults.endpoint).await, client(&s3().endpoint).await);
    Stage { faults, bucket, client: through, direct }
}

fn body() -> Vec<u8> {
    (0..BODY_BYTES).map(|i| (i % 251) as u8).collect()
}

impl Stage {
    /// The outcome of a call: `ok`, the error's code, or `no answer`.
    async fn put(&self, key: &str, body: Vec<u8>) -> String {
        let put =
            self.client.put_object().bucket(&self.bucket).key(key).body(body.into()).send().await;
        outcome(put.map(drop))
    }

    async fn get(&self) -> Result<GetObjectOutput, SdkError<GetObjectError, HttpResponse>> {
        self.client.get_object().bucket(&self.bucket).key("object").send().await
    }

    /// The keys that are there.
    async fn keys(&self) -> Vec<String> {
        let listed = self.direct.list_objects_v2().bucket(&self.bucket).send().await.unwrap();
        listed.contents().iter().map(|object| object.key().unwrap().to_owned()).collect()
    }
}

fn outcome<E: ProvideErrorMetadata, R>(result: Result<(), SdkError<E, R>>) -> String {
    match result {
        Ok(()) => "ok".to_owned(),
        Err(error) => error.code().unwrap_or("no answer").to_owned(),
    }
}

#[tokio::test]
async fn without_a_fault_everything_arrives_as_it_was_sent() {
    let stage = stage().await;
    let key = "a b/ü+%25&'=.json";
    assert_eq!(stage.put(key, body()).await, "ok");
    assert_eq!(stage.keys().await, [key]);
    let got = stage
        .client
        .get_object()
        .bucket(&stage.bucket)
        .key(key)
        .range("bytes=5-")
        .send()
        .await
        .unwrap();
    assert!(
        got.body.collect().await.unwrap().to_vec() == body()[5..],
        "the body changed on its way"
    );
    let head = stage.client.head_object().bucket(&stage.bucket).key(key).send().await.unwrap();
    assert_eq!(head.content_length(), Some(BODY_BYTES as i64));
    let listed =
        stage.client.list_objects_v2().bucket(&stage.bucket).prefix("a b/").send().await.unwrap();
    assert_eq!(listed.contents().len(), 1);
    stage.client.delete_object().bucket(&stage.bucket).key(key).send().await.unwrap();
    assert_eq!(stage.keys().await, [""; 0]);
    for operation in ["PutObject", "GetObject", "HeadObject", "ListObjectsV2", "DeleteObject"] {
        assert_eq!(stage.faults.calls(operation), 1, "{operation}");
    }
    assert_eq!(stage.faults.calls("*"), 5);
}

#[tokio::test]
async fn an_overloaded_or_failing_service_does_nothing_and_says_so() {
    let stage = stage().await;
    for (fault, code) in [(Fault::SlowDown, "SlowDown"), (Fault::InternalError, "InternalError")] {
        stage.faults.inject("PutObject", Calls::First(1), fault);
        assert_eq!(stage.put("object", body()).await, code);
        assert_eq!(stage.keys().await, [""; 0]);
    }
    assert_eq!(stage.put("object", body()).await, "ok");
    assert_eq!(stage.faults.calls("PutObject"), 3);
}

#[tokio::test]
async fn a_fault_meets_the_calls_that_it_names() {
    let stage = stage().await;
    stage.faults.inject("PutObject", Calls::Every(2), Fault::SlowDown);
    let mut outcomes = Vec::new();
    for _ in 0..4 {
        outcomes.push(stage.put("object", Vec::new()).await);
    }
    assert_eq!(outcomes, ["ok", "SlowDown", "ok", "SlowDown"]);
    stage.faults.clear();
    assert_eq!(stage.faults.calls("*"), 0);
    stage.faults.inject("*", Calls::After(1), Fault::InternalError);
    assert_eq!(stage.put("object", Vec::new()).await, "ok");
    assert_eq!(stage.put("object", Vec::new()).await, "InternalError");
    assert_eq!(outcome(stage.get().await.map(drop)), "InternalError");
}

#[tokio::test]
async fn a_cut_body_has_just_so_many_bytes() {
    let stage = stage().await;
    assert_eq!(stage.put("object", body()).await, "ok");
    for bytes in [0, 1, 700_001, BODY_BYTES - 1] {
        stage.faults.inject("GetObject", Calls::First(1), Fault::CutBody { bytes: bytes as u64 });
        let mut got = stage.get().await.unwrap();
        assert_eq!(got.content_length(), Some(BODY_BYTES as i64));
        let mut received = Vec::new();
        let ended = loop {
            match got.body.next().await {
                Some(Ok(chunk)) => received.extend_from_slice(&chunk),
                Some(Err(error)) => break Err(error),
                None => break Ok(()),
            }
        };
        assert!(ended.is_err(), "{bytes}");
        assert_eq!(received.len(), bytes);
        assert!(received == body()[..bytes], "{bytes}: the body changed on its way");
        stage.faults.clear();
    }
    stage.faults.inject("GetObject", Calls::All, Fault::CutBody { bytes: BODY_BYTES as u64 });
    assert_eq!(stage.get().await.unwrap().body.collect().await.unwrap().to_vec().len(), BODY_BYTES);
}

#[tokio::test]
async fn a_dropped_call_has_no_answer_and_no_effect() {
    let stage = stage().await;
    stage.faults.inject("PutObject", Calls::All, Fault::Drop);
    assert_eq!(stage.put("object", body()).await, "no answer");
    assert_eq!(stage.keys().await, [""; 0]);
}

#[tokio::test]
async fn a_call_that_lands_and_fails_has_its_effect() {
    let stage = stage().await;
    stage.faults.inject("PutObject", Calls::First(1), Fault::LandThenFail);
    assert_eq!(stage.put("object", body()).await, "InternalError");
    assert_eq!(stage.keys().await, ["object"]);
    stage.faults.inject("DeleteObject", Calls::All, Fault::LandThenFail);
    let deleted = stage.client.delete_object().bucket(&stage.bucket).key("object").send().await;
    assert_eq!(outcome(deleted.map(drop)), "InternalError");
    assert_eq!(stage.keys().await, [""; 0]);
}

#[tokio::test]
async fn a_delayed_call_takes_its_time() {
    let stage = stage().await;
    let delay = Duration::from_millis(300);
    stage.faults.inject("PutObject", Calls::All, Fault::Delay(delay));
    let since = Instant::now();
    assert_eq!(stage.put("object", Vec::new()).await, "ok");
    assert!(since.elapsed() >= delay, "{:?}", since.elapsed());
}

#[tokio::test]
async fn an_endpoint_without_a_server_gives_no_answer() {
    let faults = Faults::start("http://127.0.0.1:1");
    let listed = client(&faults.endpoint).await.list_buckets().send().await;
    assert_eq!(outcome(listed.map(drop)), "no answer");
    assert_eq!(faults.calls("ListBuckets"), 1);
}

#[tokio::test]
async fn the_proxy_answers_a_test_that_waits_for_a_program() {
    let faults = Faults::start(&s3().endpoint);
    faults.inject("*", Calls::All, Fault::SlowDown);
    // Without a runtime's help: this blocks the only thread that the test has.
    let mut connection =
        std::net::TcpStream::connect(faults.endpoint.trim_start_matches("http://")).unwrap();
    std::io::Write::write_all(
        &mut connection,
        b"GET /bucket/key HTTP/1.1\r\nHost: s3\r\nConnection: close\r\n\r\n",
    )
    .unwrap();
    let answer = std::io::read_to_string(connection).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 503 ") && answer.contains("<Code>SlowDown</Code>"),
        "{answer}"
    );
}
