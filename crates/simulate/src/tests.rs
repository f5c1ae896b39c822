use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::customers::{Customers, columns};
use crate::dials::{Change, Dial, Drift};

fn rows(seed: u64, n: usize) -> Vec<Vec<String>> {
    let mut customers = Customers::new(seed);
    (0..n).map(|_| customers.next_row()).collect()
}

#[test]
fn the_same_seed_gives_the_same_customers() {
    assert_eq!(rows(1, 500), rows(1, 500));
    assert_ne!(rows(1, 500), rows(2, 500));
}

#[test]
fn the_table_has_the_schema() {
    let names = columns();
    assert_eq!(names.len(), 2 + 9 + 18 + 1);
    let (first, last) = (names.first().unwrap(), names.last().unwrap());
    assert_eq!((first.as_str(), last.as_str()), ("client_id", "churn"));
    assert!(rows(1, 100).iter().all(|row| row.len() == names.len()));
}

#[test]
fn about_a_fifth_of_the_customers_churn() {
    let churned = rows(3, 50_000).iter().filter(|row| row.last().unwrap() == "yes").count();
    let share = churned as f64 / 50_000.0;
    assert!((0.18..=0.22).contains(&share), "{share}");
}

#[test]
fn some_values_are_missing_and_client_ids_are_not() {
    let rows = rows(4, 5000);
    let missing =
        |column: usize| rows.iter().filter(|row| row[column].is_empty()).count() as f64 / 5000.0;
    let stars = columns().iter().position(|name| name == "average_stars").unwrap();
    assert!((0.07..=0.13).contains(&missing(stars)), "{}", missing(stars));
    assert_eq!(missing(0), 0.0);
    let ids: std::collections::BTreeSet<&str> = rows.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(ids.len(), 5000);
}

fn check_drift(text: &str, feature: &str, change: Change) {
    assert_eq!(text.parse::<Drift>(), Ok(Drift { feature: feature.to_owned(), change }), "{text}");
}

#[test]
fn drifts_are_read() {
    check_drift("score:×1.05", "score", Change::Scale(1.05));
    check_drift("score:x0.9", "score", Change::Scale(0.9));
    check_drift("score:+0.3sd", "score", Change::ShiftSd(0.3));
    check_drift("score:-0.3sd", "score", Change::ShiftSd(-0.3));
    let replace =
        || Change::Replace { from: "level_3".to_owned(), to: "level_4".to_owned(), share: 0.2 };
    check_drift("group:level_3→level_4@20%", "group", replace());
    check_drift("group:level_3->level_4@0.2", "group", replace());
}

#[test]
fn what_is_no_drift_is_refused_with_the_forms() {
    for text in [
        "score",
        "score:",
        ":×1.05",
        "score:1.05",
        "score:×fast",
        "score:+sd",
        "group:a→b",
        "group:a→b@150%",
        "score:×inf",
    ] {
        let error = text.parse::<Drift>().unwrap_err();
        assert!(error.contains(text) && error.contains("FEATURE:×1.05"), "{error}");
    }
}

fn turned(change: Change, cell: &str) -> String {
    let dial = Dial { column: 1, change, sd: 2.0 };
    let mut row = ["a", cell].map(str::to_owned);
    dial.turn(&mut row, &mut ChaCha8Rng::seed_from_u64(1));
    row[1].clone()
}

#[test]
fn a_dial_turns_its_column() {
    assert_eq!(turned(Change::Scale(1.5), "2"), "3");
    assert_eq!(turned(Change::ShiftSd(0.5), "2"), "3");
    assert_eq!(turned(Change::Scale(1.5), ""), "");
    assert_eq!(turned(Change::Scale(1.5), "unknown"), "unknown");
    let all =
        |from: &str| Change::Replace { from: from.to_owned(), to: "b".to_owned(), share: 1.0 };
    assert_eq!(turned(all("x"), "x"), "b");
    assert_eq!(turned(all("x"), "y"), "y");
}
