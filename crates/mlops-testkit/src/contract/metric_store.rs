//! The contract of every [`MetricStore`].

use jiff::Timestamp;
use mlops_core::etl::EtlStore;
use mlops_core::record::{LogRecord, RecordKey};
use mlops_core::timestamp::parse_utc;
use mlops_core::window::Window;
use mlops_rules::MetricStore;
use mlops_rules::{Aggregate, Histogram, JsonPath, Measure, Measured, Monitor};

use super::etl_store::insert;

/// The tests of this suite over one store.
#[macro_export]
macro_rules! metric_store_contract {
    ($fixture:path) => {
        $crate::contract_tests!(
            $fixture,
            $crate::contract::metric_store,
            [
                every_aggregate_is_measured,
                groups_are_measured_by_size,
                a_window_is_half_open,
                an_empty_window_has_no_value,
                predictions_are_counted_in_parts,
                silence_is_measured_to_the_end_of_the_window,
            ]
        );
    };
}

fn time(text: &str) -> Timestamp {
    parse_utc(text).unwrap()
}

fn window() -> Window {
    Window { from: Some(time("2026-03-02 10:00")), to: Some(time("2026-03-02 10:10")) }
}

/// Payloads of every kind, a minute apart from the beginning of the window on.
const PAYLOADS: [&str; 6] = [
    r#"{"input": {"name": "a", "x": 1, "y": null}, "output": {"prediction": 0.1, "high_risk": "yes", "ok": true}}"#,
    r#"{"input": {"name": "a", "x": null, "y": 2}, "output": {"prediction": 0.3, "high_risk": "no", "ok": false}}"#,
    r#"{"input": {"name": "b", "x": 3, "y": 3}, "output": {"prediction": 1, "error": "timeout", "ok": 1}}"#,
    r#"{"input": {"name": "é \"q\"", "x": 4, "y": 4}, "output": {"prediction": "0.9", "error": null}}"#,
    r#"{"input": {"x": 5, "y": 5}, "output": {"prediction": null}}"#,
    r#"[1, 2]"#,
];

async fn fill(store: &impl EtlStore) {
    let record = |(index, payload): (usize, &&str)| LogRecord {
        key: RecordKey::of_default_model(format!("r{index}")),
        logging_timestamp: time(&format!("2026-03-02 10:0{index}")),
        payload: (*payload).to_owned(),
    };
    let records: Vec<LogRecord> = PAYLOADS.iter().enumerate().map(record).collect();
    insert(store, &records).await;
}

fn path(text: &str) -> Option<JsonPath> {
    Some(text.parse().unwrap())
}

/// The only number of a measure over all requests, and of how many rows it is.
async fn of_all(store: &impl MetricStore, of: &str, aggregate: Aggregate) -> (Option<f64>, u64) {
    let path = if of.is_empty() { None } else { path(of) };
    let measured =
        store.measure(&Measure::Logs { path, aggregate, by: None }, window(), 10).await.unwrap();
    let [Measured { group, value, n }] = measured.as_slice() else { panic!("{of}: {measured:?}") };
    assert_eq!(group, "");
    (*value, *n)
}

pub async fn every_aggregate_is_measured(store: &(impl MetricStore + EtlStore)) {
    fill(store).await;
    let yes = || Aggregate::ShareEqual("yes".to_owned());
    for (of, aggregate, expected) in [
        ("", Aggregate::Count, (Some(6.0), 6)),
        // A text and null are no numbers.
        ("output.prediction", Aggregate::Count, (Some(3.0), 3)),
        ("output.prediction", Aggregate::Mean, (Some((0.1 + 0.3 + 1.0) / 3.0), 3)),
        ("output.prediction", Aggregate::Min, (Some(0.1), 3)),
        ("output.prediction", Aggregate::Max, (Some(1.0), 3)),
        ("output.prediction", Aggregate::Quantile(0.5), (Some(0.3), 3)),
        // numpy.quantile([1, 3, 4, 5], [0.25, 0.9, 1]) of NumPy 2.4.
        ("input.x", Aggregate::Quantile(0.25), (Some(2.5), 4)),
        ("input.x", Aggregate::Quantile(0.9), (Some(4.7), 4)),
        ("input.x", Aggregate::Quantile(1.0), (Some(5.0), 4)),
        ("input.x", Aggregate::Sum, (Some(13.0), 4)),
        ("output.high_risk", yes(), (Some(1.0 / 6.0), 6)),
        ("input.name", Aggregate::ShareEqual("é \"q\"".to_owned()), (Some(1.0 / 6.0), 6)),
        ("output.ok", Aggregate::ShareEqual("true".to_owned()), (Some(1.0 / 6.0), 6)),
        ("output.error", Aggregate::ShareSet, (Some(1.0 / 6.0), 6)),
        ("input.x", Aggregate::ShareMissing, (Some(2.0 / 6.0), 6)),
        ("nowhere.at all", Aggregate::Mean, (None, 0)),
    ] {
        let (value, n) = of_all(store, of, aggregate.clone()).await;
        let is_near = match (value, expected.0) {
            (Some(value), Some(expected)) => (value - expected).abs() < 1e-12,
            (value, expected) => value == expected,
        };
        assert!(
            is_near && n == expected.1,
            "{of} {aggregate:?}: {value:?} of {n}, not {expected:?}"
        );
    }
    let missing = store.measure(&Measure::MissingInputs, window(), 10).await.unwrap();
    assert_eq!((missing[0].value, missing[0].n), (Some(2.0 / 14.0), 5));
}

pub async fn groups_are_measured_by_size(store: &(impl MetricStore + EtlStore)) {
    fill(store).await;
    let of = async |aggregate: Aggregate, of: &str, most| {
        let measure = Measure::Logs { path: path(of), aggregate, by: path("input.name") };
        let measured = store.measure(&measure, window(), most).await.unwrap();
        measured.into_iter().map(|m| (m.group, m.value, m.n)).collect::<Vec<_>>()
    };
    let (a, b, none) = ("a".to_owned(), "b".to_owned(), String::new());
    let found = of(Aggregate::Max, "input.x", 2).await;
    assert_eq!(found, [(none.clone(), Some(5.0), 1), (a.clone(), Some(1.0), 1)]);
    let found = of(Aggregate::Quantile(0.5), "input.y", 2).await;
    assert_eq!(found.len(), 2, "{found:?}");
    let found = of(Aggregate::ShareMissing, "input.y", 10).await;
    assert_eq!(found[0], (none, Some(0.5), 2));
    assert_eq!(found[1], (a, Some(0.5), 2));
    assert_eq!(found[2], (b, Some(0.0), 1));
    assert_eq!(found.len(), 4);
}

pub async fn a_window_is_half_open(store: &(impl MetricStore + EtlStore)) {
    fill(store).await;
    let count = Measure::Logs { path: None, aggregate: Aggregate::Count, by: None };
    let window =
        Window { from: Some(time("2026-03-02 10:01")), to: Some(time("2026-03-02 10:03")) };
    assert_eq!(store.measure(&count, window, 1).await.unwrap()[0].value, Some(2.0));
    assert_eq!(store.first_request().await.unwrap(), Some(time("2026-03-02 10:00")));
}

pub async fn an_empty_window_has_no_value(store: &(impl MetricStore + EtlStore)) {
    assert_eq!(store.first_request().await.unwrap(), None);
    for measure in [
        Measure::Logs { path: path("output.prediction"), aggregate: Aggregate::Mean, by: None },
        Measure::Logs {
            path: path("output.prediction"),
            aggregate: Aggregate::Quantile(0.9),
            by: None,
        },
        Measure::MissingInputs,
        Measure::Silence,
        Measure::Shifted(Monitor::DataShift),
        Measure::Shifted(Monitor::ConceptShift),
        Measure::Shifted(Monitor::Performance),
        Measure::EtlSilence,
        Measure::DeadLetters,
    ] {
        let measured = store.measure(&measure, window(), 10).await.unwrap();
        assert_eq!(measured, [Measured { group: String::new(), value: None, n: 0 }], "{measure:?}");
    }
    let count = Measure::Logs { path: None, aggregate: Aggregate::Count, by: None };
    assert_eq!(store.measure(&count, window(), 1).await.unwrap()[0].value, Some(0.0));
    let by = Measure::Logs { path: None, aggregate: Aggregate::Count, by: path("input.name") };
    assert_eq!(store.measure(&by, window(), 1).await.unwrap(), []);
    assert_eq!(store.verdicts(window()).await.unwrap(), []);
    assert_eq!(store.etl_days(window()).await.unwrap(), []);
    assert_eq!(store.told("fired", window()).await.unwrap(), 0);
}

pub async fn predictions_are_counted_in_parts(store: &(impl MetricStore + EtlStore)) {
    fill(store).await;
    let Histogram { counts } = store.histogram(window(), 5).await.unwrap();
    assert_eq!(counts, [1, 1, 0, 0, 1]);
}

pub async fn silence_is_measured_to_the_end_of_the_window(store: &(impl MetricStore + EtlStore)) {
    fill(store).await;
    let silence = async |to: &str| {
        let window = Window { from: Some(time("2026-03-01")), to: Some(time(to)) };
        store.measure(&Measure::Silence, window, 1).await.unwrap()[0].value
    };
    assert_eq!(silence("2026-03-02 10:35").await, Some(30.0));
    assert_eq!(silence("2026-03-02 10:05").await, Some(1.0));
}
