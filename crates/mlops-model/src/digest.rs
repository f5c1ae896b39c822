//! The digest of a model file over all of its other bytes, which is in the file itself.

use sha2::{Digest, Sha256};

/// Stands for the digest while it is computed.
pub(crate) const BLANK: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Puts the digest where [`BLANK`] is.
pub(crate) fn seal(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some(at) = position(&bytes, BLANK) {
        let digest = digest(&bytes, at);
        bytes[at..at + BLANK.len()].copy_from_slice(digest.as_bytes());
    }
    bytes
}

/// Whether the bytes are those that got this digest.
pub(crate) fn is_intact(bytes: &[u8], found: &str) -> bool {
    found.len() == BLANK.len()
        && position(bytes, found).is_some_and(|at| digest(bytes, at) == found)
}

fn position(bytes: &[u8], text: &str) -> Option<usize> {
    bytes.windows(text.len()).position(|window| window == text.as_bytes())
}

/// The digest of the bytes with a blank at `at`.
fn digest(bytes: &[u8], at: usize) -> String {
    let sha = Sha256::new_with_prefix(&bytes[..at]);
    let sha = sha.chain_update(BLANK).chain_update(&bytes[at + BLANK.len()..]);
    sha.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
