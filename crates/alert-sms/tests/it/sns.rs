//! Texts by Amazon SNS.

use mlops_testkit::{Job, secrets};

use crate::World;

#[tokio::test]
async fn amazon_sns_carries_the_same_text() {
    let world = World::new().await;
    // Its own number, since the texts of all tests are in one list.
    let number = format!("+49151{:08}", std::process::id() % 100_000_000);
    let job = || {
        Job::new(env!("CARGO_BIN_EXE_alert-sms"))
            .args(["--provider", "sns", "--when-count-above", "5", "--to", &number])
            .env("MLOPS_DATABASE", &world.database)
    };
    let ended = job().args(["--now", "2026-03-02 10:10"]).on(secrets().server()).run();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let [text] = secrets().texts(&number).try_into().unwrap();
    assert!(
        text.starts_with(
            "WARNING alert-sms: many requests: 7 requests in 10m, above 5. Mean prediction 0.25."
        ),
        "{text}"
    );
    // Nobody answers when it is over: the text waits for the next run.
    job().args(["--now", "2026-03-02 10:20"]).on(secrets().server()).run();
    let away = job()
        .args(["--now", "2026-03-02 10:30"])
        .on(secrets().server())
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    away.run().check_failed(75, &["Amazon SNS"]);
    let ended = job().args(["--now", "2026-03-02 10:40"]).on(secrets().server()).run();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(secrets().texts(&number).len(), 2);
}
