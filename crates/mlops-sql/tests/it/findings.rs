//! The rows of `data_shift`.

use mlops_core::ports::{ShiftRun, VerdictStore, Window};
use mlops_core::record::parse_utc;
use mlops_core::shift::{DataShift, FeatureSet, Roles, ShiftPolicy, compare};
use mlops_core::table::{Cell, Column, Kind, Table};
use sqlx::{Connection, MySqlConnection, Row, SqliteConnection};

use crate::contract::{in_mysql, in_sqlite};

/// `score` moves; `gone` cannot be compared.
fn findings() -> DataShift {
    let table = |offset: f64, names: &[&str]| {
        let mut columns: Vec<Column> = names.iter().map(|name| Column::new(*name, Kind::Numeric)).collect();
        for column in &mut columns {
            (0..200).for_each(|i| column.push(Cell::Number(f64::from(i) + offset)));
        }
        Table { columns }
    };
    let features = FeatureSet::new(table(0.0, &["score", "gone"]), &Roles::default());
    compare(&features, &table(150.0, &["score"]), &ShiftPolicy::new(0.05, 0.05, 50).unwrap())
}

async fn write(database: &impl VerdictStore, run_uid: &str) {
    let run = ShiftRun {
        run_uid,
        run_timestamp: parse_utc("2026-01-02 03:04:05").unwrap(),
        window: Window { from: parse_utc("2026-01-01"), to: None },
        significance: 0.05,
        features: &findings().features,
    };
    database.write_data_shift(run).await.unwrap();
}

const ROWS: &str = "SELECT run_uid, feature, verdict, shift_occurred, statistic, window_to IS NULL, why \
                    FROM data_shift ORDER BY run_uid, feature";

macro_rules! check_rows {
    ($connection:ty, $url:expr) => {{
        let mut connection = <$connection>::connect($url).await.unwrap();
        let rows = sqlx::query(ROWS).fetch_all(&mut connection).await.unwrap();
        let found: Vec<(String, String, String, bool, Option<f64>, bool, String)> =
            rows.iter().map(|r| (r.get(0), r.get(1), r.get(2), r.get(3), r.get(4), r.get(5), r.get(6))).collect();
        let row = |run: &str, feature: &str, verdict: &str, shifted, statistic, why: &str| {
            (run.to_owned(), feature.to_owned(), verdict.to_owned(), shifted, statistic, true, why.to_owned())
        };
        let expected = ["a", "b"].map(|run| {
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
