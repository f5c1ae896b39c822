//! Texts by Twilio, and what happens when it fails.

use mlops_testkit::{Job, end, secrets, twilio};
use serde_json::json;

use crate::{NUMBER, World};

#[tokio::test]
async fn the_plain_case_texts_the_count_and_the_mean_prediction() {
    let world = World::new().await;
    let report = world.plain("2026-03-02 10:10:03", &[]).run().json(0);
    assert_eq!(report["messages"]["sent"], 1, "{report}");
    let [text] = world.texts().try_into().unwrap();
    assert_eq!((&text["to"], &text["from"]), (&json!(NUMBER), &json!("+15005550006")));
    let body = text["body"].as_str().unwrap();
    let (says, mark) = body.rsplit_once(" #").unwrap();
    let expected = "WARNING alert-sms: many requests: 7 requests in 10m, above 5. Mean prediction 0.25. Since 2026-03-02 10:10 UTC.";
    assert_eq!((says, mark.len()), (expected, 8));
    assert_eq!(world.outbox().await, [("fired".to_owned(), "sent".to_owned(), String::new())]);
}

#[tokio::test]
async fn too_many_requests_are_repeated_when_twilio_says() {
    let world = World::new().await;
    twilio().fault(&world.account, "429", 2);
    world.plain("2026-03-02 10:10", &[]).run().json(0);
    assert_eq!(world.texts().len(), 1);
}

#[tokio::test]
async fn a_failure_that_created_a_message_is_settled_by_the_list() {
    for kind in ["500-kept", "hang-kept"] {
        let world = World::new().await;
        twilio().fault(&world.account, kind, 1);
        let report = world.plain("2026-03-02 10:10", &[]).run().json(0);
        assert_eq!((world.texts().len(), &report["messages"]["sent"]), (1, &json!(1)), "{kind}");
    }
}

#[tokio::test]
async fn a_failure_that_created_none_is_repeated() {
    let world = World::new().await;
    twilio().fault(&world.account, "500", 1);
    world.plain("2026-03-02 10:10", &[]).run().json(0);
    assert_eq!(world.texts().len(), 1);
    // One that lasts is the next run's, which asks for the list first.
    let world = World::new().await;
    twilio().fault(&world.account, "500", 3);
    world.plain("2026-03-02 10:10", &[]).run().json(75);
    assert_eq!(world.outbox().await[0].1, "sending");
    world.plain("2026-03-02 10:20", &[]).run().json(0);
    assert_eq!((world.texts().len(), world.outbox().await[0].1.as_str()), (1, "sent"));
}

#[tokio::test]
async fn a_killed_run_sends_no_second_text() {
    let world = World::new().await;
    twilio().fault(&world.account, "hang-kept", 1);
    let mut run = world.plain("2026-03-02 10:10", &["--twilio-timeout", "60s"]).start();
    while world.texts().is_empty() {
        assert!(run.try_wait().unwrap().is_none(), "it ended by itself: {:?}", end(run));
        tokio::task::yield_now().await;
    }
    run.kill().unwrap();
    run.wait().unwrap();
    let report = world.plain("2026-03-02 10:20", &[]).run().json(0);
    assert_eq!((world.texts().len(), &report["messages"]["sent"]), (1, &json!(1)), "{report}");
}

#[tokio::test]
async fn a_number_that_is_none_is_given_up_and_not_shown() {
    let world = World::new().await;
    twilio().fault(&world.account, "21211", 1);
    let ended = world.plain("2026-03-02 10:10", &[]).run();
    ended.json(1);
    assert!(ended.stderr.contains("Twilio answered 400 with error 21211"), "{}", ended.stderr);
    assert!(!ended.stderr.contains(NUMBER) && !ended.stderr.contains("s3cret"), "{}", ended.stderr);
    world.plain("2026-03-02 10:11", &[]).run().json(0);
    assert_eq!(world.texts().len(), 0);
}

#[tokio::test]
async fn a_number_has_its_share_of_a_day_and_then_one_notice() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.toml");
    let rule = |name: usize| {
        format!("[[rule]]\nname = 'rule {name}'\nabove = {name}\nto = ['{NUMBER}']\n")
    };
    let rules: String = (1..=5).map(rule).collect();
    std::fs::write(&path, format!("texts-per-day = 2\ntime-zone = 'Europe/Berlin'\n{rules}"))
        .unwrap();
    let rules = ["--rules", path.to_str().unwrap()];
    let report = world.job("2026-03-02 10:10", &rules).run().json(0);
    assert_eq!(
        (&report["messages"]["sent"], &report["messages"]["muted"]),
        (&json!(3), &json!(3)),
        "{report}"
    );
    let texts = world.texts();
    let bodies: Vec<&str> = texts.iter().map(|text| text["body"].as_str().unwrap()).collect();
    assert!(
        bodies[2].starts_with("2 text messages were sent today, which is the daily limit."),
        "{bodies:?}"
    );
    // The recoveries of the day are muted too, without another notice; the next day begins at
    // midnight in Berlin.
    world.job("2026-03-02 10:20", &rules).run().json(0);
    world.job("2026-03-02 10:30", &rules).run().json(0);
    assert_eq!(world.texts().len(), 3);
    let statuses = world.outbox().await;
    assert_eq!(
        statuses
            .iter()
            .filter(|(_, status, why)| status == "muted" && why.contains("limit"))
            .count(),
        8
    );
}

#[tokio::test]
async fn a_text_holds_nothing_of_a_record_and_keeps_to_its_segments() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.toml");
    let name = "a name that goes on and on, “long” as it is, ".repeat(2);
    let text = format!(
        "[[rule]]\nname = '{name}'\nabove = 5\nby = 'input.name'\nto = ['{NUMBER}']\nnext = 'https://wiki.acme.example/runbook'"
    );
    std::fs::write(&path, text).unwrap();
    world
        .job("2026-03-02 10:10", &["--rules", path.to_str().unwrap(), "--max-segments", "1"])
        .run()
        .json(0);
    let body = world.texts()[0]["body"].as_str().unwrap().to_owned();
    assert!(body.len() <= 160 && body.is_ascii() && body.contains("... #"), "{body}");
    assert!(!body.contains("Jane"), "{body}");
}

#[tokio::test]
async fn an_api_key_and_a_messaging_service_come_from_the_secret() {
    let world = World::new().await;
    let id = |letters: &str| format!("{letters}{}", "0123456789abcdef".repeat(2));
    let secret = json!({
        "account_sid": world.account, "api_key": id("SK"), "api_secret": "s3cret", "messaging_service": id("MG"), "recipients": [NUMBER]
    });
    let name = secrets().secret(&secret.to_string()).await;
    let job = Job::new(env!("CARGO_BIN_EXE_alert-sms"))
        .args(["--when-count-above", "5", "--now", "2026-03-02 10:10", "--twilio-secret", &name])
        .env("TWILIO_ENDPOINT", &twilio().endpoint)
        .env("MLOPS_DATABASE", &world.database);
    let ended = job.on(secrets().server()).run();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(world.texts()[0]["messaging_service_sid"], id("MG"));
}

#[test]
fn wrong_settings_are_refused_by_name() {
    let plain = ["--when-count-above", "5", "--to", NUMBER];
    let account = format!("AC{}", "0".repeat(32));
    for (arguments, words) in [
        (vec![], "--twilio-account-sid (TWILIO_ACCOUNT_SID)"),
        (vec!["--twilio-account-sid", "AC12"], "AC and 32 hexadecimal digits"),
        (vec!["--twilio-account-sid", &account], "--twilio-auth-token (TWILIO_AUTH_TOKEN)"),
        (
            vec!["--twilio-account-sid", &account, "--twilio-auth-token", "t"],
            "--twilio-from (TWILIO_FROM)",
        ),
        (
            vec![
                "--twilio-account-sid",
                &account,
                "--twilio-auth-token",
                "t",
                "--twilio-from",
                "A",
                "--twilio-endpoint",
                "http://example.org",
            ],
            "must begin with https://",
        ),
    ] {
        let job = Job::new(env!("CARGO_BIN_EXE_alert-sms")).args(plain).args(&arguments);
        job.run().check_failed(2, &[words]);
    }
    let job = Job::new(env!("CARGO_BIN_EXE_alert-sms")).args([
        "--when-count-above",
        "5",
        "--to",
        "+0151 12",
    ]);
    job.run().check_failed(2, &["is not an E.164 phone number"]);
}
