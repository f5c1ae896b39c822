use serde_json::Value;

use super::*;
use crate::calibration::{Calibration, fit_isotonic, fit_sigmoid};

/// scikit-learn's values; see `golden/model.py`.
fn golden() -> Vec<Value> {
    serde_json::from_str(include_str!("../../golden/model.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn labels(case: &Value) -> Vec<bool> {
    case["labels"].as_array().unwrap().iter().map(|label| label.as_bool().unwrap()).collect()
}

fn check_close(case: &Value, what: &str, ours: f64, theirs: f64, tolerance: f64) {
    let scale = theirs.abs().max(1.0);
    assert!(
        (ours - theirs).abs() <= tolerance * scale,
        "{} {what}: {ours:e}, scikit-learn has {theirs:e}",
        case["case"]
    );
}

#[test]
fn figures_are_those_of_scikit_learn() {
    for case in golden() {
        let (labels, one, other) = (labels(&case), numbers(&case["one"]), numbers(&case["other"]));
        let confusion = Confusion::at(&labels, &one, 0.5).unwrap();
        for (what, ours) in [
            ("roc_auc", roc_auc(&labels, &one)),
            ("average_precision", average_precision(&labels, &one)),
            ("log_loss", log_loss(&labels, &one)),
            ("brier", brier(&labels, &one)),
            ("ece", expected_calibration_error(&labels, &one, 10)),
            ("f1", confusion.f1()),
            ("balanced_accuracy", confusion.balanced_accuracy()),
            ("precision", confusion.precision()),
        ] {
            match case[what].as_f64() {
                Some(theirs) => check_close(&case, what, ours.unwrap(), theirs, 1e-9),
                None => assert_eq!(ours, None, "{what}"),
            }
        }
        let curve = calibration_curve(&labels, &one, 10).unwrap();
        for (bin, (observed, predicted)) in curve
            .iter()
            .zip(numbers(&case["observed"]).into_iter().zip(numbers(&case["predicted"])))
        {
            check_close(&case, "observed", bin.observed, observed, 1e-9);
            check_close(&case, "predicted", bin.predicted, predicted, 1e-9);
        }
        assert_eq!(curve.iter().map(|bin| bin.n).sum::<u64>(), labels.len() as u64);
        let loss = loss_difference(&labels, &one, &other, 0.95).unwrap();
        check_close(
            &case,
            "loss",
            loss.difference,
            case["loss_difference"].as_f64().unwrap(),
            1e-9,
        );
        check_close(
            &case,
            "loss",
            loss.standard_error,
            case["loss_standard_error"].as_f64().unwrap(),
            1e-9,
        );
        if let Some(theirs) = case["delong"].as_object() {
            let ours = auc_difference(&labels, &one, &other, 0.95).unwrap();
            let ours = serde_json::to_value(ours).unwrap();
            for (what, theirs) in theirs {
                check_close(
                    &case,
                    what,
                    ours[what].as_f64().unwrap(),
                    theirs.as_f64().unwrap(),
                    1e-9,
                );
            }
        }
        let ours = spiegelhalter(&labels, &one);
        if let Some(theirs) = case["spiegelhalter"].as_array() {
            let (z, p) = ours.unwrap();
            check_close(&case, "z", z, theirs[0].as_f64().unwrap(), 1e-9);
            check_close(&case, "p", p, theirs[1].as_f64().unwrap(), 1e-9);
        }
    }
}

#[test]
fn calibrations_are_those_of_scikit_learn() {
    for case in golden() {
        let (labels, one) = (labels(&case), numbers(&case["one"]));
        let log_odds: Vec<f64> =
            one.iter().map(|p| p.clamp(1e-6, 1.0 - 1e-6)).map(|p| (p / (1.0 - p)).ln()).collect();
        let Some(Calibration::Sigmoid { a, b }) = fit_sigmoid(&log_odds, &labels) else {
            panic!("no sigmoid")
        };
        // scikit-learn ends its search at gradients of a millionth.
        for (ours, theirs) in [a, b].into_iter().zip(numbers(&case["sigmoid"])) {
            check_close(&case, "sigmoid", ours, theirs, 2e-4);
        }
        let isotonic = fit_isotonic(&one, &labels).unwrap();
        for (at, theirs) in numbers(&case["grid"]).into_iter().zip(numbers(&case["isotonic"])) {
            check_close(&case, "isotonic", isotonic.apply(at), theirs, 1e-9);
        }
    }
}

#[test]
fn what_cannot_be_said_is_not_said() {
    assert_eq!(roc_auc(&[true, true], &[0.1, 0.2]), None);
    assert_eq!(roc_auc(&[true, false], &[0.1]), None);
    assert_eq!(log_loss(&[], &[]), None);
    assert_eq!(brier(&[true], &[f64::NAN]), None);
    assert_eq!(spiegelhalter(&[true, false], &[0.5, 0.5]), None);
    assert_eq!(auc_difference(&[true, false], &[0.1, 0.2], &[0.1, 0.2], 0.95), None);
    assert_eq!(fit_sigmoid(&[0.0, 1.0], &[true, true]), None);
    assert_eq!(fit_isotonic(&[f64::INFINITY, 1.0], &[true, false]), None);
    assert_eq!(Confusion::at(&[false], &[0.1], 0.5).unwrap().precision(), None);
}

#[test]
fn turning_scores_round_turns_the_auc_round() {
    for case in golden() {
        let (labels, one) = (labels(&case), numbers(&case["one"]));
        let turned: Vec<f64> = one.iter().map(|score| -score).collect();
        let sum = roc_auc(&labels, &one).unwrap() + roc_auc(&labels, &turned).unwrap();
        assert!((sum - 1.0).abs() < 1e-12);
        let same = auc_difference(&labels, &one, &one, 0.95);
        assert!(same.is_none_or(|same| same.difference == 0.0 && same.standard_error == 0.0));
    }
}
