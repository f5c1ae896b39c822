//! Locations as people write them.

use mlops_core::ports::{ObjectStore, StoreErrorKind};
use mlops_objects::{Folder, Location, LocationError, S3, local_copy};
use mlops_testkit::s3;

fn check(text: &str, shown: &str) {
    let location: Location = text.parse().unwrap();
    assert_eq!(location.to_string(), shown, "{text}");
}

#[test]
fn locations_are_buckets_or_folders() {
    check("s3://bucket", "s3://bucket/");
    check("s3://bucket/", "s3://bucket/");
    check("s3://bucket/a/b", "s3://bucket/a/b/");
    check("s3://bucket/a/b/", "s3://bucket/a/b/");
    check("file:///var/logs", "/var/logs");
    check("logs", "logs");
    check("./logs/", "./logs/");
}

#[test]
fn what_is_no_location_is_refused() {
    let parse = |text: &str| text.parse::<Location>().unwrap_err();
    assert_eq!(parse(""), LocationError::Empty);
    assert_eq!(parse("s3://"), LocationError::NoBucket("s3://".to_owned()));
    assert_eq!(parse("gs://bucket"), LocationError::Scheme("gs://bucket".to_owned()));
    for arn in [
        "s3://arn:aws:s3:eu-west-1:123456789012:accesspoint/logs/churn",
        "s3://arn:aws-cn:s3:::bucket/churn",
        "arn:aws:s3:::bucket",
    ] {
        assert_eq!(parse(arn), LocationError::Arn(arn.to_owned()));
        assert!(parse(arn).to_string().contains("s3://ALIAS-s3alias/PREFIX"));
    }
    assert_eq!(parse("file://logs"), LocationError::Scheme("file://logs".to_owned()));
}

#[test]
fn a_file_is_split_from_its_place() {
    for (text, place, key) in [
        ("s3://bucket/train.csv", "s3://bucket/", "train.csv"),
        ("s3://bucket/a/b/train.csv", "s3://bucket/a/b/", "train.csv"),
        ("train.csv", ".", "train.csv"),
        ("/data/train.csv", "/data", "train.csv"),
    ] {
        let (found, name) = text.parse::<Location>().unwrap().split_file().unwrap();
        assert_eq!((found.to_string().as_str(), name.as_str()), (place, key), "{text}");
    }
    for text in ["s3://bucket", "/", ".."] {
        let error = text.parse::<Location>().unwrap().split_file().unwrap_err();
        assert!(matches!(error, LocationError::NoFile(_)), "{text}: {error}");
    }
}

#[test]
fn a_sibling_is_no_part_of_its_place() {
    let sibling = |text: &str| {
        text.parse::<Location>().unwrap().sibling("-bad").map(|place| place.to_string())
    };
    assert_eq!(sibling("s3://bucket/logs").as_deref(), Some("s3://bucket/logs-bad/"));
    assert_eq!(sibling("logs").as_deref(), Some("logs-bad"));
    assert_eq!(sibling("/var/logs/").as_deref(), Some("/var/logs-bad"));
    assert_eq!(sibling("s3://bucket"), None);
}

#[test]
fn a_place_contains_itself_and_what_is_below() {
    let check = |place: &str, other: &str, expected: bool| {
        let (place, other): (Location, Location) = (place.parse().unwrap(), other.parse().unwrap());
        assert_eq!(place.contains(&other), expected, "{other} in {place}");
    };
    check("s3://bucket/logs", "s3://bucket/logs/", true);
    check("s3://bucket/logs", "s3://bucket/logs/bad", true);
    check("s3://bucket", "s3://bucket/bad", true);
    check("s3://bucket/logs", "s3://bucket/logs-bad", false);
    check("s3://bucket/logs", "s3://other/logs/bad", false);
    check("logs", "logs/bad", true);
    check("logs", "logs-bad", false);
    check("logs", "s3://logs/bad", false);
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_an_error_and_not_empty() {
    use futures_util::TryStreamExt;
    let root = tempfile::tempdir().unwrap();
    let store = Folder::new(root.path().join("nowhere"));
    let error = store.list("").try_next().await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::NotFound, "{error}");
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_an_error_and_not_empty() {
    use futures_util::TryStreamExt;
    let store = S3::new(&s3().config().await, "test-no-such-bucket", "");
    let error = store.list("").try_next().await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::NotFound, "{error}");
    assert!(error.to_string().contains("no such bucket"), "{error}");
}

#[tokio::test]
async fn a_key_cannot_leave_its_folder() {
    let root = tempfile::tempdir().unwrap();
    let store = Folder::new(root.path().join("inside"));
    for key in ["../outside", "/etc/outside", "a/../../outside", ""] {
        let error = store.put(key, "x".into()).await.unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Configuration, "{key}: {error}");
    }
    assert!(!root.path().join("outside").exists());
}

#[tokio::test]
async fn a_local_file_is_not_copied_and_a_missing_one_is_named() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("train.csv");
    std::fs::write(&path, "a\n1\n").unwrap();
    let copy = local_copy(&Location::Folder(path.clone())).await.unwrap();
    assert_eq!(copy.as_ref(), path);
    let error = local_copy(&Location::Folder(root.path().join("gone.csv"))).await.unwrap_err();
    assert!(error.to_string().contains("gone.csv"), "{error}");
}
