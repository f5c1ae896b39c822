//! Who is answered, and how little others learn.

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper::http::request::Builder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::service::{Service, job};
use crate::world::{World, request};

fn call(method: &str, path: &str) -> Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header("host", "score")
        .header("content-type", "application/json")
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_has_the_secret_is_answered() {
    let world = World::new();
    let arguments =
        ["--token", "s3cret-token", "--basic-auth", "ops:pass:word", "--logs", &world.path("logs")];
    let service = Service::start(job(&world, &arguments));
    let status = async |method: &str, path: &str, authorization: &str| {
        let call = call(method, path)
            .header("authorization", authorization)
            .body(Full::from(request(1).to_string()))
            .unwrap();
        service.call(call).await.status
    };
    for path in ["/", "/health", "/ready", "/metrics", "/openapi.json"] {
        assert_eq!(service.get(path).await.status, 200, "{path}");
    }
    // `printf ops:pass:word | base64`
    for right in ["Bearer s3cret-token", "bearer  s3cret-token", "Basic b3BzOnBhc3M6d29yZA=="] {
        assert_eq!(status("POST", "/predict", right).await, 200, "{right}");
        assert_eq!(status("GET", "/model", right).await, 200, "{right}");
        assert_eq!(
            status("POST", "/config-refresh", right).await,
            409,
            "{right}: there is no table"
        );
    }
    for wrong in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer s3cret",
        "Bearer s3cret-token2",
        "s3cret-token",
        "Basic b3BzOnBhc3M=",
        "Basic s3cret-token",
    ] {
        for (method, path) in [("POST", "/predict"), ("GET", "/model"), ("POST", "/config-refresh")]
        {
            assert_eq!(status(method, path, wrong).await, 401, "{wrong} {path}");
        }
    }
    let refused = service.predict("{}").await;
    assert_eq!(refused.status, 401);
    assert_eq!(
        refused.header("www-authenticate"),
        "Basic realm=\"score\", charset=\"UTF-8\"",
        "which browsers can ask for"
    );
    assert_eq!(service.stop().0, 143);
    assert_eq!(world.logged().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_has_a_name_and_its_payload_is_in_no_log() {
    let world = World::new();
    let service = Service::start(job(&world, &["--logs", &world.path("logs")]));
    let named = call("POST", "/predict")
        .header("x-request-id", "abc-123")
        .body(Full::from(r#"{"note": "private"}"#))
        .unwrap();
    assert_eq!(service.call(named).await.header("x-request-id"), "abc-123");
    let nonsense = call("POST", "/predict")
        .header("x-request-id", "a b")
        .body(Full::from(r#"{"device_type": ["private"]}"#));
    let answer = service.call(nonsense.unwrap()).await;
    assert_eq!(answer.header("x-request-id").len(), 36, "{answer:?}");
    assert!(!String::from_utf8_lossy(&answer.body).contains("private"), "{answer:?}");
    let form = Request::post("/predict")
        .header("host", "score")
        .header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(
        service.call(form.body(Full::from(request(1).to_string())).unwrap()).await.status,
        415
    );
    let log = service.stop_and_read_log();
    assert!(!log.contains("private"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_may_do_nothing_but_call_back() {
    let world = World::new();
    let service = Service::start(job(&world, &[]));
    let page = service.get("/").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let policy = page.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"),
        "{policy}"
    );
    let text = String::from_utf8(page.body.to_vec()).unwrap();
    for part in ["activity_score", "level_2", "<form>", "first"] {
        assert!(text.contains(part), "no {part} in {text}");
    }
    let elsewhere = ["src=", "http:", "https:", " style=", " onclick="];
    assert!(elsewhere.iter().all(|part| !text.contains(part)), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_dawdles_is_given_up() {
    let world = World::new();
    let service =
        Service::start(job(&world, &["--timeout", "200ms", "--logs", &world.path("logs")]));
    let mut stream = TcpStream::connect(&service.address).await.unwrap();
    let head = "POST /predict HTTP/1.1\r\nhost: score\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let length = stream.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
    assert!(
        answer.starts_with("HTTP/1.1 408 ")
            && answer.contains("the call timed out after 0.2 seconds"),
        "{answer}"
    );
    let endless =
        call("POST", "/predict").body(Full::from(Bytes::from(vec![b' '; 2 << 20]))).unwrap();
    assert_eq!(service.call(endless).await.status, 413);
    assert_eq!(
        service.predict(request(1).to_string()).await.status,
        200,
        "others are answered as before"
    );
}
