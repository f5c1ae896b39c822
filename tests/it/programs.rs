//! The workspace's programs, as `cargo build` makes them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Every program, each of which has an image.
pub(crate) use mlops_job::PROGRAMS as JOBS;
use mlops_testkit::Job;

/// A program of the profile that these tests are built with.
pub(crate) fn job(name: &str) -> Job {
    Job::new(folder().join(name))
}

/// The folder of all programs, made new if their source has changed.
pub(crate) fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let folder = test.ancestors().nth(2).expect("a test lies in PROFILE/deps").to_owned();
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--workspace", "--bins", "--locked"]).current_dir(root());
        if folder.ends_with("release") {
            build.arg("--release");
        }
        build.arg("--target-dir").arg(folder.parent().unwrap());
        assert!(build.status().unwrap().success());
        folder
    })
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}
