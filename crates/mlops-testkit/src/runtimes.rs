use std::path::PathBuf;

use crate::server::installed;

/// Schemathesis, which tests a service by its description.
pub fn schemathesis() -> PathBuf {
    installed("schemathesis").join("venv/bin/schemathesis")
}

/// A Python with ONNX Runtime and LightGBM, which read our models.
pub fn runtimes() -> PathBuf {
    installed("runtimes").join("venv/bin/python")
}

/// The folder of a Python environment with what the stacks of `infra/` are tested with.
pub fn stacks() -> PathBuf {
    installed("stacks")
}
