//! The suite of the port, over both stores.

use mlops_core::ports::ObjectStore;
use mlops_objects::{Folder, S3};
use mlops_testkit::s3;

async fn folder() -> (Folder, tempfile::TempDir) {
    let root = tempfile::tempdir().unwrap();
    (Folder::new(root.path()), root)
}

async fn bucket() -> (S3, ()) {
    let server = s3();
    (S3::new(&server.config().await, &server.bucket().await, "a/prefix/"), ())
}

/// By which the pipeline knows that the model it fetched is the one that was written.
#[tokio::test]
async fn an_object_has_its_digest_beside_it() {
    let config = s3().config().await;
    let bucket = s3().bucket().await;
    let store = S3::new(&config, &bucket, "");
    store.put("a", "abc".into()).await.unwrap();
    assert!(store.put_if("b", "abc".into(), None).await.unwrap());
    let config = aws_sdk_s3::config::Builder::from(&config).force_path_style(true).build();
    for key in ["a", "b"] {
        let head =
            aws_sdk_s3::Client::from_conf(config.clone()).head_object().bucket(&bucket).key(key);
        let metadata = head.send().await.unwrap().metadata.unwrap();
        // FIPS 180-4, example B.1.
        assert_eq!(
            metadata["sha256"],
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}

mod in_a_folder {
    mlops_testkit::object_store_contract!(super::folder);
}

mod in_s3 {
    mlops_testkit::object_store_contract!(super::bucket);
}
