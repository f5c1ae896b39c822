use hyper::Request;
use serde_json::{Value, json};

use super::batch::Batch;
use super::operation::operation;
use super::rules::{Calls, Fault, Rules};

fn check_calls(calls: Calls, expected: [bool; 5]) {
    assert_eq!(std::array::from_fn(|i| calls.meet(i as u64 + 1)), expected, "{calls:?}");
}

#[test]
fn calls_are_counted_from_one() {
    check_calls(Calls::First(2), [true, true, false, false, false]);
    check_calls(Calls::Every(2), [false, true, false, true, false]);
    check_calls(Calls::All, [true; 5]);
    check_calls(Calls::After(2), [false, false, true, true, true]);
    check_calls(Calls::First(0), [false; 5]);
    check_calls(Calls::Every(0), [false; 5]);
}

#[test]
fn the_fault_that_was_injected_first_is_taken() {
    let rules = Rules::default();
    rules.add("GetObject", Calls::First(1), Fault::SlowDown);
    rules.add("*", Calls::First(2), Fault::Drop);
    assert_eq!(rules.next("GetObject"), Some(Fault::SlowDown));
    assert_eq!(rules.next("GetObject"), Some(Fault::Drop));
    assert_eq!(rules.next("PutObject"), None);
    assert_eq!((rules.calls("GetObject"), rules.calls("*"), rules.calls("other")), (2, 3, 0));
}

fn check_operation(method: &str, uri: &str, expected: &str) {
    let request = Request::builder().method(method).uri(uri).body(()).unwrap();
    assert_eq!(operation(&request), expected, "{method} {uri}");
}

#[test]
fn operations_have_their_names_at_aws() {
    check_operation("GET", "/", "ListBuckets");
    check_operation("GET", "/bucket?list-type=2&prefix=a%2Fb", "ListObjectsV2");
    check_operation("GET", "/bucket/?list-type=2", "ListObjectsV2");
    check_operation("GET", "/bucket?prefix=list-type", "ListObjects");
    check_operation("GET", "/bucket/a/list-type?x-id=GetObject", "GetObject");
    check_operation("HEAD", "/bucket/key", "HeadObject");
    check_operation("PUT", "/bucket", "CreateBucket");
    check_operation("PUT", "/bucket/key", "PutObject");
    check_operation("PUT", "/bucket/key?partNumber=1&uploadId=u", "UploadPart");
    check_operation("POST", "/bucket/key?uploads", "CreateMultipartUpload");
    check_operation("POST", "/bucket/key?uploadId=u", "CompleteMultipartUpload");
    check_operation("POST", "/bucket?delete", "DeleteObjects");
    check_operation("DELETE", "/bucket/key", "DeleteObject");
    check_operation("PATCH", "/bucket/key", "PATCH");
    let put = Request::builder()
        .method("POST")
        .uri("/")
        .header("X-Amz-Target", "DynamoDB_20120810.PutItem");
    assert_eq!(operation(&put.body(()).unwrap()), "PutItem");
}

fn check_batch(batch: Batch, kept: usize, requested: Value, forwarded: Value, held_back: Value) {
    let mut request = json!({"RequestItems": requested});
    let held = batch.hold_back(&mut request, kept);
    assert_eq!(request, json!({"RequestItems": forwarded}), "{batch:?} {kept}");
    assert_eq!(Value::Object(held), held_back, "{batch:?} {kept}");
}

#[test]
fn a_batch_is_cut_at_a_part() {
    let write = json!({"a": [1, 2], "b": [3, 4]});
    check_batch(Batch::Write, 0, write.clone(), json!({}), write.clone());
    check_batch(Batch::Write, 1, write.clone(), json!({"a": [1]}), json!({"a": [2], "b": [3, 4]}));
    check_batch(Batch::Write, 2, write.clone(), json!({"a": [1, 2]}), json!({"b": [3, 4]}));
    check_batch(Batch::Write, 3, write.clone(), json!({"a": [1, 2], "b": [3]}), json!({"b": [4]}));
    check_batch(Batch::Write, 9, write.clone(), write, json!({}));
    let get = json!({"a": {"Keys": [1, 2], "ConsistentRead": true}});
    let (first, second) = (
        json!({"Keys": [1], "ConsistentRead": true}),
        json!({"Keys": [2], "ConsistentRead": true}),
    );
    check_batch(Batch::Get, 1, get, json!({"a": first}), json!({"a": second}));
}

#[test]
fn what_the_server_left_is_given_back_too() {
    let mut answer = json!({"UnprocessedItems": {"a": [1]}});
    let held_back = json!({"a": [2], "b": [3]}).as_object().unwrap().clone();
    Batch::Write.give_back(&mut answer, held_back);
    assert_eq!(answer, json!({"UnprocessedItems": {"a": [1, 2], "b": [3]}}));
    let mut answer = json!({"Responses": {}});
    Batch::Get.give_back(&mut answer, json!({"a": {"Keys": [2]}}).as_object().unwrap().clone());
    assert_eq!(answer, json!({"Responses": {}, "UnprocessedKeys": {"a": {"Keys": [2]}}}));
}
