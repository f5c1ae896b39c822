//! A model is made, and its training data are what production is compared with.

use serde_json::Value;

use crate::programs::job;

/// Customers by a rule; those of production have stayed longer, by `longer`.
fn customers(rows: usize, longer: usize) -> Vec<(usize, &'static str, &'static str)> {
    let customer = |row: usize| {
        let (tenure, plan) = (row * 7919 % 72, ["basic", "plus", "family"][row * 31 % 7 % 3]);
        let leaves = (row * 104_729 % 100) + if plan == "plus" { 20 } else { 0 } > tenure + 25;
        (tenure + longer, plan, if leaves { "yes" } else { "no" })
    };
    (0..rows).map(customer).collect()
}

#[test]
fn drift_knows_the_present_model() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (models, database) = (path("models"), format!("sqlite://{}", path("mlops.db")));
    let rows = customers(2000, 0).into_iter().enumerate();
    let rows = rows.map(|(row, (tenure, plan, churn))| format!("{row},{tenure},{plan},{churn}\n"));
    std::fs::write(
        path("train.csv"),
        format!("client_id,tenure,plan,churn\n{}", rows.collect::<String>()),
    )
    .unwrap();
    let retrain = [
        "--data",
        &path("train.csv"),
        "--id",
        "client_id",
        "--target",
        "churn",
        "--models",
        &models,
    ];
    let made = job("retrain").args(retrain).args(["--output", "json"]).run().json(0);
    assert_eq!(made["published"], true, "{made}");

    std::fs::create_dir(path("logs")).unwrap();
    let logs = |name: &str, time: &str, longer: usize| {
        let lines = customers(600, longer).into_iter().enumerate().map(|(row, (tenure, plan, _))| {
            format!(
                r#"{{"input":{{"uid":"{name}{row}","client_id":"90{row}","tenure":{tenure},"plan":"{plan}"}},"output":{{"logging_timestamp":"{time}"}}}}"#
            ) + "\n"
        });
        std::fs::write(path(&format!("logs/{name}.ndjson")), lines.collect::<String>()).unwrap();
    };
    // The requests of before are not this model's.
    logs("before", "2020-01-01 00:00:00", 40);
    logs("since", "2099-01-01 00:00:00", 0);
    job("etl-mysql")
        .args(["--logs", &path("logs"), "--database", &database])
        .args(["--output", "json"])
        .run()
        .json(0);
    let drift = |arguments: &[&str]| -> Value {
        let job =
            job("drift").args(["--models", &models, "--database", &database, "--output", "json"]);
        job.args(arguments).run().json(0)
    };
    let found = drift(&[]);
    assert_eq!(
        (&found["verdict"], &found["model_uid"]),
        (&"stable".into(), &made["model_uid"]),
        "{found}"
    );
    assert_eq!(found["rows_production"], 600);
    let found = drift(&[
        "--since",
        "2000-01-01",
        "--by",
        "plan",
        "--model-uid",
        made["model_uid"].as_str().unwrap(),
    ]);
    assert_eq!(
        (&found["verdict"], &found["segments"].as_array().unwrap().len()),
        (&"shifted".into(), &3),
        "{found}"
    );
    let wish = [
        "--since",
        "2000-01-01",
        "--retrain-when",
        "important",
        "--retrain-command",
        "true",
        "--dry-run",
    ];
    assert_eq!(drift(&wish)["retrain"]["action"], "would_submit", "{}", drift(&wish));
}
