//! The monitors that run every week. Each of them may request a retrain.

use std::collections::HashMap;

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::programs::Programs;
use super::service::{HEURISTIC_SHARE, Service};
use super::teller::Teller;

/// Days of logged requests that a retrain uses. Requests from before the change are older than this
/// when the policy requests the retrain.
const LEARN_FROM_DAYS: i64 = 42;

/// Period in weeks of the jobs that do not run every week, and the first week of `concept-shift`.
const PERFORMANCE_EVERY: u32 = 2;
const CONCEPT_EVERY: u32 = 8;
const FIRST_CONCEPT: u32 = 5;

/// Number of weeks in a row that a monitor must request a retrain. An immediate retrain would learn
/// from data before the change.
const CONFIRMATIONS: &str = "6";

/// The last verdict of each monitor, and the current model.
pub(super) struct Monitors {
    model_uid: String,
    /// The last verdict of each job.
    said: HashMap<&'static str, String>,
    /// Whether the delay of the policy was reported.
    was_told_to_wait: bool,
}

impl Monitors {
    pub(super) fn new(model_uid: String) -> Self {
        Self { model_uid, said: HashMap::new(), was_told_to_wait: false }
    }

    pub(super) fn model_uid(&self) -> &str {
        &self.model_uid
    }

    pub(super) async fn run(
        &mut self,
        week: u32,
        now: Timestamp,
        programs: &Programs,
        service: &Service,
        teller: &mut Teller,
    ) -> Result<()> {
        let since = (now - SignedDuration::from_hours(24 * LEARN_FROM_DAYS))
            .strftime("%Y-%m-%d")
            .to_string();
        // MLOPS_OUTCOMES_OF restricts the training data to the control group.
        let command = format!(
            "'{}' --logs model_logs --since {since} --id client_id --target churn --output json >>retrain.log 2>&1",
            programs.program("retrain")?
        );
        let asks = [
            "--retrain-command",
            &command,
            "--retrain-cooldown",
            "28d",
            "--retrain-confirmations",
            CONFIRMATIONS,
        ];
        let drift = [&["--window", "7d", "--retrain-when", "any"], asks.as_slice()].concat();
        let performance = [
            "--window",
            "56d",
            "--every",
            "week",
            "--heuristic-share",
            HEURISTIC_SHARE,
            "--retrain",
        ];
        // At a significance of 0.05, one check in 20 would be a false alarm.
        let policy = ["--significance", "0.002", "--min-clients", "1000"];
        let performance = [performance.as_slice(), &policy, asks.as_slice()].concat();
        let mut jobs = vec![("drift", drift)];
        if week % PERFORMANCE_EVERY == PERFORMANCE_EVERY - 1 {
            jobs.push(("performance", performance));
        }
        if week % CONCEPT_EVERY == FIRST_CONCEPT {
            jobs.push(("concept-shift", vec!["--window", "28d", "--significance", "0.001"]));
        }
        for (job, arguments) in jobs {
            let found = programs.run(job, &arguments).await?;
            self.note(job, &found, now, teller);
            self.take_up(&text(&found["retrain"]["why"]), now, programs, service, teller).await?;
        }
        Ok(())
    }

    /// Reports the verdict of a job if the verdict has changed.
    fn note(&mut self, job: &'static str, found: &Value, now: Timestamp, teller: &mut Teller) {
        let verdict = text(&found["verdict"]);
        let is_news = self.said.get(job).map_or(verdict == "shifted", |last| *last != verdict);
        if is_news && verdict != "inconclusive" {
            teller.tell(now, format!("{job}: {}", in_words(job, &verdict, found)));
            self.said.insert(job, verdict);
        }
        if found["retrain"]["action"] == "suppressed" && !self.was_told_to_wait {
            teller.tell(
                now,
                format!("the policy delays the retrain: {}", text(&found["retrain"]["why"])),
            );
            self.was_told_to_wait = true;
        }
    }

    /// Waits until the service serves the current model, if a retrain has replaced it.
    async fn take_up(
        &mut self,
        why: &str,
        now: Timestamp,
        programs: &Programs,
        service: &Service,
        teller: &mut Teller,
    ) -> Result<()> {
        let current = format!("{}/model.pkl", programs.setting("MLOPS_MODELS"));
        let inspected = programs.run("retrain", &["inspect", &current]).await?;
        let model_uid = text(&inspected["model_uid"]);
        if model_uid == self.model_uid {
            return Ok(());
        }
        service.wait_for_model(&model_uid).await?;
        let auc = inspected["metrics"]["roc_auc"].as_f64().unwrap_or(f64::NAN);
        let says = format!(
            "the policy requests a retrain ({why}); retrain fits a model to the last {LEARN_FROM_DAYS} days, and the gate accepts it \
             (ROC AUC {auc:.3} on held-out rows). score serves {model_uid}"
        );
        teller.tell(now, says);
        self.model_uid = model_uid;
        self.was_told_to_wait = false;
        Ok(())
    }
}

/// Returns a verdict with its reason.
fn in_words(job: &str, verdict: &str, found: &Value) -> String {
    let reason = match job {
        "drift" => {
            let features = found["features"].as_array().into_iter().flatten();
            let shifted = features.filter(|feature| feature["verdict"] == "shifted");
            let named = shifted.map(|feature| {
                format!("{} ({})", text(&feature["feature"]), text(&feature["why"]))
            });
            named.collect::<Vec<_>>().join(", ")
        }
        "concept-shift" if verdict == "stable" => {
            let auc = found["score"].as_f64().unwrap_or(f64::NAN);
            format!(
                "a classifier separates the last 28 days from the training data with ROC AUC {auc:.3}; the relation of the features to the target has not changed"
            )
        }
        _ => match text(&found["why"]) {
            why if why.is_empty() => text(&found["impact"]["says"]),
            why => why,
        },
    };
    if reason.is_empty() { verdict.to_owned() } else { format!("{verdict}: {reason}") }
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
