//! The jobs of a week, each of which may ask for a new model.

use std::collections::HashMap;

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::programs::Programs;
use super::service::{HEURISTIC_SHARE, Service};
use super::teller::Teller;

/// A new model learns from so many days: what was before has gone by when the policy has made sure.
const LEARN_FROM_DAYS: i64 = 42;

/// Some jobs are asked once in so many weeks, from that one on.
const PERFORMANCE_EVERY: u32 = 2;
const CONCEPT_EVERY: u32 = 8;
const FIRST_CONCEPT: u32 = 5;

/// So many weeks in a row a monitor has to wish for a new model, since one that comes at once has
/// only the old world to learn from.
const CONFIRMATIONS: &str = "6";

/// What the monitors said last, and the model that they watch.
pub(super) struct Monitors {
    model_uid: String,
    /// The last verdict of each.
    said: HashMap<&'static str, String>,
    /// Whether it was told that the policy waits.
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
        // By the variables of the demo, it learns from the heuristic's clients.
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
        // At 5% one look in twenty would be a false alarm.
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

    /// Says what a monitor found, if it said something else last time.
    fn note(&mut self, job: &'static str, found: &Value, now: Timestamp, teller: &mut Teller) {
        let verdict = text(&found["verdict"]);
        let is_news = self.said.get(job).map_or(verdict == "shifted", |last| *last != verdict);
        if is_news && verdict != "inconclusive" {
            teller.tell(now, format!("{job}: {}", in_words(job, &verdict, found)));
            self.said.insert(job, verdict);
        }
        if found["retrain"]["action"] == "suppressed" && !self.was_told_to_wait {
            teller.tell(now, format!("the policy waits: {}", text(&found["retrain"]["why"])));
            self.was_told_to_wait = true;
        }
    }

    /// Waits for the service to answer with the model that a monitor asked for, if one came of it.
    async fn take_up(
        &mut self,
        why: &str,
        now: Timestamp,
        programs: &Programs,
        service: &Service,
        teller: &mut Teller,
    ) -> Result<()> {
        let present = format!("{}/model.pkl", programs.setting("MLOPS_MODELS"));
        let inspected = programs.run("retrain", &["inspect", &present]).await?;
        let model_uid = text(&inspected["model_uid"]);
        if model_uid == self.model_uid {
            return Ok(());
        }
        service.wait_for_model(&model_uid).await?;
        let auc = inspected["metrics"]["roc_auc"].as_f64().unwrap_or(f64::NAN);
        let says = format!(
            "the policy grants a new model ({why}); retrain fits one to the last {LEARN_FROM_DAYS} days, the gate accepts it \
             (ROC AUC {auc:.3} on rows that it was not fitted to), model.pkl is published, and score answers with {model_uid}"
        );
        teller.tell(now, says);
        self.model_uid = model_uid;
        self.was_told_to_wait = false;
        Ok(())
    }
}

/// A verdict with what it rests on.
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
                "a forest tells four weeks from the training data with a ROC AUC of {auc:.3}, and the target follows from the features as it did"
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
