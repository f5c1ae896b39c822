/// Writes a text as JSON.
pub(crate) fn push_string(json: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(json, text).expect("memory takes any text");
}
