//! Other programs give the same answers by `model.pkl`: Python, ONNX Runtime, LightGBM.

use std::path::Path;
use std::process::Command;

use mlops_core::table::Rules;
use mlops_model::artifact::ModelFile;
use mlops_model::{CalibrationMethod, Schema};
use mlops_table::TableFile;
use mlops_testkit::runtimes;

use crate::{World, customers};

/// Reads model.pkl with nothing imported, and asks it for rows of which some are missing or were
/// never seen.
const CHECK: &str = r#"
import csv, pickle, pickletools, sys
import numpy, onnxruntime

class Plain(pickle.Unpickler):
    def find_class(self, *name):
        raise SystemExit(f"model.pkl imports {name}")

path, rows, ours = sys.argv[1:]
model = Plain(open(path, "rb")).load()
opcodes = {opcode.name for opcode, _, _ in pickletools.genops(open(path, "rb").read())}
assert not opcodes & {"GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD", "INST", "OBJ", "NEWOBJ"}, opcodes
table = list(csv.DictReader(open(rows)))
ours = numpy.fromfile(ours)
inputs, encoded = {}, []
for feature in model["schema"]["features"]:
    name, kind = feature["name"], feature["kind"]
    texts = [row[name] for row in table]
    if isinstance(kind, dict):
        levels = kind["Categorical"]["levels"]
        inputs[name] = numpy.array(texts, dtype=object)[:, None]
        codes = {level: code for code, level in enumerate(levels)}
        encoded.append([codes.get(text.strip(), len(levels)) for text in texts])
    elif kind == "Date":
        if "time" in model["schema"]:
            seconds = lambda text: numpy.datetime64(text or "NaT", "s").astype("datetime64[s]")
            rows_at = [seconds(row[model["schema"]["time"]]) for row in table]
            ages = [(at - seconds(text)) / numpy.timedelta64(1, "D") for at, text in zip(rows_at, texts)]
        for part, digits in (("month", slice(5, 7)), ("quarter", None), ("year", slice(0, 4))):
            def number(text):
                if not text: return numpy.nan
                return (int(text[5:7]) - 1) // 3 + 1 if digits is None else int(text[digits])
            values = numpy.array([number(text) for text in texts], dtype=float)
            inputs[f"{name}.{part}"] = values[:, None]
            encoded.append(values)
        if "time" in model["schema"]:
            ages = numpy.array(ages, dtype=float)
            inputs[f"{name}.age_days"] = ages[:, None]
            encoded.append(ages)
    else:
        values = numpy.array([float(text) if text else numpy.nan for text in texts])
        inputs[name] = values[:, None]
        encoded.append(values)
session = onnxruntime.InferenceSession(model["onnx"])
probability, label = session.run(None, inputs)
assert len(probability) == len(ours) > 500
print("onnx", abs(probability - ours).max())
assert abs(probability - ours).max() < 1e-6
target = model["schema"]["target"]
assert (label == numpy.where(probability >= 0.5, target["positive"], target["negative"])).all()
assert 0 < (probability >= 0.5).mean() < 1
if model["lightgbm"]:
    import lightgbm
    theirs = lightgbm.Booster(model_str=model["lightgbm"]).predict(numpy.column_stack(encoded))
    assert (theirs == ours).all(), abs(theirs - ours).max()
    print("lightgbm", "same bits")
"#;

/// Rows of which some lack a value, some have a plan that the model has never seen, and some have
/// spaces around it.
fn strange(csv: &str) -> String {
    let mut lines = csv.lines();
    let mut strange = lines.next().unwrap().to_owned() + "\n";
    for (row, line) in lines.enumerate() {
        let mut cells: Vec<&str> = line.split(',').collect();
        match row % 5 {
            0 => cells[1] = "",
            1 => cells[2] = "never seen",
            2 => cells[4] = "",
            3 => cells[2] = "\u{a0} plus\t",
            _ => {}
        }
        strange.push_str(&(cells.join(",") + "\n"));
    }
    strange
}

/// The table with a third of its columns, and with many levels.
fn many_levels(csv: &str) -> String {
    let lines = csv.lines().enumerate().map(|(row, line)| {
        let place =
            if row == 0 { "place".to_owned() } else { format!("place {}", row * 7919 % 200) };
        format!("{place},{line}\n")
    });
    lines.collect()
}

#[test]
fn other_programs_give_the_same_answers() {
    let python = runtimes();
    let world = World::new();
    let plain = customers(5000, false);
    let tables =
        [("plain", plain.clone()), ("strange", strange(&plain)), ("levels", many_levels(&plain))];
    let learners = ["random-forest", "extra-trees", "gradient-boosting", "logistic-regression"];
    for (table, train) in &tables {
        let test = if *table == "levels" {
            many_levels(&strange(&customers(1000, false)))
        } else {
            strange(&plain)
        };
        let rows = world.write("rows.csv", &test);
        world.write("train.csv", train);
        for learner in learners {
            for calibration in ["none", "sigmoid", "isotonic"] {
                let params = match learner {
                    "gradient-boosting" => "{ rounds = 60, leaves = 8 }",
                    "logistic-regression" => "{}",
                    _ => "{ trees = 40, min_leaf = 20 }",
                };
                let text = format!(
                    "learner = \"{learner}\"\ncalibration = \"{calibration}\"\nfolds = 3\nparams = {params}\n"
                );
                let recipe = world.write("recipe.toml", &text);
                drop(std::fs::remove_dir_all(world.path("models")));
                let report = world
                    .retrain("train.csv", &["--recipe", &recipe, "--time", "signed_up"])
                    .run()
                    .json(0);
                if report["published"] != true {
                    // Trees that split at random need calibration, and are refused without.
                    assert_eq!((learner, calibration), ("extra-trees", "none"), "{report}");
                    continue;
                }
                let ours = world.path("ours.f64");
                ask(&world.path("models/model.pkl"), &rows, &ours);
                let checked = Command::new(&python)
                    .args(["-c", CHECK, &world.path("models/model.pkl"), &rows, &ours])
                    .output();
                let checked = checked.unwrap();
                let errors = String::from_utf8_lossy(&checked.stderr);
                assert!(checked.status.success(), "{table} {learner} {calibration}: {errors}");
            }
        }
    }
}

/// Returns the predictions of the rows, as raw numbers.
fn ask(model: &str, rows: &str, ours: &str) {
    let file = ModelFile::from_pickle(&std::fs::read(model).unwrap()).unwrap();
    let table = TableFile::open(Path::new(rows), &Rules::default()).unwrap().read_all().unwrap();
    let found = file.model.predict(&table).unwrap();
    std::fs::write(
        ours,
        found.iter().flat_map(|probability| probability.to_le_bytes()).collect::<Vec<u8>>(),
    )
    .unwrap();
    assert_eq!(file.model.schema.target, Schema::of(&table, "churn", &[]).unwrap().target);
    assert!(
        file.model.recipe.calibration == CalibrationMethod::None || file.model.recipe.folds == 3
    );
}
