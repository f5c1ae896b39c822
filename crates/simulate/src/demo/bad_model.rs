use anyhow::{Context as _, Result};
use serde_json::Value;

use super::programs::Programs;

/// Retrains on customers with shuffled outcomes, and returns the reasons of the gate.
pub(super) async fn try_bad_model(programs: &Programs) -> Result<String> {
    let text = tokio::fs::read_to_string(programs.path("customers.csv"))
        .await
        .context("reading customers.csv")?;
    tokio::fs::write(programs.path("damaged.csv"), with_shuffled_outcomes(&text))
        .await
        .context("writing damaged.csv")?;
    let bad = [
        "--data",
        "damaged.csv",
        "--id",
        "client_id,acquired_date",
        "--target",
        "churn",
        "--new-schema",
    ];
    let refused =
        programs.run("retrain", &[bad.as_slice(), &["--fail-on-verdict"]].concat()).await?;
    let reasons =
        refused["gate"]["reasons"].as_array().into_iter().flatten().filter_map(Value::as_str);
    Ok(reasons.collect::<Vec<_>>().join("; "))
}

/// Returns the table with the last column (the outcome) taken from another row.
fn with_shuffled_outcomes(table: &str) -> String {
    let mut lines: Vec<&str> = table.lines().collect();
    let head = lines.remove(0);
    let outcomes: Vec<&str> = lines.iter().filter_map(|line| line.rsplit(',').next()).collect();
    let mixed = lines.iter().enumerate().filter_map(|(row, line)| {
        let (features, _) = line.rsplit_once(',')?;
        Some(format!("{features},{}\n", outcomes[(row * 7919 + 13) % outcomes.len()]))
    });
    format!("{head}\n{}", mixed.collect::<String>())
}
