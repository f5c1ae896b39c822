//! What a container's health check hears.

use std::io::Write;
use std::net::TcpListener;

use mlops_testkit::{Ended, Job};

use crate::service::{Service, job};
use crate::world::World;

fn health(address: &str) -> Ended {
    Job::new(env!("CARGO_BIN_EXE_score"))
        .args(["health", "--output", "json"])
        .env("SCORE_LISTEN", address)
        .run()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_answers_is_well_and_one_that_is_gone_is_not() {
    let world = World::new();
    let service = Service::start(job(&world, &["--token", "s3cret-token"]));
    let address = service.address.clone();
    let port = address.rsplit_once(':').unwrap().1;
    let asked = format!("http://{address}/health");
    assert_eq!(health(&address).json(0)["healthy"], asked);
    assert_eq!(
        health(&format!("0.0.0.0:{port}")).json(0)["healthy"],
        asked,
        "the address of a container"
    );
    service.stop();
    health(&address).check_failed(1, &[&format!("requesting {asked}")]);
    health("0.0.0.0:0").check_failed(2, &["name the port of the service"]);
}

#[test]
fn another_answer_than_200_is_no_health_and_silence_is_none() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answering = std::thread::spawn(move || {
        let (mut first, _) = listener.accept().unwrap();
        first.write_all(b"HTTP/1.1 503 Service Unavailable\r\n\r\n").unwrap();
        // Held open, and never answered.
        (listener.accept().unwrap(), first)
    });
    health(&address).check_failed(1, &["answered `HTTP/1.1 503`"]);
    health(&address).check_failed(1, &["did not answer in 3 seconds"]);
    drop(answering.join().unwrap());
}
