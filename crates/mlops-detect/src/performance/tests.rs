use jiff::Timestamp;
use serde_json::Value;

use super::*;
use mlops_core::verdict::Verdict;
use mlops_model::random::Random;

/// Values of statsmodels, scikit-learn and `NannyML`; see `golden/performance.py`.
fn golden() -> Value {
    serde_json::from_str(include_str!("../../golden/performance.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn close(what: &str, ours: f64, theirs: f64) {
    assert!(
        (ours - theirs).abs() <= 1e-9 * theirs.abs().max(1.0),
        "{what}: {ours:e}, the reference has {theirs:e}"
    );
}

#[test]
fn figures_are_those_of_the_references() {
    let golden = golden();
    let (scores, chances) = (numbers(&golden["score"]), numbers(&golden["chance"]));
    let labels: Vec<bool> =
        golden["label"].as_array().unwrap().iter().map(|label| label.as_bool().unwrap()).collect();
    let high: Vec<bool> = scores.iter().map(|score| *score >= 0.4).collect();
    let found = realised(&labels, &scores, &high, 0.95).unwrap();
    for (what, ours) in [
        ("roc_auc", found.roc_auc.unwrap().value),
        ("log_loss", found.log_loss.value),
        ("brier", found.brier.value),
        ("reliability", found.reliability),
        ("resolution", found.resolution),
        ("ece", found.ece_observed),
        ("calibration_p_value", found.calibration_p_value),
    ] {
        close(what, ours, golden[what].as_f64().unwrap());
    }
    let (x, y) = {
        let mut pairs: Vec<(f64, f64)> =
            scores.iter().copied().zip(chances.iter().copied()).collect();
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        pairs.into_iter().unzip()
    };
    let calibration = mlops_model::calibration::Calibration::Isotonic { x, y };
    let expected = estimate(&scores, &high, Some(&calibration), 0.95).unwrap();
    for (what, ours) in [
        ("roc_auc", expected.roc_auc.unwrap().value),
        ("log_loss", expected.log_loss.value),
        ("brier", expected.brier.value),
        ("precision", expected.precision.unwrap().value),
        ("recall", expected.recall.unwrap().value),
    ] {
        close(what, ours, golden["expected"][what].as_f64().unwrap());
    }
}

#[test]
fn intervals_of_shares_are_those_of_statsmodels() {
    let golden = golden();
    for case in golden["wilson"].as_array().unwrap() {
        let case = numbers(case);
        let found = wilson(case[0] as u64, case[1] as u64, 0.95).unwrap();
        close("wilson low", found.low, case[2]);
        close("wilson high", found.high, case[3]);
    }
    for case in golden["newcombe"].as_array().unwrap() {
        let case = numbers(case);
        let share = |part: f64, all: f64| wilson(part as u64, all as u64, 0.95).unwrap();
        let found = newcombe(share(case[0], case[1]), share(case[2], case[3]));
        close("newcombe low", found.low, case[4]);
        close("newcombe high", found.high, case[5]);
    }
    assert_eq!(wilson(0, 0, 0.95), None);
}

/// Scores of a model, with outcomes that come about by their chances.
fn world(random: &mut Random, rows: usize, chance: impl Fn(f64) -> f64) -> (Vec<bool>, Vec<f64>) {
    let row = |_| {
        let score = random.unit().powi(2) * 0.9 + 0.02;
        (random.unit() < chance(score), score)
    };
    (0..rows).map(row).unzip()
}

fn is_high(scores: &[f64]) -> Vec<bool> {
    scores.iter().map(|score| *score >= 0.5).collect()
}

#[test]
fn intervals_hold_what_they_estimate() {
    let mut random = Random::new(3, 0);
    let (labels, scores) = world(&mut random, 200_000, |score| score);
    let truth = realised(&labels, &scores, &is_high(&scores), 0.95).unwrap();
    let mut held = [0; 4];
    for _ in 0..200 {
        let (labels, scores) = world(&mut random, 500, |score| score);
        let found = realised(&labels, &scores, &is_high(&scores), 0.95).unwrap();
        let expected = estimate(&scores, &is_high(&scores), None, 0.95).unwrap();
        let holds =
            |interval: Estimate, value: f64| interval.low <= value && value <= interval.high;
        held[0] += usize::from(holds(found.roc_auc.unwrap(), truth.roc_auc.unwrap().value));
        held[1] += usize::from(holds(found.log_loss, truth.log_loss.value));
        // What comes lies in the interval of what was expected.
        held[2] += usize::from(holds(expected.roc_auc.unwrap(), found.roc_auc.unwrap().value));
        held[3] += usize::from(holds(expected.log_loss, found.log_loss.value));
    }
    assert!(
        held.iter().all(|held| (182..=198).contains(held)),
        "of 200 intervals of 95% these hold: {held:?}"
    );
}

#[test]
fn worse_predictions_are_found_and_as_good_ones_are_not() {
    let mut random = Random::new(5, 0);
    let (labels, scores) = world(&mut random, 5000, |score| score);
    let before = realised(&labels, &scores, &is_high(&scores), 0.95).unwrap();
    let training = TrainingFigures {
        n: before.n,
        positives: before.positives,
        roc_auc: before.roc_auc.unwrap().value,
        log_loss: before.log_loss.value,
        brier: None,
        ece: None,
    };
    let mut alarms = [0; 2];
    for _ in 0..100 {
        for (alarms, blurred) in alarms.iter_mut().zip([0.0, 0.6]) {
            let (labels, scores) =
                world(&mut random, 2000, |score| score + blurred * (0.3 - score));
            let found = realised(&labels, &scores, &is_high(&scores), 0.95).unwrap();
            let judged = judge(&found, Some(&training), &PerformancePolicy::default());
            *alarms += usize::from(judged.verdict == Verdict::Shifted);
        }
    }
    assert!(alarms[0] <= 3, "{} of 100 as good ones raised an alarm", alarms[0]);
    assert!(alarms[1] >= 98, "{} of 100 worse ones were found", alarms[1]);
}

/// The share of samples whose calibration error and interval are as `is` says.
fn share_of_samples(
    rows: usize,
    chance: impl Fn(f64) -> f64,
    is: impl Fn(&Realised) -> bool,
) -> f64 {
    let mut random = Random::new(rows as u64, 4);
    let count = (0..400).filter(|_| {
        let (labels, scores) = world(&mut random, rows, &chance);
        is(&realised(&labels, &scores, &is_high(&scores), 0.95).unwrap())
    });
    count.count() as f64 / 400.0
}

#[test]
fn intervals_of_the_calibration_error_hold_it() {
    let off = |by: f64| move |score: f64| score + if score < 0.5 { by } else { -by };
    for (rows, error) in [(500, 0.0), (2000, 0.0), (500, 0.04), (2000, 0.04), (1000, 0.1)] {
        let holds = |found: &Realised| found.ece.low <= error && error <= found.ece.high;
        let share = share_of_samples(rows, off(error), holds);
        assert!((0.925..=0.99).contains(&share), "{share} at {rows} rows and {error}");
        let is_ordered = |found: &Realised| {
            found.ece.low <= found.ece.value && found.ece.value <= found.ece.high
        };
        assert_eq!(share_of_samples(rows, off(error), is_ordered), 1.0);
    }
    // All of the error in one bin.
    let one_bin = |score: f64| score + if (0.2..0.3).contains(&score) { 0.2 } else { 0.0 };
    let mut random = Random::new(1, 4);
    let (labels, scores) = world(&mut random, 400_000, one_bin);
    let truth = realised(&labels, &scores, &is_high(&scores), 0.95).unwrap().ece_observed;
    let holds = |found: &Realised| found.ece.low <= truth && truth <= found.ece.high;
    let share = share_of_samples(2000, one_bin, holds);
    assert!(share >= 0.88, "{share} in one bin, {truth}");
}

#[test]
fn a_calibration_error_below_the_bound_raises_no_alarm() {
    let alarms = |rows: usize, error: f64| {
        let chance = move |score: f64| score + if score < 0.5 { error } else { -error };
        share_of_samples(rows, chance, |found| {
            judge(found, None, &PerformancePolicy::default()).verdict == Verdict::Shifted
        })
    };
    for (rows, error) in [(500, 0.0), (1000, 0.04), (2000, 0.04), (1000, 0.05), (5000, 0.05)] {
        let share = alarms(rows, error);
        assert!(share <= 0.07, "{share} at {rows} rows and {error}");
    }
    assert!(alarms(1000, 0.1) > 0.8 && alarms(5000, 0.08) > 0.9);
}

#[test]
fn few_outcomes_say_nothing() {
    let found = realised(&[true, false], &[0.4, 0.2], &[false, false], 0.95).unwrap();
    let judged = judge(&found, None, &PerformancePolicy::default());
    assert!(judged.verdict.why().unwrap().contains("2 rows with an outcome"));
    assert_eq!(found.precision, None, "nobody was called high risk");
    assert_eq!(realised(&[], &[], &[], 0.95), None);
    assert_eq!(realised(&[true], &[1.5], &[true], 0.95), None);
    assert_eq!(estimate(&[f64::NAN], &[true], None, 0.95), None);
}

#[test]
fn what_was_certain_and_did_not_happen_is_no_chance() {
    let labels: Vec<bool> = (0..400).map(|row| row % 2 == 0).collect();
    let found = realised(&labels, &vec![1.0; 400], &vec![true; 400], 0.95).unwrap();
    assert_eq!(found.calibration_p_value, 0.0);
    assert_eq!(judge(&found, None, &PerformancePolicy::default()).verdict, Verdict::Shifted);
    let found = realised(&labels, &vec![0.5; 400], &vec![true; 400], 0.95).unwrap();
    assert_eq!((found.calibration_p_value, found.roc_auc.unwrap().value), (1.0, 0.5));
}

#[test]
fn scores_that_are_probabilities_need_no_calibration() {
    let mut random = Random::new(7, 0);
    let (labels, scores) = world(&mut random, 4000, |score| score * score);
    let calibration = calibration_needed(&labels, &scores).unwrap();
    assert!((calibration.apply(0.5) - 0.25).abs() < 0.08);
    let (labels, scores) = world(&mut random, 4000, |score| if score > 0.3 { 0.3 } else { 0.1 });
    assert!(calibration_needed(&labels, &scores).is_some());
    let few: Vec<f64> = labels.iter().map(|_| 0.5).collect();
    assert_eq!(calibration_needed(&[true; 10], &few[..10]), None);
}

/// Clients of five periods: of 1000 of the model in each `model` in a thousand leave, of 200 of the
/// heuristic `heuristic`.
fn arms(model: [u32; 5], heuristic: [u32; 5]) -> (Vec<Subject>, Vec<[u64; 2]>) {
    let mut subjects = Vec::new();
    for period in 0..5 {
        for (arm, clients, rate) in
            [(Arm::Model, 1000, model[period]), (Arm::Heuristic, 200, heuristic[period])]
        {
            let leave = clients * rate / 1000;
            subjects.extend((0..clients).map(|client| Subject {
                period,
                arm,
                left: client < leave,
                ltv: Some(50.0),
            }));
        }
    }
    (subjects, vec![[1000, 200]; 5])
}

#[test]
fn clients_and_money_are_saved() {
    let (subjects, assigned) = arms([100; 5], [200; 5]);
    let found = impact(&subjects, 5, &assigned, &[], &ImpactPolicy::default());
    assert_eq!(found.verdict, Verdict::Stable, "{}", found.says);
    let saved = found.clients_saved.unwrap();
    close("clients saved", saved.value, 500.0);
    assert!(saved.low > 300.0 && saved.low < 400.0 && saved.high > 600.0, "{saved:?}");
    close("money saved", found.money_saved.unwrap().value, 25_000.0);
    close("cumulated", found.periods[1].cumulated_clients.unwrap().value, 200.0);
    assert!(found.sample_ratio_p_value.unwrap() > 0.99);
}

#[test]
fn a_benefit_that_falls_is_a_decay() {
    let (subjects, assigned) = arms([100, 100, 100, 190, 200], [200; 5]);
    let found = impact(&subjects, 5, &assigned, &[], &ImpactPolicy::default());
    assert_eq!(found.verdict, Verdict::Shifted, "{}", found.says);
    let (subjects, assigned) = arms([300; 5], [200; 5]);
    let found = impact(&subjects, 5, &assigned, &[], &ImpactPolicy::default());
    assert!(found.says.starts_with("the heuristic keeps more clients"), "{}", found.says);
}

#[test]
fn arms_that_are_not_alike_say_nothing() {
    let (subjects, mut assigned) = arms([100; 5], [200; 5]);
    let policy = ImpactPolicy::default();
    let say = |assigned: &[[u64; 2]], in_both: &[String], policy: &ImpactPolicy| {
        let found = impact(&subjects, 5, assigned, in_both, policy);
        assert!(found.verdict.why().is_some(), "{}", found.says);
        found.says
    };
    assert!(
        say(&assigned, &["c7".to_owned()], &policy)
            .starts_with("1 clients were in both groups, such as c7")
    );
    let ten = ImpactPolicy { heuristic_share: Some(0.1), ..policy };
    assert!(say(&assigned, &[], &ten).contains("is not 0.1 as expected"));
    assigned[4] = [1000, 50];
    assert!(say(&assigned, &[], &policy).contains("is not constant as expected"));
    let few = ImpactPolicy { min_clients: 5000, ..policy };
    assert!(say(&[[1000, 200]; 5], &[], &few).contains("at least 5000 each needed"));
    assert!(impact(&[], 0, &[], &[], &policy).verdict.why().is_some());
}

#[test]
fn alarms_without_decay_are_rare() {
    let mut random = Random::new(9, 0);
    let mut alarms = 0;
    for _ in 0..200 {
        let mut subjects = Vec::new();
        for period in 0..8 {
            for (arm, clients, rate) in [(Arm::Model, 900, 0.12), (Arm::Heuristic, 100, 0.15)] {
                let subject = |_| Subject { period, arm, left: random.unit() < rate, ltv: None };
                subjects.extend((0..clients).map(subject));
            }
        }
        let found = impact(&subjects, 8, &[[900, 100]; 8], &[], &ImpactPolicy::default());
        alarms += usize::from(found.verdict == Verdict::Shifted);
    }
    assert!(alarms <= 18, "{alarms} of 200 are alarms, at a level of 5%");
}

#[test]
fn periods_are_those_of_the_calendar() {
    let period = |length: PeriodLength, time: &str| {
        let (from, to) = length.of(time.parse::<Timestamp>().unwrap());
        (from.to_string(), to.to_string())
    };
    let text = |from: &str, to: &str| (format!("{from}T00:00:00Z"), format!("{to}T00:00:00Z"));
    assert_eq!(
        period(PeriodLength::Day, "2024-02-29T23:59:59.9Z"),
        text("2024-02-29", "2024-03-01")
    );
    assert_eq!(
        period(PeriodLength::Week, "2024-03-03T12:00:00Z"),
        text("2024-02-26", "2024-03-04")
    );
    assert_eq!(
        period(PeriodLength::Week, "2024-03-04T00:00:00Z"),
        text("2024-03-04", "2024-03-11")
    );
    assert_eq!(
        period(PeriodLength::Month, "2024-12-31T00:00:00Z"),
        text("2024-12-01", "2025-01-01")
    );
    assert!("hour".parse::<PeriodLength>().is_err());
}
