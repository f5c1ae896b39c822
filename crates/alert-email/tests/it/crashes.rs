//! Runs at once, and runs that end where they should not.

use mlops_testkit::{end, smtp};
use serde_json::Value;

use crate::{World, header, subjects};

#[tokio::test]
async fn of_runs_at_once_one_sends() {
    let world = World::new().await;
    world.log("2026-03-02 10:00", 7, 0.25).await;
    let to = ["one", "two", "three"].map(|name| world.to(name)).join(",");
    let run = || world.job("2026-03-02 10:10", &["--when-count-above", "5", "--to", &to]).start();
    let runs: Vec<_> = (0..4).map(|_| run()).collect();
    for run in runs {
        end(run).json(0);
    }
    assert_eq!(world.mails().len(), 3);
    assert_eq!(world.statuses().await, ["sent", "sent", "sent"]);
}

/// A run that is killed when the server has the mail and has not said so.
async fn killed_while_sending(world: &World, arguments: &[&str]) {
    smtp().fault(&world.domain, "data", "keep-and-hang", 1);
    let mut run = world.job("2026-03-03 10:10", arguments).start();
    while world.mails().is_empty() {
        assert!(run.try_wait().unwrap().is_none(), "it ended by itself: {:?}", end(run));
        tokio::task::yield_now().await;
    }
    run.kill().unwrap();
    run.wait().unwrap();
    assert_eq!(world.statuses().await, ["sending"]);
}

#[tokio::test]
async fn a_page_is_told_twice_rather_than_not_at_all() {
    let world = World::new().await;
    world.log("2026-03-03 10:00", 7, 0.25).await;
    let to = world.to("ops");
    let plain = ["--when-count-above", "5", "--to", &to];
    killed_while_sending(&world, &plain).await;
    // For five minutes another run might still be sending it.
    world.job("2026-03-03 10:14", &plain).run().json(0);
    assert_eq!(world.mails().len(), 1);
    let report = world.job("2026-03-03 10:20", &plain).run().json(0);
    assert_eq!(report["messages"]["sent"], 1, "{report}");
    let mails = world.mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(header(&mails[0], "Message-ID"), header(&mails[1], "Message-ID"));
}

#[tokio::test]
async fn a_digest_is_rather_not_told_than_twice() {
    let world = World::new().await;
    let to = world.to("ops");
    let report = ["--report", "daily", "--to", &to];
    killed_while_sending(&world, &report).await;
    let counts: Value = world.job("2026-03-03 10:20", &report).run().json(1);
    assert_eq!(counts["messages"]["failed"], 1);
    assert_eq!(world.mails().len(), 1);
    assert!(world.outbox().await[0].4.contains("may have arrived"));
}

#[tokio::test]
async fn an_answer_that_is_lost_is_a_page_sent_again() {
    let world = World::new().await;
    world.log("2026-03-02 10:00", 7, 0.25).await;
    smtp().fault(&world.domain, "data", "keep-and-drop", 1);
    world.plain("2026-03-02 10:10", &[]).run().json(0);
    let mails = world.mails();
    assert_eq!(subjects(&mails).len(), 2);
    assert_eq!(header(&mails[0], "Message-ID"), header(&mails[1], "Message-ID"));
}

#[tokio::test]
async fn a_server_that_is_down_keeps_nothing_from_being_judged() {
    let world = World::new().await;
    world.log("2026-03-02 10:00", 7, 0.25).await;
    let report = world.plain("2026-03-02 10:10", &["--smtp-port", "1"]).run().json(75);
    assert_eq!(
        (&report["rules"][0]["told"], &report["messages"]["left"]),
        (&"fired".into(), &1.into())
    );
    // A day later it is old news.
    let report = world.plain("2026-03-03 10:20", &[]).run().json(1);
    assert_eq!(report["messages"]["failed"], 1);
    assert!(world.outbox().await[0].4.contains("24 hours"));
}
