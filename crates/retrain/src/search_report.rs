use mlops_job::{grid, number};
use mlops_model::Recipe;
use mlops_model::search::Trial;
use serde::Serialize;

/// So many recipes are shown to people.
const SHOWN: usize = 10;

/// What was tried.
#[derive(Debug, Clone, Serialize)]
pub struct SearchReport {
    /// The rows that the recipes were tried on; the held-out rows are left for the gate.
    pub rows: usize,
    /// The recipe to start from.
    pub base: Recipe,
    /// What was tried, the best first.
    pub trials: Vec<Trial>,
    /// Where the best recipe was written.
    pub out: Option<String>,
}

impl SearchReport {
    pub(crate) fn human(&self) -> String {
        let shown = self.trials.iter().take(SHOWN).map(|trial| {
            let start = if trial.recipe == self.base { " (to start from)" } else { "" };
            vec![
                format!("{}{start}", trial.recipe.learner.name()),
                parameters(&trial.recipe),
                number(trial.rows as u64),
                format!("{:.4} ± {:.4}", trial.log_loss, trial.standard_error),
                format!("{:.4}", trial.roc_auc),
            ]
        });
        let rows: Vec<Vec<String>> = shown.collect();
        let mut text = grid(&["learner", "parameters", "rows", "log loss", "ROC AUC"], &rows);
        text.push_str(&format!(
            "\n\n{} recipes tried by cross-validation on {} rows; differences within the ± are chance, and the best of many looks better than it is",
            self.trials.len(),
            number(self.rows as u64)
        ));
        match &self.out {
            Some(out) => text.push_str(&format!(
                "\nthe best is in {out}; `retrain --recipe {out}` fits it, and its gate judges it"
            )),
            None => text.push_str("\n--out recipe.toml writes the best down"),
        }
        text
    }
}

fn parameters(recipe: &Recipe) -> String {
    let learner = serde_json::to_value(&recipe.learner).unwrap_or_default();
    let parameters = learner
        .get("params")
        .and_then(|parameters| parameters.as_object().cloned())
        .unwrap_or_default();
    let text = |(name, value): (&String, &serde_json::Value)| match value.as_f64() {
        Some(number) if number.fract() != 0.0 => format!("{name} {number:.3}"),
        _ => format!("{name} {value}"),
    };
    parameters.iter().map(text).collect::<Vec<String>>().join(", ")
}
