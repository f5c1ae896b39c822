//! What is answered, to whom, and with which words.

use std::sync::Arc;

use mlops_testkit::{PrivateMySql, mysql};
use sqlx::{Connection, Executor, MySqlConnection};

use crate::seed::{MODELS, SCRIPT, UNTIL};
use crate::world::{Served, execute, job, seed_year, year};

const YEAR: &str = "/?window=365d&until=2026-11-23";

#[test]
fn every_section_says_what_it_shows() {
    let served = Served::new(year(), &[]);
    let page = served.get(YEAR);
    assert_eq!(page.status, 200, "{}", page.body);
    for id in
        ["overview", "impact", "performance", "data-shift", "concept-shift", "models", "operations"]
    {
        assert!(page.body.contains(&format!("<section id=\"{id}\"")), "{id}");
    }
    let figures = [
        "requests",
        "mean-prediction",
        "jobs",
        "churn-by-arm",
        "clients-saved",
        "money-saved",
        "calibration",
        "roc-auc",
        "log-loss",
        "brier",
        "calibration-error",
        "features",
        "features-over-time",
        "distributions",
        "domain-classifier",
        "telling-features",
        "relations",
        "models",
        "retrain-requests",
        "deployments",
        "etl",
        "records-loaded",
        "dead-letters",
        "bad-partitions",
        "alerts",
        "alert-messages",
    ];
    for name in figures {
        assert!(page.body.contains(&format!("id=\"{name}\"><")), "{name}");
        for ending in ["csv", "json"] {
            let file = served.get(&format!("/api/{name}.{ending}?window=365d&until={UNTIL}"));
            assert_eq!(file.status, 200, "{name}.{ending}");
            assert!(
                file.body.lines().next().is_some_and(|line| !line.is_empty()),
                "{name}.{ending}: {}",
                file.body
            );
        }
    }
    assert!(page.body.contains(MODELS[1].0), "the model in production");
    assert!(page.body.contains("Verdict shifted: "), "what to do");
    assert!(
        !page.body.contains("<script>alert") && !page.body.contains("<img src=x>"),
        "a name was taken for markup"
    );
    assert!(page.body.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(!page.body.contains("ops@example.org"), "an address of a person");
}

#[test]
fn few_data_are_inconclusive_and_no_run_is_no_verdict() {
    let served = Served::new(year(), &[]);
    let first_weeks = served.get("/?window=7d&until=2025-12-18").body;
    let chain =
        first_weeks.split("<ol class=\"chain\"").nth(1).unwrap().split("</ol>").next().unwrap();
    assert!(chain.contains("inconclusive") && !chain.contains("stable"), "{chain}");
    let before = served.get("/?window=7d&until=2025-06-01").body;
    let chain = before.split("<ol class=\"chain\"").nth(1).unwrap().split("</ol>").next().unwrap();
    assert_eq!(chain.matches("no run").count(), 4, "{chain}");
    assert!(before.contains("No run of") && before.contains("no model published yet"));
}

#[test]
fn files_hold_what_the_pictures_show() {
    let served = Served::new(year(), &[]);
    let json = |name: &str, query: &str| -> Vec<serde_json::Value> {
        serde_json::from_str(&served.get(&format!("/api/{name}.json?until={UNTIL}&{query}")).body)
            .unwrap()
    };
    let models = json("models", "window=365d");
    assert_eq!(models.len(), 4);
    assert_eq!(
        (&models[1]["model"], &models[1]["state"]),
        (&MODELS[1].0.into(), &"present".into())
    );
    let bad: u64 = json("dead-letters", "window=90d")
        .iter()
        .map(|day| day["dead_letters"].as_u64().unwrap())
        .sum();
    assert!((412..450).contains(&bad), "{bad}");
    let all: u64 =
        json("requests", "window=365d").iter().map(|day| day["requests"].as_u64().unwrap()).sum();
    let query = format!("window=365d&model={}", MODELS[0].0);
    let of_first: u64 =
        json("requests", &query).iter().map(|day| day["requests"].as_u64().unwrap()).sum();
    assert!(0 < of_first && of_first < all, "{of_first} of {all}");
    let shares = json("distributions", "window=7d");
    let of_script: f64 = shares
        .iter()
        .filter(|row| row["feature"] == SCRIPT)
        .map(|row| row["production"].as_f64().unwrap())
        .sum();
    assert!((of_script - 1.0).abs() < 1e-3, "{of_script}");
    let csv = served.get(&format!("/api/telling-features.csv?until={UNTIL}"));
    assert!(
        csv.headers.contains("text/csv") && csv.body.starts_with("feature,importance,alone\n"),
        "{}",
        csv.body
    );
    let segment = json("features", "window=7d&segment=premium%20%26%20more");
    assert_eq!(segment[0]["n_production"], 300);
}

#[tokio::test]
async fn both_databases_give_the_same_page() {
    let url = mysql().database().await;
    seed_year(&url).await;
    let (in_mysql, in_sqlite) = (Served::new(&url, &[]), Served::new(year(), &[]));
    for file in [
        "requests",
        "mean-prediction",
        "features",
        "domain-classifier",
        "roc-auc",
        "churn-by-arm",
        "models",
        "etl",
        "alerts",
        "alert-messages",
        "retrain-requests",
        "dead-letters",
        "bad-partitions",
    ] {
        let csv = |served: &Served| {
            served.get(&format!("/api/{file}.csv?window=365d&until={UNTIL}")).body
        };
        let (of_mysql, of_sqlite) = (csv(&in_mysql), csv(&in_sqlite));
        let (of_mysql, of_sqlite) = (cells(&of_mysql), cells(&of_sqlite));
        assert_eq!(of_mysql.len(), of_sqlite.len(), "{file}");
        for (one, other) in of_mysql.iter().zip(&of_sqlite) {
            assert!(one == other || is_near(one, other), "{file}: {one} and {other}");
        }
    }
}

fn cells(csv: &str) -> Vec<String> {
    csv.lines().flat_map(|line| line.split(',')).map(str::to_owned).collect()
}

/// Sums of the same numbers in another order differ in their last digits.
fn is_near(one: &str, other: &str) -> bool {
    let (Ok(one), Ok(other)) = (one.parse::<f64>(), other.parse::<f64>()) else { return false };
    (one - other).abs() <= 1e-12 * one.abs()
}

#[tokio::test]
async fn a_user_who_may_only_read_is_enough() {
    // Of a server that is shared nobody may make users.
    let server = PrivateMySql::new().await;
    let url = server.database().await;
    let database = url.rsplit_once('/').unwrap().1.to_owned();
    seed_year(&url).await;
    let mut root = MySqlConnection::connect(&url).await.unwrap();
    let user = format!("reader_{}", std::process::id());
    root.execute(sqlx::AssertSqlSafe(format!("CREATE USER '{user}'@'%' IDENTIFIED BY 'reads'")))
        .await
        .unwrap();
    for table in
        ["log_rollup", "log_rollup_state", "model_metadata", "model_score", "model_release"]
    {
        root.execute(sqlx::AssertSqlSafe(format!(
            "GRANT SELECT ON {database}.{table} TO '{user}'@'%'"
        )))
        .await
        .unwrap();
    }
    let reader = url.replace("test:test@", &format!("{user}:reads@"));
    let page = Served::new(&reader, &[]).get(YEAR);
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(
        page.body.contains("has no permission to read the table data_shift. Grant SELECT"),
        "what is not granted is said"
    );
    assert!(
        page.body.contains(MODELS[1].0) && page.body.contains("id=\"requests\""),
        "the rest is there"
    );
}

#[tokio::test]
async fn a_table_that_an_older_database_lacks_is_named_in_its_section_only() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/mlops.db", folder.path().display());
    job(&["refresh", "--database", &url]).run().json(0);
    for table in ["alert_state", "concept_shift", "log_rollup", "log_rollup_state"] {
        execute(&url, &format!("DROP TABLE {table}")).await;
    }
    execute(&url, "ALTER TABLE data_shift DROP COLUMN picture").await;
    let page = Served::new(&url, &[]).get("/");
    assert_eq!(page.status, 200, "{}", page.body);
    for table in ["alert_state", "concept_shift", "log_rollup"] {
        assert!(
            page.body.contains(&format!(
                "The table {table}, or a column of it, is missing in this database"
            )),
            "{table}"
        );
    }
    assert!(
        page.body.contains("The ETL has not run yet") && page.body.contains("no run on record")
    );
}

#[test]
fn a_hundred_viewers_cost_one_look_at_the_database() {
    let served = Arc::new(Served::new(year(), &["--log-level", "debug"]));
    let viewers: Vec<_> = (0..100)
        .map(|_| {
            let served = Arc::clone(&served);
            std::thread::spawn(move || served.get(YEAR))
        })
        .collect();
    let pages: Vec<_> = viewers.into_iter().map(|viewer| viewer.join().unwrap()).collect();
    let etag =
        |headers: &str| headers.lines().find(|line| line.starts_with("etag")).unwrap().to_owned();
    let first = etag(&pages[0].headers);
    // A page says when it was made: two that were made apart would differ.
    assert!(pages.iter().all(|page| page.status == 200 && etag(&page.headers) == first));
    let known = first.strip_prefix("etag: ").unwrap();
    let again = served.get_with(YEAR, &format!("Host: localhost\r\nIf-None-Match: {known}\r\n"));
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    let compressed = served.get_with(YEAR, "Host: localhost\r\nAccept-Encoding: gzip\r\n");
    assert!(
        compressed.headers.contains("content-encoding: gzip")
            && compressed.body.len() < pages[0].body.len() / 4
    );
}

#[test]
fn every_answer_says_what_a_browser_may_do() {
    let served = Served::new(year(), &[]);
    for path in ["/", "/api", "/api/models.csv", "/nothing", "/?window=nonsense", "/health"] {
        let headers = served.get(path).headers;
        for said in [
            "content-security-policy: default-src 'none'",
            "frame-ancestors 'none'",
            "nosniff",
            "no-referrer",
            "x-frame-options: deny",
        ] {
            assert!(headers.contains(said), "{path} does not say {said}: {headers}");
        }
        assert!(
            !headers.contains("set-cookie") && !headers.contains("unsafe"),
            "{path}: {headers}"
        );
    }
}

#[test]
fn an_address_that_cannot_be_read_is_answered_in_words() {
    let served = Served::new(year(), &[]);
    for (path, status, says) in [
        ("/?window=nonsense", 400, "window: write a span"),
        ("/?until=never", 400, "until: write a time"),
        ("/?colour=red", 400, "unknown field"),
        ("/?window=%3Cscript%3E&x=", 400, "&lt;"),
        ("/nothing", 404, "Page not found"),
        ("/api/nothing.csv", 404, "Page not found"),
        ("/api/models.exe", 404, "Page not found"),
    ] {
        let answer = served.get(path);
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        assert!(answer.body.contains(says) || path.contains("script"), "{path}: {}", answer.body);
        assert!(
            !answer.body.contains("<script>alert") && !answer.body.contains("window=<script>"),
            "{path}"
        );
    }
}

#[test]
fn who_is_not_known_sees_nothing() {
    let token = ["--bearer-token", "s3cret-token", "--basic-auth", "ann:s3cret!"];
    let served = Served::new(year(), &token);
    for path in ["/", "/api", "/api/models.csv", "/nothing"] {
        let answer = served.get(path);
        assert_eq!(answer.status, 401, "{path}");
        assert!(
            answer.headers.contains("www-authenticate: basic") && !answer.body.contains("churn"),
            "{path}"
        );
    }
    assert_eq!(served.get("/health").body, "ok\n", "for a load balancer");
    for known in ["Bearer s3cret-token", "Basic YW5uOnMzY3JldCE="] {
        assert_eq!(
            served.get_with("/", &format!("Host: h\r\nAuthorization: {known}\r\n")).status,
            200,
            "{known}"
        );
    }
    assert_eq!(
        served.get_with("/", "Host: h\r\nAuthorization: Bearer s3cret-tokem\r\n").status,
        401
    );
    let open = Served::new(year(), &[]);
    assert_eq!(
        open.get_with("/", "Host: evil.example\r\n").status,
        403,
        "a name that somebody made point here"
    );
}

#[test]
fn others_are_not_let_in_by_accident() {
    let ended = job(&["--database", year(), "--listen", "0.0.0.0:0"]).run();
    ended.check_failed(2, &["--listen 0.0.0.0:0 is reachable", "--bearer-token"]);
    let ended = job(&["--database", year(), "--proxy-header", "x-amzn-oidc-identity"]).run();
    ended.check_failed(2, &["--proxy-network"]);
    let secret = job(&["--database", year(), "--listen", "0.0.0.0:0"])
        .env("DASHBOARD_BEARER_TOKEN", "short")
        .run();
    assert_eq!(secret.code, 2);
    assert!(!secret.stderr.contains("short\""), "{}", secret.stderr);
}

#[test]
fn a_file_that_is_not_there_is_named_and_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.db");
    job(&["--database", &format!("sqlite://{}", path.display())])
        .run()
        .check_failed(2, &["none.db"]);
    assert!(!path.exists());
}

#[test]
fn it_ends_when_it_is_asked_to() {
    let served = Served::new(year(), &[]);
    assert_eq!(served.get("/health").status, 200);
    let address = format!("127.0.0.1:{}", served.port);
    let health = || job(&["health"]).env("DASHBOARD_LISTEN", &address).run();
    assert_eq!(health().json(0)["healthy"], format!("http://{address}/health"));
    assert_eq!(served.terminate(), 143);
    health().check_failed(1, &["requesting http://127.0.0.1"]);
}

#[tokio::test]
async fn what_makes_no_sense_in_a_table_ends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/mlops.db", folder.path().display());
    job(&["refresh", "--database", &url]).run().json(0);
    let at = "'2026-11-20 05:00:00.000000'";
    let pictures = [
        r#"{"levels":{"names":[null,"b"],"reference":[],"production":[0.5,0.5]}}"#,
        r#"{"bins":{"from":1.0,"to":0.0,"reference":[1.0],"production":[1.0]}}"#,
        r#"{"bins":{"from":0.0,"to":1.0,"reference":[],"production":[1.0]}}"#,
        "no picture",
    ];
    for (index, picture) in pictures.iter().enumerate() {
        let row = format!(
            "'drift-1', 'f{index}', {at}, 'numeric', 'ks', 1e308, -1, 2, 0.05, 1e308, '', 7, -1, -5, 0, 'nonsense', '', 1, '{picture}'"
        );
        let columns = "run_uid, feature, run_timestamp, kind, test, statistic, p_value, p_value_adjusted, cutoff, effect, effect_name, \
                       missing_reference, missing_production, n_reference, n_production, verdict, why, shift_occurred, picture";
        execute(&url, &format!("INSERT INTO data_shift ({columns}) VALUES ({row})")).await;
    }
    let columns = "run_uid, kind, period_from, period_to, run_timestamp, n, base_rate, roc_auc, roc_auc_low, roc_auc_high, log_loss, brier, details, \
                   verdict, why, is_decisive";
    let row = format!(
        "'p-1', 'realised', {at}, '2020-01-01', {at}, -3, 9, 7.5, 9, -9, -1e308, 1e308, 'no details', '', '', 1"
    );
    execute(&url, &format!("INSERT INTO performance ({columns}) VALUES ({row})")).await;
    let columns = "run_uid, period_from, period_to, run_timestamp, model_clients, model_left, heuristic_clients, heuristic_left, clients_saved, \
                   clients_saved_low, clients_saved_high, verdict, why";
    let row = format!("'p-1', {at}, {at}, {at}, 3, 5, 0, 7, 1e308, 2e308, -1e308, 'shifted', ''");
    execute(&url, &format!("INSERT INTO business_impact ({columns}) VALUES ({row})")).await;
    let rollup = "'default', '2026-11-20 05:00:00.000000', '', 'nobody', -5, 0, 1e308, -1e308, -1), ('default', '2026-11-20 05:00:00.000000', '', 'model', 5, 3, -1, -1, 9";
    execute(&url, &format!("INSERT INTO log_rollup VALUES ({rollup})")).await;
    let served = Served::new(&url, &[]);
    for window in ["1s", "24h", "7d", "365d", "4294967295d"] {
        for until in [UNTIL, "1970-01-01", "9999-01-01"] {
            let page = served.get(&format!("/?window={window}&until={until}"));
            assert_eq!(page.status, 200, "{window} until {until}: {}", page.body);
        }
    }
}
