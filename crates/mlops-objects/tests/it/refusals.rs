//! Errors of the caller's configuration, as S3 answers them.

use std::io::{Read, Write};
use std::net::TcpListener;

use futures_util::TryStreamExt;
use mlops_core::ports::{ObjectStore, StoreError, StoreErrorKind};
use mlops_objects::S3;
use mlops_testkit::s3;

/// Returns the address of an endpoint that gives each request the same answer.
fn endpoint(status: u16, headers: &str, code: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let body = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status} Refused\r\n{headers}Content-Type: application/xml\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            let mut request = [0; 16384];
            drop(client.read(&mut request));
            drop(client.write_all(answer.as_bytes()));
        }
    });
    format!("http://{address}")
}

async fn failures(endpoint: &str) -> [StoreError; 2] {
    let store = S3::new(&s3().config_at(endpoint).await, "bucket", "");
    let listing = store.walk("").try_collect::<Vec<_>>().await.unwrap_err();
    [store.get("object").await.err().unwrap(), listing]
}

async fn check(status: u16, headers: &str, code: &str, kind: StoreErrorKind, word: &str) {
    for error in failures(&endpoint(status, headers, code)).await {
        assert_eq!(error.kind, kind, "{code}: {error}");
        assert!(error.to_string().contains(word), "{code}: {error}");
    }
}

#[tokio::test]
async fn credentials_and_regions_that_are_wrong_are_the_callers() {
    use StoreErrorKind::{Configuration, Temporary};
    for code in ["InvalidAccessKeyId", "SignatureDoesNotMatch"] {
        check(403, "", code, Configuration, "AWS_ACCESS_KEY_ID").await;
    }
    check(400, "", "ExpiredToken", Temporary, "has expired").await;
    let region = "x-amz-bucket-region: eu-west-1\r\n";
    for (status, code) in
        [(301, "PermanentRedirect"), (400, "AuthorizationHeaderMalformed"), (301, "")]
    {
        check(status, region, code, Configuration, "set AWS_REGION=eu-west-1").await;
    }
    check(400, "", "IllegalLocationConstraintException", Configuration, "AWS_REGION").await;
}

#[tokio::test]
async fn an_endpoint_without_a_scheme_is_the_callers() {
    for endpoint in ["localhost:9000", "127.0.0.1:9000", "minio.internal", "ftp://minio:9000"] {
        for error in failures(endpoint).await {
            assert_eq!(error.kind, StoreErrorKind::Configuration, "{endpoint}: {error:?}");
            assert!(error.to_string().contains("http://"), "{endpoint}: {error}");
        }
    }
}
