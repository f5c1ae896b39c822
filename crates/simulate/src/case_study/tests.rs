use mlops_core::table::Values;
use mlops_model::{Model, Progress, Recipe, Schema};

use super::args::Changed;
use super::changes::{Change, Scenario, scenarios};
use super::effect::Baseline;
use crate::customers::customers_table;

fn scenario(feature: &str, change: Change, changed: Changed) -> Scenario {
    Scenario { features: vec![feature.to_owned()], change, changed }
}

#[test]
fn every_change_is_tried_in_every_number_of_rows() {
    let table = customers_table(1, 500);
    let numeric = ["profile_score", "activity_score"].map(str::to_owned);
    let tried = scenarios(
        &table,
        &numeric,
        &["device_type".to_owned()],
        &[0.01, 0.5],
        &[Changed::All, Changed::Rows(10)],
    );
    assert_eq!(tried.len(), 3 * 2 * 2 + 2 * 2);
    assert!(
        tried
            .iter()
            .any(|scenario| scenario.features.len() == 2 && scenario.change == Change::Grow(0.5))
    );
}

#[test]
fn a_change_changes_its_feature_in_its_rows_only() {
    let table = customers_table(1, 200);
    let grown =
        scenario("activity_score", Change::Grow(0.5), Changed::Rows(2)).apply(&table, &[3, 7]);
    assert_eq!(grown.rows(), 2);
    let numbers = |column: &str, rows: &mlops_core::table::Table| match &rows
        .column(column)
        .unwrap()
        .values
    {
        Values::Numeric(values) => values.clone(),
        other => panic!("{other:?}"),
    };
    let before = numbers("activity_score", &table);
    assert_eq!(numbers("activity_score", &grown), [before[3] * 1.5, before[7] * 1.5]);
    assert_eq!(
        numbers("xp_points", &grown),
        [numbers("xp_points", &table)[3], numbers("xp_points", &table)[7]]
    );
}

#[test]
fn levels_are_swapped_or_new_and_what_is_missing_stays() {
    let table = customers_table(1, 400);
    let rows: Vec<usize> = (0..400).collect();
    let names = |table: &mlops_core::table::Table| table.column("coupon_code").unwrap().names();
    let swap = Change::Swap("level_1".to_owned(), "level_2".to_owned());
    let swapped = names(&scenario("coupon_code", swap, Changed::All).apply(&table, &rows));
    let new = names(&scenario("coupon_code", Change::NewLevel, Changed::All).apply(&table, &rows));
    for ((before, swapped), new) in names(&table).iter().zip(&swapped).zip(&new) {
        let expected = match before.as_deref() {
            Some("level_1") => Some("level_2"),
            Some("level_2") => Some("level_1"),
            other => other,
        };
        assert_eq!(swapped.as_deref(), expected);
        assert_eq!(new.is_none(), before.is_none());
        assert!(new.as_deref().is_none_or(|name| !name.starts_with("level_")));
    }
}

#[test]
fn a_small_change_and_a_few_rows_hardly_matter_and_a_large_one_does() {
    let train = customers_table(1, 8000);
    let schema = Schema::of(&train, "churn", &["client_id".to_owned()]).unwrap();
    let labels = |table| {
        schema.target.labels(table).unwrap().into_iter().map(Option::unwrap).collect::<Vec<bool>>()
    };
    let model = Model::fit(&train, &labels(&train), &schema, &Recipe::default(), &Progress::none())
        .unwrap();
    let test = customers_table(2, 3000);
    let of_test = labels(&test);
    let baseline = Baseline::new(&model, &test, &of_test, 20).unwrap();
    let log_loss = |change: f64, changed| {
        let scenario = scenario("profile_score", Change::Grow(change), changed);
        baseline.effect(&scenario).unwrap()[1].unwrap()
    };
    let (one, ten, half) =
        (log_loss(0.01, Changed::All), log_loss(0.1, Changed::All), log_loss(0.5, Changed::All));
    assert!(one.mean.abs() < 0.002, "{one:?}");
    assert!(ten.low > 0.0 && ten.mean > 4.0 * one.mean.abs(), "{ten:?}");
    assert!(half.low > 0.005 && half.mean > ten.mean, "{half:?}");
    let few = log_loss(0.5, Changed::Rows(10));
    assert!(few.mean.abs() < 0.002, "{few:?}");
}
