//! The suite of the port, over both stores.

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

mod in_a_folder {
    mlops_testkit::object_store_contract!(super::folder);
}

mod in_s3 {
    mlops_testkit::object_store_contract!(super::bucket);
}
