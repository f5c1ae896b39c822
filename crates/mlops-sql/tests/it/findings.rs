//! The rows of `data_shift`.

use mlops_core::table::{Cell, Column, Kind, Table};
use mlops_core::timestamp::parse_utc;
use mlops_core::window::Window;
use mlops_detect::shift::{DataShift, ShiftPolicy, compare};
use mlops_detect::store::{ShiftRun, VerdictStore};
use mlops_stats::profile::Profile;
use sqlx::{Connection, MySqlConnection, Row, SqliteConnection};

use crate::contract::{in_mysql, in_sqlite};

/// `score` moves; `gone` cannot be compared.
fn findings() -> DataShift {
    let profile = |offset: f64, names: &[&str]| {
        let mut columns: Vec<Column> =
            names.iter().map(|name| Column::new(*name, Kind::Numeric)).collect();
        for column in &mut columns {
            (0..200).for_each(|i| column.push(Cell::Number(f64::from(i) + offset)));
        }
        let mut profile = Profile::of_columns(names.iter().map(|name| (*name, Kind::Numeric)));
        profile.add(&Table { columns });
        profile
    };
    let policy = ShiftPolicy::new(0.05, 0.05, 50).unwrap();
    compare(&profile(0.0, &["score", "gone"]), &profile(150.0, &["score"]), &policy)
}

async fn write(database: &impl VerdictStore, run_uid: &str) {
    let run = ShiftRun {
        run_uid,
        run_timestamp: parse_utc("2026-01-02 03:04:05").unwrap(),
        window: Window { from: parse_utc("2026-01-01"), to: None },
        significance: 0.05,
        model_uid: Some("model-7"),
        segments: &[(String::new(), findings()), ("premium".to_owned(), findings())],
    };
    database.write_data_shift(run).await.unwrap();
}

const ROWS: &str = "SELECT CONCAT(run_uid, '/', segment), feature, verdict, shift_occurred, statistic, window_to IS NULL, why \
                    FROM data_shift WHERE model_uid = 'model-7' ORDER BY run_uid, segment, feature";

macro_rules! check_rows {
    ($connection:ty, $url:expr) => {{
        let mut connection = <$connection>::connect($url).await.unwrap();
        let rows = sqlx::query(ROWS).fetch_all(&mut connection).await.unwrap();
        let found: Vec<(String, String, String, bool, Option<f64>, bool, String)> = rows
            .iter()
            .map(|r| (r.get(0), r.get(1), r.get(2), r.get(3), r.get(4), r.get(5), r.get(6)))
            .collect();
        let row = |run: &str, feature: &str, verdict: &str, shifted, statistic, why: &str| {
            (
                run.to_owned(),
                feature.to_owned(),
                verdict.to_owned(),
                shifted,
                statistic,
                true,
                why.to_owned(),
            )
        };
        let expected = ["a/", "a/premium", "b/", "b/premium"].map(|run| {
            [
                row(run, "gone", "inconclusive", false, None, "production has no such column"),
                row(run, "score", "shifted", true, Some(0.75), "median 99 → 249"),
            ]
        });
        assert_eq!(found, expected.concat());
    }};
}

#[tokio::test]
async fn a_run_replaces_what_it_wrote_before_in_sqlite() {
    let (database, folder) = in_sqlite().await;
    for run_uid in ["a", "b", "a"] {
        write(&database, run_uid).await;
    }
    check_rows!(SqliteConnection, &format!("sqlite://{}/new/mlops.db", folder.path().display()));
}

#[tokio::test]
async fn a_run_replaces_what_it_wrote_before_in_mysql() {
    let (database, url) = in_mysql().await;
    for run_uid in ["a", "b", "a"] {
        write(&database, run_uid).await;
    }
    check_rows!(MySqlConnection, &url);
}
