use std::path::PathBuf;

use crate::server::installed;

/// A Python with ONNX Runtime and LightGBM, which read our models.
pub fn runtimes() -> PathBuf {
    installed("runtimes").join("venv/bin/python")
}
