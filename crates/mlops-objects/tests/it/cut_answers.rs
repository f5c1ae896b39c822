//! Answers of S3 that end too early.

use aws_credential_types::credential_fn::provide_credentials_fn;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_credential_types::provider::error::CredentialsError;
use bytes::Bytes;
use futures_util::TryStreamExt;
use mlops_core::ports::{ObjectStore, StoreErrorKind};
use mlops_objects::S3;
use mlops_testkit::{Calls, Fault, Faults, s3};

const BODY_BYTES: usize = 1_000_000;

async fn through(faults: &Faults) -> S3 {
    let server = s3();
    let bucket = server.bucket().await;
    let body: Vec<u8> = (0..BODY_BYTES).map(|i| (i % 253) as u8).collect();
    S3::new(&server.config().await, &bucket, "").put("object", body.into()).await.unwrap();
    S3::new(&server.config_at(&faults.endpoint).await, &bucket, "")
}

#[tokio::test]
async fn a_cut_answer_is_taken_up_where_it_ended() {
    let faults = Faults::start(&s3().endpoint);
    faults.inject("GetObject", Calls::First(3), Fault::CutBody { bytes: 200_000 });
    let store = through(&faults).await;
    let chunks: Vec<Bytes> = store.get("object").await.unwrap().try_collect().await.unwrap();
    let body = chunks.concat();
    assert_eq!(body.len(), BODY_BYTES);
    assert!(
        body.iter().enumerate().all(|(i, &byte)| byte == (i % 253) as u8),
        "bytes were lost or doubled"
    );
    assert_eq!(faults.calls("GetObject"), 4);
}

#[tokio::test]
async fn an_object_that_is_replaced_after_the_cut_is_not_mixed() {
    let faults = Faults::start(&s3().endpoint);
    faults.inject("GetObject", Calls::First(1), Fault::CutBody { bytes: 200_000 });
    let store = through(&faults).await;
    let mut body = store.get("object").await.unwrap();
    body.try_next().await.unwrap().unwrap();
    store.put("object", vec![255; BODY_BYTES].into()).await.unwrap();
    let error = body.try_collect::<Vec<Bytes>>().await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Temporary, "{error}");
    assert!(error.to_string().contains("replaced while it was read"), "{error}");
}

#[tokio::test]
async fn an_endpoint_that_cuts_every_answer_is_a_temporary_failure() {
    // Before the header, and between the header and the first byte of the body.
    for fault in [Fault::Drop, Fault::CutBody { bytes: 0 }] {
        let faults = Faults::start(&s3().endpoint);
        faults.inject("GetObject", Calls::All, fault.clone());
        let store = through(&faults).await;
        let error = match store.get("object").await {
            Err(error) => error,
            Ok(body) => body.try_collect::<Vec<_>>().await.unwrap_err(),
        };
        assert_eq!(error.kind, StoreErrorKind::Temporary, "{fault:?}: {error}");
    }
}

#[tokio::test]
async fn a_caller_without_credentials_is_told_so() {
    let config = mlops_aws::loader().endpoint_url(&s3().endpoint).load().await;
    let mut config = config.into_builder();
    config.set_credentials_provider(Some(SharedCredentialsProvider::new(provide_credentials_fn(
        || async { Err(CredentialsError::not_loaded("none in this test")) },
    ))));
    let error = S3::new(&config.build(), "test-bucket", "").get("object").await.err().unwrap();
    assert_eq!(error.kind, StoreErrorKind::Configuration, "{error}");
    assert!(error.to_string().contains("credentials"), "{error}");
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_a_temporary_failure() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = s3().config_at(&format!("http://127.0.0.1:{port}")).await;
    let error = S3::new(&config, "test-bucket", "").get("object").await.err().unwrap();
    assert_eq!(error.kind, StoreErrorKind::Temporary, "{error}");
}
