//! Mail as a server gets it, and what happens when the server has something against it.

use mlops_testkit::{Job, secrets, smtp};
use serde_json::json;

use crate::{World, header, part, subjects};

#[tokio::test]
async fn the_plain_case_mails_the_count_and_the_mean_prediction() {
    let world = World::new().await;
    world.log("2026-03-02 10:00", 7, 0.25).await;
    let report = world.plain("2026-03-02 10:10:03", &[]).run().json(0);
    assert_eq!(report["rules"][0]["state"], "firing", "{report}");
    assert_eq!(report["messages"]["sent"], 1);
    let mails = world.mails();
    assert_eq!(
        subjects(&mails),
        ["WARNING: alert-email: many requests: 7 requests in 10m, above 5"]
    );
    let mail = &mails[0];
    assert_eq!((&mail["tls"], &mail["user"]), (&json!(true), &json!("alerts")));
    assert_eq!(
        (header(mail, "To"), header(mail, "From")),
        (world.to("ops").as_str(), "alerts@acme.example")
    );
    assert_eq!(header(mail, "Auto-Submitted"), "auto-generated");
    assert!(header(mail, "Message-ID").ends_with("@acme.example>"), "{mail}");
    for text in [part(mail, "text/plain"), part(mail, "text/html")] {
        for words in [
            "7 requests in 10m",
            "Mean predicted probability",
            "0.25",
            "2026-03-02 10:00 UTC to 2026-03-02 10:10 UTC",
        ] {
            assert!(text.contains(words), "no {words}: {text}");
        }
    }
}

#[tokio::test]
async fn an_episode_is_told_when_it_begins_and_when_it_is_over() {
    let world = World::new().await;
    world.log("2026-03-02 10:00", 7, 0.25).await;
    world.log("2026-03-02 10:10", 9, 0.25).await;
    for now in ["10:10", "10:20", "10:30", "10:40", "10:40:30"] {
        world.plain(&format!("2026-03-02 {now}"), &[]).run().json(0);
    }
    let mails = world.mails();
    let recovered =
        "RESOLVED: alert-email: many requests: fired for 30m, worst value 9; now 0 requests in 10m";
    assert_eq!(
        subjects(&mails),
        ["WARNING: alert-email: many requests: 7 requests in 10m, above 5", recovered]
    );
    assert_ne!(header(&mails[0], "Message-ID"), header(&mails[1], "Message-ID"));
    assert_eq!(header(&mails[0], "References"), header(&mails[1], "References"));
}

#[tokio::test]
async fn settings_and_recipients_come_from_the_secret() {
    let world = World::new().await;
    world.log("2026-03-02 10:00", 7, 0.25).await;
    // As the console of AWS writes them: every value a text.
    let secret = json!({
        "username": "alerts", "password": "s3cret", "host": "localhost", "port": smtp().implicit_port.to_string(),
        "recipients": format!("{}, {}", world.to("one"), world.to("two")), "from": "Acme alerts <alerts@acme.example>"
    });
    let name = secrets().secret(&secret.to_string()).await;
    let job = |arguments: &[&str]| {
        Job::new(env!("CARGO_BIN_EXE_alert-email"))
            .args([
                "--when-count-above",
                "5",
                "--smtp-tls",
                "implicit",
                "--now",
                "2026-03-02 10:10",
                "--output",
                "json",
            ])
            .args(arguments)
            .env("MLOPS_DATABASE", &world.database)
            .env("SSL_CERT_FILE", &smtp().authority)
            .on(secrets().server())
    };
    job(&["--smtp-secret", &name]).run().json(0);
    let mails = world.mails();
    assert_eq!(mails.len(), 2, "{mails:?}");
    assert!(mails.iter().all(|mail| mail["tls"] == true && mail["user"] == "alerts"));
    assert_eq!(header(&mails[0], "From"), "Acme alerts <alerts@acme.example>");
    job(&["--smtp-secret", "test/none"])
        .run()
        .check_failed(2, &["test/none", "the secret does not exist"]);
    let name = secrets().secret(r#"{"password": ["hunter2"]}"#).await;
    let ended = job(&["--smtp-secret", &name]).run();
    ended.check_failed(2, &["is not a JSON object with the keys username, password"]);
    assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_server_that_is_busy_is_asked_again() {
    let world = World::new().await;
    world.log("2026-03-02 10:00", 7, 0.25).await;
    smtp().fault(&world.domain, "data", "451 4.3.0 try again later", 1);
    world.plain("2026-03-02 10:10", &[]).run().json(0);
    assert_eq!(world.mails().len(), 1);
    let world = World::new().await;
    world.log("2026-03-02 10:00", 7, 0.25).await;
    smtp().fault(&world.domain, "rcpt", "451 4.7.1 greylisted", 3);
    let report = world.plain("2026-03-02 10:10", &[]).run().json(75);
    assert_eq!((&report["messages"]["left"], world.mails().len()), (&json!(1), 0));
    // The next run sends what this one could not.
    let report = world.plain("2026-03-02 10:11", &[]).run().json(0);
    assert_eq!(
        (&report["rules"][0]["already_judged"], &report["messages"]["sent"]),
        (&json!(true), &json!(1))
    );
}

#[tokio::test]
async fn one_bad_address_does_not_lose_the_others() {
    let world = World::new().await;
    world.log("2026-03-02 10:00", 7, 0.25).await;
    smtp().fault(&world.to("gone"), "rcpt", "550 5.1.1 no such user", 1);
    let to = ["first", "gone", "last"].map(|name| world.to(name)).join(",");
    let report =
        world.job("2026-03-02 10:10", &["--when-count-above", "5", "--to", &to]).run().json(1);
    assert_eq!(
        (&report["messages"]["sent"], &report["messages"]["failed"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(world.mails().len(), 2);
    let outbox = world.outbox().await;
    let (_, _, status, attempts, why) = &outbox[1];
    assert_eq!((status.as_str(), *attempts), ("failed", 1));
    assert!(why.contains("550"), "{why}");
    // It is not tried again.
    world.job("2026-03-02 10:11", &["--when-count-above", "5", "--to", &to]).run().json(0);
    assert_eq!(world.mails().len(), 2);
}

#[tokio::test]
async fn a_wrong_password_keeps_the_mail_for_the_right_one() {
    let world = World::new().await;
    world.log("2026-03-02 10:00", 7, 0.25).await;
    let wrong = world.plain("2026-03-02 10:10", &["--smtp-password", "hunter2"]).run();
    wrong.json(75);
    assert!(wrong.stderr.contains("535") && !wrong.stderr.contains("hunter2"), "{}", wrong.stderr);
    assert!(!wrong.stderr.contains(&world.to("ops")), "an address is in the log: {}", wrong.stderr);
    assert_eq!(world.statuses().await, ["sending"]);
    world.plain("2026-03-02 10:12", &[]).run().json(0);
    assert_eq!((world.mails().len(), world.statuses().await), (1, vec!["sent".to_owned()]));
}

#[tokio::test]
async fn mail_goes_to_nobody_who_cannot_be_trusted() {
    let world = World::new().await;
    world.log("2026-03-02 10:00", 7, 0.25).await;
    // A certificate that nobody vouches for.
    let ended = world.plain("2026-03-02 10:10", &[]).env("SSL_CERT_FILE", "/dev/null").run();
    ended.json(75);
    assert!(
        ended.stderr.contains("certificate") || ended.stderr.contains("Issuer"),
        "{}",
        ended.stderr
    );
    // A server without STARTTLS.
    let plain = smtp().plain_port.to_string();
    world.plain("2026-03-02 10:20", &["--smtp-port", &plain]).run().json(75);
    assert_eq!(world.mails().len(), 0);
    let elsewhere = ["--smtp-tls", "none", "--smtp-host", "mail.acme.example"];
    let job = Job::new(env!("CARGO_BIN_EXE_alert-email")).args([
        "--when-count-above",
        "5",
        "--to",
        "a@b.example",
    ]);
    job.args(elsewhere)
        .args(["--from", "a@b.example"])
        .run()
        .check_failed(2, &["without encryption"]);
    // To this machine it may be.
    let job = Job::new(env!("CARGO_BIN_EXE_alert-email"))
        .args([
            "--when-count-above",
            "5",
            "--to",
            &world.to("ops"),
            "--from",
            "alerts@acme.example",
            "--output",
            "json",
        ])
        .args([
            "--smtp-host",
            "127.0.0.1",
            "--smtp-tls",
            "none",
            "--smtp-port",
            &plain,
            "--now",
            "2026-03-02 10:30",
        ]);
    job.env("MLOPS_DATABASE", &world.database).run().json(0);
    // The alert that had to wait, and its recovery.
    assert_eq!(world.mails().len(), 2);
}

#[tokio::test]
async fn a_header_cannot_be_smuggled_in() {
    let world = World::new().await;
    world.log("2026-03-02 10:00", 7, 0.25).await;
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("alerts.toml");
    let text = format!(
        "[[rule]]\nname = 'grüße'\nabove = 5\nby = 'input.device'\nto = ['{}']\n",
        world.to("ops")
    );
    std::fs::write(&rules, text).unwrap();
    world.job("2026-03-02 10:10", &["--rules", rules.to_str().unwrap()]).run().json(0);
    let mail = &world.mails()[0];
    let names: Vec<&str> = mail["headers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|header| header[0].as_str().unwrap())
        .collect();
    assert!(!names.contains(&"Bcc") && mail["to"].as_array().unwrap().len() == 1, "{names:?}");
    let subject =
        format!("WARNING: grüße [phone  Bcc: all@{}]: 7 requests in 10m, above 5", world.domain);
    assert_eq!(header(mail, "Subject"), subject);
}
