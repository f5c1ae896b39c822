//! Whether a model may go into an image.

use mlops_model::pickle;
use mlops_model::pickle::Value;

use crate::{World, customers};

/// The model with one entry of its file changed, as a file of an earlier release, which had no digest.
fn changed(bytes: &[u8], change: impl Fn(&str, &mut Value)) -> Vec<u8> {
    let Value::Dict(mut entries) = pickle::read(bytes).unwrap() else { panic!("no dict") };
    entries.retain(|(name, _)| name != "sha256");
    entries.iter_mut().for_each(|(name, value)| change(name, value));
    set_entry(&mut entries, "format", Value::Int(1));
    pickle::write(&Value::Dict(entries))
}

fn set(value: &mut Value, key: &str, new: Value) {
    let Value::Dict(entries) = value else { panic!("no dict") };
    set_entry(entries, key, new);
}

fn set_entry(entries: &mut [(String, Value)], key: &str, new: Value) {
    entries.iter_mut().find(|(name, _)| name == key).unwrap().1 = new;
}

#[test]
fn a_model_is_fit_for_release_or_the_reasons_are_told() {
    let world = World::new();
    world.retrain("train.csv", &[]).run().json(0);
    let model = world.path("models/model.pkl");
    let bytes = world.read("models/model.pkl");
    world.job(&["inspect", &model, "--check"]).run().json(0);
    let check = |name: &str, bytes: &[u8], word: &str| {
        let path = world.path(name);
        std::fs::write(&path, bytes).unwrap();
        let refused = world.job(&["inspect", &path, "--check"]).run().json(10);
        assert!(refused["reasons"].to_string().contains(word), "{refused}");
    };
    check("cut.pkl", &bytes[..bytes.len() / 2], "pickle");
    check("else.pkl", b"not a pickle", "the opcode 0x6e");
    // A wrong call is not the model's fault.
    world.job(&["inspect", &model, "--chek"]).run().check_failed(2, &["--chek"]);
    world
        .job(&["inspect", &world.path("nowhere.pkl"), "--check"])
        .run()
        .check_failed(2, &["nowhere.pkl"]);
    let without_onnx = changed(&bytes, |name, value| {
        if name == "onnx" {
            *value = Value::None;
        }
    });
    check("no-onnx.pkl", &without_onnx, "no ONNX");
    let without_metrics = changed(&bytes, |name, value| {
        if name == "metrics" {
            set(value, "log_loss", Value::None);
        }
    });
    check("no-metrics.pkl", &without_metrics, "metrics on held-out rows are missing");
    let no_number = changed(&bytes, |name, value| {
        if name == "scorer" {
            set(value, "base", Value::Float(f64::NAN));
        }
    });
    check("nan.pkl", &no_number, "NaN, which is no probability");
    let anonymous = changed(&bytes, |name, value| {
        if name == "model_uid" {
            *value = Value::Text(String::new());
        }
    });
    check("anonymous.pkl", &anonymous, "no model_uid");
}

#[test]
fn golden_requests_have_to_be_answered_as_they_are_known() {
    let world = World::new();
    world.retrain("train.csv", &[]).run().json(0);
    let model = world.path("models/model.pkl");
    let golden = |low: f64, high: f64| {
        let header = "tenure,plan,spent,joined,signed_up,min_prediction,max_prediction";
        let rows = format!(
            "{header}\n3,plus,90,2025-01-01,2026-01-01,{low},{high}\n70,basic,1,2025-01-01,2026-01-01,0,1\n"
        );
        world.write("golden.csv", &rows)
    };
    world
        .job(&["inspect", &model, "--check", "--golden-requests", &golden(0.5, 1.0)])
        .run()
        .json(0);
    let refused = world
        .job(&["inspect", &model, "--check", "--golden-requests", &golden(0.0, 0.1)])
        .run()
        .json(10);
    assert!(refused["reasons"].to_string().contains("golden request 1"), "{refused}");
}

#[test]
fn a_model_that_is_worse_than_the_one_in_production_does_not_follow_it() {
    let world = World::new();
    world.retrain("train.csv", &[]).run().json(0);
    let production = world.path("models/model.pkl");
    let judge = |candidate: &str, code: i32| {
        world.job(&["inspect", candidate, "--check", "--against", &production]).run().json(code)["reasons"].clone()
    };
    judge(&production, 0);
    let train = customers(3000, false);
    let weak = changed(&world.read("models/model.pkl"), |name, value| {
        if name == "metrics" {
            set(value, "roc_auc", Value::Float(0.55));
            set(value, "log_loss", Value::Float(0.69));
        }
    });
    std::fs::write(world.path("weak.pkl"), weak).unwrap();
    let objections = judge(&world.path("weak.pkl"), 10).to_string();
    assert!(
        objections.contains("AUC is 0.5500") && objections.contains("log loss is 0.6900"),
        "{objections}"
    );
    world.write("wide.csv", &crate::with_another_column(&train));
    world.retrain("wide.csv", &["--new-schema"]).run().json(0);
    let narrow = world.write("narrow.csv", &train);
    let others = world.path("narrow-models");
    world
        .job(&["--data", &narrow, "--id", "client_id", "--target", "churn", "--models", &others])
        .run()
        .json(0);
    let objections = judge(&format!("{others}/model.pkl"), 10).to_string();
    assert!(objections.contains("other columns"), "{objections}");
}
