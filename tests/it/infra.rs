//! The stacks of `infra/`, their rules, and the steps of a release: Python's part of the tests.

use std::process::Command;

use mlops_testkit::stacks;

use crate::programs::{folder, root};

#[test]
fn the_stacks_keep_their_rules() {
    let tools = stacks();
    let tested = Command::new(tools.join("venv/bin/python"))
        .args(["-B", "-m", "pytest", "-p", "no:cacheprovider", "--color=no", "--tb=short"])
        .current_dir(root().join("infra"))
        .env("PROGRAMS", folder())
        .env("PYRIGHT_PYTHON_CACHE_DIR", tools.join("pyright"))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&tested.stdout);
    assert!(tested.status.success(), "{told}\n{}", String::from_utf8_lossy(&tested.stderr));
    assert!(told.contains(" passed"), "{told}");
}
