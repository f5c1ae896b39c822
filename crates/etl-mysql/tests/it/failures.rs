//! What is wrong outside the logs: each has its exit code and says what to do.

use mlops_testkit::{Job, mysql, s3};

use crate::world::{World, line};

/// The address of a database that goes with its folder.
fn database(folder: &tempfile::TempDir) -> String {
    format!("sqlite://{}/mlops.db", folder.path().display())
}

fn job(arguments: &[&str]) -> Job {
    Job::new(env!("CARGO_BIN_EXE_etl-mysql")).args(arguments)
}

#[test]
fn a_folder_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    job(&["--logs", "/nowhere/logs", "--database", &database(&folder)])
        .run()
        .check_failed(2, &["/nowhere/logs"]);
}

#[test]
fn a_file_in_the_place_of_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.json");
    std::fs::write(&path, line("a")).unwrap();
    let ended = job(&["--logs", path.to_str().unwrap(), "--database", &database(&folder)]).run();
    ended.check_failed(2, &["log.json", "Not a directory"]);
}

#[test]
fn a_bucket_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let ended = job(&["--logs", "s3://test-no-such-bucket/logs", "--database", &database(&folder)])
        .on(s3())
        .run();
    ended.check_failed(2, &["s3://test-no-such-bucket/logs/", "no such bucket"]);
}

#[test]
fn an_endpoint_that_does_not_answer() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let ended = job(&["--logs", "s3://bucket/logs", "--database", &database(&folder)])
        .on(s3())
        .env("AWS_ENDPOINT_URL", &format!("http://127.0.0.1:{port}"))
        .run();
    ended.check_failed(75, &["s3://bucket/logs/", "is unreachable"]);
}

#[test]
fn no_aws_credentials() {
    let folder = tempfile::tempdir().unwrap();
    let ended = job(&["--logs", "s3://bucket/logs", "--database", &database(&folder)])
        .env("AWS_ENDPOINT_URL", &s3().endpoint)
        .run();
    ended.check_failed(2, &["set AWS credentials"]);
}

#[test]
fn a_password_appears_nowhere() {
    let world = World::local();
    std::fs::create_dir_all(&world.location).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for (url, code) in [
        (format!("mysql://etl:s3cret@127.0.0.1:{port}/mlops"), 75),
        ("mysql://etl:s3cret@127.0.0.1:no-port/mlops".to_owned(), 2),
        ("etl:s3cret".to_owned(), 2),
    ] {
        let ended = job(&["--logs", &world.location, "--log-level", "debug"])
            .env("MLOPS_DATABASE", &url)
            .run();
        ended.check_failed(code, &[]);
        assert!(!ended.stderr.contains("s3cret"), "{}", ended.stderr);
    }
    let help = job(&["--help"]).env("MLOPS_DATABASE", "mysql://etl:s3cret@db/mlops").run();
    assert!(help.code == 0 && !help.stdout.contains("s3cret"), "{}", help.stdout);
}

#[tokio::test]
async fn missing_tables_in_mysql() {
    let world = World::local();
    world.put("a.json", line("a")).await;
    let url = mysql().database().await;
    let ended = job(&["--logs", &world.location]).env("MLOPS_DATABASE", &url).run();
    ended.check_failed(2, &["--create-tables", "CREATE TABLE IF NOT EXISTS etl_watermark"]);
}

#[test]
fn a_whole_bucket_without_a_place_for_bad_records() {
    job(&["--logs", "s3://bucket"])
        .run()
        .check_failed(2, &["s3://bucket/ has no name", "--dead-letters"]);
}

#[test]
fn bad_records_in_the_place_of_the_logs() {
    let ended = job(&["--logs", "s3://bucket/logs", "--dead-letters", "s3://bucket/logs/"]).run();
    ended.check_failed(2, &["s3://bucket/logs/ is --logs itself"]);
}

#[test]
fn a_file_as_database_in_a_container_of_aws_batch() {
    let ended = job(&["--logs", "s3://bucket/logs"]).env("AWS_BATCH_JOB_ID", "0b1c").run();
    ended.check_failed(
        2,
        &["--database (MLOPS_DATABASE) is a local file", "lost when this container ends"],
    );
}

#[test]
fn wrong_arguments() {
    for (arguments, word) in [
        (vec!["--concurrency", "0"], "--concurrency"),
        (vec!["--max-bad-ratio", "5"], "between 0 and 1"),
        (vec!["--logs", "gs://bucket"], "s3://BUCKET/PREFIX"),
        (vec!["--config", "/nowhere/mlops.toml"], "/nowhere/mlops.toml"),
        (vec![], "--logs"),
    ] {
        job(&arguments).run().check_failed(2, &[word]);
    }
}

#[test]
fn logs_are_json_where_there_is_no_terminal() {
    let world = World::local();
    std::fs::create_dir_all(&world.location).unwrap();
    let ended = world.job().run();
    let first: serde_json::Value =
        serde_json::from_str(ended.stderr.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&first["level"], &first["message"]),
        (&"INFO".into(), &"loading".into()),
        "{first}"
    );
}
