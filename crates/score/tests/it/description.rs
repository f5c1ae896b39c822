//! The description, and whether what it says is true.

use std::process::Command;

use mlops_testkit::schemathesis;

use crate::service::{Service, job};
use crate::world::World;

/// Schemathesis calls what is described, with what is and what is not allowed, and finds nothing to
/// say against the answers.
#[tokio::test(flavor = "multi_thread")]
async fn schemathesis_finds_nothing() {
    let world = World::new();
    let service = Service::start(job(
        &world,
        &["--lenient", "--token", "secret", "--logs", &world.path("logs")],
    ));
    let run = Command::new(schemathesis())
        .args([
            "run",
            &format!("http://{}/openapi.json", service.address),
            "--header",
            "Authorization: Bearer secret",
        ])
        .args([
            "--checks",
            "all",
            "--max-examples",
            "40",
            "--seed",
            "1",
            "--workers",
            "1",
            "--no-color",
        ])
        .args(["--exclude-path", "/config-refresh"])
        .current_dir(world.path("."))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{said}\n{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!(service.stop().0, 143);
    assert!(!world.logged().is_empty(), "some requests were answered");
}
