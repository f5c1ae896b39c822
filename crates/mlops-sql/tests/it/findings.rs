//! The rows of `data_shift`.

use mlops_core::table::{Cell, Column, Kind, Rules, Table, Values};
use mlops_core::timestamp::parse_utc;
use mlops_core::window::Window;
use mlops_detect::shift::{DataShift, ShiftPolicy, compare};
use mlops_detect::store::{ShiftRun, VerdictStore};
use mlops_sql::Database;
use mlops_stats::profile::Profile;

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

async fn check_rows(database: &Database) {
    let rows = database.query(ROWS, &Rules::default()).await.unwrap();
    let texts = |column: usize| -> Vec<String> {
        rows.columns[column].names().into_iter().map(Option::unwrap).collect()
    };
    let numbers = |column: usize| match &rows.columns[column].values {
        Values::Numeric(numbers) => numbers.clone(),
        other => panic!("{other:?}"),
    };
    let runs = ["a/", "a/premium", "b/", "b/premium"];
    assert_eq!(texts(0), runs.map(|run| [run, run]).concat());
    assert_eq!(texts(1), ["gone", "score"].repeat(4));
    assert_eq!(texts(2), ["inconclusive", "shifted"].repeat(4));
    assert_eq!(numbers(3), [0.0, 1.0].repeat(4), "whether a shift occurred");
    for statistics in numbers(4).chunks(2) {
        assert!(statistics[0].is_nan() && statistics[1] == 0.75, "{statistics:?}");
    }
    assert_eq!(numbers(5), [1.0; 8], "the window has no end");
    assert_eq!(texts(6), ["the column is missing in production", "median 99 → 249"].repeat(4));
}

async fn check_replaced(database: &Database) {
    for run_uid in ["a", "b", "a"] {
        write(database, run_uid).await;
    }
    check_rows(database).await;
}

#[tokio::test]
async fn a_run_replaces_what_it_wrote_before_in_sqlite() {
    let (database, _folder) = in_sqlite().await;
    check_replaced(&database).await;
}

#[tokio::test]
async fn a_run_replaces_what_it_wrote_before_in_mysql() {
    let (database, _) = in_mysql().await;
    check_replaced(&database).await;
}
