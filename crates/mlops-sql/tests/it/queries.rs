//! The rows of a query: IDs with all of their digits, and texts as what they say.

use mlops_core::table::{Column, Kind, Rules, Table};
use mlops_sql::Database;

use crate::contract::{in_mysql, in_sqlite};

fn names(table: &Table, column: &str) -> Vec<Option<String>> {
    table.column(column).map(Column::names).unwrap()
}

fn texts<const N: usize>(texts: [&str; N]) -> Vec<Option<String>> {
    texts.map(|text| Some(text.to_owned())).into()
}

async fn check(database: &Database, largest: &str) {
    let query = format!(
        "SELECT {largest} AS id, 12.0 AS cents, '$1,234.50' AS amount, '13.02.2026' AS day, '007' AS code \
        UNION ALL SELECT {largest} - 1, 13.0, '$2', '01.02.2026', '8' ORDER BY cents"
    );
    let rules =
        Rules { texts: ["id", "cents", "code"].map(str::to_owned).into(), ..Rules::default() };
    let table = database.query(&query, &rules).await.unwrap();
    let digits = largest.trim_start_matches(|c: char| !c.is_ascii_digit());
    let digits: u64 = digits.split(' ').next().unwrap().parse().unwrap();
    let ids = [digits.to_string(), (digits - 1).to_string()];
    assert_eq!(names(&table, "id"), ids.map(Some));
    assert_eq!(names(&table, "cents"), texts(["12", "13"]));
    assert_eq!(names(&table, "code"), texts(["007", "8"]));
    assert_eq!(names(&table, "amount"), texts(["1234.5", "2"]));
    assert_eq!(table.column("amount").unwrap().kind(), Kind::Numeric);
    assert_eq!(table.column("day").unwrap().kind(), Kind::Date);
    let unclear = database.query("SELECT '1,234' AS amount", &Rules::default()).await.unwrap_err();
    let cause = std::error::Error::source(&unclear).unwrap().to_string();
    assert!(
        unclear.to_string().contains("amount") && cause.contains("--decimal"),
        "{unclear}: {cause}"
    );
    let typed = database.query("SELECT '1,234' AS amount", &Rules::of_types()).await.unwrap();
    assert_eq!(names(&typed, "amount"), texts(["1,234"]));
}

#[tokio::test]
async fn rows_of_mysql_are_read_by_the_rules() {
    check(&in_mysql().await.0, "CAST(18446744073709551615 AS UNSIGNED)").await;
}

#[tokio::test]
async fn rows_of_sqlite_are_read_by_the_rules() {
    let (database, _folder) = in_sqlite().await;
    check(&database, "9223372036854775807").await;
    // SQLite has no types of columns: numbers and texts may stand in one.
    let numbers: Vec<String> = (0..300).map(|number| format!("SELECT {number} AS it")).collect();
    let query = format!("{} UNION ALL SELECT '#DIV/0!'", numbers.join(" UNION ALL "));
    let table = database.query(&query, &Rules::default()).await.unwrap();
    let column = table.column("it").unwrap();
    assert_eq!((column.kind(), column.missing()), (Kind::Numeric, 1));
    assert_eq!(column.unreadable_texts, ["#DIV/0!"]);
    let mixed = database.query("SELECT 7 AS it UNION ALL SELECT 'seven'", &Rules::default()).await;
    assert_eq!(mixed.unwrap().column("it").unwrap().kind(), Kind::Categorical);
}
