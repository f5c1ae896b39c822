//! JSON in answers.

use axum::http::{HeaderMap, HeaderValue, header};

/// Writes a text as JSON.
pub(crate) fn push_string(json: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(json, text).expect("memory takes any text");
}

/// The content type of JSON.
pub(crate) fn json_type() -> HeaderMap {
    HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))])
}
