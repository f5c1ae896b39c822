use mlops_job::{grid, number};
use mlops_model::Recipe;
use mlops_model::search::Trial;
use mlops_monitor::BadCells;
use serde::Serialize;

use crate::data::left_out_identifiers;

/// Number of recipes in the table.
const SHOWN: usize = 10;

/// The report of a hyperparameter search.
#[derive(Debug, Clone, Serialize)]
pub struct SearchReport {
    /// Number of rows of the cross-validation, without the held-out rows, which the gate uses.
    pub rows: usize,
    /// The recipe of --recipe, of the current model, or the default.
    pub base: Recipe,
    /// The recipes with their metrics, the best first.
    pub trials: Vec<Trial>,
    /// Columns that identify rows and were left out, although they are no `--id`.
    pub identifiers: Vec<String>,
    /// Values that are missing since they are not of their column's kind.
    pub bad_cells: Vec<BadCells>,
    /// The file with the best recipe.
    pub out: Option<String>,
}

impl SearchReport {
    pub(crate) fn human(&self) -> String {
        let shown = self.trials.iter().take(SHOWN).map(|trial| {
            let start = if trial.recipe == self.base { " (start)" } else { "" };
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
            "\n\n{} recipes, cross-validated on {} rows. ± is the standard error: smaller differences are chance. The best of many recipes is overestimated",
            self.trials.len(),
            number(self.rows as u64)
        ));
        for bad in &self.bad_cells {
            text.push_str(&format!("\n{}", bad.text()));
        }
        if let Some(note) = left_out_identifiers(&self.identifiers) {
            text.push_str(&format!("\n{note}"));
        }
        match &self.out {
            Some(out) => text.push_str(&format!(
                "\nthe best recipe is in {out}; `retrain --recipe {out}` trains it, and the gate evaluates it"
            )),
            None => text.push_str("\nuse --out recipe.toml to save the best recipe"),
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
