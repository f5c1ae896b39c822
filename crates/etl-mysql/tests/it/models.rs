//! Records of several models in one location.

use crate::dead_letters::letters;
use crate::world::World;

fn line(place: &str, n: usize) -> String {
    let (output, beside) = match place {
        "" => (String::new(), String::new()),
        "beside" => (String::new(), r#","model_name":"ltv""#.to_owned()),
        name => (format!(r#","model_name":"{name}""#), String::new()),
    };
    format!(
        r#"{{"input":{{"uid":"u","n":{n}}},"output":{{"logging_timestamp":"2026-01-01"{output}}}{beside}}}"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_of_the_model_that_it_names_and_else_of_the_jobs() {
    for world in [World::local(), World::cloud().await] {
        let lines = [line("", 1), line("churn", 2), line("beside", 3), line("Churn EU", 4)];
        world.put("dt=2026-01-01/one.json", lines.join("\n")).await;
        let job = || world.job().args(["--model", "default-of-job", "--max-bad-ratio", "1"]);
        let report = job().run().json(0);
        assert_eq!((&report["records"], &report["bad"]), (&4.into(), &1.into()), "{report}");
        let names = world.texts("SELECT model_name FROM model_logs ORDER BY model_name").await;
        assert_eq!(names, ["churn", "default-of-job", "ltv"]);
        let found = letters(&world).await;
        let reason = found[0]["reason"].as_str().unwrap();
        assert!(reason.contains("Churn EU") && reason.contains("such as `churn-eu`"), "{reason}");
        let verified = world.command("verify").args(["--model", "default-of-job"]).run().json(0);
        assert_eq!((&verified["equal"], &verified["missing"]), (&3.into(), &0.into()));
        // An application that knows nothing of models inserts three values.
        world.texts("INSERT INTO model_logs (uid, logging_timestamp, input_output_payloads) VALUES ('u', '2026-01-01', '{}')").await;
        let names = world.texts("SELECT model_name FROM model_logs ORDER BY model_name").await;
        assert_eq!(names, ["churn", "default", "default-of-job", "ltv"]);
    }
}
