//! What is answered is logged, whatever fails.

use std::process::Command;

use mlops_testkit::{Calls, Fault, Faults, Job, PrivateMySql, s3};

use crate::caller::Load;
use crate::logs::{records, rows};
use crate::service::{Service, job};
use crate::world::{World, check_same, uids};

/// A service that logs to a bucket by way of a proxy, and to it alone.
async fn through_a_proxy(world: &World, arguments: &[&str]) -> (Faults, String, Job) {
    let (faults, bucket) = (Faults::start(&s3().endpoint), s3().bucket().await);
    let logs = format!("s3://{bucket}");
    let job = job(world, &["--logs", &logs, "--log-every", "50ms"]).args(arguments);
    let job = job.on(s3()).env("AWS_ENDPOINT_URL", &faults.endpoint);
    (faults, bucket, job)
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_that_is_down_loses_nothing_and_stops_nobody() {
    let world = World::new();
    let (faults, bucket, job) = through_a_proxy(&world, &[]).await;
    let mut service = Service::start(job);
    let load = Load::start(&service.address, 4);
    load.more(100).await;
    faults.inject("PutObject", Calls::All, Fault::Drop);
    service.wait_for("records stay in the spool");
    load.more(500).await;
    let ready = service.get("/ready").await;
    assert_eq!(
        (ready.status, &ready.json()["logs"][0]["state"]),
        (200, &"spooling".into()),
        "{ready:?}"
    );
    assert!(ready.json()["spooled_bytes"].as_u64().unwrap() > 100_000, "{ready:?}");
    faults.clear();
    // These land, and seem to have failed; they are sent again over themselves.
    faults.inject("PutObject", Calls::First(2), Fault::LandThenFail);
    service.wait_for("the upload of the log works again");
    load.more(100).await;
    let loaded = load.stop().await;
    assert_eq!((loaded.refused.len(), loaded.cut), (0, 0));
    service.wait_until("/ready", |answer| answer.json()["spooled_bytes"] == 0).await;
    assert_eq!(service.stop().0, 143);
    check_same(&uids(&records(&bucket).await), &loaded.uids);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_sent_before_the_end_is_sent_after_the_next_start() {
    let world = World::new();
    let (faults, bucket, first) = through_a_proxy(&world, &[]).await;
    faults.inject("PutObject", Calls::All, Fault::Drop);
    let service = Service::start(first);
    let load = Load::start(&service.address, 4);
    load.more(200).await;
    let loaded = load.stop().await;
    let (code, said) = service.stop();
    assert!(code == 143 && said.contains("bytes remain in the spool"), "{code} {said}");
    assert_eq!(records(&bucket).await.len(), 0);

    let logs = format!("s3://{bucket}");
    let mut service = Service::start(job(&world, &["--logs", &logs]).on(s3()));
    assert!(service.log.contains("the spool has records of an earlier run"), "{}", service.log);
    service.wait_until("/ready", |answer| answer.json()["spooled_bytes"] == 0).await;
    check_same(&uids(&records(&bucket).await), &loaded.uids);
    service.log.clear();
    assert_eq!(service.stop().0, 143);
}

#[tokio::test(flavor = "multi_thread")]
async fn mysql_that_is_down_loses_nothing_and_does_not_hold_up_the_objects() {
    let world = World::new();
    let mut server = PrivateMySql::new().await;
    let database = server.database().await;
    let logs = world.path("logs");
    let both = [
        "--logs",
        &logs,
        "--database",
        &database,
        "--log-database",
        "--create-tables",
        "--log-every",
        "500ms",
    ];
    let mut service = Service::start(job(&world, &both));
    let load = Load::start(&service.address, 4);
    load.more(200).await;
    server.kill();
    service.wait_for("records stay in the spool");
    let before = world.logged().len();
    load.more(500).await;
    while world.logged().len() < before + 200 {
        load.more(10).await;
    }
    server.start().await;
    service.wait_for("the upload of the log works again");
    load.more(100).await;
    let loaded = load.stop().await;
    assert_eq!((loaded.refused.len(), loaded.cut), (0, 0));
    service.wait_until("/ready", |answer| answer.json()["spooled_bytes"] == 0).await;
    assert_eq!(service.stop().0, 143);
    check_same(&rows(&database).await, &loaded.uids);
    check_same(&uids(&world.logged()), &loaded.uids);
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_lets_calls_be_answered_and_sends_the_log_away() {
    let world = World::new();
    let service = Service::start(job(&world, &["--logs", &world.path("logs")]));
    let load = Load::start(&service.address, 8);
    load.more(300).await;
    let (code, said) = service.stop();
    let loaded = load.end().await;
    assert_eq!(code, 143);
    assert!(said.ends_with("were logged and uploaded\n"), "{said}");
    check_same(&uids(&world.logged()), &loaded.uids);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_spool_refuses_calls_and_takes_them_again_when_there_is_room() {
    let world = World::new();
    let (faults, bucket, job) = through_a_proxy(&world, &["--spool-max-bytes", "65536"]).await;
    faults.inject("PutObject", Calls::All, Fault::Drop);
    let mut service = Service::start(job);
    let load = Load::start(&service.address, 4);
    service.wait_for("calls are refused with status 503");
    let answer = service.predict("{}").await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "5"), "{answer:?}");
    assert!(answer.json()["detail"].as_str().unwrap().contains("--spool-max-bytes"), "{answer:?}");
    let ready = service.get("/ready").await;
    assert_eq!((ready.status, &ready.json()["status"]), (503, &"cannot log".into()));
    faults.clear();
    service.wait_for("records can be logged again");
    load.more(50).await;
    let loaded = load.stop().await;
    assert!(
        !loaded.refused.is_empty() && loaded.refused.iter().all(|status| *status == 503),
        "{:?}",
        loaded.refused
    );
    assert_eq!(service.stop().0, 143);
    check_same(&uids(&records(&bucket).await), &loaded.uids);
}

/// A file that may not grow fails in the middle of a write, as a disk that is full does.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_fails_half_way_refuses_its_calls_and_harms_no_other() {
    let world = World::new();
    let (model, spool, logs) = (world.path("model.pkl"), world.path("spool"), world.path("logs"));
    let limited = format!(
        "trap '' XFSZ; ulimit -f 16; exec {} --listen 127.0.0.1:0 --model {model} --spool {spool} --logs {logs} --log-every 200ms",
        env!("CARGO_BIN_EXE_score")
    );
    let mut service = Service::start(Job::new("/bin/bash").args(["-c", &limited]));
    let load = Load::start(&service.address, 4);
    service.wait_for("calls are refused with status 503");
    service.wait_for("records can be logged again");
    load.more(200).await;
    let loaded = load.stop().await;
    assert!(
        !loaded.refused.is_empty() && loaded.refused.iter().all(|status| *status == 503),
        "{:?}",
        loaded.refused
    );
    assert_eq!(service.stop().0, 143);
    check_same(&uids(&world.logged()), &loaded.uids);
}

/// A real disk of half a megabyte, where this user may have one.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_calls_and_loses_no_log() {
    let world = World::new();
    let spool = world.path("spool");
    std::fs::create_dir(&spool).unwrap();
    // In a name space of its own the service may mount what it likes, and all of it goes with it.
    let mounted = format!("mount -t tmpfs -o size=512k tmpfs {spool}");
    let may_mount = |unshare: &str| {
        Command::new("bash")
            .args(["-c", &format!("{unshare} bash -c '{mounted}' 2>/dev/null")])
            .status()
            .unwrap()
            .success()
    };
    let unshare = ["unshare -m", "unshare -rm"].into_iter().find(|unshare| may_mount(unshare));
    let (faults, bucket, _) = through_a_proxy(&world, &[]).await;
    faults.inject("PutObject", Calls::All, Fault::Drop);
    let (model, program) = (world.path("model.pkl"), env!("CARGO_BIN_EXE_score"));
    let run = format!(
        "exec {program} --listen 127.0.0.1:0 --model {model} --spool {spool} --logs s3://{bucket} --durable --log-every 50ms"
    );
    // Where nothing may be mounted, the limit of the spool stands in for the disk's.
    let command = match unshare {
        Some(unshare) => format!("exec {unshare} bash -c '{mounted} && {run}'"),
        None => format!("{run} --spool-max-bytes 500000"),
    };
    let job = Job::new("/bin/bash")
        .args(["-c", &command])
        .on(s3())
        .env("AWS_ENDPOINT_URL", &faults.endpoint);
    let mut service = Service::start(job.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"));
    let load = Load::start(&service.address, 4);
    let line = service.wait_for("calls are refused with status 503");
    assert!(unshare.is_none() || line.contains("No space left on device"), "{line}");
    load.more(0).await;
    faults.clear();
    service.wait_for("records can be logged again");
    load.more(100).await;
    let loaded = load.stop().await;
    assert!(
        !loaded.refused.is_empty() && loaded.refused.iter().all(|status| *status == 503),
        "{:?}",
        loaded.refused
    );
    service.wait_until("/ready", |answer| answer.json()["spooled_bytes"] == 0).await;
    assert_eq!(service.stop().0, 143);
    check_same(&uids(&records(&bucket).await), &loaded.uids);
}
